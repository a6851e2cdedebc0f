package emit

import (
	"portcullis/filter/table"
	"portcullis/schemagen/ir"
)

// introspection writes how a provider's tokens are asked about, and returns the record's
// index and one, 0 for nothing.
func (w *writer) introspection(n *ir.Introspection) uint32 {
	if n == nil {
		return 0
	}
	set := func(bits ...bool) (out uint32) {
		for i, on := range bits {
			if on {
				out |= 1 << i
			}
		}
		return out
	}
	return 1 + w.record(table.SecIntrospections, w.str(n.URI), w.str(n.Cluster), w.str(n.Client), []uint32{w.secret(n.Secret),
		set(n.Opaque, n.JWT) | set(n.MayLackIssuer, n.MayLackAudience, n.MayLackExpiry)<<8,
		n.TimeoutMs, n.CacheSeconds, n.NegativeSeconds, n.MaxCalls | n.Rate<<16})
}
