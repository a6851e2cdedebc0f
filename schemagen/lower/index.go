package lower

import (
	"strings"

	"portcullis/schemagen/dialect"
	"portcullis/schemagen/source"
)

// resource is a schema resource (JSON Schema 2020-12 section 4.3.5): a schema
// with a URI of its own and everything below it up to the next such schema. A
// document is one too, also when it is an API description.
type resource struct {
	id      int // order of discovery, to name dynamic scopes
	uri     string
	root    *source.Node
	dialect dialect.Dialect
	doc     *document
	anchors map[string]*source.Node // $anchor, $dynamicAnchor and fragments of $id
	dynamic map[string]*source.Node // $dynamicAnchor; $recursiveAnchor under ""
	// whole is the resource that this one is a part of, when only the dialect
	// differs; nil otherwise.
	whole *resource
}

// docKey: a document that names no dialect takes the one of what refers to it.
type docKey struct {
	doc *source.Document
	d   dialect.Dialect
}

// document is what is known about a document under one dialect.
type document struct {
	source *source.Document
	root   *resource
	roots  map[*source.Node]*resource
	// marked: some member may be an identifier or change a dialect. Without
	// one, there is nothing to collect.
	marked bool
	walked map[*source.Node]struct{}
}

// document indexes doc, once for each dialect.
func (l *Lowerer) document(doc *source.Document, d dialect.Dialect) *document {
	key := docKey{doc, d}
	if x := l.docs[key]; x != nil {
		return x
	}
	base, _ := splitFragment(doc.URI)
	x := &document{source: doc, roots: map[*source.Node]*resource{}, walked: map[*source.Node]struct{}{}}
	l.docs[key] = x
	x.root = l.newResource(x, base, doc.Root, d)
	x.marked = isMarked(doc.Root)
	if x.marked {
		if d.Rules().OpenAPI && isDescription(doc.Root) {
			l.walkDescription(doc.Root, x.root)
		} else {
			l.walk(doc.Root, x.root)
		}
	}
	return x
}

func (l *Lowerer) newResource(x *document, uri string, root *source.Node, d dialect.Dialect) *resource {
	l.numRes++
	r := &resource{
		id: l.numRes, uri: uri, root: root, dialect: d, doc: x,
		anchors: map[string]*source.Node{}, dynamic: map[string]*source.Node{},
	}
	x.roots[root] = r
	if l.resources[uri] == nil {
		l.resources[uri] = r
	}
	return r
}

// resourceAt returns the resource that n belongs to, where from is one around
// it. A value that no schema position led to is indexed now.
func (l *Lowerer) resourceAt(n *source.Node, from *resource) *resource {
	x := from.doc
	around := from
	for p := n; p != nil && p != from.root; p = p.Parent {
		if r := x.roots[p]; r != nil {
			around = r
			break
		}
	}
	if _, done := x.walked[n]; x.marked && !done {
		l.walk(n, around)
		if r := x.roots[n]; r != nil {
			return r
		}
	}
	return around
}

// walk collects the identifiers in n, a schema in res, and below it.
func (l *Lowerer) walk(n *source.Node, res *resource) {
	if _, done := res.doc.walked[n]; done {
		return
	}
	res.doc.walked[n] = struct{}{}
	if n.Kind != source.Object {
		return
	}
	res = l.identify(n, res)
	for i, key := range n.Keys {
		k := res.dialect.Keyword(key.Name)
		if k == nil {
			continue
		}
		l.walkMember(n.Items[i], k.Shape, res)
	}
}

func (l *Lowerer) walkMember(v *source.Node, shape dialect.Shape, res *resource) {
	one := shape == dialect.ShapeSchema || shape == dialect.ShapeSchemaOrList
	list := shape == dialect.ShapeSchemaList || shape == dialect.ShapeSchemaOrList
	members := shape == dialect.ShapeSchemaMap || shape == dialect.ShapeDependencies
	switch {
	case one && v.Kind == source.Object:
		l.walk(v, res)
	case list && v.Kind == source.Array, members && v.Kind == source.Object:
		for _, item := range v.Items {
			if item.Kind == source.Object {
				l.walk(item, res)
			}
		}
	}
}

// identify reads the identifiers of the schema n and returns the resource that
// it is in: res, or the one that it begins.
func (l *Lowerer) identify(n *source.Node, res *resource) *resource {
	d := res.dialect
	if schema := n.Get("$schema"); schema != nil && schema.Kind == source.String && n != res.doc.root.root {
		if own, ok := l.dialectOf(schema.Text, res, n); ok {
			d = own
		}
	}
	rules := d.Rules()
	hidden := rules.RefHidesSiblings && hasRef(n)
	if id := n.Get(rules.IDKeyword); id != nil && id.Kind == source.String && rules.IDKeyword != "" && !hidden {
		base, fragment := splitFragment(id.Text)
		if base != "" {
			res = l.begin(n, resolveURI(res.uri, base), res, d)
		}
		if rules.AnchorInID && fragment != "" {
			addAnchor(res.anchors, fragment, n)
		}
	} else if d != res.dialect && res.dialect.Rules().OpenAPI {
		// OpenAPI 3.1 section 4.8.24: $schema in a root schema object counts
		// without $id. The rest of the resource stays what it is.
		part := *res
		part.dialect, part.whole = d, res
		res.doc.roots[n] = &part
		res = &part
	}
	if hidden {
		return res
	}
	if d != res.dialect {
		l.warn(n, "schema-misplaced-dialect",
			"found $schema in a schema without an identifier of its own, where it has no effect (2020-12 section 8.1.1)", "")
	}
	if name := n.Get("$anchor"); name != nil && name.Kind == source.String && res.dialect.Keyword("$anchor") != nil {
		addAnchor(res.anchors, name.Text, n)
	}
	if name := n.Get("$dynamicAnchor"); name != nil && name.Kind == source.String && res.dialect.Keyword("$dynamicAnchor") != nil {
		addAnchor(res.anchors, name.Text, n)
		addAnchor(res.dynamic, name.Text, n)
	}
	if n == res.root && n.IsTrue("$recursiveAnchor") && res.dialect.Keyword("$recursiveAnchor") != nil {
		addAnchor(res.dynamic, "", n)
	}
	return res
}

// begin makes n the root of a resource called uri.
func (l *Lowerer) begin(n *source.Node, uri string, around *resource, d dialect.Dialect) *resource {
	x := around.doc
	if n == x.root.root { // a document is known by its own name and by its $id
		x.root.uri = uri
		if l.resources[uri] == nil {
			l.resources[uri] = x.root
		}
		return x.root
	}
	if other := l.resources[uri]; other != nil && other.root != n {
		l.warn(n, "schema-duplicate-id", "found a second schema called "+uri+", wanted one", "references by this name reach the first")
	}
	return l.newResource(x, uri, n, d)
}

// addAnchor names n. A name that two schemas have leads nowhere: which one is
// meant is undefined (2020-12 section 8.2.2), so a nil stands for it.
func addAnchor(m map[string]*source.Node, name string, n *source.Node) {
	if first, dup := m[name]; dup && first != n {
		n = nil
	}
	m[name] = n
}

func hasRef(n *source.Node) bool {
	ref := n.Get("$ref")
	return ref != nil && ref.Kind == source.String
}

// isMarked reports whether any member below n has a name that identify reads.
func isMarked(n *source.Node) bool {
	for i, key := range n.Keys {
		switch key.Name {
		case "$id", "id", "$anchor", "$dynamicAnchor", "$recursiveAnchor", "$schema":
			if k := n.Items[i].Kind; k == source.String || k == source.Bool {
				return true
			}
		}
	}
	for _, item := range n.Items {
		if len(item.Items) > 0 && isMarked(item) {
			return true
		}
	}
	return false
}

// isDescription reports whether root is an API description.
func isDescription(root *source.Node) bool {
	return root.Str("openapi") != "" || root.Str("swagger") != ""
}

// walkDescription walks the schemas of an API description: everything called
// `schema` or `itemSchema` and the schemas of the components, leaving out what
// holds examples and extensions.
func (l *Lowerer) walkDescription(n *source.Node, res *resource) {
	for i, item := range n.Items {
		name := ""
		if n.Kind == source.Object {
			name = n.Keys[i].Name
		}
		switch {
		case strings.HasPrefix(name, "x-"), name == "example", name == "examples", name == "default", name == "enum":
		case (name == "schema" || name == "itemSchema") && item.Kind == source.Object:
			l.walk(item, res)
		case name == "schemas" && n.Name == "components", name == "definitions" && n == res.root:
			l.walkMember(item, dialect.ShapeSchemaMap, res)
		default:
			l.walkDescription(item, res)
		}
	}
}
