package json

import "portcullis/filter/decimal"

// Comparer compares values by structure, as JSON Schema defines equality
// (2020-12 core section 4.2.2): numbers by value whatever their spelling,
// strings unescaped, objects without regard to order. It holds the memory for
// that, and is used by one goroutine at a time.
//
// Work is n log n in the nodes of the smaller value, whatever the order of
// members and whatever names collide. There is no recursion.
type Comparer struct {
	// Exceeded is set where a value was deeper or had more members than the
	// Comparer was made for, and stays set. The results since then are of no
	// use: the caller must refuse. Values made by a Parser of the same
	// dimensions never exceed them.
	Exceeded bool

	frames []frame
	names  []uint32 // sorted members of open objects, innermost last
	items  []uint64 // of Unique: hash<<32 | node
	ties   []uint32 // of Unique: nodes with the same hash
}

// frame is an array or object, on both sides, whose children are being compared.
type frame struct {
	mode uint8
	a, b uint32 // nodes of the next children; in modeSorted indexes in names
	left uint32 // children to come
	top  int    // length of names in use before this frame
	sum  uint64 // of Hash
}

const (
	modeArray   = 1 + iota
	modeMembers // objects whose names are in the same order
	modeSorted  // objects whose members are in names
)

// NewComparer returns a Comparer for values of up to maxNodes nodes and maxDepth
// containers inside each other. It allocates about 14 bytes for each node.
func NewComparer(maxNodes, maxDepth int) *Comparer {
	return &Comparer{
		frames: make([]frame, maxDepth+1),
		names:  make([]uint32, maxNodes+2), // two sides, names are half of the nodes
		items:  make([]uint64, maxNodes),
		ties:   make([]uint32, maxNodes),
	}
}

// Equal reports whether two values, on the same tape or on two, are equal.
func (c *Comparer) Equal(t1 *Tape, n1 uint32, t2 *Tape, n2 uint32) bool {
	return c.compare(t1, n1, t2, n2, false) == 0 && !c.Exceeded
}

// Order is a total order of values: 0 for equal ones, otherwise -1 or 1. Apart
// from that the order means nothing.
func (c *Comparer) Order(t1 *Tape, n1 uint32, t2 *Tape, n2 uint32) int {
	return c.compare(t1, n1, t2, n2, true)
}

// compare compares members sorted by name if ordered, as a total order must.
// Equality may take them as they come where both sides agree.
func (c *Comparer) compare(t1 *Tape, n1 uint32, t2 *Tape, n2 uint32, ordered bool) int {
	depth, top := 0, 0
	for {
		a := &t1.Nodes[n1]
		if r := compareShallow(t1, n1, t2, n2); r != 0 {
			return r
		}
		if k := a.Kind(); (k == KindArray || k == KindObject) && a.Len != 0 {
			if depth == len(c.frames) {
				c.Exceeded = true
				return 1
			}
			f := frame{mode: modeArray, a: n1 + 1, b: n2 + 1, left: a.Len, top: top}
			if k == KindObject {
				f.mode = modeMembers
				if ordered || !sameNames(t1, n1, t2, n2) {
					size := int(a.Len)
					if top+2*size > len(c.names) {
						c.Exceeded = true
						return 1
					}
					f.mode = modeSorted
					f.a, f.b = uint32(top), uint32(top+size)
					x, y := c.names[top:top+size], c.names[top+size:top+2*size]
					top += 2 * size
					heapSort(collectNames(x, t1, n1), nameOrder{t1})
					heapSort(collectNames(y, t2, n2), nameOrder{t2})
					for i := range x {
						if r := compareNames(t1, x[i], t2, y[i]); r != 0 {
							return r
						}
					}
				}
			}
			c.frames[depth] = f
			depth++
		}
		for depth > 0 && c.frames[depth-1].left == 0 {
			depth--
			top = c.frames[depth].top
		}
		if depth == 0 {
			return 0
		}
		f := &c.frames[depth-1]
		f.left--
		switch f.mode {
		case modeSorted:
			n1, n2 = c.names[f.a]+1, c.names[f.b]+1
			f.a++
			f.b++
			continue
		case modeMembers:
			n1, n2 = f.a+1, f.b+1
		default:
			n1, n2 = f.a, f.b
		}
		f.a, f.b = t1.Next(n1), t2.Next(n2)
	}
}

// compareShallow compares kinds, scalars, and numbers of children.
func compareShallow(t1 *Tape, n1 uint32, t2 *Tape, n2 uint32) int {
	a, b := t1.Nodes[n1], t2.Nodes[n2]
	if r := compareUint(a.Kind(), b.Kind()); r != 0 {
		return r
	}
	switch a.Kind() {
	case KindNumber:
		return decimal.Compare(t1.Text(n1), t2.Text(n2))
	case KindString:
		return compareStrings(t1, n1, t2, n2)
	case KindArray, KindObject:
		return compareUint(a.Len, b.Len)
	}
	return 0
}

func compareUint(a, b uint32) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// sameNames reports whether two objects with as many members have the same
// names in the same order.
func sameNames(t1 *Tape, n1 uint32, t2 *Tape, n2 uint32) bool {
	end := t1.Nodes[n1].Ext
	for i, j := n1+1, n2+1; i < end; i, j = t1.Next(i+1), t2.Next(j+1) {
		if compareNames(t1, i, t2, j) != 0 {
			return false
		}
	}
	return true
}

// Hash returns a hash of a value that is the same for all equal values. It is
// not keyed: unequal values can be made to collide.
func (c *Comparer) Hash(t *Tape, node uint32) uint64 {
	depth := 0
	for i := node; ; {
		n := &t.Nodes[i]
		h := hashShallow(t, i)
		if k := n.Kind(); (k == KindArray || k == KindObject) && n.Len != 0 {
			if depth == len(c.frames) {
				c.Exceeded = true
				return 0
			}
			f := &c.frames[depth]
			*f = frame{mode: modeArray, a: i, left: n.Len, sum: h}
			depth++
			i++
			if k == KindObject {
				f.mode = modeMembers
				f.b = t.Nodes[i].Ext // the name's hash
				i++
			}
			continue
		}
		i++
		// h is the hash of a whole value: fold it into the containers it ends.
		for {
			if depth == 0 {
				return h
			}
			f := &c.frames[depth-1]
			if f.mode == modeMembers { // a sum forgets the order
				f.sum += hashWord(hashWord(hashSeed, uint64(f.b)), h)
			} else {
				f.sum = hashWord(f.sum, h)
			}
			f.left--
			if f.left != 0 {
				if f.mode == modeMembers {
					f.b = t.Nodes[i].Ext
					i++
				}
				break
			}
			h = hashWord(hashSeed, f.sum^f.sum>>32)
			depth--
		}
	}
}

// hashShallow hashes a scalar, or the kind and size of a container.
func hashShallow(t *Tape, node uint32) uint64 {
	n := &t.Nodes[node]
	kind := n.Kind()
	v := uint64(0)
	switch kind {
	case KindNumber:
		v = decimal.Hash(t.Text(node))
	case KindString:
		if n.Meta&FlagEscaped != 0 {
			v = uint64(hashRaw(t.Text(node)))
		} else {
			v = uint64(HashName(t.Text(node)))
		}
	case KindArray, KindObject:
		v = uint64(n.Len)
	}
	v = hashWord(hashWord(hashSeed, uint64(kind)), v)
	return v ^ v>>32
}

// Unique reports whether no two elements of an array are equal. Otherwise first
// and second are the nodes of two equal ones, first before second.
func (c *Comparer) Unique(t *Tape, array uint32) (first, second uint32, unique bool) {
	n := t.Nodes[array]
	if n.Kind() != KindArray || n.Len < 2 {
		return 0, 0, true
	}
	if int(n.Len) > len(c.items) {
		c.Exceeded = true
		return 0, 0, false
	}
	items := c.items[:n.Len]
	for i, node := 0, array+1; i < len(items); i, node = i+1, t.Next(node) {
		items[i] = c.Hash(t, node)>>32<<32 | uint64(node)
	}
	heapSort(items, keyOrder{})
	// Only elements with the same hash can be equal. Sorting those too keeps the
	// work bounded where all of them collide.
	for i := 0; i < len(items); {
		run := i + 1
		for run < len(items) && items[run]>>32 == items[i]>>32 {
			run++
		}
		if run-i > 1 {
			ties := c.ties[:run-i]
			for j := range ties {
				ties[j] = uint32(items[i+j])
			}
			heapSort(ties, valueOrder{c, t})
			for j := 1; j < len(ties); j++ {
				if c.Equal(t, ties[j-1], t, ties[j]) || c.Exceeded {
					return ties[j-1], ties[j], false
				}
			}
		}
		i = run
	}
	return 0, 0, !c.Exceeded
}

// keyOrder orders the items of Unique: the node in the key makes all distinct.
type keyOrder struct{}

func (keyOrder) less(a, b uint64) bool { return a < b }

// valueOrder orders values of one tape, equal ones by position.
type valueOrder struct {
	c *Comparer
	t *Tape
}

func (o valueOrder) less(a, b uint32) bool {
	r := o.c.Order(o.t, a, o.t, b)
	return r < 0 || r == 0 && a < b
}
