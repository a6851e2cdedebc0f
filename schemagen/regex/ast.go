package regex

// op is the kind of a node of the tree.
type op uint8

const (
	opEmpty  op = iota + 1 // matches the empty text
	opSet                  // one code point of set; none when the set is empty
	opCat                  // subs one after the other
	opAlt                  // one of subs
	opRepeat               // subs[0], min to max times
	opStart                // ^
	opEnd                  // $
	opLook                 // subs[0] matches ahead (or behind), or does not (neg)
)

// unlimited is the max of a repeat without an upper bound.
const unlimited = -1

// node is one node of the tree. Groups leave no node: nothing is captured, and
// whether a repeat is lazy does not change what matches.
type node struct {
	op       op
	neg      bool // opLook
	behind   bool // opLook
	min, max int  // opRepeat
	set      set  // opSet
	subs     []*node
}

func cat(subs ...*node) *node {
	switch len(subs) {
	case 0:
		return &node{op: opEmpty}
	case 1:
		return subs[0]
	}
	return &node{op: opCat, subs: subs}
}

func look(sub *node, behind, neg bool) *node {
	return &node{op: opLook, subs: []*node{sub}, behind: behind, neg: neg}
}

// wordBoundary is \b, or \B when neg: the words on its two sides differ, or
// don't (ECMA-262 section 22.2.2.4).
func wordBoundary(neg bool) *node {
	word := &node{op: opSet, set: wordSet}
	return &node{op: opAlt, subs: []*node{
		cat(look(word, true, false), look(word, false, !neg)),
		cat(look(word, true, true), look(word, false, neg)),
	}}
}
