package requests

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// cannot is why a value can't be made.
type cannot string

func (c cannot) Error() string { return string(c) }

// generator makes values.
type generator struct {
	*rand.Rand
	// goals is the schemas that each generated value was made for.
	goals map[*source.Node][]*ir.Schema
	// plain restricts strings to what every style can carry.
	plain bool
	steps int
}

// maxSteps bounds one value: some schemas are trees without end.
const maxSteps = 3000

// flatten lists s and everything that applies with it, with a branch of each
// choice taken at random. Conditions are left to the judge.
func (g *generator) flatten(list []*ir.Schema) (out []*ir.Schema) {
	seen := map[*ir.Schema]bool{}
	var add func(s *ir.Schema)
	add = func(s *ir.Schema) {
		if s == nil || seen[s] {
			return
		}
		seen[s] = true
		out = append(out, s)
		for _, r := range s.Refs {
			add(r.Target)
		}
		for _, a := range s.AllOf {
			add(a)
		}
		for _, c := range [][]*ir.Schema{s.AnyOf, s.OneOf} {
			if len(c) > 0 {
				add(c[g.IntN(len(c))])
			}
		}
		if s.If != nil && s.Then != nil && g.IntN(2) == 0 {
			add(s.If)
			add(s.Then)
		} else if s.If != nil && s.Else != nil {
			add(s.Else)
		}
	}
	for _, s := range list {
		add(s)
	}
	return out
}

const anyType = ir.TypeNull | ir.TypeBoolean | ir.TypeObject | ir.TypeArray | ir.TypeNumber | ir.TypeString

// typesOf is what all of list allow.
func typesOf(list []*ir.Schema) (t ir.Types, known bool) {
	t = anyType | ir.TypeInteger
	for _, s := range list {
		if s.Types == 0 {
			continue
		}
		known = true
		o := s.Types
		if o&ir.TypeNumber != 0 {
			o |= ir.TypeInteger
		}
		t &= o
	}
	if t&ir.TypeNumber != 0 {
		t &^= ir.TypeInteger
	}
	return t, known
}

// value makes a value that list, together, should accept; the judge has the
// last word.
func (g *generator) value(list []*ir.Schema, depth int) (*source.Node, error) {
	if g.steps++; g.steps > maxSteps || depth > 24 {
		return nil, cannot("a value without end")
	}
	list = g.flatten(list)
	n, err := g.kind(list, depth)
	if err == nil {
		g.goals[n] = list
	}
	return n, err
}

func (g *generator) kind(list []*ir.Schema, depth int) (*source.Node, error) {
	for _, s := range list {
		if s.Bool != nil && !*s.Bool {
			return nil, cannot("a schema that nothing matches")
		}
	}
	for _, s := range list {
		if s.Enum != nil {
			if len(s.Enum.Values) == 0 {
				return nil, cannot("an empty enum")
			}
			return clone(s.Enum.Values[g.IntN(len(s.Enum.Values))]), nil
		}
	}
	types, known := typesOf(list)
	if !known {
		types = implied(list)
	}
	var choices []ir.Types
	for _, t := range []ir.Types{ir.TypeNull, ir.TypeBoolean, ir.TypeObject, ir.TypeArray, ir.TypeNumber, ir.TypeString, ir.TypeInteger} {
		if types&t != 0 && (t != ir.TypeNull || types == t || g.IntN(4) == 0 && !g.plain) {
			choices = append(choices, t)
		}
	}
	if len(choices) == 0 {
		if types&ir.TypeNull != 0 {
			return &source.Node{Kind: source.Null}, nil
		}
		return nil, cannot("types that exclude each other")
	}
	t := choices[g.IntN(len(choices))]
	if depth > 6 && len(choices) > 1 && (t == ir.TypeObject || t == ir.TypeArray) {
		t = choices[g.IntN(len(choices))]
	}
	switch t {
	case ir.TypeNull:
		return &source.Node{Kind: source.Null}, nil
	case ir.TypeBoolean:
		return &source.Node{Kind: source.Bool, Bool: g.IntN(2) == 0}, nil
	case ir.TypeObject:
		return g.object(list, depth)
	case ir.TypeArray:
		return g.array(list, depth)
	case ir.TypeString:
		text, err := g.text(list)
		return str(text), err
	}
	return g.number(list, t == ir.TypeInteger)
}

// implied is the types that the keywords of schemas without types are about.
func implied(list []*ir.Schema) (t ir.Types) {
	for _, s := range list {
		switch {
		case len(s.Properties) > 0 || len(s.Required) > 0 || s.AdditionalProperties != nil:
			t |= ir.TypeObject
		case s.Items != nil || len(s.PrefixItems) > 0:
			t |= ir.TypeArray
		case s.Pattern != nil || s.MinLength != nil || s.MaxLength != nil:
			t |= ir.TypeString
		}
	}
	if t == 0 {
		t = ir.TypeString | ir.TypeBoolean
	}
	return t
}

func str(text string) *source.Node { return &source.Node{Kind: source.String, Text: text} }
func num(text string) *source.Node { return &source.Node{Kind: source.Number, Text: text} }

// clone copies a value without its place.
func clone(n *source.Node) *source.Node {
	c := &source.Node{Kind: n.Kind, Bool: n.Bool, Text: n.Text}
	for i, item := range n.Items {
		if n.Kind == source.Object {
			set(c, n.Keys[i].Name, clone(item))
		} else {
			c.Append(clone(item))
		}
	}
	return c
}

func set(n *source.Node, name string, item *source.Node) { n.Set(source.Key{Name: name}, item) }

func (g *generator) object(list []*ir.Schema, depth int) (*source.Node, error) {
	n := &source.Node{Kind: source.Object}
	var names []string
	required := map[string]bool{}
	minimum, maximum := 0, 1<<30
	for _, s := range list {
		for _, r := range s.Required {
			if !required[r.Name] {
				required[r.Name] = true
				names = append(names, r.Name)
			}
		}
		if s.MinProperties != nil {
			minimum = max(minimum, int(s.MinProperties.N))
		}
		if s.MaxProperties != nil {
			maximum = min(maximum, int(s.MaxProperties.N))
		}
	}
	for _, s := range list {
		for _, p := range s.Properties {
			if !slices.Contains(names, p.Name) && (g.IntN(3+depth*2) < 2) {
				names = append(names, p.Name)
			}
		}
	}
	for _, s := range list { // enough of them
		for _, p := range s.Properties {
			if len(names) < minimum && !slices.Contains(names, p.Name) {
				names = append(names, p.Name)
			}
		}
	}
	for i := 0; len(names) < minimum && i < 64; i++ {
		names = append(names, "k"+strconv.Itoa(i))
	}
	for _, name := range names {
		if len(n.Items) >= maximum && !required[name] {
			continue
		}
		for _, s := range list {
			for _, d := range s.DependentRequired {
				if d.Name == name {
					for _, need := range d.Needs {
						if !slices.Contains(names, need) {
							names = append(names, need) // ranged over already: the judge tells
						}
					}
				}
			}
		}
		sub, ok := memberSchemas(list, name)
		if !ok {
			if required[name] {
				return nil, cannot("a pattern that is too hard")
			}
			continue
		}
		v, err := g.value(sub, depth+1)
		if err != nil {
			if required[name] {
				return nil, err
			}
			continue // it is optional
		}
		set(n, name, v)
	}
	return n, nil
}

// memberSchemas is what list asks of a member.
func memberSchemas(list []*ir.Schema, name string) (out []*ir.Schema, ok bool) {
	for _, s := range list {
		named := false
		for _, p := range s.Properties {
			if p.Name == name {
				named = true
				out = append(out, p.Schema)
			}
		}
		for _, p := range s.PatternProperties {
			re, ok := compilePattern(p.Pattern.Source)
			if !ok {
				return nil, false
			}
			if re.MatchString(name) {
				named = true
				out = append(out, p.Schema)
			}
		}
		if !named && s.AdditionalProperties != nil {
			out = append(out, s.AdditionalProperties)
		}
	}
	return out, true
}

func (g *generator) array(list []*ir.Schema, depth int) (*source.Node, error) {
	n := &source.Node{Kind: source.Array}
	lo, hi := 0, 1<<30
	unique := false
	for _, s := range list {
		if s.MinItems != nil {
			lo = max(lo, int(s.MinItems.N))
		}
		if s.MaxItems != nil {
			hi = min(hi, int(s.MaxItems.N))
		}
		if s.Contains != nil {
			lo = max(lo, int(s.Contains.Min))
		}
		unique = unique || s.UniqueItems != nil
	}
	if lo > 200 {
		return nil, cannot("an array of more than 200 items")
	}
	size := lo + g.IntN(3)
	if g.plain {
		size = max(size, 1)
	}
	size = min(size, hi)
	for i := 0; i < size; i++ {
		var v *source.Node
		for try := 0; ; try++ {
			var err error
			if v, err = g.value(itemSchemas(list, i), depth+1); err != nil {
				if i >= lo {
					return n, nil
				}
				return nil, err
			}
			if !unique || try > 20 || !slices.ContainsFunc(n.Items, func(o *source.Node) bool { return jsonText(o) == jsonText(v) }) {
				break
			}
		}
		n.Append(v)
	}
	return n, nil
}

func itemSchemas(list []*ir.Schema, i int) (out []*ir.Schema) {
	for _, s := range list {
		switch {
		case i < len(s.PrefixItems):
			out = append(out, s.PrefixItems[i])
		case s.Items != nil:
			out = append(out, s.Items)
		}
		if s.Contains != nil && i < int(s.Contains.Min) {
			out = append(out, s.Contains.Schema)
		}
	}
	return out
}

func rat(text string) (*big.Rat, bool) {
	if len(text) > 60 || strings.ContainsAny(text, "eE") {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}

// decimal writes a number that has a finite decimal expansion of at most 12
// places.
func decimal(r *big.Rat) string {
	if r.IsInt() {
		return r.Num().String()
	}
	text := strings.TrimRight(r.FloatString(12), "0")
	return strings.TrimRight(text, ".")
}

func (g *generator) number(list []*ir.Schema, integer bool) (*source.Node, error) {
	var lo, hi, step *big.Rat
	bound := func(n *ir.Number, shift int64, into **big.Rat, sign int) bool {
		if n == nil {
			return true
		}
		v, ok := rat(n.Text)
		if !ok {
			return false
		}
		if shift != 0 {
			v = new(big.Rat).Add(v, big.NewRat(shift, 1))
		}
		if *into == nil || v.Cmp(*into)*sign > 0 {
			*into = v
		}
		return true
	}
	for _, s := range list {
		if !bound(s.Minimum, 0, &lo, 1) || !bound(s.ExclusiveMinimum, 1, &lo, 1) || !bound(s.Maximum, 0, &hi, -1) || !bound(s.ExclusiveMaximum, -1, &hi, -1) {
			return nil, cannot("a number with an exponent as bound")
		}
		if s.MultipleOf != nil {
			v, ok := rat(s.MultipleOf.Text)
			if !ok || v.Sign() <= 0 {
				return nil, cannot("a number with an exponent as bound")
			}
			if step == nil || v.Cmp(step) > 0 {
				step = v
			}
		}
		if s.Format != nil && s.Format.Name == "int32" && hi == nil {
			hi = big.NewRat(1<<31-1, 1)
		}
	}
	if step == nil {
		step = big.NewRat(1, 1)
		if !integer && g.IntN(3) == 0 {
			step = big.NewRat(1, 4)
		}
	}
	start := lo
	if start == nil {
		start = new(big.Rat)
		if hi != nil && hi.Sign() < 0 {
			start = new(big.Rat).Sub(hi, big.NewRat(10, 1))
		}
	}
	// The first multiple of step from start on, and a few steps more.
	k := new(big.Int).Quo(new(big.Int).Mul(start.Num(), step.Denom()), new(big.Int).Mul(start.Denom(), step.Num()))
	for try := range 4 {
		more := int64(g.IntN(12))
		if try == 3 {
			more = 0
		}
		v := new(big.Rat).Mul(new(big.Rat).SetInt(new(big.Int).Add(k, big.NewInt(more))), step)
		if v.Cmp(start) < 0 {
			v.Add(v, step)
		}
		if hi == nil || v.Cmp(hi) <= 0 {
			return num(decimal(v)), nil
		}
	}
	if integer || hi == nil {
		return num(decimal(start)), nil
	}
	return num(decimal(new(big.Rat).Quo(new(big.Rat).Add(start, hi), big.NewRat(2, 1)))), nil
}

const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

func (g *generator) text(list []*ir.Schema) (string, error) {
	lo, hi := 0, 1<<30
	var patterns []*regexp.Regexp
	var sources []string
	formatName := ""
	for _, s := range list {
		if s.MinLength != nil {
			lo = max(lo, int(s.MinLength.N))
		}
		if s.MaxLength != nil {
			hi = min(hi, int(s.MaxLength.N))
		}
		if s.Pattern != nil {
			re, ok := compilePattern(s.Pattern.Source)
			if !ok {
				return "", cannot("a pattern that is too hard")
			}
			patterns, sources = append(patterns, re), append(sources, s.Pattern.Source)
		}
		if s.Format != nil && hasSamples(s.Format.Name) {
			formatName = s.Format.Name
		}
	}
	if lo > 1<<16 {
		return "", cannot("a string of more than 64 Ki characters")
	}
	good := func(s string) bool {
		n := utf8.RuneCountInString(s)
		if n < lo || n > hi || g.plain && !isPlain(s) {
			return false
		}
		for _, p := range patterns {
			if !p.MatchString(s) {
				return false
			}
		}
		return true
	}
	for range 60 {
		s := ""
		switch {
		case formatName != "":
			list := samples[formatName].good
			s = list[g.IntN(len(list))]
		case len(patterns) > 0:
			var ok bool
			if s, ok = g.matching(sources[g.IntN(len(sources))], lo, hi); !ok {
				return "", cannot("a pattern that is too hard")
			}
		default:
			s = g.word(lo, hi)
		}
		if good(s) {
			return s, nil
		}
	}
	switch {
	case formatName != "":
		return "", cannot("a format with further keywords")
	case len(patterns) > 0:
		return "", cannot("a pattern with further keywords")
	}
	return "", cannot("a string within its bounds")
}

// word is a string without meaning.
func (g *generator) word(lo, hi int) string {
	n := min(lo+1+g.IntN(8), hi)
	var b strings.Builder
	for range n {
		if !g.plain && g.IntN(20) == 0 {
			b.WriteString([]string{"é", " ", "\"", "\\", "中", "\U0001F600", "/", "&", "\t"}[g.IntN(9)])
			continue
		}
		b.WriteByte(alphabet[g.IntN(len(alphabet))])
	}
	return b.String()
}

// isPlain reports a text that needs no care in any style.
func isPlain(s string) bool {
	for _, c := range []byte(s) {
		if !strings.ContainsRune(alphabet, rune(c)) && c != '-' && c != '_' && c != '~' && c != ':' && c != '@' && c != '$' && c != '!' && c != '.' && c != '/' {
			return false
		}
	}
	return s != "" && s != "null"
}

func jsonText(n *source.Node) string {
	var b strings.Builder
	writeJSON(&b, n)
	return b.String()
}

func writeJSON(b *strings.Builder, n *source.Node) {
	switch n.Kind {
	case source.Null:
		b.WriteString("null")
	case source.Bool:
		fmt.Fprintf(b, "%v", n.Bool)
	case source.Number:
		b.WriteString(n.Text)
	case source.String:
		writeString(b, n.Text)
	case source.Array:
		b.WriteByte('[')
		for i, item := range n.Items {
			if i > 0 {
				b.WriteByte(',')
			}
			writeJSON(b, item)
		}
		b.WriteByte(']')
	case source.Object:
		b.WriteByte('{')
		for i, item := range n.Items {
			if i > 0 {
				b.WriteByte(',')
			}
			writeString(b, n.Keys[i].Name)
			b.WriteByte(':')
			writeJSON(b, item)
		}
		b.WriteByte('}')
	}
}

func writeString(b *strings.Builder, s string) {
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < 0x20:
			fmt.Fprintf(b, "\\u%04x", r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
}
