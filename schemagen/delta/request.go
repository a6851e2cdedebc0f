package delta

import (
	"fmt"
	"slices"
	"strings"

	"portcullis/schemagen/explain"
)

// params compares parameters: by place and name, those of the path in the
// order in which the path has them.
func (d *differ) params(old, new *explain.Operation) {
	if old.Inspect == "headers" && new.Inspect == "headers" {
		return
	}
	d.where = "query"
	switch {
	case old.UnknownQuery == "deny" && new.UnknownQuery != "deny":
		d.add(Accepts, "query parameters that are not described pass", "")
	case old.UnknownQuery != "deny" && new.UnknownQuery == "deny":
		d.add(Refuses, "query parameters that are not described are refused", "")
	}
	d.where = "request"
	for _, text := range new.Ambiguous {
		if !slices.Contains(old.Ambiguous, text) {
			d.add(Accepts, text, "")
		}
	}
	for _, text := range old.Ambiguous {
		if !slices.Contains(new.Ambiguous, text) {
			d.add(Refuses, "no longer: "+text, "")
		}
	}
	keys := func(op *explain.Operation) (list []string, at map[string]*explain.Param) {
		at = map[string]*explain.Param{}
		order := expression.FindAllString(op.Path, -1)
		for i := range op.Params {
			p := &op.Params[i]
			key := p.In + " " + p.Name
			for j, e := range order {
				if p.In == "path" && e == "{"+p.Name+"}" {
					key = fmt.Sprintf("path #%d", j)
				}
			}
			list, at[key] = append(list, key), p
		}
		return list, at
	}
	oldKeys, before := keys(old)
	newKeys, after := keys(new)
	for _, k := range oldKeys {
		if after[k] == nil {
			d.paramGone(before[k], new)
		}
	}
	for _, k := range newKeys {
		p := after[k]
		d.where = p.In + " " + p.Name
		if o := before[k]; o != nil {
			d.param(o, p)
		} else {
			d.paramNew(p, old)
		}
	}
}

func (d *differ) paramGone(p *explain.Param, new *explain.Operation) {
	d.where = p.In + " " + p.Name
	if p.Required && p.In != "path" {
		d.add(Accepts, "was required, and is no longer described", "")
	}
	switch {
	case p.In == "query" && new.UnknownQuery == "deny":
		d.add(Refuses, "is no longer described: requests with it are refused", "")
	case p.Schema != nil:
		d.add(Accepts, "is no longer described: any value passes", "")
	}
}

func (d *differ) paramNew(p *explain.Param, old *explain.Operation) {
	if p.Required && p.In != "path" {
		d.add(Refuses, "is required now", "")
	}
	switch {
	case p.In == "query" && old.UnknownQuery == "deny":
		d.add(Accepts, "is described now: requests with it pass", "")
	case p.Schema != nil:
		d.add(Refuses, "any value passed, it must be "+short(p.Schema)+" now", p.Schema.Place)
	}
}

func (d *differ) param(o, n *explain.Param) {
	switch {
	case !o.Required && n.Required:
		d.add(Refuses, "is required now", "")
	case o.Required && !n.Required:
		d.add(Accepts, "is no longer required", "")
	}
	switch {
	case o.AllowEmpty && !n.AllowEmpty:
		d.add(MayRefuse, "may no longer be empty", "")
	case !o.AllowEmpty && n.AllowEmpty:
		d.add(Accepts, "may be empty", "")
	}
	if o.Style != n.Style || o.Explode != n.Explode {
		d.add(MayChanges, fmt.Sprintf("was written in style %s, is in style %s", style(o), style(n)), "")
	}
	d.top(o.Schema, n.Schema)
}

func style(p *explain.Param) string {
	if p.Explode {
		return p.Style + " with explode"
	}
	return p.Style
}

func (d *differ) body(old, new *explain.Operation) {
	looks := func(o *explain.Operation) bool { return o.Inspect == "body" || o.Inspect == "deep" }
	if !looks(old) && !looks(new) {
		return
	}
	d.where = "body"
	d.bounds(old.MaxBody, new.MaxBody, "bytes")
	d.bounds(old.MaxDepth, new.MaxDepth, "levels")
	switch {
	case old.Duplicates && !new.Duplicates:
		d.add(Refuses, "duplicate member names are refused", "")
	case !old.Duplicates && new.Duplicates:
		d.add(Accepts, "duplicate member names pass", "")
	}
	switch {
	case old.Body == nil && new.Body == nil:
		return
	case old.Body == nil:
		d.add(Accepts, "a body may come: "+ranges(new.Body), "")
		if new.Body.Required {
			d.add(Refuses, "a body must come", "")
		}
		return
	case new.Body == nil:
		d.add(Refuses, "no body may come", "")
		if old.Body.Required {
			d.add(Accepts, "a body was required", "")
		}
		return
	}
	switch {
	case !old.Body.Required && new.Body.Required:
		d.add(Refuses, "a body is required now", "")
	case old.Body.Required && !new.Body.Required:
		d.add(Accepts, "a body is no longer required", "")
	}
	d.mediaTypes(old.Body, new.Body)
}

func ranges(b *explain.Body) string {
	var out []string
	for _, m := range b.Media {
		out = append(out, m.Range)
	}
	return strings.Join(out, ", ")
}

// bounds compares limits of which 0 is the plugin's own.
func (d *differ) bounds(old, new uint32, unit string) {
	text := func(n uint32) string {
		if n == 0 {
			return "what the plugin allows"
		}
		return fmt.Sprintf("%d %s", n, unit)
	}
	say := fmt.Sprintf("was at most %s, is at most %s", text(old), text(new))
	switch {
	case old == new:
	case old == 0:
		d.add(MayRefuse, say, "")
	case new == 0:
		d.add(MayAccept, say, "")
	case new < old:
		d.add(Refuses, say, "")
	default:
		d.add(Accepts, say, "")
	}
}

func (d *differ) mediaTypes(old, new *explain.Body) {
	passes := func(m *explain.Media) bool { return m.Kind != "opaque" || m.Action == "pass" }
	find := func(b *explain.Body, r string) *explain.Media {
		for i := range b.Media {
			if b.Media[i].Range == r && passes(&b.Media[i]) {
				return &b.Media[i]
			}
		}
		return nil
	}
	ranged := func(b *explain.Body) bool { return strings.Contains(ranges(b), "*") }
	for i := range old.Media {
		m := &old.Media[i]
		if !passes(m) || find(new, m.Range) != nil {
			continue
		}
		d.where = "body " + m.Range
		e := Refuses
		if ranged(new) {
			e = MayRefuse // a range of the new one may take it
		}
		d.add(e, "bodies of this type are refused", "")
	}
	for i := range new.Media {
		m := &new.Media[i]
		if !passes(m) {
			continue
		}
		d.where = "body " + m.Range
		o := find(old, m.Range)
		if o == nil {
			e := Accepts
			if ranged(old) {
				e = MayChanges
			}
			d.add(e, "bodies of this type are described now", "")
			continue
		}
		switch {
		case o.Kind == "opaque" && m.Kind != "opaque":
			d.add(Refuses, "bodies passed unread, they must be "+short(m.Schema)+" now", place(m.Schema))
		case o.Kind != "opaque" && m.Kind == "opaque":
			d.add(Accepts, "bodies pass unread", "")
		case o.Kind != m.Kind:
			d.add(MayChanges, "was read as "+o.Kind+", is read as "+m.Kind, "")
		default:
			d.top(o.Schema, m.Schema)
		}
	}
}

func place(s *explain.Schema) string {
	if s == nil {
		return ""
	}
	return s.Place
}

// short is what s asks of a value, in a line.
func short(s *explain.Schema) string { return s.Lines()[0].Text }

// raises compares what makes requests be looked at deeper.
func (d *differ) raises(old, new *explain.Operation) {
	for _, rule := range old.Raise {
		if !slices.Contains(new.Raise, rule) {
			d.add(Accepts, "no longer raised to "+rule, "")
		}
	}
	for _, rule := range new.Raise {
		if !slices.Contains(old.Raise, rule) {
			d.add(MayRefuse, "raised to "+rule, "")
		}
	}
}
