package delta

import (
	"fmt"
	"maps"

	"portcullis/schemagen/explain"
)

// callers compares consumers: who is gone, with which keys nobody comes in any more,
// who may do less, and the reverse of each.
func (d *differ) callers(old, new []*explain.Caller) {
	find := func(list []*explain.Caller) map[string]*explain.Caller {
		m := make(map[string]*explain.Caller, len(list))
		for _, c := range list {
			m[c.Name] = c
		}
		return m
	}
	before, after := find(old), find(new)
	for _, c := range old {
		d.where = "consumer " + c.Name
		if n := after[c.Name]; n != nil {
			d.caller(c, n)
			continue
		}
		d.add(Refuses, "the consumer is gone", "")
	}
	for _, c := range new {
		if before[c.Name] == nil {
			d.where = "consumer " + c.Name
			d.add(Accepts, "the consumer is new", "")
		}
	}
}

func (d *differ) caller(old, new *explain.Caller) {
	known := func(c *explain.Caller) map[string]explain.Known {
		m := make(map[string]explain.Known, len(c.Known))
		for _, k := range c.Known {
			m[k.Text] = k
		}
		return m
	}
	before, after := known(old), known(new)
	for _, k := range old.Known {
		n, ok := after[k.Text]
		switch {
		case !ok:
			d.add(Refuses, k.Text+" is gone", "")
		case n.Digest != k.Digest:
			d.add(MayChanges, k.Text+" has another digest", "")
		case n.Expires != 0 && (k.Expires == 0 || n.Expires < k.Expires):
			d.add(Refuses, k.Text+" ends earlier", "")
		case n.Expires != k.Expires:
			d.add(Accepts, k.Text+" ends later", "")
		}
	}
	for _, k := range new.Known {
		if _, ok := before[k.Text]; !ok {
			d.add(Accepts, k.Text+" is new", "")
		}
	}
	if gone := less(old.Scopes, new.Scopes); len(gone) > 0 {
		d.add(Refuses, fmt.Sprintf("no longer has the scopes %q", gone), "")
	}
	if more := less(new.Scopes, old.Scopes); len(more) > 0 {
		d.add(Accepts, fmt.Sprintf("has the scopes %q as well", more), "")
	}
	if old.Plan != new.Plan {
		d.add(MayChanges, fmt.Sprintf("had the plan %q, and has %q", old.Plan, new.Plan), "")
	}
	if !maps.Equal(old.Attributes, new.Attributes) {
		d.add(MayChanges, "has other attributes", "")
	}
}

// less is what of a is not in b.
func less(a, b []string) (out []string) {
	for _, x := range a {
		if !subset([]string{x}, b) {
			out = append(out, x)
		}
	}
	return out
}
