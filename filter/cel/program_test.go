package cel

import (
	"math/rand/v2"
	"testing"

	"portcullis/filter/json"
	"portcullis/filter/table"
)

// TestPrograms evaluates random programs of the form that the verifier wants: none
// traps, and each ends within its steps.
func TestPrograms(t *testing.T) {
	const seed = 7
	g := rand.New(rand.NewPCG(seed, 0))
	parser := json.NewParser(256, 64)
	claims := json.NewTape(256)
	if st := parser.Parse(claims, []byte(fuzzJSON), json.Options{}); st != json.StatusOK {
		t.Fatal(st)
	}
	in := Inputs{Claims: claims, Body: claims, ParamTape: claims, Consumer: table.NoIndex}
	made, results := 0, [3]int{}
	for range 50_000 {
		n := 1 + g.Uint32N(24)
		var nodes, indexes []uint32
		for i := range n {
			op := table.ExprOp(1 + g.IntN(int(table.ExprHasConsumer)))
			if i == n-1 { // there is nothing behind it
				op = []table.ExprOp{table.ExprBool, table.ExprClaims, table.ExprBody, table.ExprVar, table.ExprString, table.ExprDouble, table.ExprParam}[g.IntN(7)]
			}
			child := func() uint32 { return i + 1 + g.Uint32N(n-i-1) }
			w := [4]uint32{uint32(op)}
			for j := range op.Children() {
				w[1+j] = child()
			}
			switch op {
			case table.ExprBool:
				w[1] = g.Uint32N(2)
			case table.ExprInt, table.ExprUint, table.ExprDouble:
				w[1], w[2] = g.Uint32(), g.Uint32()
			case table.ExprString:
				w[1], w[2] = g.Uint32N(8), g.Uint32N(6)
			case table.ExprSelect, table.ExprHas:
				w[2], w[3] = g.Uint32N(7), 1
			case table.ExprList, table.ExprMap:
				w[1] = uint32(len(indexes))
				for range 2 * g.IntN(3) {
					indexes = append(indexes, child())
					w[2]++
				}
			case table.ExprParam, table.ExprHasParam:
				w[1] = g.Uint32N(table.MaxExprParams)
			case table.ExprConsumer, table.ExprHasConsumer:
				w[1] = g.Uint32N(4)
			case table.ExprVar, table.ExprAll, table.ExprExists, table.ExprExistsOne:
				w[0] |= g.Uint32N(3) << 8
			}
			nodes = append(nodes, w[:]...)
		}
		tab := program(nodes, indexes, 0, false)
		if tab == nil {
			continue
		}
		made++
		for i := range in.Params {
			in.Params[i] = g.Uint32N(uint32(len(claims.Nodes)) + 4)
		}
		m := NewMachine(tab, parser)
		results[m.Eval(tab, 0, &in)]++
		if m.depth != 0 {
			t.Errorf("depth is %d after an evaluation", m.depth)
		}
	}
	t.Logf("%d programs: %v (errors, no, yes)", made, results)
	if made < 10_000 || results[Yes] == 0 || results[No] == 0 {
		t.Errorf("%d programs with results %v, want more", made, results)
	}
}

// TestSteps: work that would not end in time ends as an error.
func TestSteps(t *testing.T) {
	var nodes []uint32
	for i := range uint32(40) { // 2^40 evaluations
		nodes = append(nodes, uint32(table.ExprAnd), i+1, i+1, 0)
	}
	nodes = append(nodes, uint32(table.ExprBool), 1, 0, 0)
	tab := program(nodes, nil, 0, false)
	if tab == nil {
		t.Fatal("no table")
	}
	m := NewMachine(tab, nil)
	in := &Inputs{Consumer: table.NoIndex}
	if got := m.Eval(tab, 0, in); got != Error {
		t.Errorf("Eval = %v, want an error", got)
	}
	if n := testing.AllocsPerRun(5, func() { m.Eval(tab, 0, in) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

// TestVerify: what the evaluator relies on is refused where it is missing.
func TestVerify(t *testing.T) {
	op := func(o table.ExprOp, rest ...uint32) []uint32 {
		w := [4]uint32{uint32(o)}
		copy(w[1:], rest)
		return w[:]
	}
	join := func(list ...[]uint32) (out []uint32) {
		for _, w := range list {
			out = append(out, w...)
		}
		return out
	}
	one := op(table.ExprBool, 1)
	tests := []struct {
		name    string
		nodes   []uint32
		indexes []uint32
		saved   uint32
		ok      bool
	}{
		{"one node", one, nil, 0, true},
		{"none", nil, nil, 0, false},
		{"too many", make([]uint32, 4*(table.MaxExprNodes+1)), nil, 0, false},
		{"no operation", op(0), nil, 0, false},
		{"an unknown operation", op(table.ExprHasConsumer + 1), nil, 0, false},
		{"bits beyond the operation and its kind", []uint32{uint32(table.ExprNull) | 1<<16, 0, 0, 0}, nil, 0, false},
		{"a child that is its parent", op(table.ExprNot, 0), nil, 0, false},
		{"a child before its parent", join(op(table.ExprNot, 1), op(table.ExprNot, 0)), nil, 0, false},
		{"a child behind the end", op(table.ExprNot, 1), nil, 0, false},
		{"a second child behind the end", join(op(table.ExprAnd, 1, 2), one), nil, 0, false},
		{"a third child that is missing", join(op(table.ExprCond, 1, 1, 0), one), nil, 0, false},
		{"an operand too many", op(table.ExprNull, 1), nil, 0, false},
		{"a boolean that is 2", op(table.ExprBool, 2), nil, 0, false},
		{"a string behind the pool", op(table.ExprString, 10, 100), nil, 0, false},
		{"a string that wraps around", op(table.ExprString, 1, ^uint32(0)), nil, 0, false},
		{"a name behind the pool", join(op(table.ExprSelect, 1, 0, 100), one), nil, 0, false},
		{"a list behind the indexes", op(table.ExprList, 0, 1), nil, 0, false},
		{"a list that wraps around", op(table.ExprList, 1, ^uint32(0)), []uint32{0, 0}, 0, false},
		{"a list of itself", op(table.ExprList, 0, 1), []uint32{0}, 0, false},
		{"a list", join(op(table.ExprList, 0, 1), one), []uint32{1}, 0, true},
		{"a map with half a member", join(op(table.ExprMap, 0, 1), one), []uint32{1}, 0, false},
		{"a parameter that can't be", op(table.ExprParam, table.MaxExprParams), nil, 0, false},
		{"a parameter of unknown numbers", []uint32{uint32(table.ExprParam) | 3<<8, 0, 0, 0}, nil, 0, false},
		{"a member that consumers lack", op(table.ExprConsumer, 4), nil, 0, false},
		{"a slot too far", []uint32{uint32(table.ExprVar) | table.MaxExprSlots<<8, 0, 0, 0}, nil, 0, false},
		{"a slot where none is", []uint32{uint32(table.ExprNull) | 1<<8, 0, 0, 0}, nil, 0, false},
		{"bits above the slot", []uint32{uint32(table.ExprNull) | 1<<16, 0, 0, 0}, nil, 0, false},
		{"a saved value that is not", op(table.ExprSaved1, 0), nil, 0, false},
		{"a saved value", op(table.ExprSaved1, 0), []uint32{0}, 1, true},
		{"a saved node behind the end", one, []uint32{1}, 1, false},
		{"an automaton that is none", join(op(table.ExprMatches, 1, 0), one), nil, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := program(tt.nodes, tt.indexes, tt.saved, false) != nil; got != tt.ok {
				t.Errorf("Open of %v accepted = %v, want %v", tt.nodes, got, tt.ok)
			}
		})
	}
}
