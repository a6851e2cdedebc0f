package delta

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"portcullis/schemagen/explain"
)

// issuers compares the providers that both tables have: by which keys and claims fewer
// tokens count, and by which more. One that is new or gone shows in the operations.
func (d *differ) issuers(old, new []*explain.Issuer) {
	before := map[string]*explain.Issuer{}
	for _, p := range old {
		before[p.Name] = p
	}
	for _, p := range new {
		if o := before[p.Name]; o != nil {
			d.where = "provider " + p.Name
			d.issuer(o, p)
		}
	}
}

func (d *differ) issuer(old, new *explain.Issuer) {
	if old.Issuer != new.Issuer {
		d.add(MayChanges, fmt.Sprintf("had the issuer %q, and has %q", old.Issuer, new.Issuer), "")
	}
	d.sets(old.Keys, new.Keys, "the key %s is gone", "the key %s is new")
	switch {
	case len(old.Audiences) == 0 && len(new.Audiences) == 0:
	case len(new.Audiences) == 0:
		d.add(Accepts, "tokens may be for any audience", "")
	case len(old.Audiences) == 0:
		d.add(Refuses, "tokens must be for "+strings.Join(new.Audiences, " or "), "")
	default:
		d.sets(old.Audiences, new.Audiences, "tokens for %s count no more", "tokens for %s count")
	}
	d.sets(new.Claims, old.Claims, "tokens must have the claim %s", "tokens need not have the claim %s any more")
	d.amount("skew of clocks", old.Skew, new.Skew)
	most := func(v uint32) uint32 { return v - 1 } // none is the largest
	d.amount("maximum age", most(old.MaxAge), most(new.MaxAge))
	about := slices.Collect(maps.Keys(old.Says))
	for what := range new.Says {
		if _, ok := old.Says[what]; !ok {
			about = append(about, what)
		}
	}
	slices.Sort(about)
	for _, what := range about {
		a, b := old.Says[what], new.Says[what]
		switch {
		case a == b:
		case what == "bindings" && a == "":
			d.add(Refuses, "tokens must be bound to "+b, "")
		case what == "bindings" && b == "":
			d.add(Accepts, "tokens need not be bound to "+a+" any more", "")
		case what == "proofs" && a == "":
			d.add(Accepts, "DPoP proofs are accepted: "+b, "")
		case what == "proofs" && b == "":
			d.add(Refuses, "DPoP proofs are accepted no more", "")
		default:
			d.add(MayChanges, fmt.Sprintf("%s: was %s, is %s", what, orDefault(a), orDefault(b)), "")
		}
	}
}

func orDefault(text string) string {
	if text == "" {
		return "not set"
	}
	return text
}

// sets compares lists of what is accepted; the formats have a place for what is gone, and
// what is new.
func (d *differ) sets(old, new []string, gone, added string) {
	for _, x := range less(old, new) {
		d.add(Refuses, fmt.Sprintf(gone, x), "")
	}
	for _, x := range less(new, old) {
		d.add(Accepts, fmt.Sprintf(added, x), "")
	}
}

// amount compares seconds of which more refuse less.
func (d *differ) amount(what string, old, new uint32) {
	show := func(v uint32) string {
		if v+1 == 0 {
			return "none"
		}
		if what == "maximum age" {
			v++
		}
		return fmt.Sprintf("%ds", v)
	}
	text := fmt.Sprintf("%s: was %s, is %s", what, show(old), show(new))
	switch {
	case new < old:
		d.add(MayRefuse, text, "")
	case new > old:
		d.add(Accepts, text, "")
	}
}

// denied compares the lists of tokens that count no more.
func (d *differ) denied(old, new []string) {
	d.where = "denied tokens"
	if n := len(less(new, old)); n > 0 {
		d.add(Refuses, fmt.Sprintf("%d more are denied", n), "")
	}
	if n := len(less(old, new)); n > 0 {
		d.add(Accepts, fmt.Sprintf("%d are no longer denied", n), "")
	}
}

// extras compares what operations let pass beside ordinary requests, and what their
// upstream is told.
func (d *differ) extras(old, new *explain.Operation) {
	d.where = "cors"
	d.sets(old.Origins, new.Origins, "pages of %s may no longer ask", "pages of %s may ask")
	if len(old.Origins) > 0 && len(new.Origins) > 0 {
		d.sets(old.Headers, new.Headers, "pages may no longer send %s", "pages may send %s")
		switch {
		case old.Credentials && !new.Credentials:
			d.add(Refuses, "pages may no longer ask with credentials", "")
		case !old.Credentials && new.Credentials:
			d.add(Accepts, "pages may ask with credentials", "")
		}
		if old.MaxAge != new.MaxAge {
			d.add(MayChanges, fmt.Sprintf("answers to preflight requests were kept for %ds, and are for %ds", old.MaxAge, new.MaxAge), "")
		}
		if old.Limit != new.Limit {
			d.add(MayChanges, fmt.Sprintf("preflight requests were charged to %s, and are to %s", orNothing(old.Limit), orNothing(new.Limit)), "")
		}
	}
	d.where = "contentEncodings"
	d.sets(old.Encodings, new.Encodings, "bodies encoded as %s are refused", "bodies encoded as %s pass unread")
	d.where = "upgrade"
	d.sets(old.Upgrades, new.Upgrades, "connections may no longer change to %s", "connections may change to %s")
	d.where = "forward"
	for _, line := range less(old.Forward, new.Forward) {
		d.add(MayChanges, "no longer "+line, "")
	}
	for _, line := range less(new.Forward, old.Forward) {
		d.add(MayChanges, line, "")
	}
}

func orNothing(name string) string {
	if name == "" {
		return "nothing"
	}
	return name
}
