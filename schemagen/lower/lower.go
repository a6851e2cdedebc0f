// Package lower turns JSON Schemas of every dialect into ir.Schema, where all
// references are resolved and the dialects' differences are gone.
//
// Identifiers are collected per document, when it is first needed, and only
// where the dialect says that a schema stands (JSON Schema 2020-12 section
// 9.4.2); a reference may still reach any other value by JSON Pointer, which is
// then lowered as a schema. Documents come from the Registry and from nowhere
// else. Dynamic references are resolved here: a schema is lowered once for each
// dynamic scope that makes a difference.
//
// What can't be enforced as written becomes an unenforceable diagnostic with
// its place, and its code stands in ir.Schema.Unenforceable; the keyword is
// then left out.
package lower

import (
	"portcullis/schemagen/diag"
	"portcullis/schemagen/dialect"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/resolve"
	"portcullis/schemagen/source"
)

// Registry finds documents by their absolute URI, which has no fragment;
// *resolve.Registry is one.
type Registry interface {
	Document(uri string) (*source.Document, *resolve.Error)
}

// Direction is what a schema describes. It decides what readOnly and writeOnly
// do to `required`.
type Direction uint8

// Directions. Neutral leaves required as it is written.
const (
	Neutral      Direction = iota + 1
	Request                // readOnly properties are not required
	Response               // writeOnly properties must not be there
	RequestGiven           // as Request, and readOnly properties must not be there
)

// FormatMode says where `format` asserts. The zero value is FormatAssert.
type FormatMode uint8

// Format modes.
const (
	FormatAssert       FormatMode = iota + 1 // wherever the keyword is known
	FormatByVocabulary                       // only where the format-assertion vocabulary is in force
	FormatByDialect                          // there, and in the dialects whose specification asserts
)

// Options are the settings of a Lowerer. The zero value is ready for use.
type Options struct {
	Formats FormatMode
	// SkipMetaschema leaves schemas unchecked against their metaschema.
	SkipMetaschema bool
	// MaxSchemas bounds the schemas that are made, copies for dynamic scopes
	// included; 0 is 2^20. What is beyond is an unenforceable diagnostic.
	MaxSchemas int
}

// Lowerer lowers the schemas of one build. Equal requests give the same
// *ir.Schema.
//
// Invariants: the schemas that Schema returned are complete and have no
// in-place cycle (one that a validator could follow without consuming a part
// of the instance).
type Lowerer struct {
	reg   Registry
	opts  Options
	diags *diag.List

	docs      map[docKey]*document
	resources map[string]*resource // by absolute URI
	numRes    int
	bundled   map[string]*source.Document
	scopes    map[string]*scope
	memo      map[memoKey]*ir.Schema
	names     map[nameKey]nameSet
	closer    *closer // nil until closed responses are asked for

	depth    int          // of lower within lower
	fresh    []*ir.Schema // made since the outermost lower began
	pending  []pendingDiscriminator
	numIDs   int
	reported map[report]struct{}
	checked  map[*source.Node]struct{}
	// unchecked is what finish holds against metaschemas.
	unchecked []unchecked
	bad       map[*source.Node]string // code of what is wrong with a dialect, by what names it
}

// New returns a Lowerer over reg, which may be nil. Findings go to diags.
func New(reg Registry, opts Options, diags *diag.List) *Lowerer {
	if opts.Formats == 0 {
		opts.Formats = FormatAssert
	}
	if opts.MaxSchemas == 0 {
		opts.MaxSchemas = 1 << 20
	}
	return &Lowerer{
		reg: reg, opts: opts, diags: diags,
		docs:      map[docKey]*document{},
		resources: map[string]*resource{},
		scopes:    map[string]*scope{},
		memo:      map[memoKey]*ir.Schema{},
		names:     map[nameKey]nameSet{},
		reported:  map[report]struct{}{},
		checked:   map[*source.Node]struct{}{},
		bad:       map[*source.Node]string{},
	}
}

// Add makes the identifiers in doc known before anything refers to doc itself.
// d is the dialect of schemas that do not name one.
func (l *Lowerer) Add(doc *source.Document, d dialect.Dialect) {
	l.document(doc, l.documentDialect(doc, d))
}

// Schema lowers n, a schema. Its dialect is what its document says by
// `jsonSchemaDialect`, `openapi` or `$schema`, and d where it says nothing.
func (l *Lowerer) Schema(n *source.Node, d dialect.Dialect, dir Direction) *ir.Schema {
	doc := n.Doc
	if doc == nil { // a made-up value
		doc = &source.Document{Root: root(n)}
	}
	res := l.resourceAt(n, l.document(doc, l.documentDialect(doc, d)).root)
	return l.lower(n, context{res: res, scope: l.enter(nil, res), dir: dir})
}

// Dialect is the dialect of the schemas in a document by what it says itself:
// `openapi`, `swagger` and `jsonSchemaDialect`, or `$schema`. Otherwise it is
// fallback.
func (l *Lowerer) Dialect(doc *source.Document, fallback dialect.Dialect) dialect.Dialect {
	return l.documentDialect(doc, fallback)
}

// context is what a schema inherits from where it stands and how it was
// reached.
type context struct {
	res   *resource
	scope *scope
	dir   Direction
	relax string // joined names that are not required here (see direction.go)
}

type memoKey struct {
	node  *source.Node
	res   *resource
	scope *scope
	dir   Direction
	relax string
}

// lower lowers n, which stands in ctx. It enters the resource that n begins.
func (l *Lowerer) lower(n *source.Node, ctx context) *ir.Schema {
	if r := ctx.res.doc.roots[n]; r != nil && r != ctx.res {
		ctx.res = r
	}
	ctx.scope = l.enter(ctx.scope, ctx.res)
	key := memoKey{n, ctx.res, ctx.scope, ctx.dir, ctx.relax}
	if s := l.memo[key]; s != nil {
		return s
	}
	l.numIDs++
	s := &ir.Schema{ID: l.numIDs}
	s.Loc = l.loc(n)
	l.memo[key] = s
	if l.numIDs > l.opts.MaxSchemas {
		l.unenforceable(s, n, "schema-too-large", "found more than "+itoa(l.opts.MaxSchemas)+" schemas after resolving references, wanted fewer", "")
		return s
	}
	l.fresh = append(l.fresh, s)
	l.depth++
	l.queueCheck(n, ctx.res.dialect)
	b := builder{l: l, s: s, n: n, ctx: ctx, d: ctx.res.dialect, rules: ctx.res.dialect.Rules()}
	b.schema()
	l.depth--
	if l.depth == 0 {
		l.finish()
	}
	return s
}

// finish runs what needs complete schemas.
func (l *Lowerer) finish() {
	l.resolveDiscriminators()
	l.cutCycles(l.fresh)
	l.fresh = l.fresh[:0]
	for _, u := range l.unchecked {
		l.checkMetaschema(u.node, u.d)
	}
	l.unchecked = l.unchecked[:0]
}

func (l *Lowerer) loc(n *source.Node) ir.Loc {
	loc := ir.Loc{Node: n, Pointer: source.Pointer(n)}
	if n.Doc != nil {
		loc.URI = n.Doc.URI
	}
	return loc
}

func root(n *source.Node) *source.Node {
	for n.Parent != nil {
		n = n.Parent
	}
	return n
}
