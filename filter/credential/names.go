package credential

// MaxDNS is the longest DNS name (RFC 1035 section 2.3.4), in text.
const MaxDNS = 253

// Folders calls each with what uri lies below, up to and with a slash, longest
// first, until it returns true: spiffe://example.org/ns/a/, spiffe://example.org/ns/,
// and so on down to the authority's. A URI with dot segments, escapes, queries or empty
// segments lies below nothing: readers differ in what it means.
func Folders(uri []byte, each func(folder []byte) bool) bool {
	start := 0
	for i := 0; i+2 < len(uri); i++ {
		if uri[i] == ':' && uri[i+1] == '/' && uri[i+2] == '/' {
			start = i + 3
			break
		}
	}
	if start == 0 || start == len(uri) || uri[len(uri)-1] == '/' {
		return false
	}
	for i := start; i < len(uri); i++ {
		switch c := uri[i]; {
		case c == '%' || c == '?' || c == '#' || c == '\\' || c <= ' ' || c >= 0x7f:
			return false
		case c == '/' && (i+1 < len(uri) && (uri[i+1] == '/' || uri[i+1] == '.')):
			return false
		}
	}
	for i := len(uri) - 1; i > start; i-- {
		if uri[i] == '/' && each(uri[:i+1]) {
			return true
		}
	}
	return false
}

// LowerDNS writes a DNS name in lower case, without the dot at its end. It declines
// what is no host name: wildcards, empty labels, other characters.
func LowerDNS(dst *[MaxDNS]byte, name []byte) (lower []byte, ok bool) {
	if len(name) > 0 && name[len(name)-1] == '.' {
		name = name[:len(name)-1]
	}
	if len(name) == 0 || len(name) > MaxDNS {
		return nil, false
	}
	for i, c := range name {
		switch {
		case c-'A' < 26:
			c |= 0x20
		case c == '.':
			if i == 0 || i+1 == len(name) || name[i-1] == '.' {
				return nil, false
			}
		case !alphanumeric(c) && c != '-' && c != '_':
			return nil, false
		}
		dst[i] = c
	}
	return dst[:len(name)], true
}

// Parent is what follows the first label of a DNS name, with the dot; nothing for a
// name of one label.
func Parent(name []byte) []byte {
	for i, c := range name {
		if c == '.' {
			return name[i:]
		}
	}
	return nil
}

// IsFingerprint reports the SHA-256 of a certificate in hexadecimal, lower case.
func IsFingerprint(b []byte) bool {
	if len(b) != 2*DigestSize {
		return false
	}
	for _, c := range b {
		if c-'0' > 9 && c-'a' > 5 {
			return false
		}
	}
	return true
}
