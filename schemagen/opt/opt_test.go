package opt

import (
	"testing"

	"portcullis/schemagen/diag"
	"portcullis/schemagen/dialect"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/ir/irtest"
	"portcullis/schemagen/lower"
	"portcullis/schemagen/source"
)

func parse(t testing.TB, text string) *source.Node {
	t.Helper()
	doc, err := source.Parse("s.json", "file:///s.json", []byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return doc.Root
}

func lowered(t testing.TB, text, name string) *ir.Schema {
	t.Helper()
	var diags diag.List
	d, ok := dialect.ByName(name)
	if !ok {
		t.Fatalf("no dialect %s", name)
	}
	return lower.New(nil, lower.Options{SkipMetaschema: true}, &diags).Schema(parse(t, text), d, lower.Neutral)
}

// values is what every schema of these tests is tried on.
var values = []string{
	`null`, `true`, `false`, `0`, `1`, `1.0`, `-3`, `2.5`, `100`, `""`, `"a"`, `"ab"`, `"abc"`, `"x1"`,
	`[]`, `[1]`, `[1,1]`, `["a"]`, `[1,"a",null]`, `[[1]]`,
	`{}`, `{"a":1}`, `{"a":"x"}`, `{"b":1}`, `{"a":1,"b":2}`, `{"a":"x","b":"y","c":null}`, `{"a":{"a":1}}`, `{"a":{"a":"x"}}`, `{"kind":"k"}`,
}

// TestRules shows that each rule fires where it should, alone and with the
// others, not where it should not, and that no verdict changes.
func TestRules(t *testing.T) {
	tests := []struct {
		rule, schema string
		dialect      string // default 2020-12
		fires        bool
	}{
		{"drop-trivial", `{"minLength":0,"allOf":[true,{}],"then":true}`, "", true},
		{"drop-trivial", `{"properties":{"a":true,"b":{"type":"string"}}}`, "", true},
		{"drop-trivial", `{"properties":{"a":true},"additionalProperties":false}`, "", false},
		{"drop-trivial", `{"prefixItems":[{"type":"integer"},true],"items":true}`, "", true},
		{"drop-trivial", `{"contains":{"type":"integer"},"minContains":0}`, "", true},
		{"drop-trivial", `{"allOf":[{"properties":{"a":true}}],"unevaluatedProperties":false}`, "", false},
		{"fold-constants", `{"anyOf":[false,{"type":"string"},{"type":"null"}]}`, "", true},
		{"fold-constants", `{"anyOf":[true,{"type":"string"}]}`, "", true},
		{"fold-constants", `{"anyOf":[true,{"properties":{"a":true}}],"unevaluatedProperties":false}`, "", false},
		{"fold-constants", `{"anyOf":[false,false]}`, "", true},
		{"fold-constants", `{"oneOf":[false,{"type":"string"},false]}`, "", true},
		{"fold-constants", `{"not":false}`, "", true},
		{"fold-constants", `{"if":true,"then":{"type":"string"},"else":{"type":"null"}}`, "", true},
		{"fold-constants", `{"if":false,"then":{"type":"string"},"else":{"type":"null"}}`, "", true},
		{"fold-constants", `{"type":"object","allOf":[{"type":"string"},false]}`, "", true},
		{"fold-constants", `{"oneOf":[{"type":"string"},{"minLength":2}]}`, "", false},
		{"unwrap-single", `{"anyOf":[{"type":"string"}]}`, "", true},
		{"unwrap-single", `{"oneOf":[{"type":"string"}]}`, "", true},
		{"unwrap-single", `{"oneOf":[{"type":"string"},{"type":"null"}]}`, "", false},
		{"implied-by-enum", `{"type":"string","enum":["a","ab"]}`, "", true},
		{"implied-by-enum", `{"type":"string","enum":["a",1]}`, "", false},
		{"implied-by-enum", `{"type":"number","minimum":1,"enum":[1,2.5,100]}`, "", true},
		{"implied-by-enum", `{"type":"integer","enum":[1.0]}`, "", true},
		{"implied-by-enum", `{"type":"integer","enum":[1.0]}`, "draft4", false},
		{"implied-by-enum", `{"maxLength":1,"const":"ab"}`, "", false},
		{"drop-subsumed", `{"type":"string","minimum":3,"required":["a"],"items":false}`, "", true},
		{"drop-subsumed", `{"minimum":1,"exclusiveMinimum":1}`, "", true},
		{"drop-subsumed", `{"maximum":1,"exclusiveMaximum":2.5}`, "", true},
		{"drop-subsumed", `{"required":["a","b"],"minProperties":2}`, "", true},
		{"drop-subsumed", `{"required":["a","a"],"minProperties":2}`, "", false},
		{"drop-subsumed", `{"type":"integer","multipleOf":1.0}`, "", true},
		{"drop-subsumed", `{"type":"number","multipleOf":1}`, "", false},
		{"drop-subsumed", `{"maxItems":1,"uniqueItems":true}`, "", true},
		{"inline-refs", `{"$ref":"#/$defs/a","minLength":2,"$defs":{"a":{"type":"string"}}}`, "", true},
		{"inline-refs", `{"$ref":"#/$defs/a","$defs":{"a":{"type":"string"}}}`, "", false},
		{"inline-refs", `{"properties":{"a":{"$ref":"#","minProperties":1}}}`, "", false},
		{"merge-all-of", `{"allOf":[{"type":"string"},{"minLength":2},{"maxLength":2}]}`, "", true},
		{"merge-all-of", `{"allOf":[{"required":["a"]},{"properties":{"a":{"type":"string"}}},{"properties":{"a":{"minLength":1},"b":{"type":"string"}}}]}`, "", true},
		{"merge-all-of", `{"properties":{"b":true},"allOf":[{"properties":{"a":true},"additionalProperties":false}]}`, "", false},
		{"merge-all-of", `{"additionalProperties":false,"allOf":[{"required":["a"]}],"properties":{"a":true}}`, "", true},
		{"merge-all-of", `{"minimum":1,"maximum":50,"allOf":[{"minimum":2,"maximum":60}]}`, "", true},
		{"merge-all-of", `{"type":"integer","allOf":[{"type":["number","string"]}]}`, "", true},
		{"merge-all-of", `{"type":["integer","null"],"allOf":[{"type":["null","string"]}]}`, "", false},
		{"merge-all-of", `{"prefixItems":[{"type":"integer"}],"allOf":[{"items":{"type":"string"}}]}`, "", false},
		{"merge-all-of", `{"items":{"type":"integer"},"allOf":[{"items":{"minimum":1}}]}`, "", true},
		{"merge-all-of", `{"allOf":[{"properties":{"a":{"$ref":"#"}}}]}`, "", false},
		{"merge-all-of", `{"allOf":[{"items":{"type":"integer"},"allOf":[{"type":["string","array"]},{"type":["array","null"]}]},{"items":{"allOf":[{"minimum":1},{"maximum":50}]}}]}`, "", true},
		{"merge-all-of", `{"allOf":[{"properties":{"a":true},"unevaluatedProperties":false}]}`, "", false},
		{"order-branches", `{"anyOf":[{"properties":{"a":{"type":"string"}},"required":["a"]},{"type":"null"}]}`, "", true},
		{"order-branches", `{"anyOf":[{"type":"null"},{"properties":{"a":{"type":"string"}}}]}`, "", false},
		{"share", `{"properties":{"a":{"type":"object","maxProperties":9,"required":["a"],"properties":{"a":{"type":"string"}}},"b":{"type":"object","maxProperties":9,"required":["a"],"properties":{"a":{"type":"string"}}}}}`, "", true},
		{"share", `{"properties":{"a":{"$ref":"#/$defs/x"},"b":{"$ref":"#/$defs/y"}},"$defs":{
			"x":{"type":"object","minProperties":1,"maxProperties":9,"properties":{"a":{"$ref":"#/$defs/x"}}},"y":{"type":"object","minProperties":1,"maxProperties":9,"properties":{"a":{"$ref":"#/$defs/y"}}}}}`, "", true},
		{"share", `{"properties":{"a":{"type":"string"},"b":{"type":"string"}}}`, "", false},
	}
	for _, tt := range tests {
		if tt.dialect == "" {
			tt.dialect = "2020-12"
		}
		for _, alone := range []bool{true, false} {
			s := lowered(t, tt.schema, tt.dialect)
			want := irtest.New(s, irtest.Options{})
			o := New()
			if alone {
				o.Only(func(rule string) bool { return rule == tt.rule })
			}
			got := o.Share([]*ir.Schema{o.Schema(s)})[0]
			if alone && (o.Fired()[tt.rule] > 0) != tt.fires {
				t.Errorf("%s fires on %s: %v, want %v", tt.rule, tt.schema, !tt.fires, tt.fires)
			}
			have := irtest.New(got, irtest.Options{})
			for _, v := range values {
				n := parse(t, v)
				if a, b := len(want.Validate(n)) == 0, len(have.Validate(n)) == 0; a != b {
					t.Errorf("%s (alone %v) on %s: %s is valid: %v, was %v", tt.rule, alone, tt.schema, v, b, a)
				}
			}
		}
	}
}

// TestOriginalStays checks that schemas are rewritten in a copy: the front end
// still reads them.
func TestOriginalStays(t *testing.T) {
	s := lowered(t, `{"allOf":[{"type":"string"},{"anyOf":[{"minLength":2}]}],"enum":["ab"]}`, "2020-12")
	New().Schema(s)
	if len(s.AllOf) != 2 || s.Types != 0 || len(s.AllOf[1].AnyOf) != 1 {
		t.Errorf("Schema changed its argument: %+v", s)
	}
}

// TestTrackedApart checks that a schema that was rewritten without regard to
// evaluation is rewritten anew where evaluation counts.
func TestTrackedApart(t *testing.T) {
	shared := lowered(t, `{"properties":{"a":true}}`, "2020-12")
	no := false
	outer := &ir.Schema{AllOf: []*ir.Schema{shared}, UnevaluatedProperties: &ir.Schema{Bool: &no}}
	o := New()
	o.Schema(shared)
	v := irtest.New(o.Schema(outer), irtest.Options{})
	if n := len(v.Validate(parse(t, `{"a":1}`))); n != 0 {
		t.Errorf("a is evaluated by a schema shared with an untracked one: %d failures, want none", n)
	}
}
