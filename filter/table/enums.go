package table

// The enumerations of the format. schemagen/ir has the same numbers; a test in
// schemagen/emit holds the two together. All are append-only, 0 is unset.

// Modes of an API, an operation or a limit.
const (
	ModeEnforce = 1
	ModeMonitor = 2
	ModeOff     = 3
)

// Actions.
const (
	ActionDeny    = 1
	ActionMonitor = 2
	ActionPass    = 3
)

// Inspection levels.
const (
	InspectHeaders    = 1
	InspectParameters = 2
	InspectBody       = 3
	InspectDeep       = 4
)

// Places of a parameter.
const (
	InPath        = 1
	InQuery       = 2
	InHeader      = 3
	InCookie      = 4
	InQuerystring = 5
)

// Styles of a parameter.
const (
	StyleSimple         = 1
	StyleLabel          = 2
	StyleMatrix         = 3
	StyleForm           = 4
	StyleSpaceDelimited = 5
	StylePipeDelimited  = 6
	StyleDeepObject     = 7
	StyleTabDelimited   = 8
	StyleContentJSON    = 9
	StyleContentText    = 10
	StyleContentForm    = 11
	StyleCookie         = 12
)

// Kinds of body.
const (
	BodyJSON      = 1
	BodyForm      = 2
	BodyMultipart = 3
	BodyText      = 4
	BodyBinary    = 5
	BodyNDJSON    = 6
	BodyOpaque    = 7
)

// Kinds of security scheme.
const (
	SchemeBearer    = 1
	SchemeBasic     = 2
	SchemeAPIKey    = 3
	SchemeMutualTLS = 4
)

// JWS algorithms (RFC 7518 section 3.1, RFC 8037 section 3.1).
const (
	AlgHS256 = 1
	AlgHS384 = 2
	AlgHS512 = 3
	AlgRS256 = 4
	AlgRS384 = 5
	AlgRS512 = 6
	AlgPS256 = 7
	AlgPS384 = 8
	AlgPS512 = 9
	AlgES256 = 10
	AlgES384 = 11
	AlgES512 = 12
	AlgEdDSA = 13
)

// What a limit counts by.
const (
	LimitByOperation   = 1
	LimitByGroup       = 2
	LimitBySubject     = 3
	LimitByConsumer    = 4
	LimitByClaim       = 5
	LimitByHeader      = 6
	LimitByPathParam   = 7
	LimitByQueryParam  = 8
	LimitByAddress     = 9
	LimitByCertificate = 10
)

// Scopes of a limit.
const (
	ScopeProxy  = 1
	ScopeWorker = 2
	ScopeFleet  = 3
)
