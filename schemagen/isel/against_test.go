package isel

import (
	"fmt"
	"strings"
	"testing"

	fjson "portcullis/filter/json"
	"portcullis/filter/schema"
	"portcullis/schemagen/ir/irtest"
	"portcullis/schemagen/source"
)

// collidingNames finds names that json.HashName can't tell apart.
func collidingNames(t *testing.T) (a, b string) {
	seen := map[uint32]string{}
	for i := range 1 << 20 {
		s := fmt.Sprintf("name%d", i*7919)
		h := fjson.HashName([]byte(s))
		if x, ok := seen[h]; ok && x != s {
			return x, s
		}
		seen[h] = s
	}
	t.Fatal("no two names with one hash among 2^20")
	return
}

// TestAgainstInterpreter compares the machine with the interpreter of ir where
// generated schemas seldom lead: more members than a word tracks, names with
// equal hashes, escapes and other alphabets wherever names and strings are
// looked at, the borders of fast paths. Both the plain and the rewritten form
// of each schema are compiled.
func TestAgainstInterpreter(t *testing.T) {
	x, y := collidingNames(t)
	var required, props, body []string
	for i := range 130 {
		required = append(required, fmt.Sprintf("%q", fmt.Sprintf("r%d", i)))
		props = append(props, fmt.Sprintf(`"r%d":{"type":"integer"}`, i))
		body = append(body, fmt.Sprintf(`"r%d":%d`, i, i))
	}
	without := func(i int) string {
		return "{" + strings.Join(append(append([]string(nil), body[:i]...), body[i+1:]...), ",") + "}"
	}
	all := "{" + strings.Join(body, ",") + "}"
	tests := []struct {
		schema string
		values []string
	}{
		{`{"required":[` + strings.Join(required, ",") + `]}`, []string{all, without(0), without(63), without(64), without(129), `{}`}},
		{`{"required":[` + strings.Join(required[:64], ",") + `]}`, []string{all, without(0), without(63), without(64), `{}`}},
		{`{"required":[` + strings.Join(required[:65], ",") + `],"dependentRequired":{"r100":["r101","r5"]},"properties":{` + strings.Join(props, ",") + `},"additionalProperties":false}`,
			[]string{all, without(0), without(64), without(65), without(101), strings.Replace(all, `:7,`, `:"7",`, 1), strings.Replace(all, `"r9"`, `"q9"`, 1)}},
		{`{"anyOf":[{"required":[` + strings.Join(required, ",") + `]},{"required":[` + strings.Join(required[:70], ",") + `],"maxProperties":100},{"minProperties":129}]}`,
			[]string{all, without(129), without(3), `{}`}},
		{`{"properties":{"` + x + `":{"type":"string"},"` + y + `":{"type":"number"}},"additionalProperties":false}`,
			[]string{`{"` + x + `":"s"}`, `{"` + y + `":1}`, `{"` + x + `":1}`, `{"` + y + `":"s","` + x + `":"s"}`}},
		{`{"properties":{"` + x + `":{"type":"string"}},"required":["` + x + `"],"additionalProperties":{"type":"null"}}`,
			[]string{`{"` + y + `":"s"}`, `{"` + y + `":null,"` + x + `":"t"}`, `{"` + x + `":null}`}},
		{`{"enum":["` + x + `"]}`, []string{`"` + x + `"`, `"` + y + `"`}},
		{`{"enum":["` + x + `","` + y + `","","a\"b"]}`, []string{`"` + x + `"`, `"` + y + `"`, `""`, `"a\u0022b"`, `"b"`}},
		{`{"properties":{"é/~":{"type":"string"},"a b":{"const":1},"":{"type":"null"}},"additionalProperties":false}`,
			[]string{`{"\u00e9/~":"x"}`, `{"é\/~":1}`, `{"a\u0020b":1.0}`, `{"a b":2}`, `{"":null}`, `{"\u0000":null}`, `{"é/":1}`}},
		{`{"patternProperties":{"^é":{"type":"string"},"[0-9]$":{"minimum":3}},"additionalProperties":{"type":"boolean"},"propertyNames":{"maxLength":3}}`,
			[]string{`{"éa":"x"}`, `{"\u00e9a":1}`, `{"é1":3}`, `{"a1":2}`, `{"a1":3}`, `{"a":true}`, `{"a":1}`, `{"abcd":true}`, `{"\ud83d\ude00ab":true}`, `{"\ud83d\ude00abc":true}`}},
		{`{"propertyNames":{"enum":["a","é"]}}`, []string{`{"a":1}`, `{"\u0061":1}`, `{"\u00e9":1}`, `{"é":1,"b":1}`}},
		{`{"propertyNames":{"pattern":"^[a-z]+$","minLength":2}}`, []string{`{"ab":1}`, `{"a":1}`, `{"AB":1}`, `{"a\u0062":1}`, `{}`}},
		{`{"minLength":2,"maxLength":4}`, []string{`"a"`, `"ab"`, `"abcd"`, `"abcde"`, `"é"`, `"éé"`, `"éééé"`, `"ééééé"`, `"\u00e9"`, `"\u00e9\n"`, `"\ud83d\ude00"`, `"\ud83d\ude00\ud83d\ude00"`, `"😀😀😀😀"`, `"😀😀😀😀😀"`}},
		{`{"pattern":"^(é|[a-c])+$"}`, []string{`"abc"`, `"aé"`, `"a\u00e9"`, `"d"`, `""`, `"😀"`}},
		{`{"minimum":-1.5,"maximum":100}`, []string{`-1.5`, `-1.50`, `-1.51`, `-1`, `100`, `100.0`, `100.0000000000000001`, `1e2`, `1.0001e2`, `99.999999999`, `123456789012345678`, `1e400`, `-1e400`, `0`, `-0`, `-0.0`}},
		{`{"exclusiveMinimum":0,"exclusiveMaximum":2147483648}`, []string{`0`, `-0`, `0.0`, `0.000000001`, `0.0000000001`, `2147483648`, `2147483647.999999999`, `2147483647.9999999999`, `2147483648.0`}},
		{`{"minimum":9223372036854775807}`, []string{`9223372036854775807`, `9223372036854775806`, `9.3e18`, `1.5`}},
		{`{"multipleOf":0.01}`, []string{`1`, `1.2`, `1.25`, `1.255`, `1.250`, `1.2500000000000001`, `1e-2`, `1e-3`, `-0.01`, `0`, `19.99`}},
		{`{"multipleOf":1}`, []string{`1`, `1.0`, `1.5`, `1e0`, `-3`}},
		{`{"multipleOf":3}`, []string{`9`, `10`, `9.0`, `-9`, `9e1`, `300000000000000000000`, `300000000000000000001`}},
		{`{"type":"integer"}`, []string{`1`, `1.0`, `1.5`, `1e2`, `1e-2`, `-0.0`, `"1"`, `10000000000000000000000.0`}},
		{`{"items":{"type":"integer"}}`, []string{`[1,2.0,3e1]`, `[1,2.5]`, `[1,"2"]`, `[]`}},
		{`{"properties":{"a":{"type":["integer","null"]}},"additionalProperties":{"type":"integer","minimum":3}}`, []string{`{"a":1.0,"b":3.0}`, `{"a":1.5}`, `{"b":2.0}`, `{"b":3.5}`, `{"a":null}`}},
		{`{"prefixItems":[{"type":"integer"},{"type":"string"}],"items":{"type":"boolean"},"unevaluatedItems":false}`, []string{`[1.0,"a",true]`, `[1,"a",1]`, `[1]`, `["a"]`, `[]`}},
		{`{"contains":{"type":"integer"},"minContains":2,"maxContains":3,"unevaluatedItems":{"type":"string"}}`, []string{`[1,2]`, `[1,"a",2.0]`, `[1]`, `[1,2,3,4]`, `[1,2,null]`}},
		{`{"contains":{"type":"integer"},"minContains":0}`, []string{`[]`, `["a"]`, `1`}},
		{`{"oneOf":[{"required":["a"]},{"required":["b"]},{"properties":{"c":{"contains":{"const":1}}},"required":["c"]}],"unevaluatedProperties":{"type":"null"}}`,
			[]string{`{"a":1}`, `{"a":null}`, `{"b":null,"c":[2]}`, `{"c":[1]}`, `{"c":[1],"a":null}`, `{}`}},
		{`{"if":{"properties":{"a":{"const":1}},"required":["a"]},"then":{"properties":{"b":true}},"else":{"properties":{"c":true}},"unevaluatedProperties":false}`,
			[]string{`{"a":1,"b":1}`, `{"a":1,"c":1}`, `{"a":2}`, `{"c":1}`, `{"b":1}`}},
		{`{"not":{"not":{"properties":{"a":true},"required":["a"]}},"unevaluatedProperties":false}`, []string{`{"a":1}`, `{}`}},
		{`{"$ref":"#/$defs/t","unevaluatedProperties":false,"$defs":{"t":{"properties":{"v":true,"n":{"$ref":"#/$defs/t"},"m":{"$ref":"#"}}}}}`,
			[]string{`{"v":1,"n":{"z":1}}`, `{"m":{"z":1}}`, `{"m":{"v":1,"m":{"n":{"q":{}}}}}`, `{"z":1}`}},
		{`{"dependentSchemas":{"a":{"required":["b"],"properties":{"b":{"type":"null"}}},"\u00e9":{"maxProperties":1}}}`, []string{`{"a":1}`, `{"a":1,"b":null}`, `{"\u0061":1}`, `{"é":1}`, `{"\u00e9":1,"x":2}`}},
		{`{"oneOf":[{"type":"object","required":["k"],"properties":{"k":{"const":"é"},"v":{"type":"string"}}},{"type":"object","required":["k"],"properties":{"k":{"enum":["b",""]},"v":{"type":"null"}}},{"type":"string","minLength":2}]}`,
			[]string{`{"k":"é","v":"s"}`, `{"k":"\u00e9","v":null}`, `{"\u006b":"b","v":null}`, `{"k":"","v":"s"}`, `{"v":1}`, `{"k":1}`, `"ab"`, `"a"`, `1`, `{"k":"zz"}`}},
		{`{"uniqueItems":true}`, []string{`[1,1.0]`, `[0,-0]`, `["a","\u0061"]`, `[{"a":1,"b":2},{"b":2,"a":1}]`, `[[1],[1.0]]`, `[1,true,"1",null,[],{},false,0,"",1.5]`, `[1,2,3,4,5,6,7,8,9,10,1e0]`,
			`[1,2,3,4,5,6,7,8,9,{"x":[1,{"y":null}]},{"x":[1.0,{"\u0079":null}]}]`, `[1,2,3,4,5,6,7,8,9,{"x":1},{"x":2}]`}},
		{`{"enum":[{"a":[1,{"b":2,"c":null}]},[],1.50,1e2,null,false]}`, []string{`{"a":[1.0,{"c":null,"b":2e0}]}`, `{"a":[1,{"b":2}]}`, `[]`, `[[]]`, `1.5`, `100`, `null`, `false`, `true`, `""`}},
	}
	for _, tt := range tests {
		s, diags := lowered(t, tt.schema)
		want := irtest.New(s, irtest.Options{})
		for _, plain := range []bool{true, false} {
			tab, entry := buildWith(t, s, diags, Options{Plain: plain})
			m := schema.NewMachine(schema.Limits{Nodes: 1000, Failures: 20})
			p, tape := fjson.NewParser(1000, 64), fjson.NewTape(1000)
			for _, v := range tt.values {
				if st := p.Parse(tape, []byte(v), fjson.Options{}); st != fjson.StatusOK {
					t.Fatalf("Parse(%s) = %v", v, st)
				}
				doc, err := source.Parse("v.json", "", []byte(v))
				if err != nil {
					t.Fatal(err)
				}
				valid := len(want.Validate(doc.Root)) == 0
				for _, n := range []int{1, 20} {
					m.Collect(n)
					if st := m.Validate(tab, entry, tape, 0); (st == schema.StatusValid) != valid || st != schema.StatusValid && st != schema.StatusInvalid {
						t.Errorf("%.200s on %.100s (plain %v, %d failures): %v, want valid %v", tt.schema, v, plain, n, st, valid)
					}
				}
			}
		}
	}
}
