package source

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// dump writes a tree as compact JSON with members in order.
func dump(n *Node) string {
	var b strings.Builder
	var walk func(n *Node)
	walk = func(n *Node) {
		switch n.Kind {
		case Null:
			b.WriteString("null")
		case Bool:
			fmt.Fprint(&b, n.Bool)
		case Number:
			b.WriteString(n.Text)
		case String:
			q, _ := json.Marshal(n.Text)
			b.Write(q)
		case Array:
			b.WriteByte('[')
			for i, c := range n.Items {
				if i > 0 {
					b.WriteByte(',')
				}
				walk(c)
			}
			b.WriteByte(']')
		case Object:
			b.WriteByte('{')
			for i, c := range n.Items {
				if i > 0 {
					b.WriteByte(',')
				}
				q, _ := json.Marshal(n.Keys[i].Name)
				b.Write(q)
				b.WriteByte(':')
				walk(c)
			}
			b.WriteByte('}')
		}
	}
	walk(n)
	return b.String()
}

func TestParseJSON(t *testing.T) {
	tests := []struct{ in, want string }{
		{`{}`, `{}`},
		{"\ufeff [1, 2.50,-0e+1] \n", `[1,2.50,-0e+1]`},
		{`{"b":1,"a":{"x":[null,true,false]}}`, `{"b":1,"a":{"x":[null,true,false]}}`},
		{`"a\u00e9\ud83d\ude00\n\/"`, `"aé😀\n/"`},
		{`123456789012345678901234567890.000`, `123456789012345678901234567890.000`},
		// Errors: the place and the message.
		{``, `t.json:1:1: found the end of the document, wanted a JSON value`},
		{"{\n \"a\": 1,\n \"a\": 2}", `t.json:3:2: found the name "a" again, wanted it once: the first is at line 2 column 2`},
		{`{"a":1,}`, `t.json:1:8: found '}', wanted a member name in double quotes`},
		{`[1,]`, `t.json:1:4: found ']', wanted a JSON value`},
		{`[01]`, `t.json:1:3: found a number with a leading zero, wanted none`},
		{`[1.]`, `t.json:1:4: found ']' in a number, wanted a digit`},
		{`[.5]`, `t.json:1:2: found '.', wanted a JSON value`},
		{`"\x"`, `t.json:1:2: found an escape that JSON does not have, wanted one of \" \\ \/ \b \f \n \r \t \uXXXX`},
		{`"\ud800"`, `t.json:1:2: found half of a surrogate pair, wanted both halves`},
		{`"\udc00\ud800"`, `t.json:1:2: found half of a surrogate pair, wanted both halves`},
		{"\"a\tb\"", `t.json:1:3: found the control character 0x09 in a string, wanted its escape`},
		{`"abc`, `t.json:1:5: found the end of the document in a string, wanted a closing quote`},
		{`{} {}`, `t.json:1:4: found '{' after the value, wanted the end of the document`},
		{"[\"\xff\"]", `t.json:1:3: found a byte that is not UTF-8, wanted UTF-8 text`},
		{`nul`, `t.json:1:1: found 'n', wanted a JSON value`},
		{`{"é":1 "b":2}`, `t.json:1:9: found '"', wanted a comma or a closing brace`},
		{strings.Repeat("[", 2000), `t.json:1:1002: found nesting deeper than 1000, wanted less`},
	}
	for _, tt := range tests {
		if got := parseDump("t.json", tt.in); got != tt.want {
			t.Errorf("Parse(%q) = %s, want %s", tt.in, got, tt.want)
		}
	}
}

func parseDump(name, in string) string {
	doc, err := Parse(name, "file:///"+name, []byte(in))
	if err != nil {
		return err.Error()
	}
	return dump(doc.Root)
}

func TestParseYAML(t *testing.T) {
	laughs := "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
	for i := 1; i < 10; i++ {
		ref := fmt.Sprintf("*a%d", i-1)
		laughs += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(ref+",", 10), ","))
	}
	tests := []struct{ in, want string }{
		{"a: 1\nb: [x, 'y', \"z\"]\n", `{"a":1,"b":["x","y","z"]}`},
		// Core schema scalars.
		{"[0x1F, 0o17, .5, +1, 012, -012.50, 1., 1e3, +.5e+3, -0, 0xff]", `[31,15,0.5,1,12,-12.50,1.0,1e3,0.5e+3,-0,255]`},
		{"[1_000, 0b1, 1:30, 0X1F, 1e, '12', \"1\", .]", `["1_000","0b1","1:30","0X1F","1e","12","1","."]`},
		{"[yes, No, on, OFF, y, n, 2020-01-01, 2020-01-01T00:00:00Z]",
			`["yes","No","on","OFF","y","n","2020-01-01","2020-01-01T00:00:00Z"]`},
		{"[true, True, FALSE, tRUE, null, Null, ~, NULL, nULL, ]", `[true,true,false,"tRUE",null,null,null,null,"nULL"]`},
		{"[!!str 12, !!int 0x10, !!float 1, !!null ~, !!bool true]", `["12",16,1,null,true]`},
		{"200: ok\ntrue: b\n~: n\n1.0: x\n2020-01-01: d\n", `{"200":"ok","true":"b","~":"n","1.0":"x","2020-01-01":"d"}`},
		{"a: |\n  x\n  y\nb: >\n  x\n  y\n", `{"a":"x\ny\n","b":"x y\n"}`},
		// Anchors and merge keys.
		{"a: &x {p: 1}\nb: *x\n", `{"a":{"p":1},"b":{"p":1}}`},
		{"a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}\n", `{"a":{"p":1,"q":2},"b":{"q":3,"p":1}}`},
		{"a: &x {p: 1}\nb: &y {p: 2, q: 2}\nc: {<<: [*x, *y]}\n", `{"a":{"p":1},"b":{"p":2,"q":2},"c":{"p":1,"q":2}}`},
		{"a: {'<<': {p: 1}}\n", `{"a":{"\u003c\u003c":{"p":1}}}`},
		{"a: &k key\n*k : v\n", `{"a":"key","key":"v"}`},
		{"{\"a\": 1, b: [c]}", `{"a":1,"b":["c"]}`},
		{"%YAML 1.2\n---\na: 1\n", `{"a":1}`},
		{"# a comment\n\n%YAML 1.2 # and another\n---\na: 1\n", `{"a":1}`},
		{"{? a : b}", `{"a":"b"}`},
		{"?a: b\n", `{"?a":"b"}`},
		{"{'?a': b}", `{"?a":"b"}`},
		{"a: &x\n  b: &y c\nd: [&z e,*z]\n", `{"a":{"b":"c"},"d":["e","e"]}`},
		// Errors.
		{"", `t.yaml:1:1: found an empty document, wanted a value`},
		{"# only a comment\n", `t.yaml:1:1: found an empty document, wanted a value`},
		{"a: 1\nb: 2\na: 3\n", `t.yaml:3:1: found the name "a" again, wanted it once: the first is at line 1 column 1`},
		{"200: a\n\"200\": b\n", `t.yaml:2:1: found the name "200" again, wanted it once: the first is at line 1 column 1`},
		{"a: 1\n---\nb: 2\n", `t.yaml:2:1: found a second YAML document, wanted one in a file`},
		{"{?a: b}", `t.yaml:1:3: found a question mark right before the name "a", wanted quotes around both`},
		{"a: [b, ?c]", `t.yaml:1:9: found a question mark right before the name "c", wanted quotes around both`},
		{"a: &x:y b\n", `t.yaml:1:4: found an anchor with the character ':', wanted letters, digits, - and _`},
		{"&x:y a : b\n", `t.yaml:1:1: found an anchor with the character ':', wanted letters, digits, - and _`},
		{"%YAML 1.3\n---\na: 1\n", `t.yaml:1:1: found incompatible YAML document, wanted YAML 1.2`},
		{"a: .inf\n", `t.yaml:1:4: found .inf, wanted a number that JSON has`},
		{"a: [-.INF]\n", `t.yaml:1:5: found -.INF, wanted a number that JSON has`},
		{"a: .NaN\n", `t.yaml:1:4: found .NaN, wanted a number that JSON has`},
		{"? [a]\n: 1\n", `t.yaml:1:3: found a mapping or sequence as a name, wanted a scalar`},
		{"a: &x [*x]\n", `t.yaml:1:8: found the alias *x inside its own anchor, wanted no cycle`},
		{"a: &x {b: *x}\n", `t.yaml:1:11: found the alias *x inside its own anchor, wanted no cycle`},
		{"a: &x {<<: *x}\n", `t.yaml:1:12: found the alias *x inside its own anchor, wanted no cycle`},
		{"a: {<<: 1}\n", `t.yaml:1:9: found a merge key with a scalar, wanted a mapping, an alias of one, or a sequence of them`},
		{"a: !Ref b\n", `t.yaml:1:4: found the tag !Ref, wanted none or one of YAML's core schema`},
		{"a: !!int x\n", `t.yaml:1:4: found "x" with the tag !!int, wanted a number`},
		{"a: 1\nb: {c: 1\nd: [", `t.yaml:2:1: did not find expected ',' or '}', wanted YAML 1.2`},
		{"a: 1\nb: 2\n c: 3\n", `t.yaml:3:1: mapping values are not allowed in this context, wanted YAML 1.2`},
		{"a: 1\nb:\n- x\n  y: z\n", `t.yaml:4:1: mapping values are not allowed in this context, wanted YAML 1.2`},
		{"a: 1\nb:\n  c: 1\n d: 1\n", `t.yaml:4:1: did not find expected key, wanted YAML 1.2`},
		{"a: 1\nb: ]\n", `t.yaml:2:1: did not find expected node content, wanted YAML 1.2`},
		{"é: {x: 1, x: 2}\n", `t.yaml:1:12: found the name "x" again, wanted it once: the first is at line 1 column 6`},
	}
	for _, tt := range tests {
		if got := parseDump("t.yaml", tt.in); got != tt.want {
			t.Errorf("Parse(%q) = %s, want %s", tt.in, got, tt.want)
		}
	}
	for _, in := range []string{laughs, "a: [b\n", "a: b: c\n", "\ta: 1\n", "a: *nope\n", "%YAML 9.9\n---\na\n", "a: \"\n", "&", "- :\n -\n  a: ? :"} {
		start := time.Now()
		_, err := Parse("t.yaml", "", []byte(in))
		if err == nil && in == laughs {
			t.Errorf("Parse(%.40q...) succeeded, want the alias bound", in)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "t.yaml:") {
			t.Errorf("Parse(%.40q) = %v, want a place", in, err)
		}
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("Parse(%.40q...) took %v, want bounded work", in, d)
		}
	}
}

func TestPointer(t *testing.T) {
	doc, err := Parse("t.json", "", []byte(`{"paths":{"/a~b/{c}":{"":[10,20,{"x":1}]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	var walk func(n *Node)
	walk = func(n *Node) {
		if got := AtPointer(doc.Root, Pointer(n)); got != n {
			t.Errorf("AtPointer(%q) = %v, want the node it came from", Pointer(n), got)
		}
		for _, c := range n.Items {
			if c.Parent != n || c.Doc != doc {
				t.Errorf("%q: wrong Parent or Doc", Pointer(c))
			}
			walk(c)
		}
	}
	walk(doc.Root)
	if got, want := Pointer(doc.Root.Items[0].Items[0].Items[0].Items[2].Items[0]), "/paths/~1a~0b~1{c}//2/x"; got != want {
		t.Errorf("Pointer = %q, want %q", got, want)
	}
	for _, ptr := range []string{"paths", "/paths/x", "/paths/~1a~0b~1{c}//02", "/paths/~1a~0b~1{c}//3", "/paths/~1a~0b~1{c}//-", "/paths/~2", "/paths/~"} {
		if got := AtPointer(doc.Root, ptr); got != nil {
			t.Errorf("AtPointer(%q) = %v, want nil", ptr, got)
		}
	}
}

func TestParseLargeObjectIndex(t *testing.T) {
	var b strings.Builder
	b.WriteString("{")
	for i := range 100 {
		fmt.Fprintf(&b, `"k%d":%d,`, i, i)
	}
	in := b.String()
	if got := parseDump("t.json", in+`"k7":0}`); !strings.Contains(got, `found the name "k7" again`) {
		t.Errorf("Parse = %.80s, want a duplicate error", got)
	}
	doc, err := Parse("t.json", "", []byte(in+`"last":0}`))
	if err != nil {
		t.Fatal(err)
	}
	if n := doc.Root.Get("k99"); n == nil || n.Text != "99" {
		t.Errorf("Get(k99) = %v, want 99", n)
	}
	if n := doc.Root.Get("k100"); n != nil {
		t.Errorf("Get(k100) = %v, want nil", n)
	}
}

// TestParseSpecs reads every shared description, and checks JSON ones against
// encoding/json.
func TestParseSpecs(t *testing.T) {
	files, _ := filepath.Glob("../../../shared/testdata/specs/*")
	if len(files) == 0 {
		t.Skip("skipped: ../shared/testdata/specs is not there")
	}
	for _, file := range files {
		switch filepath.Ext(file) {
		case ".json", ".yaml", ".yml":
		default:
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := Parse(file, "", data)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		if filepath.Ext(file) == ".json" && len(data) < 1<<20 {
			var a, b any
			if err := json.Unmarshal(data, &a); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(dump(doc.Root)), &b); err != nil {
				t.Fatal(err)
			}
			if x, y := fmt.Sprint(a), fmt.Sprint(b); x != y {
				t.Errorf("%s: the tree differs from encoding/json's", file)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"a":[1,"\u00e9",null]}`, "a: &x {b: 1}\nc: {<<: *x}\n", "- 0x1F\n- .5\n- 'q'\n", `{"a":1,"a":2}`, "? a\n: b\n", "a: *b", "!!str 1"} {
		f.Add([]byte(s), true)
		f.Add([]byte(s), false)
	}
	f.Fuzz(func(t *testing.T, data []byte, asJSON bool) {
		name := "t.yaml"
		if asJSON {
			name = "t.json"
		}
		// A hang would otherwise only show as a fuzzer that stands still.
		watch := time.AfterFunc(10*time.Second, func() { panic(fmt.Sprintf("Parse(%q) hangs", data)) })
		doc, err := Parse(name, "", data)
		watch.Stop()
		if err != nil {
			if asJSON && json.Valid(data) && !strings.Contains(err.Error(), "again") && !strings.Contains(err.Error(), "UTF-8") &&
				!strings.Contains(err.Error(), "surrogate") && !strings.Contains(err.Error(), "nesting") {
				t.Fatalf("Parse(%q) = %v, but it is valid JSON", data, err)
			}
			return
		}
		text := dump(doc.Root)
		again, err := Parse("t.json", "", []byte(text))
		if err != nil {
			t.Fatalf("Parse(%q) gave %s, which is no JSON: %v", data, text, err)
		}
		if got := dump(again.Root); got != text {
			t.Fatalf("second parse gave %s, want %s", got, text)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for _, name := range []string{"github--api.github.com.json", "lob--lob-openapi--dist_lob-api-bundled.yml"} {
		data, err := os.ReadFile("../../../shared/testdata/specs/" + name)
		if err != nil {
			b.Skip("skipped: ../shared/testdata/specs is not there")
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, err := Parse(name, "", data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
