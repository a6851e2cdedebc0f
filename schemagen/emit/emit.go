// Package emit writes tables. It is the only writer of the format that
// filter/table reads; the layout's constants come from there.
//
// Output depends on the model alone: records are written in the model's order
// and strings in the order of first use, so the same input gives the same
// bytes.
package emit

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strings"

	"portcullis/filter/json"
	"portcullis/filter/le"
	"portcullis/filter/table"
	"portcullis/schemagen/ir"
)

// Section is a section that another pass has made.
type Section struct {
	ID   uint32
	Data []byte
}

// Schemas compiles schemas into sections of its own (package isel). Entry may
// be called until Sections is.
type Schemas interface {
	Entry(s *ir.Schema) uint32
	Sections() []Section
}

// Table writes b. Schemas of parameters and bodies are compiled through s,
// whose strings must go to strs. It verifies its own work with table.Open, so
// that an error here is a bug of the compiler, never of the input.
func Table(b *ir.Build, s Schemas, strs *Strings) ([]byte, error) {
	w := &writer{strs: strs, schemas: s, providers: map[*ir.Provider]uint32{}, limits: map[*ir.Limit]uint32{}, services: map[*ir.RateLimitService]uint32{},
		schemes: map[*ir.Scheme]uint32{}, secrets: map[string]uint32{}, entries: map[*ir.Schema]uint32{}, shapes: map[*ir.Shape]uint32{}, exprs: map[string]uint32{},
		forwards: map[*ir.Forward]uint32{}, lists: map[string][]uint32{}, inspected: map[string]uint32{}}
	for _, p := range b.Providers {
		w.provider(p)
	}
	for _, l := range b.Limits {
		w.limit(l)
	}
	w.allConsumers(b.Consumers)
	ops := map[*ir.Operation]uint32{}
	for i, a := range b.APIs {
		start := w.count(table.SecOps)
		for _, op := range a.Operations {
			ops[op] = w.operation(op, uint32(i))
			w.extra(op, ops[op])
		}
		w.record(table.SecAPIs, w.str(a.Name), w.str(a.Title), []uint32{uint32(a.Mode), start, w.count(table.SecOps) - start, 0})
	}
	w.routes(b, ops)
	w.denied(b.Providers)
	if b.Unknown != 0 {
		w.record(table.SecMeta, []uint32{uint32(b.Unknown)}, zeros(3))
	}
	out := w.assemble(b.InputsDigest, w.joinPatterns(s.Sections()))
	if _, err, at := table.Open(out); err != table.ErrNone {
		return nil, fmt.Errorf("internal error: emitted table does not verify: %s at byte %d", err, at)
	}
	return out, nil
}

// SchemaSections writes a table that holds nothing but schema programs, for
// tests and the schema commands.
func SchemaSections(s Schemas, strs *Strings) ([]byte, error) {
	return Table(&ir.Build{}, s, strs)
}

// writer collects records, one word slice per section.
type writer struct {
	strs    *Strings
	schemas Schemas
	recs    [table.SecIntrospections + 1][]uint32

	providers map[*ir.Provider]uint32
	limits    map[*ir.Limit]uint32
	services  map[*ir.RateLimitService]uint32
	schemes   map[*ir.Scheme]uint32
	consumers map[*ir.Consumer]uint32
	secrets   map[string]uint32
	entries   map[*ir.Schema]uint32
	shapes    map[*ir.Shape]uint32
	exprs     map[string]uint32
	patterns  []byte // automata of expressions
	automata  []automaton
	forwards  map[*ir.Forward]uint32
	lists     map[string][]uint32 // of names that several operations have
	inspected map[string]uint32   // inspection records by what they say
}

// count is the number of records that a section has so far.
func (w *writer) count(s table.Section) uint32 {
	return uint32(len(w.recs[s])) / table.WordsPerRecord(s)
}

// record appends one record made of parts and returns its index.
func (w *writer) record(s table.Section, parts ...[]uint32) uint32 {
	i := w.count(s)
	n := len(w.recs[s])
	for _, p := range parts {
		w.recs[s] = append(w.recs[s], p...)
	}
	if got, want := uint32(len(w.recs[s])-n), table.WordsPerRecord(s); got != want {
		panic(fmt.Sprintf("emit: record of section %d has %d words, want %d", s, got, want))
	}
	return i
}

func (w *writer) str(s string) []uint32 {
	off, n := w.strs.Add(s)
	return []uint32{off, n}
}

// names appends a list of strings and returns its range.
func (w *writer) names(list []string) []uint32 {
	start := w.count(table.SecNames)
	for _, s := range list {
		w.record(table.SecNames, w.str(s))
	}
	return []uint32{start, uint32(len(list))}
}

func zeros(n int) []uint32 { return make([]uint32, n) }

func u64(v uint64) []uint32 { return []uint32{uint32(v), uint32(v >> 32)} }

func (w *writer) provider(p *ir.Provider) uint32 {
	if i, ok := w.providers[p]; ok {
		return i
	}
	start := w.count(table.SecKeys)
	for _, k := range p.Keys {
		secret := table.NoIndex
		if k.Secret != "" {
			secret = w.secret(k.Secret)
		}
		w.record(table.SecKeys, w.str(k.ID), []uint32{uint32(k.Alg)}, w.str(string(k.SPKI)), []uint32{secret}, zeros(2))
	}
	keys := []uint32{start, uint32(len(p.Keys))}
	asked := w.introspection(p.Introspection)
	i := w.record(table.SecProviders, w.str(p.Name), w.str(p.Issuer), w.names(p.Audiences), keys,
		[]uint32{p.SkewSeconds, p.MaxAgeSeconds}, w.names(p.RequiredClaims), w.names(p.TokenTypes), w.str(p.ScopeClaim), w.remote(p.Remote), w.binding(p), w.discovery(p.Remote), []uint32{asked})
	w.providers[p] = i
	return i
}

// remote is the words of how keys are fetched.
func (w *writer) remote(r *ir.RemoteKeys) []uint32 {
	if r == nil {
		return zeros(8)
	}
	algs := uint32(0)
	for _, a := range r.Algorithms {
		algs |= 1 << a
	}
	return slices.Concat(w.str(r.URI), w.str(r.Cluster), []uint32{r.RefreshSeconds, r.MaxStaleSeconds,
		uint32(r.TimeoutMs) | uint32(r.CooldownSeconds)<<16, algs})
}

func (w *writer) secret(name string) uint32 {
	i, ok := w.secrets[name]
	if !ok {
		i = w.record(table.SecSecrets, w.str(name))
		w.secrets[name] = i
	}
	return i
}

func (w *writer) scheme(s *ir.Scheme) uint32 {
	if i, ok := w.schemes[s]; ok {
		return i
	}
	var provs []uint32
	for _, p := range s.Providers {
		provs = append(provs, w.provider(p))
	}
	list := provs
	if s.Kind != ir.SchemeBearer {
		list = w.consumerIndexes(s.Consumers)
	}
	start := w.count(table.SecIndexes)
	w.recs[table.SecIndexes] = append(w.recs[table.SecIndexes], list...)
	i := w.record(table.SecSchemes, w.str(s.Name), []uint32{uint32(s.Kind) | uint32(s.In)<<8 | schemeFlags(s)<<16}, w.str(s.ParamName),
		[]uint32{start, uint32(len(list)), 0})
	w.schemes[s] = i
	return i
}

// entry is the program of s, NoIndex when there is nothing to check.
func (w *writer) entry(s *ir.Schema) uint32 {
	if s == nil || s.Bool != nil && *s.Bool {
		return table.NoIndex
	}
	e, ok := w.entries[s]
	if !ok {
		e = w.schemas.Entry(s)
		w.entries[s] = e
	}
	return e
}

func (w *writer) operation(op *ir.Operation, api uint32) uint32 {
	flags := uint32(0)
	set := func(on bool, bit uint32) {
		if on {
			flags |= bit
		}
	}
	set(op.Deny, table.OpFlagDeny)
	set(op.Deprecated, table.OpFlagDeprecated)
	set(op.AllowDuplicateNames, table.OpFlagAllowDuplicates)
	set(op.Body != nil, table.OpFlagHasBody)
	set(op.Body != nil && op.Body.Required, table.OpFlagBodyRequired)
	set(op.PathRules.EncodedSlash, table.OpFlagEncodedSlash)
	set(op.PathRules.Semicolon, table.OpFlagSemicolon)
	set(op.PathRules.EmptySegment, table.OpFlagEmptySegment)
	set(op.PathRules.Backslash, table.OpFlagBackslash)
	set(op.PathRules.TrailingSlash, table.OpFlagTrailingSlash)
	set(op.HeadAsGet && op.Method == "GET", table.OpFlagHeadAsGet)
	set(op.AnyBody, table.OpFlagAnyBody)
	set(op.Ambiguous.MethodOverride, table.OpFlagMethodOverride)
	set(op.Ambiguous.RawSemicolon, table.OpFlagRawSemicolon)
	set(op.Ambiguous.BracketNames, table.OpFlagBracketNames)
	set(op.Preflight, table.OpFlagPreflight)
	set(len(op.Upgrades) > 0, table.OpFlagUpgrade)

	captures := captureNames(op)
	params := []uint32{w.count(table.SecParams), 0}
	media := []uint32{w.count(table.SecMedia), 0}
	if !op.Deny { // nothing else of a denied operation is ever read
		for _, p := range op.Params {
			w.param(p, captures)
			params[1]++
		}
		if op.Body != nil {
			var fields [][]uint32 // made before the media types, whose records stand together
			for _, m := range op.Body.Media {
				fields = append(fields, w.fields(m.Fields))
			}
			for i, m := range op.Body.Media {
				w.media(m, fields[i])
				media[1]++
			}
		}
	}
	reqs := w.requirements(op.Security)
	limits := []uint32{w.count(table.SecIndexes), uint32(len(op.Limits))}
	for _, l := range op.Limits {
		w.recs[table.SecIndexes] = append(w.recs[table.SecIndexes], w.limit(l))
	}
	responseMode, responses := w.responses(op)
	modes := responseMode<<24 | uint32(op.Mode) | uint32(op.Inspect)<<8 | uint32(op.UnknownQuery)<<16
	return w.record(table.SecOps, w.str(op.ID), w.str(op.Method), w.str(op.Path), []uint32{api, modes, flags},
		params, media, reqs, limits, []uint32{uint32(len(captures)), op.MaxBodyBytes, uint32(op.MaxDepth), op.MaxString, op.MaxItems, op.MaxName}, zeros(3), responses,
		[]uint32{w.expr(op.Allow), w.forward(op.Forward), w.inspection(op), 0})
}

// captureNames is the expressions of the path, in order.
func captureNames(op *ir.Operation) []string {
	var names []string
	for _, s := range op.Segments {
		for _, p := range s.Parts {
			if p.Param != "" {
				names = append(names, p.Param)
			}
		}
	}
	return names
}

func (w *writer) param(p *ir.Param, captures []string) {
	flags := uint32(0)
	for i, on := range []bool{p.Required, p.Explode, p.AllowReserved, p.AllowEmptyValue, p.Deprecated, p.TypeOnly} {
		if on {
			flags |= 1 << i
		}
	}
	capture := table.NoIndex
	if p.In == ir.InPath {
		for i, n := range captures {
			if n == p.Name {
				capture = uint32(i)
			}
		}
	}
	w.record(table.SecParams, w.str(p.Name),
		[]uint32{uint32(p.In) | uint32(p.Style)<<8 | flags<<16, w.shape(p.Shape), w.entry(p.Schema), capture, table.HashSegment([]byte(p.Name))}, zeros(3))
}

// shape is the record of s, NoIndex for a plain string.
func (w *writer) shape(s *ir.Shape) uint32 {
	if s == nil {
		return table.NoIndex
	}
	if i, ok := w.shapes[s]; ok {
		return i
	}
	// The place is taken first: a shape may hold itself.
	i := w.record(table.SecShapes, zeros(8))
	w.shapes[s] = i
	props := slices.Clone(s.Props)
	slices.SortStableFunc(props, func(a, b ir.ShapeProp) int {
		return cmp.Compare(table.HashSegment([]byte(a.Name)), table.HashSegment([]byte(b.Name)))
	})
	flags := uint32(0)
	if s.Open {
		flags |= table.ShapeFlagOpen
	}
	if s.Binary {
		flags |= table.ShapeFlagBinary
	}
	items, additional := w.shape(s.Items), w.shape(s.Additional)
	members := make([]uint32, len(props))
	for j, p := range props {
		if p.Shape == nil {
			p.Shape = plainShape
		}
		members[j] = w.shape(p.Shape)
	}
	var prefix []uint32
	for _, p := range s.Prefix {
		if p == nil {
			p = plainShape
		}
		prefix = append(prefix, w.shape(p))
	}
	rec := []uint32{uint32(s.Types) | flags<<16, items, additional, w.count(table.SecProps), uint32(len(props)), w.count(table.SecIndexes), uint32(len(prefix)), uint32(s.Separator)}
	for j, p := range props {
		w.record(table.SecProps, w.str(p.Name), []uint32{table.HashSegment([]byte(p.Name)), members[j]})
	}
	w.recs[table.SecIndexes] = append(w.recs[table.SecIndexes], prefix...)
	copy(w.recs[table.SecShapes][i*table.WordsPerRecord(table.SecShapes):], rec)
	return i
}

// plainShape is a string, where a record must hold a shape.
var plainShape = &ir.Shape{Types: ir.TypeString}

func (w *writer) media(m *ir.Media, fields []uint32) {
	typ, suffix, match := MediaRange(m.Range)
	action := m.Action
	if action == 0 {
		action = ir.ActionDeny
	}
	flags := uint32(0)
	if m.Sequence {
		flags |= table.MediaFlagSequence
	}
	if strings.HasSuffix(m.Range, "json-seq") {
		flags |= table.MediaFlagRecords
	}
	how := uint32(m.Kind) | match<<8 | uint32(action)<<16 | flags<<24
	w.record(table.SecMedia, w.str(typ), w.str(suffix), []uint32{how, w.entry(m.Schema), w.shape(m.Shape)}, fields, u64(bloom(m)), zeros(1))
}

// bloom is the filter of the members that may be no strings, and of the names that
// some frameworks take for something else (param.Decoder).
func bloom(m *ir.Media) (bits uint64) {
	bit := func(name string) uint64 { return 1 << (json.HashName([]byte(name)) & 63) }
	s := m.Shape
	if m.Kind == ir.BodyForm {
		bits = bit("_method")
	}
	if s == nil {
		return bits
	}
	typed := func(s *ir.Shape) bool { return s != nil && s.Types&^ir.TypeString != 0 }
	if typed(s.Additional) {
		return ^uint64(0)
	}
	for _, p := range s.Props {
		if typed(p.Shape) {
			bits |= bit(p.Name)
		}
		if base, ok := strings.CutSuffix(p.Name, "[]"); ok {
			bits |= bit(base)
		}
	}
	return bits
}

// fields writes what is said of the fields of a form.
func (w *writer) fields(list []*ir.Field) []uint32 {
	var recs [][]uint32
	for _, f := range list {
		headers := []uint32{w.count(table.SecParams), uint32(len(f.Headers))}
		for _, h := range f.Headers {
			w.param(h, nil)
		}
		flags := uint32(0)
		if f.Explode {
			flags |= table.FieldFlagExplode
		}
		rec := append(w.str(f.Name), table.HashSegment([]byte(f.Name)), uint32(f.Style)|flags<<8)
		rec = append(rec, w.names(f.ContentTypes)...)
		recs = append(recs, append(rec, headers...))
	}
	out := []uint32{w.count(table.SecFields), uint32(len(recs))}
	for _, r := range recs {
		w.record(table.SecFields, r)
	}
	return out
}

// MediaRange splits a media range into what the table compares: the type, the
// structured suffix, and how they match.
func MediaRange(r string) (typ, suffix string, match uint32) {
	switch {
	case r == "*/*" || r == "*":
		return "", "", table.MatchAny
	case len(r) > 2 && r[len(r)-2:] == "/*":
		return r[:len(r)-1], "", table.MatchMainType
	}
	for i := 0; i+2 < len(r); i++ {
		if r[i] == '/' && r[i+1] == '*' && r[i+2] == '+' {
			return r[:i+1], r[i+2:], table.MatchSuffix
		}
	}
	return r, "", table.MatchExact
}

func (w *writer) requirements(rs []ir.Requirement) []uint32 {
	type span struct{ start, n uint32 }
	var spans []span
	for _, r := range rs {
		start := w.count(table.SecUses)
		for _, u := range r.Uses {
			w.record(table.SecUses, []uint32{w.scheme(u.Scheme)}, w.names(u.Scopes))
		}
		spans = append(spans, span{start, uint32(len(r.Uses))})
	}
	out := []uint32{w.count(table.SecRequirements), uint32(len(rs))}
	for _, s := range spans {
		w.record(table.SecRequirements, []uint32{s.start, s.n})
	}
	return out
}

// assemble puts header, directory and sections together.
func (w *writer) assemble(digest [32]byte, extra []Section) []byte {
	sections := []Section{{uint32(table.SecStrings), w.strs.Bytes()}}
	for id, rec := range w.recs {
		if len(rec) == 0 {
			continue
		}
		data := make([]byte, 0, len(rec)*4)
		for _, x := range rec {
			data = le.AppendU32(data, x)
		}
		sections = append(sections, Section{uint32(id), data})
	}
	sections = append(sections, extra...)
	sort.SliceStable(sections, func(i, j int) bool { return sections[i].ID < sections[j].ID })
	return Container(digest, sections)
}

// Container lays out sections, sorted by id, as a table.
func Container(digest [32]byte, sections []Section) []byte {
	out := make([]byte, table.HeaderSize)
	next := uint32(table.HeaderSize + len(sections)*table.DirectorySize)
	for _, s := range sections {
		for _, x := range []uint32{s.ID, next, uint32(len(s.Data)), 0} {
			out = le.AppendU32(out, x)
		}
		next += (uint32(len(s.Data)) + 3) &^ 3
	}
	for _, s := range sections {
		out = append(out, s.Data...)
		for len(out)%4 != 0 {
			out = append(out, 0)
		}
	}
	le.PutU32(out, 0, table.Magic)
	le.PutU32(out, 4, table.Version)
	le.PutU32(out, 16, uint32(len(out)))
	le.PutU32(out, 20, uint32(len(sections)))
	le.PutU64(out, 24, table.Checksum(out[table.HeaderSize:]))
	copy(out[32:], digest[:])
	return out
}
