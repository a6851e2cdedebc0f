package ir

// Forward is what an upstream is told of who calls, and what becomes of the
// credentials that the caller showed.
type Forward struct {
	Fields      []ForwardField // by header
	Credentials Credentials
	Assertion   *Assertion // nil: none
	Loc         Loc
}

// ForwardField is one header field that the filter sets.
type ForwardField struct {
	Header string // lower case
	Source ForwardSource
	Path   []string // ForwardClaim: the member names that lead to the claim
	Loc    Loc
}

// ForwardSource is where a forwarded value comes from. Numbers are the table's
// kinds of forward record.
type ForwardSource uint8

// Sources.
const (
	ForwardSubject ForwardSource = iota + 2
	ForwardIssuer
	ForwardScopes
	ForwardConsumer
	ForwardProvider
	ForwardClaim
	ForwardPlan      // of the consumer
	ForwardAttribute // of the consumer; Path is its name
	ForwardRisk      // low, medium, high
	ForwardReasons   // of that risk
	ForwardInspect   // how deep the request is looked at
	ForwardDecision  // what was decided before the body
)

// Credentials says what becomes of the credentials that a request shows.
type Credentials uint8

// What becomes of them.
const (
	CredentialsKeep Credentials = iota + 1
	CredentialsRemove
	CredentialsReplace
)

// Assertion is a short-lived JWS by which an upstream knows a request that the
// filter has judged.
type Assertion struct {
	Header          string // lower case; "" with CredentialsReplace
	Secret          string // its name in the plugin configuration
	Issuer          string
	Audience        string
	LifetimeSeconds uint32
}

// TellsRisk reports whether f tells how risky requests are, or what was decided of
// them.
func (f *Forward) TellsRisk() bool {
	if f == nil {
		return false
	}
	for _, field := range f.Fields {
		if field.Source >= ForwardRisk && field.Source <= ForwardDecision {
			return true
		}
	}
	return false
}
