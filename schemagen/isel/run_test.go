package isel

import (
	"strconv"
	"strings"
	"testing"
	"time"

	fjson "portcullis/filter/json"
	"portcullis/filter/schema"
	"portcullis/filter/table"
	"portcullis/schemagen/diag"
	"portcullis/schemagen/dialect"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/lower"
	"portcullis/schemagen/source"
)

// lowered lowers a schema given as JSON text.
func lowered(t testing.TB, text string) (*ir.Schema, *diag.List) {
	t.Helper()
	doc, err := source.Parse("s.json", "file:///s.json", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var diags diag.List
	d, _ := dialect.ByName("2020-12")
	return lower.New(nil, lower.Options{SkipMetaschema: true}, &diags).Schema(doc.Root, d, lower.Neutral), &diags
}

// judge is a table with what is needed to run it.
type judge struct {
	tab   *table.Table
	entry uint32
	size  int
	m     *schema.Machine
	p     *fjson.Parser
	tape  *fjson.Tape
}

func newJudge(t testing.TB, text string, l schema.Limits) *judge {
	t.Helper()
	s, diags := lowered(t, text)
	j := &judge{m: schema.NewMachine(l), p: fjson.NewParser(1<<16, 600), tape: fjson.NewTape(1 << 16)}
	j.tab, j.entry, j.size = build(t, s, diags)
	return j
}

func (j *judge) parse(t testing.TB, body string) {
	t.Helper()
	if st := j.p.Parse(j.tape, []byte(body), fjson.Options{}); st != fjson.StatusOK {
		t.Fatalf("Parse(%.60q) = %v", body, st)
	}
}

func (j *judge) run(t testing.TB, body string) schema.Status {
	t.Helper()
	j.parse(t, body)
	return j.m.Validate(j.tab, j.entry, j.tape, 0)
}

// say writes a failure as "pointer keyword location: message".
func (j *judge) say(f schema.Failure) string {
	b := schema.AppendPointer(nil, j.tape, f)
	b = append(b, ' ')
	b = schema.AppendKeyword(b, j.tab, f)
	b = append(b, ' ')
	b = schema.AppendLocation(b, j.tab, f)
	b = append(b, ": "...)
	b = schema.AppendMessage(b, j.tab, f, j.tape)
	return strings.ReplaceAll(string(b), "file:///s.json", "")
}

func TestFailures(t *testing.T) {
	tests := []struct{ name, schema, body, want string }{
		{"type", `{"type":"string"}`, `1`, ` type #/type: found number, wanted string`},
		{"types", `{"type":["integer","null"]}`, `1.5`, ` type #/type: found number, wanted null or integer`},
		{"type in properties", `{"properties":{"a":{"type":"string"}}}`, `{"a":true}`, `/a type #/properties/a/type: found boolean, wanted string`},
		{"minimum", `{"minimum":5}`, `3`, ` minimum #/minimum: 3 is less than 5`},
		{"maximum", `{"maximum":5}`, `5.000000000000000000001`, ` maximum #/maximum: 5.000000000000000000001 is greater than 5`},
		{"exclusiveMinimum", `{"exclusiveMinimum":5}`, `5.0`, ` exclusiveMinimum #/exclusiveMinimum: 5.0 is not greater than 5`},
		{"exclusiveMaximum", `{"exclusiveMaximum":-1}`, `-1`, ` exclusiveMaximum #/exclusiveMaximum: -1 is not less than -1`},
		{"multipleOf", `{"properties":{"items":{"items":{"properties":{"price":{"multipleOf":0.01}}}}}}`,
			`{"items":[{},{},{},{"price":12.345}]}`, `/items/3/price multipleOf #/properties/items/items/properties/price/multipleOf: 12.345 is not a multiple of 0.01`},
		{"long number", `{"maximum":5}`, strings.Repeat("9", 100), ` maximum #/maximum: ` + strings.Repeat("9", 40) + `... is greater than 5`},
		{"minLength", `{"minLength":3}`, `"\u00e9\ud83d\ude00"`, ` minLength #/minLength: has 2 characters, wanted at least 3`},
		{"maxLength", `{"minLength":1,"maxLength":2}`, `"abc"`, ` maxLength #/maxLength: has 3 characters, wanted at most 2`},
		{"pattern", `{"pattern":"^a+$"}`, `"ab"`, ` pattern #/pattern: does not match the pattern`},
		{"pattern on escapes", `{"pattern":"^\\u00e9$"}`, `"\u00e8"`, ` pattern #/pattern: does not match the pattern`},
		{"format", `{"format":"date"}`, `"2020-13-01"`, ` format #/format: is not a valid date`},
		{"minItems", `{"minItems":1}`, `[]`, ` minItems #/minItems: has 0 items, wanted at least 1`},
		{"maxItems", `{"maxItems":1}`, `[1,2]`, ` maxItems #/maxItems: has 2 items, wanted at most 1`},
		{"minProperties", `{"minProperties":2}`, `{"a":1}`, ` minProperties #/minProperties: has 1 member, wanted at least 2`},
		{"unique", `{"uniqueItems":true}`, `[1,{"a":1,"b":2},3,{"b":2.0,"a":1e0}]`, ` uniqueItems #/uniqueItems: item 3 equals an earlier one`},
		{"enum", `{"enum":["a",1,null,[1]]}`, `"b"`, ` enum #/enum: wanted one of "a", null, 1, an array`},
		{"empty enum", `{"enum":[]}`, `1`, ` enum #/enum: is not allowed, whatever the value`},
		{"const", `{"const":"x"}`, `"y"`, ` const #/const: wanted "x"`},
		{"required", `{"required":["a","b"]}`, `{"a":1}`, ` required #/required: required member "b" is missing`},
		{"dependentRequired", `{"dependentRequired":{"a":["b","c"]}}`, `{"a":1,"b":2}`, ` dependentRequired #/dependentRequired: member "a" needs member "c"`},
		{"additional", `{"properties":{"a":true},"additionalProperties":false}`, `{"a":1,"z\n":2}`, ` additionalProperties #/additionalProperties: member "z\n" is not allowed`},
		{"additional schema", `{"additionalProperties":{"type":"string"}}`, `{"a/b":1}`, `/a~1b type #/additionalProperties/type: found number, wanted string`},
		{"false", `{"properties":{"a":false}}`, `{"a":1}`, `/a false #/properties/a: is not allowed`},
		{"propertyNames", `{"propertyNames":{"maxLength":2}}`, `{"abc":1}`, `/abc maxLength #/propertyNames/maxLength: has 3 characters, wanted at most 2`},
		{"patternProperties", `{"patternProperties":{"^x/":{"type":"null"}}}`, `{"x/1":0}`, `/x~11 type #/patternProperties/^x~1/type: found number, wanted null`},
		{"items", `{"items":{"minimum":1}}`, `[1,0]`, `/1 minimum #/items/minimum: 0 is less than 1`},
		{"prefixItems", `{"prefixItems":[true,{"type":"null"}],"items":false}`, `[1,null,3]`, `/2 false #/items: is not allowed`},
		{"contains", `{"contains":{"type":"string"}}`, `[1]`, ` contains #/contains: has 0 matching items, wanted at least 1`},
		{"maxContains", `{"contains":true,"maxContains":1}`, `[1,2]`, ` maxContains #/maxContains: has 2 matching items, wanted at most 1`},
		{"minContains", `{"contains":true,"minContains":3}`, `[1,2]`, ` minContains #/minContains: has 2 matching items, wanted at least 3`},
		{"not", `{"not":{"type":"string"}}`, `""`, ` not #/not: matches what it must not`},
		{"anyOf", `{"anyOf":[{"maximum":0},{"minimum":3}]}`, `1`, ` anyOf #/anyOf: matches none of the alternatives`},
		{"anyOf, deeper", `{"anyOf":[{"type":"string"},{"properties":{"a":{"items":{"type":"null"}}}}]}`, `{"a":[null,1]}`,
			`/a/1 type #/anyOf/1/properties/a/items/type: found number, wanted null`},
		{"anyOf by type", `{"anyOf":[{"type":"string"},{"type":"integer","minimum":3},{"type":"null"}]}`, `1`, ` minimum #/anyOf/1/minimum: 1 is less than 3`},
		{"anyOf by type, none", `{"anyOf":[{"type":"string"},{"type":"object"}]}`, `1`, ` anyOf #/anyOf: found number, wanted object or string`},
		{"oneOf by a member", `{"oneOf":[{"type":"object","required":["k","n"],"properties":{"k":{"const":"a"}}},{"type":"object","required":["k"],"properties":{"k":{"enum":["b","c"]},"x":{"type":"null"}}}]}`,
			`{"x":1,"k":"c"}`, `/x type #/oneOf/1/properties/x/type: found number, wanted null`},
		{"oneOf by a member, none", `{"oneOf":[{"type":"object","required":["k","n"],"properties":{"k":{"const":"a"}}},{"type":"object","required":["k"],"properties":{"k":{"enum":["b","c"]}}}]}`,
			`{"k":"d"}`, ` oneOf #/oneOf: matches none of the alternatives`},
		{"oneOf, more than one", `{"oneOf":[{"minimum":1},{"minimum":2}]}`, `3`, ` oneOf #/oneOf: matches more than one of the alternatives, wanted exactly one`},
		{"if then", `{"if":{"type":"string"},"then":{"minLength":2}}`, `"a"`, ` minLength #/then/minLength: has 1 character, wanted at least 2`},
		{"unevaluated", `{"allOf":[{"properties":{"a":true}}],"unevaluatedProperties":false}`, `{"a":1,"b":2}`,
			`/b unevaluatedProperties #/unevaluatedProperties: member "b" is not allowed`},
		{"unevaluatedItems", `{"prefixItems":[true],"unevaluatedItems":false}`, `[1,2]`, `/1 unevaluatedItems #/unevaluatedItems: no further items are allowed`},
		{"through $ref", `{"$ref":"#/$defs/a","$defs":{"a":{"properties":{"b":{"$ref":"#/$defs/c"}}},"c":{"type":"null"}}}`, `{"b":1}`,
			`/b type #/$defs/c/type: found number, wanted null`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			j := newJudge(t, tt.schema, schema.Limits{Nodes: 1000})
			if st := j.run(t, tt.body); st != schema.StatusInvalid {
				t.Fatalf("Validate(%s, %s) = %v, want invalid", tt.schema, tt.body, st)
			}
			if got := j.say(j.m.Failures()[0]); got != tt.want {
				t.Errorf("failure of %s on %s\n got %s\nwant %s", tt.schema, tt.body, got, tt.want)
			}
		})
	}
}

func TestCollect(t *testing.T) {
	const s = `{"type":"object","required":["a","b","c"],"properties":{"a":{"type":"string","minLength":2},
		"list":{"items":{"type":"integer","maximum":9}},"not":{"not":{"type":"null"}},"any":{"anyOf":[{"maximum":0},{"minimum":3}]}},
		"patternProperties":{"^p":{"type":"null"}},"additionalProperties":false,"dependentRequired":{"a":["d"]}}`
	const body = `{"a":"x","list":[1,"2",30,4],"not":null,"any":1,"p":1,"z":0}`
	want := []string{
		`/a minLength #/properties/a/minLength: has 1 character, wanted at least 2`,
		`/list/1 type #/properties/list/items/type: found string, wanted integer`,
		`/list/2 maximum #/properties/list/items/maximum: 30 is greater than 9`,
		`/not not #/properties/not/not: matches what it must not`,
		`/any anyOf #/properties/any/anyOf: matches none of the alternatives`,
		`/p type #/patternProperties/^p/type: found number, wanted null`,
		` additionalProperties #/additionalProperties: member "z" is not allowed`,
		` required #/required: required member "b" is missing`,
		` required #/required: required member "c" is missing`,
		` dependentRequired #/dependentRequired: member "a" needs member "d"`,
	}
	j := newJudge(t, s, schema.Limits{Nodes: 1000, Failures: 100})
	for n := 1; n <= len(want)+1; n++ {
		j.m.Collect(n)
		if st := j.run(t, body); st != schema.StatusInvalid {
			t.Fatalf("Validate = %v, want invalid", st)
		}
		got := j.m.Failures()
		if len(got) != min(n, len(want)) {
			t.Errorf("Collect(%d): %d failures, want %d", n, len(got), min(n, len(want)))
		}
		for i, f := range got {
			if s := j.say(f); s != want[i] {
				t.Errorf("failure %d\n got %s\nwant %s", i, s, want[i])
			}
		}
	}
}

func TestNoAllocation(t *testing.T) {
	const s = `{"type":"object","required":["a"],"properties":{"a":{"type":"string","pattern":"^\\u00e9+$"},"n":{"multipleOf":0.01,"minimum":1.5},
		"u":{"uniqueItems":true},"e":{"enum":["x",1,{"a":[1]}]},"any":{"anyOf":[{"type":"null"},{"properties":{"q":{"type":"null"}}}]},"f":{"format":"date-time"}},
		"allOf":[{"properties":{"a":true,"n":true,"u":true,"e":true,"any":true,"f":true}}],"unevaluatedProperties":false}`
	bodies := []string{
		`{"a":"\u00e9\u00e9","n":2.25,"u":[1,2,3,4,5,6,7,8,9,10,{"b":1,"a":2}],"e":{"a":[1.0]},"any":{"q":null},"f":"2020-01-01T00:00:00Z"}`,
		`{"a":"\u00e9\u00e9","n":2.25,"u":[1,2,3,4,5,6,7,8,9,{"a":2,"b":1,"c":3},{"c":3,"b":1,"a":2}]}`,
		`{"a":"\u00e9\u00e9","any":{"q":1}}`,
		`{"a":"\u00e9\u00e9","zz":1}`,
	}
	j := newJudge(t, s, schema.Limits{Nodes: 1000, Failures: 10})
	buf := make([]byte, 0, 1000)
	for _, body := range bodies {
		j.parse(t, body)
		if n := testing.AllocsPerRun(20, func() {
			j.m.Validate(j.tab, j.entry, j.tape, 0)
			for _, f := range j.m.Failures() {
				buf = schema.AppendPointer(buf[:0], j.tape, f)
				buf = schema.AppendKeyword(buf, j.tab, f)
				buf = schema.AppendLocation(buf, j.tab, f)
				buf = schema.AppendMessage(buf, j.tab, f, j.tape)
			}
		}); n != 0 {
			t.Errorf("judging %s allocates %v times, want 0", body, n)
		}
	}
}

// nested returns open repeated n times around middle.
func nested(n int, open, middle, shut string) string {
	return strings.Repeat(open, n) + middle + strings.Repeat(shut, n)
}

// TestBoundedWork judges the worst bodies we know for the worst schemas we
// know. Without bounds on work each of them would run for ages.
func TestBoundedWork(t *testing.T) {
	dag := func(depth int, level string) string {
		var b strings.Builder
		b.WriteString(`{"$ref":"#/$defs/l0","$defs":{`)
		for i := range depth {
			b.WriteString(strings.ReplaceAll(strings.ReplaceAll(level, "$this", "l"+itoa(i)), "$next", "#/$defs/l"+itoa(i+1)))
			b.WriteByte(',')
		}
		b.WriteString(`"l` + itoa(depth) + `":{"type":"integer","minimum":2,"maximum":3,"multipleOf":1}}}`)
		return b.String()
	}
	long := strings.Repeat("a", 50000)
	var many, members strings.Builder
	for i := range 20000 {
		many.WriteString(itoa(i) + ",")
		members.WriteString(`"m` + itoa(i) + `":` + itoa(i) + `,`)
	}
	var reversed strings.Builder
	for i := 4999; i >= 0; i-- {
		reversed.WriteString(`"m` + itoa(i) + `":1,`)
	}
	var forward strings.Builder
	for i := range 5000 {
		forward.WriteString(`"m` + itoa(i) + `":1,`)
	}
	tests := []struct {
		name, schema, body string
		want               schema.Status
	}{
		{"recursive anyOf", `{"anyOf":[{"properties":{"c":{"$ref":"#"}},"required":["x"]},{"properties":{"c":{"$ref":"#"}},"required":["y"]},{"type":"integer"}]}`,
			nested(400, `{"c":`, `"no"`, `}`), schema.StatusInvalid},
		{"recursive allOf", `{"allOf":[{"properties":{"c":{"$ref":"#"}}},{"additionalProperties":{"$ref":"#"}}]}`,
			nested(400, `{"c":`, `1`, `}`), schema.StatusValid},
		{"recursive oneOf over items", `{"oneOf":[{"type":"array","items":{"$ref":"#"},"minItems":1},{"type":"array","items":{"$ref":"#"},"minItems":2},{"type":"null"}]}`,
			nested(400, `[`, `null`, `]`), schema.StatusValid},
		{"recursive not", `{"not":{"properties":{"c":{"$ref":"#"}},"required":["c"]},"properties":{"c":{"$ref":"#"}}}`,
			nested(300, `{"c":`, `1`, `}`), schema.StatusInvalid},
		{"recursive unevaluated", `{"anyOf":[{"properties":{"c":{"$ref":"#"}}},{"properties":{"c":{"$ref":"#"},"d":true}}],"unevaluatedProperties":false}`,
			nested(300, `{"c":`, `1`, `}`), schema.StatusValid},
		{"doubling without recursion", dag(60, `"$this":{"anyOf":[{"properties":{"c":{"$ref":"$next"}},"required":["x"]},{"properties":{"c":{"$ref":"$next"}}}]}`),
			nested(60, `{"c":`, `1`, `}`), schema.StatusInvalid},
		{"doubling in place", dag(60, `"$this":{"anyOf":[{"$ref":"$next"},{"$ref":"$next"}]}`), `1`, schema.StatusInvalid},
		{"doubling through different schemas", dag(40, `"$this":{"anyOf":[{"properties":{"c":{"properties":{"d":{"$ref":"$next"}},"minProperties":0}},"required":["x"]},{"properties":{"c":{"properties":{"d":{"$ref":"$next"}},"maxProperties":9}}}]}`),
			nested(40, `{"c":{"d":`, `1`, `}}`), schema.StatusInvalid},
		{"unique numbers", `{"uniqueItems":true}`, `[` + many.String() + `-1]`, schema.StatusValid},
		{"unique objects, order reversed", `{"uniqueItems":true}`, `[{` + forward.String() + `"z":1},{` + reversed.String() + `"z":1}]`, schema.StatusInvalid},
		{"long strings under many patterns", `{"anyOf":[{"pattern":"b$"},{"pattern":"^(a|aa)+c"},{"pattern":"(a*)*d"}]}`, `"` + long + `"`, schema.StatusInvalid},
		{"many members, many patterns", `{"patternProperties":{"^x":false,"^y":false,"z$":false},"propertyNames":{"pattern":"^m"}}`, `{` + members.String() + `"m":1}`, schema.StatusValid},
		{"unevaluated in every scope", `{"$ref":"#/$defs/a","unevaluatedProperties":false,"$defs":{"a":{"$ref":"#/$defs/b","unevaluatedProperties":{}},"b":{"additionalProperties":true}}}`,
			`{` + members.String() + `"m":1}`, schema.StatusValid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			j := newJudge(t, tt.schema, schema.Limits{Nodes: 1 << 16})
			start := time.Now()
			if st := j.run(t, tt.body); st != tt.want {
				t.Errorf("Validate = %v, want %v", st, tt.want)
			}
			nodes, steps := len(j.tape.Nodes), j.m.Steps()
			t.Logf("%d nodes, %d B: %d steps, %v", nodes, len(tt.body), steps, time.Since(start))
			if most := uint64(50*nodes + 1000); steps > most {
				t.Errorf("%d steps, want at most %d", steps, most)
			}
			start = time.Now()
			j.m.Failures()
			t.Logf("the second look: %v", time.Since(start))
		})
	}
}

// TestBudget checks that work beyond the budget is refused, not done.
func TestBudget(t *testing.T) {
	const s = `{"items":{"anyOf":[{"minimum":2},{"type":"integer"}]}}`
	body := `[` + strings.Repeat("1,", 999) + `1]`
	for _, tt := range []struct {
		name string
		l    schema.Limits
		want schema.Status
	}{
		{"enough", schema.Limits{Nodes: 2000}, schema.StatusValid},
		{"steps", schema.Limits{Nodes: 2000, Steps: 1500}, schema.StatusBudget},
		{"frames", schema.Limits{Nodes: 2000, Frames: 2}, schema.StatusBudget},
		{"nodes", schema.Limits{Nodes: 999}, schema.StatusBudget},
	} {
		j := newJudge(t, s, tt.l)
		if st := j.run(t, body); st != tt.want {
			t.Errorf("%s: Validate = %v, want %v", tt.name, st, tt.want)
		}
	}
	j := newJudge(t, `{"pattern":"a"}`, schema.Limits{Nodes: 10, Scratch: 8})
	if st := j.run(t, `"a\n23456789"`); st != schema.StatusBudget {
		t.Errorf("escaped string larger than the scratch: Validate = %v, want budget", st)
	}
	if st := j.m.Validate(j.tab, 99, j.tape, 0); st != schema.StatusInternal {
		t.Errorf("Validate(no such entry) = %v, want internal", st)
	}
	if st := j.m.Validate(j.tab, table.NoIndex, j.tape, 0); st != schema.StatusValid {
		t.Errorf("Validate(NoIndex) = %v, want valid", st)
	}
}

func itoa(i int) string { return strconv.Itoa(i) }
