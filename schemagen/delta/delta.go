// Package delta compares two tables: what the new one will refuse that the old
// one let through, and the reverse.
//
// It works on explanations, so on what is enforced and not on how descriptions
// are written: a schema that moves or is spelled otherwise is no difference.
// Where it can't decide which way a difference goes it says "may", never
// nothing.
package delta

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"portcullis/schemagen/explain"
)

// Effect is what a change does to requests.
type Effect string

// Effects.
const (
	Refuses    Effect = "refuses"     // some requests that passed are refused
	MayRefuse  Effect = "may-refuse"  // perhaps
	Accepts    Effect = "accepts"     // some requests that were refused pass
	MayAccept  Effect = "may-accept"  // perhaps
	MayChanges Effect = "may-changes" // perhaps either way
)

// Breaking reports whether requests that passed are, or may be, refused.
func (e Effect) Breaking() bool { return e == Refuses || e == MayRefuse || e == MayChanges }

// may is the same without certainty.
func (e Effect) may() Effect {
	switch e {
	case Refuses:
		return MayRefuse
	case Accepts:
		return MayAccept
	}
	return e
}

// Change is one difference.
type Change struct {
	Operation string `json:"operation,omitempty"` // "" is all of them
	Where     string `json:"where"`               // "query page", "body application/json /items/*", "security"
	Effect    Effect `json:"effect"`
	Text      string `json:"text"`
	Place     string `json:"place,omitempty"` // in the new description
}

// differ collects changes.
type differ struct {
	out   []Change
	op    string
	where string
	same  map[pair]bool // pairs that are known to be equal, or different

	assumed map[pair]bool // equal until found otherwise, during one comparison
	depth   int           // of that comparison

	seen  map[pair]bool // pairs that were compared in this operation
	maybe int           // over 0: inside alternatives, where nothing is certain
}

type pair struct{ old, new *explain.Schema }

// Compare returns the differences in the order of the new table's operations,
// those that refuse first.
func Compare(old, new *explain.Table) []Change {
	d := &differ{same: map[pair]bool{}}
	d.where = "unknown operations"
	switch {
	case old.Unknown == new.Unknown:
	case new.Unknown == "deny":
		d.add(Refuses, "requests that no operation matches were let through, and are refused now", "")
	case old.Unknown == "deny":
		d.add(Accepts, "requests that no operation matches were refused, and are let through now", "")
	}
	d.callers(old.Callers, new.Callers)
	d.issuers(old.Issuers, new.Issuers)
	d.denied(old.Denied, new.Denied)
	before := byKey(old.Operations)
	after := byKey(new.Operations)
	for _, op := range old.Operations {
		if o := after[keyOf(op, old.Operations)]; o == nil {
			d.removed(op, new.Unknown)
		}
	}
	for _, op := range new.Operations {
		if o := before[keyOf(op, new.Operations)]; o != nil {
			d.operation(o, op)
		} else {
			d.added(op, old.Unknown)
		}
	}
	slices.SortStableFunc(d.out, func(a, b Change) int {
		return cmp.Or(strings.Compare(a.Operation, b.Operation), rank(a.Effect)-rank(b.Effect))
	})
	return d.out
}

func rank(e Effect) int {
	return slices.Index([]Effect{Refuses, MayRefuse, MayChanges, MayAccept, Accepts}, e)
}

// Breaking reports whether any of list is.
func Breaking(list []Change) bool {
	return slices.ContainsFunc(list, func(c Change) bool { return c.Effect.Breaking() })
}

func (d *differ) add(e Effect, text, place string) {
	if d.maybe > 0 {
		e = e.may()
	}
	c := Change{d.op, d.where, e, text, place}
	if !slices.Contains(d.out[max(0, len(d.out)-64):], c) {
		d.out = append(d.out, c)
	}
}

var expression = regexp.MustCompile(`\{[^}]*\}`)

// keyOf is what an operation is found by: names of path parameters don't
// count. Where several share it, the API does.
func keyOf(op *explain.Operation, all []*explain.Operation) string {
	key := plainKey(op)
	for _, o := range all {
		if o != op && o.Path == op.Path && o.Method == op.Method {
			return op.API + " " + key
		}
	}
	return key
}

func plainKey(op *explain.Operation) string {
	return op.Method + " " + expression.ReplaceAllString(op.Path, "{}")
}

func byKey(ops []*explain.Operation) map[string]*explain.Operation {
	out := map[string]*explain.Operation{}
	for _, op := range ops {
		out[keyOf(op, ops)] = op
	}
	return out
}

func (d *differ) removed(op *explain.Operation, unknown string) {
	d.op, d.where = op.Name(), "operation"
	switch {
	case op.Denied && op.Mode == "enforce":
	case unknown == "deny":
		d.add(Refuses, "the operation is gone", "")
	default:
		d.add(Accepts, "the operation is gone: its requests are let through unjudged", "")
	}
}

func (d *differ) added(op *explain.Operation, unknown string) {
	d.op, d.where = op.Name(), "operation"
	switch {
	case unknown != "deny":
		d.add(MayRefuse, "the operation is new: its requests were let through unjudged", "")
	case !op.Denied || op.Mode != "enforce":
		d.add(Accepts, "the operation is new", "")
	}
}

func (d *differ) operation(old, new *explain.Operation) {
	d.op, d.where, d.seen = new.Name(), "operation", map[pair]bool{}
	if old.Mode == "off" && new.Mode == "off" {
		return
	}
	switch {
	case !old.Denied && new.Denied:
		d.add(Refuses, "every request is refused now: something can't be enforced", "")
		return
	case old.Denied && new.Denied:
		return
	case old.Denied:
		d.add(Accepts, "every request was refused: something could not be enforced", "")
		return
	}
	d.ordered("mode", old.Mode, new.Mode, []string{"off", "monitor", "enforce"}, map[string]string{
		"off": "nothing is judged", "monitor": "refusals are only counted", "enforce": "refusals are refused",
	})
	d.ordered("inspect", old.Inspect, new.Inspect, []string{"headers", "parameters", "body", "deep"}, map[string]string{
		"headers": "neither parameters nor bodies are looked at", "parameters": "bodies are not looked at", "body": "bodies are looked at", "deep": "bodies are looked at",
	})
	d.where = "inspect"
	d.raises(old, new)
	d.where = "hosts and paths"
	for _, m := range old.Mounts {
		if !slices.Contains(new.Mounts, m) {
			d.add(Refuses, "no longer answers at "+m, "")
		}
	}
	for _, m := range new.Mounts {
		if !slices.Contains(old.Mounts, m) {
			d.add(Accepts, "answers at "+m, "")
		}
	}
	d.security(old.Security, new.Security)
	d.allow(old.Allow, new.Allow)
	d.limits(old.Limits, new.Limits)
	d.extras(old, new)
	d.params(old, new)
	d.body(old, new)
}

// ordered compares settings of which a later one refuses more.
func (d *differ) ordered(where, old, new string, order []string, means map[string]string) {
	d.where = where
	a, b := slices.Index(order, old), slices.Index(order, new)
	text := fmt.Sprintf("was %s, is %s: %s", old, new, means[new])
	switch {
	case a < b:
		d.add(MayRefuse, text, "")
	case a > b:
		d.add(Accepts, text, "")
	}
	d.where = "operation"
}

func (d *differ) security(old, new []explain.Requirement) {
	d.where = "security"
	anybody := []explain.Requirement{{}}
	if len(old) == 0 {
		old = anybody
	}
	if len(new) == 0 {
		new = anybody
	}
	covered := func(r explain.Requirement, by []explain.Requirement) bool {
		return slices.ContainsFunc(by, func(s explain.Requirement) bool { return covers(s, r) })
	}
	for _, r := range old {
		if !covered(r, new) {
			d.add(Refuses, requirement(r)+" may no longer call", "")
		}
	}
	for _, r := range new {
		if !covered(r, old) {
			d.add(Accepts, requirement(r)+" may call", "")
		}
	}
}

func requirement(r explain.Requirement) string {
	if len(r.Uses) == 0 {
		return "anybody"
	}
	var out []string
	for _, u := range r.Uses {
		out = append(out, u.Text())
	}
	return strings.Join(out, " and ")
}

// covers reports that who meets r meets s: s asks for no more.
func covers(s, r explain.Requirement) bool {
	for _, u := range s.Uses {
		if !slices.ContainsFunc(r.Uses, func(v explain.Use) bool {
			return v.Kind == u.Kind && v.Where == u.Where && subset(v.Providers, u.Providers) && subset(u.Bound, v.Bound) && subset(v.Asked, u.Asked) && u.Admits(v) && subset(u.Scopes, v.Scopes)
		}) {
			return false
		}
	}
	return true
}

func subset(a, b []string) bool {
	return !slices.ContainsFunc(a, func(x string) bool { return !slices.Contains(b, x) })
}

func (d *differ) limits(old, new []explain.Limit) {
	d.where = "limits"
	find := func(list []explain.Limit, name string) *explain.Limit {
		for i := range list {
			if list[i].Name == name {
				return &list[i]
			}
		}
		return nil
	}
	for _, l := range old {
		if l.Mode == "enforce" && find(new, l.Name) == nil {
			d.add(Accepts, "no longer limited to "+l.Text(), "")
		}
	}
	for _, l := range new {
		o := find(old, l.Name)
		switch {
		case l.Mode != "enforce" && (o == nil || o.Mode != "enforce"):
		case o == nil || o.Mode != "enforce":
			d.add(Refuses, "limited to "+l.Text(), "")
		case l.Mode != "enforce":
			d.add(Accepts, "no longer limited to "+o.Text()+", which only counts", "")
		case *o == l:
		case o.By != l.By || o.Scope != l.Scope || o.More != l.More || (o.Concurrent == 0) != (l.Concurrent == 0):
			d.add(MayChanges, "was limited to "+o.Text()+", is to "+l.Text(), "")
		default:
			d.rates(o, &l)
		}
	}
}

func (d *differ) rates(o, l *explain.Limit) {
	a, b := float64(o.Concurrent), float64(l.Concurrent)
	if o.Concurrent == 0 {
		a = float64(o.Requests) / float64(o.Window)
		b = float64(l.Requests) / float64(l.Window)
	}
	text := "was limited to " + o.Text() + ", is to " + l.Text()
	switch {
	case b <= a && l.Burst <= o.Burst:
		d.add(Refuses, text, "")
	case b >= a && l.Burst >= o.Burst:
		d.add(Accepts, text, "")
	default:
		d.add(MayChanges, text, "")
	}
}
