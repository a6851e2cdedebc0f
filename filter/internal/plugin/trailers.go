package plugin

import (
	"portcullis/filter/internal/abi"
	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

// maxTrailers bounds the trailer fields of a request.
const maxTrailers = 64

// checkTrailers refuses trailers that would say something the judgement already
// rests on: framing, routing, credentials (RFC 9110 section 6.5.1), declared
// parameters, and the identity that this filter itself passes on. An upstream may merge trailers into
// its headers.
func (v *VM) checkTrailers(r *root) verdict.Code {
	raw, st := v.host.Pairs(abi.MapRequestTrailers)
	if st == abi.StatusNotFound || st == abi.StatusEmpty {
		return verdict.Allow
	}
	if st != abi.StatusOK {
		if v.arena.Overflowed() {
			return verdict.RequestHeadersTooLarge
		}
		return verdict.Internal
	}
	p, fault := abi.OpenPairs(raw, maxTrailers)
	switch fault {
	case abi.PairsGood:
	case abi.PairsTooMany:
		return verdict.RequestHeadersTooMany
	default:
		return verdict.Internal
	}
	for {
		name, _, ok := p.Next()
		if !ok {
			return verdict.Allow
		}
		if forbiddenTrailer(name) || isKeyHeader(r, name) || r != nil && (r.trailers.has(name) || r.engine != nil && r.engine.IsIdentity(name)) {
			return verdict.RequestTrailerForbidden
		}
	}
}

// isKeyHeader reports a header field that carries an API key in one of the table's
// operations.
func isKeyHeader(r *root, name []byte) bool {
	if r == nil || r.engine == nil || r.engine.Table() == nil {
		return false
	}
	t := r.engine.Table()
	for i := uint32(0); i < t.NumSchemes(); i++ {
		if s := t.Scheme(i); s.Kind() == table.SchemeAPIKey && s.In() == table.InHeader && table.Alike(name, s.ParamName()) {
			return true
		}
	}
	return false
}

// forbiddenTrailer reports a name that no trailer may have, in every spelling that
// some upstream takes for the same.
func forbiddenTrailer(name []byte) bool {
	if len(name) == 0 || name[0] == ':' || begins(name, "x-portcullis-") || begins(name, "x-forwarded-") || begins(name, "x-envoy-") {
		return true
	}
	for _, f := range forbidden {
		if table.Alike(name, f) {
			return true
		}
	}
	return false
}

// forbidden are the other names.
var forbidden = [...]string{
	"authorization", "proxy-authorization", "dpop", "cookie", "x-api-key", "api-key", "apikey",
	"host", "content-length", "content-type", "content-encoding", "content-range", "transfer-encoding", "te", "trailer",
	"connection", "upgrade", "expect", "max-forwards", "range", "cache-control", "forwarded", "x-real-ip",
	"x-http-method-override", "x-http-method", "x-method-override", "x-original-url", "x-rewrite-url",
}

// begins reports a name that some upstream takes for one with that beginning.
func begins(name []byte, with string) bool {
	return len(name) >= len(with) && table.Alike(name[:len(with)], with)
}

func hasPrefix(b []byte, p string) bool { return len(b) >= len(p) && string(b[:len(p)]) == p }
