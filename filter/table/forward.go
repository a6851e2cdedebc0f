package table

// Words of a forward record: what an upstream is told of who calls. A rule says
// it for operations, and its fields, records of the same section behind it, say
// which header field holds what.
//
//	kind|credentials<<8 fields(2: forwards) secret header(2) issuer(2)
//	audience(2) lifetime path(2: names) zero
//
// A rule's header, issuer, audience, secret and lifetime are those of its
// assertion; without one secret is NoIndex. A field has its header, and a claim
// its path; everything else of it is empty.
const (
	ForwardHow      = 0
	ForwardFields   = 1
	ForwardSecret   = 3
	ForwardHeader   = 4
	ForwardIssuer   = 6
	ForwardAudience = 8
	ForwardLifetime = 10 // seconds
	ForwardPath     = 11
)

// Kinds of forward record.
const (
	ForwardRule     = 1
	ForwardSubject  = 2 // who calls
	ForwardIssuedBy = 3 // the token's issuer
	ForwardScopes   = 4
	ForwardConsumer = 5 // the consumer's name, of an API key or the like
	ForwardProvider = 6 // the provider's name in the policy
	ForwardClaim    = 7
	ForwardPlan     = 8 // the consumer's plan
	// ForwardAttribute is an attribute of the consumer; its path is the name.
	ForwardAttribute = 9
	ForwardRisk      = 10 // how risky the request is: low, medium, high
	ForwardReasons   = 11 // what of it is
	ForwardInspect   = 12 // how deep it is looked at
	ForwardDecision  = 13 // what was decided before its body
	forwardKindEnd   = 14
)

// What becomes of the credentials that a request shows.
const (
	CredentialsKeep    = 1
	CredentialsRemove  = 2 // header fields with credentials do not arrive
	CredentialsReplace = 3 // the same, and the assertion stands in Authorization
)

// maxForwardLifetime bounds an assertion's life, in seconds.
const maxForwardLifetime = 3600

// Forward is a rule.
type Forward struct {
	Credentials     uint8  // CredentialsKeep..
	Fields          Range  // see ForwardField
	Secret          uint32 // that signs the assertion; NoIndex: there is none
	Header          []byte // of the assertion; none when it stands in Authorization
	Issuer          []byte
	Audience        []byte
	LifetimeSeconds uint32
}

// NumForwards is the number of forward records, rules and fields.
func (t *Table) NumForwards() uint32 { return uint32(len(t.forwards)) / wordsForward }

// ForwardKind is what the i-th forward record is.
func (t *Table) ForwardKind(i uint32) uint8 { return uint8(t.forwards[i*wordsForward+ForwardHow]) }

// Forward is the i-th forward record, a rule.
func (t *Table) Forward(i uint32) Forward {
	w := (*[wordsForward]uint32)(t.forwards[i*wordsForward:])
	return Forward{
		Credentials: uint8(w[ForwardHow] >> 8), Fields: rangeAt(w[:], ForwardFields),
		Secret: w[ForwardSecret], Header: t.str(w[:], ForwardHeader), Issuer: t.str(w[:], ForwardIssuer),
		Audience: t.str(w[:], ForwardAudience), LifetimeSeconds: w[ForwardLifetime],
	}
}

// ForwardField is the i-th forward record, a field: its kind, the header field's
// name in lower case, and the member names that lead to a claim.
func (t *Table) ForwardField(i uint32) (kind uint8, header []byte, path Names) {
	w := (*[wordsForward]uint32)(t.forwards[i*wordsForward:])
	return uint8(w[ForwardHow]), t.str(w[:], ForwardHeader), Names{t, rangeAt(w[:], ForwardPath)}
}

// Forward is the index of what the upstream is told, NoIndex for nothing.
func (o Op) Forward() uint32 { return o.w[OpForward] }

// checkForward finds what the layout can't say of the i-th forward record; word
// is where.
func (t *Table) checkForward(i uint32) (e Err, word uint32) {
	kind, header, path := t.ForwardField(i)
	f := t.Forward(i)
	if kind != ForwardRule {
		switch {
		case !isFieldName(header):
			return ErrString, ForwardHeader
		case (kind == ForwardClaim || kind == ForwardAttribute) != (path.Len() > 0):
			return ErrRange, ForwardPath
		case f.Credentials != 0 || f.Fields.Count != 0 || f.Secret != NoIndex || f.LifetimeSeconds != 0:
			return ErrReserved, ForwardHow
		}
		return ErrNone, 0
	}
	signs := f.Secret != NoIndex
	switch {
	case path.Len() != 0:
		return ErrReserved, ForwardPath
	case f.Credentials == 0 || f.Credentials == CredentialsReplace && !signs:
		return ErrEnum, ForwardHow
	case f.Fields.Count > 0 && f.Fields.Start <= i:
		return ErrOrder, ForwardFields
	case signs && (f.LifetimeSeconds == 0 || f.LifetimeSeconds > maxForwardLifetime || len(f.Audience) == 0 || len(f.Issuer) == 0):
		return ErrEnum, ForwardLifetime
	case !signs && (f.LifetimeSeconds != 0 || len(f.Header) != 0):
		return ErrReserved, ForwardLifetime
	case signs && (f.Credentials == CredentialsReplace) == isFieldName(f.Header):
		return ErrString, ForwardHeader
	}
	for j := f.Fields.Start; j < f.Fields.End(); j++ {
		if t.ForwardKind(j) == ForwardRule {
			return ErrEnum, ForwardFields
		}
	}
	return ErrNone, 0
}

// isFieldName reports a header field's name in lower case (RFC 9110 section 5.1).
func isFieldName(b []byte) bool {
	for _, c := range b {
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return len(b) != 0
}

// Alike reports that a reader may take the field name a for b. CGI, FastCGI, WSGI
// and their kin make environment variables of names (RFC 3875 section 4.1.18):
// letters become capitals, and what is no letter or digit an underscore.
func Alike[T string | []byte](a []byte, b T) bool {
	if len(a) != len(b) {
		return false
	}
	for i, c := range a {
		if fold(c) != fold(b[i]) {
			return false
		}
	}
	return true
}

// fold is c as Alike compares it.
func fold(c byte) byte {
	switch {
	case 'A' <= c && c <= 'Z':
		return c | 0x20
	case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		return c
	}
	return '_'
}
