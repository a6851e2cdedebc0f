package token

import (
	"portcullis/filter/json"
	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

// readScopes finds the claim that holds the scopes: the provider's, or `scope`
// (RFC 8693 section 4.2, RFC 9068 section 2.2.3), or `scp`, which some issuers
// write. It is a string of words with spaces between, or an array of strings.
func (c *Checker) readScopes(p *table.Provider) verdict.Code {
	c.scopes, c.scopeText = 0, nil
	value := uint32(0)
	if len(p.ScopeClaim) != 0 {
		value = c.claims.Member(0, p.ScopeClaim)
	} else if value = c.claims.Member(0, lit.scope); value == 0 {
		value = c.claims.Member(0, lit.scp)
	}
	if value == 0 || c.claims.Nodes[value].Kind() == json.KindNull {
		return 0
	}
	if !c.isStrings(value) {
		return verdict.TokenClaimType
	}
	c.scopes = value
	if c.isString(value) {
		c.scopeText = c.claims.String(value, c.scopeBuf[:0])
	}
	return 0
}

// HasScope reports whether the token of the last accepting Check has this scope:
// the same bytes, as scopes are case-sensitive (RFC 6749 section 3.3).
func (c *Checker) HasScope(scope []byte) bool {
	if c.scopes == 0 || len(scope) == 0 {
		return false
	}
	n := c.claims.Nodes[c.scopes]
	if n.Kind() == json.KindArray {
		for i := c.scopes + 1; i < n.Ext; i++ {
			if c.claims.EqualString(i, scope) {
				return true
			}
		}
		return false
	}
	for rest := c.scopeText; len(rest) != 0; {
		var word []byte
		word, rest = cutSpace(rest)
		if string(word) == string(scope) {
			return true
		}
	}
	return false
}

// AppendScopes appends the token's scopes with a space between each two. It
// does not allocate if dst has room for the payload's length.
func (c *Checker) AppendScopes(dst []byte) []byte {
	if c.scopes == 0 {
		return dst
	}
	n := c.claims.Nodes[c.scopes]
	if n.Kind() == json.KindString {
		return append(dst, c.scopeText...)
	}
	for i := c.scopes + 1; i < n.Ext; i++ {
		if i != c.scopes+1 {
			dst = append(dst, ' ')
		}
		if c.claims.Nodes[i].Meta&json.FlagEscaped != 0 {
			dst = json.AppendUnescaped(dst, c.claims.Text(i))
		} else {
			dst = append(dst, c.claims.Text(i)...)
		}
	}
	return dst
}

// cutSpace splits b at its first space.
func cutSpace(b []byte) (word, rest []byte) {
	for i, c := range b {
		if c == ' ' {
			return b[:i], b[i+1:]
		}
	}
	return b, nil
}
