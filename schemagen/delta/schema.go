package delta

import (
	"fmt"
	"maps"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"portcullis/schemagen/explain"
)

// top compares the schemas of a parameter or a body at d.where.
func (d *differ) top(old, new *explain.Schema) {
	where := d.where
	d.schema(old, new, "")
	d.where = where
}

// at adds a change at a place below d.where.
func (d *differ) at(at string, e Effect, text string, s *explain.Schema) {
	where := d.where
	if at != "" {
		d.where = where + " " + strings.TrimPrefix(at, " ")
	}
	d.add(e, text, place(s))
	d.where = where
}

// anything is the schema that takes anything.
var anything = &explain.Schema{}

func or(s *explain.Schema) *explain.Schema {
	if s == nil {
		return anything
	}
	return s
}

// schema compares two schemas of values at a place.
func (d *differ) schema(old, new *explain.Schema, at string) {
	old, new = or(old), or(new)
	p := pair{old, new}
	if d.equal(old, new) || d.seen[p] {
		return
	}
	d.seen[p] = true
	switch {
	case old.Never && new.Never:
		return
	case new.Never:
		d.at(at, Refuses, "is refused, whatever it is", new)
		return
	case old.Never:
		d.at(at, Accepts, "was refused, and may be "+short(new), new)
		return
	}
	d.types(old, new, at)
	d.enums(old, new, at)
	d.numbers(old, new, at)
	d.count(old.Length, new.Length, "character", at, new)
	d.count(old.Items, new.Items, "item", at, new)
	d.count(old.Members, new.Members, "member", at, new)
	d.texts(old, new, at)
	switch {
	case !old.Unique && new.Unique:
		d.at(at, Refuses, "no two items may be equal", new)
	case old.Unique && !new.Unique:
		d.at(at, Accepts, "items may be equal", new)
	}
	d.objects(old, new, at)
	d.arrays(old, new, at)
	d.choices(old, new, at)
	d.opaque(at, new, "what its items must contain", len(old.Contain), len(new.Contain), d.equalContains(old, new))
	d.opaque(at, new, "what it must not be", len(old.Nots), len(new.Nots), d.equalLists(old.Nots, new.Nots))
	d.opaque(at, new, "what depends on what it is", len(old.Ifs), len(new.Ifs), d.equalIfs(old, new))
	d.opaque(at, new, "what its unjudged members and items must be", len(old.Rest), len(new.Rest), d.equalLists(old.Rest, new.Rest))
}

// opaque is a kind of rule that is only compared as a whole.
func (d *differ) opaque(at string, s *explain.Schema, what string, old, new int, equal bool) {
	switch {
	case equal:
	case old == 0:
		d.at(at, Refuses, "there are rules now about "+what, s)
	case new == 0:
		d.at(at, Accepts, "there are no rules any more about "+what, s)
	default:
		d.at(at, MayChanges, "the rules have changed about "+what, s)
	}
}

var allTypes = []string{"null", "boolean", "object", "array", "number", "string"}

func (d *differ) types(old, new *explain.Schema, at string) {
	a, b := old.Types, new.Types
	if len(a) == 0 {
		a = allTypes
	}
	if len(b) == 0 {
		b = allTypes
	}
	takes := func(list []string, t string) bool {
		return slices.Contains(list, t) || t == "integer" && slices.Contains(list, "number")
	}
	less := func(x, y []string) (out []string) {
		for _, t := range x {
			if !takes(y, t) {
				if t == "number" && slices.Contains(y, "integer") {
					t = "number that is no integer"
				}
				out = append(out, t)
			}
		}
		return out
	}
	if gone := less(a, b); gone != nil {
		d.at(at, Refuses, "may no longer be "+strings.Join(gone, " or "), new)
	}
	if come := less(b, a); come != nil {
		d.at(at, Accepts, "may be "+strings.Join(come, " or "), new)
	}
}

func (d *differ) enums(old, new *explain.Schema, at string) {
	switch a, b := old.Enums, new.Enums; {
	case slices.EqualFunc(a, b, slices.Equal[[]string]):
	case len(a) == 0 && len(b) == 1:
		d.at(at, Refuses, "must be one of "+strings.Join(b[0], ", "), new)
	case len(b) == 0 && len(a) == 1:
		d.at(at, Accepts, "need no longer be one of "+strings.Join(a[0], ", "), new)
	case len(a) == 1 && len(b) == 1:
		if gone := without(a[0], b[0]); gone != nil {
			d.at(at, Refuses, "may no longer be "+strings.Join(gone, ", "), new)
		}
		if come := without(b[0], a[0]); come != nil {
			d.at(at, Accepts, "may be "+strings.Join(come, ", "), new)
		}
	default:
		d.at(at, MayChanges, "the values that it may have have changed", new)
	}
}

func without(a, b []string) (out []string) {
	for _, x := range a {
		if !slices.Contains(b, x) {
			out = append(out, x)
		}
	}
	return out
}

// edge is a bound of numbers on one side.
type edge struct {
	value     *big.Rat
	text      string
	exclusive bool
}

func (d *differ) numbers(old, new *explain.Schema, at string) {
	for _, side := range []struct {
		inclusive, exclusive string
		sign                 int
		name                 string
	}{{"minimum", "exclusiveMinimum", 1, "at least"}, {"maximum", "exclusiveMaximum", -1, "at most"}} {
		a, aOK := edgeOf(old, side.inclusive, side.exclusive, side.sign)
		b, bOK := edgeOf(new, side.inclusive, side.exclusive, side.sign)
		if !aOK || !bOK {
			if !slices.Equal(old.Numbers, new.Numbers) {
				d.at(at, MayChanges, "the bounds of the number have changed", new)
			}
			return
		}
		c := 0
		switch {
		case a == nil && b == nil:
		case a == nil:
			c = 1
		case b == nil:
			c = -1
		default:
			if c = b.value.Cmp(a.value) * side.sign; c == 0 && a.exclusive != b.exclusive {
				c = map[bool]int{true: 1, false: -1}[b.exclusive]
			}
		}
		switch {
		case c > 0:
			d.at(at, Refuses, "must be "+edgeText(b, side.sign)+was(a, side.sign), new)
		case c < 0 && b == nil:
			d.at(at, Accepts, "need no longer be "+edgeText(a, side.sign), new)
		case c < 0:
			d.at(at, Accepts, "may be "+edgeText(b, side.sign)+was(a, side.sign), new)
		}
	}
	d.multiples(old, new, at)
}

func edgeText(e *edge, sign int) string {
	switch {
	case sign > 0 && e.exclusive:
		return "more than " + e.text
	case sign > 0:
		return "at least " + e.text
	case e.exclusive:
		return "less than " + e.text
	}
	return "at most " + e.text
}

func was(e *edge, sign int) string {
	if e == nil {
		return ""
	}
	return ", was " + edgeText(e, sign)
}

// edgeOf is the tightest bound on a side; ok is false where it can't be
// calculated with.
func edgeOf(s *explain.Schema, inclusive, exclusive string, sign int) (e *edge, ok bool) {
	for _, b := range s.Numbers {
		if b.Keyword != inclusive && b.Keyword != exclusive {
			continue
		}
		v, ok := rat(b.Value)
		if !ok {
			return nil, false
		}
		x := &edge{v, b.Value, b.Keyword == exclusive}
		if e == nil || v.Cmp(e.value)*sign > 0 || v.Cmp(e.value) == 0 && x.exclusive {
			e = x
		}
	}
	return e, true
}

// rat is a number whose exponent is not absurd.
func rat(text string) (*big.Rat, bool) {
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		if n, err := strconv.Atoi(text[i+1:]); err != nil || n > 400 || n < -400 {
			return nil, false
		}
	}
	if len(text) > 1000 {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}

func (d *differ) multiples(old, new *explain.Schema, at string) {
	of := func(s *explain.Schema) (out []string) {
		for _, b := range s.Numbers {
			if b.Keyword == "multipleOf" {
				out = append(out, b.Value)
			}
		}
		return out
	}
	a, b := of(old), of(new)
	switch {
	case slices.Equal(a, b):
	case len(a) == 0:
		d.at(at, Refuses, "must be a multiple of "+strings.Join(b, " and "), new)
	case len(b) == 0:
		d.at(at, Accepts, "need no longer be a multiple of "+strings.Join(a, " and "), new)
	default:
		text := fmt.Sprintf("must be a multiple of %s, was %s", strings.Join(b, " and "), strings.Join(a, " and "))
		e := MayChanges
		x, okX := rat(a[0])
		y, okY := rat(b[0])
		if len(a) == 1 && len(b) == 1 && okX && okY && x.Sign() != 0 && y.Sign() != 0 {
			switch {
			case x.Cmp(y) == 0:
				return
			case new2(y, x).IsInt():
				e = Refuses
			case new2(x, y).IsInt():
				e = Accepts
			}
		}
		d.at(at, e, text, new)
	}
}

func new2(x, y *big.Rat) *big.Rat { return new(big.Rat).Quo(x, y) }

func (d *differ) count(old, new explain.Count, what, at string, s *explain.Schema) {
	text := func(n uint32) string {
		if n == 1 {
			return "1 " + what
		}
		return fmt.Sprintf("%d %ss", n, what)
	}
	switch {
	case new.Min > old.Min:
		d.at(at, Refuses, fmt.Sprintf("must have at least %s, was %d", text(new.Min), old.Min), s)
	case new.Min < old.Min:
		d.at(at, Accepts, fmt.Sprintf("must have at least %s, was %d", text(new.Min), old.Min), s)
	}
	switch {
	case old.Bounded && new.Bounded && new.Max < old.Max:
		d.at(at, Refuses, fmt.Sprintf("may have at most %s, was %d", text(new.Max), old.Max), s)
	case old.Bounded && new.Bounded && new.Max > old.Max:
		d.at(at, Accepts, fmt.Sprintf("may have at most %s, was %d", text(new.Max), old.Max), s)
	case !old.Bounded && new.Bounded:
		d.at(at, Refuses, "may have at most "+text(new.Max), s)
	case old.Bounded && !new.Bounded:
		d.at(at, Accepts, "may have more than "+text(old.Max), s)
	}
}

func (d *differ) texts(old, new *explain.Schema, at string) {
	for _, kw := range []string{"pattern", "format"} {
		var gone, come []explain.Text
		for _, t := range old.Texts {
			if t.Keyword == kw && !slices.ContainsFunc(new.Texts, t.Same) {
				gone = append(gone, t)
			}
		}
		for _, t := range new.Texts {
			if t.Keyword == kw && !slices.ContainsFunc(old.Texts, t.Same) {
				come = append(come, t)
			}
		}
		switch {
		case len(gone)+len(come) == 0:
		case len(gone) == 0:
			d.at(at, Refuses, "must match the "+kw+" "+come[0].Value, new)
		case len(come) == 0:
			d.at(at, Accepts, "need no longer match the "+kw+" "+gone[0].Value, new)
		default:
			d.at(at, MayChanges, fmt.Sprintf("must match the %s %s, was %s", kw, come[0].Value, gone[0].Value), new)
		}
	}
}

func (d *differ) objects(old, new *explain.Schema, at string) {
	if len(old.Objects) > 1 || len(new.Objects) > 1 {
		d.opaque(at, new, "its members", len(old.Objects), len(new.Objects), d.equalObjects(old.Objects, new.Objects))
		return
	}
	var a, b explain.Object // the zero value takes any object
	if len(old.Objects) == 1 {
		a = old.Objects[0]
	}
	if len(new.Objects) == 1 {
		b = new.Objects[0]
	}
	if len(a.Patterns)+len(b.Patterns) > 0 && !d.equalPatterns(a, b) {
		d.at(at, MayChanges, "the rules have changed about members whose names match patterns", new)
		return
	}
	names := map[string]bool{}
	for _, o := range []explain.Object{a, b} {
		for _, p := range o.Props {
			names[p.Name] = true
		}
	}
	for _, n := range slices.Sorted(maps.Keys(names)) {
		d.member(a, b, n, at, new)
	}
	switch {
	case !a.Closed && b.Closed:
		d.at(at, Refuses, "members that are not described are refused", new)
	case a.Closed && !b.Closed:
		d.at(at, Accepts, "members that are not described pass", new)
	case !a.Closed:
		d.schema(a.Additional, b.Additional, at+"/(other members)")
	}
	d.schema(a.Names, b.Names, at+"/(names)")
	d.opaque(at, new, "members that need others", len(a.Needs), len(b.Needs), reflect.DeepEqual(a.Needs, b.Needs))
}

func (d *differ) member(a, b explain.Object, name, at string, s *explain.Schema) {
	p, q := prop(a, name), prop(b, name)
	where := at + "/" + strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
	switch {
	case !p.Required && q.Required:
		d.at(where, Refuses, "is required now", s)
	case p.Required && !q.Required:
		d.at(where, Accepts, "is no longer required", s)
	}
	x, y := effective(a, p), effective(b, q)
	switch {
	case x == never && y == never:
	case y == never:
		d.at(where, Refuses, "is no longer described, and refused", s)
	case x == never:
		d.at(where, Accepts, "is described now, and passes", s)
	default:
		d.schema(x, y, where)
	}
}

var never = &explain.Schema{Never: true}

func prop(o explain.Object, name string) explain.Prop {
	for _, p := range o.Props {
		if p.Name == name {
			return p
		}
	}
	return explain.Prop{Name: name}
}

// effective is what o asks of a member. Patterns are left out: they are equal
// on both sides.
func effective(o explain.Object, p explain.Prop) *explain.Schema {
	switch {
	case p.Named:
		return p.Schema
	case o.Closed && len(o.Patterns) == 0:
		return never
	}
	return o.Additional
}

func (d *differ) arrays(old, new *explain.Schema, at string) {
	if len(old.Arrays) > 1 || len(new.Arrays) > 1 {
		d.opaque(at, new, "its items", len(old.Arrays), len(new.Arrays), d.equalArrays(old.Arrays, new.Arrays))
		return
	}
	var a, b explain.Array
	if len(old.Arrays) == 1 {
		a = old.Arrays[0]
	}
	if len(new.Arrays) == 1 {
		b = new.Arrays[0]
	}
	item := func(x explain.Array, i int) *explain.Schema {
		if i < len(x.Prefix) {
			return x.Prefix[i]
		}
		return x.Others
	}
	for i := range max(len(a.Prefix), len(b.Prefix)) {
		d.schema(item(a, i), item(b, i), fmt.Sprintf("%s/%d", at, i))
	}
	d.schema(a.Others, b.Others, at+"/*")
}

// choices compares alternatives. Those that a value tells apart are compared
// one by one; of others it is certain only that more of them accept more.
func (d *differ) choices(old, new *explain.Schema, at string) {
	if len(old.Choices) != 1 || len(new.Choices) != 1 || old.Choices[0].One != new.Choices[0].One {
		d.opaque(at, new, "its alternatives", len(old.Choices), len(new.Choices), d.equalChoices(old.Choices, new.Choices))
		return
	}
	a, b := old.Choices[0], new.Choices[0]
	if d.equalChoices(old.Choices, new.Choices) {
		return
	}
	if told(a) && told(b) {
		d.toldChoices(a, b, at, new)
		return
	}
	if len(a.Branches) != len(b.Branches) || told(a) != told(b) {
		// Without order: which are new, which are gone.
		gone, come := d.minus(a.Branches, b.Branches), d.minus(b.Branches, a.Branches)
		e := MayChanges
		switch {
		case len(gone) == 0 && !a.One:
			e = Accepts
		case len(come) == 0 && !a.One:
			e = MayRefuse
		}
		d.at(at, e, fmt.Sprintf("has %d alternatives, was %d", len(b.Branches), len(a.Branches)), new)
		return
	}
	d.maybe++
	before := len(d.out)
	for i := range a.Branches {
		d.schema(a.Branches[i].Schema, b.Branches[i].Schema, fmt.Sprintf("%s (%d)", at, i+1))
	}
	d.maybe--
	if a.One { // a branch that takes more may refuse more
		for i := before; i < len(d.out); i++ {
			d.out[i].Effect = MayChanges
		}
	}
	if len(d.out) == before {
		d.at(at, MayChanges, "the alternatives have changed", new)
	}
}

func told(c explain.Choice) bool {
	return !slices.ContainsFunc(c.Branches, func(b explain.Branch) bool { return b.When == "" })
}

func (d *differ) toldChoices(a, b explain.Choice, at string, s *explain.Schema) {
	find := func(c explain.Choice, when string) *explain.Schema {
		for _, x := range c.Branches {
			if x.When == when {
				return x.Schema
			}
		}
		return nil
	}
	for _, x := range a.Branches {
		if find(b, x.When) == nil {
			d.at(at, MayRefuse, "has no alternative any more for when "+x.When, s)
		}
	}
	for _, y := range b.Branches {
		x := find(a, y.When)
		if x == nil {
			d.at(at, MayAccept, "has an alternative for when "+y.When, s)
			continue
		}
		d.schema(x, y.Schema, at+" (when "+y.When+")")
	}
}

func (d *differ) minus(a, b []explain.Branch) (out []explain.Branch) {
	for _, x := range a {
		if !slices.ContainsFunc(b, func(y explain.Branch) bool { return d.equal(or(x.Schema), or(y.Schema)) }) {
			out = append(out, x)
		}
	}
	return out
}
