package engine

import (
	"portcullis/filter/le"
	"portcullis/filter/siphash"
	"portcullis/filter/table"
	"portcullis/filter/text"
	"portcullis/filter/token"
	"portcullis/filter/verdict"
)

// Bounds of an assertion, in bytes. What does not fit is refused with
// forward_too_large, but for a path, which is left out: the digest has it.
const (
	maxAssertedClaims = 3 << 10
	maxAssertedPath   = 1 << 10
)

// signer makes assertions: compact JWS (RFC 7515 section 3.1) with HS256, by which
// an upstream tells a request that was judged from one that went around the proxy.
//
//	{"alg":"HS256","typ":"portcullis+jwt","kid":"..."}
//	{"iss":"portcullis","aud":"https://orders.internal","iat":1700000000,"exp":1700000060,"jti":"...",
//	 "sub":"alice","provider":"login","htm":"GET","path":"/v1/orders/7","op":"getOrder","digest":"..."}
//
// digest is base64url of the SHA-256 of method, authority and request target with
// its query, a line feed after each of the first two: what was judged.
type signer struct {
	heads  [][]byte // by secret: the protected header encoded, with its dot
	claims []byte
	judged []byte
	out    []byte
	// jti is eight bytes that no other worker has, and a count.
	jti   uint64
	count uint64
	hash  [32]byte
	mac   [64]byte
}

// typ keeps an assertion from being taken for an access token (RFC 8725 section
// 3.11).
const assertionType = "portcullis+jwt"

func newSigner(t *table.Table, o *Options) *signer {
	s := &signer{heads: make([][]byte, t.NumSecrets())}
	most := 0
	for i := range t.NumForwards() {
		if t.ForwardKind(i) != table.ForwardRule {
			continue
		}
		secret := t.Forward(i).Secret
		if secret == table.NoIndex || int(secret) >= len(o.Secrets) || o.Sig == nil {
			continue
		}
		b := text.Append(nil, `{"alg":"HS256","typ":"`+assertionType+`","kid":"`)
		b = text.Append(s.appendKeyID(o, o.Secrets[secret], b), `"}`)
		s.heads[secret] = text.Byte(appendBase64URL(nil, b), '.')
		most = max(most, len(s.heads[secret]))
	}
	s.claims = make([]byte, 0, maxAssertedClaims)
	s.judged = make([]byte, 0, o.MaxPathBytes+1<<10)
	s.out = make([]byte, 0, len("Bearer ")+most+(maxAssertedClaims+2)/3*4+1+43)
	s.jti = siphash.Sum64(le.U64(o.Seed[:], 0), le.U64(o.Seed[:], 8), []byte("assertions"))
	return s
}

// appendKeyID appends what tells the secrets of a rotation apart: six bytes of an
// HMAC under the secret, in base64url.
func (s *signer) appendKeyID(o *Options, secret, dst []byte) []byte {
	o.Sig.HMAC(token.HS256, secret, []byte("portcullis key id"), &s.mac)
	return appendBase64URL(dst, s.mac[:6])
}

// ForwardSecretProblem says why value can't be the i-th secret of t for the
// assertions that it signs, or nothing.
func ForwardSecretProblem(t *table.Table, i uint32, value []byte) string {
	for j := range t.NumForwards() {
		if t.ForwardKind(j) == table.ForwardRule && t.Forward(j).Secret == i {
			return token.CheckSecret(token.HS256, value)
		}
	}
	return ""
}

// assert makes the assertion of a request that passes its header fields, and adds
// its field.
func (e *Engine) assert(r *Request, rule *table.Forward, d *Decision) verdict.Code {
	f, s := e.fwd, e.fwd.sign
	if int(rule.Secret) >= len(s.heads) || s.heads[rule.Secret] == nil {
		return verdict.Internal // no verifier, no secret: New was called without them
	}
	if !e.appendClaims(r, rule, d) {
		return verdict.ForwardTooLarge
	}
	name, prefix := rule.Header, ""
	if rule.Credentials == table.CredentialsReplace {
		name, prefix = authorizationName, "Bearer "
	}
	out := text.Bytes(text.Append(s.out[:0], prefix), s.heads[rule.Secret])
	out = appendBase64URL(out, s.claims)
	n := e.opt.Sig.HMAC(token.HS256, e.opt.Secrets[rule.Secret], out[len(prefix):], &s.mac)
	if n != 32 {
		return verdict.Internal
	}
	s.out = appendBase64URL(text.Byte(out, '.'), s.mac[:n])
	f.fields = append(f.fields, Header{name, s.out})
	return 0
}

var authorizationName = []byte("authorization")

// appendClaims makes s.claims; false means that they do not fit.
func (e *Engine) appendClaims(r *Request, rule *table.Forward, d *Decision) bool {
	s := e.fwd.sign
	s.claims = s.claims[:0]
	ok := s.member(`{"iss":"`, rule.Issuer) && s.member(`,"aud":"`, rule.Audience)
	now := uint64(max(r.NowNanos, 0)) / 1e9
	b := text.Uint(text.Append(s.claims, `,"iat":`), now)
	b = text.Uint(text.Append(b, `,"exp":`), now+uint64(rule.LifetimeSeconds))
	s.count++
	var id [16]byte
	le.PutU64(id[:], 0, s.jti)
	le.PutU64(id[:], 8, s.count)
	s.claims = text.Byte(appendBase64URL(text.Append(b, `,"jti":"`), id[:]), '"')
	if who := e.Principal(); e.known {
		if who.Subject != nil {
			ok = ok && s.member(`,"sub":"`, who.Subject)
		}
		if who.Token {
			ok = ok && s.member(`,"provider":"`, e.t.Provider(who.Provider).Name)
		}
		if who.Consumer != table.NoIndex {
			ok = ok && s.member(`,"consumer":"`, e.t.Consumer(who.Consumer).Name())
		}
	}
	op := e.t.Op(d.Op)
	ok = ok && s.member(`,"htm":"`, r.fields.method)
	if path := withoutQuery(r.fields.path); len(path) <= maxAssertedPath {
		ok = ok && s.member(`,"path":"`, path)
	}
	if id := op.ID(); len(id) != 0 {
		ok = ok && s.member(`,"op":"`, id)
	}
	if d.Mode == table.ModeMonitor {
		ok = ok && s.member(`,"mode":"`, monitorName)
	}
	f := &r.fields
	if !ok || len(f.method)+len(f.authority)+len(f.path)+2 > cap(s.judged) || len(s.claims)+64 > cap(s.claims) {
		return false
	}
	s.judged = text.Byte(text.Bytes(s.judged[:0], f.method), '\n')
	s.judged = text.Byte(text.Bytes(s.judged, f.authority), '\n')
	s.judged = text.Bytes(s.judged, f.path)
	e.opt.Sig.SHA256(s.judged, &s.hash)
	s.claims = appendBase64URL(text.Append(s.claims, `,"digest":"`), s.hash[:])
	s.claims = text.Append(s.claims, `"}`)
	return true
}

var monitorName = []byte("monitor")

func withoutQuery(path []byte) []byte {
	for i, c := range path {
		if c == '?' || c == '#' {
			return path[:i]
		}
	}
	return path
}

// member appends the text head, value as the inside of a JSON string (RFC 8259
// section 7) and a quote; false means that it does not fit.
func (s *signer) member(head string, value []byte) bool {
	const spare = 160 // what has no check of its own: numbers, jti, digest
	if len(s.claims)+len(head)+len(value)+spare > cap(s.claims) {
		return false
	}
	s.claims = text.Append(s.claims, head)
	for i := 0; i < len(value); {
		if len(s.claims)+6+spare > cap(s.claims) {
			return false
		}
		c, size := value[i], 1
		switch {
		case c == '"' || c == '\\':
			s.claims = append(s.claims, '\\', c)
		case c < ' ':
			s.claims = append(s.claims, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		case c < 0x80:
			s.claims = append(s.claims, c)
		default:
			if size = validRune(value[i:]); size == 0 {
				size = 1
				s.claims = append(s.claims, 0xef, 0xbf, 0xbd)
				break
			}
			s.claims = append(s.claims, value[i:i+size]...)
		}
		i += size
	}
	s.claims = text.Byte(s.claims, '"')
	return true
}

// appendBase64URL appends base64url without padding (RFC 7515 section 2).
func appendBase64URL(dst, b []byte) []byte {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for ; len(b) >= 3; b = b[3:] {
		v := uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2])
		dst = append(dst, digits[v>>18], digits[v>>12&63], digits[v>>6&63], digits[v&63])
	}
	switch len(b) {
	case 1:
		dst = append(dst, digits[b[0]>>2], digits[b[0]<<4&63])
	case 2:
		v := uint32(b[0])<<8 | uint32(b[1])
		dst = append(dst, digits[v>>10], digits[v>>4&63], digits[v<<2&63])
	}
	return dst
}
