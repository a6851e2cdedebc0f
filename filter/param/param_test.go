package param_test

import (
	"fmt"
	"math/rand"
	"net/url"
	"strings"
	"testing"

	"portcullis/filter/param"
	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

// one is an operation with one parameter.
func one(in, style string, explode bool, schema string) string {
	path := "/x"
	if in == "path" {
		path = "/x/{v}"
	}
	return fmt.Sprintf("  %s:\n    get:\n      parameters: [{name: v, in: %s, required: true, style: %s, explode: %v, schema: %s}]\n      responses: {}\n", path, in, style, explode, schema)
}

// feed gives the decoder the text of the one parameter.
func feed(d *param.Decoder, t *table.Table, op table.Op, in, text string) verdict.Code {
	if code := d.Begin(t, op); code != verdict.Allow {
		return code
	}
	code := verdict.Code(0)
	switch in {
	case "path":
		code = d.Path([][]byte{[]byte(text)})
	case "query":
		code, _, _ = d.Query([]byte(text), table.ActionDeny)
	case "header":
		code = d.Header([]byte("v"), []byte(text))
	case "cookie":
		code, _ = d.Cookie([]byte(text))
	}
	if code != verdict.Allow {
		return code
	}
	code, _ = d.Value(0)
	return code
}

// TestRoundTrip writes random values in each style with a slow encoder made
// from RFC 6570, and reads them back.
func TestRoundTrip(t *testing.T) {
	const strs = "{type: array, items: {type: string}}"
	const object = "{type: object, additionalProperties: {type: string}}"
	esc := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
	list := func(sep string, enc func(string) string) func([]string) string {
		return func(v []string) string {
			out := make([]string, len(v))
			for i := range v {
				out[i] = enc(v[i])
			}
			return strings.Join(out, sep)
		}
	}
	pairs := func(sep, eq string, enc func(string) string) func([]string) string {
		return func(v []string) string {
			var out []string
			for i := 0; i < len(v); i += 2 {
				out = append(out, enc(v[i])+eq+enc(v[i+1]))
			}
			return strings.Join(out, sep)
		}
	}
	front := func(s string, f func([]string) string) func([]string) string {
		return func(v []string) string { return s + f(v) }
	}
	deep := func(v []string) string {
		var out []string
		for i := 0; i < len(v); i += 2 {
			out = append(out, esc("v["+v[i]+"]")+"="+esc(v[i+1]))
		}
		return strings.Join(out, "&")
	}
	tests := []struct {
		in, style string
		explode   bool
		schema    string
		write     func([]string) string
	}{
		{"path", "simple", false, strs, list(",", esc)},
		{"path", "simple", true, strs, list(",", esc)},
		{"path", "simple", false, object, pairs(",", ",", esc)},
		{"path", "simple", true, object, pairs(",", "=", esc)},
		{"path", "label", false, strs, front(".", list(",", esc))},
		{"path", "label", true, strs, front(".", list(".", dotless(esc)))},
		{"path", "label", false, object, front(".", pairs(",", ",", esc))},
		{"path", "label", true, object, front(".", pairs(".", "=", dotless(esc)))},
		{"path", "matrix", false, strs, front(";v=", list(",", esc))},
		{"path", "matrix", true, strs, front(";v=", list(";v=", esc))},
		{"path", "matrix", false, object, front(";v=", pairs(",", ",", esc))},
		{"path", "matrix", true, object, front(";", pairs(";", "=", esc))},
		{"query", "form", false, strs, front("v=", list(",", esc))},
		{"query", "form", true, strs, front("v=", list("&v=", esc))},
		{"query", "form", false, object, front("v=", pairs(",", ",", esc))},
		{"query", "form", true, object, pairs("&", "=", url.QueryEscape)},
		{"query", "spaceDelimited", false, strs, front("v=", list("%20", spaceless(esc)))},
		{"query", "pipeDelimited", false, strs, front("v=", list("%7C", pipeless(esc)))},
		{"query", "spaceDelimited", false, object, front("v=", pairs("+", "+", spaceless(esc)))},
		{"query", "pipeDelimited", false, object, front("v=", pairs("|", "|", pipeless(esc)))},
		{"query", "deepObject", true, object, deep},
		{"header", "simple", false, strs, list(", ", headerText)},
		{"header", "simple", false, object, pairs(",", ",", headerText)},
		{"header", "simple", true, object, pairs(", ", "=", headerText)},
		{"cookie", "form", false, strs, front("v=", list(",", esc))},
		{"cookie", "form", true, strs, front("v=", list("&v=", esc))},
		{"cookie", "form", false, object, front("v=", pairs(",", ",", esc))},
		{"cookie", "cookie", true, strs, front("v=", list("; v=", headerText))},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s %s %v %.18s", tt.in, tt.style, tt.explode, tt.schema), func(t *testing.T) {
			tab, op := open(t, one(tt.in, tt.style, tt.explode, tt.schema))
			d := decoder()
			rnd := rand.New(rand.NewSource(1))
			isObject := tt.schema == object
			for range 200 {
				values := randomTexts(rnd, isObject)
				want, clean := expected(tt.style, tt.explode, tt.in, isObject, values)
				text := tt.write(clean)
				if code := feed(d, tab, op, tt.in, text); code != verdict.Allow {
					t.Fatalf("%q of %q: %s", text, clean, code.Name())
				}
				sound(t, &d.Tape)
				if got := show(&d.Tape, 0); got != want {
					t.Fatalf("%q = %s, want %s", text, got, want)
				}
			}
			text := tt.write([]string{"a", "b", "c", "d"})
			raw, path := []byte(text), [][]byte{[]byte(text)}
			if n := testing.AllocsPerRun(50, func() {
				d.Begin(tab, op)
				switch tt.in {
				case "path":
					d.Path(path)
				case "query":
					d.Query(raw, table.ActionDeny)
				case "header":
					d.Header([]byte("v"), raw)
				case "cookie":
					d.Cookie(raw)
				}
				d.Value(0)
			}); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

func dotless(f func(string) string) func(string) string {
	return func(s string) string { return f(strings.ReplaceAll(s, ".", "_")) }
}

func spaceless(f func(string) string) func(string) string {
	return func(s string) string { return f(strings.ReplaceAll(s, " ", "_")) }
}

func pipeless(f func(string) string) func(string) string {
	return func(s string) string { return f(strings.ReplaceAll(s, "|", "_")) }
}

// headerText leaves what a header list can hold as it is.
func headerText(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' || strings.ContainsRune(",;=&", r) {
			return '_'
		}
		return r
	}, s)
}

// randomTexts is 1 to 4 texts, in pairs of unlike names and values for objects.
func randomTexts(rnd *rand.Rand, object bool) (out []string) {
	const letters = "ab1,.;=&+% |/äöü~!'()*:@-_"
	runes := []rune(letters)
	n := 1 + rnd.Intn(4)
	if object {
		n *= 2
	}
	for i := range n {
		s := fmt.Sprint("k", i)
		for range 1 + rnd.Intn(5) {
			s += string(runes[rnd.Intn(len(runes))])
		}
		out = append(out, s)
	}
	return out
}

// expected is the value as show writes it, and the texts without what the
// style can't hold.
func expected(style string, explode bool, in string, object bool, values []string) (string, []string) {
	clean := make([]string, len(values))
	for i, v := range values {
		switch {
		case in == "header" || style == "cookie":
			v = headerText(v)
		case style == "label" && explode:
			v = strings.ReplaceAll(v, ".", "_")
		case style == "spaceDelimited":
			v = strings.ReplaceAll(v, " ", "_")
		case style == "pipeDelimited":
			v = strings.ReplaceAll(v, "|", "_")
		}
		clean[i] = v
	}
	var out []string
	if !object {
		for _, v := range clean {
			out = append(out, `"`+v+`"`)
		}
		return "[" + strings.Join(out, ",") + "]", clean
	}
	for i := 0; i < len(clean); i += 2 {
		out = append(out, clean[i]+`:"`+clean[i+1]+`"`)
	}
	return "{" + strings.Join(out, ",") + "}", clean
}

// TestTyped reads texts by shapes, to every level.
func TestTyped(t *testing.T) {
	const filter = "{type: object, properties: {n: {type: integer}, b: {type: boolean}, l: {type: array, items: {type: number}}, o: {type: object, properties: {x: {type: [integer, 'null']}}}}}"
	tests := []struct{ in, style, schema, text, want string }{
		{"query", "form", "{type: [integer, string]}", "v=5", "5"},
		{"query", "form", "{type: [integer, string]}", "v=05", `"05"`},
		{"query", "form", "{type: [boolean, 'null']}", "v=null", "null"},
		{"query", "form", "{type: string}", "v=5", `"5"`},
		{"query", "form", "{}", "v=5", `"5"`},
		{"query", "form", "{minimum: 1}", "v=5", "5"},
		{"query", "form", "{enum: [1, 'a']}", "v=1", "1"},
		{"query", "form", "{allOf: [{type: [integer, string]}, {type: number}]}", "v=1", "1"},
		{"query", "form", "{type: array, prefixItems: [{type: integer}], items: {type: string}}", "v=1&v=1", `[1,"1"]`},
		{"query", "form", "{oneOf: [{type: array, items: {type: integer}}, {type: integer}]}", "v=1&v=2", "[1,2]"},
		{"query", "form", "{oneOf: [{type: array, items: {type: integer}}, {type: integer}]}", "v=1", "1"},
		{"query", "deepObject", filter, "v[n]=1&v[b]=true&v[l][]=1&v[l][]=2&v[o][x]=null", `{n:1,b:true,l:[1,2],o:{x:null}}`},
		{"query", "deepObject", filter, "v[l][0]=1&v[l][1]=2", "{l:[1,2]}"},
		{"query", "deepObject", filter, "v[l]=1", "{l:[1]}"},
		{"query", "deepObject", filter, "v[l]=1&v[l]=2", "{l:[1,2]}"},
		{"query", "deepObject", filter, "v[o]=%7B%22x%22:3%7D", "{o:{x:3}}"},
		{"query", "deepObject", "{type: object, additionalProperties: {type: array, items: {type: object, properties: {i: {type: integer}}}}}", "v[a][0][i]=1&v[a][1][i]=2", "{a:[{i:1},{i:2}]}"},
		{"header", "simple", "{type: array, items: {type: integer}}", "", "[]"},
	}
	for _, tt := range tests {
		tab, op := open(t, one(tt.in, tt.style, tt.style == "form" || tt.style == "deepObject", tt.schema))
		d := decoder()
		if code := feed(d, tab, op, tt.in, tt.text); code != verdict.Allow {
			t.Errorf("%s %q of %s: %s", tt.style, tt.text, tt.schema, code.Name())
			continue
		}
		sound(t, &d.Tape)
		if got := show(&d.Tape, 0); got != tt.want {
			t.Errorf("%s %q of %s = %s, want %s", tt.style, tt.text, tt.schema, got, tt.want)
		}
	}
}

// TestRetry lists the readings of texts that can be several things.
func TestRetry(t *testing.T) {
	tests := []struct {
		schema, text string
		failed       uint32
		want         string
	}{
		{"{type: string}", "v=1", 0, `"1"`},
		{"{type: [string, integer]}", "v=1", 0, `1 "1"`},
		{"{type: [string, array], items: {type: integer}}", "v=1", 0, `"1" [1]`},
		{"{type: array, items: {type: [string, integer]}}", "v=1&v=2", 2, `[1,2] [1,"2"] ["1",2] ["1","2"]`},
	}
	for _, tt := range tests {
		tab, op := open(t, one("query", "form", true, tt.schema))
		d := decoder()
		if code := feed(d, tab, op, "query", tt.text); code != verdict.Allow {
			t.Fatalf("%q: %s", tt.text, code.Name())
		}
		got := []string{show(&d.Tape, 0)}
		for {
			code, again := d.Retry(tt.failed)
			if !again {
				break
			}
			if s := show(&d.Tape, 0); code == verdict.Allow && !contains(got, s) {
				got = append(got, s)
			}
			if len(got) > 100 {
				t.Fatal("there is no end of readings")
			}
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("readings of %q by %s = %s, want %s", tt.text, tt.schema, s, tt.want)
		}
	}
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// TestBounded holds the bounds of what one request may ask for.
func TestBounded(t *testing.T) {
	tab, op := open(t, one("query", "form", true, "{type: array, items: {type: integer}}"))
	d := decoder()
	if code := feed(d, tab, op, "query", strings.Repeat("v=1&", 2000)); code != verdict.ParamTooMany {
		t.Errorf("2000 values: %s, want param_too_many", code.Name())
	}
	tab, op = open(t, one("query", "deepObject", true, "{type: object, additionalProperties: {type: object}}"))
	if code := feed(d, tab, op, "query", "v"+strings.Repeat("[a]", 17)+"=1"); code != verdict.ParamMalformed {
		t.Errorf("17 brackets: %s, want param_malformed", code.Name())
	}
	// Afterwards all is as before.
	if code := feed(d, tab, op, "query", "v[a][b]=1"); code != verdict.Allow || show(&d.Tape, 0) != `{a:{b:"1"}}` {
		t.Errorf("after bounds: %s %s", code.Name(), show(&d.Tape, 0))
	}
}

// FuzzQuery reads any query by every style at once: never a panic, always a
// sound tape.
func FuzzQuery(f *testing.F) {
	const all = `  /x:
    get:
      parameters:
      - {name: a, in: query, schema: {type: [integer, string, array], items: {type: [integer, string]}}}
      - {name: b, in: query, explode: false, schema: {type: object, additionalProperties: {type: [integer, string]}}}
      - {name: c, in: query, style: deepObject, schema: {type: [object, array], additionalProperties: {type: [array, object, integer], items: {type: object}}}}
      - {name: d, in: query, style: spaceDelimited, schema: {type: array, items: {type: integer}}}
      - {name: e, in: query, style: pipeDelimited, schema: {type: [array, object, string]}}
      - {name: f, in: query, schema: {type: object, properties: {g: {type: array, items: {type: [integer, string]}}}}}
      - {name: j, in: query, content: {application/json: {schema: {}}}}
      responses: {}
`
	tab, op := open(f, all)
	d := decoder()
	for _, s := range []string{"a=1", "a=1&a=2", "b=x,1,y,2", "c[a][0]=1&c[b][]=2", "c[x]=%7B%7D", "d=1%202+3", "e=1|2", "g=1&g=2", "j=[1,{}]", "a=%zz", "c[", "c[]=1&c[]=2"} {
		f.Add([]byte(s), uint32(1))
	}
	f.Fuzz(func(t *testing.T, q []byte, failed uint32) {
		d.Begin(tab, op)
		if code, _, _ := d.Query(q, table.ActionPass); code != verdict.Allow {
			return
		}
		for i := range op.Params().Count {
			code, skip := d.Value(i)
			for n := 0; !skip; n++ {
				if code == verdict.Allow {
					sound(t, &d.Tape)
				}
				if code == verdict.Internal || n > 200 {
					t.Fatalf("parameter %d of %q: %s after %d readings", i, q, code.Name(), n)
				}
				var again bool
				if code, again = d.Retry(failed); !again {
					break
				}
			}
		}
	})
}
