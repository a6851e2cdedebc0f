package json

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

func parseTest(t *testing.T, src string) *Tape {
	t.Helper()
	tape := NewTape(1 << 14)
	p := NewParser(1<<14, 600)
	if status := p.Parse(tape, []byte(src), Options{AllowDuplicates: true}); status != StatusOK {
		t.Fatalf("Parse(%q) = %v at %d", src, status, p.ErrOffset)
	}
	return tape
}

func TestEqual(t *testing.T) {
	tests := []struct {
		a, b string
		want bool
	}{
		{`null`, `null`, true}, {`null`, `false`, false}, {`false`, `0`, false}, {`true`, `true`, true}, {`0`, `""`, false}, {`[]`, `{}`, false},
		{`1`, `1.0`, true}, {`1`, `10e-1`, true}, {`0`, `-0`, true}, {`1`, `2`, false}, {`1e400`, `1e401`, false}, {`"1"`, `1`, false},
		{`"a"`, `"\u0061"`, true}, {`"é"`, `"\u00e9"`, true}, {`"é"`, `"\u00c9"`, false}, {`"😀"`, `"\ud83d\ude00"`, true}, {`"\n"`, `"\u000a"`, true}, {`"a"`, `"ab"`, false}, {`"\\n"`, `"\n"`, false},
		{`[1,2]`, `[1.0,2e0]`, true}, {`[1,2]`, `[2,1]`, false}, {`[1]`, `[1,1]`, false}, {`[[]]`, `[[]]`, true}, {`[[],1]`, `[1,[]]`, false},
		{`{"a":1,"b":2}`, `{"b":2,"a":1}`, true}, {`{"a":1,"b":2}`, `{"b":1,"a":2}`, false}, {`{"a":1}`, `{"b":1}`, false}, {`{"a":1}`, `{"a":1,"b":1}`, false},
		{`{"a":{"x":1,"y":[{"p":1,"q":2}]},"b":0}`, `{"b":0.0,"a":{"y":[{"q":2,"p":1}],"x":1}}`, true}, {`{"a":{"x":1,"y":2},"b":[]}`, `{"b":[],"a":{"y":2,"x":2}}`, false},
		{`{"\u0061":1}`, `{"a":1}`, true}, {`{"":{}}`, `{"":{}}`, true}, {`[{},{"a":{}}]`, `[{},{"a":{}}]`, true},
	}
	c := NewComparer(1<<12, 100)
	for _, test := range tests {
		a, b := parseTest(t, "["+test.a+"]"), parseTest(t, test.b)
		if got := c.Equal(a, 1, b, 0); got != test.want {
			t.Errorf("Equal(%s, %s) = %v, want %v", test.a, test.b, got, test.want)
		}
		if got := c.Order(a, 1, b, 0); (got == 0) != test.want || got != -c.Order(b, 0, a, 1) {
			t.Errorf("Order(%s, %s) = %v and %v, want equal %v", test.a, test.b, got, c.Order(b, 0, a, 1), test.want)
		}
		if got := c.Hash(a, 1) == c.Hash(b, 0); got != test.want {
			t.Errorf("Hash(%s) == Hash(%s) is %v, want %v", test.a, test.b, got, test.want)
		}
	}
	if c.Exceeded {
		t.Error("comparer exceeded")
	}
}

func TestUnique(t *testing.T) {
	tests := []struct {
		in            string
		first, second uint32
		unique        bool
	}{
		{`[]`, 0, 0, true}, {`[1]`, 0, 0, true}, {`{"a":1,"b":1}`, 0, 0, true}, {`1`, 0, 0, true}, {`[1,2,3,"1",null,true,false,[],{},[1],{"a":1},0,"",[[]]]`, 0, 0, true},
		{`[1,2,1.0]`, 1, 3, false}, {`["a","\u0061"]`, 1, 2, false}, {`[{"a":1,"b":2},3,{"b":2,"a":1}]`, 1, 7, false}, {`[0,false]`, 0, 0, true}, {`[[1],[2],[1]]`, 1, 5, false},
		{`[-0,0]`, 1, 2, false}, {`[1e400,10e399]`, 1, 2, false}, {`[1e999999999999999999,1e999999999999999998]`, 0, 0, true},
	}
	c := NewComparer(1<<12, 100)
	for _, test := range tests {
		first, second, unique := c.Unique(parseTest(t, test.in), 0)
		if first != test.first || second != test.second || unique != test.unique {
			t.Errorf("Unique(%s) = %d, %d, %v, want %d, %d, %v", test.in, first, second, unique, test.first, test.second, test.unique)
		}
	}
}

// TestUniqueColliding has a thousand elements with one hash: numbers too far out.
func TestUniqueColliding(t *testing.T) {
	var b strings.Builder
	b.WriteString("[1")
	for i := range 1000 {
		fmt.Fprintf(&b, ",1e%d%d", 1<<62, (i*389)%1000+1000)
	}
	c := NewComparer(1<<12, 10)
	if _, _, unique := c.Unique(parseTest(t, b.String()+"]"), 0); !unique {
		t.Error("Unique = false for distinct elements")
	}
	fmt.Fprintf(&b, ",10e%d%d]", 1<<62, 1776)
	if first, second, unique := c.Unique(parseTest(t, b.String()), 0); unique || second != 1002 || first >= second {
		t.Errorf("Unique = %d, %d, %v, want the last to be found equal", first, second, unique)
	}
}

func TestComparerExceeded(t *testing.T) {
	small := func() *Comparer { return NewComparer(4, 2) }
	deep := parseTest(t, `[[[[1]]]]`)
	wide := parseTest(t, `[{"a":1,"b":2,"c":3,"d":4},{"d":4,"a":1,"b":2,"c":3},1,2,3]`)
	if c := small(); c.Equal(deep, 0, deep, 0) || !c.Exceeded {
		t.Error("deep value compared")
	}
	if c := small(); c.Equal(wide, 1, wide, 10) || !c.Exceeded {
		t.Error("wide value compared")
	}
	if c := small(); c.Hash(deep, 0) != 0 || !c.Exceeded {
		t.Error("deep value hashed")
	}
	if c := small(); func() bool { _, _, u := c.Unique(wide, 0); return u }() || !c.Exceeded {
		t.Error("long array found unique")
	}
}

// randomValue writes one value in two spellings: order, escapes, numbers differ.
func randomValue(rng *rand.Rand, depth int) (string, string) {
	space := func() string { return []string{"", "", " ", "\n  "}[rng.IntN(4)] }
	kind := rng.IntN(7)
	if depth == 0 {
		kind = rng.IntN(5)
	}
	switch kind {
	case 0:
		return "null", space() + "null"
	case 1:
		return "true", "true" + space()
	case 2:
		n := 1 + rng.IntN(30)
		return fmt.Sprint(n), fmt.Sprintf([]string{"%d", "%d.0", "%d0e-1", "%d.00E0"}[rng.IntN(4)], n)
	case 3, 4:
		s := []string{"", "a", "abc", "é", "😀", "12345678", "/"}[rng.IntN(7)]
		return `"` + s + `"`, randomSpelling(rng, s)
	}
	var a, b []string
	for i := range rng.IntN(5) {
		x, y := randomValue(rng, depth-1)
		if kind == 6 {
			name := fmt.Sprintf("n%d", i)
			x, y = `"`+name+`":`+x, randomSpelling(rng, name)+space()+":"+y
		}
		a, b = append(a, x), append(b, y)
	}
	if kind == 5 {
		return "[" + strings.Join(a, ",") + "]", "[" + space() + strings.Join(b, ",") + "]"
	}
	rng.Shuffle(len(b), func(i, j int) { b[i], b[j] = b[j], b[i] })
	return "{" + strings.Join(a, ",") + "}", "{" + strings.Join(b, space()+",") + "}"
}

func randomSpelling(rng *rand.Rand, s string) string {
	out := `"`
	for _, r := range s {
		switch {
		case rng.IntN(2) == 0:
			out += string(r)
		case r > 0xffff:
			out += fmt.Sprintf(`\u%04x\u%04X`, 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff)
		case r == '/':
			out += `\/`
		default:
			out += fmt.Sprintf(`\u%04x`, r)
		}
	}
	return out + `"`
}

func TestCompareRandom(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	c := NewComparer(1<<14, 100)
	tapes := []*Tape{}
	for range 300 {
		x, y := randomValue(rng, 4)
		a, b := parseTest(t, x), parseTest(t, y)
		if !c.Equal(a, 0, b, 0) || c.Order(a, 0, b, 0) != 0 || c.Hash(a, 0) != c.Hash(b, 0) {
			t.Errorf("%s and %s differ, want equal", x, y)
		}
		tapes = append(tapes, a, b)
	}
	// A total order: any three agree.
	for range 20_000 {
		x, y, z := tapes[rng.IntN(len(tapes))], tapes[rng.IntN(len(tapes))], tapes[rng.IntN(len(tapes))]
		if c.Order(x, 0, y, 0) <= 0 && c.Order(y, 0, z, 0) <= 0 && c.Order(x, 0, z, 0) > 0 {
			t.Fatalf("order: %s <= %s <= %s", x.Src, y.Src, z.Src)
		}
	}
	if c.Exceeded {
		t.Error("comparer exceeded")
	}
}

func TestAppendPointer(t *testing.T) {
	tests := []struct {
		in   string
		node uint32
		want string
	}{
		{`1`, 0, ``}, {`[1,2]`, 2, `/1`}, {`{"a":{"b":[0,[5]]}}`, 7, `/a/b/1/0`}, {`{"a":1,"b":2}`, 3, `/b`}, {`{"a":1,"b":2}`, 4, `/b`},
		{`{"a/b~c":1}`, 2, `/a~1b~0c`}, {`{"\/\u007e":1}`, 2, `/~1~0`}, {`{"":{"":1}}`, 4, `//`}, {`{"é":1}`, 2, `/é`}, {`{"\u00e9\ud83d\ude00\n":1}`, 2, "/é😀\n"},
		{`[[],[],{}]`, 3, `/2`}, {`[1]`, 9, ``},
	}
	for _, test := range tests {
		got := string(AppendPointer(nil, parseTest(t, test.in), test.node))
		if got != test.want || !utf8.ValidString(got) {
			t.Errorf("AppendPointer(%s, %d) = %q, want %q", test.in, test.node, got, test.want)
		}
	}
}

func TestHelpersDoNotAllocate(t *testing.T) {
	tape := parseTest(t, `[{"a\u00e9":1,"b":2},{"b":2.0,"aé":1},"x\ny"]`)
	c := NewComparer(100, 10)
	buf := make([]byte, 0, 100)
	if n := testing.AllocsPerRun(100, func() {
		c.Equal(tape, 1, tape, 6)
		c.Hash(tape, 0)
		c.Unique(tape, 0)
		AppendPointer(buf, tape, 3)
		tape.String(11, buf)
		tape.CodePoints(11)
		tape.Member(1, []byte("aé"))
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func TestBuild(t *testing.T) {
	tape := NewTape(12)
	tape.Reset([]byte(`ab\nc1.5étrue`))
	root, _ := tape.BeginObject(0)
	tape.AppendName(0, 1)
	tape.AppendString(1, 3) // b, backslash, n
	tape.AppendName(4, 1)
	list, _ := tape.BeginArray(0)
	tape.AppendNumber(5, 3)
	tape.AppendString(8, 2)
	tape.AppendBool(true, 10, 4)
	tape.AppendNull(0, 0)
	if _, ok := tape.AppendNumber(4, 3); ok {
		t.Error(`AppendNumber("c1.") = true, want false`)
	}
	tape.End(list)
	tape.End(root)
	want := parseTest(t, `{"c":[1.5,"é",true,null],"a":"b\\n"}`)
	c := NewComparer(20, 5)
	if !c.Equal(tape, root, want, 0) || c.Hash(tape, root) != c.Hash(want, 0) {
		t.Errorf("built tape differs: %+v", tape.Nodes)
	}
	if v := tape.Member(root, []byte("c")); v != list {
		t.Errorf("Member(c) = %d, want %d", v, list)
	}
	for range 3 {
		tape.AppendNull(0, 0)
	}
	if _, ok := tape.AppendNull(0, 0); ok || len(tape.Nodes) != 12 {
		t.Errorf("full tape took a node: %d", len(tape.Nodes))
	}
}
