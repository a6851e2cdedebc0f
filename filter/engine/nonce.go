package engine

import (
	"portcullis/filter/le"
	"portcullis/filter/replay"
	"portcullis/filter/table"
	"portcullis/filter/token"
)

// nonceWindow is the shortest window that a nonce is made for, in seconds.
const nonceWindow = 60

// nonceSize is the length of a nonce: 128 bits in hexadecimal digits.
const nonceSize = 32

// nonces makes the nonces that DPoP proofs must have (RFC 9449 section 8): an HMAC over the
// number of a window of time, under a key of all workers. So each knows what the others
// gave out, and nobody remembers anything.
type nonces struct {
	text   [2][nonceSize]byte // of the window, and of the one before
	number int64              // of the window; with size what text is of
	size   int64              // seconds, 0 before there is any
	mac    [64]byte
	in     [nonceInput]byte
}

// nonceLabel keeps what is signed for this apart from whatever else the key serves.
const (
	nonceLabel = "portcullis dpop nonce "
	nonceInput = len(nonceLabel) + 16
)

// make makes the nonces of the time now; false where there is no key.
func (n *nonces) make(g *replay.Guard, sig token.Verifier, p *table.Binding, now int64) bool {
	size := max(int64(p.AgeSeconds), nonceWindow)
	number := max(now, 0) / 1e9 / size
	if n.size == size && n.number == number {
		return true
	}
	key, ok := g.Key()
	if !ok {
		return false
	}
	for i := range n.text {
		copy(n.in[:], nonceLabel)
		le.PutU64(n.in[:], uint32(len(nonceLabel)), uint64(number-int64(i)))
		le.PutU64(n.in[:], uint32(len(nonceLabel))+8, uint64(size))
		if sig.HMAC(token.HS256, key[:], n.in[:], &n.mac) < nonceSize/2 {
			n.size = 0
			return false
		}
		for j := range n.text[i] {
			n.text[i][j] = "0123456789abcdef"[n.mac[j/2]>>(4*(1-j%2))&15]
		}
	}
	n.size, n.number = size, number
	return true
}

// Nonce is what the proof of a request needs that was just refused with
// verdict.ProofNonce: a view that is valid until the next check.
func (e *Engine) Nonce() []byte {
	if e.proofs == nil || e.proofs.nonces.size == 0 {
		return nil
	}
	return e.proofs.nonces.text[0][:]
}
