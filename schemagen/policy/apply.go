package policy

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"portcullis/schemagen/diag"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// Scope is a policy as it bears on one description. Its methods are called
// while the description is walked, Finish after it.
type Scope struct {
	policy *Policy
	api    *API // nil: the policy has no entry for the description
	mode   ir.Mode
	ext    extension
	amazon map[string]ir.Inspect     // request validators
	paths  map[*source.Node]settings // what x-amazon-* members of path items say
	done   map[*ir.Operation]settings
	tags   map[*ir.Operation][]string
}

// Find returns the entry whose spec is the file path, or nil.
func (p *Policy) Find(path string) *API {
	for _, a := range p.APIs {
		if samePath(a.Spec, path) {
			a.used = true
			return a
		}
	}
	return nil
}

func samePath(a, b string) bool {
	x, errX := filepath.Abs(a)
	y, errY := filepath.Abs(b)
	return errX == nil && errY == nil && x == y
}

// Scope returns p for the description doc with the entry a, which may be nil.
func (p *Policy) Scope(doc *source.Document, a *API) *Scope {
	s := &Scope{policy: p, api: a, done: map[*ir.Operation]settings{}, tags: map[*ir.Operation][]string{}}
	s.ext = p.readRootExtensions(doc.Root)
	s.amazon, s.paths = p.readAmazonValidators(doc.Root), map[*source.Node]settings{}
	s.ext.defaults = p.readAmazon(doc.Root, "", s.amazon).with(s.ext.defaults)
	p.checkMisplaced(doc.Root)
	s.mode = orMode(s.ext.mode, p.Mode)
	if a != nil {
		s.mode = orMode(a.mode, s.mode)
	}
	return s
}

// Settle fills in what the policy says about op. op has its method, path, id
// and node.
func (s *Scope) Settle(op *ir.Operation) {
	p := s.policy
	s.tags[op] = tags(op.Node)
	merged := p.defaults
	if s.api != nil {
		merged = merged.with(s.api.defaults)
	}
	merged = merged.with(s.ext.defaults)
	merged = merged.with(s.amazonPath(op))
	merged = merged.with(p.readExtensions(op.Node.Parent, pathLevel))
	merged = merged.with(p.readAmazon(op.Node, op.Method+op.Path, s.amazon))
	merged = merged.with(p.readExtensions(op.Node, operationLevel))
	for _, r := range p.rules {
		if r.matches(op, s.tags[op]) {
			merged = merged.with(r.settings)
		}
	}
	if s.api != nil {
		for _, r := range s.api.rules {
			if r.matches(op, s.tags[op]) {
				merged = merged.with(r.settings)
			}
		}
	}
	s.done[op] = merged
	s.apply(op, merged)
}

// amazonPath is what the x-amazon-* members of op's path item say, read once.
func (s *Scope) amazonPath(op *ir.Operation) settings {
	n := op.Node.Parent
	found, ok := s.paths[n]
	if !ok {
		found = s.policy.readAmazon(n, op.Path, s.amazon)
		s.paths[n] = found
	}
	return found
}

// apply copies settings into op. Security waits for the schemes.
func (s *Scope) apply(op *ir.Operation, m settings) {
	op.Mode = orMode(m.mode, s.mode)
	s.inspect(op, m)
	if m.maxBodyBytes != nil {
		op.MaxBodyBytes = *m.maxBodyBytes
	}
	if m.maxDepth != 0 {
		op.MaxDepth = m.maxDepth
	}
	if m.allowDuplicateNames != nil {
		op.AllowDuplicateNames = *m.allowDuplicateNames
	}
	if m.unknownQuery != 0 {
		op.UnknownQuery = m.unknownQuery
	}
	if m.path != nil {
		op.PathRules = *m.path
	}
	if m.ambiguous != nil {
		op.Ambiguous = *m.ambiguous
	}
	op.HeadAsGet, op.Preflight = m.head == "get", m.preflight == ir.ActionPass
	op.CORS, op.ContentEncodings, op.Upgrades = s.cors(op, m.cors), m.encodings, m.upgrades
	op.Responses = m.responses.model()
	if m.bodies != nil {
		op.BodyRules = *m.bodies
	}
	op.Forward = m.forward
	for _, w := range m.waive {
		if !slices.Contains(op.Waivers, w.Code) {
			op.Waivers = append(op.Waivers, w.Code)
		}
	}
	for _, name := range m.limits {
		l, ok := s.policy.limits[name]
		if !ok {
			s.unknown(m.limitsNode, "limit", name, byName(names(s.policy.limits)))
			continue
		}
		op.Limits = append(op.Limits, l)
	}
}

func names[T any](m map[string]T) map[string]string {
	out := map[string]string{}
	for k := range m {
		out[k] = k
	}
	return out
}

// unknown reports a name that the policy does not define.
func (s *Scope) unknown(n *source.Node, what, name string, known []string) {
	msg := fmt.Sprintf("found the unknown %s %q, wanted one that is defined", what, name)
	if near := nearest(name, known); near != "" {
		msg += fmt.Sprintf(": did you mean %q?", near)
	}
	s.policy.dec.errorf(n, "policy-unknown-"+what, "%s", msg)
}

// with is s where over sets nothing, over elsewhere. Waivers add up.
func (s settings) with(over settings) settings {
	if over.mode != 0 {
		s.mode = over.mode
	}
	s.inspection(over)
	if over.limits != nil {
		s.limits, s.limitsNode = over.limits, over.limitsNode
	}
	if over.security != nil {
		s.security = over.security
	}
	if over.allow != nil {
		s.allow = over.allow
	}
	if over.maxBodyBytes != nil {
		s.maxBodyBytes = over.maxBodyBytes
	}
	if over.maxDepth != 0 {
		s.maxDepth = over.maxDepth
	}
	if over.allowDuplicateNames != nil {
		s.allowDuplicateNames = over.allowDuplicateNames
	}
	if over.unknownQuery != 0 {
		s.unknownQuery = over.unknownQuery
	}
	if over.path != nil {
		s.path = over.path
	}
	if over.ambiguous != nil {
		s.ambiguous = over.ambiguous
	}
	if over.head != "" {
		s.head = over.head
	}
	if over.preflight != 0 {
		s.preflight = over.preflight
	}
	if over.cors != nil {
		s.cors = over.cors
	}
	if over.encodings != nil {
		s.encodings = over.encodings
	}
	if over.upgrades != nil {
		s.upgrades = over.upgrades
	}
	if over.responses != nil {
		s.responses = over.responses
	}
	if over.bodies != nil {
		s.bodies = over.bodies
	}
	if over.forward != nil {
		s.forward = over.forward
	}
	if over.mediaTypes != nil {
		s.mediaTypes = over.mediaTypes
	}
	s.waive = append(s.waive[:len(s.waive):len(s.waive)], over.waive...)
	return s
}

// matches reports whether r is for op, and remembers which selector was.
func (r *rule) matches(op *ir.Operation, tags []string) bool {
	if r.tag != "" {
		if slices.Contains(tags, r.tag) {
			r.matched[r.tag] = true
			return true
		}
		return false
	}
	found := false
	for _, sel := range r.operations {
		if sel == "*" || sel == op.Method+" "+op.Path || op.ID != "" && sel == op.ID {
			r.matched[sel] = true
			found = true
		}
	}
	return found
}

func tags(n *source.Node) (out []string) {
	list := n.Get("tags")
	if list == nil || list.Kind != source.Array {
		return nil
	}
	for _, t := range list.Items {
		out = append(out, t.Text)
	}
	return out
}

// MediaAction is what the policy says about bodies of a media type.
func (s *Scope) MediaAction(op *ir.Operation, mediaType string) ir.Action {
	return s.done[op].mediaTypes[mediaType]
}

func (s *Scope) providers(list []string, n *source.Node) (out []*ir.Provider) {
	for _, name := range list {
		v, ok := s.policy.providers[name]
		if !ok {
			s.unknown(n, "provider", name, byName(names(s.policy.providers)))
			continue
		}
		out = append(out, v)
	}
	return out
}

// Finish binds the schemes of api to providers, and finds what in the policy
// meant nothing. api is the walked description.
func (s *Scope) Finish(api *ir.API) {
	api.Mode = s.mode
	s.mount(api)
	bound := map[*ir.Scheme]bool{}
	for _, op := range api.Operations {
		kept := op.Security[:0]
		for _, req := range op.Security {
			uses := req.Uses[:0]
			for _, use := range req.Uses {
				if !bound[use.Scheme] {
					bound[use.Scheme] = true
					s.bind(use.Scheme)
				}
				if s.stands(op, use.Scheme) {
					uses = append(uses, use)
				} else {
					keepQuery(op, use.Scheme)
				}
			}
			req.Uses = uses
			kept = append(kept, req)
		}
		op.Security = kept
		s.checkSchemeCount(op)
		s.checkInspect(op)
		s.checkAsked(op)
		s.checkLimits(op)
	}
	if s.api != nil {
		s.policy.checkRules(s.api.rules, api.Operations)
		s.policy.checkSchemes(s.api.schemes)
	}
	s.policy.checkSchemes(s.ext.schemes)
}

// checkLimits finds limits by what a request of op does not have.
func (s *Scope) checkLimits(op *ir.Operation) {
	m := s.done[op]
	s.checkItems(op)
	s.checkService(op)
	for _, l := range op.Limits {
		s.checkConsumerLimit(op, l)
		switch l.Key {
		case ir.LimitByPathParam:
			if !strings.Contains(op.Path, "{"+l.KeyName+"}") {
				s.policy.dec.errorf(m.limitsNode, "policy-limit-key", "found the limit %q by path:%s for %s %s, wanted a parameter that the path has", l.Name, l.KeyName, op.Method, op.Path)
			}
		case ir.LimitBySubject, ir.LimitByClaim:
			if len(op.Security) == 0 {
				s.policy.dec.diags.Add(diag.Diagnostic{
					Code: "policy-limit-key", Severity: diag.Warning, Operation: op.Method + " " + op.Path,
					Message: fmt.Sprintf("found the limit %q by the caller's token for a public operation, wanted a key that its requests have: they all share one count", l.Name),
				}.At(m.limitsNode))
			}
		}
	}
}

// mount puts the API where the policy says.
func (s *Scope) mount(api *ir.API) {
	hosts, base := s.ext.hosts, s.ext.basePath
	if s.api != nil {
		if s.api.Hosts != nil {
			hosts = s.api.Hosts
		}
		if s.api.BasePath != nil {
			base = s.api.BasePath
		}
	}
	move := func(mounts []ir.Mount) (out []ir.Mount) {
		if base != nil {
			mounts = []ir.Mount{{BasePath: *base}}
		}
		if hosts == nil {
			return mounts
		}
		for _, h := range hosts {
			for _, m := range mounts {
				m.Host, m.Port = h.Name, h.Port
				if !slices.Contains(out, m) {
					out = append(out, m)
				}
			}
		}
		return out
	}
	api.Mounts = move(api.Mounts)
	for _, op := range api.Operations {
		if op.Mounts == nil {
			continue
		}
		if op.Mounts = move(op.Mounts); slices.Equal(op.Mounts, api.Mounts) {
			op.Mounts = nil
		}
	}
}

// checkRules reports rules that matched none of ops.
func (p *Policy) checkRules(rules []*rule, ops []*ir.Operation) {
	var known, tagNames []string
	for _, op := range ops {
		known = append(known, op.Method+" "+op.Path)
		if op.ID != "" {
			known = append(known, op.ID)
		}
		tagNames = append(tagNames, tags(op.Node)...)
	}
	report := func(n *source.Node, what, sel string, known []string) {
		msg := fmt.Sprintf("found a rule for the %s %q, wanted one that a description has", what, sel)
		if near := nearest(sel, known); near != "" {
			msg += fmt.Sprintf(": did you mean %q?", near)
		}
		p.dec.errorf(n, "policy-unmatched", "%s", msg)
	}
	for _, r := range rules {
		if r.tag != "" && !r.matched[r.tag] {
			report(r.node.Get("tag"), "tag", r.tag, tagNames)
		}
		for _, sel := range r.operations {
			if sel != "" && sel != "*" && !r.matched[sel] {
				report(r.node.Get("operation"), "operation", sel, known)
			}
		}
	}
}

// Finish finds what in the policy meant nothing in any description.
func (p *Policy) Finish(apis []*ir.API) {
	var ops []*ir.Operation
	for _, a := range apis {
		ops = append(ops, a.Operations...)
	}
	p.checkRules(p.rules, ops)
	p.checkForwards(ops)
	for _, a := range p.APIs {
		if !a.used && a.Spec != "" {
			p.dec.errorf(a.node, "policy-unmatched", "found an API for %s, which is not among the descriptions of the build, wanted one that is", a.Spec)
		}
	}
	p.checkSchemes(p.schemes)
	p.checkPlans()
	p.checkCallers(apis)
	for _, name := range byName(names(p.schemes)) {
		s := &Scope{policy: p}
		s.providers(p.schemes[name].providers, p.schemes[name].node)
		s.consumers(p.schemes[name].consumers, p.schemes[name].node)
	}
}

// Waivers returns every waiver of the policy file.
func (p *Policy) Waivers() (out []Waiver) {
	out = append(out, p.defaults.waive...)
	for _, r := range p.rules {
		out = append(out, r.waive...)
	}
	for _, a := range p.APIs {
		out = append(out, a.defaults.waive...)
		for _, r := range a.rules {
			out = append(out, r.waive...)
		}
	}
	return out
}
