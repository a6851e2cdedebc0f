package credential

// Bounds of API keys, in bytes. 22 letters and digits are 131 bits when they are
// random.
const (
	MaxID     = 64
	MinSecret = 22
	MaxSecret = 128
	// MaxKey is the longest key as one text.
	MaxKey = MaxID + 1 + MaxSecret
)

// DigestSize is the bytes of a key's digest.
const DigestSize = 32

// Key is an API key in its parts, which point into the text that it was read from.
type Key struct{ ID, Secret []byte }

// ParseKey reads a key that is one text: id, '_', secret.
func ParseKey(text []byte) (k Key, ok bool) {
	if len(text) > MaxKey {
		return Key{}, false
	}
	at := -1
	for i, c := range text {
		if c == '_' {
			at = i
		}
	}
	if at < 0 {
		return Key{}, false
	}
	return parts(text[:at], text[at+1:])
}

// parts makes a key of an id and a secret that may be none.
func parts(id, secret []byte) (k Key, ok bool) {
	if !IsID(id) || !IsSecret(secret) {
		return Key{}, false
	}
	return Key{id, secret}, true
}

// IsID reports a text that may be the id of a key: 1 to MaxID letters, digits, '-'
// and '_', none of the signs at either end.
func IsID(b []byte) bool {
	if len(b) == 0 || len(b) > MaxID || !alphanumeric(b[0]) || !alphanumeric(b[len(b)-1]) {
		return false
	}
	for _, c := range b {
		if !alphanumeric(c) && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// IsSecret reports a text that may be the secret of a key.
func IsSecret(b []byte) bool {
	if len(b) < MinSecret || len(b) > MaxSecret {
		return false
	}
	for _, c := range b {
		if !alphanumeric(c) {
			return false
		}
	}
	return true
}

func alphanumeric(c byte) bool {
	return c-'0' < 10 || c|0x20-'a' < 26
}

// AppendDigested appends what a key's digest is taken over: "id:secret".
func (k Key) AppendDigested(dst []byte) []byte {
	dst = append(dst, k.ID...)
	dst = append(dst, ':')
	return append(dst, k.Secret...)
}
