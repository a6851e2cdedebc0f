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
	"body-positional": {"found encodings of parts by their place, which this version does not read", bodyHint},
	"body-sequential": {"found a sequence of items that are not JSON", bodyHint},
	"body-opaque":     {"found a body that is neither JSON nor text, with a schema", bodyHint},
	"body-any-type":   {"found a media type range with a schema, of which JSON alone can be judged", bodyHint},
}

const (
	bodyHint     = "say in the policy's mediaTypes whether it is denied or passes unjudged"
	securityHint = "replace the operation's security in the policy, or waive it by name to let requests pass without it"
)
