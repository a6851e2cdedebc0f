package table

// ProviderDiscovery says that ProviderKeysURI is that of the provider's metadata (OpenID
// Connect Discovery 1.0, RFC 8414), which tells where the keys are: 0 for no, or 1 and the
// index in Names of the origin that the keys' URI must have; the name after it is the
// cluster that they are fetched by.
const ProviderDiscovery = 30

// discovery is what word ProviderDiscovery stands for.
func (t *Table) discovery(w []uint32) (origin, cluster []byte) {
	at := w[ProviderDiscovery]
	if at == 0 || uint64(at)+1 > uint64(len(t.names)/wordsName) {
		return nil, nil
	}
	n := Names{t, Range{at - 1, 2}}
	return n.At(0), n.At(1)
}

// checkDiscovery reports whether word ProviderDiscovery is in order.
func (t *Table) checkDiscovery(w []uint32, remote *Remote) bool {
	if w[ProviderDiscovery] == 0 {
		return true
	}
	scheme, host, _ := SplitOrigin(remote.KeysOrigin)
	return len(scheme) != 0 && len(host) != 0 && Visible(remote.KeysOrigin) && Visible(remote.KeysCluster)
}
