package openapi

// gap is something that a description may say and that the filter does not
// judge yet. Each use of one is an unenforceable finding.
type gap struct {
	message string // what was found; the wanted part is the same for all
	hint    string
}

const waiveHint = "waive it by name in the policy to let it pass unjudged"

// gaps is every gap of the engine, by the code of its finding. A code without
// a row is judged exactly: to close a gap, delete its row.
var gaps = map[string]gap{
	"parameter-array":        {"found a parameter that is an array", waiveHint},
	"parameter-object":       {"found a parameter that is an object", waiveHint},
	"parameter-nested":       {"found a parameter with arrays or objects inside its members", waiveHint},
	"parameter-content":      {"found a parameter with a media type as its content", waiveHint},
	"parameter-cookie":       {"found a cookie parameter", waiveHint},
	"parameter-querystring":  {"found a parameter that is the whole query string", waiveHint},
	"parameter-style-label":  {"found a path parameter of style label", waiveHint},
	"parameter-style-matrix": {"found a path parameter of style matrix", waiveHint},
	"parameter-style-cookie": {"found a parameter of style cookie", waiveHint},
	"body-form":              {"found a form body", bodyHint},
	"body-multipart":         {"found a multipart body", bodyHint},
	"body-text":              {"found a text body with a schema", bodyHint},
	"body-binary":            {"found a binary body with a schema", bodyHint},
	"body-sequential":        {"found a body that is a sequence of JSON values", bodyHint},
	"body-opaque":            {"found a body that is neither JSON nor text, with a schema", bodyHint},
	"body-any-type":          {"found a media type range with a schema, of which JSON alone can be judged", bodyHint},
	"body-encoding":          {"found an encoding that is not the media type's default", bodyHint},
	"security-basic":         {"found the security scheme basic", securityHint},
	"security-api-key":       {"found a security scheme with an API key", securityHint},
	"security-mutual-tls":    {"found the security scheme mutualTLS", securityHint},
}

const (
	bodyHint     = "say in the policy's mediaTypes whether it is denied or passes unjudged"
	securityHint = "replace the operation's security in the policy, or waive it by name to let requests pass without it"
)
