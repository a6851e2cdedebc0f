// Package overlay applies OpenAPI Overlay 1.0 documents: lists of changes to a
// description, each at the places that a JSONPath (RFC 9535) selects.
//
// It changes the tree of a description in place. What an overlay brings keeps
// its place in the overlay (source.Place), so that findings about it point to
// where it was written; references in it are those of the description.
//
// It never guesses: an action that selects nothing is a warning, and one that
// can't be applied as the specification says is an error.
package overlay

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/theory/jsonpath"
	"github.com/theory/jsonpath/spec"

	"portcullis/schemagen/diag"
	"portcullis/schemagen/resolve"
	"portcullis/schemagen/source"
)

// Overlay is one document that was read.
type Overlay struct {
	Title   string
	Extends string // absolute URI of the description that it is for, "" for any
	actions []action
	doc     *source.Document
	used    bool
}

// action is one change.
type action struct {
	node   *source.Node
	path   *jsonpath.Path
	update *source.Node // nil: none
	remove bool
}

// Read reads the overlay in doc. Defects are errors in diags; nil means that
// nothing of it can be used.
func Read(doc *source.Document, diags *diag.List) *Overlay {
	r := reader{diags}
	root := doc.Root
	if root.Kind != source.Object || root.Get("overlay") == nil {
		r.errorf(root, "overlay-version", "found no member overlay at the root, wanted an Overlay document (%q: %q)", "overlay", "1.0.0")
		return nil
	}
	if v := root.Get("overlay"); v.Text != "1.0" && !strings.HasPrefix(v.Text, "1.0.") {
		r.errorf(v, "overlay-version", "found the overlay version %q, wanted 1.0.0", v.Text)
		return nil
	}
	o := &Overlay{doc: doc, Title: root.Get("info").Str("title")}
	for i, n := range root.Items {
		switch name := root.Keys[i].Name; {
		case name == "overlay", name == "info", name == "actions", strings.HasPrefix(name, "x-"):
		case name == "extends":
			o.Extends = r.extends(n, doc.URI)
		default:
			r.errorf(n, "overlay-unknown-name", "found the unknown name %q in the overlay, wanted overlay, info, extends or actions", name)
		}
	}
	list := root.Get("actions")
	if list == nil || list.Kind != source.Array || len(list.Items) == 0 {
		r.errorf(root, "overlay-no-actions", "found an overlay without actions, wanted an array of at least one")
		return o
	}
	for _, n := range list.Items {
		if a, ok := r.action(n); ok {
			o.actions = append(o.actions, a)
		}
	}
	return o
}

type reader struct{ diags *diag.List }

func (r reader) errorf(n *source.Node, code, format string, args ...any) {
	r.diags.Add(diag.Diagnostic{Code: code, Severity: diag.Error, Message: fmt.Sprintf(format, args...)}.At(n))
}

func (r reader) extends(n *source.Node, base string) string {
	uri, err := resolve.Join(base, n.Text)
	if n.Kind != source.String || err != nil || n.Text == "" {
		r.errorf(n, "overlay-extends", "found %s %q as extends, wanted a URI reference", n.Kind, n.Text)
		return ""
	}
	return uri
}

func (r reader) action(n *source.Node) (a action, ok bool) {
	if n.Kind != source.Object {
		r.errorf(n, "overlay-action", "found %s as an action, wanted an object", n.Kind)
		return a, false
	}
	a.node, ok = n, true
	for i, m := range n.Items {
		switch name := n.Keys[i].Name; {
		case name == "target", name == "description", strings.HasPrefix(name, "x-"):
		case name == "update":
			a.update = m
		case name == "remove":
			if m.Kind != source.Bool {
				r.errorf(m, "overlay-action", "found %s as remove, wanted a boolean", m.Kind)
				ok = false
			}
			a.remove = m.Bool
		default:
			r.errorf(m, "overlay-unknown-name", "found the unknown name %q in an action, wanted target, description, update or remove", name)
			ok = false
		}
	}
	target := n.Get("target")
	if target == nil || target.Kind != source.String {
		r.errorf(n, "overlay-target", "found an action without a target, wanted a JSONPath")
		return a, false
	}
	path, err := jsonpath.Parse(target.Text)
	if err != nil {
		r.errorf(target, "overlay-target", "found the target %q, wanted a JSONPath of RFC 9535: %v", target.Text, strings.TrimPrefix(err.Error(), "jsonpath: "))
		return a, false
	}
	if a.update == nil && !a.remove {
		r.errorf(n, "overlay-action", "found an action that neither updates nor removes, wanted one of them")
		ok = false
	}
	a.path = path
	return a, ok
}

// For reports whether o is for the description with the absolute URI uri, and
// remembers that it was asked for.
func (o *Overlay) For(uri string) bool {
	if o.Extends != "" && o.Extends != uri {
		return false
	}
	o.used = true
	return true
}

// Unused reports that no description was o's.
func (o *Overlay) Unused() bool { return !o.used }

// Root is where o begins, for findings about all of it.
func (o *Overlay) Root() *source.Node {
	if n := o.doc.Root.Get("extends"); n != nil {
		return n
	}
	return o.doc.Root
}

// Apply makes the changes of o to target, in order.
func (o *Overlay) Apply(target *source.Document, diags *diag.List) {
	r := reader{diags}
	var tree any // target as the JSONPath library wants it; nil: to be made
	for _, a := range o.actions {
		if tree == nil {
			tree = plain(target.Root)
		}
		nodes := find(a.path, tree, target.Root)
		if len(nodes) == 0 {
			text := a.node.Str("target")
			diags.Add(diag.Diagnostic{
				Code: "overlay-no-match", Severity: diag.Warning,
				Message: fmt.Sprintf("found the target %q, which selects nothing in %s, wanted a place that is there", text, target.Path),
				Hint:    "see whether the description has moved on since the overlay was written",
			}.At(a.node.Get("target")))
			continue
		}
		tree = nil
		for _, n := range nodes {
			if a.remove { // update has no effect beside it
				if n.Parent == nil {
					r.errorf(a.node, "overlay-action", "found an action that removes the whole description, wanted a part of it")
					continue
				}
				n.Remove()
				continue
			}
			r.update(n, a.update, target)
		}
	}
}

// find returns what path selects in root, in document order for what is the
// same to the path.
func find(path *jsonpath.Path, tree any, root *source.Node) (out []*source.Node) {
	located := path.SelectLocated(tree)
	for _, l := range located {
		n := root
		for _, step := range l.Path {
			switch s := step.(type) {
			case spec.Name:
				n = n.Get(string(s))
			case spec.Index:
				if n == nil || int(s) < 0 || int(s) >= len(n.Items) {
					n = nil
					break
				}
				n = n.Items[s]
			}
		}
		if n != nil && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	// The library goes through maps in any order.
	slices.SortStableFunc(out, func(a, b *source.Node) int { return strings.Compare(source.Pointer(a), source.Pointer(b)) })
	return out
}

// update merges with into n (Overlay 1.0.0 section 4.4.3).
func (r reader) update(n, with *source.Node, doc *source.Document) {
	switch {
	case n.Kind == source.Array:
		n.Append(source.Copy(with, doc))
	case n.Kind == source.Object && with.Kind == source.Object:
		r.merge(n, with, doc)
	case n.Kind == source.Object:
		r.errorf(with, "overlay-update", "found %s as the update of an object, wanted an object", with.Kind)
	default:
		r.errorf(with, "overlay-update", "found an update of %s, wanted the object or array that holds it as the target", n.Kind)
	}
}

// merge takes the members of with into n: objects are merged, arrays are put
// at the end, other values stand in place of what was there.
func (r reader) merge(n, with *source.Node, doc *source.Document) {
	for i, item := range with.Items {
		key := with.Keys[i]
		old := n.Get(key.Name)
		switch {
		case old != nil && old.Kind == source.Object && item.Kind == source.Object:
			r.merge(old, item, doc)
		case old != nil && old.Kind == source.Array && item.Kind == source.Array:
			for _, e := range item.Items {
				old.Append(source.Copy(e, doc))
			}
		case old != nil && (isContainer(old) || isContainer(item)):
			r.errorf(item, "overlay-update", "found %s as the update of %q, which is %s, wanted one of its kind", item.Kind, key.Name, old.Kind)
		default:
			n.Set(key, source.Copy(item, doc))
		}
	}
}

func isContainer(n *source.Node) bool { return n.Kind == source.Object || n.Kind == source.Array }

// plain is n as encoding/json would have it, with numbers as they are written.
func plain(n *source.Node) any {
	switch n.Kind {
	case source.Bool:
		return n.Bool
	case source.Number:
		return json.Number(n.Text)
	case source.String:
		return n.Text
	case source.Array:
		out := make([]any, len(n.Items))
		for i, item := range n.Items {
			out[i] = plain(item)
		}
		return out
	case source.Object:
		out := make(map[string]any, len(n.Items))
		for i, item := range n.Items {
			out[n.Keys[i].Name] = plain(item)
		}
		return out
	}
	return nil
}
