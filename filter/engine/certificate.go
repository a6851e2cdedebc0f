package engine

import (
	"portcullis/filter/credential"
	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

// xfcc is the field in which proxies tell of certificates that they were shown.
const xfcc = "x-forwarded-client-cert"

// certificateKinds is which kinds of names of certificates the table knows, a bit
// for each: what it does not know is not asked for.
func certificateKinds(t *table.Table) (kinds uint32) {
	for i := range t.NumCredentials() {
		kinds |= 1 << t.Credential(i).Kind
	}
	return kinds
}

func (e *Engine) knows(kind uint8) bool { return e.certKinds>>kind&1 != 0 }

// certificate judges the connection's certificate for s. The proxy has checked that
// its chain leads to a root that it trusts; here is asked whose it is.
//
// Where the connection comes from a proxy that the policy lets forward
// certificates, it is that of the field, which anybody else can write.
func (e *Engine) certificate(r *Request, s table.Scheme, f *found) verdict.Code {
	if e.opt.Peer == nil {
		return verdict.CredentialMissing
	}
	print := e.opt.Peer.Certificate()
	if len(print) == 0 {
		return verdict.CredentialMissing
	}
	at := e.named(s, table.CredentialFingerprint, print)
	if at == table.NoIndex && (e.knows(table.CredentialURI) || e.knows(table.CredentialURIPrefix)) {
		at = e.byURI(s, e.opt.Peer.CertificateURI())
	}
	if at == table.NoIndex && (e.knows(table.CredentialDNS) || e.knows(table.CredentialDNSSuffix)) {
		at = e.byDNS(s, e.opt.Peer.CertificateDNS())
	}
	if at == table.NoIndex && e.knows(table.CredentialSubject) {
		at = e.named(s, table.CredentialSubject, e.opt.Peer.CertificateSubject())
	}
	if at == table.NoIndex {
		if s.Flags()&table.SchemeFlagAnyCertificate == 0 {
			return verdict.CredentialInvalid
		}
		return verdict.Allow
	}
	c := e.t.Credential(at).Consumer
	if e.t.Consumer(c).Flags()&table.ConsumerFlagHop != 0 {
		return e.forwarded(r, s, f)
	}
	f.consumer, f.credential = c, at
	return verdict.Allow
}

// forwarded judges the certificate that a trusted proxy tells of.
func (e *Engine) forwarded(r *Request, s table.Scheme, f *found) verdict.Code {
	var field []byte
	seen := false
	for i := range r.Headers {
		if string(r.Headers[i].Name) == xfcc {
			if seen {
				return verdict.CredentialAmbiguous
			}
			seen, field = true, r.Headers[i].Value
		}
	}
	if !seen {
		return verdict.CredentialMissing
	}
	x := &e.shown.forwarded
	if !credential.ParseForwarded(field, x) {
		return verdict.CredentialAmbiguous
	}
	at := e.named(s, table.CredentialFingerprint, x.Hash)
	for i := 0; i < x.NumURIs && at == table.NoIndex; i++ {
		at = e.byURI(s, x.URIs[i])
	}
	for i := 0; i < x.NumDNS && at == table.NoIndex; i++ {
		at = e.byDNS(s, x.DNS[i])
	}
	if at == table.NoIndex {
		at = e.named(s, table.CredentialSubject, x.Subject)
	}
	if at == table.NoIndex {
		if s.Flags()&table.SchemeFlagAnyCertificate == 0 || !credential.IsFingerprint(x.Hash) {
			return verdict.CredentialInvalid
		}
		return verdict.Allow
	}
	c := e.t.Credential(at).Consumer
	if e.t.Consumer(c).Flags()&table.ConsumerFlagHop != 0 {
		return verdict.CredentialInvalid // a proxy is no caller
	}
	f.consumer, f.credential = c, at
	return verdict.Allow
}

// named is the credential of that kind and id whose consumer s accepts, NoIndex when
// there is none.
func (e *Engine) named(s table.Scheme, kind uint8, id []byte) uint32 {
	if len(id) == 0 || !e.knows(kind) {
		return table.NoIndex
	}
	at := e.t.FindCredential(kind, id)
	if at == table.NoIndex || !e.accepts(s, e.t.Credential(at).Consumer) {
		return table.NoIndex
	}
	return at
}

func (e *Engine) byURI(s table.Scheme, uri []byte) uint32 {
	at := e.named(s, table.CredentialURI, uri)
	if at != table.NoIndex || !e.knows(table.CredentialURIPrefix) {
		return at
	}
	credential.Folders(uri, func(folder []byte) bool {
		at = e.named(s, table.CredentialURIPrefix, folder)
		return at != table.NoIndex
	})
	return at
}

func (e *Engine) byDNS(s table.Scheme, name []byte) uint32 {
	name, ok := credential.LowerDNS(&e.shown.dns, name)
	if !ok {
		return table.NoIndex
	}
	if at := e.named(s, table.CredentialDNS, name); at != table.NoIndex {
		return at
	}
	return e.named(s, table.CredentialDNSSuffix, credential.Parent(name))
}
