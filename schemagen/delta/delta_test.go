package delta_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portcullis/filter/table"
	"portcullis/schemagen/compile"
	"portcullis/schemagen/delta"
	"portcullis/schemagen/explain"
)

func read(t *testing.T, spec, policy string) *explain.Table {
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
	if err != nil {
		t.Fatal(err)
	}
	if r.Table == nil {
		t.Fatalf("no table: %v", r.Diags)
	}
	tab, code, off := table.Open(r.Table)
	if code != table.ErrNone {
		t.Fatalf("open: %v at %d", code, off)
	}
	return explain.Read(tab)
}

func text(list []delta.Change) string {
	var out []string
	for _, c := range list {
		out = append(out, fmt.Sprintf("%s %s: %s", c.Effect, c.Where, c.Text))
	}
	return strings.Join(out, "\n")
}

// TestSchemas compares bodies by what their schemas become.
func TestSchemas(t *testing.T) {
	const at = " body application/json"
	tests := []struct{ name, old, new, want string }{
		{"same", "{type: string}", "{type: string, description: x}", ""},
		{"spelled otherwise", "{type: integer, minimum: 1}", "{allOf: [{type: integer}, {minimum: 1}]}", ""},
		{"type narrower", "{type: [string, 'null']}", "{type: string}", "refuses" + at + ": may no longer be null"},
		{"type wider", "{type: integer}", "{type: number}", "accepts" + at + ": may be number that is no integer"},
		{"integer from number", "{type: number}", "{type: integer}", "refuses" + at + ": may no longer be number that is no integer"},
		{"type swapped", "{type: string}", "{type: boolean}", "refuses" + at + ": may no longer be string\naccepts" + at + ": may be boolean"},
		{"from anything", "{}", "{type: string}", "refuses" + at + ": may no longer be null or boolean or object or array or number"},
		{"enum", "{enum: [a, b]}", "{enum: [b, c]}", "refuses" + at + ": may no longer be \"a\"\naccepts" + at + ": may be \"c\""},
		{"enum comes", "{type: string}", "{type: string, enum: [a]}", "refuses" + at + ": must be one of \"a\""},
		{"minimum", "{minimum: 1}", "{minimum: 2}", "refuses" + at + ": must be at least 2, was at least 1"},
		{"exclusive", "{minimum: 1}", "{exclusiveMinimum: 1}", "refuses" + at + ": must be more than 1, was at least 1"},
		{"equal bounds", "{minimum: 1.0}", "{minimum: 1}", ""},
		{"maximum goes", "{maximum: 9}", "{}", "accepts" + at + ": need no longer be at most 9"},
		{"maximum up", "{maximum: 9}", "{maximum: 10}", "accepts" + at + ": may be at most 10, was at most 9"},
		{"multiple", "{multipleOf: 2}", "{multipleOf: 6}", "refuses" + at + ": must be a multiple of 6, was 2"},
		{"multiple back", "{multipleOf: 6}", "{multipleOf: 2}", "accepts" + at + ": must be a multiple of 2, was 6"},
		{"multiple aside", "{multipleOf: 2}", "{multipleOf: 3}", "may-changes" + at + ": must be a multiple of 3, was 2"},
		{"length", "{maxLength: 9}", "{maxLength: 8, minLength: 1}", "refuses" + at + ": must have at least 1 character, was 0\nrefuses" + at + ": may have at most 8 characters, was 9"},
		{"items", "{type: array}", "{type: array, maxItems: 1}", "refuses" + at + ": may have at most 1 item"},
		{"pattern comes", "{type: string}", "{type: string, pattern: '^a'}", "refuses" + at + ": must match the pattern api.yaml#/paths/~1a/post/requestBody/content/application~1json/schema/pattern"},
		{"pattern spelled otherwise", "{type: string, pattern: '^[a-c]$'}", "{type: string, pattern: '^(a|b|c)$'}", ""},
		{"pattern", "{type: string, pattern: '^a'}", "{type: string, pattern: '^b'}", "may-changes" + at + ": must match the pattern"},
		{"format goes", "{type: string, format: uuid}", "{type: string}", "accepts" + at + ": need no longer match the format uuid"},
		{"unique", "{type: array}", "{type: array, uniqueItems: true}", "refuses" + at + ": no two items may be equal"},
		{"required", "{type: object}", "{type: object, required: [a]}", "refuses" + at + " /a: is required now"},
		{"member closed", "{type: object, additionalProperties: false, properties: {a: {}, b: {}}}", "{type: object, additionalProperties: false, properties: {a: {}, c: {}}}",
			"refuses" + at + " /b: is no longer described, and refused\naccepts" + at + " /c: is described now, and passes"},
		{"member open", "{type: object, properties: {a: {type: string}}}", "{type: object, properties: {b: {type: boolean}}}",
			"refuses" + at + " /b: may no longer be null or object or array or number or string\naccepts" + at + " /a: may be null or boolean or object or array or number"},
		{"closed", "{type: object, properties: {a: {}}}", "{type: object, properties: {a: {}}, additionalProperties: false}", "refuses" + at + ": members that are not described are refused"},
		{"additional", "{type: object, additionalProperties: {type: string}}", "{type: object, additionalProperties: {type: string, maxLength: 3}}", "refuses" + at + " /(other members): may have at most 3 characters"},
		{"deep", "{type: array, items: {type: object, properties: {a: {type: array, items: {maximum: 1}}}}}", "{type: array, items: {type: object, properties: {a: {type: array, items: {maximum: 2}}}}}",
			"accepts" + at + " /*/a/*: may be at most 2, was at most 1"},
		{"tuple", "{type: array, prefixItems: [{type: string}]}", "{type: array, prefixItems: [{type: string}, {type: boolean}]}", "refuses" + at + " /1: may no longer be null or object or array or number or string"},
		{"never", "{type: object, properties: {a: {}}}", "{type: object, properties: {a: false}}", "refuses" + at + " /a: is refused, whatever it is"},
		{"anyOf more", "{anyOf: [{type: object, required: [a]}, {type: object, required: [b]}]}", "{anyOf: [{type: object, required: [a]}, {type: object, required: [b]}, {type: object, required: [c]}]}", "accepts" + at + ": has 3 alternatives, was 2"},
		{"anyOf branch", "{anyOf: [{type: object, required: [a]}, {type: object, required: [b]}]}", "{anyOf: [{type: object, required: [a]}, {type: object, required: [c]}]}",
			"may-refuse" + at + " (2)/c: is required now\nmay-accept" + at + " (2)/b: is no longer required"},
		{"oneOf branch", "{oneOf: [{type: object, required: [a]}, {type: object, required: [b]}]}", "{oneOf: [{type: object, required: [a]}, {type: object, required: [b, c]}]}", "may-changes" + at + " (2)/c: is required now"},
		{"not comes", "{type: string}", "{type: string, not: {maxLength: 2}}", "refuses" + at + ": there are rules now about what it must not be"},
		{"if changes", "{if: {type: string}, then: {minLength: 1}}", "{if: {type: string}, then: {minLength: 2}}", "may-changes" + at + ": the rules have changed about what depends on what it is"},
		{"told apart", "{oneOf: [{type: object, required: [t], properties: {t: {const: a}}}, {type: object, required: [t], properties: {t: {const: b}}}]}",
			"{oneOf: [{type: object, required: [t, x], properties: {t: {const: a}}}, {type: object, required: [t], properties: {t: {const: b}}}]}",
			"refuses" + at + " (when \"t\" is \"a\")/x: is required now"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc := func(schema string) *explain.Table {
				return read(t, "openapi: 3.1.0\ninfo: {title: A}\npaths: {/a: {post: {requestBody: {content: {application/json: {schema: "+schema+"}}}}}}\n", "")
			}
			got := text(delta.Compare(doc(tt.old), doc(tt.new)))
			if got != tt.want && (tt.want == "" || !strings.HasPrefix(got, tt.want) || strings.Contains(tt.want, "\n")) {
				t.Errorf("Compare found\n%s\nwant\n%s", got, tt.want)
			}
			back := delta.Compare(doc(tt.new), doc(tt.old))
			if (len(back) == 0) != (tt.want == "") {
				t.Errorf("the other way around: %s", text(back))
			}
		})
	}
}

// TestRecursive: schemas that go around are compared without going around.
func TestRecursive(t *testing.T) {
	doc := func(extra string) *explain.Table {
		return read(t, "openapi: 3.1.0\ninfo: {title: A}\npaths: {/a: {post: {requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/T'}}}}}}}\n"+
			"components: {schemas: {T: {type: object, properties: {v: {type: string"+extra+"}, l: {$ref: '#/components/schemas/T'}, r: {type: array, items: {$ref: '#/components/schemas/T'}}}}}}\n", "")
	}
	if got := text(delta.Compare(doc(""), doc(""))); got != "" {
		t.Errorf("equal trees differ: %s", got)
	}
	got := text(delta.Compare(doc(""), doc(", maxLength: 3")))
	if want := "refuses body application/json /v: may have at most 3 characters"; got != want {
		t.Errorf("Compare found %q, want %q", got, want)
	}
}

// TestRequests compares what is not a schema.
func TestRequests(t *testing.T) {
	op := func(members string) string {
		return "openapi: 3.1.0\ninfo: {title: A}\npaths:\n  /a/{id}:\n    get: {parameters: [{name: id, in: path, required: true, schema: {type: string}}]" + members + "}\n"
	}
	param := func(members string) string {
		return "openapi: 3.1.0\ninfo: {title: A}\npaths: {/a: {get: {parameters: [" + members + "]}}}\n"
	}
	body := func(members string) string {
		return "openapi: 3.1.0\ninfo: {title: A}\npaths: {/a: {post: {" + members + "}}}\n"
	}
	const limits = "version: 1\nlimits: {l: {requests: %s}}\ndefaults: {limits: [%s]}\n"
	tests := []struct{ name, old, new, oldPolicy, newPolicy, want string }{
		{"operation goes", op(""), "openapi: 3.1.0\ninfo: {title: A}\npaths: {}\n", "", "", "refuses operation: the operation is gone"},
		{"operation comes", "openapi: 3.1.0\ninfo: {title: A}\npaths: {}\n", op(""), "", "", "accepts operation: the operation is new"},
		{"path parameter renamed", op(""), strings.ReplaceAll(strings.ReplaceAll(op(""), "{id}", "{key}"), "name: id", "name: key"), "", "", ""},
		{"denied", param(""), param("{name: p, in: query, schema: {$ref: '#/x'}}"), "", "", "refuses operation: every request is refused now: something can't be enforced"},
		{"query comes", param(""), param("{name: p, in: query, schema: {type: integer}}"), "", "", "accepts query p: is described now: requests with it pass"},
		{"query goes", param("{name: p, in: query, schema: {type: integer}}"), param(""), "", "", "refuses query p: is no longer described: requests with it are refused"},
		{"header comes", param(""), param("{name: P, in: header, schema: {type: integer}}"), "", "", "refuses header p: any value passed, it must be integer now"},
		{"required", param("{name: p, in: query, schema: {type: integer}}"), param("{name: p, in: query, required: true, schema: {type: integer}}"), "", "", "refuses query p: is required now"},
		{"narrower", param("{name: p, in: query, schema: {type: integer}}"), param("{name: p, in: query, schema: {type: integer, maximum: 3}}"), "", "", "refuses query p: must be at most 3"},
		{"empty", param("{name: p, in: query, schema: {type: integer}}"), param("{name: p, in: query, allowEmptyValue: true, schema: {type: integer}}"), "", "", "accepts query p: may be empty"},
		{"body comes", body(""), body("requestBody: {content: {application/json: {}}}"), "", "", "accepts body: a body may come: application/json"},
		{"body goes", body("requestBody: {content: {application/json: {}}}"), body(""), "", "", "refuses body: no body may come"},
		{"body required", body("requestBody: {content: {application/json: {}}}"), body("requestBody: {required: true, content: {application/json: {}}}"), "", "", "refuses body: a body is required now"},
		{"media type", body("requestBody: {content: {application/json: {}}}"), body("requestBody: {content: {application/merge-patch+json: {}}}"), "", "",
			"refuses body application/json: bodies of this type are refused\naccepts body application/merge-patch+json: bodies of this type are described now"},
		{"mode", op(""), op(""), "version: 1\nmode: monitor\n", "version: 1\n", "may-refuse mode: was monitor, is enforce: refusals are refused"},
		{"inspect", body(""), body(""), "version: 1\n", "version: 1\ndefaults: {inspect: headers}\n", "accepts inspect: was body, is headers: neither parameters nor bodies are looked at"},
		{"inspect raised", body(""), body(""), "version: 1\ndefaults: {inspect: {raise: [{when: anonymous, to: deep}]}}\n", "version: 1\ndefaults: {inspect: {raise: [{when: {sample: 5%}, to: deep}]}}\n",
			"may-refuse inspect: raised to deep: 5% of them, by chance\naccepts inspect: no longer raised to deep: of callers nobody knows"},
		{"unknown", op(""), op(""), "version: 1\nunknown: pass\n", "version: 1\n", "refuses unknown operations: requests that no operation matches were let through, and are refused now"},
		{"unknown query", op(""), op(""), "version: 1\ndefaults: {unknownQuery: pass}\n", "version: 1\n", "refuses query: query parameters that are not described are refused"},
		{"limit comes", op(""), op(""), "version: 1\n", fmt.Sprintf(limits, "5, per: 1s", "l"), "refuses limits: limited to 5 in 1s, 5 at once, by operation (l)"},
		{"limit same", op(""), op(""), fmt.Sprintf(limits, "5, per: 1s", "l"), fmt.Sprintf(limits, "5, per: 1s", "l"), ""},
		{"limit tighter", op(""), op(""), fmt.Sprintf(limits, "60, per: 1m, burst: 5", "l"), fmt.Sprintf(limits, "30, per: 1m, burst: 5", "l"), "refuses limits: was limited to 60 in 1m0s"},
		{"limit aside", op(""), op(""), fmt.Sprintf(limits, "60, per: 1m, burst: 5", "l"), fmt.Sprintf(limits, "30, per: 1m, burst: 6", "l"), "may-changes limits: was limited to"},
		{"limit key", op(""), op(""), fmt.Sprintf(limits, "60, per: 1m", "l"), fmt.Sprintf(limits, "60, per: 1m, by: address", "l"), "may-changes limits: was limited to"},
		{"limit goes", op(""), op(""), fmt.Sprintf(limits, "60, per: 1m", "l"), "version: 1\n", "accepts limits: no longer limited to 60 in 1m0s"},
		{"max body", body(""), body(""), "version: 1\ndefaults: {maxBodyBytes: 10}\n", "version: 1\ndefaults: {maxBodyBytes: 9}\n", "refuses body: was at most 10 bytes, is at most 9 bytes"},
		{"base path", op(""), op(", servers: [{url: /v2}]"), "", "", "refuses hosts and paths: no longer answers at *\naccepts hosts and paths: answers at */v2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			list := delta.Compare(read(t, tt.old, tt.oldPolicy), read(t, tt.new, tt.newPolicy))
			got := text(list)
			if got != tt.want && (tt.want == "" || !strings.HasPrefix(got, tt.want) || strings.Contains(tt.want, "\n")) {
				t.Errorf("Compare found\n%s\nwant\n%s", got, tt.want)
			}
			if breaking := strings.Contains(tt.want, "refuse") && !strings.HasPrefix(tt.want, "accepts") || strings.HasPrefix(tt.want, "may-"); delta.Breaking(list) != breaking {
				t.Errorf("Breaking = %v, want %v", !breaking, breaking)
			}
		})
	}
}

func TestAllow(t *testing.T) {
	table := func(text string) *explain.Table {
		op := &explain.Operation{Method: "GET", Path: "/", Mode: "enforce", Inspect: "body"}
		if text != "" {
			op.Allow = &explain.Allow{Text: text}
		}
		return &explain.Table{Unknown: "deny", Operations: []*explain.Operation{op}}
	}
	for _, tt := range []struct{ old, new, want string }{
		{"", "", ""},
		{"claims.a == 1", "claims.a\n  == 1", ""},
		{"", "claims.a == 1", "may-refuse allow: only if claims.a == 1"},
		{"claims.a == 1", "", "accepts allow: no longer only if claims.a == 1"},
		{"claims.a == 1", "claims.a == 2", "may-refuse allow: only if claims.a == 2, was claims.a == 1"},
	} {
		if got := text(delta.Compare(table(tt.old), table(tt.new))); got != tt.want {
			t.Errorf("Compare(%q, %q) = %q, want %q", tt.old, tt.new, got, tt.want)
		}
	}
}

func TestSecurity(t *testing.T) {
	keys := func(u explain.Use) []explain.Requirement {
		u.Scheme, u.Kind, u.Where = "s", "API key", "header k"
		return []explain.Requirement{{Uses: []explain.Use{u}}}
	}
	bearer := func(scopes ...string) explain.Requirement {
		return explain.Requirement{Uses: []explain.Use{{Scheme: "s", Kind: "bearer token", Providers: []string{"p"}, Scopes: scopes}}}
	}
	tests := []struct {
		name     string
		old, new []explain.Requirement
		want     string
	}{
		{"public both", nil, nil, ""},
		{"closes", nil, []explain.Requirement{bearer()}, "refuses security: anybody may no longer call"},
		{"opens", []explain.Requirement{bearer()}, nil, "accepts security: anybody may call"},
		{"more scopes", []explain.Requirement{bearer("a")}, []explain.Requirement{bearer("a", "b")}, "refuses security: who has a bearer token from p with a (scheme s) may no longer call"},
		{"fewer scopes", []explain.Requirement{bearer("a", "b")}, []explain.Requirement{bearer("a")}, "accepts security: who has a bearer token from p with a (scheme s) may call"},
		{"a consumer less", keys(explain.Use{Consumers: []string{"a", "b"}}), keys(explain.Use{Consumers: []string{"a"}}), "refuses security: who has an API key in header k of a or b (scheme s) may no longer call"},
		{"any consumer", keys(explain.Use{Consumers: []string{"a", "b"}}), keys(explain.Use{All: true}), "accepts security: who has an API key in header k of any consumer (scheme s) may call"},
		{"nobody any more", keys(explain.Use{All: true}), keys(explain.Use{Nobody: true}), "refuses security: who has an API key in header k of any consumer (scheme s) may no longer call"},
		{"an alternative", []explain.Requirement{bearer("a")}, []explain.Requirement{bearer("b"), bearer("a")}, "accepts security: who has a bearer token from p with b (scheme s) may call"},
	}
	for _, tt := range tests {
		table := func(r []explain.Requirement) *explain.Table {
			return &explain.Table{Unknown: "deny", Operations: []*explain.Operation{{Method: "GET", Path: "/", Mode: "enforce", Inspect: "body", Security: r}}}
		}
		if got := text(delta.Compare(table(tt.old), table(tt.new))); got != tt.want {
			t.Errorf("%s: Compare found %q, want %q", tt.name, got, tt.want)
		}
	}
}
