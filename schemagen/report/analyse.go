// Package report makes a posture report of a build: what protects each
// operation and what does not, grouped by the OWASP API Security Top 10
// (2023), as one HTML file that needs nothing else.
//
// It says what can be seen in descriptions and policies. What the code behind
// them does it can't know, and says so.
package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"portcullis/schemagen/compile"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// Level is how much a gap matters.
type Level string

// Levels.
const (
	High   Level = "high"
	Medium Level = "medium"
	Low    Level = "low"
)

// Report is everything that is shown.
type Report struct {
	Title      string
	Date       string
	Digest     string // of the inputs, short
	APIs       []API
	Operations []*Operation
	Tiles      []Tile
	Categories []*Category
	First      []*Check // what to look at first
}

// API is one description.
type API struct{ Title, Version, File string }

// Tile is a number that matters, as a part of a whole.
type Tile struct {
	Label string
	Value string
	Small string // below the value
	Note  string
	Part  int // per cent, for the bar
	Good  bool
	Bar   bool
}

// Operation is one row of the table.
type Operation struct {
	Method, Path, ID string
	Auth, Limit      Cell
	Body, Input      Cell
	State, Responses Cell
	Gaps             int
	op               *ir.Operation
	openObjects      bool
	unbounded        bool
}

// Cell is a word with a mood: "good", "bad", "warn" or "none".
type Cell struct{ Text, Mood, Detail string }

// Category is one entry of the Top 10.
type Category struct {
	ID, Name string
	About    string // what it is about
	Blind    string // what can't be seen from here
	Checks   []*Check
}

// Gaps is how many places its checks found.
func (c *Category) Gaps() (n int) {
	for _, k := range c.Checks {
		n += len(k.Items)
	}
	return n
}

// Worst is the level of its worst check that found something, "" for none.
func (c *Category) Worst() (l Level) {
	for _, k := range c.Checks {
		if len(k.Items) > 0 && (l == "" || rank(k.Level) < rank(l)) {
			l = k.Level
		}
	}
	return l
}

func rank(l Level) int { return slices.Index([]Level{High, Medium, Low}, l) }

// Check is one kind of gap with where it was found.
type Check struct {
	ID       string
	Category string
	Title    string
	Level    Level
	Why, Fix string
	Of       string // what Items are: "operations", "values"
	Items    []Item
}

// Item is one place.
type Item struct {
	What  string // "POST /orders", or a value
	Place string // file:line
	Count int    // operations that share it
}

// maxShown is how many items of a check are shown.
const maxShown = 40

// Count is the number of items with what they are.
func (c *Check) Count() string {
	if len(c.Items) == 1 {
		return "1 " + strings.TrimSuffix(c.Of, "s")
	}
	return fmt.Sprintf("%d %s", len(c.Items), c.Of)
}

// Shown is the first items.
func (c *Check) Shown() []Item { return c.Items[:min(len(c.Items), maxShown)] }

// More is how many are not shown.
func (c *Check) More() int { return len(c.Items) - len(c.Shown()) }

// analysis is a report on its way.
type analysis struct {
	*Report
	build  *ir.Build
	checks map[string]*Check
	seen   map[string]int // check and place to the index of its item
}

// Analyse makes the report of a build.
func Analyse(r *compile.Result, title, date string) *Report {
	a := &analysis{
		Report: &Report{Title: title, Date: date, Digest: fmt.Sprintf("%x", r.Build.InputsDigest[:6])},
		build:  r.Build, checks: map[string]*Check{}, seen: map[string]int{},
	}
	a.Categories = categories()
	for _, c := range allChecks() {
		c := c
		a.checks[c.ID] = &c
		for _, cat := range a.Categories {
			if cat.ID == c.Category {
				cat.Checks = append(cat.Checks, &c)
			}
		}
	}
	for _, api := range r.Build.APIs {
		a.APIs = append(a.APIs, API{cmp.Or(api.Title, api.Name), api.Version, api.File})
		for _, op := range api.Operations {
			a.operation(api, op)
		}
	}
	if a.build.Unknown != ir.ActionDeny {
		a.item("unknown-pass", "requests that no operation matches", "policy")
	}
	if title == "" && len(a.APIs) > 0 {
		var names []string
		for _, api := range a.APIs {
			names = append(names, api.Title)
		}
		a.Report.Title = strings.Join(names[:min(3, len(names))], ", ")
	}
	a.tiles()
	for _, cat := range a.Categories {
		a.First = append(a.First, cat.Checks...)
	}
	a.First = slices.DeleteFunc(a.First, func(c *Check) bool { return len(c.Items) == 0 || c.Level == Low })
	slices.SortStableFunc(a.First, func(x, y *Check) int {
		return cmp.Or(rank(x.Level)-rank(y.Level), len(y.Items)-len(x.Items))
	})
	a.First = a.First[:min(len(a.First), 5)]
	return a.Report
}

// item adds a place to a check; one that is there already counts again.
func (a *analysis) item(check, what, place string) {
	c := a.checks[check]
	key := check + "\x00" + what + "\x00" + place
	if i, ok := a.seen[key]; ok {
		c.Items[i].Count++
		return
	}
	a.seen[key] = len(c.Items)
	c.Items = append(c.Items, Item{what, place, 1})
}

// at is where a node stands, for people: with one description its line will do.
func (a *analysis) at(n *source.Node) string {
	path, _ := source.Place(n)
	if len(a.build.APIs) == 1 && path == a.build.APIs[0].File {
		return fmt.Sprintf("line %d", n.KeyPos().Line)
	}
	return fmt.Sprintf("%s:%d", path, n.KeyPos().Line)
}

func (a *analysis) operation(api *ir.API, op *ir.Operation) {
	o := &Operation{Method: op.Method, Path: op.Path, ID: op.ID, op: op}
	a.Operations = append(a.Operations, o)
	name := op.Method + " " + op.Path
	at := ""
	if n := op.Node; n != nil && n.Doc != nil {
		at = a.at(n)
	}
	gap := func(check string) {
		o.Gaps++
		a.item(check, name, at)
	}
	a.state(o, api, op, gap)
	public := a.auth(o, op, gap)
	a.limit(o, op, public, gap)
	a.body(o, op, gap)
	a.differences(o, op, gap)
	a.params(op, name, at)
	v := &values{a: a, o: o, op: name, file: at}
	v.operation(op)
	switch {
	case o.unbounded:
		o.Input = Cell{"Unbounded", "warn", "strings or arrays of any length"}
	case len(op.Params) == 0 && op.Body == nil:
		o.Input = Cell{"None", "none", ""}
	default:
		o.Input = Cell{"Bounded", "good", ""}
	}
	if o.openObjects {
		o.Gaps++
	}
	if o.unbounded {
		o.Gaps++
	}
}

func (a *analysis) state(o *Operation, api *ir.API, op *ir.Operation, gap func(string)) {
	switch mode := max(op.Mode, api.Mode); {
	case op.Deny:
		o.State = Cell{"Denied", "warn", strings.Join(op.Unenforceable, ", ")}
		gap("denied")
	case mode == ir.ModeOff:
		o.State = Cell{"Off", "bad", "nothing is judged"}
		gap("not-enforced")
	case mode == ir.ModeMonitor:
		o.State = Cell{"Monitor", "warn", "refusals are only counted"}
		gap("not-enforced")
	case op.Inspect < ir.InspectBody && (op.Body != nil || op.Inspect < ir.InspectParameters):
		why := "bodies or parameters are not looked at"
		if len(op.Inspection.Raise) > 0 {
			why += " unless a rule raises that"
		}
		o.State = Cell{"Partly", "warn", why}
		gap("not-inspected")
	default:
		o.State = Cell{"Enforced", "good", ""}
	}
	if op.Deprecated {
		gap("deprecated")
	}
	if op.UnknownQuery != ir.ActionDeny {
		gap("unknown-query")
	}
}

// differences fills in how responses are judged, and finds what passes although
// frameworks read it differently, or unread.
func (a *analysis) differences(o *Operation, op *ir.Operation, gap func(string)) {
	switch {
	case op.Responses == nil:
		o.Responses = Cell{"Unread", "none", "whatever the service answers leaves"}
		gap("responses")
	case op.Responses.Mode == ir.ModeMonitor:
		o.Responses = Cell{"Monitor", "warn", "undeclared answers are counted, and leave"}
	default:
		o.Responses = Cell{"Judged", "good", ""}
	}
	if op.Ambiguous != (ir.Ambiguous{}) {
		gap("ambiguous")
	}
	if len(op.ContentEncodings)+len(op.Upgrades) > 0 {
		gap("coded")
	}
	if op.CORS != nil && slices.Contains(op.CORS.Origins, "*") && len(op.Security) > 0 {
		gap("any-origin")
	}
}

var writes = []string{"POST", "PUT", "PATCH", "DELETE"}

// auth fills in who may call. It reports whether anybody may.
func (a *analysis) auth(o *Operation, op *ir.Operation, gap func(string)) (public bool) {
	public = len(op.Security) == 0
	scoped := true
	kinds := []string{}
	for _, r := range op.Security {
		if len(r.Uses) == 0 {
			public = true
		}
		some := false
		for _, u := range r.Uses {
			some = some || len(u.Scopes) > 0
			k := map[ir.SchemeKind]string{ir.SchemeBearer: "Token", ir.SchemeBasic: "Password", ir.SchemeAPIKey: "API key", ir.SchemeMutualTLS: "Certificate"}[u.Scheme.Kind]
			if !slices.Contains(kinds, k) {
				kinds = append(kinds, k)
			}
			switch {
			case u.Scheme.Kind == ir.SchemeBasic:
				gap("basic")
			case u.Scheme.Kind == ir.SchemeAPIKey && u.Scheme.In == ir.InQuery:
				gap("key-in-query")
			}
		}
		scoped = scoped && some
	}
	write := slices.Contains(writes, op.Method)
	switch {
	case public && write:
		o.Auth = Cell{"Public", "bad", "anybody may write"}
		gap("public-write")
	case public:
		o.Auth = Cell{"Public", "warn", "anybody may read"}
		gap("public-read")
	case scoped:
		o.Auth = Cell{strings.Join(kinds, ", ") + " + scopes", "good", ""}
	default:
		o.Auth = Cell{strings.Join(kinds, ", "), "good", "no scopes"}
		if write {
			gap("no-scopes")
		}
	}
	if op.Allow != nil {
		o.Auth.Text += " + expression"
		o.Auth.Detail = strings.Join(strings.Fields(op.Allow.Text), " ")
	} else if strings.Contains(op.Path, "{") {
		gap("object-owner")
	}
	return public
}

// flows are words in paths and ids of what bots and fraud come for.
var flows = []string{"login", "signin", "sign-in", "signup", "sign-up", "register", "password", "reset", "otp", "verify", "token", "checkout", "payment", "pay", "order", "refund", "coupon", "invite", "transfer", "vote", "purchase", "booking", "reservation"}

func (a *analysis) limit(o *Operation, op *ir.Operation, public bool, gap func(string)) {
	enforced := slices.ContainsFunc(op.Limits, func(l *ir.Limit) bool { return l.Mode == ir.ModeEnforce })
	if enforced {
		var names []string
		for _, l := range op.Limits {
			if l.Concurrent != 0 {
				names = append(names, fmt.Sprintf("%s: %d in flight", l.Name, l.Concurrent))
				continue
			}
			text := fmt.Sprintf("%s: %d in %s", l.Name, l.Requests, seconds(l.WindowNanos))
			if l.Service != nil {
				text += ", of the fleet"
			}
			names = append(names, text)
		}
		o.Limit = Cell{"Limited", "good", strings.Join(names, "; ")}
		return
	}
	o.Limit = Cell{"None", "warn", ""}
	gap("no-limit")
	text := strings.ToLower(op.Path + " " + op.ID)
	if slices.Contains(writes, op.Method) && slices.ContainsFunc(flows, func(w string) bool { return strings.Contains(text, w) }) {
		if public {
			o.Limit.Mood = "bad"
			gap("public-flow")
		} else {
			gap("flow")
		}
	}
}

func seconds(nanos uint64) string {
	s := nanos / 1e9
	switch {
	case nanos%1e9 != 0:
		return fmt.Sprintf("%d ms", nanos/1e6)
	case s%86400 == 0:
		return fmt.Sprintf("%d d", s/86400)
	case s%3600 == 0:
		return fmt.Sprintf("%d h", s/3600)
	case s%60 == 0:
		return fmt.Sprintf("%d min", s/60)
	}
	return fmt.Sprintf("%d s", s)
}

func (a *analysis) body(o *Operation, op *ir.Operation, gap func(string)) {
	if op.Body == nil {
		o.Body = Cell{"None", "none", ""}
		return
	}
	o.Body = Cell{"Closed", "good", "members that are not described are refused"}
	for _, m := range op.Body.Media {
		switch {
		case m.Kind == ir.BodyOpaque && m.Action == ir.ActionPass:
			o.Body = Cell{"Unread", "bad", m.Range + " passes unread"}
			gap("unread")
			return
		case m.Schema == nil && m.Kind != ir.BodyBinary && m.Kind != ir.BodyOpaque:
			o.Body = Cell{"Anything", "bad", m.Range + " has no schema"}
			gap("no-schema")
			return
		case strings.HasPrefix(m.Range, "*"):
			gap("any-media")
		}
	}
}

// params finds parameters that make the upstream fetch something.
func (a *analysis) params(op *ir.Operation, name, at string) {
	for _, p := range op.Params {
		if isURL(p.Name, p.Schema) {
			a.item("url", name+", "+p.Name, at)
		}
	}
}

func (a *analysis) tiles() {
	n := len(a.Operations)
	count := func(f func(*Operation) bool) (c int) {
		for _, o := range a.Operations {
			if f(o) {
				c++
			}
		}
		return c
	}
	tile := func(label, note string, part, whole int) {
		t := Tile{Label: label, Value: fmt.Sprintf("%d of %d", part, whole), Note: note, Bar: true, Good: part == whole}
		if whole > 0 {
			t.Part = part * 100 / whole
		}
		a.Tiles = append(a.Tiles, t)
	}
	files := "1 description"
	if len(a.APIs) != 1 {
		files = fmt.Sprintf("%d descriptions", len(a.APIs))
	}
	reads := count(func(o *Operation) bool { return !slices.Contains(writes, o.Method) })
	a.Tiles = append(a.Tiles, Tile{Label: "Operations", Value: fmt.Sprint(n), Small: fmt.Sprintf("%d read, %d write", reads, n-reads), Note: files})
	tile("Enforced", "every request is judged and refused when it does not fit", count(func(o *Operation) bool { return o.State.Text == "Enforced" }), n)
	tile("Authenticated", "only callers who show who they are", count(func(o *Operation) bool { return o.Auth.Text != "Public" }), n)
	tile("Rate limited", "callers have a budget", count(func(o *Operation) bool { return o.Limit.Text == "Limited" }), n)
	bodies := count(func(o *Operation) bool { return o.Body.Text != "None" })
	tile("Closed bodies", "nothing undescribed gets in", count(func(o *Operation) bool { return o.Body.Mood == "good" && !o.openObjects && o.Body.Text != "None" }), bodies)
	inputs := count(func(o *Operation) bool { return o.Input.Text != "None" })
	tile("Bounded input", "no string or array of any length", count(func(o *Operation) bool { return o.Input.Text == "Bounded" }), inputs)
}
