package lower

import (
	"cmp"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"portcullis/schemagen/dialect"
	"portcullis/schemagen/source"
)

// The metaschemas of every draft, for schemas that refer to them.
//
//go:embed metaschema/*.json
var metaschemaFiles embed.FS

// metaschema returns the bundled document called uri, or nil.
func (l *Lowerer) metaschema(uri string) *source.Document {
	if !strings.Contains(uri, "json-schema.org/draft") {
		return nil
	}
	if l.bundled == nil {
		l.bundled = loadMetaschemas()
	}
	return l.bundled[uri]
}

func loadMetaschemas() map[string]*source.Document {
	entries, err := metaschemaFiles.ReadDir("metaschema")
	if err != nil {
		panic(err) // embedded at build time
	}
	docs := map[string]*source.Document{}
	for _, e := range entries {
		data, err := metaschemaFiles.ReadFile("metaschema/" + e.Name())
		if err != nil {
			panic(err)
		}
		doc, err := source.Parse(e.Name(), "", data)
		if err != nil {
			panic(err)
		}
		id := doc.Root.Str("$id")
		if id == "" {
			id = doc.Root.Str("id")
		}
		doc.URI, _ = splitFragment(id)
		docs[doc.URI] = doc
	}
	return docs
}

// queueCheck remembers to hold n against its metaschema, unless a schema around
// it is.
func (l *Lowerer) queueCheck(n *source.Node, d dialect.Dialect) {
	if l.opts.SkipMetaschema || d != dialect.Of(d.Version) || n.Kind != source.Object {
		return
	}
	for p := n; p != nil; p = p.Parent {
		if _, done := l.checked[p]; done {
			return
		}
	}
	l.checked[n] = struct{}{}
	l.unchecked = append(l.unchecked, unchecked{n, d})
}

type unchecked struct {
	node *source.Node
	d    dialect.Dialect
}

// checkMetaschema holds n, a schema of dialect d, and everything below it
// against the metaschema of d. Findings are warnings: what they say about the
// value of a keyword that is enforced is reported where the keyword is lowered.
// The schemas of OpenAPI 2.0 and 3.0 have no metaschema of their own.
func (l *Lowerer) checkMetaschema(n *source.Node, d dialect.Dialect) {
	meta := compiledMetaschema(d)
	if meta == nil || l.isBundled(n) {
		return
	}
	var invalid *jsonschema.ValidationError
	if err := validate(meta, plain(n)); errors.As(err, &invalid) {
		l.reportLeaves(n, invalid)
	}
}

// validate turns a panic of the library into an error: its verdict is advice.
func validate(meta *jsonschema.Schema, v any) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("metaschema check: %v", r)
		}
	}()
	return meta.Validate(v)
}

func (l *Lowerer) isBundled(n *source.Node) bool {
	return n.Doc != nil && l.bundled[n.Doc.URI] == n.Doc
}

func compiledMetaschema(d dialect.Dialect) *jsonschema.Schema {
	uri := d.Rules().URI
	switch d.Version {
	case dialect.OpenAPI20, dialect.OpenAPI30:
		return nil
	case dialect.OpenAPI31, dialect.OpenAPI32:
		uri = dialect.Of(dialect.Draft202012).Rules().URI
	}
	// The library has the metaschemas compiled and takes no time to give them.
	meta, err := jsonschema.NewCompiler().Compile(uri)
	if err != nil {
		panic(err)
	}
	return meta
}

// reportLeaves reports the innermost errors of a tree, in an order that the
// library does not have: it walks maps, and of several findings at one place
// the first is told. The library takes other regular expressions than ECMA-262
// and its own view of formats, so those are left out.
func (l *Lowerer) reportLeaves(n *source.Node, e *jsonschema.ValidationError) {
	all := leaves(nil, e)
	slices.SortFunc(all, func(a, b *jsonschema.ValidationError) int {
		return cmp.Or(cmp.Compare(a.InstanceLocation, b.InstanceLocation), cmp.Compare(a.KeywordLocation, b.KeywordLocation), cmp.Compare(a.Message, b.Message))
	})
	for _, e := range all {
		if strings.HasSuffix(e.KeywordLocation, "/format") {
			continue
		}
		at := source.AtPointer(n, e.InstanceLocation)
		if at == nil {
			at = n
		}
		if _, dup := l.reported[report{at, "schema-invalid"}]; dup {
			continue
		}
		l.warn(at, "schema-metaschema", "found a value that the metaschema refuses: "+e.Message, "")
	}
}

func leaves(out []*jsonschema.ValidationError, e *jsonschema.ValidationError) []*jsonschema.ValidationError {
	if len(e.Causes) == 0 {
		return append(out, e)
	}
	for _, c := range e.Causes {
		out = leaves(out, c)
	}
	return out
}

// maxExponent is beyond every bound in a schema that means something.
const maxExponent = 1000

// plain turns a tree into what encoding/json would decode it to.
func plain(n *source.Node) any {
	switch n.Kind {
	case source.Bool:
		return n.Bool
	case source.Number:
		// The library expands exponents; no metaschema tells such numbers apart.
		if _, exponent := decimal(n.Text); exponent > maxExponent || exponent < -maxExponent {
			return json.Number("1")
		}
		return json.Number(n.Text)
	case source.String:
		return n.Text
	case source.Array:
		list := make([]any, len(n.Items))
		for i, item := range n.Items {
			list[i] = plain(item)
		}
		return list
	case source.Object:
		m := make(map[string]any, len(n.Items))
		for i, item := range n.Items {
			m[n.Keys[i].Name] = plain(item)
		}
		return m
	}
	return nil
}
