package plugin

import (
	"portcullis/filter/engine"
	"portcullis/filter/internal/abi"
	"portcullis/filter/table"
	"portcullis/filter/text"
	"portcullis/filter/verdict"
)

// preflightStatus answers a CORS preflight request: any ok status will do (Fetch
// Standard section 4.8), and this one has no body.
const preflightStatus = 204

// preflightDetails is its response code details.
var preflightDetails = []byte("portcullis_preflight")

// maxList bounds the bytes of a list in an answer; schemagen bounds what a policy
// names to fewer.
const maxList = 2 << 10

// answerPreflight answers the preflight request that the engine has let through: it
// does not go to the upstream.
func (v *VM) answerPreflight(c *stream, e Engine) abi.Action {
	v.metrics.add(v.host, preflightsAnswered)
	t := e.Table()
	x := t.Extra(v.d.CORS)
	origin := field(v.req.Headers, "origin")
	w := &v.reply.headers
	w.Begin(4 + corsFields(x))
	v.addCORS(w, x, origin)
	scratch := v.reply.body[:0]
	w.Add("access-control-allow-methods", "", v.appendCORSMethods(scratch, t, origin))
	w.Add("access-control-allow-headers", "", appendNames(scratch, x.Headers()))
	w.Add("access-control-max-age", "", text.Uint(v.reply.value[:0], uint64(x.MaxAge())))
	w.Add("content-length", "0", nil)
	id := c.id
	c.state = stateDecided
	c.leave()
	if v.host.Reply(preflightStatus, preflightDetails, nil, w.End(), -1) != abi.StatusOK {
		v.log.line(v.host, abi.LevelWarn, "no answer could be sent for a preflight request, stream ", id)
	}
	return abi.Pause
}

// appendCORSMethods lists the methods of the path that take requests of origin.
func (v *VM) appendCORSMethods(dst []byte, t *table.Table, origin []byte) []byte {
	for i := v.d.Methods.Start; i < v.d.Methods.End(); i++ {
		name, op := t.Method(i)
		x := t.FindCORS(op)
		if x == table.NoIndex || !t.Extra(x).Allows(origin) || len(dst)+len(name)+2 > maxList {
			continue
		}
		if len(dst) > 0 {
			dst = text.Append(dst, ", ")
		}
		dst = text.Bytes(dst, name)
	}
	return dst
}

func appendNames(dst []byte, list table.Names) []byte {
	for i := range list.Len() {
		if len(dst)+len(list.At(i))+2 > maxList {
			break
		}
		if i > 0 {
			dst = text.Append(dst, ", ")
		}
		dst = text.Bytes(dst, list.At(i))
	}
	return dst
}

// corsFields is how many fields addCORS adds.
func corsFields(x table.Extra) uint32 {
	n := uint32(1)
	if !x.AnyOrigin() {
		n++
	}
	if x.Credentials() {
		n++
	}
	return n
}

// addCORS adds the fields that let documents of origin, which x allows, read an
// answer (Fetch Standard section 3.3.3).
func (v *VM) addCORS(w *abi.PairsWriter, x table.Extra, origin []byte) {
	if x.AnyOrigin() {
		w.Add("access-control-allow-origin", "*", nil)
	} else {
		w.Add("access-control-allow-origin", "", origin)
		w.Add("vary", "origin", nil)
	}
	if x.Credentials() {
		w.Add("access-control-allow-credentials", "true", nil)
	}
}

// crossOrigin is what the refusal v.d says to documents of other origins: nothing,
// unless the policy answers such requests for its operation. ok is false then; origin
// is nil where the answer only depends on it.
func (v *VM) crossOrigin(e Engine) (x table.Extra, origin []byte, ok bool) {
	if e == nil || e.Table() == nil || e.Table().NumExtras() == 0 || v.d.Op >= e.Table().NumOps() {
		return x, nil, false
	}
	t := e.Table()
	i := t.FindCORS(v.d.Op)
	if i == table.NoIndex {
		return x, nil, false
	}
	x = t.Extra(i)
	if v.req.Headers == nil { // judged in another callback: the fields are the host's
		fields, code := v.readFields(abi.MapRequestHeaders, uint32(len(v.headers)), verdict.Internal, verdict.Internal)
		if code != verdict.Allow {
			return x, nil, false
		}
		origin = field(fields, "origin")
	} else {
		origin = field(v.req.Headers, "origin")
	}
	if !x.Allows(origin) {
		origin = nil
	}
	return x, origin, origin != nil || !x.AnyOrigin()
}

// field is the value of the first field of that name, nil when there is none.
func field(headers []engine.Header, name string) []byte {
	for i := range headers {
		if string(headers[i].Name) == name {
			return headers[i].Value
		}
	}
	return nil
}

// exposed is the fields of a refusal that documents may read beside those that they
// always may.
const exposed = "retry-after, ratelimit, ratelimit-policy, www-authenticate, dpop-nonce"
