package plugin

import (
	"portcullis/filter/config"
	"portcullis/filter/internal/abi"
	"portcullis/filter/table"
	"portcullis/filter/text"
	"portcullis/filter/verdict"
)

const (
	// bodyRoom and headerRoom are what an answer is built in. An engine that writes
	// more than bodyRoom is cut down to the minimal document.
	bodyRoom   = 16 << 10
	headerRoom = 4 << 10
	// detailsPrefix begins the response code details, which access logs show.
	detailsPrefix = "portcullis_"
	nanosPerSec   = 1e9
)

// replier builds answers (RFC 9457) in fixed buffers.
type replier struct {
	body    []byte
	headers abi.PairsWriter
	value   [256]byte // of one header field
	details [64]byte
	limits  [1024]byte // of one field about limits
}

func (p *replier) init() {
	p.body = make([]byte, 0, bodyRoom)
	p.headers.Buf = make([]byte, headerRoom)
}

// refuse answers c by v.d, for a root that has an engine or not.
func (v *VM) refuse(c *stream, r *root) abi.Action {
	if r == nil {
		return v.refuseWith(c, nil, nil)
	}
	return v.refuseWith(c, r, r.engine)
}

// refuseWith counts, logs and answers the refusal v.d. e is the engine that made
// v.d, nil when there is none; r may be nil.
func (v *VM) refuseWith(c *stream, r *root, e Engine) abi.Action {
	v.metrics.refuse(v.host, v.d.Code)
	v.logRefusal(c, r, e)
	// Before the call: a host may run callbacks of this stream inside it.
	c.state = stateDecided
	c.leave()
	id, flags := c.id, c.flags

	p := &v.reply
	full := r != nil && r.cfg.ErrorDetail == config.DetailFull && !v.d.Code.OfResponse()
	p.body = p.body[:0]
	switch {
	case flags&flagHead != 0:
	case flags&flagGRPC != 0:
		p.body = text.Append(p.body, v.d.Code.Title()) // becomes grpc-message
	case e != nil:
		p.body = e.AppendProblem(p.body, &v.d, full)
		if len(p.body) > bodyRoom {
			p.body = appendMinimal(make([]byte, 0, bodyRoom), v.d.Code)
		}
	default:
		p.body = appendMinimal(p.body, v.d.Code)
	}
	headers := v.replyHeaders(r, e)
	grpc := int32(-1)
	if flags&flagGRPC != 0 {
		grpc = grpcStatus(v.d.Code)
	}
	details := text.Append(text.Append(p.details[:0], detailsPrefix), v.d.Code.Name())
	status := uint32(v.d.Code.Status())
	if v.host.Reply(status, details, p.body, headers, grpc) != abi.StatusOK {
		// The host takes no answer: the stream stays paused, and its end is the
		// host's. It is not let through.
		v.log.line(v.host, abi.LevelWarn, "no answer could be sent for a refused request, stream ", id)
	}
	return abi.Pause
}

// replyHeaders builds the header map of the answer.
func (v *VM) replyHeaders(r *root, e Engine) []byte {
	code := v.d.Code
	status := code.Status()
	challenge := challengeOf(code, v.schemes(e))
	retry := status == 429 || status == 503
	methods := code == verdict.RouteMethodNotAllowed && e != nil
	count := uint32(2)
	nonce := v.nonce(e)
	for _, more := range [...]bool{challenge != "", retry, methods, nonce != nil} {
		if more {
			count++
		}
	}
	var t *table.Table
	if e != nil && v.d.Code == verdict.LimitExceeded {
		t = e.Table()
	}
	limits := limitFields(&v.d.Standings, t)
	count += limits
	x, origin, cross := v.crossOrigin(e)
	switch {
	case origin != nil:
		count += 1 + corsFields(x)
	case cross:
		count++
	}
	w := &v.reply.headers
	w.Begin(count)
	w.Add("content-type", "application/problem+json", nil)
	w.Add("cache-control", "no-store", nil)
	if challenge != "" {
		v.addChallenge(w, challenge, r, e)
	}
	if nonce != nil {
		w.Add("dpop-nonce", "", nonce)
	}
	if retry {
		w.Add("retry-after", "", text.Uint(v.reply.value[:0], retrySeconds(v.d.RetryAfterNanos)))
	}
	if methods {
		w.Add("allow", "", v.appendMethods(v.reply.value[:0], e))
	}
	v.addLimitFields(w, &v.d.Standings, t, limits)
	switch {
	case origin != nil:
		v.addCORS(w, x, origin)
		w.Add("access-control-expose-headers", exposed, nil)
	case cross:
		w.Add("vary", "origin", nil)
	}
	return w.End()
}

// appendMethods lists what a path allows (RFC 9110 section 10.2.1), as far as dst has
// room.
func (v *VM) appendMethods(dst []byte, e Engine) []byte {
	t := e.Table()
	for i := v.d.Methods.Start; i < v.d.Methods.End(); i++ {
		name, _ := t.Method(i)
		if len(dst)+len(name)+2 > cap(dst) {
			break
		}
		if len(dst) > 0 {
			dst = text.Append(dst, ", ")
		}
		dst = text.Bytes(dst, name)
	}
	return dst
}

// retrySeconds rounds up: to come back earlier is to be refused again.
func retrySeconds(nanos int64) uint64 {
	if nanos <= nanosPerSec {
		return 1
	}
	return uint64(nanos/nanosPerSec + min(nanos%nanosPerSec, 1))
}

// Kinds of credential that an operation asks for.
const (
	asksBearer = 1 << iota
	asksBasic
	asksKey
	asksCertificate
)

// schemes is the kinds of credential that the operation of v.d asks for, in any of
// its alternatives; 0 where that is not known.
func (v *VM) schemes(e Engine) (asks uint8) {
	if e == nil || e.Table() == nil || v.d.Op >= e.Table().NumOps() {
		return 0
	}
	t := e.Table()
	reqs := t.Op(v.d.Op).Requirements()
	for i := reqs.Start; i < reqs.End(); i++ {
		uses := t.Requirement(i)
		for j := uses.Start; j < uses.End(); j++ {
			scheme, _ := t.Use(j)
			switch s := t.Scheme(scheme); {
			case s.Kind() == table.SchemeBearer, s.Flags()&table.SchemeFlagBearer != 0:
				asks |= asksBearer
			case s.Kind() == table.SchemeBasic:
				asks |= asksBasic
			case s.Kind() == table.SchemeMutualTLS:
				asks |= asksCertificate
			default:
				asks |= asksKey
			}
		}
	}
	return asks
}

// Challenges (RFC 9110 section 11.6.1, RFC 6750 section 3, RFC 7617 section 2). No
// scheme is registered for API keys and client certificates; a 401 has to have a
// challenge all the same (RFC 9110 section 15.5.2), and these say what is missing.
const (
	bearer      = `Bearer realm="api"`
	basic       = `Basic realm="api", charset="UTF-8"`
	apiKey      = `APIKey realm="api"`
	certificate = `ClientCertificate realm="api"`
)

// challenges is by the kinds that an operation asks for.
var challenges = [...]string{
	0:                                bearer,
	asksBearer:                       bearer,
	asksBasic:                        basic,
	asksBearer | asksBasic:           bearer + ", " + basic,
	asksKey:                          apiKey,
	asksKey | asksBearer:             bearer + ", " + apiKey,
	asksKey | asksBasic:              basic + ", " + apiKey,
	asksKey | asksBearer | asksBasic: bearer + ", " + basic + ", " + apiKey,
}

// challengeOf is the WWW-Authenticate field that goes with code for an operation
// that asks for those kinds of credential; "" where there is none.
func challengeOf(code verdict.Code, asks uint8) string {
	switch code {
	case verdict.TokenMissing, verdict.CredentialMissing, verdict.CredentialInvalid, verdict.CredentialExpired:
		if asks == asksCertificate {
			return certificate
		}
		return challenges[asks&(asksBearer|asksBasic|asksKey)]
	case verdict.AuthorizeScope:
		if asks != 0 && asks&asksBearer == 0 {
			return ""
		}
		return bearer + `, error="insufficient_scope"`
	}
	if code.Status() == 401 {
		return bearer + `, error="invalid_token"`
	}
	return ""
}

// appendScope appends the scopes that the operation of v.d asks of a token, for an
// answer about those (RFC 6750 section 3), as far as dst has room: they come from the
// description.
func (v *VM) appendScope(dst []byte, r *root, e Engine) []byte {
	if v.d.Code != verdict.AuthorizeScope || r == nil || r.cfg.ErrorDetail != config.DetailFull || e == nil || e.Table() == nil || v.d.Op >= e.Table().NumOps() {
		return dst
	}
	t := e.Table()
	reqs := t.Op(v.d.Op).Requirements()
	for i := reqs.Start; i < reqs.End(); i++ {
		uses := t.Requirement(i)
		for j := uses.Start; j < uses.End(); j++ {
			scheme, scopes := t.Use(j)
			if t.Scheme(scheme).Kind() != table.SchemeBearer || scopes.Len() == 0 {
				continue
			}
			out := text.Append(dst, `, scope="`)
			for k := range scopes.Len() {
				s := scopes.At(k)
				if len(out)+len(s)+2 > cap(dst) || !isScope(s) {
					return dst
				}
				if k > 0 {
					out = text.Byte(out, ' ')
				}
				out = text.Bytes(out, s)
			}
			return text.Byte(out, '"')
		}
	}
	return dst
}

// isScope reports a scope-token (RFC 6749 section 3.3): it needs no escapes.
func isScope(s []byte) bool {
	for _, c := range s {
		if c <= ' ' || c == '"' || c == '\\' || c > '~' {
			return false
		}
	}
	return len(s) > 0
}

// gRPC statuses (google.rpc.Code).
const (
	grpcInvalidArgument   = 3
	grpcDeadlineExceeded  = 4
	grpcPermissionDenied  = 7
	grpcResourceExhausted = 8
	grpcUnimplemented     = 12
	grpcInternal          = 13
	grpcUnavailable       = 14
	grpcUnauthenticated   = 16
)

// grpcStatus is the gRPC status of a refusal.
func grpcStatus(code verdict.Code) int32 {
	switch code.Status() {
	case 401:
		return grpcUnauthenticated
	case 403:
		return grpcPermissionDenied
	case 404, 405:
		return grpcUnimplemented
	case 408:
		return grpcDeadlineExceeded
	case 413, 414, 429, 431:
		return grpcResourceExhausted
	case 500:
		return grpcInternal
	case 503:
		return grpcUnavailable
	}
	return grpcInvalidArgument
}

// appendMinimal appends the problem document of a refusal that no engine knows
// more about: the members that engine.AppendProblem writes without detail.
func appendMinimal(dst []byte, code verdict.Code) []byte {
	dst = text.Append(dst, `{"type":"urn:portcullis:problem:`)
	dst = text.Append(dst, code.Name())
	dst = text.Append(dst, `","title":"`)
	dst = text.Append(dst, code.Title())
	dst = text.Append(dst, `","status":`)
	dst = text.Uint(dst, uint64(code.Status()))
	dst = text.Append(dst, `,"code":"`)
	dst = text.Append(dst, code.Name())
	return text.Append(dst, `"}`)
}
