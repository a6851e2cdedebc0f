// Package route finds the operation that a request asks for: canonical path,
// host, trie of path segments, method.
//
// Percent-encoding is decided once, here, for judging only: the path that goes
// upstream is never rewritten. What a proxy, an upstream and this package
// could read differently is refused instead: dot segments, NUL, invalid UTF-8
// and malformed escapes always (RFC 3986 sections 2.1, 2.4 and 6.2.2); empty
// segments, encoded slashes, backslashes and ';' unless the operation that the
// path leads to allows them.
package route

import (
	"unicode/utf8"

	"portcullis/filter/text"
	"portcullis/filter/verdict"
)

// MaxSegments bounds the segments of a path.
const MaxSegments = 64

// Irregular names what a path has although it is not canonical.
type Irregular uint8

// What may be allowed by name. All else that is not canonical is refused.
const (
	EncodedSlash Irregular = 1 << iota // %2F inside a segment, decoded as part of it
	Semicolon                          // ';' inside a segment, raw
	EmptySegment                       // "//"
	Backslash                          // '\\' or %5C inside a segment
)

// Path is a request path split into decoded segments. It is reused from one
// request to the next; Segments and Query point into the request's bytes or
// into the Path's own buffer and are valid until the next Parse.
//
// Invariants: buf never grows beyond the capacity that NewPath gave it.
type Path struct {
	Segments [MaxSegments][]byte
	// Raw is the segments as they came.
	Raw [MaxSegments][]byte
	N   int
	// Seen is what is irregular in the segments, together.
	Seen     Irregular
	Query    []byte // after '?', nil when there is none
	HasQuery bool
	buf      []byte
}

// NewPath returns a Path for paths of at most maxBytes.
func NewPath(maxBytes int) *Path { return &Path{buf: make([]byte, 0, maxBytes)} }

// Parse splits raw, the :path of a request, and decodes its segments. It
// returns Allow, or the reason of refusal.
func (p *Path) Parse(raw []byte) verdict.Code {
	p.N, p.Query, p.HasQuery, p.Seen, p.buf = 0, nil, false, 0, p.buf[:0]
	if len(raw) > cap(p.buf) {
		return verdict.RequestPathTooLong
	}
	if len(raw) == 0 || raw[0] != '/' {
		return verdict.RoutePathMalformed
	}
	for i := 1; ; i++ {
		start, escaped, high := i, false, false
		for i < len(raw) {
			if c := raw[i]; plain[c>>5]>>(c&31)&1 == 0 {
				switch {
				case c == '/' || c == '?':
				case c == '%':
					escaped = true
					i++
					continue
				case c >= 0x80:
					high = true
					i++
					continue
				case p.irregular(c):
					i++
					continue
				default:
					return verdict.RoutePathMalformed
				}
				break
			}
			i++
		}
		seg := raw[start:i]
		if escaped {
			var ok bool
			if seg, ok = p.decode(seg); !ok {
				return verdict.RoutePathMalformed
			}
		}
		last := i == len(raw) || raw[i] == '?'
		if code := p.add(seg, raw[start:i], last, escaped || high); code != verdict.Allow {
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
func (p *Path) add(seg, raw []byte, last, unsure bool) verdict.Code {
	switch {
	case (p.Seen&(EncodedSlash|Backslash) != 0 || len(seg) > 0 && seg[0] == '.') && dots(seg):
		return verdict.RoutePathNotCanonical
	case unsure && !utf8.Valid(seg):
		return verdict.RoutePathMalformed
	case p.N == MaxSegments:
		return verdict.RequestPathTooLong
	}
	if len(seg) == 0 && !last {
		p.Seen |= EmptySegment
	}
	p.Segments[p.N], p.Raw[p.N] = seg, raw
	p.N++
	return verdict.Allow
}

// Compact takes out the empty segments besides one at the end.
func (p *Path) Compact() {
	n := 0
	for i := 0; i < p.N; i++ {
		if len(p.Segments[i]) != 0 || i == p.N-1 {
			p.Segments[n], p.Raw[n] = p.Segments[i], p.Raw[i]
			n++
		}
	}
	p.N = n
}

// ToggleSlash takes the slash at the end away, or puts one there. It reports
// false where there is nothing to do: the root is a slash.
func (p *Path) ToggleSlash() bool {
	switch {
	case p.N > 1 && len(p.Segments[p.N-1]) == 0:
		p.N--
	case p.N == 1 && len(p.Segments[0]) == 0 || p.N == MaxSegments:
		return false
	default:
		p.Segments[p.N], p.Raw[p.N] = nil, nil
		p.N++
	}
	return true
}

// dots reports a dot segment, also with path parameters behind it: "..;x" is
// ".." to some servers, and "..%2Fx" to those that decode first.
func dots(seg []byte) bool {
	for start, i := 0, 0; i <= len(seg); i++ {
		if i < len(seg) && seg[i] != '/' && seg[i] != '\\' {
			continue
		}
		n := start
		for n < i && seg[n] == '.' {
			n++
		}
		if k := n - start; (k == 1 || k == 2) && (n == i || seg[n] == ';') {
			return true
		}
		start = i + 1
	}
	return false
}

// decode undoes the percent-encoding of seg into the buffer.
func (p *Path) decode(seg []byte) (out []byte, ok bool) {
	start := len(p.buf)
	for i := 0; i < len(seg); i++ {
		c := seg[i]
		if c == '%' {
			if i+2 >= len(seg) {
				return nil, false
			}
			hi, lo := text.HexDigit(seg[i+1]), text.HexDigit(seg[i+2])
			if hi > 15 || lo > 15 {
				return nil, false
			}
			c = hi<<4 | lo
			i += 2
			// An encoded ';' is data to whoever splits before decoding, and a
			// delimiter to whoever does not.
			if special(c) && c != ' ' && c != '#' && c != '%' || c == '/' {
				if !p.irregular(c) {
					return nil, false
				}
			}
		}
		p.buf = append(p.buf, c) // within capacity: decoding never lengthens
	}
	return p.buf[start:len(p.buf):len(p.buf)], true
}

// plain is the bytes of a path that stand for themselves, a bit each: visible
// ASCII besides '#', '%', '/', ';', '?' and '\\'.
var plain = [8]uint32{1: ^uint32(1<<0 | 1<<3 | 1<<5 | 1<<15 | 1<<27 | 1<<31), 2: ^uint32(1 << 28), 3: ^uint32(1 << 31)}

// special reports the decoded bytes that need a look.
func special(c byte) bool {
	return c <= ' ' || c == '#' || c == '%' || c == ';' || c == '\\' || c == 0x7f
}

// irregular notes a byte of a segment, wherever it came from; it reports false
// for one that no segment may have.
func (p *Path) irregular(c byte) bool {
	switch c {
	case '/':
		p.Seen |= EncodedSlash
	case '\\':
		p.Seen |= Backslash
	case ';':
		p.Seen |= Semicolon
	default:
		return false
	}
	return true
}
