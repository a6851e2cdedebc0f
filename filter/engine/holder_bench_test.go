//go:build !lean

package engine_test

import (
	"encoding/hex"
	"fmt"
	"testing"

	"crypto/sha256"

	"portcullis/filter/engine"
	"portcullis/filter/verdict"
)

// BenchmarkHolder is what a remembered token costs beside one that is not bound: with a
// certificate, and with a proof that is new each time.
func BenchmarkHolder(b *testing.B) {
	issuer, alice := newSigner(b), newSigner(b)
	tab := holderTable(b, issuer, "")
	print := sha256.Sum256([]byte("x"))
	peer := &fixedPeer{print: []byte(hex.EncodeToString(print[:]))}
	free, byCert, byKey := issuer.token(nil), issuer.token(map[string]any{"x5t#S256": raw64(print[:])}), issuer.token(map[string]any{"jkt": alice.thumbprint()})
	for _, bb := range []struct{ name, path, token string }{
		{"bearer", "/none", "Bearer " + free}, {"certificate", "/certificate", "Bearer " + byCert}, {"proof", "/dpop", "DPoP " + byKey},
	} {
		b.Run(bb.name, func(b *testing.B) {
			e := holderEngine(b, tab, engine.Options{Peer: peer, TokenCacheBytes: 1 << 20})
			var requests []*engine.Request
			for i := range 256 {
				r := request("GET", bb.path, []string{"authorization: " + bb.token, "dpop: " + alice.proof(byKey, fmt.Sprint(i), nil)}, nil)
				r.NowNanos = keysNow.UnixNano()
				requests = append(requests, r)
			}
			var d engine.Decision
			n := 0
			b.ReportAllocs()
			for b.Loop() {
				r := requests[n%256]
				r.Answers.Proved = n >= 256 // used up by then
				n++
				if e.CheckHeaders(r, &d); d.Code != verdict.Allow && d.Code != verdict.ProofStoreFull {
					b.Fatal(d.Code.Name())
				}
			}
		})
	}
}
