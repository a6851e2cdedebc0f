// Package resolve finds what references point to: in the same document, in
// other files, and in files that stand for remote resources. It never uses the
// network.
//
// Relative references are resolved by RFC 3986 section 5 against the URI of
// the document that they stand in. Schema resources with their own $id are the
// business of package lower, which asks for whole documents here.
package resolve

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"portcullis/schemagen/source"
)

// Codes of the ways a reference can fail. All are unenforceable findings.
const (
	CodeDangling   = "ref-dangling"   // the document or the place in it does not exist
	CodeRemote     = "ref-remote"     // another host's document, not given by -resource
	CodeUnparsable = "ref-unparsable" // the document or the reference can't be read
	CodeCycle      = "ref-cycle"      // references that only lead to each other
)

// maxHops bounds chains of references.
const maxHops = 100

// maxFileBytes bounds one document. The largest real one has 47 MB.
const maxFileBytes = 256 << 20

// Error says why a reference does not resolve.
type Error struct {
	Code string
	Msg  string // what was found and what was wanted
	Hint string
	Err  error // of the document, when it is CodeUnparsable for its text
}

func (e *Error) Error() string { return e.Msg }

// Unwrap returns the *source.Error of a document that does not parse.
func (e *Error) Unwrap() error { return e.Err }

// Input is one file that was read, for digests.
type Input struct {
	URI  string
	Path string
	Data []byte
}

// Registry holds the documents of a build. It reads each once. Not safe for
// concurrent use.
type Registry struct {
	resources map[string]string // absolute URI, or a prefix that ends in a slash, to a file or folder
	docs      map[string]loaded // by URI
	inputs    []Input
}

type loaded struct {
	doc *source.Document
	err *Error
}

// New returns an empty registry. resources maps absolute URIs to files; a URI
// that ends in a slash maps a whole folder.
func New(resources map[string]string) *Registry {
	return &Registry{resources: resources, docs: map[string]loaded{}}
}

// Read returns the files that were read, in that order. The data is shared, not
// copied.
func (r *Registry) Read() []Input { return r.inputs }

// Load reads the document in the file path. Messages name the file as path
// does.
func (r *Registry) Load(path string) (*source.Document, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("find the absolute path of %s: %w", path, err)
	}
	l := r.load(fileURI(abs), path)
	if l.err != nil {
		return nil, l.err
	}
	return l.doc, nil
}

// Document returns the document whose absolute URI is uri, which must have no
// fragment.
func (r *Registry) Document(uri string) (*source.Document, *Error) {
	if l, ok := r.docs[uri]; ok {
		return l.doc, l.err
	}
	path, err := r.locate(uri)
	if err != nil {
		return nil, err
	}
	l := r.load(uri, path)
	return l.doc, l.err
}

// Add puts a document into the registry under its URI, as if it had been read.
func (r *Registry) Add(doc *source.Document) { r.docs[doc.URI] = loaded{doc: doc} }

// Resolve returns the value that ref, a reference in from's document, points
// to. It makes one step: the result may be a reference again.
func (r *Registry) Resolve(from *source.Node, ref string) (*source.Node, *Error) {
	return r.resolve(from.Doc, ref, 0)
}

// Follow returns n, or what it leads to while it is an OpenAPI Reference
// Object: an object with a $ref that is a string.
func (r *Registry) Follow(n *source.Node) (*source.Node, *Error) {
	return r.follow(n, 0)
}

// Ref returns the text of n's $ref, or ok = false when n is no Reference
// Object.
func Ref(n *source.Node) (ref string, ok bool) {
	m := n.Get("$ref")
	if m == nil || m.Kind != source.String {
		return "", false
	}
	return m.Text, true
}

func (r *Registry) follow(n *source.Node, hops int) (*source.Node, *Error) {
	for start := n; ; hops++ {
		ref, ok := Ref(n)
		if !ok {
			return n, nil
		}
		if hops > maxHops {
			return nil, &Error{
				Code: CodeCycle, Msg: fmt.Sprintf("found references from %s that only lead to each other, wanted a value", describe(start)),
				Hint: "write the value out in one of the places",
			}
		}
		next, err := r.resolve(n.Doc, ref, hops)
		if err != nil {
			return nil, err
		}
		n = next
	}
}

func (r *Registry) resolve(from *source.Document, ref string, hops int) (*source.Node, *Error) {
	base, fragment, _ := strings.Cut(ref, "#")
	doc := from
	if base != "" {
		uri, err := Join(from.URI, base)
		if err != nil {
			return nil, &Error{Code: CodeUnparsable, Msg: fmt.Sprintf("found the reference %q, wanted a URI reference", ref)}
		}
		var e *Error
		if doc, e = r.Document(uri); e != nil {
			return nil, e
		}
	}
	ptr := unescape(fragment)
	if ptr != "" && ptr[0] != '/' {
		return nil, &Error{Code: CodeDangling, Msg: fmt.Sprintf("found the reference %q, wanted a JSON Pointer after #", ref)}
	}
	if n := source.AtPointer(doc.Root, ptr); n != nil {
		return n, nil
	}
	if ptr == "/" {
		// Strictly the member with the empty name; where there is none, people and
		// tools mean the whole document.
		return doc.Root, nil
	}
	return r.resolveThrough(doc, ref, ptr, hops)
}

// resolveThrough is for pointers that lead through a Reference Object, as
// bundlers write them: each step continues in what the object refers to.
func (r *Registry) resolveThrough(doc *source.Document, ref, ptr string, hops int) (*source.Node, *Error) {
	n := doc.Root
	for rest := strings.TrimPrefix(ptr, "/"); ; {
		token, tail, more := strings.Cut(rest, "/")
		next := source.AtPointer(n, "/"+token)
		if next == nil {
			if _, ok := Ref(n); ok && hops < maxHops {
				target, err := r.follow(n, hops+1)
				if err != nil {
					return nil, err
				}
				next = source.AtPointer(target, "/"+token)
			}
		}
		if next == nil {
			return nil, &Error{Code: CodeDangling, Msg: fmt.Sprintf("found the reference %q to nothing: %s has no %q", ref, describe(n), token)}
		}
		if !more {
			return next, nil
		}
		n, rest, hops = next, tail, hops+1
	}
}

// locate finds the file that stands for a URI.
func (r *Registry) locate(uri string) (string, *Error) {
	if path, ok := r.resources[uri]; ok {
		return path, nil
	}
	best := ""
	for prefix := range r.resources {
		if strings.HasSuffix(prefix, "/") && strings.HasPrefix(uri, prefix) && len(prefix) > len(best) {
			best = prefix
		}
	}
	if best != "" {
		rel := filepath.FromSlash(unescape(uri[len(best):]))
		if filepath.IsLocal(rel) {
			return filepath.Join(r.resources[best], rel), nil
		}
	}
	u, err := url.Parse(uri)
	if err != nil {
		return "", &Error{Code: CodeUnparsable, Msg: fmt.Sprintf("found the reference %q, wanted a URI reference", uri)}
	}
	if u.Scheme != "file" || (u.Host != "" && u.Host != "localhost") {
		return "", &Error{
			Code: CodeRemote, Msg: fmt.Sprintf("found a reference to %s, wanted a local file: the network is never used", uri),
			Hint: fmt.Sprintf("fetch it and add -resource %s=FILE", uri),
		}
	}
	return r.displayPath(filepath.FromSlash(u.Path)), nil
}

// displayPath shortens an absolute path to one relative to the working folder
// when it lies below it, so that messages and tables do not depend on where
// a checkout is.
func (r *Registry) displayPath(abs string) string {
	wd, err := os.Getwd()
	if err != nil {
		return abs
	}
	rel, err := filepath.Rel(wd, abs)
	if err != nil || len(rel) > len(abs) {
		return abs
	}
	return rel
}

func (r *Registry) load(uri, path string) loaded {
	if l, ok := r.docs[uri]; ok {
		return l
	}
	doc, err := r.read(uri, path)
	l := loaded{doc, err}
	r.docs[uri] = l
	return l
}

func (r *Registry) read(uri, path string) (*source.Document, *Error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &Error{Code: CodeDangling, Msg: fmt.Sprintf("found no file %s, wanted a document", path)}
	case err != nil:
		return nil, &Error{Code: CodeUnparsable, Msg: fmt.Sprintf("read %s: %v", path, err)}
	case !info.Mode().IsRegular():
		return nil, &Error{Code: CodeUnparsable, Msg: fmt.Sprintf("found %s, which is no regular file, wanted a document", path)}
	case info.Size() > maxFileBytes:
		return nil, &Error{Code: CodeUnparsable, Msg: fmt.Sprintf("found %s with %d bytes, wanted at most %d", path, info.Size(), maxFileBytes)}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, &Error{Code: CodeUnparsable, Msg: fmt.Sprintf("read %s: %v", path, err)}
	}
	doc, err := source.Parse(path, uri, data)
	if err != nil {
		return nil, &Error{Code: CodeUnparsable, Msg: err.Error(), Err: err}
	}
	r.inputs = append(r.inputs, Input{uri, path, data})
	return doc, nil
}

// Join resolves the reference ref against the absolute URI base
// (RFC 3986 section 5.2) and drops any fragment.
func Join(base, ref string) (string, error) {
	b, err := url.Parse(base)
	if err != nil {
		return "", fmt.Errorf("parse the base URI: %w", err)
	}
	u, err := url.Parse(ref)
	if err != nil {
		return "", fmt.Errorf("parse the reference: %w", err)
	}
	out := b.ResolveReference(u)
	out.Fragment, out.RawFragment = "", ""
	return out.String(), nil
}

// fileURI is the file: URI of an absolute path (RFC 8089).
func fileURI(abs string) string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(abs)}).String()
}

// unescape decodes percent-encoding. Real documents hold raw percent signs in
// fragments; text that does not decode is meant as it stands.
func unescape(s string) string {
	if out, err := url.PathUnescape(s); err == nil {
		return out
	}
	return s
}

func describe(n *source.Node) string {
	ptr := source.Pointer(n)
	if ptr == "" {
		return n.Doc.Path
	}
	return n.Doc.Path + "#" + ptr
}
