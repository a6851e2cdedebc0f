package dump

// boundTo is by table.BoundOptional and on.
var boundTo = []string{"what they are bound to", "a certificate", "a key with proofs", "a certificate or a key"}

// binding prints what tokens of the i-th provider are bound to, where that says anything.
func (d *dumper) binding(i uint32) {
	b := d.t.Binding(i)
	if b.Bound != 0 || b.Proofs() {
		d.printf("  tokens by %s", boundTo[b.Bound])
	}
	if b.Proofs() {
		d.printf("    proofs for %s, %s", list(b.Origins), remoteAlgs(b.Algorithms))
		d.printf("    age %ds future %ds, %d remembered in a slot", b.AgeSeconds, b.FutureSeconds, b.Replays)
		if b.Nonce {
			d.printf("    with a nonce of the proxy")
		}
	}
}
