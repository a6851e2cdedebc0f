package token

import (
	"bytes"

	"portcullis/filter/json"
	"portcullis/filter/table"
	"portcullis/filter/text"
	"portcullis/filter/verdict"
)

// parts is a token cut at its dots: views of it.
type parts struct {
	signed                     []byte // header '.' payload: what the signature is over
	header, payload, signature []byte
}

// split cuts a compact serialisation. It declines anything but two dots: one
// part less is an unsecured or detached token, four dots are a JWE.
func split(token []byte) (p parts, ok bool) {
	first := bytes.IndexByte(token, '.')
	if first < 0 {
		return parts{}, false
	}
	n := bytes.IndexByte(token[first+1:], '.')
	if n < 0 {
		return parts{}, false
	}
	second := first + 1 + n
	if bytes.IndexByte(token[second+1:], '.') >= 0 {
		return parts{}, false
	}
	return parts{
		signed: token[:second], header: token[:first],
		payload: token[first+1 : second], signature: token[second+1:],
	}, true
}

// readHeader reads the JOSE header (RFC 7515 section 4) on the header tape into
// c. Only alg, typ and kid are used, and none is trusted.
func (c *Checker) readHeader() verdict.Code {
	t := c.header
	if t.Nodes[0].Kind() != json.KindObject {
		return verdict.TokenMalformed
	}
	c.alg, c.typ, c.kid = 0, 0, 0
	hasAlg := false
	for i := uint32(1); i < t.Nodes[0].Ext; i = t.Next(i + 1) {
		value := i + 1
		isString := t.Nodes[value].Kind() == json.KindString
		switch {
		case t.EqualString(i, lit.alg):
			hasAlg = true
			if isString && t.Nodes[value].Meta&json.FlagEscaped == 0 {
				c.alg = AlgByName(t.Text(value))
			}
		case t.EqualString(i, lit.typ):
			if !isString {
				return verdict.TokenType
			}
			c.typ = value
		case t.EqualString(i, lit.kid):
			if !isString {
				return verdict.TokenHeader
			}
			c.kid = value
		default:
			// Keys that the sender chooses, extensions that change what is
			// signed, and what only encrypted tokens have. x5t and x5t#S256 are
			// common and harmless: names of keys, like kid.
			for _, name := range &lit.refused {
				if t.EqualString(i, name) {
					return verdict.TokenHeader
				}
			}
		}
	}
	if !hasAlg || c.alg == 0 {
		return verdict.TokenAlgorithm
	}
	return 0
}

// typeAccepted compares typ with what the provider accepts (RFC 8725 section
// 3.11): case-insensitively, and "application/" may be left out (RFC 7515 section
// 4.1.9). Without a list that is "JWT", "at+jwt" (RFC 9068) or no typ.
func (c *Checker) typeAccepted(p *table.Provider) bool {
	var typ []byte
	if c.typ != 0 {
		typ = c.header.String(c.typ, c.text[:0])
		if n := len(lit.application); len(typ) >= n && text.EqualFold(lit.application, typ[:n]) {
			typ = typ[n:]
		}
	}
	if p.Types.Len() == 0 {
		return c.typ == 0 || text.EqualFold(lit.jwt, typ) || text.EqualFold(lit.atJWT, typ)
	}
	for i := range p.Types.Len() {
		if c.typ != 0 && text.EqualFold(p.Types.At(i), typ) {
			return true
		}
	}
	return false
}
