package openapi

import (
	"fmt"
	"strings"

	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// security reads the requirements of an operation: its own, or those of the
// root (OpenAPI 3.1.1 section 4.8.30).
func (w *walker) security(n *source.Node) {
	if w.opts.Security != nil {
		if reqs, ok := w.opts.Security(w.op); ok {
			w.op.Security = reqs
			return
		}
	}
	list := n.Get("security")
	if list == nil {
		list = w.root.Get("security")
	}
	if list == nil {
		return
	}
	if list.Kind != source.Array {
		w.unenforceable(list, "security-invalid", fmt.Sprintf("found %s as security, wanted an array", list.Kind), "")
		return
	}
	before := len(w.op.Unenforceable)
	for _, item := range list.Items {
		if item.Kind != source.Object {
			w.unenforceable(item, "security-invalid", fmt.Sprintf("found %s as a security requirement, wanted an object", item.Kind), "")
			continue
		}
		if r, ok := w.requirement(item); ok {
			w.op.Security = append(w.op.Security, r)
		}
	}
	if len(w.op.Security) == 0 && len(list.Items) > 0 && len(w.op.Unenforceable) == before {
		// Without an alternative left the operation would be public.
		w.op.Unenforceable = append(w.op.Unenforceable, codeScheme)
	}
}

const codeScheme = "security-scheme"

// requirement reads one alternative. ok is false when a scheme of it can't be
// judged: the alternative is left out, since no request meets it.
func (w *walker) requirement(item *source.Node) (r ir.Requirement, ok bool) {
	ok = true
	for i, scopes := range item.Items {
		name := item.Keys[i].Name
		scheme := w.scheme(name)
		if scheme == nil {
			if w.add(scopes, codeScheme, fmt.Sprintf("found a requirement of the security scheme %q, wanted one that the description defines and that is known", name), securityHint) {
				ok = false
			}
			continue
		}
		use := ir.SchemeUse{Scheme: scheme}
		if scopes.Kind == source.Array {
			for _, s := range scopes.Items {
				if s.Kind == source.String {
					use.Scopes = append(use.Scopes, s.Text)
				}
			}
		}
		r.Uses = append(r.Uses, use)
	}
	return r, ok
}

// scheme is the security scheme called name, or nil when it is not known.
func (w *walker) scheme(name string) *ir.Scheme {
	s, ok := w.schemes[name]
	if !ok {
		s = w.newScheme(name)
		w.schemes[name] = s
	}
	return s
}

// newScheme reads a scheme's definition; nil when there is none that is known.
func (w *walker) newScheme(name string) *ir.Scheme {
	defs := w.root.Get("components").Get("securitySchemes")
	if w.version == version20 {
		defs = w.root.Get("securityDefinitions")
	}
	n := defs.Get(name)
	if n == nil {
		return nil
	}
	n, err := w.opts.Registry.Follow(n)
	if err != nil {
		return nil
	}
	s := &ir.Scheme{API: w.api, Name: name, Node: n}
	switch typ := n.Str("type"); typ {
	case "oauth2", "openIdConnect":
		s.Kind = ir.SchemeBearer
	case "http":
		switch strings.ToLower(n.Str("scheme")) {
		case "bearer":
			s.Kind = ir.SchemeBearer
		case "basic":
			s.Kind = ir.SchemeBasic
		default:
			return nil
		}
	case "basic":
		s.Kind = ir.SchemeBasic
	case "apiKey":
		s.Kind, s.In, s.ParamName = ir.SchemeAPIKey, places[n.Str("in")], n.Str("name")
		if s.In == ir.InHeader {
			s.ParamName = strings.ToLower(s.ParamName)
		}
		if s.ParamName == "" || s.In != ir.InHeader && s.In != ir.InQuery && s.In != ir.InCookie {
			return nil
		}
	case "mutualTLS":
		s.Kind = ir.SchemeMutualTLS
	default:
		return nil
	}
	return s
}
