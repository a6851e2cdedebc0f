// Package openapi walks API descriptions, OpenAPI 2.0 to 3.2, and makes
// ir.APIs of them: where the API answers, which operations it has, and what a
// request to each must look like.
//
// It never stops at a defect. What will not be enforced exactly as the
// description says becomes an unenforceable finding of the operation, whose
// code stands in ir.Operation.Unenforceable unless it is waived.
package openapi

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"portcullis/filter/param"
	"portcullis/schemagen/diag"
	"portcullis/schemagen/dialect"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/resolve"
	"portcullis/schemagen/source"
)

// Options are what a walk needs besides the document.
type Options struct {
	Name     string // name of the API
	Registry *resolve.Registry
	// Lower makes the model of a schema that judges requests.
	Lower func(n *source.Node, d dialect.Dialect) *ir.Schema
	// LowerBody makes the model of a schema that judges bodies of requests more
	// strictly than the description says.
	LowerBody func(n *source.Node, d dialect.Dialect, r ir.BodyRules) *ir.Schema
	// LowerResponse makes the model of a schema that judges responses; closed is
	// ir.Responses.Closed. May be nil: responses are not judged.
	LowerResponse func(n *source.Node, d dialect.Dialect, closed bool) *ir.Schema
	// Settle is called with each operation as soon as its method, path, id and
	// node are known, before anything else of it is read: the policy fills in
	// waivers and modes. May be nil.
	Settle func(op *ir.Operation)
	// MediaAction is what the policy says about bodies of a media type, by its
	// text in the description, lower case; 0: nothing. May be nil.
	MediaAction func(op *ir.Operation, mediaType string) ir.Action
	// Security is the requirements that stand in place of the description's; ok
	// is false when the description's count. May be nil.
	Security func(op *ir.Operation) (reqs []ir.Requirement, ok bool)
	Diags    *diag.List
}

// version is the part of a version number that matters here.
type version uint8

const (
	version20 version = iota + 1
	version30
	version31
	version32
)

// walker walks one description.
type walker struct {
	opts    Options
	doc     *source.Document
	root    *source.Node
	version version
	dialect dialect.Dialect
	api     *ir.API
	op      *ir.Operation // the operation being read, nil outside
	schemes map[string]*ir.Scheme
	shapes  *shaper
	bound   map[*ir.Schema]bounded
}

// methods is the fixed fields of a path item that are operations, in the order
// in which the specification lists them.
var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace", "query"}

// Walk reads the description doc. It returns nil when doc is none: that is an
// error among the findings.
func Walk(doc *source.Document, opts Options) *ir.API {
	w := &walker{opts: opts, doc: doc, root: doc.Root, schemes: map[string]*ir.Scheme{}, shapes: newShaper(), bound: map[*ir.Schema]bounded{}}
	if !w.findVersion() {
		return nil
	}
	info := w.root.Get("info")
	w.api = &ir.API{
		Name: opts.Name, Title: info.Str("title"), Version: info.Str("version"),
		Mode: ir.ModeEnforce, File: doc.Path,
	}
	if w.version == version20 {
		w.api.Mounts = w.mounts20()
	} else {
		w.api.Mounts = w.mounts(w.root.Get("servers"))
	}
	w.paths()
	return w.api
}

// findVersion sets version and dialect.
func (w *walker) findVersion() bool {
	n := w.root.Get("openapi")
	if n == nil {
		n = w.root.Get("swagger")
	}
	if n == nil {
		w.report(diag.Error, w.root, "description-version",
			"found no member openapi or swagger at the root, wanted an OpenAPI description", "")
		return false
	}
	d, ok := dialect.ForOpenAPI(n.Text)
	if !ok {
		w.report(diag.Error, n, "description-version",
			fmt.Sprintf("found the version %q, wanted 2.0, 3.0, 3.1 or 3.2", n.Text), "")
		return false
	}
	w.dialect = d
	w.version = map[dialect.Version]version{
		dialect.OpenAPI20: version20, dialect.OpenAPI30: version30,
		dialect.OpenAPI31: version31, dialect.OpenAPI32: version32,
	}[d.Version]
	return true
}

func (w *walker) paths() {
	paths := w.root.Get("paths")
	if paths == nil || paths.Kind != source.Object {
		w.report(diag.Warning, w.root, "description-no-paths", "found no paths, wanted at least one: every request will be refused", "")
		return
	}
	for i, item := range paths.Items {
		path := paths.Keys[i].Name
		switch {
		case strings.HasPrefix(path, "x-"):
			continue
		case !strings.HasPrefix(path, "/"):
			w.report(diag.Error, item, "path-invalid", fmt.Sprintf("found the path %q, wanted one that starts with a slash", path), "")
			continue
		}
		w.pathItem(path, item)
	}
}

// pathItem reads the operations of one path.
func (w *walker) pathItem(path string, item *source.Node) {
	// A path item's own members stand beside those of the item that its $ref
	// leads to (OpenAPI 3.1.1 section 4.8.9.1), which may have a $ref again.
	chain := []*source.Node{item}
	for at := item; ; {
		ref, ok := resolve.Ref(at)
		if !ok {
			break
		}
		_, err := w.opts.Registry.Follow(at) // the whole of it, for its bound on cycles
		if err == nil {
			at, err = w.opts.Registry.Resolve(at, ref)
		}
		if err != nil {
			w.op = nil
			w.refError(item, err)
			return
		}
		chain = append(chain, at)
	}
	if target := chain[len(chain)-1]; target.Kind != source.Object {
		w.report(diag.Error, target, "path-invalid", fmt.Sprintf("found %s as the path item of %s, wanted an object", target.Kind, path), "")
		return
	}
	member := func(name string) *source.Node {
		for _, n := range chain {
			if m := n.Get(name); m != nil {
				return m
			}
		}
		return nil
	}
	shared := member("parameters")
	for _, m := range methods {
		if m == "query" && w.version < version32 || m == "trace" && w.version == version20 {
			continue
		}
		if n := member(m); n != nil {
			w.operation(strings.ToUpper(m), path, n, shared, member("servers"))
			for _, name := range []string{m, "parameters", "servers"} {
				w.checkOnce(chain, name)
			}
		}
	}
	w.op = nil
	if more := member("additionalOperations"); more != nil && w.version >= version32 && more.Kind == source.Object {
		for i, n := range more.Items {
			w.operation(more.Keys[i].Name, path, n, shared, member("servers"))
			for _, name := range []string{"additionalOperations", "parameters", "servers"} {
				w.checkOnce(chain, name)
			}
		}
	}
	w.op = nil
}

// checkOnce finds a member that several of a chain of path items have: what is
// meant is then undefined.
func (w *walker) checkOnce(chain []*source.Node, name string) {
	var first *source.Node
	for _, item := range chain {
		n := item.Get(name)
		switch {
		case n == nil:
		case first == nil:
			first = n
		default:
			w.unenforceable(first, "path-item-conflict", fmt.Sprintf("found %s both beside a $ref and in what it refers to, wanted it once", name), "")
			return
		}
	}
}

func (w *walker) operation(method, path string, n, shared, servers *source.Node) {
	at := n
	n, err := w.opts.Registry.Follow(at)
	if err != nil {
		n = at
	}
	op := &ir.Operation{
		API: w.api, ID: n.Str("operationId"), Method: method, Path: path,
		Mode: ir.ModeEnforce, Inspect: ir.InspectBody, UnknownQuery: ir.ActionDeny,
		Deprecated: n.IsTrue("deprecated"), Node: n,
	}
	w.op = op
	if n.Kind != source.Object {
		w.report(diag.Error, n, "operation-invalid", fmt.Sprintf("found %s, wanted an operation object", n.Kind), "")
		return
	}
	if w.opts.Settle != nil {
		w.opts.Settle(op)
	}
	var ok bool
	if op.Segments, ok = w.template(path, n); !ok {
		// Nothing can be routed to it: its requests are not found, hence refused.
		return
	}
	if err != nil {
		w.refError(at, err)
	} else if n != at {
		w.operationRef(at)
	}
	w.operationServers(n, servers)
	params := w.mergeParams(shared, n.Get("parameters"))
	if w.version == version20 {
		w.params20(params)
		w.body20(params)
	} else {
		w.params(params)
		w.body(n.Get("requestBody"))
	}
	w.bounds(op)
	w.checkPathParams(n)
	if len(op.Params) > maxParams {
		w.unenforceable(n, "parameter-count", fmt.Sprintf("found %d parameters, wanted at most %d", len(op.Params), maxParams), "")
	}
	w.responses(n)
	w.security(n)
	w.api.Operations = append(w.api.Operations, op)
}

// operationRef reports a $ref in place of an operation. OpenAPI has none there,
// yet descriptions in several files do, and tools agree on what it means while
// nothing stands beside it.
func (w *walker) operationRef(at *source.Node) {
	if len(at.Keys) > 1 {
		w.unenforceable(at, "operation-ref", "found members beside the $ref of an operation, wanted the $ref alone", "")
		return
	}
	w.report(diag.Warning, at, "operation-ref", "found a $ref as an operation, where OpenAPI has none: it is followed", "")
}

// maxParams is how many parameters of one operation the filter can hold.
const maxParams = param.MaxParams

// report adds a finding at n.
func (w *walker) report(sev diag.Severity, n *source.Node, code, message, hint string) {
	w.opts.Diags.Add(diag.Diagnostic{
		Code: code, Severity: sev, Operation: w.opName(), Message: message, Hint: hint,
	}.At(n))
}

// unenforceable adds a finding that denies the current operation. It reports
// whether the finding stands: false when it is waived.
func (w *walker) unenforceable(n *source.Node, code, message, hint string) bool {
	if !w.add(n, code, message, hint) {
		return false
	}
	if w.op != nil && !slices.Contains(w.op.Unenforceable, code) {
		w.op.Unenforceable = append(w.op.Unenforceable, code)
	}
	return true
}

// add adds an unenforceable finding, or a note when it is waived. Who denies
// what is left to the caller.
func (w *walker) add(n *source.Node, code, message, hint string) (stands bool) {
	if w.waived(code) {
		w.report(diag.Note, n, code, message+" (waived)", "")
		return false
	}
	w.opts.Diags.Add(diag.Diagnostic{
		Code: code, Severity: diag.Warning, Unenforceable: true,
		Operation: w.opName(), Message: message, Hint: hint,
	}.At(n))
	return true
}

func (w *walker) waived(code string) bool {
	return w.op != nil && slices.Contains(w.op.Waivers, code)
}

// refError reports a reference that can't be resolved.
func (w *walker) refError(n *source.Node, err *resolve.Error) {
	w.unenforceable(n, err.Code, err.Msg, err.Hint)
}

// follow resolves n's references; ok is false when they can't be, and then the
// finding is there.
func (w *walker) follow(n *source.Node) (target *source.Node, ok bool) {
	target, err := w.opts.Registry.Follow(n)
	if err != nil {
		w.refError(n, err)
		return nil, false
	}
	return target, true
}

func (w *walker) opName() string {
	if w.op == nil {
		return ""
	}
	name := w.op.Method + " " + w.op.Path
	if strings.ContainsFunc(name, unicode.IsControl) { // findings are lines
		name = strings.Trim(strconv.Quote(name), `"`)
	}
	return name
}

func loc(n *source.Node) ir.Loc {
	l := ir.Loc{Node: n, Pointer: source.Pointer(n)}
	if n.Doc != nil {
		l.URI = n.Doc.URI
	}
	return l
}
