// Package explain reads tables back: what will be asked of the requests of each
// operation, from the table alone, for people and for comparing tables. It says
// what the filter does, whatever the description meant.
//
// Secrets are not in tables, and so not in explanations.
package explain

import (
	"cmp"
	"slices"
	"strings"

	"portcullis/filter/table"
	"portcullis/schemagen/dump"
)

// Table is everything that a table asks for.
type Table struct {
	Unknown    string // what happens to requests of no operation
	Operations []*Operation
	Callers    []*Caller // consumers, by name
	Issuers    []*Issuer // providers
	Denied     []string  // digests of tokens that count no more
}

// Operation is what one operation asks for.
type Operation struct {
	API, Title   string
	Method, Path string
	ID           string
	Mounts       []string // hosts and base paths where it answers: "*/v1"
	Mode         string   // of the operation, or weaker: of its API
	Inspect      string
	Raise        []string // what makes requests be looked at deeper
	Sensitive    bool     // the policy calls it so
	AtDeep       bool     // responses are judged to requests looked at deep alone
	UnknownQuery string
	Denied       bool // every request is refused: something can't be enforced
	Deprecated   bool
	Duplicates   bool       // duplicate member names pass
	Responses    *Responses // nil: they are not judged
	Extras
	Ambiguous []string // what passes although frameworks read it differently
	MaxBody   uint32   // bytes, 0: the plugin's
	MaxDepth  uint32   // 0: the plugin's
	Params    []Param
	Body      *Body // nil: none may come
	Security  []Requirement
	Allow     *Allow // nil: nothing is asked beyond credentials and scopes
	Limits    []Limit
	Forward   []string `json:",omitempty"` // what the upstream is told of who calls
}

// Name is the method and path.
func (o *Operation) Name() string { return o.Method + " " + o.Path }

// Param is one parameter.
type Param struct {
	Name, In, Style string
	Required        bool
	Explode         bool
	AllowEmpty      bool
	Deprecated      bool
	Schema          *Schema // nil: any text
}

// Body is the request body.
type Body struct {
	Required bool
	Media    []Media
}

// Media is one media type of a body.
type Media struct {
	Range  string
	Kind   string // how it is read
	Action string // of kind opaque: deny or pass
	Schema *Schema
}

// Requirement is one alternative of who may call; all uses must hold. None:
// anybody.
type Requirement struct{ Uses []Use }

// Use is one scheme of a requirement.
type Use struct {
	Scheme, Kind, Where string
	Providers, Scopes   []string
	KeysFrom            []string // by provider: the URI that its keys are fetched from, or "ORIGIN as URI says"; "" where they are built in
	// Asked is which tokens a server is asked about, and where, by provider.
	Asked []string
	// Bound is what tokens must be bound to, and that proofs are accepted, by provider.
	Bound []string
	// Consumers is who is accepted by a key or certificate, by name, or the rule of
	// certificates of nobody in particular.
	Consumers []string
	Nobody    bool // the policy says nothing of the scheme: nobody is accepted
	All       bool // every consumer with a name
	AnyCert   bool // every certificate that the proxy takes
}

// The names of enumerations; index 0 is unset.
var (
	modes     = []string{"", "enforce", "monitor", "off"}
	actions   = []string{"", "deny", "monitor", "pass"}
	inspects  = []string{"", "headers", "parameters", "body", "deep"}
	places    = []string{"", "path", "query", "header", "cookie", "querystring"}
	styles    = []string{"", "simple", "label", "matrix", "form", "spaceDelimited", "pipeDelimited", "deepObject", "tabDelimited", "json", "text", "query-form", "cookie"}
	kinds     = []string{"", "json", "form", "multipart", "text", "binary", "sequence", "opaque"}
	schemes   = []string{"", "bearer token", "basic", "API key", "client certificate"}
	limitKeys = []string{"", "operation", "group", "subject", "consumer", "claim", "header", "path", "query", "address", "certificate"}
	scopes    = []string{"", "proxy", "worker", "fleet"}
)

func name(names []string, v uint8) string {
	if int(v) < len(names) && v != 0 {
		return names[v]
	}
	return "unknown"
}

// Read reads all of t.
func Read(t *table.Table) *Table {
	r := newReader(t)
	out := &Table{Unknown: name(actions, t.Unknown()), Callers: r.callers(), Issuers: r.issuers(), Denied: r.denied()}
	mounts := r.mounts()
	for i := range t.NumAPIs() {
		a := t.API(i)
		for j := a.Ops().Start; j < a.Ops().End(); j++ {
			op := r.operation(t.Op(j), a)
			op.Mounts, op.Extras = mounts[j], r.extras(j)
			out.Operations = append(out.Operations, op)
		}
	}
	return out
}

// Find returns the operations whose "METHOD /path" or id is query.
func (t *Table) Find(query string) (out []*Operation) {
	method, path, _ := strings.Cut(query, " ")
	for _, op := range t.Operations {
		if op.ID == query && query != "" || strings.EqualFold(op.Method, method) && op.Path == strings.TrimSpace(path) {
			out = append(out, op)
		}
	}
	return out
}

func (r *reader) operation(op table.Op, a table.API) *Operation {
	flag := func(bit uint32) bool { return op.Flags()&bit != 0 }
	o := &Operation{
		API: string(a.Name()), Title: string(a.Title()), Method: string(op.Method()), Path: string(op.Path()), ID: string(op.ID()),
		Mode: name(modes, max(op.Mode(), a.Mode())), Inspect: name(inspects, op.Inspect()), UnknownQuery: name(actions, op.UnknownQuery()),
		Denied: flag(table.OpFlagDeny), Deprecated: flag(table.OpFlagDeprecated), Duplicates: flag(table.OpFlagAllowDuplicates),
		MaxBody: op.MaxBody(), MaxDepth: op.MaxDepth(),
	}
	o.Ambiguous, o.Responses = ambiguous(op), r.responses(op)
	o.Sensitive, o.AtDeep, o.Raise = raises(r.t, op)
	for p := op.Params().Start; p < op.Params().End(); p++ {
		o.Params = append(o.Params, r.param(r.t.Param(p)))
	}
	slices.SortStableFunc(o.Params, func(a, b Param) int {
		return cmp.Or(slices.Index(places, a.In)-slices.Index(places, b.In), strings.Compare(a.Name, b.Name))
	})
	if flag(table.OpFlagHasBody) {
		o.Body = &Body{Required: flag(table.OpFlagBodyRequired)}
		for m := op.Media().Start; m < op.Media().End(); m++ {
			o.Body.Media = append(o.Body.Media, r.media(r.t.Media(m)))
		}
	}
	for q := op.Requirements().Start; q < op.Requirements().End(); q++ {
		o.Security = append(o.Security, r.requirement(r.t.Requirement(q)))
	}
	o.Forward = forward(r.t, op.Forward())
	o.Allow = allow(r.t, op)
	for l := range op.NumLimits() {
		o.Limits = append(o.Limits, limit(r.t, r.t.Limit(op.LimitAt(l))))
	}
	return o
}

// ambiguous says what of the request passes although frameworks read it in
// different ways.
func ambiguous(op table.Op) (out []string) {
	for _, f := range []struct {
		bit  uint32
		text string
	}{
		{table.OpFlagMethodOverride, "requests for another method or path (X-HTTP-Method-Override, X-Original-URL, _method) pass: the upstream must not follow them"},
		{table.OpFlagRawSemicolon, "a raw ';' passes in queries and forms: the upstream must not divide pairs there"},
		{table.OpFlagBracketNames, "names with brackets pass beside described ones: the upstream must not take one for the other"},
	} {
		if op.Flags()&f.bit != 0 {
			out = append(out, f.text)
		}
	}
	return out
}

func (r *reader) param(p table.Param) Param {
	flag := func(bit uint32) bool { return p.Flags()&bit != 0 }
	return Param{
		Name: string(p.Name()), In: name(places, p.In()), Style: name(styles, p.Style()), Required: flag(table.ParamFlagRequired),
		Explode: flag(table.ParamFlagExplode), AllowEmpty: flag(table.ParamFlagAllowEmpty), Deprecated: flag(table.ParamFlagDeprecated),
		Schema: r.entry(p.Entry()),
	}
}

func (r *reader) media(m table.Media) Media {
	text := string(m.Type())
	switch uint32(m.Match()) {
	case table.MatchAny:
		text = "*/*"
	case table.MatchMainType:
		text += "*"
	case table.MatchSuffix:
		text += "*" + string(m.Suffix())
	}
	out := Media{Range: text, Kind: name(kinds, m.Kind()), Schema: r.entry(m.Entry())}
	if m.Kind() == table.BodyOpaque {
		out.Action = name(actions, m.Action())
	}
	return out
}

func (r *reader) requirement(uses table.Range) (out Requirement) {
	for u := uses.Start; u < uses.End(); u++ {
		i, sc := r.t.Use(u)
		s := r.t.Scheme(i)
		use := Use{Scheme: string(s.Name()), Kind: name(schemes, s.Kind())}
		if len(s.ParamName()) > 0 {
			use.Where = name(places, s.In()) + " " + string(s.ParamName())
		}
		for p := range s.NumProviders() {
			use.Providers = append(use.Providers, string(r.t.Provider(s.ProviderAt(p)).Name))
			remote, _ := r.t.Remote(s.ProviderAt(p))
			use.KeysFrom = append(use.KeysFrom, from(&remote))
			use.Asked = append(use.Asked, r.asked(s.ProviderAt(p))...)
			use.Bound = append(use.Bound, r.bound(s.ProviderAt(p))...)
		}
		if s.Kind() != table.SchemeBearer {
			r.accepted(&use, s)
		}
		for n := range sc.Len() {
			use.Scopes = append(use.Scopes, string(sc.At(n)))
		}
		out.Uses = append(out.Uses, use)
	}
	return out
}

// mounts is where each operation answers, by its index: the host and what the
// path has before the operation's own.
func (r *reader) mounts() map[uint32][]string {
	out := map[uint32][]string{}
	var walk func(host string, n table.Node, depth []string)
	walk = func(host string, n table.Node, at []string) {
		for i := n.Methods().Start; i < n.Methods().End(); i++ {
			_, op := r.t.Method(i)
			own := strings.Count(string(r.t.Op(op).Path()), "/")
			base := host
			if len(at) > own {
				base += "/" + strings.Join(at[:len(at)-own], "/")
			}
			if !slices.Contains(out[op], base) {
				out[op] = append(out[op], base)
			}
		}
		for i := n.Literals().Start; i < n.Literals().End(); i++ {
			text, _, child := r.t.Literal(i)
			walk(host, r.t.Node(child), append(at[:len(at):len(at)], string(text)))
		}
		for i := n.Templates().Start; i < n.Templates().End(); i++ {
			_, child := r.t.Template(i)
			walk(host, r.t.Node(child), append(at[:len(at):len(at)], "{}"))
		}
	}
	for i := range r.t.NumHosts() {
		h := r.t.Host(i)
		walk(dump.Host(h), r.t.Node(h.Root()), nil)
	}
	for _, list := range out {
		slices.Sort(list)
	}
	return out
}
