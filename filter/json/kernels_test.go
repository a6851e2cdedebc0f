package json

import (
	"math/rand/v2"
	"testing"
)

// checkKernels holds the kernel in use and the plain Go one together: same
// status, same place, same nodes. On platforms without a translated kernel both
// are the same; Go's bounds checks prove there that no index is out of range.
func checkKernels(t *testing.T, src []byte, opt Options) {
	t.Helper()
	// The text ends where its memory may end: no spare capacity.
	src = append(make([]byte, 0, len(src)), src...)
	guard := Node{1, 2, 3, 4}
	const room, behind = 120, 8
	newTape := func() ([]Node, *Tape) {
		nodes := make([]Node, room+behind)
		for i := range nodes {
			nodes[i] = guard
		}
		return nodes, &Tape{Nodes: nodes[:0:room]}
	}
	p1, p2 := NewParser(256, 40), NewParser(256, 40)
	a, t1 := newTape()
	b, t2 := newTape()
	s1 := p1.parse(t1, src, opt, runKernel)
	s2 := p2.parse(t2, src, opt, kernel)
	if s1 != s2 || p1.ErrOffset != p2.ErrOffset {
		t.Errorf("Parse(%q, %+v) = %v at %d, plain Go %v at %d", src, opt, s1, p1.ErrOffset, s2, p2.ErrOffset)
	}
	for i := range a {
		if a[i] != b[i] {
			t.Errorf("Parse(%q, %+v): node %d = %+v, plain Go %+v", src, opt, i, a[i], b[i])
			break
		}
	}
	for i, n := range a[room:] {
		if n != guard {
			t.Errorf("Parse(%q, %+v) wrote node %d beyond the capacity", src, opt, room+i)
		}
	}
	if p1.state.suspect != p2.state.suspect || p1.state.num != p2.state.num {
		t.Errorf("Parse(%q, %+v): state %+v, plain Go %+v", src, opt, p1.state, p2.state)
	}
	for i := range p1.seen {
		if p1.seen[i] != p2.seen[i] {
			t.Errorf("Parse(%q, %+v): name set differs at %d", src, opt, i)
			break
		}
	}
}

var kernelOptions = []Options{
	{}, {AllowDuplicates: true}, {MaxDepth: 2}, {MaxNodes: 5}, {MaxString: 4, MaxName: 3, MaxItems: 2},
}

func TestKernels(t *testing.T) {
	texts := [][]byte{}
	for _, in := range accepted {
		texts = append(texts, []byte(in))
	}
	for _, test := range refused {
		texts = append(texts, []byte(test.in))
	}
	for _, src := range texts {
		for _, opt := range kernelOptions {
			checkKernels(t, src, opt)
		}
	}
	rounds := 30_000
	if testing.Short() {
		rounds = 3_000
	}
	rng := rand.New(rand.NewPCG(7, 8))
	for range rounds {
		checkKernels(t, mutate(rng, texts), kernelOptions[rng.IntN(len(kernelOptions))])
	}
}

const damage = "\x00\x1f \"\\{}[]:,0123456789eE.-+utfn\x7f\x80\xbf\xc2\xe0\xed\xf4\xff"

// mutate makes a text out of pieces of others: most are nearly valid.
func mutate(rng *rand.Rand, texts [][]byte) []byte {
	src := append([]byte{}, texts[rng.IntN(len(texts))]...)
	for range rng.IntN(4) {
		other := texts[rng.IntN(len(texts))]
		at := rng.IntN(len(src) + 1)
		switch rng.IntN(6) {
		case 0: // put another inside
			src = append(append(append([]byte{}, src[:at]...), other...), src[at:]...)
		case 1: // wrap
			src = append(append([]byte(`{"k":[`), src...), `]}`...)
		case 2: // cut
			src = src[:at]
		case 3: // damage
			if at < len(src) {
				src[at] = damage[rng.IntN(len(damage))]
			}
		case 4: // a list of both
			src = append(append(append(append([]byte(`[`), src...), ','), other...), ']')
		case 5: // move over an eight-byte boundary
			src = append(append(append([]byte{}, src[:at]...), "        "[rng.IntN(8):]...), src[at:]...)
		}
	}
	return src
}

func TestScanStrings(t *testing.T) {
	p := NewParser(1<<12, 4)
	tape := NewTape(1 << 12)
	check := func(src []byte) {
		t.Helper()
		a, b := make([]Node, 40), make([]Node, 40)
		x, y := runScanStrings(src, a), scanStrings(src, b)
		if x != y {
			t.Errorf("scanStrings(%q) = %d, plain Go %d", src, x, y)
		}
		if x == 0 {
			return
		}
		// What it takes, the parser takes too.
		if status := p.Parse(tape, src, Options{}); status != StatusOK || uint64(len(tape.Nodes)) != x+1 {
			t.Errorf("scanStrings(%q) = %d, parser %v with %d nodes", src, x, status, len(tape.Nodes))
			return
		}
		for i, n := range tape.Nodes[1:] {
			if a[i] != n || b[i] != n {
				t.Errorf("scanStrings(%q) node %d = %+v and %+v, want %+v", src, i, a[i], b[i], n)
			}
		}
	}
	texts := [][]byte{}
	for _, in := range accepted {
		if in[0] == '"' {
			texts = append(texts, []byte("["+in+"]"), []byte(`["12345678",`+in+","+in+"]"))
		}
	}
	for _, test := range refused {
		texts = append(texts, []byte("["+test.in+"]"), []byte("["+test.in))
	}
	rng := rand.New(rand.NewPCG(9, 10))
	for _, src := range texts {
		check(src)
	}
	for range 10_000 {
		check(mutate(rng, texts))
	}
}
