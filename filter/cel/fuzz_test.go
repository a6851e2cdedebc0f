package cel

import (
	"encoding/binary"
	"testing"
	"time"

	"portcullis/filter/json"
	"portcullis/filter/table"
	"portcullis/schemagen/emit"
)

// program makes a table of one expression from arbitrary words: nodes, and a list of
// indexes. It is nil when the verifier refuses it.
func program(nodes, indexes []uint32, saved uint32, body bool) *table.Table {
	words := func(w []uint32) (out []byte) {
		for _, x := range w {
			out = binary.LittleEndian.AppendUint32(out, x)
		}
		return out
	}
	flags := uint32(0)
	if body {
		flags = table.ExprFlagBody
	}
	saved = min(saved, uint32(len(indexes)), table.MaxExprSaved)
	expr := []uint32{0, 0, 0, 0, 0, 0, 0, uint32(len(nodes) / 4), 0, saved, 0, 0, flags, 0, 0, 0}
	raw := emit.Container([32]byte{}, []emit.Section{
		{ID: uint32(table.SecStrings), Data: []byte("abcdefgh\\\"u0041\xc3\xa9")},
		{ID: uint32(table.SecIndexes), Data: words(indexes)},
		{ID: uint32(table.SecExprs), Data: words(expr)},
		{ID: uint32(table.SecExprNodes), Data: words(nodes[:len(nodes)/4*4])},
	})
	t, err, _ := table.Open(raw)
	if err != table.ErrNone {
		return nil
	}
	return t
}

const fuzzJSON = `{"a":[1,2,{"b":"c","d":[null,true]}],"b":{"a":1e400},"c":"\u0061\ud83d\ude00","d":9007199254740993,"e":[[[[1]]]],"f":-0.0,"g":[1,1,1,1,1,1,1,1,1,1,1,1]}`

// FuzzProgram: whatever program the verifier lets through can be evaluated: it ends
// soon, without a trap, and asked twice it says the same.
func FuzzProgram(f *testing.F) {
	node := func(op table.ExprOp, slot uint8, abc ...uint32) []byte {
		b := []byte{byte(op), slot}
		for i := range 3 {
			x := uint32(0)
			if i < len(abc) {
				x = abc[i]
			}
			b = append(b, byte(x), byte(x>>8))
		}
		return b
	}
	join := func(list ...[]byte) (out []byte) {
		for _, b := range list {
			out = append(out, b...)
		}
		return out
	}
	f.Add(join(node(table.ExprBool, 0, 1)), []byte{}, uint8(0), false)
	f.Add(join(node(table.ExprAll, 0, 1, 2), node(table.ExprClaims, 0), node(table.ExprAll, 1, 3, 4), node(table.ExprBody, 0),
		node(table.ExprEqual, 0, 5, 6), node(table.ExprVar, 0), node(table.ExprVar, 1)), []byte{}, uint8(0), false)
	// A list that holds the loop's own variable, which is bound to the list.
	f.Add(join(node(table.ExprExists, 0, 1, 4), node(table.ExprList, 0, 0, 1), node(table.ExprList, 0, 1, 1), node(table.ExprVar, 0),
		node(table.ExprEqual, 0, 5, 6), node(table.ExprVar, 0), node(table.ExprVar, 0)), []byte{2, 3}, uint8(0), false)
	f.Add(join(node(table.ExprIn, 0, 1, 2), node(table.ExprSaved1, 0, 0), node(table.ExprBody, 0), node(table.ExprClaims, 0)), []byte{3}, uint8(1), true)
	f.Add(join(node(table.ExprMap, 0, 0, 2), node(table.ExprString, 0, 0, 1), node(table.ExprNull, 0)), []byte{1, 2}, uint8(0), false)
	// Children that are shared, doubled at each level: 2^20 evaluations.
	var wide []byte
	for i := range uint32(20) {
		wide = append(wide, node(table.ExprAnd, 0, i+1, i+1)...)
	}
	f.Add(append(wide, node(table.ExprBool, 0, 1)...), []byte{}, uint8(0), false)
	var deep []byte
	for i := range uint32(500) {
		deep = append(deep, node(table.ExprNot, 0, i+1)...)
	}
	f.Add(append(deep, node(table.ExprBool, 0, 1)...), []byte{}, uint8(0), false)

	parser := json.NewParser(256, 64)
	claims, body, params := json.NewTape(256), json.NewTape(256), json.NewTape(256)
	for _, t := range []*json.Tape{claims, body, params} {
		if st := parser.Parse(t, []byte(fuzzJSON), json.Options{}); st != json.StatusOK {
			f.Fatal(st)
		}
	}
	f.Fuzz(func(t *testing.T, code, list []byte, saved uint8, needsBody bool) {
		var nodes, indexes []uint32
		for ; len(code) >= 8 && len(nodes) < 4*table.MaxExprNodes; code = code[8:] {
			nodes = append(nodes, uint32(code[0])|uint32(code[1])<<8)
			for i := 2; i < 8; i += 2 {
				nodes = append(nodes, uint32(code[i])|uint32(code[i+1])<<8)
			}
		}
		for _, x := range list {
			indexes = append(indexes, uint32(x))
		}
		tab := program(nodes, indexes, uint32(saved), needsBody)
		if tab == nil {
			return // refused, as it should be
		}
		m := NewMachine(tab, parser)
		in := Inputs{Claims: claims, Body: body, ParamTape: params, Consumer: table.NoIndex}
		for i := range in.Params {
			in.Params[i] = uint32(i) * 3
			if i%2 == 1 {
				in.Params[i] = Absent
			}
		}
		start := time.Now()
		first := m.Eval(tab, 0, &in)
		if again := m.Eval(tab, 0, &in); again != first {
			t.Errorf("Eval = %v, then %v", first, again)
		}
		var k, k2 Kept
		if m.Keep(tab, 0, &in, &k) {
			early := m.EvalEarly(tab, 0, &k)
			r := m.EvalKept(tab, 0, body, &k)
			if early != Error && early != r && r != Error {
				t.Errorf("EvalEarly = %v, and with the body %v", early, r)
			}
			if m.Keep(tab, 0, &in, &k2); k2 != k {
				t.Error("what is kept differs the second time")
			}
			if again := m.EvalKept(tab, 0, body, &k2); again != r {
				t.Errorf("EvalKept = %v, then %v", r, again)
			}
		}
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("took %v", d)
		}
	})
}
