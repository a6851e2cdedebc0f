package engine_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portcullis/filter/engine"
	"portcullis/filter/table"
	"portcullis/filter/verdict"
	"portcullis/schemagen/compile"
)

const riskSpec = `openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /:
    get: {responses: {}}
    post:
      responses: {}
      requestBody: {required: %s, content: {application/json: {}, application/octet-stream: {}}}
`

// risky is a table whose operations have the settings that a policy gives them.
func risky(t *testing.T, required bool, settings string) *table.Table {
	t.Helper()
	dir := t.TempDir()
	spec, policy := filepath.Join(dir, "api.yaml"), filepath.Join(dir, "policy.yaml")
	os.WriteFile(spec, fmt.Appendf(nil, riskSpec, fmt.Sprint(required)), 0o600)
	os.WriteFile(policy, []byte("version: 1\ndefaults: {mediaTypes: {application/octet-stream: pass}, "+settings+"}\n"), 0o600)
	r, err := compile.Build(compile.Options{Specs: []string{spec}, PolicyPath: policy, Strict: true})
	if err != nil || r.Table == nil {
		t.Fatalf("compile %s: %v %+v", settings, err, r)
	}
	tab, bad, at := table.Open(r.Table)
	if tab == nil {
		t.Fatalf("table: %s at %d", bad, at)
	}
	return tab
}

func get(path string) *engine.Request {
	r := request("GET", path, nil, nil)
	r.NowNanos = 1e18
	return r
}

// TestSampleRate: the rate is exact in the long run, no caller can tell which request is
// next, and two engines with other seeds choose others.
func TestSampleRate(t *testing.T) {
	tab := risky(t, false, "inspect: {level: headers, raise: [{when: {sample: 5%}, to: body}]}")
	var runs [2]string
	for k := range runs {
		e, _ := engine.New(tab, engine.Options{Seed: [16]byte{byte(k + 1), 9: 7}})
		r, n := get("/"), 0
		var d engine.Decision
		var b strings.Builder
		const of = 100000
		for range of {
			e.CheckHeaders(r, &d)
			if d.Code != verdict.Allow {
				t.Fatalf("code %v, want allow", d.Code)
			}
			if d.Risk.Level == table.InspectBody {
				n++
				b.WriteByte('1')
			} else {
				b.WriteByte('0')
			}
		}
		if n < of/20-350 || n > of/20+350 { // five standard deviations
			t.Errorf("%d of %d requests were sampled, want 5 %%", n, of)
		}
		runs[k] = b.String()
	}
	if runs[0] == runs[1] {
		t.Error("two seeds chose the same requests")
	}
}

// TestRefusalsRaise counts the refusals of callers whom nobody knows, in a store that
// two engines share.
func TestRefusalsRaise(t *testing.T) {
	tab := risky(t, false, "inspect: {level: parameters, raise: [{when: {refusals: 3, within: 60s}, to: deep}]}")
	store := newSharedStore()
	var engines [2]*engine.Engine
	for i := range engines {
		engines[i], _ = engine.New(tab, engine.Options{Store: store, Seed: [16]byte{byte(i)}})
	}
	now := int64(1_800_000_000e9)
	turn := 0
	ask := func(path string) engine.Risk {
		t.Helper()
		turn++
		r := get(path)
		r.NowNanos = now
		var d engine.Decision
		engines[turn%2].CheckHeaders(r, &d)
		if refused := d.Code != verdict.Allow; refused != (path != "/") {
			t.Fatalf("%s: code %s", path, d.Code.Name())
		}
		return d.Risk
	}
	level := func(want uint8, what string) {
		t.Helper()
		if got := ask("/").Level; got != want {
			t.Errorf("%s: level %s, want %s", what, engine.InspectName(got), engine.InspectName(want))
		}
	}
	level(table.InspectParameters, "new")
	ask("/?no=1")
	now += 25e9
	ask("/?no=1")
	level(table.InspectParameters, "after two")
	now += 25e9
	ask("/?no=1")
	level(table.InspectDeep, "after three within a minute")
	now += 59e9
	level(table.InspectDeep, "59 seconds later")
	now += 2e9
	level(table.InspectParameters, "a minute later")
	now += 600e9
	for range 20 { // one every 61 seconds never comes to three
		ask("/?no=1")
		now += 61e9
		level(table.InspectParameters, "now and then")
	}
	for range 1000 { // a flood raises for two windows and no longer
		ask("/?no=1")
	}
	now += 121e9
	level(table.InspectParameters, "two minutes after a flood")
	if s := engines[0].RefusalStats(); s.Unavailable != 0 {
		t.Errorf("%+v", *s)
	}
}

// TestRefusalStoreFails: what can't be known is taken for a yes.
func TestRefusalStoreFails(t *testing.T) {
	tab := risky(t, false, "inspect: {level: parameters, raise: [{when: {refusals: 3, within: 60s}, to: deep}]}")
	e, _ := engine.New(tab, engine.Options{Store: &sharedStore{broken: true}})
	r := get("/")
	var d engine.Decision
	if e.CheckHeaders(r, &d); d.Code != verdict.Allow || d.Risk.Level != table.InspectDeep || d.Risk.Label(false) != engine.RiskHigh {
		t.Errorf("code %s, risk %+v", d.Code.Name(), d.Risk)
	}
}

// TestDeep: nothing that a policy lets pass by name passes when it is looked at deep,
// whenever the level was raised.
func TestDeep(t *testing.T) {
	const relaxed = "unknownQuery: pass, allowDuplicateNames: true, contentEncodings: [gzip], upgrade: [websocket], ambiguous: {methodOverride: true, rawSemicolon: true, bracketNames: true}, "
	tests := []struct {
		name, path, body string
		headers          []string
		want             verdict.Code
	}{
		{"plain", "/", `{"a":1}`, []string{"content-type: application/json"}, verdict.Allow},
		{"duplicate names", "/", `{"a":1,"a":2}`, []string{"content-type: application/json"}, verdict.BodyDuplicateName},
		{"unread type", "/", `x`, []string{"content-type: application/octet-stream"}, verdict.BodyMediaType},
		{"unread coding", "/", `x`, []string{"content-type: application/json", "content-encoding: gzip"}, verdict.BodyEncoding},
		{"undeclared parameter", "/?x=1", "", nil, verdict.ParamUnknown},
		{"raw semicolon", "/?a;b", "", nil, verdict.ParamAmbiguous},
		{"method override", "/", "", []string{"x-http-method-override: DELETE"}, verdict.RequestOverride},
		{"upgrade", "/", "", []string{"upgrade: websocket", "connection: upgrade"}, verdict.RequestUpgrade},
	}
	for _, set := range []struct {
		name, inspect string
		deep          bool
	}{{"body", "inspect: body", false}, {"deep", "inspect: deep", true}, {"raised", "inspect: {level: headers, raise: [{when: anonymous, to: deep}]}", true}} {
		tab := risky(t, false, relaxed+set.inspect)
		for _, tt := range tests {
			e, _ := engine.New(tab, engine.Options{})
			r := request("POST", tt.path, tt.headers, nil)
			r.Body, r.EndStream, r.NowNanos = []byte(tt.body), tt.body == "" && tt.name != "upgrade", 1e18
			var d engine.Decision
			judge(e, r, &d)
			want := tt.want
			if !set.deep {
				want = verdict.Allow
			}
			if d.Code != want {
				t.Errorf("%s, %s: %s, want %s", set.name, tt.name, d.Code.Name(), want.Name())
			}
		}
	}
}

// TestLevels: each level judges what it says and nothing more.
func TestLevels(t *testing.T) {
	const post, json = "POST", "content-type: application/json"
	bad := map[string]*engine.Request{
		"length":    request(post, "/", []string{json, "content-length: 5"}, nil),
		"digits":    request(post, "/", []string{json, "content-length: 5a"}, nil),
		"parameter": request(post, "/?x=1", []string{json}, nil),
		"body":      request(post, "/", []string{json}, nil),
		"type":      request(post, "/", []string{"content-type: text/xml"}, nil),
		"missing":   request(post, "/", nil, nil),
	}
	for name, r := range bad {
		r.EndStream = name == "length" || name == "missing"
		r.Body = []byte("{")
	}
	for level, want := range map[string]string{
		"headers":    "body=allow digits=body_length length=body_length missing=allow parameter=allow type=allow",
		"parameters": "body=allow digits=body_length length=body_length missing=allow parameter=param_unknown type=allow",
		"body":       "body=body_syntax digits=body_length length=body_length missing=body_missing parameter=param_unknown type=body_media_type",
		"deep":       "body=body_syntax digits=body_length length=body_length missing=body_missing parameter=param_unknown type=body_media_type",
	} {
		tab := risky(t, true, "inspect: "+level)
		var got []string
		for _, name := range []string{"body", "digits", "length", "missing", "parameter", "type"} {
			e, _ := engine.New(tab, engine.Options{})
			var d engine.Decision
			judge(e, bad[name], &d)
			got = append(got, name+"="+d.Code.Name())
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%s: %s\nwant %s", level, s, want)
		}
	}
}

func TestInspectAllocs(t *testing.T) {
	tab := risky(t, false, "inspect: {level: headers, sensitive: true, raise: [{when: anonymous, to: body}, {when: {sample: 50%}, to: deep}, {when: sensitive, to: parameters}, "+
		"{when: {refusals: 3, within: 60s}, to: deep}, {when: {refusals: 300, within: 60s}, to: body}]}")
	e, _ := engine.New(tab, engine.Options{})
	good, bad := get("/"), get("/?x=1")
	var d engine.Decision
	if n := testing.AllocsPerRun(200, func() {
		e.CheckHeaders(good, &d)
		e.CheckHeaders(bad, &d)
		_ = d.Risk.Label(false).String() + ""
		_ = engine.FactNames(d.Risk.Facts)
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func TestRiskLabel(t *testing.T) {
	for facts, want := range map[uint8]string{
		0: "low", engine.FactSample: "low", engine.FactAnonymous: "medium", engine.FactSensitive: "medium", engine.FactSensitive | engine.FactSample: "medium",
		engine.FactAnonymous | engine.FactSensitive: "high", engine.FactRefusals: "high", engine.FactRefusals | engine.FactAnonymous: "high",
	} {
		r := engine.Risk{Facts: facts}
		if got := r.Label(false).String(); got != want {
			t.Errorf("Label(%s) = %s, want %s", engine.FactNames(facts), got, want)
		}
		if got := r.Label(true).String(); got != "high" {
			t.Errorf("Label(%s) of a refused request = %s, want high", engine.FactNames(facts), got)
		}
	}
	for facts := range uint8(1 << engine.NumFacts) {
		var want []string
		for i, name := range []string{"anonymous", "refusals", "sample", "sensitive"} {
			if facts>>i&1 != 0 {
				want = append(want, name)
			}
		}
		if got := engine.FactNames(facts); got != strings.Join(want, ",") {
			t.Errorf("FactNames(%d) = %q, want %q", facts, got, want)
		}
	}
	if got := fmt.Sprint(engine.RiskLabel(99), engine.InspectName(99)); got != "high" {
		t.Errorf("labels out of range: %q", got)
	}
}

// TestRaiseBypass: nothing that a request brings, but a credential that is good, takes
// it out of what is asked of callers whom nobody knows.
func TestRaiseBypass(t *testing.T) {
	e := forwardEngine(t, `openapi: 3.1.0
info: {title: t, version: '1'}
security: [{token: []}, {key: []}, {}]
components:
  securitySchemes: {token: {type: http, scheme: bearer}, key: {type: apiKey, in: header, name: x-key}}
paths:
  /o:
    get: {responses: {}}
    post: {responses: {}, requestBody: {required: true, content: {application/json: {schema: {type: object, required: [a]}}}}}
  /public/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    post: {security: [], responses: {}, requestBody: {required: true, content: {application/json: {schema: {type: object, required: [a]}}}}}
`, `version: 1
providers: {idp: {issuer: i, anyAudience: true, keys: [{secret: k, alg: HS256, kid: k}]}}
consumers: {acme: {keys: [{id: demo_gKf6STSmWDzS, digest: "sha256:5ef88b5aa0f98a20f630be0ab04b4226d18b3606a8dd9430687a99ee598de42c"}]}}
schemes: {token: [idp], key: {consumers: all}}
defaults: {head: get, forward: {headers: {x-risk: risk}}, inspect: {level: headers, raise: [{when: anonymous, to: body}]}}
`)
	more := [][]string{
		nil, {"authorization: Bearer"}, {"authorization: Bearer "}, {"authorization: Bearer a.b.c"}, {"authorization: Basic YWRtaW46YQ=="}, {"authorization: x"},
		{"authorization: DPoP a.b.c"}, {"authorization: "}, {"authorization: Bearer a.b.c, Bearer d.e.f"}, {"authorization: Basic a", "authorization: Basic b"}, {"x-key: "}, {"x-key: a"}, {"x-key: demo_gKf6STSmWDzS_NaCmTSFffzai50u5bCo4T4x02C45qf"},
		{"x_key: demo_gKf6STSmWDzS_40Lo4KqwBJlX8s69ArJKBmgl3a1d0M"}, {"cookie: x-key=demo_gKf6STSmWDzS_40Lo4KqwBJlX8s69ArJKBmgl3a1d0M"},
		{"x-forwarded-client-cert: Subject=\"CN=acme\""}, {"x-user-id: acme"}, {"x-portcullis-risk: low"}, {"x-risk: low"}, {"x-http-method-override: GET"}, {"x_http_method: HEAD"},
		{"x-forwarded-for: 127.0.0.1"}, {"connection: x-risk"}, {"transfer-encoding: chunked"}, {"expect: 100-continue"}, {"upgrade: websocket", "connection: upgrade"}, {"content-encoding: gzip"},
		{"origin: https://a.example", "access-control-request-method: POST"},
	}
	for _, path := range []string{"/o", "/public/1", "/public/x%2Fy", "//o", "/o/", "/./o", "/o?_method=GET"} {
		for _, method := range []string{"POST", "PUT", "HEAD", "GET", "OPTIONS"} {
			for _, m := range more {
				r := request(method, path, append([]string{"content-type: application/json"}, m...), nil)
				r.EndStream, r.Body, r.NowNanos = false, []byte(`{"b":1}`), 1e18
				var d engine.Decision
				if judge(e, r, &d); d.Code == verdict.Allow {
					t.Errorf("%s %s with %q passes with a body that is no good, looked at %s", method, path, m, engine.InspectName(d.Risk.Level))
				}
			}
		}
	}
	// What it takes: the same body of who is known.
	r := request("POST", "/o", []string{"content-type: application/json", "x-key: demo_gKf6STSmWDzS_40Lo4KqwBJlX8s69ArJKBmgl3a1d0M"}, nil)
	r.EndStream, r.Body, r.NowNanos = false, []byte(`{"b":1}`), 1e18
	var d engine.Decision
	if judge(e, r, &d); d.Code != verdict.Allow || d.Risk.Level != table.InspectHeaders {
		t.Errorf("a known caller: %s, looked at %s", d.Code.Name(), engine.InspectName(d.Risk.Level))
	}
}

// TestRaiseWaits: what was settled before a request waited holds when it is judged
// again, whatever chance would say then.
func TestRaiseWaits(t *testing.T) {
	e := forwardEngine(t, fleetSpec, `version: 1
rateLimitServices: {rls: {cluster: ratelimit, domain: shop, callers: plain}}
limits: {each: {requests: 1000, per: 1s, by: 'header:x-caller', scope: fleet}}
operations: [{operation: each, limits: [each], inspect: {level: headers, raise: [{when: {sample: 50%}, to: deep}]}}]
`)
	levels := map[uint8]int{}
	for i := range 64 {
		r := request("GET", "/each", []string{fmt.Sprintf("x-caller: c%d", i)}, nil)
		var d engine.Decision
		asked(t, e, r, &d)
		before := d.Risk
		r.Answers.Risk = d.Risk
		if answered(t, e, r, &d, nil); d.Risk != before {
			t.Errorf("judged again: %+v, was %+v", d.Risk, before)
		}
		levels[before.Level]++
	}
	if levels[table.InspectHeaders] == 0 || levels[table.InspectDeep] == 0 {
		t.Errorf("levels %v, want both", levels)
	}
}

// TestRaiseBounds: the largest numbers that a policy may have can be counted.
func TestRaiseBounds(t *testing.T) {
	for _, rule := range []string{"{refusals: 1000, within: 1d}", "{refusals: 1, within: 1s}", "{refusals: 1000, within: 1s}", "{refusals: 1, within: 1d}"} {
		e, _ := engine.New(risky(t, false, "inspect: {level: headers, raise: [{when: "+rule+", to: deep}]}"), engine.Options{})
		if e == nil {
			t.Errorf("%s can't be counted", rule)
		}
	}
}
