package token

import (
	"portcullis/filter/json"
	"portcullis/filter/table"
	"portcullis/filter/text"
	"portcullis/filter/verdict"
)

// readScopes finds the claim that holds the scopes: the provider's, or `scope`
// (RFC 8693 section 4.2, RFC 9068 section 2.2.3), or `scp`, which some issuers
// write. It is a string of words with spaces between, or an array of strings.
//
// Both are kept as one text with a separator: a space, or a byte that no UTF-8
// has, because an element may hold spaces.
func (c *Checker) readScopes(p *table.Provider) verdict.Code {
	c.scopes, c.scopeSep = nil, ' '
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
	if c.isString(value) {
		c.scopes = c.claims.String(value, c.scopeBuf[:0])
		return 0
	}
	c.scopeSep = arraySep
	c.scopes = c.scopeBuf[:0]
	for i := value + 1; i < c.claims.Nodes[value].Ext; i++ {
		if i != value+1 {
			c.scopes = append(c.scopes, arraySep)
		}
		if c.claims.Nodes[i].Meta&json.FlagEscaped != 0 {
			c.scopes = json.AppendUnescaped(c.scopes, c.claims.Text(i))
		} else {
			c.scopes = append(c.scopes, c.claims.Text(i)...)
		}
	}
	return 0
}

const arraySep = 0xff

// HasScope reports whether the token of the last Check, which accepted it, has
// this scope: the same bytes, as scopes are case-sensitive (RFC 6749 section 3.3).
func (c *Checker) HasScope(scope []byte) bool {
	if !c.accepted || len(scope) == 0 {
		return false
	}
	for rest := c.scopes; len(rest) != 0; {
		var word []byte
		word, rest = text.Cut(rest, c.scopeSep)
		if string(word) == string(scope) {
			return true
		}
	}
	return false
}

// AppendScopes appends the token's scopes with a space between each two. It
// does not allocate if dst has room for the payload's length.
func (c *Checker) AppendScopes(dst []byte) []byte {
	if !c.accepted {
		return dst
	}
	for _, b := range c.scopes {
		if b == c.scopeSep {
			b = ' '
		}
		dst = append(dst, b)
	}
	return dst
}

// ScopeText is the token's scopes as CutScope reads them, nil when it was refused.
func (c *Checker) ScopeText() []byte {
	if !c.accepted {
		return nil
	}
	return c.scopes
}

// CutScope is the first of the scopes in list, and what is left of it. It keeps
// apart what AppendScopes can't: a scope from an array may hold spaces.
func (c *Checker) CutScope(list []byte) (scope, rest []byte) { return text.Cut(list, c.scopeSep) }
