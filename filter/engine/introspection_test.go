package engine_test

import (
	"crypto/sha256"
	"testing"

	"portcullis/filter/engine"
	"portcullis/filter/verdict"
)

// TestInquirySchemes: the server is asked about the token that the request shows, whatever
// other schemes, which have looked at it later, make of it.
func TestInquirySchemes(t *testing.T) {
	const spec = `openapi: 3.1.0
info: {title: t, version: '1'}
components: {securitySchemes: {asked: {type: http, scheme: bearer}, signed: {type: http, scheme: bearer}}}
paths:
  /one: {get: {security: [{asked: []}], responses: {}}}
  /first: {get: {security: [{asked: []}, {signed: []}], responses: {}}}
  /last: {get: {security: [{signed: []}, {asked: []}], responses: {}}}
`
	const policy = `version: 1
providers:
  one: {issuer: 'https://one', anyAudience: true, introspection: {uri: 'https://one/i', cluster: one, client: {id: c, secret: s}, tokens: opaque, negativeCache: 5s}}
  idp: {issuer: i, anyAudience: true, keys: [{secret: k, alg: HS256, kid: k}]}
schemes: {asked: [one], signed: [idp]}
`
	const opaque = "an-opaque-token"
	want := sha256.Sum256([]byte(opaque))
	for _, path := range []string{"/one", "/first", "/last"} {
		e := forwardEngine(t, spec, policy)
		r := request("GET", path, []string{"authorization: Bearer " + opaque}, nil)
		r.NowNanos = 1e18
		var d engine.Decision
		if e.CheckHeaders(r, &d); d.Code != verdict.NeedAnswer || d.Wait.For != engine.WaitIntrospection {
			t.Errorf("%s: %s, want a question", path, d.Code.Name())
			continue
		}
		if token, sum := e.Inquiry(); string(token) != opaque || *sum != want {
			t.Errorf("%s: asked about %q, %x, want %q, %x", path, token, *sum, opaque, want)
		}
		// What the server says is for the request, and lets it pass.
		if code := e.Introspected(d.Wait.Index, &want, []byte(`{"active":true,"iss":"https://one","exp":2000000000}`), r.NowNanos); code != 0 {
			t.Fatalf("%s: answer: %s", path, code.Name())
		}
		r.Answers.Introspections = 1
		if e.CheckHeaders(r, &d); d.Code != verdict.Allow {
			t.Errorf("%s, with the answer: %s, want allow", path, d.Code.Name())
		}
		e.ForgetIntrospected()
	}
}
