package compile

import (
	"slices"

	"portcullis/schemagen/diag"
	"portcullis/schemagen/ir"
)

// eachSchema calls f with every schema that judges a request.
func (b *builder) eachSchema(f func(*ir.Schema)) {
	for _, a := range b.build.APIs {
		for _, op := range a.Operations {
			for _, p := range op.Params {
				f(p.Schema)
			}
			if op.Body != nil {
				for _, m := range op.Body.Media {
					f(m.Schema)
				}
			}
			eachOfResponses(op, f)
		}
	}
}

// settle decides what becomes of the operations that can't be enforced
// exactly: those with a finding that is not waived are denied, or only the
// media type that the finding is about when another of the same body is sound.
func (b *builder) settle() {
	t := newTaint()
	b.eachSchema(t.add)
	t.spread()
	denying := map[string]bool{} // codes that deny something
	for _, a := range b.build.APIs {
		for _, op := range a.Operations {
			b.settleOperation(a, op, t, denying)
		}
	}
	for i := range b.diags {
		d := &b.diags[i]
		// A finding in a schema does not name operations: it stands while one
		// operation that reaches it does not waive it.
		if d.Unenforceable && d.Operation == "" && t.codes[d.Code] && !denying[d.Code] {
			d.Unenforceable, d.Severity, d.Hint = false, diag.Note, ""
			d.Message += " (waived, or in no request)"
		}
	}
}

func (b *builder) settleOperation(a *ir.API, op *ir.Operation, t *taint, denying map[string]bool) {
	for _, p := range op.Params {
		for _, code := range t.of(p.Schema, op) {
			denying[code] = true
			if !slices.Contains(op.Unenforceable, code) {
				op.Unenforceable = append(op.Unenforceable, code)
			}
		}
	}
	if op.Body != nil {
		b.settleBody(a, op, t, denying)
	}
	b.settleResponses(op, t, denying)
	b.duplicates(op)
	op.Deny = op.Deny || len(op.Unenforceable) > 0
}

func (b *builder) settleBody(a *ir.API, op *ir.Operation, t *taint, denying map[string]bool) {
	sound := 0
	var all []string
	for _, m := range op.Body.Media {
		if codes := t.of(m.Schema, op); len(codes) > 0 && m.Kind != ir.BodyOpaque {
			if act := b.hooks[a].mediaAction(op, m.Range); act != 0 {
				m.Kind, m.Schema, m.Action = ir.BodyOpaque, nil, act
			} else {
				m.Unenforceable = append(m.Unenforceable, codes...)
				for _, c := range codes {
					denying[c] = true
				}
			}
		}
		if m.Kind == ir.BodyOpaque {
			m.Schema = nil
		}
		if len(m.Unenforceable) == 0 {
			sound++
		}
		all = append(all, m.Unenforceable...)
	}
	if len(all) == 0 {
		return
	}
	if sound == 0 {
		op.Unenforceable = append(op.Unenforceable, all...)
		return
	}
	for _, m := range op.Body.Media {
		if len(m.Unenforceable) > 0 {
			m.Kind, m.Schema, m.Action = ir.BodyOpaque, nil, ir.ActionDeny
		}
	}
}

// taint knows which unenforceable codes each schema reaches.
type taint struct {
	schemas []*ir.Schema // in order of discovery
	users   map[*ir.Schema][]*ir.Schema
	reach   map[*ir.Schema][]string
	codes   map[string]bool
}

func newTaint() *taint {
	return &taint{users: map[*ir.Schema][]*ir.Schema{}, reach: map[*ir.Schema][]string{}, codes: map[string]bool{}}
}

// add discovers s and what it reaches.
func (t *taint) add(s *ir.Schema) {
	if s == nil {
		return
	}
	if _, ok := t.users[s]; ok {
		return
	}
	t.users[s] = nil
	todo := []*ir.Schema{s}
	for len(todo) > 0 {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		t.schemas = append(t.schemas, s)
		use := func(c *ir.Schema) {
			if _, ok := t.users[c]; !ok {
				todo = append(todo, c)
			}
			t.users[c] = append(t.users[c], s)
		}
		s.Each(use)
		if s.Discriminator != nil {
			for _, p := range s.Discriminator.Values {
				if p.Schema != nil {
					use(p.Schema)
				}
			}
		}
	}
}

// spread carries codes from the schemas that have them to all that reach them.
func (t *taint) spread() {
	for _, s := range t.schemas {
		for _, code := range s.Unenforceable {
			t.codes[code] = true
			t.carry(s, code)
		}
	}
}

func (t *taint) carry(s *ir.Schema, code string) {
	todo := []*ir.Schema{s}
	for len(todo) > 0 {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if slices.Contains(t.reach[s], code) {
			continue
		}
		t.reach[s] = append(t.reach[s], code)
		todo = append(todo, t.users[s]...)
	}
}

// of is the codes that s reaches and op does not waive.
func (t *taint) of(s *ir.Schema, op *ir.Operation) (out []string) {
	for _, code := range t.reach[s] {
		if !slices.Contains(op.Waivers, code) {
			out = append(out, code)
		}
	}
	return out
}
