package regex

import "unicode/utf8"

// ShapeKind says whether an expression is of a form that something cheaper
// than an automaton decides.
type ShapeKind uint8

const (
	// ShapeOther needs its automaton.
	ShapeOther ShapeKind = iota + 1
	// ShapeAll matches every text.
	ShapeAll
	// ShapeExact is ^Literal$: the text is Literal.
	ShapeExact
	// ShapePrefix is ^Literal: the text begins with Literal.
	ShapePrefix
	// ShapeSuffix is Literal$: the text ends with Literal.
	ShapeSuffix
	// ShapeContains is Literal: the text contains it.
	ShapeContains
	// ShapeClass is ^[class]{Min,Max}$: each character is in one class and
	// their number is bounded.
	ShapeClass
)

// Shape is what Analyse finds out.
type Shape struct {
	Kind    ShapeKind
	Literal string // UTF-8; ShapeExact to ShapeContains

	// The rest is for ShapeClass.
	Min, Max int       // in code points; Max is -1 without a bound
	ASCII    [2]uint64 // bit c%64 of ASCII[c/64] is set if c is in the class
	// WideNone and WideAll say that none or all of the characters from U+0080
	// up are in the class. If neither, only the automaton can tell.
	WideNone, WideAll bool
}

// Analyse parses source and tells its shape. It is exact: a shape matches the
// same texts as the automaton.
func Analyse(source string, opt Options) (Shape, error) {
	n, _, err := parse(source, opt.Strict)
	if err != nil {
		return Shape{}, err
	}
	return shapeOf(simplify(n)), nil
}

func shapeOf(n *node) Shape {
	items := []*node{n}
	if n.op == opCat {
		items = n.subs
	}
	start, end := false, false
	if len(items) > 0 && items[0].op == opStart {
		start, items = true, items[1:]
	}
	if len(items) > 0 && items[len(items)-1].op == opEnd {
		end, items = true, items[:len(items)-1]
	}
	if text, ok := literalOf(items); ok {
		s := Shape{Literal: text}
		switch {
		case start && end:
			s.Kind = ShapeExact
		case text == "":
			s.Kind = ShapeAll
		case start:
			s.Kind = ShapePrefix
		case end:
			s.Kind = ShapeSuffix
		default:
			s.Kind = ShapeContains
		}
		return s
	}
	if start && end && len(items) == 1 {
		if s, ok := classShape(items[0]); ok {
			return s
		}
	}
	return Shape{Kind: ShapeOther}
}

// literalOf returns the only text that items match, if there is just one.
func literalOf(items []*node) (string, bool) {
	var text []byte
	for _, n := range items {
		switch {
		case n.op == opEmpty:
		case n.op == opSet && len(n.set) == 1 && n.set[0].lo == n.set[0].hi && utf8.ValidRune(n.set[0].lo):
			text = utf8.AppendRune(text, n.set[0].lo)
		case n.op == opCat:
			sub, ok := literalOf(n.subs)
			if !ok {
				return "", false
			}
			text = append(text, sub...)
		case n.op == opRepeat && n.min == n.max && n.max*n.size(maxLiteral) <= maxLiteral:
			sub, ok := literalOf(n.subs)
			if !ok {
				return "", false
			}
			for range n.min {
				text = append(text, sub...)
			}
		default:
			return "", false
		}
	}
	return string(text), true
}

// maxLiteral bounds what repeats may make of a literal, in instructions.
const maxLiteral = 1000

// classShape recognises one set, or a repeat of one.
func classShape(n *node) (Shape, bool) {
	s := Shape{Kind: ShapeClass, Min: 1, Max: 1}
	if n.op == opRepeat {
		s.Min, s.Max, n = n.min, n.max, n.subs[0]
	}
	if n.op != opSet {
		return s, false
	}
	for c := range rune(0x80) {
		if n.set.contains(c) {
			s.ASCII[c/64] |= 1 << (c % 64)
		}
	}
	wide := n.set.intersect(wideSet)
	s.WideNone, s.WideAll = len(wide) == 0, wide.equal(wideSet)
	return s, true
}
