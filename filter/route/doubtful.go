package route

import (
	"bytes"

	"portcullis/filter/table"
)

// Doubtful reports an authority that Find does not take for a host that t names and that
// many servers do: with dots behind the name (RFC 3986 section 3.2.2 allows one), or with
// what is no port behind a colon. The operation that it runs there is not the one that any
// host has, nor an unknown one.
func Doubtful(t *table.Table, authority []byte) bool {
	if t.NumHosts() == 1 && t.Host(0).Kind() == table.HostAny {
		return false
	}
	host, _ := splitPort(authority)
	n := len(host)
	if n == 0 || host[0] == '[' {
		return false
	}
	if colon := bytes.IndexByte(host, ':'); colon >= 0 {
		n = colon
	}
	for n > 0 && host[n-1] == '.' {
		n--
	}
	if n == len(host) {
		return false
	}
	for i := range t.NumHosts() {
		h := t.Host(i)
		if h.Kind() != table.HostAny && hostMatches(&h, host[:n], h.Port()) {
			return true
		}
	}
	return false
}
