package token

import "portcullis/filter/json"

// Accepted reports whether the last Check ended with Allow. Without that the
// rest says nothing.
func (c *Checker) Accepted() bool { return c.accepted }

// Provider is the index of the identity provider that issued the token.
func (c *Checker) Provider() uint32 { return c.provider }

// Key is the index of the key that the signature was checked with, or its number in the
// KeySet of a provider that fetches its keys.
func (c *Checker) Key() uint32 { return c.key }

// Cached reports that the signature was not checked again.
func (c *Checker) Cached() bool { return c.cached }

// Claims is the payload on a tape whose Src is the decoded bytes. Of a remembered
// token it is parsed when it is first asked for.
func (c *Checker) Claims() *json.Tape {
	if !c.parsed {
		// It was parsed before, with the same options. If that ever went wrong
		// the tape would be empty, which readers must expect of no accepted token.
		c.parser.Parse(c.claims, c.payload, c.options)
		c.parsed = true
	}
	return c.claims
}

// Subject is the `sub` claim, unescaped; nil when the token has none.
func (c *Checker) Subject() []byte {
	if !c.accepted {
		return nil
	}
	return c.subject
}

// AppendIdentity appends bytes that stand for the token's subject and for nobody
// else's: subjects are unique within an issuer only (RFC 7519 section 4.1.2).
// It appends nothing when there is no subject.
func (c *Checker) AppendIdentity(dst []byte) []byte {
	sub := c.Subject()
	if sub == nil {
		return dst
	}
	p := c.provider
	dst = append(dst, byte(p), byte(p>>8), byte(p>>16), byte(p>>24))
	return append(dst, sub...)
}

// ExpiresNanos is when the token ends (Unix nanoseconds), skew not counted.
func (c *Checker) ExpiresNanos() int64 { return c.found.expires }
