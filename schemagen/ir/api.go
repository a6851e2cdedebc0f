package ir

import "portcullis/schemagen/source"

// Build is everything that goes into one table.
type Build struct {
	APIs         []*API
	Providers    []*Provider // identity providers, by name order
	Limits       []*Limit    // all limits, by name order; operations point into it
	Consumers    []*Consumer // by name order, those without a name first
	Unknown      Action      // what happens to a request that no operation matches
	InputsDigest [32]byte    // SHA-256 over the inputs, for the table header
}

// Mode says what a refusal does.
type Mode uint8

// Modes. Monitor judges and counts, and lets the request pass. Off judges nothing.
const (
	ModeEnforce Mode = iota + 1
	ModeMonitor
	ModeOff
)

// Action is deny, monitor or pass.
type Action uint8

// Actions.
const (
	ActionDeny Action = iota + 1
	ActionMonitor
	ActionPass
)

// API is one description with its mounts.
type API struct {
	Name       string // from the policy, or the file's base name
	Title      string // info.title
	Version    string // info.version
	Mode       Mode
	Mounts     []Mount
	Operations []*Operation
	File       string
}

// Mount is a place where an API answers. Host "" is any host; a Host that
// starts with "*." matches one or more leading labels. Port 0 is any port.
type Mount struct {
	Host     string // lower case, without port
	Port     uint16
	BasePath string // "" or "/v1": no trailing slash; percent-decoded like Path
}

// Operation is one method on one path template.
type Operation struct {
	API      *API
	ID       string // operationId, or ""
	Method   string // upper case
	Path     string // template as written, "/users/{id}"
	Segments []Segment
	Mounts   []Mount // where the operation answers, when not at its API's Mounts
	Mode     Mode
	Inspect  Inspect
	// Inspection is what makes requests be looked at deeper than Inspect.
	Inspection Inspection
	Deprecated bool
	// Deny is set when something of the operation can't be enforced and is not
	// waived: every request to it is refused with operation_unenforceable.
	Deny    bool
	Waivers []string // diagnostic codes waived with pass
	// Unenforceable lists the codes of unwaived findings about the operation
	// itself; those about its schemas are in ir.Schema.
	Unenforceable []string
	Params        []*Param
	Body          *Body         // nil: the description declares no request body
	Security      []Requirement // alternatives; empty: public
	Limits        []*Limit
	// Allow has to hold for a request to pass; nil: nothing has to.
	Allow *Allow
	// Responses is how responses are judged; nil: they are not.
	Responses *Responses
	// BodyRules is how much stricter than the description bodies are judged.
	BodyRules BodyRules
	// Forward is what the upstream is told of who calls; nil: nothing.
	Forward *Forward
	// UnknownQuery says what happens to an undeclared query parameter.
	UnknownQuery Action
	// AllowDuplicateNames lets duplicate member names through (policy).
	AllowDuplicateNames bool
	// Path is what a request's path may hold although it is not canonical.
	PathRules PathRules
	// Ambiguous is what passes although two readers may take it in two ways.
	Ambiguous Ambiguous
	// AnyBody lets a body pass where the description declares none.
	AnyBody bool
	// HeadAsGet lets HEAD requests be judged by this operation, a GET.
	HeadAsGet bool
	// Preflight lets CORS preflight requests for this operation pass.
	Preflight bool
	// CORS answers preflight requests for this operation; nil: it does not.
	CORS *CORS
	// ContentEncodings is the codings that bodies may have, lower case: such a body
	// passes unread.
	ContentEncodings []string
	// Upgrades is the protocols that connections may change to, lower case.
	Upgrades     []string
	MaxBodyBytes uint32 // 0: the plugin's limit
	MaxDepth     uint16 // 0: the plugin's limit
	// Bounds of JSON bodies, 0: none. MaxString and MaxName are bytes as written,
	// MaxItems the children of one array or object.
	MaxString, MaxItems, MaxName uint32
	Node                         *source.Node
}

// PathRules is what a policy allows in paths by name.
type PathRules struct {
	EncodedSlash  bool // %2F, as a part of its segment
	Semicolon     bool // ';' in a segment
	EmptySegment  bool // "//", read as one slash
	Backslash     bool // '\\' or %5C, as a part of its segment
	TrailingSlash bool // a slash at the end makes no difference
}

// Ambiguous is what a policy lets pass by name although frameworks read it
// differently.
type Ambiguous struct {
	MethodOverride bool // X-HTTP-Method-Override, X-Original-URL, _method and the like
	RawSemicolon   bool // ';' between or inside the pairs of queries and forms
	BracketNames   bool // "a[]" beside a declared "a", and the reverse
}

// Inspect is how deep a request is looked at.
type Inspect uint8

// Inspection levels, shallow to deep.
const (
	InspectHeaders Inspect = iota + 1
	InspectParameters
	InspectBody
	InspectDeep
)

// Inspection is what an operation says of risk. The zero value says nothing.
type Inspection struct {
	Sensitive bool
	Raise     []Raise
}

// Raise is a rule by which requests are looked at deeper.
type Raise struct {
	When        RaiseWhen
	To          Inspect
	Sample      uint32 // RaiseSample: of 2^32 requests, > 0
	Refusals    uint32 // RaiseRefusals: > 0
	WindowNanos uint64 // the same
	Loc         Loc
}

// RaiseWhen is what a rule asks. Numbers are the table's kinds of inspection record.
type RaiseWhen uint8

// What rules ask.
const (
	RaiseAnonymous RaiseWhen = iota + 2
	RaiseRefusals
	RaiseSample
	RaiseSensitive
)

// Segment is one path segment of a template: literals and expressions in turn.
// A plain literal has one part with no Param; "{id}" one part with Param set.
// An empty last segment is a trailing slash.
type Segment struct {
	Parts []Part
}

// Part is a literal run (decoded) or an expression.
type Part struct {
	Literal string
	Param   string // name of a path parameter, "" for a literal
}

// In is where a parameter stands.
type In uint8

// Parameter places. Querystring is OpenAPI 3.2's.
const (
	InPath In = iota + 1
	InQuery
	InHeader
	InCookie
	InQuerystring
)

// Style is how a parameter is serialised.
type Style uint8

// Styles. Tsv and Multi come from OpenAPI 2.0's collectionFormat.
const (
	StyleSimple Style = iota + 1
	StyleLabel
	StyleMatrix
	StyleForm
	StyleSpaceDelimited
	StylePipeDelimited
	StyleDeepObject
	StyleTabDelimited
	StyleContentJSON // `content: {application/json: ...}`
	StyleContentText // another media type, judged as a string
	StyleContentForm // `content: {application/x-www-form-urlencoded: ...}`, of a whole query string
	StyleCookie      // OpenAPI 3.2: as form, but cookies are separate and nothing is percent-encoded
)

// Param is one parameter of an operation.
type Param struct {
	Name            string // header names in lower case
	In              In
	Style           Style
	Explode         bool
	Required        bool
	AllowReserved   bool
	AllowEmptyValue bool
	Deprecated      bool
	Schema          *Schema // nil: anything
	// TypeOnly: Schema asks for a type and for nothing else.
	TypeOnly bool
	// Shape is what the decoder may make of the text; nil: a string.
	Shape *Shape
	Node  *source.Node
	Loc   Loc
}

// Shape is what texts may become, computed from schemas: the decoder of
// parameters and forms has nothing else to go by. Shapes form a graph.
type Shape struct {
	Types      Types    // 0: a string
	Items      *Shape   // elements after Prefix; nil: strings
	Prefix     []*Shape // an array's first elements
	Props      []ShapeProp
	Additional *Shape // members that Props does not name; nil: strings
	Open       bool   // the schema says that members of any name may be there
	Binary     bool   // strings are bytes, and need not be UTF-8
	// Separator divides the elements of an array that is an element itself (the
	// collectionFormat of OpenAPI 2.0's items); 0: it stands there once.
	Separator byte
}

// ShapeProp is a named member of a Shape.
type ShapeProp struct {
	Name  string
	Shape *Shape
}

// Body is the request body of an operation.
type Body struct {
	Required bool
	Media    []*Media
	Loc      Loc
}

// BodyKind says how a body is read.
type BodyKind uint8

// Body kinds. Opaque is presence, size and type only.
const (
	BodyJSON BodyKind = iota + 1
	BodyForm
	BodyMultipart
	BodyText
	BodyBinary
	BodyNDJSON
	BodyOpaque
)

// Media is one media type of a body.
type Media struct {
	Range  string // "application/json", "application/*+json", "*/*"; lower case, without parameters
	Kind   BodyKind
	Schema *Schema // nil: anything
	Shape  *Shape  // forms, multipart and text: what texts may become; nil: strings
	Fields []*Field
	// Sequence: the items of a BodyNDJSON are judged as one array, not each by
	// itself.
	Sequence bool
	Action   Action // for BodyOpaque: deny or pass
	// Unenforceable lists the codes of unwaived findings about this media type.
	// When others of the body are sound, it alone is refused.
	Unenforceable []string
	Loc           Loc
}

// Field is what an Encoding Object says of one field of a form.
type Field struct {
	Name         string
	Style        Style // 0: serialised by its content type
	Explode      bool
	ContentTypes []string // media ranges, lower case; empty: any
	Headers      []*Param // of the field's part of a multipart body
}

// Requirement is one alternative of `security`: all uses must hold. Empty is
// anonymous.
type Requirement struct {
	Uses []SchemeUse
}

// SchemeUse is one scheme of a requirement with the scopes it asks for.
type SchemeUse struct {
	Scheme *Scheme
	Scopes []string
}

// SchemeKind is the kind of a security scheme.
type SchemeKind uint8

// Scheme kinds.
const (
	SchemeBearer SchemeKind = iota + 1 // http bearer, oauth2, openIdConnect: a JWT from Providers
	SchemeBasic
	SchemeAPIKey
	SchemeMutualTLS
)

// Scheme is one security scheme, bound to providers by the policy.
type Scheme struct {
	API       *API
	Name      string
	Kind      SchemeKind
	In        In          // SchemeAPIKey: header, query or cookie
	ParamName string      // SchemeAPIKey: name of the header (lower case), query parameter or cookie
	Providers []*Provider // SchemeBearer: any of them may have issued the token
	// What follows is of the other kinds. Bound: the policy says who is accepted.
	Bound          bool
	AllConsumers   bool        // every consumer with a name
	Consumers      []*Consumer // these, besides
	AnyCertificate bool        // SchemeMutualTLS: every certificate that the proxy takes
	// InBearer: SchemeAPIKey: the key stands in Authorization as a bearer token does.
	InBearer bool
	Node     *source.Node
}

// NamesConsumers reports a scheme by which consumers with a name are known.
func (s *Scheme) NamesConsumers() bool {
	for _, c := range s.Consumers {
		if c.Name != "" {
			return true
		}
	}
	return s.AllConsumers
}

// Provider is an identity provider.
type Provider struct {
	Name           string
	Issuer         string
	Audiences      []string // any of them; empty: not checked (policy must say so)
	Keys           []*Key
	Remote         *RemoteKeys // in place of Keys
	Introspection  *Introspection
	Denied         [][32]byte // digests of tokens that count no more, by themselves or by their jti
	Bound          Bound      // what tokens must be bound to
	Proofs         *Proofs    // nil: DPoP proofs are not accepted
	SkewSeconds    uint32     // default 60
	MaxAgeSeconds  uint32     // 0: no maximum; counted from iat
	RequiredClaims []string
	TokenTypes     []string // accepted `typ`, lower case, without "application/"; empty: "jwt", "at+jwt" or absent
	ScopeClaim     string   // "scope" (space separated string) or "scp" (array); "" = both
	Loc            Loc
}

// RemoteKeys is how a provider's keys are fetched at run time.
type RemoteKeys struct {
	URI, Cluster    string
	RefreshSeconds  uint32
	MaxStaleSeconds uint32
	TimeoutMs       uint16
	CooldownSeconds uint16
	Algorithms      []Alg
	// KeysOrigin is set where URI is that of metadata which tells where the keys are:
	// what their URI must begin with, and KeysCluster what they are fetched by.
	KeysOrigin, KeysCluster string
}

// Alg is a JWS algorithm (RFC 7518 section 3.1, RFC 8037).
type Alg uint8

// Algorithms. Numbers are part of the table format: append only.
const (
	AlgHS256 Alg = iota + 1
	AlgHS384
	AlgHS512
	AlgRS256
	AlgRS384
	AlgRS512
	AlgPS256
	AlgPS384
	AlgPS512
	AlgES256
	AlgES384
	AlgES512
	AlgEdDSA
)

// Key is one verification key. It pins the algorithm.
type Key struct {
	ID     string // kid; "" matches tokens without kid only
	Alg    Alg
	SPKI   []byte // DER SubjectPublicKeyInfo for RS, PS, ES, EdDSA
	Secret string // for HS: the name of a secret in the plugin configuration
	Loc    Loc
}

// LimitKey is what a limit counts by.
type LimitKey uint8

// Limit keys. The zero value is invalid.
const (
	LimitByOperation LimitKey = iota + 1 // one bucket per operation that carries it
	LimitByGroup                         // one bucket for the limit
	LimitBySubject
	LimitByConsumer
	LimitByClaim
	LimitByHeader
	LimitByPathParam
	LimitByQueryParam
	LimitByAddress
	LimitByCertificate
)

// Scope is where the buckets of a limit live.
type Scope uint8

// Scopes.
const (
	ScopeProxy Scope = iota + 1
	ScopeWorker
	ScopeFleet
)
