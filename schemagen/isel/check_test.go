package isel

import (
	"testing"

	"portcullis/filter/table"
	"portcullis/schemagen/emit"
)

func TestCheck(t *testing.T) {
	tests := []struct {
		name, schema, code string
		unenforceable      bool
	}{
		{"backreference", `{"properties":{"a":{"pattern":"(a)\\1"}}}`, "pattern-backreference", true},
		{"in a name", `{"patternProperties":{"(a)\\1":{"type":"string"}},"additionalProperties":false}`, "pattern-backreference", true},
		{"syntax", `{"pattern":"(a"}`, "pattern-syntax", true},
		{"too large", `{"pattern":"^(a|b)*a(a|b){30}$"}`, "pattern-too-large", true},
		{"property", `{"pattern":"\\p{Print}"}`, "pattern-property", true},
		{"never", `{"pattern":"a$b"}`, "pattern-never", false},
		{"lenient", `{"pattern":"^\\-$"}`, "pattern-lenient", false},
		{"unknown format", `{"format":"nonsense"}`, "format-unknown", false},
	}
	for _, tt := range tests {
		s, diags := lowered(t, tt.schema)
		strs := emit.NewStrings()
		c := New(strs, Options{}, diags)
		c.Check(s)
		c.Check(s)
		if n := len(*diags); n != 1 || (*diags)[0].Code != tt.code || (*diags)[0].Unenforceable != tt.unenforceable {
			t.Errorf("%s: diagnostics %v, want one %s", tt.name, *diags, tt.code)
		}
		marked := len(s.Unenforceable) > 0
		for _, p := range s.Properties {
			marked = marked || len(p.Schema.Unenforceable) > 0
		}
		if marked != tt.unenforceable {
			t.Errorf("%s: schema is marked unenforceable: %v, want %v", tt.name, marked, tt.unenforceable)
		}
		// What is waived is compiled without the check, and nothing else breaks.
		c.Entry(s)
		b, err := emit.SchemaSections(c, strs)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if _, e, _ := table.Open(b); e != table.ErrNone {
			t.Errorf("%s: %v", tt.name, e)
		}
	}
}

func TestEntry(t *testing.T) {
	s, diags := lowered(t, `{"type":"string"}`)
	yes, _ := lowered(t, `{"title":"anything","$defs":{"a":{"type":"null"}}}`)
	c := New(emit.NewStrings(), Options{}, diags)
	if e := c.Entry(nil); e != table.NoIndex {
		t.Errorf("Entry(nil) = %d, want NoIndex", e)
	}
	if e := c.Entry(yes); e != table.NoIndex {
		t.Errorf("Entry(a schema that accepts anything) = %d, want NoIndex", e)
	}
	if a, b := c.Entry(s), c.Entry(s); a != 0 || b != 0 {
		t.Errorf("Entry of one schema twice = %d, %d, want 0, 0", a, b)
	}
}
