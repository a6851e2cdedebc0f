package policy

import (
	"strings"

	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// prefix is how the members of a description that are settings begin.
const prefix = "x-portcullis-"

// extension is what the root of a description says.
type extension struct {
	mode     ir.Mode
	hosts    []Host
	basePath *string
	schemes  map[string]*binding
	defaults settings
}

// level is where in a description settings stand.
type level uint8

const (
	pathLevel level = iota + 1
	operationLevel
)

// extensionNames is the settings of rules by their names in descriptions.
var extensionNames = map[string]string{
	"mode": "mode", "inspect": "inspect", "limits": "limits", "security": "security", "allow": "allow",
	"max-body-bytes": "maxBodyBytes", "max-depth": "maxDepth", "allow-duplicate-names": "allowDuplicateNames",
	"unknown-query": "unknownQuery", "path": "path", "head": "head", "preflight": "preflight", "media-types": "mediaTypes", "responses": "responses", "bodies": "bodies", "forward": "forward", "waive": "waive",
}

// readRootExtensions reads the x-portcullis-* members of a description's root.
// Providers and limits join the policy's; those of the same name give way to
// the policy's.
func (p *Policy) readRootExtensions(root *source.Node) (e extension) {
	d := p.dec
	p.extensions(root, "the root of the description", fields{
		"mode":      func(n *source.Node) { e.mode = oneOf(d, n, prefix+"mode", modes) },
		"hosts":     func(n *source.Node) { e.hosts = p.readHosts(n) },
		"base-path": func(n *source.Node) { e.basePath = p.readBasePath(n) },
		"schemes":   func(n *source.Node) { e.schemes = p.readSchemes(n) },
		"providers": func(n *source.Node) { p.readProviders(n, p.providers) },
		"limits":    func(n *source.Node) { p.readLimits(n, p.limits) },
		"defaults":  func(n *source.Node) { p.readDefaults(n, &e.defaults) },
	})
	return e
}

// readExtensions reads those of a path item or an operation.
func (p *Policy) readExtensions(n *source.Node, l level) (s settings) {
	if n == nil || n.Kind != source.Object {
		return s
	}
	what := "an operation"
	if l == pathLevel {
		what = "a path item"
	}
	all := p.settingFields(&s)
	f := fields{}
	for ext, name := range extensionNames {
		f[ext] = all[name]
	}
	p.extensions(n, what, f)
	return s
}

// readSchemeExtension reads what a security scheme says of who is accepted.
func (p *Policy) readSchemeExtension(n *source.Node) *binding {
	if n == nil || n.Kind != source.Object {
		return nil
	}
	var b binding
	f := p.bindingFields(&b)
	f["forwarded-by"] = f["forwardedBy"]
	delete(f, "forwardedBy")
	for name, read := range f {
		f[name] = func(n *source.Node) { b.node = n; read(n) }
	}
	p.extensions(n, "a security scheme", f)
	if b.node == nil {
		return nil
	}
	p.checkBinding(b.node, &b)
	return &b
}

// extensions calls the reader of each x-portcullis-* member of n.
func (p *Policy) extensions(n *source.Node, what string, f fields) {
	if n.Kind != source.Object {
		return
	}
	for i, item := range n.Items {
		name, ok := strings.CutPrefix(n.Keys[i].Name, prefix)
		if !ok {
			continue
		}
		if read, ok := f[name]; ok {
			read(item)
			continue
		}
		full := fields{}
		for k := range f {
			full[prefix+k] = nil
		}
		p.dec.unknown(item, prefix+name, what, full)
	}
}

// givesWay reports whether a definition n in a description stands back for
// old. Two descriptions with one name for different things are an error.
func (p *Policy) givesWay(what, name string, n, old *source.Node) bool {
	if n.Doc.Path == p.path || old.Doc == n.Doc {
		return false
	}
	if old.Doc.Path != p.path {
		p.dec.errorf(n, "policy-twice", "found the %s %q, which %s defines too, wanted one definition: move it to the policy", what, name, old.Doc.Path)
	}
	return true
}

// checkMisplaced reports x-portcullis-* members of a description where nothing
// reads them: a setting that does nothing is worse than none.
func (p *Policy) checkMisplaced(root *source.Node) {
	var walk func(n *source.Node, path []string)
	walk = func(n *source.Node, path []string) {
		for i, item := range n.Items {
			if n.Kind == source.Object && strings.HasPrefix(n.Keys[i].Name, prefix) {
				if !readsExtensions(path) {
					p.dec.errorf(item, "policy-misplaced", "found %s where it means nothing, wanted it at the root, a path item, an operation or a security scheme", n.Keys[i].Name)
				}
				continue
			}
			walk(item, append(path, item.Name))
		}
	}
	walk(root, nil)
}

// readsExtensions reports whether settings may stand in the value at path.
func readsExtensions(path []string) bool {
	if len(path) > 0 && path[0] == "components" {
		path = path[1:]
	}
	switch len(path) {
	case 0:
		return true
	case 2, 3, 4: // of path items: name, method, and 3.2's additionalOperations
		switch path[0] {
		case "paths", "pathItems":
			return len(path) < 4 || path[2] == "additionalOperations"
		case "securitySchemes", "securityDefinitions":
			return len(path) == 2
		}
	}
	return false
}
