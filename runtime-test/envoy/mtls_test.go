package envoy

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/url"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"portcullis/runtime-test/cases"
)

// authority signs the certificates of a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{}
	c := a.issue(t, &x509.Certificate{Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	a.cert, a.key = c.Leaf, c.PrivateKey.(*ecdsa.PrivateKey)
	return a
}

// issue makes a certificate; of an authority without one, its own.
func (a *authority) issue(t *testing.T, c *x509.Certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	c.SerialNumber, c.NotBefore, c.NotAfter = serial, time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, key
	} else {
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// client is a caller's certificate with names.
func (a *authority) client(t *testing.T, subject pkix.Name, uri, dns string) tls.Certificate {
	t.Helper()
	c := &x509.Certificate{Subject: subject}
	if uri != "" {
		u, err := url.Parse(uri)
		if err != nil {
			t.Fatal(err)
		}
		c.URIs = []*url.URL{u}
	}
	if dns != "" {
		c.DNSNames = []string{dns}
	}
	return a.issue(t, c)
}

func pemOf(t *testing.T, c tls.Certificate) (cert, key string) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func print256(c tls.Certificate) string {
	sum := sha256.Sum256(c.Certificate[0])
	return hex.EncodeToString(sum[:])
}

// get asks p for path over TLS, on a connection of its own: with the certificate, or
// without one where it is nil, and with the fields that are not empty.
func (a *authority) get(p *Process, path string, cert *tls.Certificate, fields map[string]string) (answer, error) {
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	config := &tls.Config{RootCAs: roots, ServerName: "localhost"}
	if cert != nil {
		// Whether the server's list of authorities has its own or not.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return cert, nil }
	}
	tr := &http.Transport{TLSClientConfig: config}
	defer tr.CloseIdleConnections()
	req, err := http.NewRequest("GET", "https://"+p.Address+path, nil)
	if err != nil {
		return answer{}, err
	}
	for name, value := range fields {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	resp, err := (&http.Client{Transport: tr, Timeout: answerWithin}).Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	return readResponse(resp)
}

// overTLS is a bootstrap whose listener asks for certificates of a, needs none, and
// forwards what a client says of another's.
func overTLS(t *testing.T, text string, a *authority, server tls.Certificate) string {
	t.Helper()
	var root map[string]any
	if err := yaml.Unmarshal([]byte(text), &root); err != nil {
		t.Fatal(err)
	}
	manager(root)["forward_client_cert_details"] = "ALWAYS_FORWARD_ONLY"
	cert, key := pemOf(t, server)
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}))
	listener := root["static_resources"].(map[string]any)["listeners"].([]any)[0].(map[string]any)
	listener["filter_chains"].([]any)[0].(map[string]any)["transport_socket"] = map[string]any{
		"name": "envoy.transport_sockets.tls",
		"typed_config": map[string]any{
			"@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
			"common_tls_context": map[string]any{
				"tls_certificates":   []any{map[string]any{"certificate_chain": map[string]any{"inline_string": cert}, "private_key": map[string]any{"inline_string": key}}},
				"validation_context": map[string]any{"trusted_ca": map[string]any{"inline_string": ca}},
			},
		},
	}
	out, err := yaml.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

const mtlsSpec = `openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /own: {get: {security: [{own: []}]}}
  /any: {get: {security: [{any: []}]}}
  /behind: {get: {security: [{behind: []}]}}
  /scoped: {get: {security: [{own: [write]}]}}
  /limited: {get: {operationId: limited, security: [{own: []}]}}
components: {securitySchemes: {own: {type: mutualTLS}, any: {type: mutualTLS}, behind: {type: mutualTLS}}}
`

// TestEnvoyMutualTLS judges certificates that a real handshake has shown.
func TestEnvoyMutualTLS(t *testing.T) {
	a := newAuthority(t)
	server := a.issue(t, &x509.Certificate{Subject: pkix.Name{CommonName: "server"}, DNSNames: []string{"localhost"}})
	stock := a.client(t, pkix.Name{CommonName: "stock"}, "spiffe://warehouse.example/stock", "")
	pinned := a.client(t, pkix.Name{CommonName: "pinned"}, "", "")
	named := a.client(t, pkix.Name{CommonName: "named"}, "", "Orders.svc.example")
	titled := a.client(t, pkix.Name{CommonName: "titled", Organization: []string{"Example, Inc"}}, "", "")
	edge := a.client(t, pkix.Name{CommonName: "edge"}, "spiffe://example.org/edge", "")
	nobody := a.client(t, pkix.Name{CommonName: "nobody"}, "spiffe://warehouse.example/other", "x.example")
	stranger := newAuthority(t).client(t, pkix.Name{CommonName: "stock"}, "spiffe://warehouse.example/stock", "")
	table := compiled(t, mtlsSpec, `version: 1
schemes:
  own: {consumers: all, certificates: [{dns: "*.svc.example"}]}
  any: {certificates: any}
  behind: {consumers: all, forwardedBy: [{uri: "spiffe://example.org/edge"}]}
consumers:
  stock: {scopes: [write], plan: few, certificates: [{uri: "spiffe://warehouse.example/stock"}]}
  pinned: {certificates: [{fingerprint: "sha256:`+print256(pinned)+`"}]}
  titled: {certificates: [{subject: "CN=titled,O=Example\\, Inc"}]}
operations:
- {operation: limited, limits: [each]}
limits: {each: {requests: 5, per: 1h, by: consumer, planBy: consumer, plans: {few: {requests: 2, per: 1h}}}}
`)
	forwarded := "Hash=" + print256(stock) + `;Subject="CN=stock";URI=spiffe://warehouse.example/stock`
	tests := []struct {
		name, path string
		cert       *tls.Certificate
		xfcc       string
		status     int
		code       string
	}{
		{"a URI", "/own", &stock, "", 200, ""},
		{"a fingerprint", "/own", &pinned, "", 200, ""},
		{"a DNS name", "/own", &named, "", 200, ""},
		{"a subject", "/own", &titled, "", 200, ""},
		{"nobody's", "/own", &nobody, "", 401, "credential_invalid"},
		{"none", "/own", nil, "", 401, "credential_missing"},
		{"none, and a field", "/own", nil, forwarded, 401, "credential_missing"},
		{"nobody's, and a field", "/own", &nobody, forwarded, 401, "credential_invalid"},
		{"a scope", "/scoped", &stock, "", 200, ""},
		{"no scope", "/scoped", &pinned, "", 403, "authorize_scope"},
		{"any", "/any", &nobody, "", 200, ""},
		{"any, none", "/any", nil, "", 401, "credential_missing"},
		{"a proxy in front", "/behind", &edge, forwarded, 200, ""},
		{"a proxy in front, and nobody's", "/behind", &edge, "Hash=" + print256(nobody), 401, "credential_invalid"},
		{"a proxy in front that says nothing", "/behind", &edge, "", 401, "credential_missing"},
		{"a proxy in front, through another", "/behind", &edge, forwarded + ",Hash=" + print256(nobody), 400, "credential_ambiguous"},
		{"no proxy", "/behind", &nobody, forwarded, 401, "credential_invalid"},
		{"a caller without a proxy", "/behind", &stock, "Hash=" + print256(nobody), 200, ""},
		{"the first of a plan", "/limited", &stock, "", 200, ""},
		{"the second", "/limited", &stock, "", 200, ""},
		{"the third", "/limited", &stock, "", 429, "limit_exceeded"},
		{"another consumer", "/limited", &pinned, "", 200, ""},
	}
	each(t, func(t *testing.T, version string) {
		bin := binary(t, version)
		up := startUpstream(t)
		up.Expect(cases.Answer{Status: 200, Body: []byte("ok")})
		text, err := Bootstrap(module(t), up.Address, cases.Setup{Table: table})
		if err != nil {
			t.Fatal(err)
		}
		p := run(t, Options{Binary: bin, Config: overTLS(t, text, a, server)})
		for _, tt := range tests {
			got, err := a.get(p, tt.path, tt.cert, map[string]string{"x-forwarded-client-cert": tt.xfcc})
			if err != nil || got.status != tt.status || got.code != tt.code {
				t.Errorf("%s: %v %v, want %d %s", tt.name, got, err, tt.status, tt.code)
			}
		}
		if got, err := a.get(p, "/own", &stranger, nil); err == nil {
			t.Errorf("a certificate of another authority: %v, want no handshake", got)
		}
	})
}
