// Package route finds the operation that a request asks for: canonical path,
// host, trie of path segments, method.
//
// Percent-encoding is decided once, here, for judging only: the path that goes
// upstream is never rewritten. What a proxy, an upstream and this package
// could read differently is refused instead: dot segments, empty segments,
// encoded slashes, backslashes, NUL, ';', invalid UTF-8, malformed escapes
// (RFC 3986 sections 2.1, 2.4 and 6.2.2).
package route

import (
	"unicode/utf8"

	"portcullis/filter/verdict"
)

// MaxSegments bounds the segments of a path.
const MaxSegments = 64

// Allowed names what a policy lets through although it is not canonical.
type Allowed uint8

// The exceptions. Everything else that is refused has none.
const (
	AllowEncodedSlash Allowed = 1 << iota // %2F inside a segment, decoded as part of it
	AllowSemicolon                        // ';' inside a segment
	AllowEmptySegment                     // "//"
	AllowBackslash                        // '\' or %5C inside a segment
)

// Path is a request path split into decoded segments. It is reused from one
// request to the next; Segments and Query point into the request's bytes or
// into the Path's own buffer and are valid until the next Parse.
//
// Invariants: buf never grows beyond the capacity that NewPath gave it.
type Path struct {
	Segments [MaxSegments][]byte
	N        int
	Query    []byte // after '?', nil when there is none
	HasQuery bool
	buf      []byte
}

// NewPath returns a Path for paths of at most maxBytes.
func NewPath(maxBytes int) *Path { return &Path{buf: make([]byte, 0, maxBytes)} }

// Parse splits raw, the :path of a request, and decodes its segments. It
// returns Allow, or the reason of refusal.
func (p *Path) Parse(raw []byte, allow Allowed) verdict.Code {
	p.N, p.Query, p.HasQuery, p.buf = 0, nil, false, p.buf[:0]
	if len(raw) > cap(p.buf) {
		return verdict.RequestPathTooLong
	}
	if len(raw) == 0 || raw[0] != '/' {
		return verdict.RoutePathMalformed
	}
	for i := 1; ; i++ {
		start, escaped := i, false
		for i < len(raw) && raw[i] != '/' && raw[i] != '?' {
			if special(raw[i]) {
				if raw[i] == '%' {
					escaped = true
				} else if code := judgeByte(raw[i], allow); code != verdict.Allow {
					return code
				}
			}
			i++
		}
		seg, code := raw[start:i], verdict.Allow
		if escaped {
			if seg, code = p.decode(seg, allow); code != verdict.Allow {
				return code
			}
		}
		last := i == len(raw) || raw[i] == '?'
		if code = p.add(seg, last, allow); code != verdict.Allow {
			return code
		}
		if last {
			if i < len(raw) {
				p.Query, p.HasQuery = raw[i+1:], true
			}
			return verdict.Allow
		}
	}
}

// add appends a decoded segment. Only the last one may be empty: that is a
// trailing slash, or the root.
func (p *Path) add(seg []byte, last bool, allow Allowed) verdict.Code {
	switch {
	case len(seg) == 0 && !last && allow&AllowEmptySegment == 0:
		return verdict.RoutePathNotCanonical
	case dots(seg):
		return verdict.RoutePathNotCanonical
	case !utf8.Valid(seg):
		return verdict.RoutePathMalformed
	case p.N == MaxSegments:
		return verdict.RequestPathTooLong
	}
	p.Segments[p.N] = seg
	p.N++
	return verdict.Allow
}

// dots reports a dot segment, also with path parameters behind it: "..;x" is
// ".." to some servers.
func dots(seg []byte) bool {
	n := 0
	for n < len(seg) && seg[n] == '.' {
		n++
	}
	return (n == 1 || n == 2) && (n == len(seg) || seg[n] == ';')
}

// decode undoes the percent-encoding of seg into the buffer.
func (p *Path) decode(seg []byte, allow Allowed) ([]byte, verdict.Code) {
	start := len(p.buf)
	for i := 0; i < len(seg); i++ {
		c := seg[i]
		if c == '%' {
			if i+2 >= len(seg) {
				return nil, verdict.RoutePathMalformed
			}
			hi, lo := hex(seg[i+1]), hex(seg[i+2])
			if hi > 15 || lo > 15 {
				return nil, verdict.RoutePathMalformed
			}
			c = hi<<4 | lo
			i += 2
			if c != ' ' && c != '#' && c != '%' {
				if code := judgeByte(c, allow); code != verdict.Allow {
					return nil, code
				}
			}
		}
		p.buf = append(p.buf, c) // within capacity: decoding never lengthens
	}
	return p.buf[start:len(p.buf):len(p.buf)], verdict.Allow
}

// special reports the bytes of a path that need a look.
func special(c byte) bool {
	return c <= ' ' || c == '#' || c == '%' || c == ';' || c == '\\' || c == 0x7f
}

// judgeByte says whether c may be part of a segment, wherever it came from.
func judgeByte(c byte, allow Allowed) verdict.Code {
	need := Allowed(0)
	switch {
	case c == '/':
		need = AllowEncodedSlash
	case c == '\\':
		need = AllowBackslash
	case c == ';':
		need = AllowSemicolon
	case c <= ' ' || c == '#' || c == 0x7f:
		return verdict.RoutePathMalformed
	}
	if need&^allow != 0 {
		return verdict.RoutePathNotCanonical
	}
	return verdict.Allow
}

// hex is the value of a hexadecimal digit, 255 when c is none.
func hex(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}
