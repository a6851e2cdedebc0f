package param

import (
	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

// none stands for "no field".
const none = ^uint32(0)

// What a field holds.
const (
	fieldEmpty = iota
	fieldText  // raw
	fieldList  // children without names
	fieldMap   // children with names
)

// field is a name with what stands under it: a text, or more fields.
type field struct {
	raw      []byte // as it came
	name     span   // of a map's child
	first    uint32 // child; none when there is none
	last     uint32
	next     uint32 // sibling
	parent   uint32
	shape    uint32
	kind     uint8
	how      uint8  // how parts of a multipart body are read (partText..)
	encoding uint32 // what the description says of it, none
}

// span is a decoded text in the buffer, with the hash of its name.
type span struct{ off, n, hash uint32 }

// tree holds the fields of one request. It is bounded: a request with more is
// refused.
//
// Invariants: a slot is in use when its generation is gen; fields[:num] are in
// use; len(slots) is a power of two and at least twice len(fields).
type tree struct {
	buf    buffer
	own    []byte // the buffer's memory, while names are looked at where they came
	fields []field
	num    uint32
	slots  []uint64 // gen<<32 | field
	gen    uint32
	seed   uint32
}

func (t *tree) init(max int, seed uint64) {
	t.fields = make([]field, max)
	n := 16
	for n < 2*max {
		n *= 2
	}
	t.slots = make([]uint64, n)
	t.seed = uint32(seed ^ seed>>32)
}

func (t *tree) reset() {
	t.num = 0
	t.gen++
	if t.gen == 0 { // after 2^32 requests the oldest slots would look new
		clear(t.slots)
		t.gen = 1
	}
}

func (t *tree) text(s span) []byte { return t.buf.b[s.off : s.off+s.n] }

// maxProbes bounds the search for a name. Names that collide more often were
// made to.
const maxProbes = 256

// lookup finds the child of parent with that name, or the slot where it would be.
func (t *tree) lookup(parent uint32, name span) (child uint32, slot uint32, code verdict.Code) {
	mask := uint32(len(t.slots) - 1)
	h := (name.hash ^ t.seed) * 0x9e3779b1
	h = (h ^ h>>15 ^ parent) * 0x85ebca6b
	h ^= h >> 13
	text := t.text(name)
	for range maxProbes {
		h &= mask
		s := t.slots[h]
		if uint32(s>>32) != t.gen {
			return none, h, verdict.Allow
		}
		if f := &t.fields[uint32(s)]; uint32(s) < t.num && f.parent == parent && f.name.hash == name.hash && string(t.text(f.name)) == string(text) {
			return uint32(s), h, verdict.Allow
		}
		h++
	}
	return none, 0, verdict.ParamTooMany
}

// child is the member of a map with that name, made if it is not there.
func (d *Decoder) child(parent uint32, name span) (uint32, verdict.Code) {
	c, slot, code := d.lookup(parent, name)
	if c != none || code != verdict.Allow {
		return c, code
	}
	p := &d.fields[parent]
	if p.kind != fieldMap && p.kind != fieldEmpty {
		return none, verdict.ParamDuplicate // a value, and one with members
	}
	shape := uint32(none)
	if p.shape != none {
		shape = d.memberShape(d.t.Shape(p.shape), name)
	}
	if c, code = d.push(parent, name, shape); code == verdict.Allow {
		p.kind = fieldMap
		d.slots[slot] = uint64(d.gen)<<32 | uint64(c)
	}
	return c, code
}

// memberShape is the shape of a member, or of an element where arrays are
// written with indexes.
func (d *Decoder) memberShape(s table.Shape, name span) uint32 {
	if s.Types()&table.TypeArray != 0 {
		if i, ok := number(d.text(name)); ok && (s.Types()&table.TypeObject == 0 || s.Props().Count == 0) {
			return s.Item(i)
		}
	}
	shape, _ := s.Member(d.text(name), name.hash)
	return shape
}

// push appends a child to parent.
func (d *Decoder) push(parent uint32, name span, shape uint32) (uint32, verdict.Code) {
	if d.num == uint32(len(d.fields)) {
		return none, verdict.ParamTooMany
	}
	c := d.num
	d.num++
	d.fields[c] = field{name: name, parent: parent, shape: shape, first: none, last: none, next: none, encoding: none}
	p := &d.fields[parent]
	if p.last == none {
		p.first = c
	} else {
		d.fields[p.last].next = c
	}
	p.last = c
	return c, verdict.Allow
}

// add gives field i a text. A second one makes it a list where it may be one;
// elsewhere it is refused, because which of the two the upstream takes is not
// known.
func (d *Decoder) add(i uint32, raw []byte, repeats bool) verdict.Code {
	f := &d.fields[i]
	switch f.kind {
	case fieldEmpty:
		f.kind, f.raw = fieldText, raw
		return verdict.Allow
	case fieldMap:
		return verdict.ParamDuplicate
	case fieldText:
		if !repeats {
			return verdict.ParamDuplicate
		}
		first, how := f.raw, f.how
		f.kind, f.raw = fieldList, nil
		c, code := d.push(i, span{}, f.shape)
		if code != verdict.Allow {
			return code
		}
		d.fields[c].kind, d.fields[c].raw, d.fields[c].how = fieldText, first, how
	}
	c, code := d.push(i, span{}, f.shape)
	if code == verdict.Allow {
		d.fields[c].kind, d.fields[c].raw = fieldText, raw
	}
	return code
}

// maxDeep bounds the brackets of one name.
const maxDeep = 16

// deep follows the brackets of a name below field i: "[b]" is a member, or an
// element where arrays have indexes, "[]" at the end one more element (OpenAPI
// 3.1.1 section 4.8.12.3 defines one level; tools write the others so).
func (d *Decoder) deep(i uint32, path span, value []byte) verdict.Code {
	text := d.text(path)
	for at, depth := 0, 0; at < len(text); depth++ {
		end := index(text[at:], ']')
		if text[at] != '[' || end < 0 || depth == maxDeep {
			return verdict.ParamMalformed
		}
		key := span{path.off + uint32(at) + 1, uint32(end - 1), 0}
		at += end + 1
		if key.n == 0 {
			if at < len(text) {
				return verdict.ParamMalformed // which element the rest is for is not said
			}
			f := &d.fields[i]
			if f.kind == fieldEmpty {
				f.kind = fieldList
			}
			if f.kind != fieldList {
				return verdict.ParamDuplicate
			}
			return d.add(i, value, true)
		}
		key.hash = table.HashSegment(d.text(key))
		c, code := d.child(i, key)
		if code != verdict.Allow {
			return code
		}
		i = c
	}
	return d.add(i, value, d.types(d.fields[i].shape)&table.TypeArray != 0)
}

// number reads an index: digits without a zero in front, below a million.
func number(b []byte) (n uint32, ok bool) {
	if len(b) == 0 || len(b) > 6 || b[0] == '0' && len(b) > 1 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint32(c-'0')
	}
	return n, true
}
