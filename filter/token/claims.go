package token

import (
	"portcullis/filter/json"
	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

// claims is the registered claims (RFC 7519 section 4.1) found on the tape:
// indexes of their values, 0 where absent.
type claims struct {
	iss, sub, aud, exp, nbf, iat, cnf uint32
	mayLack                           uint8 // table.MayLackExpiry and others, of an answer about a token
	expires, notBefore, issued        int64 // Unix nanoseconds; valid where the index is set
}

// readClaims finds the registered claims and checks their types. Values are
// judged later, by provider.
func (c *Checker) readClaims() verdict.Code {
	t := c.claims
	if t.Nodes[0].Kind() != json.KindObject {
		return verdict.TokenMalformed
	}
	c.found = claims{}
	f := &c.found
	for i := uint32(1); i < t.Nodes[0].Ext; i = t.Next(i + 1) {
		value := i + 1
		if n := t.Nodes[i].Len; n < 3 || t.Nodes[i].Meta&json.FlagEscaped == 0 && n != 3 {
			continue
		}
		ok := true
		switch string(t.String(i, c.text[:0])) {
		case "iss":
			f.iss, ok = value, c.isString(value)
		case "sub":
			f.sub, ok = value, c.isString(value)
		case "aud":
			f.aud, ok = value, c.isStrings(value)
		case "exp":
			f.exp = value
			f.expires, ok = c.date(value)
		case "nbf":
			f.nbf = value
			f.notBefore, ok = c.date(value)
		case "iat":
			f.iat = value
			f.issued, ok = c.date(value)
		case "cnf":
			f.cnf, ok = value, t.Nodes[value].Kind() == json.KindObject
		}
		if !ok {
			return verdict.TokenClaimType
		}
	}
	return 0
}

func (c *Checker) isString(value uint32) bool { return c.claims.Nodes[value].Kind() == json.KindString }

// isStrings reports a string or an array of strings.
func (c *Checker) isStrings(value uint32) bool {
	n := c.claims.Nodes[value]
	if n.Kind() != json.KindArray {
		return n.Kind() == json.KindString
	}
	for i := value + 1; i < n.Ext; i = c.claims.Next(i) {
		if !c.isString(i) {
			return false
		}
	}
	return true
}

// date is a NumericDate claim. Strings that look like numbers are none.
func (c *Checker) date(value uint32) (int64, bool) {
	if c.claims.Nodes[value].Kind() != json.KindNumber {
		return 0, false
	}
	return parseDate(c.claims.Text(value))
}

// judge checks the dates against p at the time now.
func (f *claims) judge(p *table.Provider, now int64) verdict.Code {
	skew := int64(p.SkewSeconds)
	early, late := addSeconds(now, -skew), addSeconds(now, skew)
	switch {
	case f.exp == 0 && f.mayLack&table.MayLackExpiry == 0:
		return verdict.TokenClaimMissing
	case f.exp != 0 && early >= f.expires:
		return verdict.TokenExpired
	case f.nbf != 0 && late < f.notBefore, f.iat != 0 && late < f.issued:
		return verdict.TokenNotYetValid
	}
	if p.MaxAgeSeconds != 0 {
		if f.iat == 0 {
			return verdict.TokenClaimMissing
		}
		if early > addSeconds(f.issued, int64(p.MaxAgeSeconds)) {
			return verdict.TokenTooOld
		}
	}
	return 0
}

// judgeClaims checks what does not depend on the signature against p at the time
// now.
func (c *Checker) judgeClaims(p *table.Provider, now int64) verdict.Code {
	if code := c.found.judge(p, now); code != 0 {
		return code
	}
	if !c.audienceAccepted(p) {
		return verdict.TokenAudience
	}
	for i := range p.Claims.Len() {
		value := c.claims.Member(0, p.Claims.At(i))
		if value == 0 || c.claims.Nodes[value].Kind() == json.KindNull {
			return verdict.TokenClaimMissing
		}
	}
	return c.readScopes(p)
}

// audienceAccepted wants one of the token's audiences among the provider's
// (RFC 7519 section 4.1.3). Without any of those nothing is asked.
func (c *Checker) audienceAccepted(p *table.Provider) bool {
	if p.Audiences.Len() == 0 {
		return true
	}
	aud := c.found.aud
	if aud == 0 {
		return c.found.mayLack&table.MayLackAudience != 0
	}
	first, end := aud, aud+1
	if n := c.claims.Nodes[aud]; n.Kind() == json.KindArray {
		first, end = aud+1, n.Ext
	}
	for i := first; i < end; i++ { // strings only: isStrings has looked
		for j := range p.Audiences.Len() {
			if c.claims.EqualString(i, p.Audiences.At(j)) {
				return true
			}
		}
	}
	return false
}
