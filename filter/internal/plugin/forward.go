package plugin

import (
	"portcullis/filter/engine"
	"portcullis/filter/internal/abi"
	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

// forwarding is what the plugin asks of an engine about who calls.
type forwarding interface {
	// Forwards reports whether there is anything to do at all.
	Forwards() bool
	// IsIdentity reports a field that may come from this filter only.
	IsIdentity(name []byte) bool
	// DropsCredential reports a field that the request that was just judged is to
	// lose.
	DropsCredential(name []byte) bool
	// Forwarded is the fields to set on it.
	Forwarded() []engine.Header
}

// strip takes from the request what only this filter may say, before anything else
// is made of it and in every mode: an upstream believes these fields. They are gone
// from v.req too, so that nothing is decided by them.
//
// Connection options that name such a field go as well: whoever follows them drops
// what the filter sets (RFC 9110 section 7.6.1).
func (v *VM) strip(f Engine) {
	kept := v.req.Headers[:0]
	for i := range v.req.Headers {
		h := v.req.Headers[i]
		if f.IsIdentity(h.Name) {
			// A name that stands several times is removed by the first of them; to
			// remove it again does no harm.
			v.host.Remove(abi.MapRequestHeaders, h.Name)
			v.rerouted = true
			continue
		}
		if string(h.Name) == "connection" && v.namesIdentity(f, h.Value) {
			v.dropOptions()
			continue
		}
		kept = append(kept, h)
	}
	v.req.Headers = kept
}

// namesIdentity reports a Connection field with an identity header among its
// options.
func (v *VM) namesIdentity(f Engine, value []byte) bool {
	for len(value) > 0 {
		n := 0
		for n < len(value) && value[n] != ',' {
			n++
		}
		option := value[:n]
		for len(option) > 0 && (option[0] == ' ' || option[0] == '\t') {
			option = option[1:]
		}
		for len(option) > 0 && (option[len(option)-1] == ' ' || option[len(option)-1] == '\t') {
			option = option[:len(option)-1]
		}
		if f.IsIdentity(option) {
			return true
		}
		value = value[min(n+1, len(value)):]
	}
	return false
}

// dropOptions takes away all options but the upgrade that the request may be.
func (v *VM) dropOptions() {
	for i := range v.req.Headers {
		if string(v.req.Headers[i].Name) == "upgrade" && len(v.req.Headers[i].Value) > 0 {
			v.host.Replace(abi.MapRequestHeaders, "connection", "upgrade")
			return
		}
	}
	v.host.Remove(abi.MapRequestHeaders, connectionName)
}

var connectionName = []byte("connection")

// forward makes the request that was just judged say who calls, while its header
// fields can be changed: before the body, however long it takes.
func (v *VM) forward(f Engine) {
	if !f.Forwards() {
		return
	}
	if v.d.Mode == table.ModeEnforce && v.d.Code != verdict.Allow && v.d.Code != verdict.NeedBody {
		return
	}
	for i := range v.req.Headers {
		if f.DropsCredential(v.req.Headers[i].Name) {
			v.host.Remove(abi.MapRequestHeaders, v.req.Headers[i].Name)
			v.rerouted = true
		}
	}
	for _, h := range f.Forwarded() {
		v.host.SetField(abi.MapRequestHeaders, h.Name, h.Value)
		v.rerouted = true
	}
	v.reroute()
}

// reroute lets the host choose the route again when fields have changed that it may
// have chosen by: what a client claimed to be must not lead it anywhere.
func (v *VM) reroute() {
	if !v.rerouted || v.noReroute {
		return
	}
	if _, st := v.host.CallForeign("clear_route_cache", nil); st == abi.StatusNotFound || st == abi.StatusUnimplemented {
		v.noReroute = true
	}
}

// stripTrailers takes identity headers from the trailers of a request that may pass
// whatever they hold; false when they can't be read.
func (v *VM) stripTrailers(f Engine) bool {
	raw, st := v.host.Pairs(abi.MapRequestTrailers)
	if st == abi.StatusNotFound || st == abi.StatusEmpty {
		return true
	}
	p, fault := abi.OpenPairs(raw, maxTrailers)
	if st != abi.StatusOK || fault != abi.PairsGood {
		return false
	}
	for {
		name, _, ok := p.Next()
		if !ok {
			return true
		}
		if f.IsIdentity(name) {
			v.host.Remove(abi.MapRequestTrailers, name)
		}
	}
}

// refuseTrailers refuses c for trailers that can't be read, whatever its mode.
func (v *VM) refuseTrailers(c *stream, r *root) abi.Action {
	const code = verdict.RequestTrailerForbidden
	switch c.state {
	case stateHeld:
		v.resume(&v.held.slots[c.held], code)
		v.d.Mode = table.ModeEnforce
		return v.settleHeld(c)
	case stateWaiting:
		v.dropWait(c)
	}
	v.own(code, table.ModeEnforce, table.NoIndex)
	return v.settle(c, r)
}
