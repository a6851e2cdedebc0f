package report

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"portcullis/schemagen/compile"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func analyse(t *testing.T, spec, policy string) *Report {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	o := compile.Options{Specs: []string{write("api.yaml", spec)}}
	if policy != "" {
		o.PolicyPath = write("policy.yaml", policy)
	}
	r, err := compile.Build(o)
	if err != nil || r.Table == nil {
		t.Fatalf("%v, %v", err, r.Diags)
	}
	return Analyse(r, "", "")
}

// found is the checks that found something, with how much.
func found(r *Report) map[string]int {
	out := map[string]int{}
	for _, cat := range r.Categories {
		for _, c := range cat.Checks {
			if len(c.Items) > 0 {
				out[c.ID] = len(c.Items)
			}
		}
	}
	return out
}

// TestChecks: each check finds its gap, and does not find it where there is
// none.
func TestChecks(t *testing.T) {
	doc := func(op string) string {
		return "openapi: 3.1.0\ninfo: {title: A}\npaths: {/a: {" + op + "}}\ncomponents: {securitySchemes: {t: {type: http, scheme: bearer}, b: {type: http, scheme: basic}, k: {type: apiKey, in: query, name: key}}}\n"
	}
	body := func(schema string) string {
		return doc("post: {security: [{t: [x]}], requestBody: {content: {application/json: {schema: " + schema + "}}}}")
	}
	const limited = "version: 1\nlimits: {l: {requests: 5, per: 1s}}\ndefaults: {limits: [l]}\nwaive: [{code: security-no-provider, reason: test}]\n"
	tests := []struct {
		check, with, without string
		policy               string // of both
	}{
		{"public-write", doc("post: {}"), doc("get: {}"), ""},
		{"public-read", doc("get: {}"), doc("get: {security: [{t: []}]}"), "version: 1\n"},
		{"basic", doc("get: {security: [{b: []}]}"), doc("get: {security: [{t: []}]}"), ""},
		{"key-in-query", doc("get: {security: [{k: []}]}"), doc("get: {security: [{t: []}]}"), ""},
		{"open", body("{type: object, properties: {a: {type: boolean}}}"), body("{type: object, properties: {a: {type: boolean}}, additionalProperties: false}"), ""},
		{"open", body("{type: object, properties: {a: {type: object, properties: {b: {type: boolean}}}}, additionalProperties: false}"), body("{type: object, additionalProperties: {type: boolean}}"), ""},
		{"open", body("{type: object, allOf: [{properties: {a: {type: boolean}}}]}"), body("{type: object, allOf: [{properties: {a: {type: boolean}}}], unevaluatedProperties: false}"), ""},
		{"string", body("{type: string}"), body("{type: string, maxLength: 9}"), ""},
		{"string", body("{type: string, pattern: '^a+$'}"), body("{type: string, pattern: '^a{3}$'}"), ""},
		{"string", body("{type: array, maxItems: 3, items: {type: string}}"), body("{type: array, maxItems: 3, items: {type: string, format: uuid}}"), ""},
		{"string", body("{anyOf: [{type: string}, {type: integer}]}"), body("{anyOf: [{type: string, enum: [a]}, {type: integer}]}"), ""},
		{"array", body("{type: array, items: {type: boolean}}"), body("{type: array, items: {type: boolean}, maxItems: 3}"), ""},
		{"no-limit", doc("get: {}"), "", ""},
		{"no-scopes", doc("post: {security: [{t: []}]}"), doc("post: {security: [{t: [w]}]}"), ""},
		{"public-flow", strings.Replace(doc("post: {}"), "/a:", "/login:", 1), doc("post: {}"), ""},
		{"url", body("{type: object, additionalProperties: false, properties: {callback_url: {type: string, maxLength: 99}}}"), body("{type: object, additionalProperties: false, properties: {curl: {type: string, maxLength: 99}}}"), ""},
		{"not-enforced", strings.Replace(doc("get: {}"), "paths:", "x-portcullis-mode: monitor\npaths:", 1), doc("get: {}"), ""},
		{"not-inspected", doc("post: {x-portcullis-inspect: headers}"), doc("post: {}"), ""},
		{"no-schema", doc("post: {requestBody: {content: {application/json: {}}}}"), body("{type: boolean}"), ""},
		{"unread", doc("post: {requestBody: {content: {application/xml: {}}}}"), body("{type: boolean}"), ""},
		{"unknown-query", doc("get: {x-portcullis-unknown-query: pass}"), doc("get: {}"), ""},
		{"deprecated", doc("get: {deprecated: true}"), doc("get: {}"), ""},
		{"denied", doc("get: {parameters: [{name: p, in: query, schema: {$ref: '#/x'}}]}"), doc("get: {}"), ""},
		{"object-owner", strings.Replace(doc("get: {}"), "/a:", "'/a/{id}':", 1), doc("get: {}"), ""},
	}
	for _, tt := range tests {
		t.Run(tt.check, func(t *testing.T) {
			if n := found(analyse(t, tt.with, tt.policy))[tt.check]; n != 1 {
				t.Errorf("found %d in %s, want 1", n, tt.with)
			}
			if tt.without == "" {
				return
			}
			if n := found(analyse(t, tt.without, tt.policy))[tt.check]; n != 0 {
				t.Errorf("found %d in %s, want none", n, tt.without)
			}
		})
	}
	if n := found(analyse(t, doc("get: {}"), limited))["no-limit"]; n != 0 {
		t.Errorf("no-limit found %d in a limited API, want none", n)
	}
	if n := found(analyse(t, doc("get: {}"), "version: 1\nunknown: pass\n"))["unknown-pass"]; n != 1 {
		t.Errorf("unknown-pass found %d, want 1", n)
	}
}

func shop(t *testing.T) *bytes.Buffer {
	t.Helper()
	r, err := compile.Build(compile.Options{Specs: []string{"../../examples/shop/shop.yaml"}, PolicyPath: "../../examples/shop/policy.yaml"})
	if err != nil || r.Table == nil {
		t.Fatalf("%v %v", err, r)
	}
	var b bytes.Buffer
	if err := Render(&b, Analyse(r, "", "")); err != nil {
		t.Fatal(err)
	}
	return &b
}

// TestSelfContained: nothing outside the file is asked for, every id is there
// once, and every link within leads somewhere.
func TestSelfContained(t *testing.T) {
	text := shop(t).String()
	for _, bad := range []string{"http://", "https://", " src=", "url(", "@import", "<link"} {
		if strings.Contains(text, bad) {
			t.Errorf("the report has %q: it must need nothing else", bad)
		}
	}
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(`\sid="([^"]+)"`).FindAllStringSubmatch(text, -1) {
		if ids[m[1]] {
			t.Errorf("the id %q is there twice", m[1])
		}
		ids[m[1]] = true
	}
	for _, m := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(text, -1) {
		if !ids[m[1]] {
			t.Errorf("the link to #%s leads nowhere", m[1])
		}
	}
	for _, want := range []string{"<html lang=", "<main>", "<caption>", `scope="col"`, "prefers-color-scheme: dark", "@media print", "POST</span>"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
}

// TestEscapes: names in descriptions are text in the report.
func TestEscapes(t *testing.T) {
	r := analyse(t, "openapi: 3.1.0\ninfo: {title: '<script>alert(1)</script>'}\npaths: {'/\"><img src=x onerror=y>': {post: {}}}\n", "")
	var b bytes.Buffer
	if err := Render(&b, r); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); strings.Contains(text, "<script>alert") || strings.Contains(text, "<img") {
		t.Errorf("a name in a description became markup")
	}
}

// TestGolden compares the shop's report, without its style.
func TestGolden(t *testing.T) {
	text := shop(t).String()
	got := text[strings.Index(text, "<main>"):]
	got = regexp.MustCompile(`inputs <span class="path">[0-9a-f]+</span>`).ReplaceAllString(got, "inputs")
	const golden = "testdata/shop.html.txt"
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs: run go test -update and look at the difference", golden)
	}
}
