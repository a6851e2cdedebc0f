// Package dump writes tables as text, for people and for goldens. The text is
// not a format: nothing reads it, and it may change.
//
// Secrets are not in tables, and so not in dumps.
package dump

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"portcullis/filter/table"
)

// Options choose what is written.
type Options struct {
	Programs bool   // the instructions of schemas as well
	Match    string // only operations whose "METHOD path" or id holds this text
}

type dumper struct {
	w *bufio.Writer
	t *table.Table
	o Options
}

// Table writes t as text.
func Table(w io.Writer, t *table.Table, o Options) error {
	d := &dumper{bufio.NewWriter(w), t, o}
	d.printf("table version %d, %d bytes, inputs sha256:%s", table.Version, t.Size(), hex.EncodeToString(t.Digest()))
	d.printf("%d apis, %d operations, %d providers, %d limits, %d schema procedures, %d instructions, %d bytes of patterns",
		t.NumAPIs(), t.NumOps(), t.NumProviders(), t.NumLimits(), t.Schema.NumProcs(), len(t.Schema.Program), len(t.Schema.Patterns))
	d.printf("unknown operations: %s", name(actions, t.Unknown()))
	if o.Match == "" {
		d.secrets()
		for i := range t.NumProviders() {
			d.provider(i)
		}
		for i := range t.NumLimits() {
			d.limit(t.Limit(i))
		}
		d.consumers()
		d.routes()
	}
	for i := range t.NumAPIs() {
		d.api(t.API(i))
	}
	if o.Programs {
		d.programs()
	}
	return d.w.Flush()
}

func (d *dumper) printf(format string, args ...any) { fmt.Fprintf(d.w, format+"\n", args...) }

// The names of enumerations; index 0 is unset.
var (
	modes     = []string{"", "enforce", "monitor", "off"}
	actions   = []string{"", "deny", "monitor", "pass"}
	inspects  = []string{"", "headers", "parameters", "body", "deep"}
	places    = []string{"", "path", "query", "header", "cookie", "querystring"}
	styles    = []string{"", "simple", "label", "matrix", "form", "spaceDelimited", "pipeDelimited", "deepObject", "tabDelimited", "json", "text", "query-form", "cookie"}
	kinds     = []string{"", "json", "form", "multipart", "text", "binary", "sequence", "opaque"}
	schemes   = []string{"", "bearer", "basic", "apiKey", "mutualTLS"}
	algs      = []string{"", "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
	limitKeys = []string{"", "operation", "group", "subject", "consumer", "claim", "header", "path", "query", "address", "certificate"}
	scopes    = []string{"", "proxy", "worker", "fleet"}
	types     = []string{"null", "boolean", "object", "array", "number", "string", "integer"}
)

func name(names []string, v uint8) string {
	if int(v) < len(names) && v != 0 {
		return names[v]
	}
	return strconv.Itoa(int(v)) + "?"
}

func typeNames(t uint16) string {
	var out []string
	for i, n := range types {
		if t>>i&1 != 0 {
			out = append(out, n)
		}
	}
	if len(out) == 0 {
		return "string"
	}
	return strings.Join(out, "|")
}

func list(n table.Names) string {
	var out []string
	for i := range n.Len() {
		out = append(out, string(n.At(i)))
	}
	return "[" + strings.Join(out, " ") + "]"
}

func (d *dumper) secrets() {
	if n := d.t.NumDenied(); n > 0 {
		d.printf("%d denied tokens", n)
	}
	for i := range d.t.NumSecrets() {
		d.printf("secret %s", d.t.Secret(i))
	}
}

func (d *dumper) provider(i uint32) {
	p := d.t.Provider(i)
	d.printf("\nprovider %s", p.Name)
	d.printf("  issuer %s", p.Issuer)
	d.printf("  audiences %s claims %s types %s", list(p.Audiences), list(p.Claims), list(p.Types))
	d.printf("  skew %ds max age %ds scope claim %q", p.SkewSeconds, p.MaxAgeSeconds, p.ScopeClaim)
	if r, ok := d.t.Remote(i); ok {
		if len(r.KeysOrigin) == 0 {
			d.printf("  keys from %s by cluster %s, %s", r.URI, r.Cluster, remoteAlgs(r.Algorithms))
		} else {
			d.printf("  metadata from %s by cluster %s", r.URI, r.Cluster)
			d.printf("    keys from %s by cluster %s, %s", r.KeysOrigin, r.KeysCluster, remoteAlgs(r.Algorithms))
		}
		d.printf("    refresh %ds max stale %ds timeout %dms cooldown %ds", r.RefreshSeconds, r.MaxStaleSeconds, r.TimeoutMs, r.CooldownSeconds)
	}
	d.introspection(i)
	d.binding(i)
	for k := p.Keys.Start; k < p.Keys.End(); k++ {
		key := d.t.Key(k)
		what := fmt.Sprintf("public key of %d bytes", len(key.SPKI))
		if key.Secret != table.NoIndex {
			what = "secret " + string(d.t.Secret(key.Secret))
		}
		d.printf("  key %q %s %s", key.ID, name(algs, key.Alg), what)
	}
}

// remoteAlgs names the algorithms of a set of bits.
func remoteAlgs(set uint32) string {
	var out []string
	for a := range len(algs) {
		if set>>a&1 != 0 {
			out = append(out, name(algs, uint8(a)))
		}
	}
	return strings.Join(out, " ")
}

func (d *dumper) limit(l table.Limit) {
	by := name(limitKeys, l.Key)
	if len(l.KeyName) > 0 {
		by += ":" + string(l.KeyName)
	}
	d.printf("\nlimit %s: %d per %v, burst %d, by %s, scope %s, %s", l.Name, l.Requests, time.Duration(l.WindowNanos), l.Burst,
		by, name(scopes, l.Scope), name(modes, l.Mode))
	if l.Service != 0 {
		s := d.t.Service(l.Service - 1)
		callers, onError := "hashed", []string{"", "refuse", "local", "pass"}
		if s.Flags&table.ServiceFlagPlain != 0 {
			callers = "plain"
		}
		d.printf("  service %s: cluster %s, domain %s, deadline %v, on error %s, callers %s", s.Name, s.Cluster, s.Domain,
			time.Duration(s.DeadlineMillis)*time.Millisecond, name(onError, s.OnError), callers)
	}
}

// routes writes each host with its paths.
func (d *dumper) routes() {
	for i := range d.t.NumHosts() {
		h := d.t.Host(i)
		d.printf("\nhost %s", Host(h))
		d.route(d.t.Node(h.Root()), "")
	}
}

// Host writes a host as policies do: * for any, *. before a suffix, the port
// where one is asked for.
func Host(h table.Host) string {
	host := string(h.Name())
	switch h.Kind() {
	case table.HostAny:
		host = "*"
	case table.HostWildcard:
		host = "*" + host
	}
	if h.Port() != 0 {
		host += ":" + strconv.Itoa(int(h.Port()))
	}
	return host
}

func (d *dumper) route(n table.Node, path string) {
	if m := n.Methods(); m.Count > 0 {
		var out []string
		for i := m.Start; i < m.End(); i++ {
			method, op := d.t.Method(i)
			out = append(out, fmt.Sprintf("%s=%d", method, op))
		}
		d.printf("  %s %s", path, strings.Join(out, " "))
	}
	for l, i := n.Literals(), n.Literals().Start; i < l.End(); i++ {
		text, _, child := d.t.Literal(i)
		d.route(d.t.Node(child), path+"/"+string(text))
	}
	for l, i := n.Templates(), n.Templates().Start; i < l.End(); i++ {
		parts, child := d.t.Template(i)
		seg := ""
		for p := parts.Start; p < parts.End(); p++ {
			text, expr := d.t.Part(p)
			if expr {
				text = []byte("{}")
			}
			seg += string(text)
		}
		d.route(d.t.Node(child), path+"/"+seg)
	}
}

func (d *dumper) api(a table.API) {
	d.printf("\napi %s %q %s", a.Name(), a.Title(), name(modes, a.Mode()))
	for i := a.Ops().Start; i < a.Ops().End(); i++ {
		op := d.t.Op(i)
		title := string(op.Method()) + " " + string(op.Path())
		if d.o.Match != "" && !strings.Contains(title, d.o.Match) && !strings.Contains(string(op.ID()), d.o.Match) {
			continue
		}
		d.operation(i, title, op)
	}
}

func (d *dumper) operation(i uint32, title string, op table.Op) {
	d.printf("\n  %d %s", i, title)
	flags := ""
	if op.Flags()&table.OpFlagDeny != 0 {
		flags += " DENIED (unenforceable)"
	}
	if op.Flags()&table.OpFlagDeprecated != 0 {
		flags += " deprecated"
	}
	if op.Flags()&table.OpFlagAllowDuplicates != 0 {
		flags += " duplicate names pass"
	}
	for _, f := range []struct {
		bit  uint32
		text string
	}{
		{table.OpFlagMethodOverride, " method override passes"}, {table.OpFlagRawSemicolon, " raw semicolon passes"}, {table.OpFlagBracketNames, " bracket names pass"},
	} {
		if op.Flags()&f.bit != 0 {
			flags += f.text
		}
	}
	d.printf("    id %q %s inspect %s unknown query %s max body %s max depth %s%s", op.ID(), name(modes, op.Mode()), name(inspects, op.Inspect()),
		name(actions, op.UnknownQuery()), orDefault(op.MaxBody()), orDefault(op.MaxDepth()), flags)
	d.inspection(op)
	for p := op.Params().Start; p < op.Params().End(); p++ {
		d.param(d.t.Param(p))
	}
	if op.Flags()&table.OpFlagHasBody != 0 {
		need := "optional"
		if op.Flags()&table.OpFlagBodyRequired != 0 {
			need = "required"
		}
		d.printf("    body %s", need)
		for m := op.Media().Start; m < op.Media().End(); m++ {
			d.media(d.t.Media(m))
		}
	}
	for r := op.Requirements().Start; r < op.Requirements().End(); r++ {
		d.requirement(d.t.Requirement(r))
	}
	if op.Expr() != table.NoIndex {
		d.expr(d.t.Expr(op.Expr()))
	}
	d.forward(op)
	d.responses(op)
	d.extra(i)
	for l := range op.NumLimits() {
		d.printf("    limit %s", d.t.Limit(op.LimitAt(l)).Name)
	}
}

// orDefault is n, or that the plugin's configuration decides.
func orDefault(n uint32) string {
	if n == 0 {
		return "default"
	}
	return strconv.Itoa(int(n))
}

func (d *dumper) param(p table.Param) {
	flags := ""
	for _, f := range []struct {
		bit  uint32
		text string
	}{
		{table.ParamFlagRequired, " required"}, {table.ParamFlagExplode, " explode"}, {table.ParamFlagAllowReserved, " reserved"},
		{table.ParamFlagAllowEmpty, " empty"}, {table.ParamFlagDeprecated, " deprecated"},
	} {
		if p.Flags()&f.bit != 0 {
			flags += f.text
		}
	}
	what := d.shape(p.Shape(), 0)
	d.printf("    %s %s %s%s %s %s", name(places, p.In()), p.Name(), name(styles, p.Style()), flags, what, entry(p.Entry()))
}

// shape shows what a text may become, a few levels deep.
func (d *dumper) shape(i uint32, depth int) string {
	if i == table.NoIndex {
		return "string"
	}
	s := d.t.Shape(i)
	out := typeNames(s.Types())
	if depth == 3 {
		return out
	}
	if s.Types()&table.TypeArray != 0 {
		out += "[" + d.shape(s.Item(table.NoIndex), depth+1) + "]"
	}
	if s.Types()&table.TypeObject != 0 {
		out += "{"
		for j := s.Props().Start; j < s.Props().End(); j++ {
			n, shape := d.t.Prop(j)
			out += fmt.Sprintf("%s:%s ", n, d.shape(shape, depth+1))
		}
		out += "}"
	}
	return out
}

func (d *dumper) media(m table.Media) {
	text := string(m.Type())
	switch uint32(m.Match()) {
	case table.MatchAny:
		text = "*/*"
	case table.MatchMainType:
		text += "*"
	case table.MatchSuffix:
		text += "*" + string(m.Suffix())
	}
	what := name(kinds, m.Kind())
	if m.Kind() == table.BodyOpaque {
		what += " " + name(actions, m.Action())
	}
	d.printf("      %s %s %s", text, what, entry(m.Entry()))
}

func entry(e uint32) string {
	if e == table.NoIndex {
		return "anything"
	}
	return "schema " + strconv.Itoa(int(e))
}

func (d *dumper) requirement(uses table.Range) {
	if uses.Count == 0 {
		d.printf("    security anonymous")
		return
	}
	var out []string
	for u := uses.Start; u < uses.End(); u++ {
		i, sc := d.t.Use(u)
		s := d.t.Scheme(i)
		text := fmt.Sprintf("%s(%s", s.Name(), name(schemes, s.Kind()))
		if len(s.ParamName()) > 0 {
			text += fmt.Sprintf(" %s %s", name(places, s.In()), s.ParamName())
		}
		for p := range s.NumProviders() {
			text += " " + string(d.t.Provider(s.ProviderAt(p)).Name)
		}
		text += consumers(d.t, s) + ")"
		if sc.Len() > 0 {
			text += list(sc)
		}
		out = append(out, text)
	}
	d.printf("    security %s", strings.Join(out, " and "))
}

// programs writes instructions with their operands, as the machine sees them.
func (d *dumper) programs() {
	s := &d.t.Schema
	starts := map[uint32]uint32{}
	for p := range s.NumProcs() {
		starts[s.Proc(p, table.ProcPC)] = p
	}
	d.printf("\nprograms")
	for pc, in := range s.Program {
		if p, ok := starts[uint32(pc)]; ok {
			d.printf("schema %d: frames %d cost %d", p, s.Proc(p, table.ProcFrames), s.Proc(p, table.ProcCost))
		}
		d.printf("  %6d %-32s a=%d b=%d c=%d d=%d e=%d", pc, in.Op, in.A, in.B, in.C, in.D, in.E)
	}
}
