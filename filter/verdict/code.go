// Package verdict holds every outcome a request can have: stable reason codes,
// the HTTP status and the title each is answered with, and the problem document
// (RFC 9457) that carries them.
//
// Codes are named stage_reason. Names and numbers are append-only: users
// match on them in logs, metrics and tests.
package verdict

// Code is the reason of an outcome. The zero value is invalid and treated as
// Internal wherever it turns up: unset is never an accept.
type Code uint16

// The reasons, grouped by the stage that decides.
const (
	// Allow lets the request through.
	Allow Code = iota + 1
	// NeedBody asks for the body; it never leaves the plugin.
	NeedBody

	// request: what every request must satisfy before it is looked at.

	RequestMalformed        // pseudo-headers missing or doubled, bytes no HTTP field may hold
	RequestHeadersTooMany   // more header fields than the limit
	RequestHeadersTooLarge  // header block over the limit
	RequestDuplicateHeader  // a header that must be single stands twice
	RequestPathTooLong      // path over the limit
	RequestUpgrade          // an upgrade that the operation does not allow
	RequestTrailerForbidden // a trailer that would be a credential or identity header

	// route

	RoutePathMalformed    // bad percent-encoding, NUL, invalid UTF-8, no leading slash
	RoutePathNotCanonical // dot segments, encoded slashes, backslashes, empty segments, ';'
	RouteHostUnknown      // no API answers on this host
	RouteNotFound         // no path template matches
	RouteMethodNotAllowed // the path is known, the method is not

	// operation

	OperationUnenforceable // compiled as deny: the description can't be enforced exactly

	// limit

	LimitExceeded    // a rate limit refused
	LimitUnavailable // the limiter could not decide (contention, host error): closed
	LimitConcurrency // too many requests in flight

	// token and credentials

	TokenMissing          // the operation asks for a token and none came
	TokenMalformed        // not a compact JWS, bad base64url, bad JSON, doubled claims
	TokenTooLarge         // over the size limit
	TokenAlgorithm        // algorithm not allowed or not the key's
	TokenType             // typ not accepted
	TokenHeader           // crit, embedded keys or other refused header parameters
	TokenKeyUnknown       // no key with that kid for that issuer
	TokenSignature        // signature wrong
	TokenIssuer           // iss missing or not accepted
	TokenAudience         // aud missing or not accepted
	TokenExpired          // exp passed
	TokenNotYetValid      // nbf or iat in the future
	TokenTooOld           // older than the maximum age
	TokenClaimMissing     // a required claim is not there
	TokenClaimType        // a claim has the wrong type
	TokenVerifyBudget     // the worker's budget for signature checks is used up
	TokenKeysUnavailable  // keys could not be had
	CredentialMissing     // API key, basic or certificate missing
	CredentialInvalid     // API key or basic credential wrong
	CredentialAmbiguous   // a credential in two places, or two of one kind
	CredentialUnsupported // the scheme can't be checked by this configuration

	// authorize

	AuthorizeScope // the token lacks a scope
	AuthorizeDeny  // an allow expression said no

	// parameter

	ParamMissing   // required parameter not there
	ParamMalformed // cannot be decoded as its style and type say
	ParamDuplicate // a single-valued parameter stands twice
	ParamUnknown   // undeclared query parameter
	ParamInvalid   // violates its schema

	// body

	BodyMissing       // required body not there
	BodyUnexpected    // a body where the operation declares none
	BodyTooLarge      // over the limit
	BodyTimeout       // did not come in time
	BodyLength        // Content-Length malformed or not what came
	BodyMediaType     // Content-Type missing or not declared
	BodyEncoding      // Content-Encoding other than identity
	BodySyntax        // not well-formed
	BodyUTF8          // not valid UTF-8
	BodyDuplicateName // an object names a member twice
	BodyDepth         // nested deeper than the limit
	BodyNodes         // more values than the limit
	BodyInvalid       // violates its schema
	BodyBudget        // judging it would take more work than allowed
	BodyUnjudged      // the host never gave a body to this VM: hold setting does not match the proxy's

	// plugin

	PluginBusy    // too many requests held in this worker
	PluginSetup   // the proxy is not set up as the plugin's hold setting says
	PluginNoTable // no usable table
	Internal      // an internal contradiction: closed, and a bug worth a report

	// parameters, again

	ParamTooMany // more values in parameters or a form than the limit

	// response: what the upstream answers must be what the description says

	ResponseStatus    // status not declared
	ResponseMediaType // Content-Type missing or not declared
	ResponseEncoding  // Content-Encoding other than identity: the body can't be judged
	ResponseHeader    // a declared header field missing or violating its schema
	ResponseBody      // a body that is not well-formed, violates its schema, or is not declared
	ResponseTooLarge  // over a limit

	// NeedAnswer asks for an answer from outside, such as a provider's keys; like
	// NeedBody it never leaves the plugin.
	NeedAnswer

	// credentials, again

	CredentialExpired // a good API key whose time is over

	// what two readers may take in two ways

	RequestOverride // a field or parameter that asks frameworks for another method or path
	ParamAmbiguous  // a ';' or a name in the query that frameworks read differently
	BodyAmbiguous   // the same in a form

	// forward: what the upstream is told of who calls

	ForwardValue    // a value that no header field can hold
	ForwardTooLarge // more than a field, or all of them, may hold

	// request, again

	RequestOrigin // a CORS preflight request of an origin that may not ask

	// token, again

	TokenDenied // one of those that the policy says count no more

	// tokens that are bound to a key of their holder

	TokenUnbound     // the token is not bound to what it must be, or came with a proof and is bound to no key
	TokenBinding     // bound to what the request does not show, or to what nobody here knows
	ProofMissing     // no DPoP field
	ProofMalformed   // no DPoP proof: form, typ, claims, or several fields
	ProofAlgorithm   // alg symmetric, none, not accepted or not the key's
	ProofKey         // jwk missing, private, of no use, or not the token's
	ProofTarget      // made for another method or URI
	ProofToken       // made for another token
	ProofTime        // too old or from the future
	ProofSignature   // signature wrong
	ProofReplayed    // used before
	ProofStoreFull   // too many proofs are remembered
	ProofUnavailable // whether it was used before can't be told

	ProofNonce // no nonce of this proxy, or one whose time is over (RFC 9449 section 9)

	// tokens that are asked about (RFC 7662)

	TokenInactive            // the authorization server says that it does not count
	IntrospectionUnavailable // no answer in time, or another status than 200
	IntrospectionAnswer      // an answer that is none, or too large
	IntrospectionClient      // the server does not take this proxy's own credentials
	IntrospectionBusy        // too many calls at a time, or in a second

	NumCodes // number of codes plus one
)

// entry is what a code is answered with.
type entry struct {
	name   string // stage_reason
	status uint16 // HTTP status; 0 where the code is no refusal
	title  string // RFC 9457 section 3.1.3
}

// entries is indexed by Code. A test holds it complete.
var entries = [NumCodes]entry{
	0:                       {"internal_unset", 500, "Internal error"},
	Allow:                   {"allow", 0, "Allowed"},
	NeedBody:                {"need_body", 0, "Body needed"},
	RequestMalformed:        {"request_malformed", 400, "Malformed request"},
	RequestHeadersTooMany:   {"request_headers_too_many", 431, "Too many header fields"},
	RequestHeadersTooLarge:  {"request_headers_too_large", 431, "Header fields too large"},
	RequestDuplicateHeader:  {"request_duplicate_header", 400, "Header field must not be repeated"},
	RequestPathTooLong:      {"request_path_too_long", 414, "Request target too long"},
	RequestUpgrade:          {"request_upgrade", 403, "Upgrade not allowed"},
	RequestTrailerForbidden: {"request_trailer_forbidden", 400, "Trailer field not allowed"},
	RoutePathMalformed:      {"route_path_malformed", 400, "Malformed path"},
	RoutePathNotCanonical:   {"route_path_not_canonical", 400, "Path is not in canonical form"},
	RouteHostUnknown:        {"route_host_unknown", 404, "Unknown host"},
	RouteNotFound:           {"route_not_found", 404, "No such operation"},
	RouteMethodNotAllowed:   {"route_method_not_allowed", 405, "Method not allowed"},
	OperationUnenforceable:  {"operation_unenforceable", 403, "Operation cannot be enforced"},
	LimitExceeded:           {"limit_exceeded", 429, "Too many requests"},
	LimitUnavailable:        {"limit_unavailable", 503, "Rate limit could not be checked"},
	LimitConcurrency:        {"limit_concurrency", 503, "Too many requests in flight"},
	TokenMissing:            {"token_missing", 401, "Authentication required"},
	TokenMalformed:          {"token_malformed", 401, "Token is malformed"},
	TokenTooLarge:           {"token_too_large", 401, "Token is too large"},
	TokenAlgorithm:          {"token_algorithm", 401, "Token not accepted"},
	TokenType:               {"token_type", 401, "Token not accepted"},
	TokenHeader:             {"token_header", 401, "Token not accepted"},
	TokenKeyUnknown:         {"token_key_unknown", 401, "Token not accepted"},
	TokenSignature:          {"token_signature", 401, "Token not accepted"},
	TokenIssuer:             {"token_issuer", 401, "Token not accepted"},
	TokenAudience:           {"token_audience", 401, "Token not accepted"},
	TokenExpired:            {"token_expired", 401, "Token has expired"},
	TokenNotYetValid:        {"token_not_yet_valid", 401, "Token is not valid yet"},
	TokenTooOld:             {"token_too_old", 401, "Token is too old"},
	TokenClaimMissing:       {"token_claim_missing", 401, "Token not accepted"},
	TokenClaimType:          {"token_claim_type", 401, "Token not accepted"},
	TokenVerifyBudget:       {"token_verify_budget", 503, "Token cannot be verified right now"},
	TokenKeysUnavailable:    {"token_keys_unavailable", 503, "Token cannot be verified right now"},
	CredentialMissing:       {"credential_missing", 401, "Authentication required"},
	CredentialInvalid:       {"credential_invalid", 401, "Credential not accepted"},
	CredentialAmbiguous:     {"credential_ambiguous", 400, "Ambiguous credentials"},
	CredentialUnsupported:   {"credential_unsupported", 403, "Credential cannot be checked"},
	AuthorizeScope:          {"authorize_scope", 403, "Insufficient scope"},
	AuthorizeDeny:           {"authorize_deny", 403, "Not allowed"},
	ParamMissing:            {"param_missing", 400, "Required parameter missing"},
	ParamMalformed:          {"param_malformed", 400, "Malformed parameter"},
	ParamDuplicate:          {"param_duplicate", 400, "Parameter must not be repeated"},
	ParamUnknown:            {"param_unknown", 400, "Unknown parameter"},
	ParamInvalid:            {"param_invalid", 400, "Invalid parameter"},
	BodyMissing:             {"body_missing", 400, "Request body required"},
	BodyUnexpected:          {"body_unexpected", 400, "Request body not expected"},
	BodyTooLarge:            {"body_too_large", 413, "Request body too large"},
	BodyTimeout:             {"body_timeout", 408, "Request body did not arrive in time"},
	BodyLength:              {"body_length", 400, "Content-Length is wrong"},
	BodyMediaType:           {"body_media_type", 415, "Unsupported media type"},
	BodyEncoding:            {"body_encoding", 415, "Unsupported content encoding"},
	BodySyntax:              {"body_syntax", 400, "Malformed request body"},
	BodyUTF8:                {"body_utf8", 400, "Request body is not valid UTF-8"},
	BodyDuplicateName:       {"body_duplicate_name", 400, "Duplicate member name in request body"},
	BodyDepth:               {"body_depth", 400, "Request body nested too deeply"},
	BodyNodes:               {"body_nodes", 413, "Request body has too many values"},
	BodyInvalid:             {"body_invalid", 400, "Invalid request body"},
	BodyBudget:              {"body_budget", 400, "Request body takes too much work to check"},
	BodyUnjudged:            {"body_unjudged", 503, "Request body cannot be checked"},
	PluginBusy:              {"plugin_busy", 503, "Too many requests are waiting"},
	PluginNoTable:           {"plugin_no_table", 503, "Gateway has no rules loaded"},
	Internal:                {"internal_error", 500, "Internal error"},
	ParamTooMany:            {"param_too_many", 400, "Too many values in parameters"},
	ResponseStatus:          {"response_status", 502, "Upstream answered with an undeclared status"},
	ResponseMediaType:       {"response_media_type", 502, "Upstream answered with an undeclared media type"},
	ResponseEncoding:        {"response_encoding", 502, "Upstream answered with an encoding that can't be checked"},
	ResponseHeader:          {"response_header", 502, "Upstream answered with invalid header fields"},
	ResponseBody:            {"response_body", 502, "Upstream answered with an invalid body"},
	CredentialExpired:       {"credential_expired", 401, "Credential has expired"},
	ResponseTooLarge:        {"response_too_large", 502, "Upstream answered with too large a response"},
	NeedAnswer:              {"need_answer", 0, "Answer needed"},
	RequestOverride:         {"request_override", 400, "Request asks for another method or path"},
	ParamAmbiguous:          {"param_ambiguous", 400, "Ambiguous parameter"},
	BodyAmbiguous:           {"body_ambiguous", 400, "Ambiguous request body"},
	RequestOrigin:           {"request_origin", 403, "Origin not allowed"},
	ForwardValue:            {"forward_value", 403, "Identity cannot be passed on"},
	ForwardTooLarge:         {"forward_too_large", 403, "Identity is too large to pass on"},
	TokenDenied:             {"token_denied", 401, "Token not accepted"},
	TokenUnbound:            {"token_unbound", 401, "Token not accepted"},
	TokenBinding:            {"token_binding", 401, "Token not accepted"},
	ProofMissing:            {"proof_missing", 401, "DPoP proof required"},
	ProofMalformed:          {"proof_malformed", 401, "DPoP proof is malformed"},
	ProofAlgorithm:          {"proof_algorithm", 401, "DPoP proof not accepted"},
	ProofKey:                {"proof_key", 401, "DPoP proof not accepted"},
	ProofTarget:             {"proof_target", 401, "DPoP proof is for another request"},
	ProofToken:              {"proof_token", 401, "DPoP proof is for another token"},
	ProofTime:               {"proof_time", 401, "DPoP proof is out of its time"},
	ProofSignature:          {"proof_signature", 401, "DPoP proof not accepted"},
	ProofReplayed:           {"proof_replayed", 401, "DPoP proof was used before"},
	ProofStoreFull:          {"proof_store_full", 503, "DPoP proof cannot be checked right now"},
	ProofUnavailable:        {"proof_unavailable", 503, "DPoP proof cannot be checked right now"},
	ProofNonce:              {"proof_nonce", 401, "DPoP proof needs a nonce"},

	TokenInactive:            {"token_inactive", 401, "Token not accepted"},
	IntrospectionUnavailable: {"introspection_unavailable", 503, "Token cannot be checked right now"},
	IntrospectionAnswer:      {"introspection_answer", 503, "Token cannot be checked right now"},
	IntrospectionClient:      {"introspection_client", 503, "Token cannot be checked right now"},
	IntrospectionBusy:        {"introspection_busy", 503, "Token cannot be checked right now"},
}

// Name is the stable name of c, as it stands in answers, metrics and logs.
func (c Code) Name() string {
	if c >= NumCodes {
		c = Internal
	}
	return entries[c].name
}

// Status is the HTTP status of a refusal with c; Allow and NeedBody have none
// and give 500, because answering with them is a contradiction.
func (c Code) Status() uint16 {
	if c >= NumCodes || entries[c].status == 0 {
		return 500
	}
	return entries[c].status
}

// Title is the short text for people.
func (c Code) Title() string {
	if c >= NumCodes {
		c = Internal
	}
	return entries[c].title
}

// OfProof reports a refusal because of a DPoP proof (RFC 9449 section 4.3).
func (c Code) OfProof() bool { return c >= ProofMissing && c <= ProofReplayed || c == ProofNonce }

// OfResponse reports a refusal of what the upstream answered. Its details may hold
// the very data that must not leave: they are for the log alone.
func (c Code) OfResponse() bool { return c >= ResponseStatus && c <= ResponseTooLarge }

// Lookup finds a code by its name; 0 when there is none.
func Lookup(name string) Code {
	for c := Code(1); c < NumCodes; c++ {
		if entries[c].name == name {
			return c
		}
	}
	return 0
}

// Part is the part of the request that a refusal is about.
type Part uint8

// Parts, as they stand in answers and case files.
const (
	PartNone Part = iota
	PartPath
	PartQuery
	PartHeader
	PartCookie
	PartBody
	PartContentType
	PartSecurity
	PartLimit
	numParts
)

var partNames = [numParts]string{"", "path", "query", "header", "cookie", "body", "content-type", "security", "limit"}

// Name is the part's name, "" for PartNone.
func (p Part) Name() string {
	if p >= numParts {
		return ""
	}
	return partNames[p]
}
