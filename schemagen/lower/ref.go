package lower

import (
	"strings"

	"portcullis/schemagen/dialect"
	"portcullis/schemagen/resolve"
	"portcullis/schemagen/source"
)

// ambiguous says that a reference names several schemas.
func ambiguous(ref string) *resolve.Error {
	return &resolve.Error{Code: "ref-ambiguous", Msg: "found a reference to " + ref + ", and several schemas have that name"}
}

// target is what a reference leads to.
type target struct {
	node *source.Node
	res  *resource
	// dynamic is the name of the dynamic anchor that the reference named, when
	// it named one.
	dynamic    string
	hasDynamic bool
}

// resolve follows ref from a schema in res.
func (l *Lowerer) resolve(ref string, res *resource) (t target, err *resolve.Error) {
	base, fragment := splitFragment(resolveURI(res.uri, ref))
	r, err := l.resource(base, res)
	if err != nil {
		return t, err
	}
	fragment = unescapePercent(fragment)
	switch {
	case fragment == "":
		t.node = r.root
	case fragment[0] == '/':
		t.node = source.AtPointer(r.root, fragment)
	default:
		var known bool
		t.node, known = r.anchors[fragment]
		_, t.hasDynamic = r.dynamic[fragment]
		t.dynamic = fragment
		if known && t.node == nil {
			return t, ambiguous(ref)
		}
	}
	if t.node == nil {
		return t, &resolve.Error{Code: resolve.CodeDangling, Msg: "found a reference to " + ref + ", and nothing is there"}
	}
	t.res = l.resourceAt(t.node, r)
	return t, nil
}

// resource finds the resource called uri, as seen from one in from.
func (l *Lowerer) resource(uri string, from *resource) (*resource, *resolve.Error) {
	if uri == from.uri {
		if from.whole != nil {
			return from.whole, nil
		}
		return from, nil
	}
	if from.doc.root.uri == uri {
		return from.doc.root, nil
	}
	if r := l.resources[uri]; r != nil {
		return l.inDialect(r, from.dialect), nil
	}
	doc, err := l.given(uri)
	if err != nil {
		return nil, err
	}
	r := l.document(doc, l.documentDialect(doc, from.dialect)).root
	if l.resources[uri] == nil {
		l.resources[uri] = r
	}
	return r, nil
}

// given returns a document of the registry or a bundled metaschema.
func (l *Lowerer) given(uri string) (*source.Document, *resolve.Error) {
	if doc := l.metaschema(uri); doc != nil {
		return doc, nil
	}
	if l.reg == nil {
		return nil, &resolve.Error{Code: resolve.CodeRemote, Msg: "found a reference to " + uri + ", which is not among the given documents"}
	}
	return l.reg.Document(uri)
}

// inDialect returns r as it is for a reference out of dialect d: a document
// that names no dialect is read in the one of what refers to it.
func (l *Lowerer) inDialect(r *resource, d dialect.Dialect) *resource {
	if r != r.doc.root {
		return r
	}
	own := l.documentDialect(r.doc.source, d)
	if own == r.dialect {
		return r
	}
	return l.document(r.doc.source, own).root
}

// documentDialect reads the dialect that a document names.
func (l *Lowerer) documentDialect(doc *source.Document, fallback dialect.Dialect) dialect.Dialect {
	n := doc.Root
	version := n.Str("openapi")
	if version == "" {
		version = n.Str("swagger")
	}
	if d, ok := dialect.ForOpenAPI(version); ok {
		if uri := n.Get("jsonSchemaDialect"); uri != nil && uri.Kind == source.String && d.Rules().IDKeyword != "" {
			if own, ok := l.dialectOf(uri.Text, nil, uri); ok {
				return own
			}
		}
		return d
	}
	if schema := n.Get("$schema"); schema != nil && schema.Kind == source.String {
		if own, ok := l.dialectOf(schema.Text, nil, n); ok {
			return own
		}
	}
	return fallback
}

// dialectOf finds the dialect called uri: one of ours, or that of a given
// metaschema by its $vocabulary. at is where the name stands.
func (l *Lowerer) dialectOf(uri string, from *resource, at *source.Node) (dialect.Dialect, bool) {
	return l.dialectVia(uri, from, at, 0)
}

func (l *Lowerer) dialectVia(uri string, from *resource, at *source.Node, depth int) (dialect.Dialect, bool) {
	if d, ok := dialect.Lookup(uri); ok {
		return d, true
	}
	const maxDepth = 8 // metaschemas of metaschemas
	base, _ := splitFragment(uri)
	if from != nil {
		base = resolveURI(from.uri, base)
	}
	meta := l.metaschemaRoot(base)
	if meta == nil || depth == maxDepth {
		l.badDialect(at, diagUnknownDialect(uri))
		return dialect.Dialect{}, false
	}
	d := dialect.Of(dialect.Draft202012)
	if own := meta.Str("$schema"); own != "" && strings.TrimSuffix(own, "#") != base {
		var ok bool
		if d, ok = l.dialectVia(own, nil, at, depth+1); !ok {
			return d, false
		}
	}
	vocabulary := meta.Get("$vocabulary")
	if vocabulary == nil || vocabulary.Kind != source.Object || d.Keyword("$vocabulary") == nil {
		return d, true
	}
	var uris []string
	var required []bool
	for i, key := range vocabulary.Keys {
		uris = append(uris, key.Name)
		required = append(required, vocabulary.Items[i].Bool)
	}
	d, unknown := dialect.WithVocabularies(d, uris, required)
	if len(unknown) > 0 {
		l.badDialect(at, diagUnknownVocabulary(unknown))
	}
	return d, true
}

// metaschemaRoot finds the schema that a $schema names.
func (l *Lowerer) metaschemaRoot(uri string) *source.Node {
	if r := l.resources[uri]; r != nil {
		return r.root
	}
	if doc, err := l.given(uri); err == nil {
		return doc.Root
	}
	return nil
}
