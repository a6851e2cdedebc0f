package table

// Words of a consumer. Consumers are sorted by name; those without one stand
// first: they are the rules of schemes that take certificates of nobody in
// particular.
//
//	name(2) plan(2) scopes(2: names) attributes(2: names) flags zero(3)
//
// attributes is names and values in turn, sorted by name.
const (
	ConsumerName       = 0
	ConsumerPlan       = 2
	ConsumerScopes     = 4
	ConsumerAttributes = 6
	ConsumerFlags      = 8
)

// Flags of a consumer.
const (
	// ConsumerFlagHop marks a proxy in front, which calls for others: it may say in a
	// header field which certificate it was shown.
	ConsumerFlagHop  = 1 << 0
	consumerFlagsAll = 1<<1 - 1
)

// Words of a credential: what a consumer is known by. Credentials are sorted by
// kind, then id, and no two are the same.
//
//	id(2) kind digest(2) consumer expires(2: u64 s) secret zero
//
// digest is the 32 bytes of an API key's digest, nothing for certificates. secret
// is the key of the digest's HMAC, NoIndex for plain SHA-256.
const (
	CredentialID       = 0
	CredentialHow      = 2
	CredentialDigest   = 3
	CredentialConsumer = 5
	CredentialExpires  = 6 // Unix seconds, 0 = never
	CredentialSecret   = 8
)

// Kinds of credential: how a caller is known by an id.
const (
	CredentialKey         = 1 // public id of an API key
	CredentialFingerprint = 2 // SHA-256 of a certificate, lower case hexadecimal
	CredentialURI         = 3 // a URI name of a certificate
	CredentialURIPrefix   = 4 // what it begins with, up to a slash
	CredentialDNS         = 5 // a DNS name of a certificate, lower case
	CredentialDNSSuffix   = 6 // what follows its first label, with the dot
	CredentialSubject     = 7 // subject of a certificate, as the proxy writes it
	credentialKindEnd     = 8
)

// digestSize is the bytes of SHA-256.
const digestSize = 32

// Flags of a security scheme (bits 16.. of SchemeHow, shifted down).
const (
	// SchemeFlagBound marks a scheme that the policy has consumers or
	// certificates for. Without it the scheme refuses everybody.
	SchemeFlagBound = 1 << 0
	// SchemeFlagAll lets every consumer with a name in; without it the list does.
	SchemeFlagAll = 1 << 1
	// SchemeFlagAnyCertificate lets every certificate in that the proxy has taken.
	SchemeFlagAnyCertificate = 1 << 2
	// SchemeFlagBearer marks an API key that stands in Authorization as a bearer
	// token does.
	SchemeFlagBearer = 1 << 3
	schemeFlagsAll   = 1<<4 - 1
)

// Flags is the SchemeFlag bits.
func (s Scheme) Flags() uint32 { return s.w[SchemeHow] >> 16 }

// NumConsumers is the number of consumers that the scheme lists.
func (s Scheme) NumConsumers() uint32 {
	if s.Kind() == SchemeBearer {
		return 0
	}
	return s.w[SchemeConsumers+1]
}

// ConsumerAt is the index of the i-th of them; they are ascending.
func (s Scheme) ConsumerAt(i uint32) uint32 { return s.t.indexes[s.w[SchemeConsumers]+i] }

// Accepts reports whether the scheme lets the consumer in.
func (s Scheme) Accepts(consumer uint32) bool {
	if s.Flags()&SchemeFlagAll != 0 && len(s.t.Consumer(consumer).Name()) != 0 {
		return true
	}
	lo, hi := uint32(0), s.NumConsumers()
	for lo < hi {
		mid := lo + (hi-lo)/2
		switch x := s.ConsumerAt(mid); {
		case x == consumer:
			return true
		case x < consumer:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return false
}

// Consumer is somebody who calls: a program of a customer, a partner, a service.
type Consumer struct {
	t *Table
	w *[wordsConsumer]uint32
}

// NumConsumers is the number of consumers.
func (t *Table) NumConsumers() uint32 { return uint32(len(t.consumers)) / wordsConsumer }

// Consumer is the i-th consumer.
func (t *Table) Consumer(i uint32) Consumer {
	return Consumer{t, (*[wordsConsumer]uint32)(t.consumers[i*wordsConsumer:])}
}

// Name is unique, and empty for whoever has a certificate of nobody in particular.
func (c Consumer) Name() []byte { return c.t.str(c.w[:], ConsumerName) }

// Flags is the ConsumerFlag bits.
func (c Consumer) Flags() uint32 { return c.w[ConsumerFlags] }

// Plan is the plan that limits may choose by, or nothing.
func (c Consumer) Plan() []byte { return c.t.str(c.w[:], ConsumerPlan) }

// Scopes is what the consumer may do.
func (c Consumer) Scopes() Names { return Names{c.t, rangeAt(c.w[:], ConsumerScopes)} }

// NumAttributes is the number of attributes.
func (c Consumer) NumAttributes() uint32 { return c.w[ConsumerAttributes+1] / 2 }

// AttributeAt is the i-th attribute; they are sorted by name.
func (c Consumer) AttributeAt(i uint32) (name, value []byte) {
	list := c.Attributes()
	return list.At(2 * i), list.At(2*i + 1)
}

// Attributes is the attributes, names and values in turn.
func (c Consumer) Attributes() Names { return Names{c.t, rangeAt(c.w[:], ConsumerAttributes)} }

// Attribute is the value of the attribute name.
func (c Consumer) Attribute(name []byte) (value []byte, ok bool) {
	for i := range c.NumAttributes() {
		if n, v := c.AttributeAt(i); string(n) == string(name) {
			return v, true
		}
	}
	return nil, false
}

// Credential is what a consumer is known by.
type Credential struct {
	ID       []byte
	Kind     uint8  // CredentialKey..
	Digest   []byte // of an API key: 32 bytes
	Consumer uint32
	Expires  uint64 // Unix seconds, 0: never
	Secret   uint32 // NoIndex: Digest is plain SHA-256
}

// NumCredentials is the number of credentials.
func (t *Table) NumCredentials() uint32 { return uint32(len(t.credentials)) / wordsCredential }

// Credential is the i-th credential.
func (t *Table) Credential(i uint32) Credential {
	w := (*[wordsCredential]uint32)(t.credentials[i*wordsCredential:])
	return Credential{
		ID: t.str(w[:], CredentialID), Kind: uint8(w[CredentialHow]), Digest: t.str(w[:], CredentialDigest),
		Consumer: w[CredentialConsumer], Expires: uint64(w[CredentialExpires]) | uint64(w[CredentialExpires+1])<<32, Secret: w[CredentialSecret],
	}
}

// FindCredential is the index of the credential of that kind whose id is id,
// NoIndex when there is none.
func (t *Table) FindCredential(kind uint8, id []byte) uint32 {
	lo, hi := uint32(0), t.NumCredentials()
	for lo < hi {
		mid := lo + (hi-lo)/2
		c := t.compareCredential(mid, kind, id)
		if c == 0 {
			return mid
		}
		if c < 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return NoIndex
}

// compareCredential is where the i-th credential stands before (-) or after (+) kind
// and id.
func (t *Table) compareCredential(i uint32, kind uint8, id []byte) int {
	w := t.credentials[i*wordsCredential:]
	if k := uint8(w[CredentialHow]); k != kind {
		return int(k) - int(kind)
	}
	return compare(t.str(w, CredentialID), id)
}

// checkConsumers finds what the layout can't say; word is where.
func (t *Table) checkConsumers() (e Err, s Section, word uint32) {
	for i := range t.NumConsumers() {
		c := t.Consumer(i)
		if i > 0 && len(c.Name()) != 0 && compare(t.Consumer(i-1).Name(), c.Name()) >= 0 || i > 0 && len(c.Name()) == 0 && len(t.Consumer(i-1).Name()) != 0 {
			return ErrOrder, SecConsumers, i * wordsConsumer
		}
		if c.Flags()&ConsumerFlagHop != 0 && len(c.Name()) != 0 {
			return ErrEnum, SecConsumers, i*wordsConsumer + ConsumerFlags
		}
		if c.w[ConsumerAttributes+1]%2 != 0 {
			return ErrRange, SecConsumers, i*wordsConsumer + ConsumerAttributes
		}
	}
	for i := range t.NumCredentials() {
		c := t.Credential(i)
		if i > 0 && t.compareCredential(i-1, c.Kind, c.ID) >= 0 {
			return ErrOrder, SecCredentials, i * wordsCredential
		}
		want := 0
		if c.Kind == CredentialKey {
			want = digestSize
		}
		if len(c.ID) == 0 || len(c.Digest) != want {
			return ErrEnum, SecCredentials, i*wordsCredential + CredentialDigest
		}
	}
	return ErrNone, 0, 0
}
