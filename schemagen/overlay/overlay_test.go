package overlay

import (
	"encoding/json"
	"strings"
	"testing"

	"portcullis/schemagen/diag"
	"portcullis/schemagen/source"
)

func parse(t *testing.T, path, text string) *source.Document {
	t.Helper()
	doc, err := source.Parse(path, "file:///"+path, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

const target = `
openapi: 3.1.0
paths:
  /a: {get: {tags: [x], parameters: [{name: p, in: query}], deprecated: true}}
  /b: {get: {tags: [y]}, post: {tags: [x], limit: 1.50}}
`

func TestApply(t *testing.T) {
	tests := []struct {
		name, actions, want, diags string
	}{
		{"merge", "[{target: '$.paths[\"/a\"].get', update: {deprecated: false, tags: [z], more: {k: 1}}}]",
			`{"openapi":"3.1.0","paths":{"/a":{"get":{"deprecated":false,"more":{"k":1},"parameters":[{"in":"query","name":"p"}],"tags":["x","z"]}},"/b":{"get":{"tags":["y"]},"post":{"limit":1.50,"tags":["x"]}}}}`, ""},
		{"every operation", "[{target: '$.paths.*.get', update: {s: true}}]",
			`{"openapi":"3.1.0","paths":{"/a":{"get":{"deprecated":true,"parameters":[{"in":"query","name":"p"}],"s":true,"tags":["x"]}},"/b":{"get":{"s":true,"tags":["y"]},"post":{"limit":1.50,"tags":["x"]}}}}`, ""},
		{"append", "[{target: '$.paths[\"/a\"].get.parameters', update: {name: q}}]",
			`{"openapi":"3.1.0","paths":{"/a":{"get":{"deprecated":true,"parameters":[{"in":"query","name":"p"},{"name":"q"}],"tags":["x"]}},"/b":{"get":{"tags":["y"]},"post":{"limit":1.50,"tags":["x"]}}}}`, ""},
		{"remove by filter, then the rest", "[{target: '$.paths.*[?@.deprecated==true]', remove: true}, {target: '$.paths[\"/b\"]', remove: true, update: {x: 1}}]",
			`{"openapi":"3.1.0","paths":{"/a":{}}}`, ""},
		{"remove items", "[{target: '$..parameters[?@.name==\"p\"]', remove: true}]",
			`{"openapi":"3.1.0","paths":{"/a":{"get":{"deprecated":true,"parameters":[],"tags":["x"]}},"/b":{"get":{"tags":["y"]},"post":{"limit":1.50,"tags":["x"]}}}}`, ""},
		{"nothing", "[{target: $.nope, remove: true}]", "", "o.yaml:3:12: warning: found the target \"$.nope\", which selects nothing in t.yaml"},
		{"scalar", "[{target: $.openapi, update: {a: 1}}]", "", "error: found an update of a string"},
		{"kind", "[{target: '$.paths[\"/a\"].get', update: {tags: {a: 1}}}]", "", "found an object as the update of \"tags\", which is an array"},
		{"object with scalar", "[{target: $.paths, update: 1}]", "", "found a number as the update of an object"},
		{"root", "[{target: $, remove: true}]", "", "removes the whole description"},
		{"bad path", "[{target: '$.[', remove: true}]", "", "[overlay-target]"},
		{"no target", "[{remove: true}]", "", "without a target"},
		{"neither", "[{target: $.a}]", "", "neither updates nor removes"},
		{"unknown", "[{target: $.paths, updates: {}}]", "", `unknown name "updates"`},
		{"no object", "[1]", "", "found a number as an action"},
		{"empty", "[]", "", "[overlay-no-actions]"},
		{"remove kind", "[{target: $.paths, remove: yes}]", "", "found a string as remove"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var diags diag.List
			doc := parse(t, "t.yaml", target)
			o := Read(parse(t, "o.yaml", "overlay: 1.0.0\ninfo: {title: T}\nactions: "+tt.actions), &diags)
			o.Apply(doc, &diags)
			got := ""
			for _, d := range diags {
				got += d.String() + "\n"
			}
			if !strings.Contains(got, tt.diags) || (got == "") != (tt.diags == "") {
				t.Errorf("findings %q, want %q in them", got, tt.diags)
			}
			if text, _ := json.Marshal(plain(doc.Root)); tt.want != "" && string(text) != tt.want {
				t.Errorf("Apply made %s, want %s", text, tt.want)
			}
		})
	}
}

func TestPlaces(t *testing.T) {
	var diags diag.List
	doc := parse(t, "t.yaml", target)
	Read(parse(t, "o.yaml", "overlay: 1.0.0\ninfo: {title: T}\nactions:\n- target: $.paths['/a'].get\n  update:\n    parameters:\n    - name: q\n    deprecated: false\n"), &diags).Apply(doc, &diags)
	tests := []struct {
		pointer, file, at string
		line              int
	}{
		{"/paths/~1a/get/parameters/0", "t.yaml", "/paths/~1a/get/parameters/0", 4},
		{"/paths/~1a/get/parameters/1", "o.yaml", "/actions/0/update/parameters/0", 7},
		{"/paths/~1a/get/parameters/1/name", "o.yaml", "/actions/0/update/parameters/0/name", 7},
		{"/paths/~1a/get/deprecated", "o.yaml", "/actions/0/update/deprecated", 8},
	}
	for _, tt := range tests {
		n := source.AtPointer(doc.Root, tt.pointer)
		if n == nil {
			t.Fatalf("%s is not there", tt.pointer)
		}
		if d := (diag.Diagnostic{}).At(n); d.File != tt.file || d.Line != tt.line || d.Pointer != tt.at {
			t.Errorf("At(%s) = %s:%d %s, want %s:%d %s", tt.pointer, d.File, d.Line, d.Pointer, tt.file, tt.line, tt.at)
		}
		if source.Pointer(n) != tt.pointer || n.Doc != doc {
			t.Errorf("Pointer(%s) = %s", tt.pointer, source.Pointer(n))
		}
	}
}

func TestReadRefuses(t *testing.T) {
	tests := []struct{ text, want string }{
		{"openapi: 3.1.0", "found no member overlay"},
		{"overlay: 2.0.0", `version "2.0.0"`},
		{"[]", "found no member overlay"},
		{"overlay: 1.0.0\nextends: 3\nactions: [{target: $.a, remove: true}]", "as extends"},
		{"overlay: 1.0.0\nfoo: 3\nactions: [{target: $.a, remove: true}]", `unknown name "foo"`},
	}
	for _, tt := range tests {
		var diags diag.List
		Read(parse(t, "o.yaml", tt.text), &diags)
		if len(diags) == 0 || !strings.Contains(diags[0].Message, tt.want) {
			t.Errorf("Read(%q) found %v, want %q", tt.text, diags, tt.want)
		}
	}
}

func TestFor(t *testing.T) {
	var diags diag.List
	o := Read(parse(t, "d/o.yaml", "overlay: 1.0.0\nextends: ../api.yaml\nactions: [{target: $.a, remove: true}]"), &diags)
	if o.For("file:///other.yaml") || !o.Unused() || !o.For("file:///api.yaml") || o.Unused() {
		t.Errorf("For: extends %q does not choose", o.Extends)
	}
}

func FuzzApply(f *testing.F) {
	f.Add("$.paths.*.get", "{a: [1]}")
	f.Add("$..*", "x: {y: z}")
	f.Fuzz(func(t *testing.T, path, update string) {
		text, _ := json.Marshal(path)
		doc, err := source.Parse("o.yaml", "file:///o.yaml", []byte("overlay: 1.0.0\nactions:\n- target: "+string(text)+"\n  update: "+update+"\n"))
		if err != nil {
			return
		}
		var diags diag.List
		if o := Read(doc, &diags); o != nil {
			o.Apply(parse(t, "t.yaml", target), &diags)
		}
	})
}
