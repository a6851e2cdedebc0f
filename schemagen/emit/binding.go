package emit

import (
	"portcullis/filter/table"
	"portcullis/schemagen/ir"
)

// binding is the words of what a provider's tokens are bound to.
func (w *writer) binding(p *ir.Provider) []uint32 {
	out := []uint32{uint32(p.Bound), 0, 0, 0, 0, 0}
	if b := p.Proofs; b != nil {
		out[1] = uint32(b.AgeSeconds) | uint32(b.FutureSeconds)<<16
		if b.Nonce {
			out[1] |= table.ProofNonce
		}
		copy(out[2:4], w.names(b.Origins))
		for _, a := range b.Algorithms {
			out[4] |= 1 << a
		}
		out[5] = (b.Remembered + table.ReplaySlots - 1) / table.ReplaySlots
	}
	return out
}

// discovery is the words of how the place of a provider's keys is found.
func (w *writer) discovery(r *ir.RemoteKeys) []uint32 {
	if r == nil || r.KeysOrigin == "" {
		return zeros(1)
	}
	return []uint32{1 + w.names([]string{r.KeysOrigin, r.KeysCluster})[0]}
}
