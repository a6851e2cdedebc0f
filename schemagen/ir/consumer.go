package ir

// Consumer is somebody who calls, known by API keys or certificates. One without a
// name is nobody in particular: a rule of a scheme that takes certificates.
type Consumer struct {
	Name        string
	Plan        string
	Scopes      []string
	Attributes  []Attribute // by name
	Credentials []*Credential
	Hop         bool // a proxy in front, which may forward certificates; it has no name
	Loc         Loc
}

// Attribute is what else is known of a consumer.
type Attribute struct{ Name, Value string }

// CredentialKind is how a consumer is known.
type CredentialKind uint8

// Credential kinds, numbered as in tables. The zero value is invalid.
const (
	CredentialKey CredentialKind = iota + 1
	CredentialFingerprint
	CredentialURI
	CredentialURIPrefix
	CredentialDNS
	CredentialDNSSuffix
	CredentialSubject
)

// Credential is what a consumer is known by.
type Credential struct {
	Kind    CredentialKind
	ID      string // as the filter compares it
	Digest  []byte // CredentialKey: 32 bytes
	Expires int64  // Unix seconds, 0: never
	Secret  string // CredentialKey: the secret that keys the digest, "": plain SHA-256
	Loc     Loc
}
