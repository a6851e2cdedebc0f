package engine

import (
	"portcullis/filter/table"
	"portcullis/filter/text"
	"portcullis/filter/verdict"
)

// maxIntrospections bounds how often a server is asked about the token of one request:
// once, and again when what it said was not remembered and the request has waited for
// something else meanwhile.
const maxIntrospections = 3

// askServer asks an authorization server about the token that a check of this request
// could not judge without its word.
func (e *Engine) askServer(r *Request, d *Decision, code verdict.Code) verdict.Code {
	a := &r.Answers
	switch {
	case e.asks == table.NoIndex:
		return code
	case a.Introspection != 0:
		return a.Introspection
	case a.Introspections >= maxIntrospections:
		return verdict.IntrospectionUnavailable
	}
	return r.ask(d, Wait{For: WaitIntrospection, Index: e.asks}, verdict.IntrospectionUnavailable)
}

// Inquiry is the token that a server is to be asked about, and its SHA-256, after a check
// that ended with NeedAnswer and WaitIntrospection. Valid until the next check.
func (e *Engine) Inquiry() (token []byte, sum *[32]byte) {
	_, _, sum = e.tokens.Asks()
	return e.inquiry, sum
}

// Introspected takes over what the server of a provider, asked at since (Unix nanoseconds),
// has said of the token with this SHA-256: for the checks that follow until
// ForgetIntrospected, and after that as long as the policy lets it be remembered. The code
// is 0, or what the requests that wait for it are refused with because it is no answer.
func (e *Engine) Introspected(provider uint32, sum *[32]byte, body []byte, since int64) verdict.Code {
	if !e.tokens.Answer(provider, sum, body, since) {
		return verdict.IntrospectionAnswer
	}
	return 0
}

// ForgetIntrospected ends what Introspected began.
func (e *Engine) ForgetIntrospected() { e.tokens.Forget() }

// AppendClient appends the Authorization field by which this proxy shows the server of a
// provider who it is, with the secret in force or the previous one: HTTP Basic over the
// form-encoded id and secret (RFC 6749 section 2.3.1). It appends nothing where there is
// no such secret. Configuration only: it allocates.
func (e *Engine) AppendClient(dst []byte, provider uint32, previous bool) []byte {
	in, ok := e.t.Introspection(provider)
	secrets := e.opt.Secrets
	if previous {
		secrets = e.opt.PreviousSecrets
	}
	if !ok || in.Secret >= uint32(len(secrets)) || len(secrets[in.Secret]) == 0 {
		return dst
	}
	pair := text.Byte(AppendForm(nil, in.Client), ':')
	return appendBase64(text.Append(dst, "Basic "), AppendForm(pair, secrets[in.Secret]))
}

// AppendForm appends s as a value of an application/x-www-form-urlencoded form (URL
// Standard section 5.2), at most three bytes for one.
func AppendForm(dst, s []byte) []byte {
	for _, c := range s {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_', c == '*':
			dst = append(dst, c)
		case c == ' ':
			dst = append(dst, '+')
		default:
			dst = appendPercent(dst, c)
		}
	}
	return dst
}

// appendBase64 appends base64 with padding (RFC 4648 section 4).
func appendBase64(dst, b []byte) []byte {
	n := len(dst)
	dst = appendBase64URL(dst, b)
	for i, c := range dst[n:] {
		switch c {
		case '-':
			dst[n+i] = '+'
		case '_':
			dst[n+i] = '/'
		}
	}
	for (len(dst)-n)%4 != 0 {
		dst = append(dst, '=')
	}
	return dst
}
