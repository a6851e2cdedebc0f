package explain

import (
	"slices"
	"strconv"
	"strings"

	"portcullis/filter/table"
)

// maxNamed is how many consumers a line of text names.
const maxNamed = 5

// ruleKinds names the rules of certificates by table.CredentialFingerprint and so on.
var ruleKinds = []string{"", "key", "fingerprint", "uri", "uri below", "dns", "dns below", "subject"}

// accepted fills in whom s accepts.
func (r *reader) accepted(u *Use, s table.Scheme) {
	flags := s.Flags()
	u.Nobody, u.All, u.AnyCert = flags&table.SchemeFlagBound == 0, flags&table.SchemeFlagAll != 0, flags&table.SchemeFlagAnyCertificate != 0
	if flags&table.SchemeFlagBearer != 0 {
		u.Where = "header authorization, as a bearer token"
	}
	if s.NumConsumers() == 0 {
		return
	}
	rules := map[uint32]string{}
	for i := range r.t.NumCredentials() {
		if c := r.t.Credential(i); len(r.t.Consumer(c.Consumer).Name()) == 0 {
			rules[c.Consumer] = name(ruleKinds, c.Kind) + " " + string(c.ID)
		}
	}
	for i := range s.NumConsumers() {
		c := r.t.Consumer(s.ConsumerAt(i))
		switch {
		case len(c.Name()) > 0:
			u.Consumers = append(u.Consumers, string(c.Name()))
		case c.Flags()&table.ConsumerFlagHop != 0:
			u.Consumers = append(u.Consumers, "forwarded by "+rules[s.ConsumerAt(i)])
		default:
			u.Consumers = append(u.Consumers, rules[s.ConsumerAt(i)])
		}
	}
	slices.Sort(u.Consumers)
}

// consumersText says whose keys or certificates are accepted.
func (u Use) consumersText() string {
	var of []string
	if u.Nobody {
		of = append(of, "nobody: the policy names no consumers")
	}
	if u.All {
		of = append(of, "any consumer")
	}
	if u.AnyCert {
		of = append(of, "anybody")
	}
	n := min(len(u.Consumers), maxNamed)
	of = append(of, u.Consumers[:n]...)
	if more := len(u.Consumers) - n; more > 0 {
		of = append(of, strconv.Itoa(more)+" more")
	}
	if of == nil {
		return ""
	}
	return " of " + strings.Join(of, " or ")
}

// Admits reports whether everybody that v accepts is accepted by u, as far as keys
// and certificates go.
func (u Use) Admits(v Use) bool {
	if v.Nobody {
		return true
	}
	if v.AnyCert && !u.AnyCert || v.All && !u.All {
		return false
	}
	for _, c := range v.Consumers {
		named := !strings.Contains(c, " ")
		if _, listed := slices.BinarySearch(u.Consumers, c); !listed && !u.AnyCert && !(u.All && named) {
			return false
		}
	}
	return true
}
