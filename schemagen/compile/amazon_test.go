package compile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portcullis/schemagen/ir"
)

const amazonSpec = `
openapi: 3.0.1
info: {title: A, version: '1'}
x-amazon-apigateway-request-validators:
  all: {validateRequestBody: true, validateRequestParameters: true}
  params: {validateRequestBody: false, validateRequestParameters: true}
  body: {validateRequestBody: true}
  none: {validateRequestBody: false, validateRequestParameters: false}
x-amazon-apigateway-request-validator: params
x-amazon-apigateway-throttling: {rateLimit: 100, burstLimit: 50}
x-amazon-apigateway-policy: {}
paths:
  /a:
    x-amazon-apigateway-throttle: {rateLimit: 0.5}
    get: {responses: {}, x-amazon-apigateway-request-validator: all, x-amazon-apigateway-integration: {}}
    put: {responses: {}, x-amazon-apigateway-request-validator: body, x-amazon-apigateway-throttling: {rateLimit: 2, burstLimit: 1}}
    post: {responses: {}, x-amazon-apigateway-request-validator: none}
    delete: {responses: {}, x-amazon-apigateway-request-validator: alll, x-portcullis-inspect: deep}
  /b:
    get: {responses: {}}
    x-amazon-apigateway-any-method: {responses: {}}
`

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestAmazon: request validators are inspection levels, throttles are limits,
// the closest place wins, x-portcullis-* members go before, and nothing is
// passed over in silence.
func TestAmazon(t *testing.T) {
	r, err := Build(Options{Specs: []string{writeFile(t, "api.yaml", amazonSpec)}, Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	if r.Table == nil {
		t.Fatalf("no table: %v", r.Diags)
	}
	tests := []struct {
		op       string
		inspect  ir.Inspect
		requests uint64
		seconds  uint64
		burst    uint64
	}{
		{"GET /a", ir.InspectBody, 1, 2, 1},
		{"PUT /a", ir.InspectBody, 2, 1, 1},
		{"POST /a", ir.InspectHeaders, 1, 2, 1},
		{"DELETE /a", ir.InspectDeep, 1, 2, 1},
		{"GET /b", ir.InspectParameters, 100, 1, 50},
	}
	ops := map[string]*ir.Operation{}
	for _, op := range r.Build.APIs[0].Operations {
		ops[op.Method+" "+op.Path] = op
	}
	for _, tt := range tests {
		op := ops[tt.op]
		if op.Inspect != tt.inspect {
			t.Errorf("%s: inspect %d, want %d", tt.op, op.Inspect, tt.inspect)
		}
		if len(op.Limits) != 1 {
			t.Errorf("%s: %d limits, want 1", tt.op, len(op.Limits))
			continue
		}
		if l := op.Limits[0]; l.Requests != tt.requests || l.WindowNanos != tt.seconds*1e9 || l.Burst != tt.burst || l.Key != ir.LimitByOperation {
			t.Errorf("%s: limit %+v, want %d in %d s, burst %d", tt.op, l, tt.requests, tt.seconds, tt.burst)
		}
	}
	text := ""
	for _, d := range r.Diags {
		text += d.String() + "\n"
	}
	for _, want := range []string{
		`validator "none", which looks at nothing`, `validator "alll", wanted one that x-amazon-apigateway-request-validators defines: requests are judged whole; did you mean "all"?`,
		`validator "body" of bodies alone`, "x-amazon-apigateway-integration, which is not read", "x-amazon-apigateway-any-method, which no operation comes of",
		"a resource policy is not read",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("findings lack %q:\n%s", want, text)
		}
	}
}

func TestAmazonRefuses(t *testing.T) {
	tests := []struct{ member, want string }{
		{"x-amazon-apigateway-throttling: 3", "found a number as a throttle"},
		{"x-amazon-apigateway-throttling: {rateLimit: 0}", "found 0 as rateLimit"},
		{"x-amazon-apigateway-throttling: {rateLimit: -1}", "as rateLimit"},
		{"x-amazon-apigateway-throttling: {rateLimit: 1e30}", "as rateLimit"},
		{"x-amazon-apigateway-throttling: {rateLimit: 1, burstLimit: 0.5}", "as burstLimit"},
		{"x-amazon-apigateway-throttling: {burstLimit: 5}", "without rateLimit"},
		{"x-amazon-apigateway-throttling: {rateLimit: 1, burst: 5}", `unknown name "burst"`},
		{"x-amazon-apigateway-request-validators: []", "found an array as x-amazon"},
		{"x-amazon-apigateway-request-validators: {a: {validateRequestBody: 3}}", "found a number as validateRequestBody"},
	}
	for _, tt := range tests {
		r, err := Build(Options{Specs: []string{writeFile(t, "api.yaml", "openapi: 3.0.1\ninfo: {}\npaths: {/a: {get: {}}}\n"+tt.member+"\n")}})
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, d := range r.Diags {
			found = found || strings.Contains(d.Message, tt.want)
		}
		if !found {
			t.Errorf("%s: found %v, want %q", tt.member, r.Diags, tt.want)
		}
	}
}

// TestOverlay: an overlay changes what is compiled, findings about what it
// brought stand in it, and its bytes are in the digest.
func TestOverlay(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	spec := write("api.yaml", "openapi: 3.1.0\ninfo: {title: A}\npaths: {/a: {get: {}}, /b: {get: {}}}\n")
	over := write("o.yaml", "overlay: 1.0.0\ninfo: {title: O}\nextends: api.yaml\nactions:\n- {target: '$.paths[\"/b\"]', remove: true}\n- target: $.paths.*.get\n  update:\n    parameters:\n    - name: p\n      in: query\n      schema: {$ref: '#/components/schemas/Gone'}\n")
	other := write("p.yaml", "overlay: 1.0.0\ninfo: {title: O}\nextends: nope.yaml\nactions:\n- {target: '$.paths[\"/b\"]', remove: true}\n")
	plain, _ := Build(Options{Specs: []string{spec}})
	r, err := Build(Options{Overlays: []string{over}}) // the description is what it extends
	if err != nil {
		t.Fatal(err)
	}
	if n := r.NumOperations(); n != 1 {
		t.Fatalf("%d operations, want 1: %v", n, r.Diags)
	}
	if r.Build.InputsDigest == plain.Build.InputsDigest {
		t.Errorf("the digest does not know the overlay")
	}
	found := false
	for _, d := range r.Diags {
		if d.Code == "ref-dangling" {
			found = true
			if filepath.Base(d.File) != "o.yaml" || d.Line < 8 || !strings.HasPrefix(d.Pointer, "/actions/1/update/parameters/0") {
				t.Errorf("the finding is at %s:%d %s, want o.yaml", d.File, d.Line, d.Pointer)
			}
		}
	}
	if !found {
		t.Errorf("no finding about the overlay's reference: %v", r.Diags)
	}
	r, _ = Build(Options{Specs: []string{spec}, Overlays: []string{other}})
	if len(r.Diags) == 0 || r.Diags[0].Code != "overlay-extends" {
		t.Errorf("an overlay of another description: %v", r.Diags)
	}
	r, _ = Build(Options{Specs: []string{spec}, Overlays: []string{filepath.Join(dir, "none.yaml")}})
	if len(r.Diags) == 0 || r.Diags[0].Code != "overlay-unreadable" {
		t.Errorf("a missing overlay: %v", r.Diags)
	}
}
