package json

import (
	"bytes"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

func newTestParser() (*Parser, *Tape) { return NewParser(1<<12, 600), NewTape(1 << 12) }

// accepted and refused are also the seeds of the fuzz tests.
var accepted = []string{
	`null`, `true`, `false`, `0`, `-0`, `1`, `-1`, `10`, `1.5`, `0.0`, `1e5`, `1E+5`, `1e-5`, `0e0`, `-0.0e-0`, `1.25E10`,
	`123456789012345678901234567890`, `1e400`, `""`, `"a"`, `"12345678"`, `"1234567"`, `"123456789abcdef"`,
	`[]`, `{}`, `[[]]`, `[{}]`, `{"":0}`, `{"a":[]}`, `[1,2,3]`, `{"a":1,"b":2}`, `{"a":{"a":{"a":null}}}`,
	" \t\r\n[ \t\r\n1 , 2 ] \n", "\n                         {\n                    \"a\" :\n                 1}\n\n\n",
	`"\"\\\/\b\f\n\r\t"`, `"\u0000"`, `"\u00e9"`, `"\u00E9\uFFFF"`, `"\ud83d\ude00"`, `"\uDBFF\uDFFF"`, `"\uD7FF\uE000"`,
	"\"\x7f\"", "\"é\"", "\"日本語\"", "\"😀\"", "\"\xf4\x8f\xbf\xbf\"", "\"\xef\xbb\xbf\"", "\"\xed\x9f\xbf\xee\x80\x80\"",
	"\"abcdefé\"", "\"abcdefg日\"", "\"abcdefgh😀ijklmnopq\"", `{"é":1,"\u00e8":2,"e":3}`, `{"\"":1,"\\":2}`,
	`{"12345678":1,"1234567":2,"123456789":3,"1234567890123456":4}`, `[true,false,null,"x",1]`, `{"a":"b","c":["d"]}`,
	`[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]`, `["\\","\\\\","a\\"]`, `[0,0.0,-0]`, `{"a":{"b":1},"b":{"a":1}}`,
}

var refused = []struct {
	in     string
	status Status
	off    uint32
}{
	{"", ErrEmpty, 0}, {" ", ErrEmpty, 1}, {"\n\t", ErrEmpty, 2},
	{"\xef\xbb\xbf1", ErrSyntax, 0}, {"\xfe\xff", ErrSyntax, 0}, {"\x00", ErrSyntax, 0}, {"\v1", ErrSyntax, 0}, {"\f", ErrSyntax, 0},
	{"nul", ErrSyntax, 0}, {"nulL", ErrSyntax, 0}, {"True", ErrSyntax, 0}, {"fals", ErrSyntax, 0}, {"falsx", ErrSyntax, 0}, {"tru", ErrSyntax, 0},
	{"NaN", ErrSyntax, 0}, {"Infinity", ErrSyntax, 0}, {"-Infinity", ErrSyntax, 1}, {"nulll", ErrTrailing, 4}, {"truefalse", ErrTrailing, 4},
	{"-", ErrSyntax, 1}, {"+1", ErrSyntax, 0}, {".5", ErrSyntax, 0}, {"1.", ErrSyntax, 2}, {"1.e1", ErrSyntax, 2}, {"01", ErrTrailing, 1},
	{"-01", ErrTrailing, 2}, {"1e", ErrSyntax, 2}, {"1e+", ErrSyntax, 3}, {"1E-x", ErrSyntax, 3}, {"0x1", ErrTrailing, 1}, {"1_0", ErrTrailing, 1},
	{"--1", ErrSyntax, 1}, {"1-2", ErrTrailing, 1}, {"1.2.3", ErrTrailing, 3}, {"1e1e1", ErrTrailing, 3}, {"1e1.5", ErrTrailing, 3}, {"٣", ErrSyntax, 0},
	{"1 2", ErrTrailing, 2}, {"[] []", ErrTrailing, 3}, {"{}}", ErrTrailing, 2}, {"[]]", ErrTrailing, 2}, {"null\x00", ErrTrailing, 4}, {"1\xef\xbb\xbf", ErrTrailing, 1},
	{`"`, ErrSyntax, 1}, {`"a`, ErrSyntax, 2}, {`"abcdefgh`, ErrSyntax, 9}, {`"\`, ErrSyntax, 1}, {`"\"`, ErrSyntax, 3}, {`"\x"`, ErrSyntax, 1},
	{`"\u"`, ErrSyntax, 1}, {`"\u12"`, ErrSyntax, 1}, {`"\u123g"`, ErrSyntax, 1}, {`"\U0041"`, ErrSyntax, 1}, {`"\a"`, ErrSyntax, 1}, {`"\u00`, ErrSyntax, 1},
	{`'a'`, ErrSyntax, 0}, {"\"\n\"", ErrSyntax, 1}, {"\"\x00\"", ErrSyntax, 1}, {"\"\x1f\"", ErrSyntax, 1}, {"\"abcdefgh\t\"", ErrSyntax, 9},
	{`"\ud800"`, ErrSurrogate, 1}, {`"\udc00"`, ErrSurrogate, 1}, {`"\ud800\ud800"`, ErrSurrogate, 1}, {`"\ud800\u0041"`, ErrSurrogate, 1},
	{`"\ud800x"`, ErrSurrogate, 1}, {`"\uD800\`, ErrSurrogate, 1}, {`"a\udfff\ud800"`, ErrSurrogate, 2}, {`"\ud800\udcfg"`, ErrSyntax, 1}, {`{"\ud800":1}`, ErrSurrogate, 2},
	{"\"\x80\"", ErrUTF8, 1}, {"\"\xc0\xaf\"", ErrUTF8, 1}, {"\"\xc1\xbf\"", ErrUTF8, 1}, {"\"\xe0\x80\x80\"", ErrUTF8, 1}, {"\"\xed\xa0\x80\"", ErrUTF8, 1},
	{"\"\xf0\x8f\xbf\xbf\"", ErrUTF8, 1}, {"\"\xf4\x90\x80\x80\"", ErrUTF8, 1}, {"\"\xf5\x80\x80\x80\"", ErrUTF8, 1}, {"\"\xff\"", ErrUTF8, 1},
	{"\"\xc3\"", ErrUTF8, 1}, {"\"\xe6\x97\"", ErrUTF8, 1}, {"\"\xf0\x9f\x98\"", ErrUTF8, 1}, {"\"\xc3", ErrUTF8, 1}, {"\"é\x80\"", ErrUTF8, 3}, {"{\"\xff\":1}", ErrUTF8, 2},
	{"[", ErrSyntax, 1}, {"]", ErrSyntax, 0}, {"[1", ErrSyntax, 2}, {"[1,", ErrSyntax, 3}, {"[,]", ErrSyntax, 1}, {"[1,]", ErrSyntax, 3}, {"[1 2]", ErrSyntax, 3}, {"[1}", ErrSyntax, 2},
	{"[,1]", ErrSyntax, 1}, {"[1,,2]", ErrSyntax, 3}, {"[//\n1]", ErrSyntax, 1}, {"[1/**/]", ErrSyntax, 2}, {"[:]", ErrSyntax, 1}, {`["a":1]`, ErrSyntax, 4},
	{"{", ErrSyntax, 1}, {"}", ErrSyntax, 0}, {`{"a"`, ErrSyntax, 4}, {`{"a":`, ErrSyntax, 5}, {`{"a":1`, ErrSyntax, 6}, {`{"a":1,`, ErrSyntax, 7}, {`{"a":1,}`, ErrSyntax, 7}, {`{"a"}`, ErrSyntax, 4},
	{`{"a",1}`, ErrSyntax, 4}, {`{"a" 1}`, ErrSyntax, 5}, {`{a:1}`, ErrSyntax, 1}, {`{1:1}`, ErrSyntax, 1}, {`{,}`, ErrSyntax, 1}, {`{"a":}`, ErrSyntax, 5}, {`{"a":1]`, ErrSyntax, 6},
	{`{"a":1 "b":2}`, ErrSyntax, 7}, {`{'a':1}`, ErrSyntax, 1}, {`{null:1}`, ErrSyntax, 1}, {`{"a`, ErrSyntax, 3}, {"{\"a\n\":1}", ErrSyntax, 3}, {`{"a"::1}`, ErrSyntax, 5}, {`{"é" 1}`, ErrSyntax, 6},
	{`{"a":1,"a":1}`, ErrDuplicate, 8}, {`{"a":1,"b":2,"a":3}`, ErrDuplicate, 14}, {`{"a":1,"\u0061":1}`, ErrDuplicate, 8}, {`{"\u0061":1,"a":1}`, ErrDuplicate, 13},
	{`[{"x":{"":1,"":2}}]`, ErrDuplicate, 13}, {`{"é":1,"\u00e9":1}`, ErrDuplicate, 9}, {`{"\/":1,"/":1}`, ErrDuplicate, 9}, {`{"a":{"b":1},"a":{"c":1}}`, ErrDuplicate, 14},
	{`{"a":1,"a":1} x`, ErrTrailing, 14}, {`{"a":{"a":1,"b":1,"b":1},"a":1}`, ErrDuplicate, 19},
}

func TestParseAccepts(t *testing.T) {
	p, tape := newTestParser()
	for _, in := range accepted {
		if got := p.Parse(tape, []byte(in), Options{}); got != StatusOK {
			t.Errorf("Parse(%q) = %v at %d, want ok", in, got, p.ErrOffset)
			continue
		}
		checkAgainstReference(t, p, tape, []byte(in))
	}
}

func TestParseRefuses(t *testing.T) {
	p, tape := newTestParser()
	for _, test := range refused {
		if got := p.Parse(tape, []byte(test.in), Options{}); got != test.status || p.ErrOffset != test.off {
			t.Errorf("Parse(%q) = %v at %d, want %v at %d", test.in, got, p.ErrOffset, test.status, test.off)
		}
		if len(tape.Nodes) != 0 {
			t.Errorf("Parse(%q) left %d nodes, want 0", test.in, len(tape.Nodes))
		}
		checkAgainstReference(t, p, tape, []byte(test.in))
	}
}

// TestParseTruncated cuts and damages every accepted text at every byte.
func TestParseTruncated(t *testing.T) {
	p, tape := newTestParser()
	for _, in := range accepted {
		for i := range len(in) {
			checkAgainstReference(t, p, tape, []byte(in)[:i:i])
			for _, c := range []byte("\x00\"\\,:{}[]0e-.u\x80\xff ") {
				b := []byte(in)
				b[i] = c
				checkAgainstReference(t, p, tape, b)
			}
		}
	}
}

// checkAgainstReference holds Parse and encoding/json together on one text.
func checkAgainstReference(t *testing.T, p *Parser, tape *Tape, src []byte) {
	t.Helper()
	want, duplicate, ok := reference(src)
	status := p.Parse(tape, src, Options{})
	if status == ErrDepth || status == ErrNodes {
		return
	}
	if (status == StatusOK) != (ok && !duplicate) || (status == ErrDuplicate) != (ok && duplicate) {
		t.Errorf("Parse(%q) = %v at %d, want valid %v, duplicate %v", src, status, p.ErrOffset, ok, duplicate)
		return
	}
	if uint64(p.ErrOffset) > uint64(len(src)) {
		t.Errorf("Parse(%q): offset %d beyond the end", src, p.ErrOffset)
	}
	if status == ErrDuplicate {
		status = p.Parse(tape, src, Options{AllowDuplicates: true})
	}
	if status != StatusOK {
		return
	}
	got, problem := tapeEvents(tape)
	if problem != "" {
		t.Errorf("Parse(%q): %s", src, problem)
	}
	if len(got) != len(want) {
		t.Errorf("Parse(%q) = %q, want %q", src, got, want)
		return
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("Parse(%q) event %d = %q, want %q", src, i, got[i], want[i])
		}
	}
}

func TestParseLimits(t *testing.T) {
	tests := []struct {
		name, in string
		opt      Options
		status   Status
		off      uint32
	}{
		{"depth reached", `[[1]]`, Options{MaxDepth: 2}, StatusOK, 5},
		{"depth passed", `[[[]]]`, Options{MaxDepth: 2}, ErrDepth, 2},
		{"depth siblings", `[[],[],{}]`, Options{MaxDepth: 2}, StatusOK, 10},
		{"scalar", `1`, Options{MaxDepth: 1, MaxNodes: 1}, StatusOK, 1},
		{"nodes reached", `{"a":[1]}`, Options{MaxNodes: 4}, StatusOK, 9},
		{"nodes passed", `{"a":[1,2]}`, Options{MaxNodes: 4}, ErrNodes, 8},
		{"nodes passed by name", `{"a":1,"b":2}`, Options{MaxNodes: 3}, ErrNodes, 8},
		{"nodes passed by odd name", `{"a":1,"é":2}`, Options{MaxNodes: 3}, ErrNodes, 8},
		{"string reached", `"abc"`, Options{MaxString: 3}, StatusOK, 5},
		{"string passed", `"abcd"`, Options{MaxString: 3}, ErrString, 1},
		{"name reached", `{"abc":"abcd"}`, Options{MaxName: 3}, StatusOK, 14},
		{"name passed", `{"abcd":1}`, Options{MaxName: 3}, ErrName, 2},
		{"odd name passed", `{"\u0061":1}`, Options{MaxName: 3}, ErrName, 2},
		{"items reached", `[1,2]`, Options{MaxItems: 2}, StatusOK, 5},
		{"items passed", `[1,2,3]`, Options{MaxItems: 2}, ErrItems, 6},
		{"members passed", `{"a":1,"b":2,"c":3}`, Options{MaxItems: 2}, ErrItems, 18},
		{"duplicates allowed", `{"a":1,"a":2}`, Options{AllowDuplicates: true}, StatusOK, 13},
	}
	p, tape := newTestParser()
	for _, test := range tests {
		if got := p.Parse(tape, []byte(test.in), test.opt); got != test.status || p.ErrOffset != test.off {
			t.Errorf("%s: Parse(%q) = %v at %d, want %v at %d", test.name, test.in, got, p.ErrOffset, test.status, test.off)
		}
	}
	deep := strings.Repeat("[", 600) + strings.Repeat("]", 600)
	if got := p.Parse(tape, []byte(deep), Options{}); got != StatusOK {
		t.Errorf("600 deep = %v, want ok", got)
	}
	if got := p.Parse(tape, []byte("["+deep+"]"), Options{}); got != ErrDepth {
		t.Errorf("601 deep = %v, want too deep", got)
	}
	if got := p.Parse(&Tape{}, []byte("1"), Options{}); got != ErrNodes {
		t.Errorf("zero tape = %v, want too many nodes", got)
	}
	if got := new(Parser).Parse(tape, []byte("1"), Options{}); got != ErrNodes {
		t.Errorf("zero parser = %v, want too many nodes", got)
	}
}

// TestParseManyNames crowds the set of names: all tags in one neighbourhood.
func TestParseManyNames(t *testing.T) {
	p, tape := NewParser(1<<14, 10), NewTape(1<<14)
	var b bytes.Buffer
	names := []string{}
	for i := 0; len(names) < 1000; i++ {
		name := "n" + strconv.Itoa(i)
		if HashName([]byte(name))&0xff == 7 { // one hash in 256
			names = append(names, name)
		}
	}
	write := func(names []string) []byte {
		b.Reset()
		b.WriteByte('{')
		for i, name := range names {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(`"` + name + `":{"` + name + `":0}`)
		}
		b.WriteByte('}')
		return b.Bytes()
	}
	if got := p.Parse(tape, write(names), Options{}); got != StatusOK {
		t.Fatalf("distinct names = %v at %d, want ok", got, p.ErrOffset)
	}
	for range 20 {
		i := 1 + rand.IntN(len(names)-1)
		twice := append(append([]string{}, names...), names[i])
		rand.Shuffle(len(twice), func(a, b int) { twice[a], twice[b] = twice[b], twice[a] })
		src := write(twice)
		want := bytes.LastIndex(src, []byte(`"`+names[i]+`":{`)) + 1
		if got := p.Parse(tape, src, Options{}); got != ErrDuplicate || int(p.ErrOffset) != want {
			t.Fatalf("%q twice = %v at %d, want duplicate at %d", names[i], got, p.ErrOffset, want)
		}
	}
}

// TestParserGenerations makes sure that an old text's names are forgotten.
func TestParserGenerations(t *testing.T) {
	p, tape := newTestParser()
	p.gen = 1<<32 - 3
	for range 6 {
		if got := p.Parse(tape, []byte(`{"a":1,"b":{"a":1}}`), Options{}); got != StatusOK || p.state.suspect != 0 {
			t.Fatalf("generation %d: %v, suspect %d", p.gen, got, p.state.suspect)
		}
	}
}

func TestParseDoesNotAllocate(t *testing.T) {
	p, tape := newTestParser()
	texts := [][]byte{[]byte(`{"a":[1,2,{"b":"c\n","é":null}],"d":"日本語"}`), []byte(`{"a":1,"a":2}`), []byte(`[1,`)}
	if n := testing.AllocsPerRun(100, func() {
		for _, src := range texts {
			p.Parse(tape, src, Options{})
		}
	}); n != 0 {
		t.Errorf("Parse allocates %v times, want 0", n)
	}
}

func FuzzParse(f *testing.F) {
	for _, in := range accepted {
		f.Add([]byte(in))
	}
	for _, test := range refused {
		f.Add([]byte(test.in))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		p, tape := NewParser(512, 100), NewTape(512)
		checkAgainstReference(t, p, tape, src)
		checkKernels(t, src, kernelOptions[len(src)%len(kernelOptions)])
	})
}
