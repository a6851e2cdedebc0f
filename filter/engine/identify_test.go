package engine_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"portcullis/filter/engine"
	"portcullis/filter/table"
	"portcullis/filter/token/sig"
	"portcullis/filter/verdict"
	"portcullis/schemagen/apikey"
	"portcullis/schemagen/compile"
)

// identitySpec has an operation for each way to ask for credentials.
const identitySpec = `openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /header: {get: {security: [{header: []}]}}
  /query: {get: {security: [{query: []}]}}
  /cookie: {get: {security: [{cookie: []}]}}
  /basic: {get: {security: [{basic: []}]}}
  /bearer: {get: {security: [{bearerKey: []}]}}
  /raw: {get: {security: [{raw: []}]}}
  /some: {get: {security: [{some: []}]}}
  /some-or: {get: {security: [{some: []}, {header: [write]}]}}
  /or-some: {get: {security: [{header: [write]}, {some: []}]}}
  /same-or: {get: {security: [{header: [], again: []}, {query: []}]}}
  /some-and: {get: {security: [{some: [], header: []}]}}
  /either: {get: {security: [{header: []}, {query: []}, {cookie: []}, {basic: []}]}}
  /both: {get: {security: [{header: [], basic: []}]}}
  /twice: {get: {security: [{header: [], second: []}]}}
  /same: {get: {security: [{header: []}, {again: []}]}}
  /two-queries: {get: {security: [{query: [], otherQuery: []}]}}
  /optional: {get: {security: [{}, {header: [read]}]}}
  /scoped: {get: {security: [{header: [read, write]}]}}
  /unbound: {get: {security: [{unbound: []}]}}
  /unbound-or: {get: {security: [{unbound: []}, {header: []}]}}
  /cert: {get: {security: [{cert: []}]}}
  /any-cert: {get: {security: [{anyCert: []}]}}
  /cert-key: {get: {security: [{cert: [], header: []}]}}
  /cert-or-key: {get: {security: [{cert: []}, {header: []}]}}
  /behind: {get: {security: [{behind: []}]}}
  /owned:
    post:
      operationId: owned
      security: [{}, {header: []}]
      requestBody: {content: {application/json: {schema: {type: object, properties: {owner: {type: string}}}}}}
components:
  securitySchemes:
    header: {type: apiKey, in: header, name: X-API-Key}
    second: {type: apiKey, in: header, name: X-Second}
    again: {type: apiKey, in: header, name: x-api-key}
    query: {type: apiKey, in: query, name: api_key}
    otherQuery: {type: apiKey, in: query, name: other_key}
    cookie: {type: apiKey, in: cookie, name: key}
    raw: {type: apiKey, in: header, name: Authorization}
    some: {type: apiKey, in: header, name: X-API-Key}
    unbound: {type: apiKey, in: header, name: X-Unbound}
    basic: {type: http, scheme: basic}
    bearerKey: {type: http, scheme: bearer}
    cert: {type: mutualTLS}
    anyCert: {type: mutualTLS}
    behind: {type: mutualTLS}
`

// callers is the keys of the test's policy, made for it alone.
type callers struct{ acme, acmeNext, bolt, late, peppered apikey.Key }

const pepper = "a pepper of more than enough bytes"

func makeCallers(t testing.TB) callers {
	t.Helper()
	key := func() apikey.Key {
		k, err := apikey.New(nil, "t")
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	return callers{key(), key(), key(), key(), key()}
}

var keysNow = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

const testPrint = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

func (c *callers) policy() string {
	entry := func(k apikey.Key, pepper, more string) string {
		var secret []byte
		if pepper != "" {
			secret = []byte(pepper)
		}
		return "{id: " + k.ID + ", digest: \"" + k.Digest(secret) + "\"" + more + "}"
	}
	return `version: 1
keyPepper: pepper
operations:
- {operation: owned, allow: "body.owner == 'me'"}
- {operation: GET /header, cors: {origins: ["https://a.example"], limit: front}}
limits: {front: {requests: 1, per: 1h, planBy: consumer, plans: {gold: {requests: 3, per: 1h}}}}
schemes:
  header: {consumers: all}
  second: {consumers: all}
  again: {consumers: all}
  query: {consumers: all}
  otherQuery: {consumers: all}
  cookie: {consumers: all}
  basic: {consumers: all}
  bearerKey: {consumers: all}
  raw: {consumers: all}
  some: {consumers: [bolt]}
  cert:
    consumers: all
    certificates: [{dns: "*.svc.example"}, {uri: "spiffe://example.org/ns/shop/*"}]
  anyCert: {certificates: any}
  behind: {consumers: all, forwardedBy: [{uri: "spiffe://example.org/edge"}]}
consumers:
  acme:
    plan: gold
    scopes: [read, write]
    keys: [` + entry(c.acme, "", "") + ", " + entry(c.acmeNext, "", ", expires: 2027-03-02") + `]
    certificates: [{fingerprint: "sha256:` + testPrint + `"}, {dns: acme.example}, {subject: "CN=acme,O=Acme"}]
  bolt:
    scopes: [read]
    keys: [` + entry(c.bolt, "", "") + ", " + entry(c.late, "", ", expires: 2027-03-01T11:59:59Z") + `]
  vault:
    keys: [` + entry(c.peppered, pepper, "") + `]
`
}

// cert is a client's certificate, as a proxy tells of it.
type cert struct{ print, uri, dns, subject string }

func (c *cert) Address() []byte            { return nil }
func (c *cert) Certificate() []byte        { return text(c.print) }
func (c *cert) CertificateURI() []byte     { return text(c.uri) }
func (c *cert) CertificateDNS() []byte     { return text(c.dns) }
func (c *cert) CertificateSubject() []byte { return text(c.subject) }

func text(s string) []byte {
	if s == "" {
		return nil
	}
	return []byte(s)
}

func identityEngine(t testing.TB, c *callers, opt engine.Options) *engine.Engine {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	r, err := compile.Build(compile.Options{Specs: []string{write("spec.yaml", identitySpec)}, PolicyPath: write("policy.yaml", c.policy())})
	if err != nil || r.Table == nil {
		t.Fatalf("compile: %v %v", err, r.Diags)
	}
	tab, e, at := table.Open(r.Table)
	if e != table.ErrNone {
		t.Fatalf("%v at %d", e, at)
	}
	opt.Sig = sig.New()
	if opt.Secrets == nil {
		opt.Secrets = [][]byte{[]byte(pepper)}
	}
	eng, bad := engine.New(tab, opt)
	if eng == nil {
		t.Fatalf("limit %d", bad)
	}
	return eng
}

func basic(user, password string) string {
	return "authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func TestIdentify(t *testing.T) {
	c := makeCallers(t)
	peer := &cert{}
	e := identityEngine(t, &c, engine.Options{Peer: peer})
	acme, next, bolt, late, peppered := c.acme.Text(), c.acmeNext.Text(), c.bolt.Text(), c.late.Text(), c.peppered.Text()
	wrong := c.acme.ID + "_" + c.bolt.Secret
	percent := ""
	for _, b := range []byte(acme) {
		percent += "%" + strings.ToUpper(string("0123456789abcdef"[b>>4])) + string("0123456789abcdef"[b&15])
	}
	tests := []struct {
		name, path string
		headers    []string
		code       verdict.Code // 0: Allow
		consumer   string
	}{
		{"a key", "/header", []string{"x-api-key: " + acme}, 0, "acme"},
		{"the other key of two", "/header", []string{"x-api-key: " + next}, 0, "acme"},
		{"another consumer", "/header", []string{"x-api-key: " + bolt}, 0, "bolt"},
		{"under a pepper", "/header", []string{"x-api-key: " + peppered}, 0, "vault"},
		{"expired", "/header", []string{"x-api-key: " + late}, verdict.CredentialExpired, ""},
		{"expired and wrong", "/header", []string{"x-api-key: " + c.late.ID + "_" + c.bolt.Secret}, verdict.CredentialInvalid, ""},
		{"none", "/header", nil, verdict.CredentialMissing, ""},
		{"another's secret", "/header", []string{"x-api-key: " + wrong}, verdict.CredentialInvalid, ""},
		{"a secret that is cut", "/header", []string{"x-api-key: " + acme[:len(acme)-1]}, verdict.CredentialInvalid, ""},
		{"a secret that goes on", "/header", []string{"x-api-key: " + acme + "A"}, verdict.CredentialInvalid, ""},
		{"an id in another case", "/header", []string{"x-api-key: " + strings.ToUpper(acme)}, verdict.CredentialInvalid, ""},
		{"two in the query", "/two-queries?api_key=" + acme + "&other_key=" + next, nil, 0, "acme"},
		{"two in the query, one wrong", "/two-queries?api_key=" + wrong + "&other_key=" + acme, nil, verdict.CredentialInvalid, ""},
		{"two in the query, the other wrong", "/two-queries?api_key=" + acme + "&other_key=" + wrong, nil, verdict.CredentialInvalid, ""},
		{"two in the query, of two callers", "/two-queries?api_key=" + acme + "&other_key=" + bolt, nil, verdict.CredentialAmbiguous, ""},
		{"no secret", "/header", []string{"x-api-key: " + c.acme.ID + "_"}, verdict.CredentialInvalid, ""},
		{"no id", "/header", []string{"x-api-key: _" + c.acme.Secret}, verdict.CredentialInvalid, ""},
		{"an id alone", "/header", []string{"x-api-key: " + c.acme.ID}, verdict.CredentialInvalid, ""},
		{"nothing", "/header", []string{"x-api-key:"}, verdict.CredentialInvalid, ""},
		{"an unknown id", "/header", []string{"x-api-key: zz_" + c.acme.Secret}, verdict.CredentialInvalid, ""},
		{"the digest for the secret", "/header", []string{"x-api-key: " + c.acme.ID + "_" + strings.TrimPrefix(c.acme.Digest(nil), "sha256:")}, verdict.CredentialInvalid, ""},
		{"as HTTP Basic writes it", "/header", []string{"x-api-key: " + c.acme.ID + ":" + c.acme.Secret}, verdict.CredentialInvalid, ""},
		{"quoted", "/header", []string{`x-api-key: "` + acme + `"`}, verdict.CredentialInvalid, ""},
		{"with a scheme", "/header", []string{"x-api-key: Bearer " + acme}, verdict.CredentialInvalid, ""},
		{"wide letters", "/header", []string{"x-api-key: " + strings.Replace(acme, "_", "＿", 1)}, verdict.CredentialInvalid, ""},
		{"NUL", "/header", []string{"x-api-key: " + acme + "\x00"}, verdict.CredentialInvalid, ""},
		{"too long", "/header", []string{"x-api-key: " + c.acme.ID + "_" + strings.Repeat("A", 5000)}, verdict.CredentialInvalid, ""},
		{"many underscores", "/header", []string{"x-api-key: " + strings.Repeat("_", 100)}, verdict.CredentialInvalid, ""},
		{"twice", "/header", []string{"x-api-key: " + acme, "x-api-key: " + acme}, verdict.RequestDuplicateHeader, ""},
		{"good, then bad", "/header", []string{"x-api-key: " + acme, "x-api-key: x"}, verdict.RequestDuplicateHeader, ""},
		{"joined by a comma", "/header", []string{"x-api-key: " + acme + ", " + bolt}, verdict.RequestDuplicateHeader, ""},
		{"elsewhere", "/header?x-api-key=" + acme, nil, verdict.CredentialMissing, ""},

		{"query", "/query?api_key=" + acme, nil, 0, "acme"},
		{"query, escaped", "/query?%61pi%5Fkey=" + percent, nil, 0, "acme"},
		{"query, twice", "/query?api_key=" + acme + "&api_key=" + acme, nil, verdict.CredentialAmbiguous, ""},
		{"query, the second one escaped", "/query?api_key=" + acme + "&api%5fkey=" + bolt, nil, verdict.CredentialAmbiguous, ""},
		{"query, of another case", "/query?API_KEY=" + acme, nil, verdict.CredentialMissing, ""},
		{"query, empty", "/query?api_key", nil, verdict.CredentialInvalid, ""},
		{"query, escaped twice", "/query?api_key=" + strings.Replace(acme, "_", "%255F", 1), nil, verdict.CredentialInvalid, ""},
		{"query, a broken escape", "/query?api_key=" + acme + "%", nil, verdict.CredentialInvalid, ""},
		{"query, very long", "/query?api_key=" + strings.Repeat("%41", 1000), nil, verdict.CredentialInvalid, ""},
		{"query, a longest name", "/query?api_key_=" + acme, nil, verdict.CredentialMissing, ""},

		{"cookie", "/cookie", []string{"cookie: a=b; key=" + acme + "; c=d"}, 0, "acme"},
		{"cookie in a field of its own", "/cookie", []string{"cookie: a=b", "cookie: key=" + acme}, 0, "acme"},
		{"cookie with blanks", "/cookie", []string{"cookie: key = " + acme}, 0, "acme"},
		{"cookie, twice", "/cookie", []string{"cookie: key=" + acme + "; key=" + bolt}, verdict.CredentialAmbiguous, ""},
		{"cookie, twice in two fields", "/cookie", []string{"cookie: key=" + acme, "cookie: key=" + acme}, verdict.CredentialAmbiguous, ""},
		{"cookie, quoted", "/cookie", []string{`cookie: key="` + acme + `"`}, verdict.CredentialInvalid, ""},
		{"cookie, escaped", "/cookie", []string{"cookie: key=" + percent}, verdict.CredentialInvalid, ""},
		{"cookie without a value", "/cookie", []string{"cookie: key"}, verdict.CredentialInvalid, ""},

		{"basic", "/basic", []string{basic(c.acme.ID, c.acme.Secret)}, 0, "acme"},
		{"basic in small letters", "/basic", []string{strings.Replace(basic(c.acme.ID, c.acme.Secret), "Basic", "bASIC", 1)}, 0, "acme"},
		{"basic, wrong password", "/basic", []string{basic(c.acme.ID, c.bolt.Secret)}, verdict.CredentialInvalid, ""},
		{"basic, no password", "/basic", []string{basic(c.acme.ID, "")}, verdict.CredentialInvalid, ""},
		{"basic, no user", "/basic", []string{basic("", c.acme.Secret)}, verdict.CredentialInvalid, ""},
		{"basic, the whole key as user", "/basic", []string{basic(acme, "")}, verdict.CredentialInvalid, ""},
		{"basic, a colon in the password", "/basic", []string{basic(c.acme.ID, ":"+c.acme.Secret)}, verdict.CredentialInvalid, ""},
		{"basic, a control character", "/basic", []string{basic(c.acme.ID, c.acme.Secret+"\r\n")}, verdict.CredentialInvalid, ""},
		{"basic, NUL", "/basic", []string{basic(c.acme.ID+"\x00", c.acme.Secret)}, verdict.CredentialInvalid, ""},
		{"basic, no base64", "/basic", []string{"authorization: Basic " + c.acme.ID + ":" + c.acme.Secret}, verdict.CredentialInvalid, ""},
		{"basic, padding left out", "/basic", []string{strings.TrimRight(basic(c.acme.ID, c.acme.Secret+"A"), "=")}, verdict.CredentialInvalid, ""},
		{"basic, two spaces", "/basic", []string{strings.Replace(basic(c.acme.ID, c.acme.Secret), "Basic ", "Basic  ", 1)}, verdict.CredentialInvalid, ""},
		{"basic, a tab", "/basic", []string{strings.Replace(basic(c.acme.ID, c.acme.Secret), "Basic ", "Basic\t", 1)}, verdict.CredentialMissing, ""},
		{"basic, empty", "/basic", []string{"authorization: Basic"}, verdict.CredentialInvalid, ""},
		{"basic, joined", "/basic", []string{basic(c.acme.ID, c.acme.Secret) + ", Basic x"}, verdict.RequestDuplicateHeader, ""},
		{"basic, twice", "/basic", []string{basic(c.acme.ID, c.acme.Secret), basic(c.acme.ID, c.acme.Secret)}, verdict.RequestDuplicateHeader, ""},
		{"basic, a token", "/basic", []string{"authorization: Bearer " + acme}, verdict.CredentialMissing, ""},

		{"a key for a token", "/bearer", []string{"authorization: Bearer " + acme}, 0, "acme"},
		{"a wrong key for a token", "/bearer", []string{"authorization: Bearer " + wrong}, verdict.CredentialInvalid, ""},
		{"basic for a token", "/bearer", []string{basic(c.acme.ID, c.acme.Secret)}, verdict.CredentialMissing, ""},
		{"a key without a scheme", "/raw", []string{"authorization: " + acme}, 0, "acme"},
		{"a key with a scheme", "/raw", []string{"authorization: Bearer " + acme}, verdict.CredentialMissing, ""},

		{"a consumer of the scheme", "/some", []string{"x-api-key: " + bolt}, 0, "bolt"},
		{"a consumer of another scheme", "/some", []string{"x-api-key: " + acme}, verdict.CredentialInvalid, ""},

		{"one place, the second scheme's consumer", "/some-or", []string{"x-api-key: " + acme}, 0, "acme"},
		{"one place, the first scheme's consumer", "/some-or", []string{"x-api-key: " + bolt}, 0, "bolt"},
		{"one place, the other order", "/or-some", []string{"x-api-key: " + acme}, 0, "acme"},
		{"one place, the other order, the second", "/or-some", []string{"x-api-key: " + bolt}, 0, "bolt"},
		{"one place, neither", "/or-some", []string{"x-api-key: " + wrong}, verdict.CredentialInvalid, ""},
		{"one place, neither consumer", "/or-some", []string{"x-api-key: " + peppered}, verdict.AuthorizeScope, ""},
		{"one place for two schemes, and another", "/same-or?api_key=" + acme, []string{"x-api-key: " + acme}, verdict.CredentialAmbiguous, ""},
		{"one place for two schemes, alone", "/same-or", []string{"x-api-key: " + acme}, 0, "acme"},
		{"one place, both schemes", "/some-and", []string{"x-api-key: " + bolt}, 0, "bolt"},
		{"one place, both schemes, of one alone", "/some-and", []string{"x-api-key: " + acme}, verdict.CredentialInvalid, ""},
		{"either, in the header", "/either", []string{"x-api-key: " + acme}, 0, "acme"},
		{"either, in the query", "/either?api_key=" + acme, nil, 0, "acme"},
		{"either, in a cookie", "/either", []string{"cookie: key=" + acme}, 0, "acme"},
		{"either, as basic", "/either", []string{basic(c.bolt.ID, c.bolt.Secret)}, 0, "bolt"},
		{"in two places", "/either?api_key=" + acme, []string{"x-api-key: " + acme}, verdict.CredentialAmbiguous, ""},
		{"good in one place, bad in another", "/either?api_key=x", []string{"x-api-key: " + acme}, verdict.CredentialAmbiguous, ""},
		{"header and cookie", "/either", []string{"x-api-key: " + acme, "cookie: key=" + bolt}, verdict.CredentialAmbiguous, ""},
		{"header and basic", "/either", []string{"x-api-key: " + acme, basic(c.acme.ID, c.acme.Secret)}, verdict.CredentialAmbiguous, ""},
		{"either, none", "/either", nil, verdict.CredentialMissing, ""},

		{"both", "/both", []string{"x-api-key: " + acme, basic(c.acmeNext.ID, c.acmeNext.Secret)}, 0, "acme"},
		{"both, of two people", "/both", []string{"x-api-key: " + acme, basic(c.bolt.ID, c.bolt.Secret)}, verdict.CredentialAmbiguous, ""},
		{"both, one", "/both", []string{"x-api-key: " + acme}, verdict.CredentialMissing, ""},
		{"both, one wrong", "/both", []string{"x-api-key: " + wrong, basic(c.acme.ID, c.acme.Secret)}, verdict.CredentialInvalid, ""},
		{"both, the first missing and the other wrong", "/both", []string{basic(c.acme.ID, c.bolt.Secret)}, verdict.CredentialInvalid, ""},
		{"two keys", "/twice", []string{"x-api-key: " + acme, "x-second: " + acme}, 0, "acme"},
		{"one field for two schemes", "/same", []string{"x-api-key: " + acme}, 0, "acme"},

		{"optional, none", "/optional", nil, 0, ""},
		{"optional, good", "/optional", []string{"x-api-key: " + acme}, 0, "acme"},
		{"optional, bad", "/optional", []string{"x-api-key: " + wrong}, verdict.CredentialInvalid, ""},
		{"optional, without its scope", "/optional", []string{"x-api-key: " + peppered}, verdict.AuthorizeScope, ""},
		{"scopes", "/scoped", []string{"x-api-key: " + acme}, 0, "acme"},
		{"a scope too few", "/scoped", []string{"x-api-key: " + bolt}, verdict.AuthorizeScope, ""},

		{"unbound", "/unbound", []string{"x-unbound: " + acme}, verdict.CredentialUnsupported, ""},
		{"unbound and none", "/unbound", nil, verdict.CredentialUnsupported, ""},
		{"unbound, or another", "/unbound-or", []string{"x-api-key: " + acme}, 0, "acme"},
	}
	var d engine.Decision
	for _, tt := range tests {
		r := request("GET", tt.path, tt.headers, nil)
		r.NowNanos = keysNow.UnixNano()
		want := tt.code
		if want == 0 {
			want = verdict.Allow
		}
		if n := testing.AllocsPerRun(2, func() { e.CheckHeaders(r, &d) }); n != 0 {
			t.Errorf("%s: %v allocations", tt.name, n)
		}
		if d.Code != want {
			t.Errorf("%s: %s, want %s", tt.name, d.Code.Name(), want.Name())
		}
		if got := consumerOf(e, &d); got != tt.consumer {
			t.Errorf("%s: consumer %q, want %q", tt.name, got, tt.consumer)
		}
		answer, line := string(e.AppendProblem(nil, &d, true)), string(e.AppendReason(nil, &d))
		for _, k := range []apikey.Key{c.acme, c.acmeNext, c.bolt, c.late, c.peppered} {
			if strings.Contains(answer+line, k.Secret[:8]) || strings.Contains(answer, k.ID) {
				t.Errorf("%s: a key is shown: %s %s", tt.name, answer, line)
			}
		}
	}
}

func consumerOf(e *engine.Engine, d *engine.Decision) string {
	if p := e.Principal(); p.Consumer != d.Consumer {
		return "principal differs from decision"
	}
	if d.Consumer == table.NoIndex {
		return ""
	}
	return string(e.Table().Consumer(d.Consumer).Name())
}

// TestCertificates judges certificates of connections, and those that proxies in front
// tell of.
func TestCertificates(t *testing.T) {
	c := makeCallers(t)
	peer := &cert{}
	e := identityEngine(t, &c, engine.Options{Peer: peer})
	other := strings.Repeat("ab", 32)
	edge := cert{print: other, uri: "spiffe://example.org/edge"}
	key := "x-api-key: " + c.acme.Text()
	bad := "x-api-key: " + c.acme.ID + "_" + c.bolt.Secret
	tests := []struct {
		name, path string
		peer       cert
		headers    []string
		code       verdict.Code
		consumer   string
	}{
		{"none", "/cert", cert{}, nil, verdict.CredentialMissing, ""},
		{"a fingerprint", "/cert", cert{print: testPrint}, nil, 0, "acme"},
		{"a DNS name", "/cert", cert{print: other, dns: "ACME.example."}, nil, 0, "acme"},
		{"a subject", "/cert", cert{print: other, subject: "CN=acme,O=Acme"}, nil, 0, "acme"},
		{"a subject like it", "/cert", cert{print: other, subject: "CN=acme,O=Acme,OU=x"}, nil, verdict.CredentialInvalid, ""},
		{"of nobody", "/cert", cert{print: other}, nil, verdict.CredentialInvalid, ""},
		{"below a DNS name", "/cert", cert{print: other, dns: "orders.svc.example"}, nil, 0, ""},
		{"two labels below", "/cert", cert{print: other, dns: "a.orders.svc.example"}, nil, verdict.CredentialInvalid, ""},
		{"the DNS name itself", "/cert", cert{print: other, dns: "svc.example"}, nil, verdict.CredentialInvalid, ""},
		{"a wildcard in the certificate", "/cert", cert{print: other, dns: "*.svc.example"}, nil, verdict.CredentialInvalid, ""},
		{"a name that ends alike", "/cert", cert{print: other, dns: "xacme.example"}, nil, verdict.CredentialInvalid, ""},
		{"below a URI", "/cert", cert{print: other, uri: "spiffe://example.org/ns/shop/sa/orders"}, nil, 0, ""},
		{"the folder of a URI", "/cert", cert{print: other, uri: "spiffe://example.org/ns/shop/"}, nil, verdict.CredentialInvalid, ""},
		{"a URI that leaves its folder", "/cert", cert{print: other, uri: "spiffe://example.org/ns/shop/../bank"}, nil, verdict.CredentialInvalid, ""},
		{"a URI with an escape", "/cert", cert{print: other, uri: "spiffe://example.org/ns/shop/%2e%2e/bank"}, nil, verdict.CredentialInvalid, ""},
		{"a URI of another authority", "/cert", cert{print: other, uri: "spiffe://example.org.evil/ns/shop/a"}, nil, verdict.CredentialInvalid, ""},
		{"a URI in another", "/cert", cert{print: other, uri: "spiffe://evil/x/spiffe://example.org/ns/shop/a"}, nil, verdict.CredentialInvalid, ""},
		{"any", "/any-cert", cert{print: other}, nil, 0, ""},
		{"any, none", "/any-cert", cert{}, nil, verdict.CredentialMissing, ""},
		{"a field that anybody can write", "/cert", cert{}, []string{"x-forwarded-client-cert: Hash=" + testPrint}, verdict.CredentialMissing, ""},
		{"a field beside a certificate of nobody", "/cert", cert{print: other}, []string{"x-forwarded-client-cert: Hash=" + testPrint}, verdict.CredentialInvalid, ""},

		{"certificate and key", "/cert-key", cert{print: testPrint}, []string{key}, 0, "acme"},
		{"certificate of nobody in particular, and key", "/cert-key", cert{print: other, dns: "a.svc.example"}, []string{key}, 0, "acme"},
		{"certificate and the key of another", "/cert-key", cert{print: testPrint}, []string{"x-api-key: " + c.bolt.Text()}, verdict.CredentialAmbiguous, ""},
		{"certificate without key", "/cert-key", cert{print: testPrint}, nil, verdict.CredentialMissing, ""},
		{"key without certificate", "/cert-key", cert{}, []string{key}, verdict.CredentialMissing, ""},
		{"certificate of nobody, or key", "/cert-or-key", cert{print: other}, []string{key}, 0, "acme"},
		{"certificate, or a bad key", "/cert-or-key", cert{print: testPrint}, []string{bad}, verdict.CredentialInvalid, ""},

		{"behind: the proxy itself", "/behind", edge, nil, verdict.CredentialMissing, ""},
		{"behind: a fingerprint", "/behind", edge, []string{"x-forwarded-client-cert: Hash=" + testPrint}, 0, "acme"},
		{"behind: a DNS name", "/behind", edge, []string{"x-forwarded-client-cert: By=spiffe://example.org/edge;Hash=" + other + ";Subject=\"CN=x\";URI=;DNS=z.example;DNS=acme.example"}, 0, "acme"},
		{"behind: a subject", "/behind", edge, []string{"x-forwarded-client-cert: Hash=" + other + ";Subject=\"CN=acme,O=Acme\";URI=x://y"}, 0, "acme"},
		{"behind: of nobody", "/behind", edge, []string{"x-forwarded-client-cert: Hash=" + other}, verdict.CredentialInvalid, ""},
		{"behind: the proxy's own", "/behind", edge, []string{"x-forwarded-client-cert: URI=spiffe://example.org/edge"}, verdict.CredentialInvalid, ""},
		{"behind: two elements", "/behind", edge, []string{"x-forwarded-client-cert: Hash=" + testPrint + ",Hash=" + other}, verdict.CredentialAmbiguous, ""},
		{"behind: two fields", "/behind", edge, []string{"x-forwarded-client-cert: Hash=" + testPrint, "x-forwarded-client-cert: Hash=" + testPrint}, verdict.CredentialAmbiguous, ""},
		{"behind: two hashes", "/behind", edge, []string{"x-forwarded-client-cert: Hash=" + other + ";Hash=" + testPrint}, verdict.CredentialAmbiguous, ""},
		{"behind: a subject that ends early", "/behind", edge, []string{"x-forwarded-client-cert: Subject=\"CN=\";Hash=" + testPrint + "\""}, verdict.CredentialAmbiguous, ""},
		{"behind: an escaped quote", "/behind", edge, []string{"x-forwarded-client-cert: Subject=\"CN=\\\";Hash=" + testPrint + "\""}, verdict.CredentialInvalid, ""},
		{"behind: rubbish", "/behind", edge, []string{"x-forwarded-client-cert: ;;="}, verdict.CredentialAmbiguous, ""},
		{"behind: another caller's own certificate", "/behind", cert{print: testPrint}, []string{"x-forwarded-client-cert: Hash=" + other}, 0, "acme"},
		{"behind: no proxy", "/behind", cert{print: other}, []string{"x-forwarded-client-cert: Hash=" + testPrint}, verdict.CredentialInvalid, ""},
	}
	var d engine.Decision
	for _, tt := range tests {
		*peer = tt.peer
		r := request("GET", tt.path, tt.headers, nil)
		r.NowNanos = keysNow.UnixNano()
		want := tt.code
		if want == 0 {
			want = verdict.Allow
		}
		e.CheckHeaders(r, &d)
		if d.Code != want {
			t.Errorf("%s: %s, want %s", tt.name, d.Code.Name(), want.Name())
		}
		if got := consumerOf(e, &d); got != tt.consumer {
			t.Errorf("%s: consumer %q, want %q", tt.name, got, tt.consumer)
		}
	}
	fixed := fixedPeer{text(other), text("spiffe://example.org/edge")}
	e = identityEngine(t, &c, engine.Options{Peer: &fixed})
	r := request("GET", "/behind", []string{"x-forwarded-client-cert: Hash=" + other + ";Subject=\"CN=x\";URI=spiffe://a/b/c;DNS=acme.example"}, nil)
	if n := testing.AllocsPerRun(5, func() { e.CheckHeaders(r, &d) }); n != 0 || d.Code != verdict.Allow {
		t.Errorf("%v allocations, %s", n, d.Code.Name())
	}
}

// fixedPeer is a peer that allocates nothing.
type fixedPeer struct{ print, uri []byte }

func (f *fixedPeer) Address() []byte            { return nil }
func (f *fixedPeer) Certificate() []byte        { return f.print }
func (f *fixedPeer) CertificateURI() []byte     { return f.uri }
func (f *fixedPeer) CertificateDNS() []byte     { return nil }
func (f *fixedPeer) CertificateSubject() []byte { return nil }

// TestReason: log lines have public ids, and those alone that somebody has.
func TestReason(t *testing.T) {
	c := makeCallers(t)
	e := identityEngine(t, &c, engine.Options{})
	for _, tt := range []struct{ path, header, want string }{
		{"/header", "x-api-key: " + c.acme.ID + "_" + c.bolt.Secret, "security: Credential not accepted (key " + c.acme.ID + " of acme)"},
		{"/header", "x-api-key: " + c.late.Text(), "security: Credential has expired (key " + c.late.ID + " of bolt)"},
		{"/header", "x-api-key: x_" + c.bolt.Secret, "security: Credential not accepted"},
		{"/scoped", "x-api-key: " + c.bolt.Text(), "security: Insufficient scope (key " + c.bolt.ID + " of bolt)"},
		{"/header?x=1", "x-api-key: " + c.bolt.Text(), "query parameter x: Unknown parameter (consumer bolt)"},
		{"/header", "a: b", "security: Authentication required"},
	} {
		r := request("GET", tt.path, []string{tt.header}, nil)
		r.NowNanos = keysNow.UnixNano()
		var d engine.Decision
		e.CheckHeaders(r, &d)
		buf := make([]byte, 0, 512)
		if n := testing.AllocsPerRun(3, func() { buf = e.AppendReason(buf[:0], &d) }); n != 0 || string(buf) != tt.want {
			t.Errorf("%s %s: %q, want %q; %v allocations", tt.path, tt.header[:4], buf, tt.want, n)
		}
	}
}

// TestReasonOfBody: what is wrong with a body is not told of the caller whose request
// came between the header fields and it.
func TestReasonOfBody(t *testing.T) {
	c := makeCallers(t)
	e := identityEngine(t, &c, engine.Options{})
	body := `{"owner":"you"}`
	r := request("POST", "/owned", []string{"content-type: application/json"}, &body)
	other := request("GET", "/header", []string{"x-api-key: " + c.acme.ID + "_" + c.bolt.Secret}, nil)
	r.NowNanos, other.NowNanos = keysNow.UnixNano(), keysNow.UnixNano()
	var d, od engine.Decision
	e.CheckHeaders(r, &d)
	if d.Code != verdict.NeedBody {
		t.Fatalf("CheckHeaders = %s, want a body asked for", d.Code.Name())
	}
	e.CheckHeaders(other, &od)
	e.CheckBody(r, &d)
	const want = "security: Not allowed"
	if got := string(e.AppendReason(nil, &d)); d.Code != verdict.AuthorizeDeny || got != want {
		t.Errorf("%s: %q, want %q", d.Code.Name(), got, want)
	}
}

// TestPreflightIsNobody: a preflight request shows no credential, and has not the plan of
// whoever called before.
func TestPreflightIsNobody(t *testing.T) {
	c := makeCallers(t)
	e := identityEngine(t, &c, engine.Options{})
	var d engine.Decision
	for i, want := range []verdict.Code{verdict.Allow, verdict.LimitExceeded} {
		gold := request("GET", "/header", []string{"x-api-key: " + c.acme.Text()}, nil)
		gold.NowNanos = keysNow.UnixNano()
		if e.CheckHeaders(gold, &d); d.Code != verdict.Allow || e.Principal().Consumer == table.NoIndex {
			t.Fatalf("a good key: %s", d.Code.Name())
		}
		r := request("OPTIONS", "/header", []string{"origin: https://a.example", "access-control-request-method: GET"}, nil)
		r.NowNanos = keysNow.UnixNano()
		if e.CheckHeaders(r, &d); d.Code != want || !d.Preflight {
			t.Errorf("preflight request %d: %s, want %s", i, d.Code.Name(), want.Name())
		}
		if p := e.Principal(); p.Consumer != table.NoIndex || p.Credential != table.NoIndex || p.Token {
			t.Errorf("preflight request %d is of %+v, want nobody", i, p)
		}
	}
}

// TestPepper: a key whose digest is keyed holds under the secret that is being
// replaced too, and under no other.
func TestPepper(t *testing.T) {
	c := makeCallers(t)
	for _, tt := range []struct {
		now, before string
		code        verdict.Code
	}{
		{pepper, "", verdict.Allow},
		{"another pepper of many bytes", pepper, verdict.Allow},
		{"another pepper of many bytes", "", verdict.CredentialInvalid},
		{"another pepper of many bytes", "a third", verdict.CredentialInvalid},
	} {
		e := identityEngine(t, &c, engine.Options{Secrets: [][]byte{[]byte(tt.now)}, PreviousSecrets: [][]byte{text(tt.before)}})
		r := request("GET", "/header", []string{"x-api-key: " + c.peppered.Text()}, nil)
		var d engine.Decision
		if e.CheckHeaders(r, &d); d.Code != tt.code {
			t.Errorf("secret %q, before %q: %s, want %s", tt.now, tt.before, d.Code.Name(), tt.code.Name())
		}
	}
}

// FuzzIdentify: nobody is let in who does not show a secret that somebody has.
func FuzzIdentify(f *testing.F) {
	c := makeCallers(f)
	// The fuzzer sees none of the secrets: it would have to guess one.
	e := identityEngine(f, &c, engine.Options{})
	paths := []string{"/header", "/query", "/cookie", "/basic", "/bearer", "/raw", "/some", "/either", "/both", "/twice", "/scoped", "/unbound", "/cert", "/behind", "/cert-or-key"}
	names := []string{"x-api-key", "authorization", "cookie", "x-second", "x-forwarded-client-cert"}
	for i := range paths {
		f.Add(uint8(i), "api_key=a_8hJ2vXnQ5cT7yLbG4wKdM1sPz0Rf6A", uint8(i), "Basic YTpi", uint8(i+1), "key=a_8hJ2vXnQ5cT7yLbG4wKdM1sPz0Rf6A; key=b")
	}
	f.Add(uint8(7), "%61pi_key=%", uint8(0), "a_8hJ2vXnQ5cT7yLbG4wKdM1sPz0Rf6A", uint8(1), "Bearer a_8hJ2vXnQ5cT7yLbG4wKdM1sPz0Rf6A")
	f.Add(uint8(13), "", uint8(4), `Hash=ab;URI=spiffe://example.org/edge;Subject="CN=\"acme\""`, uint8(0), "")
	f.Fuzz(func(t *testing.T, path uint8, query string, n1 uint8, v1 string, n2 uint8, v2 string) {
		target := paths[int(path)%len(paths)]
		if query != "" {
			target += "?" + query
		}
		r := &engine.Request{EndStream: true, NowNanos: keysNow.UnixNano()}
		r.Headers = []engine.Header{header(":method", "GET"), header(":path", target), header(":authority", "localhost"), header(":scheme", "https"),
			header(names[int(n1)%len(names)], v1), header(names[int(n2)%len(names)], v2)}
		var d engine.Decision
		if e.CheckHeaders(r, &d); d.Code == verdict.Allow || d.Code == verdict.Internal || d.Consumer != table.NoIndex {
			t.Errorf("%s %q %q %q: %s", target, r.Headers[4].Name, v1, v2, d.Code.Name())
		}
		e.AppendReason(e.AppendProblem(nil, &d, true), &d)
	})
}

// BenchmarkIdentify is what a key costs.
func BenchmarkIdentify(b *testing.B) {
	c := makeCallers(b)
	e := identityEngine(b, &c, engine.Options{Peer: &fixedPeer{text(testPrint), nil}})
	for _, bb := range []struct{ name, path, header string }{
		{"none", "/optional", "a: b"},
		{"header", "/header", "x-api-key: " + c.acme.Text()},
		{"peppered", "/header", "x-api-key: " + c.peppered.Text()},
		{"basic", "/basic", basic(c.acme.ID, c.acme.Secret)},
		{"cookie", "/cookie", "cookie: a=b; key=" + c.acme.Text()},
		{"unknown", "/header", "x-api-key: zz_" + c.acme.Secret},
		{"certificate", "/cert", "a: b"},
	} {
		b.Run(bb.name, func(b *testing.B) {
			r := request("GET", bb.path, []string{bb.header, "accept: */*", "user-agent: x"}, nil)
			var d engine.Decision
			b.ReportAllocs()
			for b.Loop() {
				e.CheckHeaders(r, &d)
			}
		})
	}
}
