package engine

import (
	"crypto/subtle"

	"portcullis/filter/credential"
	"portcullis/filter/param"
	"portcullis/filter/table"
	"portcullis/filter/text"
	"portcullis/filter/token"
	"portcullis/filter/verdict"
)

// MaxKeySchemes is how many schemes of API keys, HTTP Basic and certificates one
// operation may ask about.
const MaxKeySchemes = 8

// credentials is what the last request shows besides a token, and what was found
// of the token so far.
//
// Invariants: found[:n] has each scheme of the operation that is no bearer scheme
// once; texts are valid during one call of the engine.
type credentials struct {
	found [MaxKeySchemes]found
	n     int

	badKey      verdict.Code // of a key that is shown and that no scheme accepts; 0: none is
	badToken    verdict.Code // what the last scheme that refused the token says of it
	goodToken   bool         // some scheme accepted it
	tokenScheme uint32       // the scheme that the checker's token was checked for
	proved      bool         // its DPoP proof is used up, by this request
	binding     token.Binding

	consumer   uint32 // who it is
	credential uint32
	lacking    uint32 // a consumer whose credential is good and has too few scopes
	tried      uint32 // the last credential whose id was shown, whatever came of it

	query [credential.MaxKey + 1]byte
	basic [credential.MaxKey + 2]byte
	text  [credential.MaxKey]byte // what is digested
	sum   [32]byte
	mac   [64]byte

	forwarded credential.Forwarded
	dns       [credential.MaxDNS]byte
}

// found is what a request shows for one scheme.
type found struct {
	scheme     uint32
	place      place
	value      []byte
	consumer   uint32
	credential uint32
	code       verdict.Code // 0: not checked yet
}

// place is where a key stands.
type place uint8

const (
	placeNone place = iota
	placeHeader
	placeQuery
	placeCookie
	placeAuthorization
)

func (c *credentials) begin() {
	c.n, c.badKey, c.badToken, c.goodToken = 0, 0, 0, false
	c.tokenScheme, c.consumer, c.credential, c.tried, c.lacking = table.NoIndex, table.NoIndex, table.NoIndex, table.NoIndex, table.NoIndex
}

// collect finds what the request shows for the schemes of reqs, before anything
// is compared: a key that stands twice, or two keys of which no requirement takes
// both, is refused whether it is good or not. Otherwise the order of the answers
// would tell one from the other, and a guess would go uncounted.
func (e *Engine) collect(r *Request, reqs table.Range) verdict.Code {
	c := &e.shown
	shown := 0
	for i := reqs.Start; i < reqs.End(); i++ {
		uses := e.t.Requirement(i)
		for j := uses.Start; j < uses.End(); j++ {
			index, _ := e.t.Use(j)
			s := e.t.Scheme(index)
			if s.Kind() == table.SchemeBearer || c.of(index) != nil {
				continue
			}
			if c.n == len(c.found) {
				return verdict.Internal // schemagen refuses so many
			}
			f := &c.found[c.n]
			*f = found{scheme: index, consumer: table.NoIndex, credential: table.NoIndex}
			if s.Flags()&table.SchemeFlagBound != 0 {
				if code := e.show(r, s, f); code != verdict.Allow {
					return code
				}
			}
			if f.place != placeNone && !c.same(e.t, f) {
				shown++
			}
			c.n++
		}
	}
	if shown > 1 && !e.together(reqs, shown) {
		return verdict.CredentialAmbiguous
	}
	return verdict.Allow
}

// of is what was found for a scheme.
func (c *credentials) of(scheme uint32) *found {
	for i := range c.n {
		if c.found[i].scheme == scheme {
			return &c.found[i]
		}
	}
	return nil
}

// same reports whether f is found at a place where another scheme looks too.
func (c *credentials) same(t *table.Table, f *found) bool {
	for i := range c.n {
		if samePlace(t, f, &c.found[i]) {
			return true
		}
	}
	return false
}

// samePlace reports whether two schemes found the same text.
func samePlace(t *table.Table, f, o *found) bool {
	return o.place == f.place && (f.place == placeAuthorization || string(t.Scheme(o.scheme).ParamName()) == string(t.Scheme(f.scheme).ParamName()))
}

// together reports a requirement that takes all n keys that are shown.
func (e *Engine) together(reqs table.Range, n int) bool {
	for i := reqs.Start; i < reqs.End(); i++ {
		if e.takes(e.t.Requirement(i)) >= n {
			return true
		}
	}
	return false
}

// takes is how many of the keys that are shown a requirement takes.
func (e *Engine) takes(uses table.Range) (n int) {
	for i := uses.Start; i < uses.End(); i++ {
		index, _ := e.t.Use(i)
		f := e.shown.of(index)
		if f == nil || f.place == placeNone {
			continue
		}
		n++
		for j := uses.Start; j < i; j++ {
			index, _ := e.t.Use(j)
			if o := e.shown.of(index); o != nil && samePlace(e.t, f, o) {
				n--
				break
			}
		}
	}
	return n
}

// show finds the text that a request shows for s.
func (e *Engine) show(r *Request, s table.Scheme, f *found) verdict.Code {
	switch {
	case s.Kind() == table.SchemeBasic:
		if v, ok := credential.Basic(r.fields.authorization); ok {
			f.place, f.value = placeAuthorization, v
		}
	case s.Kind() != table.SchemeAPIKey:
	case s.Flags()&table.SchemeFlagBearer != 0:
		if v, ok := token.Bearer(r.fields.authorization); ok {
			f.place, f.value = placeAuthorization, v
		}
	case s.In() == table.InHeader:
		return showHeader(r, s.ParamName(), f)
	case s.In() == table.InQuery:
		return e.showQuery(s.ParamName(), f)
	case s.In() == table.InCookie:
		return showCookie(r, s.ParamName(), f)
	}
	if f.place == placeAuthorization && hasComma(f.value) {
		return verdict.RequestDuplicateHeader
	}
	return verdict.Allow
}

// showHeader finds a key in a header field, which must stand once. Two may have
// become one on their way, joined by a comma (RFC 9110 section 5.3). A key in
// Authorization has no scheme in front of it.
func showHeader(r *Request, name []byte, f *found) verdict.Code {
	for i := range r.Headers {
		h := &r.Headers[i]
		if !table.Alike(h.Name, name) {
			continue
		}
		if string(h.Name) != string(name) {
			return verdict.CredentialAmbiguous // the same field to readers of CGI variables
		}
		if f.place != placeNone || hasComma(h.Value) {
			return verdict.RequestDuplicateHeader
		}
		f.place, f.value = placeHeader, h.Value
	}
	if string(name) == "authorization" && f.place != placeNone {
		f.place = placeAuthorization
		_, _, bearer := token.Shown(f.value)
		_, basic := credential.Basic(f.value)
		if bearer || basic {
			f.place, f.value = placeNone, nil
		}
	}
	return verdict.Allow
}

func hasComma(b []byte) bool {
	for _, c := range b {
		if c == ',' {
			return true
		}
	}
	return false
}

// showQuery finds a key in the query, by its name as readers of forms decode it. The
// value is decoded when it is judged: there may be several.
func (e *Engine) showQuery(name []byte, f *found) verdict.Code {
	for q := e.path.Query; len(q) > 0; {
		var pair []byte
		pair, q = text.Cut(q, '&')
		k, v := text.Cut(pair, '=')
		if !decodesTo(k, name) {
			continue
		}
		if f.place != placeNone {
			return verdict.CredentialAmbiguous
		}
		f.place, f.value = placeQuery, v
	}
	return verdict.Allow
}

// decodesTo reports whether s, decoded, is name.
func decodesTo(s, name []byte) bool {
	for len(s) > 0 {
		c, n := decodeByte(s)
		if len(name) == 0 || name[0] != c {
			return false
		}
		s, name = s[n:], name[1:]
	}
	return len(name) == 0
}

// decodeInto appends s, decoded, as far as dst has room: what does not fit is longer
// than any key.
func decodeInto(dst, s []byte) []byte {
	for len(s) > 0 && len(dst) < cap(dst) {
		c, n := decodeByte(s)
		dst, s = append(dst, c), s[n:]
	}
	return dst
}

// decodeByte is the first byte of s, decoded as appendDecoded does, and how long it
// is there.
func decodeByte(s []byte) (c byte, n int) {
	if s[0] == '+' {
		return ' ', 1
	}
	if s[0] == '%' && len(s) > 2 {
		if hi, lo := text.HexDigit(s[1]), text.HexDigit(s[2]); hi|lo < 16 {
			return hi<<4 | lo, 3
		}
	}
	return s[0], 1
}

// showCookie finds a key in the cookies, as param.Decoder reads them.
func showCookie(r *Request, name []byte, f *found) verdict.Code {
	for i := range r.Headers {
		if string(r.Headers[i].Name) != "cookie" {
			continue
		}
		for rest := r.Headers[i].Value; len(rest) > 0; {
			var pair []byte
			pair, rest = text.Cut(rest, ';')
			k, v := text.Cut(pair, '=')
			k = text.Trim(k)
			for inside, after := param.CookieInside(text.Trim(v), len(k) == 0); inside != nil; inside, after = param.CookieInside(after, false) {
				if string(inside) == string(name) {
					return verdict.CredentialAmbiguous
				}
			}
			if string(k) != string(name) {
				continue
			}
			if f.place != placeNone {
				return verdict.CredentialAmbiguous
			}
			f.place, f.value = placeCookie, text.Trim(v)
		}
	}
	return verdict.Allow
}

// settleKeys finds a key that is shown and that no scheme accepts. Several may look at
// one place, each for other consumers.
func (c *credentials) settleKeys(t *table.Table) {
	for i := range c.n {
		f := &c.found[i]
		if f.place == placeNone || f.code == verdict.Allow {
			continue
		}
		good := false
		for j := range c.n {
			good = good || c.found[j].code == verdict.Allow && samePlace(t, f, &c.found[j])
		}
		if !good && c.badKey == 0 {
			c.badKey = f.code
		}
	}
}

// key judges what was found for s, once.
func (e *Engine) key(r *Request, index uint32, s table.Scheme) *found {
	f := e.shown.of(index)
	if f == nil {
		f = &e.shown.found[0] // collect has them all
		f.code = verdict.Internal
	}
	if f.code != 0 {
		return f
	}
	switch {
	case s.Flags()&table.SchemeFlagBound == 0:
		f.code = verdict.CredentialUnsupported
	case s.Kind() == table.SchemeMutualTLS:
		f.code = e.certificate(r, s, f)
	case f.place == placeNone:
		f.code = verdict.CredentialMissing
	default:
		f.code = e.apiKey(r, s, f)
	}
	return f
}

// apiKey judges the key in f. How long it takes says nothing of the secret, and an
// id that nobody has takes as long as one that somebody has.
func (e *Engine) apiKey(r *Request, s table.Scheme, f *found) verdict.Code {
	c := &e.shown
	if e.opt.Sig == nil {
		return verdict.CredentialUnsupported
	}
	var k credential.Key
	var ok bool
	switch {
	case s.Kind() == table.SchemeBasic:
		k, ok = credential.ParseBasic(&c.basic, f.value)
	case f.place == placeQuery:
		k, ok = credential.ParseKey(decodeInto(c.query[:0], f.value))
	default:
		k, ok = credential.ParseKey(f.value)
	}
	if !ok {
		return verdict.CredentialInvalid
	}
	text := k.AppendDigested(c.text[:0])
	at := e.t.FindCredential(table.CredentialKey, k.ID)
	known := at != table.NoIndex
	if known {
		c.tried = at
	} else {
		if at = 0; e.t.NumCredentials() == 0 {
			return verdict.CredentialInvalid
		}
	}
	cred := e.t.Credential(at)
	good := e.digestIs(text, &cred)
	switch {
	case !good || !known || cred.Kind != table.CredentialKey || !s.Accepts(cred.Consumer):
		return verdict.CredentialInvalid
	case cred.Expires != 0 && r.NowNanos/1e9 >= int64(cred.Expires):
		return verdict.CredentialExpired
	}
	f.consumer, f.credential = cred.Consumer, at
	return verdict.Allow
}

// digestIs reports whether text has the digest of cred, under the secret that keys it
// or the one that is being replaced.
func (e *Engine) digestIs(text []byte, cred *table.Credential) bool {
	c := &e.shown
	if cred.Secret == table.NoIndex {
		e.opt.Sig.SHA256(text, &c.sum)
		return subtle.ConstantTimeCompare(c.sum[:], cred.Digest) == 1
	}
	good := false
	for _, list := range [...][][]byte{e.opt.Secrets, e.opt.PreviousSecrets} {
		if cred.Secret < uint32(len(list)) && len(list[cred.Secret]) != 0 {
			n := e.opt.Sig.HMAC(token.HS256, list[cred.Secret], text, &c.mac)
			good = subtle.ConstantTimeCompare(c.mac[:n], cred.Digest) == 1 || good
		}
	}
	return good
}

// appendCaller appends whose credential a refusal is about: the consumer, where it was
// told, else the id of the key that was tried. Ids that nobody has are not repeated:
// they may be anything.
func (e *Engine) appendCaller(dst []byte, d *Decision) []byte {
	switch {
	case d.Consumer < e.t.NumConsumers():
		dst = text.Append(dst, " (consumer ")
		dst = text.Bytes(dst, e.t.Consumer(d.Consumer).Name())
	case d.Part == verdict.PartSecurity && e.shown.tried < e.t.NumCredentials():
		k := e.t.Credential(e.shown.tried)
		dst = text.Append(dst, " (key ")
		dst = text.Bytes(dst, k.ID)
		dst = text.Append(dst, " of ")
		dst = text.Bytes(dst, e.t.Consumer(k.Consumer).Name())
	default:
		return dst
	}
	return text.Byte(dst, ')')
}

// PepperProblem says why value can't be the i-th secret of t, as far as it keys
// digests of API keys; "" where nothing is wrong.
func PepperProblem(t *table.Table, i uint32, value []byte) string {
	if len(value) >= minPepper {
		return ""
	}
	for j := range t.NumCredentials() {
		if t.Credential(j).Secret == i {
			return "it keys digests of API keys and has fewer than 16 bytes"
		}
	}
	return ""
}

// minPepper is what nobody guesses.
const minPepper = 16

// consumerHas reports whether the consumer has all scopes. A use that asks for none
// is content with anybody.
func consumerHas(t *table.Table, consumer uint32, scopes table.Names) bool {
	for i := range scopes.Len() {
		if consumer == table.NoIndex {
			return false
		}
		has, found := t.Consumer(consumer).Scopes(), false
		for j := range has.Len() {
			found = found || string(has.At(j)) == string(scopes.At(i))
		}
		if !found {
			return false
		}
	}
	return true
}
