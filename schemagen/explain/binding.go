package explain

import "portcullis/filter/table"

// boundTo is by table.BoundOptional and on.
var boundTo = []string{"", "a client certificate", "a key with DPoP proofs", "a client certificate or a key with DPoP proofs"}

// bound is what tokens of the i-th provider must be bound to; nothing where that is left to
// the provider.
func (r *reader) bound(i uint32) []string {
	b := r.t.Binding(i)
	if b.Bound == table.BoundOptional {
		return nil
	}
	to := boundTo[b.Bound]
	if b.Nonce {
		to += " (with a nonce)"
	}
	return []string{to + " for " + string(r.t.Provider(i).Name)}
}
