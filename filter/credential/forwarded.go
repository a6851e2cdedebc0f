package credential

import "portcullis/filter/text"

// MaxNames is how many URI names, and how many DNS names, of a certificate are read.
const MaxNames = 8

// Forwarded is what a proxy in front says of the certificate that its client showed:
// one element of an x-forwarded-client-cert field. Texts point into the field.
type Forwarded struct {
	Hash    []byte // SHA-256, hexadecimal
	Subject []byte // as it stands between its quotes, escapes included
	URIs    [MaxNames][]byte
	NumURIs int
	DNS     [MaxNames][]byte
	NumDNS  int
}

// ParseForwarded reads a field of exactly one element: pairs key=value with ';'
// between them, a value that holds ',', ';' or '=' in double quotes. A field with
// several elements went through more hands than one; which of them to believe is
// not ours to guess, and it is declined as what is malformed is. Keys are
// case-insensitive; Hash and Subject stand once, keys that say nothing of the client's
// names are left out.
func ParseForwarded(field []byte, f *Forwarded) bool {
	*f = Forwarded{}
	rest := field
	for {
		eq := -1
		for i, c := range rest {
			if c == '=' {
				eq = i
				break
			}
			if c == ';' || c == ',' || c == '"' {
				return false
			}
		}
		if eq < 1 {
			return false
		}
		value, after, ok := forwardedValue(rest[eq+1:])
		if !ok || !f.set(rest[:eq], value) {
			return false
		}
		if len(after) == 0 {
			return true
		}
		if after[0] != ';' {
			return false // ',': another element
		}
		if rest = after[1:]; len(rest) == 0 {
			return true
		}
	}
}

// forwardedValue is the value that b begins with, and what follows it.
func forwardedValue(b []byte) (value, after []byte, ok bool) {
	if len(b) == 0 || b[0] != '"' {
		for i, c := range b {
			switch c {
			case ';', ',':
				return b[:i], b[i:], true
			case '"', '=':
				return nil, nil, false
			}
		}
		return b, nil, true
	}
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			after = b[i+1:]
			return b[1:i], after, len(after) == 0 || after[0] == ';' || after[0] == ','
		}
	}
	return nil, nil, false
}

func (f *Forwarded) set(key, value []byte) bool {
	switch {
	case text.EqualFold("hash", key):
		if f.Hash != nil || len(value) == 0 {
			return false
		}
		f.Hash = value
	case text.EqualFold("subject", key):
		if f.Subject != nil {
			return false
		}
		f.Subject = value
	case text.EqualFold("uri", key):
		if len(value) == 0 {
			return true // the key stands there although the certificate has none
		}
		if f.NumURIs == MaxNames {
			return false
		}
		f.URIs[f.NumURIs] = value
		f.NumURIs++
	case text.EqualFold("dns", key):
		if f.NumDNS == MaxNames {
			return false
		}
		f.DNS[f.NumDNS] = value
		f.NumDNS++
	}
	return true
}
