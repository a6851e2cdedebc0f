package regex

import "math"

// bdd holds Boolean functions of variables 0, 1, 2 ... as reduced ordered
// binary decision diagrams (Bryant 1986): equal functions have equal numbers,
// which is what makes states of them finite. Function 0 is false, 1 is true.
type bdd struct {
	nodes  []bddNode
	unique map[bddNode]int32
	cache  map[[3]int32]int32
	work   int // calls of ite, for the budget
	limit  int // of work; past it every result is false and worthless
}

// bddNode is "if variable v then hi else lo". Variables grow downwards.
type bddNode struct{ v, lo, hi int32 }

const (
	bddFalse int32 = 0
	bddTrue  int32 = 1
)

func newBDD(limit int) *bdd {
	end := bddNode{v: math.MaxInt32}
	return &bdd{
		nodes:  []bddNode{end, end},
		unique: make(map[bddNode]int32),
		cache:  make(map[[3]int32]int32),
		limit:  limit,
	}
}

func (b *bdd) node(v, lo, hi int32) int32 {
	if lo == hi {
		return lo
	}
	n := bddNode{v, lo, hi}
	f, ok := b.unique[n]
	if !ok {
		f = int32(len(b.nodes))
		b.nodes = append(b.nodes, n)
		b.unique[n] = f
	}
	return f
}

func (b *bdd) variable(v int32) int32 { return b.node(v, bddFalse, bddTrue) }
func (b *bdd) and(f, g int32) int32   { return b.ite(f, g, bddFalse) }
func (b *bdd) or(f, g int32) int32    { return b.ite(f, bddTrue, g) }
func (b *bdd) not(f int32) int32      { return b.ite(f, bddFalse, bddTrue) }

// ite returns "if f then g else h".
func (b *bdd) ite(f, g, h int32) int32 {
	switch {
	case f == bddTrue || g == h:
		return g
	case f == bddFalse:
		return h
	case g == bddTrue && h == bddFalse:
		return f
	}
	key := [3]int32{f, g, h}
	if r, ok := b.cache[key]; ok {
		return r
	}
	if b.work++; b.work > b.limit {
		return bddFalse
	}
	v := min(b.nodes[f].v, b.nodes[g].v, b.nodes[h].v)
	f0, f1 := b.split(f, v)
	g0, g1 := b.split(g, v)
	h0, h1 := b.split(h, v)
	r := b.node(v, b.ite(f0, g0, h0), b.ite(f1, g1, h1))
	b.cache[key] = r
	return r
}

// split returns f with v false and with v true; no variable of f is above v.
func (b *bdd) split(f, v int32) (lo, hi int32) {
	if n := b.nodes[f]; n.v == v {
		return n.lo, n.hi
	}
	return f, f
}
