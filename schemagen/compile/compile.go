// Package compile is the order of the passes: read, resolve, walk, lower,
// policy, check patterns, settle what can't be enforced, select instructions,
// emit. Everything that a build does stands in Build; the passes know nothing
// of each other's order.
package compile

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"net/url"
	"path/filepath"
	"strings"

	"portcullis/schemagen/diag"
	"portcullis/schemagen/dialect"
	"portcullis/schemagen/emit"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/isel"
	"portcullis/schemagen/lower"
	"portcullis/schemagen/openapi"
	"portcullis/schemagen/overlay"
	"portcullis/schemagen/policy"
	"portcullis/schemagen/resolve"
	"portcullis/schemagen/source"
)

// Options are the inputs of a build.
type Options struct {
	Specs      []string          // paths of descriptions; empty: those that the policy names
	PolicyPath string            // "": none
	Overlays   []string          // paths of Overlay documents, applied in order
	Strict     bool              // unenforceable findings leave no table
	Resources  map[string]string // URI to file, for references that are not files
	Formats    lower.FormatMode  // where `format` asserts; zero: everywhere
	// Profile is where settings start that no policy gives: strictly, or with
	// what OpenAPI's text forbids and nothing more.
	Profile Profile
	// Progress is told what is being done, for people who wait. May be nil.
	Progress func(what string)
}

// Result is what a build made and found.
type Result struct {
	// Table is nil when there are errors, or unenforceable findings in a strict
	// build.
	Table []byte
	Build *ir.Build
	Diags diag.List // sorted
	// Denied is the operations that are compiled as deny.
	Denied []*ir.Operation
}

// NumOperations is how many operations the build has.
func (r *Result) NumOperations() (n int) {
	for _, a := range r.Build.APIs {
		n += len(a.Operations)
	}
	return n
}

// builder is one build on its way.
type builder struct {
	opts  Options
	specs []string // paths of the descriptions
	diags diag.List
	reg   *resolve.Registry
	pol   *policy.Policy
	low   *lower.Lowerer
	over  []*overlay.Overlay
	build *ir.Build
	scope map[*ir.API]*policy.Scope
	hooks map[*ir.API]hooks
	hash  hash.Hash
}

// Build reads the inputs and makes a table of them. User mistakes are findings
// in the result; an error is a mistake of ours or a call without inputs. The
// same inputs give the same bytes, wherever the files lie.
func Build(o Options) (*Result, error) {
	b := &builder{opts: o, reg: resolve.New(o.Resources), build: &ir.Build{}, scope: map[*ir.API]*policy.Scope{}, hooks: map[*ir.API]hooks{}, hash: sha256.New()}
	b.low = lower.New(b.reg, lower.Options{Formats: o.Formats}, &b.diags)
	b.readPolicy()
	b.readOverlays()
	b.specs = o.Specs
	if len(b.specs) == 0 {
		for _, a := range b.pol.APIs {
			if a.Spec != "" {
				b.specs = append(b.specs, a.Spec)
			}
		}
	}
	if len(b.specs) == 0 {
		b.extended()
	}
	if len(b.specs) == 0 && !b.failed() {
		return nil, errors.New("found no description, wanted at least one on the command line or under apis in the policy")
	}
	for _, path := range b.specs {
		b.progress("reading " + path)
		b.description(path)
	}
	b.unusedOverlays()
	b.pol.Finish(b.build.APIs)
	b.build.Unknown = b.pol.Unknown
	b.build.Providers, b.build.Limits, b.build.Consumers = b.pol.Providers(), b.pol.Limits(), b.pol.Consumers()
	b.digest()

	strs := emit.NewStrings()
	sel := isel.New(strs, isel.Options{DocumentName: b.documentName}, &b.diags)
	b.progress("compiling patterns")
	b.eachSchema(sel.Check)
	b.allow()
	b.settle()
	b.allowBodies()
	emit.Conflicts(b.build, &b.diags)
	r := &Result{Build: b.build}
	for _, a := range b.build.APIs {
		for _, op := range a.Operations {
			if op.Deny {
				r.Denied = append(r.Denied, op)
			}
		}
	}
	if !b.failed() {
		b.progress("writing the table")
		var err error
		if r.Table, err = emit.Table(b.build, sel, strs); err != nil {
			return nil, fmt.Errorf("emit the table: %w", err)
		}
		if b.failed() { // instruction selection may find more
			r.Table = nil
		}
	}
	b.diags.Sort()
	r.Diags = b.diags
	return r, nil
}

// failed reports whether there will be no table.
func (b *builder) failed() bool {
	for i := range b.diags {
		if b.diags[i].Severity == diag.Error || b.diags[i].Unenforceable && b.opts.Strict {
			return true
		}
	}
	return false
}

func (b *builder) progress(what string) {
	if b.opts.Progress != nil {
		b.opts.Progress(what)
	}
}

// readPolicy sets pol: the empty policy when there is none to be read.
func (b *builder) readPolicy() {
	b.pol = policy.Empty(&b.diags)
	if b.opts.PolicyPath == "" {
		return
	}
	reg := resolve.New(nil)
	doc, err := reg.Load(b.opts.PolicyPath)
	if err != nil {
		b.unreadable(b.opts.PolicyPath, "policy-unreadable", err)
		return
	}
	for _, in := range reg.Read() {
		b.addDigest("policy", in.Data)
	}
	b.pol = policy.Read(doc, &b.diags)
}

// unreadable reports a file that can't be used at all.
func (b *builder) unreadable(path, code string, err error) {
	d := diag.Diagnostic{Code: code, Severity: diag.Error, File: path, Line: 1, Col: 1, Message: err.Error()}
	var at *source.Error
	if errors.As(err, &at) {
		d.File, d.Line, d.Col, d.Message = at.Path, at.Pos.Line, at.Pos.Col, at.Msg
	}
	b.diags.Add(d)
}

// description reads one description into the build.
func (b *builder) description(path string) {
	doc, err := b.reg.Load(path)
	if err != nil {
		b.unreadable(path, "description-unreadable", err)
		return
	}
	for _, o := range b.over {
		if o.For(doc.URI) {
			o.Apply(doc, &b.diags)
		}
	}
	entry := b.pol.Find(path)
	scope := b.pol.Scope(doc, entry)
	lowered := map[*source.Node]*ir.Schema{}
	hooks := b.opts.Profile.hooks(scope)
	api := openapi.Walk(doc, openapi.Options{
		Name:     b.apiName(path, entry),
		Registry: b.reg,
		Lower: func(n *source.Node, d dialect.Dialect) *ir.Schema {
			s, ok := lowered[n]
			if !ok {
				s = b.low.Schema(n, d, lower.Request)
				lowered[n] = s
			}
			return s
		},
		LowerBody:     b.low.Body,
		LowerResponse: b.low.Response,
		Settle:        hooks.settle, MediaAction: hooks.mediaAction, Security: hooks.security,
		Diags: &b.diags,
	})
	if api == nil {
		return
	}
	scope.Finish(api)
	b.scope[api] = scope
	b.hooks[api] = hooks
	b.build.APIs = append(b.build.APIs, api)
}

// apiName is the policy's name for a description, or that of its file. Names
// are unique in a build.
func (b *builder) apiName(path string, entry *policy.API) string {
	name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	if entry != nil && entry.Name != "" {
		name = entry.Name
	}
	unique := name
	for i := 2; ; i++ {
		taken := false
		for _, a := range b.build.APIs {
			taken = taken || a.Name == unique
		}
		if !taken {
			return unique
		}
		unique = fmt.Sprintf("%s-%d", name, i)
	}
}

// documentName is the name of a document in the table: the path of a file as
// seen from the folder of the first description, other URIs as they are.
func (b *builder) documentName(uri string) string {
	path, ok := filePath(uri)
	if !ok || len(b.specs) == 0 {
		return uri
	}
	base, err := filepath.Abs(b.specs[0])
	if err != nil {
		return uri
	}
	rel, err := filepath.Rel(filepath.Dir(base), path)
	if err != nil {
		return uri
	}
	return filepath.ToSlash(rel)
}

func filePath(uri string) (string, bool) {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "file" {
		return "", false
	}
	return filepath.FromSlash(u.Path), true
}

// addDigest adds one input to the digest, with its kind and length, so that
// the borders between inputs count.
func (b *builder) addDigest(kind string, data []byte) {
	var size [8]byte
	binary.LittleEndian.PutUint64(size[:], uint64(len(data)))
	b.hash.Write([]byte(kind))
	b.hash.Write(size[:])
	b.hash.Write(data)
}

// digest finishes InputsDigest: contents in the order of reading and what of
// the options changes the table, never paths.
func (b *builder) digest() {
	for _, in := range b.reg.Read() {
		b.addDigest("document", in.Data)
	}
	for _, f := range b.pol.Files() {
		b.addDigest("file", f.Data)
	}
	b.addDigest("options", []byte{byte(b.opts.Formats), byte(b.opts.Profile)})
	copy(b.build.InputsDigest[:], b.hash.Sum(nil))
}
