package plugin

import (
	"portcullis/filter/table"
	"portcullis/filter/token"
)

// place is where the keys of a provider are that tells so itself. It is asked anew at
// each fetch, under the same lease: a provider that moves its keys is followed within
// what the policy names, and with the next fetch.
type place struct {
	buf, uri []byte
	headers  []byte // of the request for keys; nil while their place is not known
}

// newPlace is nil for a provider whose keys' place the table says; configuration only.
func newPlace(r *table.Remote) *place {
	if len(r.KeysOrigin) == 0 {
		return nil
	}
	return &place{buf: make([]byte, token.MaxKeysURI+keyRequestRoom), uri: make([]byte, 0, token.MaxKeysURI)}
}

func (p *place) forget() {
	if p != nil {
		p.headers = nil
	}
}

func (p *place) known() bool { return p != nil && p.headers != nil }

// locate reads where m's keys are from its metadata.
func (k *keyring) locate(m *remote, doc []byte) token.MetadataProblem {
	p := m.place
	uri, problem := k.engine.ReadMetadata(p.uri[:0], doc, m.index)
	if problem == token.MetadataGood {
		p.headers = keyRequest(p.buf, uri)
	}
	return problem
}
