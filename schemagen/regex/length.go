package regex

import "portcullis/filter/pattern"

// minSplit is the repeat count from which a count is worth a look at the
// length of the text instead of a state each.
const minSplit = 16

// lengths are bounds of the length of a text, in code points.
type lengths struct {
	min, max uint32
	ascii    bool // only ASCII can match, so bytes do as well
}

// splitLength recognises ^..x{m,n}..$, x one character of a class, where all
// other parts have a fixed width. How often x stands there follows from the
// length of the text, so the count can go from the automaton: it gets
// ^..x*..$ and the text must have the right length. Without such a part, or
// with a small count, n is returned as it is.
func splitLength(n *node) (*node, *lengths) {
	if n.op != opCat || n.subs[0].op != opStart || n.subs[len(n.subs)-1].op != opEnd {
		return n, nil
	}
	at, most := -1, minSplit-1
	for i, sub := range n.subs {
		if sub.op != opRepeat || sub.subs[0].op != opSet {
			continue
		}
		if count := max(sub.min, sub.max); count > most {
			at, most = i, count
		}
	}
	if at < 0 {
		return n, nil
	}
	out := *n
	out.subs = append([]*node(nil), n.subs...)
	repeat := n.subs[at]
	width := 0
	for i, sub := range n.subs {
		if i == at {
			continue
		}
		w, ok := sub.width()
		if width += w; !ok || width > maxCount {
			return n, nil
		}
	}
	out.subs[at] = &node{op: opRepeat, subs: repeat.subs, max: unlimited}
	l := &lengths{min: uint32(width + repeat.min), max: pattern.NoMaximum, ascii: n.isASCII()}
	if repeat.max != unlimited {
		l.max = uint32(width + repeat.max)
	}
	return &out, l
}

// width returns the number of code points that n always takes, if there is
// one number.
func (n *node) width() (w int, ok bool) {
	switch n.op {
	case opSet:
		return 1, true
	case opCat:
		for _, sub := range n.subs {
			sw, ok := sub.width()
			if w += sw; !ok || w > maxCount {
				return 0, false
			}
		}
		return w, true
	case opAlt:
		for i, sub := range n.subs {
			sw, ok := sub.width()
			if !ok || i > 0 && sw != w {
				return 0, false
			}
			w = sw
		}
		return w, true
	case opRepeat:
		w, ok = n.subs[0].width()
		if !ok || n.min != n.max || w > 0 && n.min > maxCount/w {
			return 0, false
		}
		return w * n.min, true
	}
	return 0, true // assertions, and nothing
}

// isASCII reports whether n reads nothing but ASCII. What it looks at without
// reading doesn't matter.
func (n *node) isASCII() bool {
	switch {
	case n.op == opLook:
		return true
	case n.op == opSet && len(n.set) > 0 && n.set[len(n.set)-1].hi > 0x7F:
		return false
	}
	for _, sub := range n.subs {
		if !sub.isASCII() {
			return false
		}
	}
	return true
}
