package requests

import (
	"math/big"
	"strconv"
	"strings"

	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// mutant is a value with a change at one place. The value is made when it is
// asked for: a large one has as many changes as it has parts.
type mutant struct {
	what string
	from source.Kind  // of what was there
	part *source.Node // what was put there
	at   string       // where: a JSON Pointer
	with func(part *source.Node) *source.Node
}

func (m mutant) value() *source.Node { return m.with(m.part) }

// readings is what a decoder of texts may make of the changed part: the rest
// is read as it was made.
func (m mutant) readings() (out []*source.Node) {
	for _, r := range readings(m.part) {
		out = append(out, m.with(r))
	}
	return out
}

// mutants lists changes of v, a generated value, in every part of it. Whether
// one is a fault is for the judge to say.
func (g *generator) mutants(v *source.Node) (out []mutant) {
	var walk func(n *source.Node, rebuild func(*source.Node) *source.Node, at string)
	walk = func(n *source.Node, rebuild func(*source.Node) *source.Node, at string) {
		add := func(c *source.Node, what string) {
			out = append(out, mutant{what + " at " + strconv.Quote(at), n.Kind, c, at, rebuild})
		}
		g.replacements(n, add)
		for i, item := range n.Items {
			i := i
			walk(item, func(c *source.Node) *source.Node {
				copied := clone(n)
				if n.Kind == source.Object {
					set(copied, n.Keys[i].Name, c)
				} else {
					copied = &source.Node{Kind: source.Array}
					for j, x := range n.Items {
						if j == i {
							copied.Append(c)
						} else {
							copied.Append(clone(x))
						}
					}
				}
				return rebuild(copied)
			}, at+"/"+item.Name)
		}
	}
	walk(v, func(c *source.Node) *source.Node { return c }, "")
	return out
}

// replacements lists changes of one value.
func (g *generator) replacements(n *source.Node, add func(c *source.Node, what string)) {
	for _, other := range []*source.Node{
		{Kind: source.Null}, {Kind: source.Bool, Bool: true}, num("1234567.5"), str("Zq9"), {Kind: source.Array}, {Kind: source.Object},
	} {
		if other.Kind != n.Kind {
			add(other, "another type")
		}
	}
	list := g.goals[n]
	switch n.Kind {
	case source.String:
		g.stringChanges(n, list, add)
	case source.Number:
		g.numberChanges(n, list, add)
	case source.Array:
		g.arrayChanges(n, list, add)
	case source.Object:
		g.objectChanges(n, list, add)
	}
}

func (g *generator) stringChanges(n *source.Node, list []*ir.Schema, add func(*source.Node, string)) {
	add(str(""), "an empty string")
	add(str(n.Text+"\u00a7~ %"), "a longer string")
	if r := []rune(n.Text); len(r) > 1 {
		add(str(string(r[:len(r)-1])), "a shorter string")
	}
	for _, s := range list {
		if s.MaxLength != nil && s.MaxLength.N < 20000 {
			add(str(strings.Repeat("a", int(s.MaxLength.N))), "the longest string")
			add(str(strings.Repeat("a", int(s.MaxLength.N)+1)), "a string too long")
			add(str(strings.Repeat("\U0001F600", int(s.MaxLength.N))), "the longest string of wide characters")
		}
		if s.MinLength != nil && s.MinLength.N > 0 && s.MinLength.N < 20000 {
			add(str(strings.Repeat("a", int(s.MinLength.N)-1)), "a string too short")
		}
		if s.Format != nil {
			for _, bad := range samples[s.Format.Name].bad {
				add(str(bad), "a text that is not in the format")
			}
		}
		if s.Enum != nil {
			add(str(n.Text+"x"), "a value that is not in the enum")
			add(str(strings.ToUpper(n.Text)), "a value in other case")
		}
	}
}

func (g *generator) numberChanges(n *source.Node, list []*ir.Schema, add func(*source.Node, string)) {
	v, ok := rat(n.Text)
	if !ok {
		return
	}
	add(num(decimal(new(big.Rat).Add(v, big.NewRat(1, 2)))), "a half more")
	add(num(decimal(new(big.Rat).Neg(v))), "the negative")
	if v.IsInt() && len(n.Text) < 12 {
		add(num(v.Num().String()+".0"), "an integer with a fraction of zero")
		if v.Sign() != 0 {
			add(num(v.Num().String()+"0e-1"), "an integer with an exponent")
		}
	}
	for _, s := range list {
		for _, b := range []*ir.Number{s.Minimum, s.Maximum, s.ExclusiveMinimum, s.ExclusiveMaximum} {
			if b == nil {
				continue
			}
			if x, ok := rat(b.Text); ok {
				for _, d := range []int64{-1, 0, 1} {
					add(num(decimal(new(big.Rat).Add(x, big.NewRat(d, 1)))), "a number at a bound")
				}
				add(num(decimal(new(big.Rat).Add(x, big.NewRat(1, 1000)))), "a number just above a bound")
				add(num(decimal(new(big.Rat).Sub(x, big.NewRat(1, 1000)))), "a number just below a bound")
			}
		}
		if s.Format != nil {
			add(num("2147483648"), "a number of 33 bits")
			add(num("9223372036854775808"), "a number of 65 bits")
		}
	}
}

func (g *generator) arrayChanges(n *source.Node, list []*ir.Schema, add func(*source.Node, string)) {
	if len(n.Items) > 0 {
		c := clone(n)
		c.Items[len(c.Items)-1].Remove()
		add(c, "an item less")
		c = clone(n)
		c.Append(clone(n.Items[0]))
		add(c, "an item twice")
		for _, s := range list {
			if s.MaxItems == nil || s.MaxItems.N > 300 {
				continue
			}
			c = clone(n)
			for len(c.Items) <= int(s.MaxItems.N) {
				c.Append(clone(n.Items[0]))
			}
			add(c, "too many items")
		}
	}
	c := clone(n)
	c.Append(&source.Node{Kind: source.Null})
	add(c, "null as another item")
}

func (g *generator) objectChanges(n *source.Node, list []*ir.Schema, add func(*source.Node, string)) {
	for i := range n.Items {
		c := clone(n)
		c.Items[i].Remove()
		add(c, "no member "+strconv.Quote(n.Keys[i].Name))
	}
	c := clone(n)
	set(c, "zzUndescribed", num("1"))
	add(c, "a member that is not described")
	for _, s := range list {
		for _, p := range s.Properties {
			if n.Get(p.Name) != nil {
				continue
			}
			c := clone(n)
			set(c, p.Name, &source.Node{Kind: source.Array, Items: nil})
			add(c, "an empty array as member "+strconv.Quote(p.Name))
			break
		}
	}
}
