package token

import (
	"portcullis/filter/table"
	"portcullis/filter/text"
)

// targets reports whether htu, the URI that a proof is made for, is that of the request:
// one of the origins that callers know this proxy by, and the request's path. Both are
// normalised as RFC 9449 section 4.3 asks for, by RFC 3986 sections 6.2.2 and 6.2.3,
// but for dot segments, which no path that is judged has. Query and fragment are left
// out.
//
// The request's authority alone decides nothing, for its sender writes it; it only tells
// which of several origins is meant.
func targets(htu []byte, origins table.Names, authority, path []byte) bool {
	scheme, rest := cutScheme(htu)
	if scheme == nil {
		return false
	}
	end := len(rest)
	for i, c := range rest {
		if c == '/' || c == '?' || c == '#' {
			end = i
			break
		}
	}
	host, port, ok := table.SplitAuthority(rest[:end])
	if !ok {
		return false
	}
	for i := range origins.Len() {
		s, h, p := table.SplitOrigin(origins.At(i))
		if !text.EqualFold(s, scheme) || !text.EqualFold(h, host) || string(portOf(port, s)) != string(portOf(p, s)) {
			continue
		}
		if origins.Len() > 1 {
			ah, ap, ok := table.SplitAuthority(authority)
			if !ok || !text.EqualFold(h, ah) || string(portOf(ap, s)) != string(portOf(p, s)) {
				continue
			}
		}
		return samePath(withoutQuery(rest[end:]), withoutQuery(path))
	}
	return false
}

// cutScheme cuts a URI with an authority behind its scheme; nil for any other.
func cutScheme(uri []byte) (scheme, rest []byte) {
	for i := 0; i+3 <= len(uri); i++ {
		if uri[i] == ':' {
			if string(uri[i:i+3]) != "://" {
				return nil, nil
			}
			return uri[:i], uri[i+3:]
		}
	}
	return nil, nil
}

// portOf is a port without its default.
func portOf(port, scheme []byte) []byte {
	if string(scheme) == "https" && string(port) == "443" || string(scheme) == "http" && string(port) == "80" {
		return nil
	}
	return port
}

// withoutQuery is a path up to its query or fragment.
func withoutQuery(path []byte) []byte {
	for i, c := range path {
		if c == '?' || c == '#' {
			return path[:i]
		}
	}
	return path
}

// samePath compares paths byte by byte, percent-encoded bytes that need no encoding as
// what they stand for (RFC 3986 section 6.2.2.2). An empty path is that of the root.
func samePath(a, b []byte) bool {
	if len(a) == 0 {
		a = lit.root
	}
	if len(b) == 0 {
		b = lit.root
	}
	for len(a) > 0 && len(b) > 0 {
		ca, encodedA, na := pathByte(a)
		cb, encodedB, nb := pathByte(b)
		if na == 0 || nb == 0 || ca != cb || encodedA != encodedB {
			return false
		}
		a, b = a[na:], b[nb:]
	}
	return len(a) == 0 && len(b) == 0
}

// pathByte is the first byte of a path, whether it is encoded and has to be, and how
// long it is there; 0 for a broken encoding.
func pathByte(s []byte) (c byte, encoded bool, n int) {
	if s[0] != '%' {
		return s[0], false, 1
	}
	if len(s) < 3 {
		return 0, false, 0
	}
	hi, lo := text.HexDigit(s[1]), text.HexDigit(s[2])
	if hi|lo > 15 {
		return 0, false, 0
	}
	c = hi<<4 | lo
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_', c == '~':
		return c, false, 3
	}
	return c, true, 3
}
