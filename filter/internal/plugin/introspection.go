package plugin

import (
	"portcullis/filter/engine"
	"portcullis/filter/internal/abi"
	"portcullis/filter/table"
	"portcullis/filter/text"
	"portcullis/filter/token"
	"portcullis/filter/verdict"
)

// introspecting is what the plugin asks of an engine with providers that are asked about
// tokens (RFC 7662); *engine.Engine is one.
type introspecting interface {
	Inquiry() (token []byte, sum *[32]byte)
	Introspected(provider uint32, sum *[32]byte, body []byte, since int64) verdict.Code
	ForgetIntrospected()
	AppendClient(dst []byte, provider uint32, previous bool) []byte
}

// desk asks the authorization servers of one root's providers about tokens. All requests
// with one token wait for one call; what is said is the engine's to judge and to remember.
//
// Invariants: calls has a slot for each call that its servers may be asked at a time.
type desk struct {
	v       *VM
	root    *root
	engine  introspecting
	of      Engine // the same
	servers []*authServer
	calls   []inquiry
	serial  uint32
	form    []byte // scratch: the body of a call
}

// authServer is one provider that is asked.
type authServer struct {
	index    uint32
	name     string
	conf     table.Introspection
	headers  [2][]byte // of the call, by secret: in force, previous; nil for none
	secret   uint8     // that worked last
	inFlight uint32
	paid     int64 // GCRA: when the rate is paid for (Unix nanoseconds)
	maxTicks uint32
	told     answerProblem // what was last logged
	quiet    bool          // a line was written since the last tick

	calls, failures metric
}

// inquiry is a call under way. The zero value is a free slot.
type inquiry struct {
	server *authServer
	sum    [32]byte // of the token
	token  uint32   // of the host's call
	serial uint32
	since  int64
	ticks  uint32
	secret uint8
	second bool // with the other secret
	again  bool // after a connection that was broken
}

// answerProblem says why a call told nothing. The zero value is that it did.
type answerProblem uint8

const (
	answerNone answerProblem = iota
	answerCall
	answerMissing
	answerUnavailable // 502, 503, 504: the proxy's own, or as good as none
	answerClient
	answerForbidden
	answerStatus
	answerType
	answerEncoding
	answerSize
	answerBody
)

// answerProblems is by answerProblem.
var answerProblems = [...]struct {
	code verdict.Code
	text string
}{
	answerNone:        {0, "answers again"},
	answerCall:        {verdict.IntrospectionUnavailable, "the proxy does not make the call: found no such cluster, wanted the one of the policy"},
	answerMissing:     {verdict.IntrospectionUnavailable, "found no answer, wanted status 200"},
	answerUnavailable: {verdict.IntrospectionUnavailable, "found status 502, 503 or 504, wanted 200"},
	answerClient:      {verdict.IntrospectionClient, "found status 401, wanted 200: the server does not take the client's id and secret"},
	answerForbidden:   {verdict.IntrospectionClient, "found status 403, wanted 200: the server does not let this client ask"},
	answerStatus:      {verdict.IntrospectionUnavailable, "found another status, wanted 200; redirects are not followed"},
	answerType:        {verdict.IntrospectionAnswer, "found an answer that is no JSON by its content-type, wanted application/json"},
	answerEncoding:    {verdict.IntrospectionAnswer, "found an encoded answer, wanted none: accept-encoding asked for identity"},
	answerSize:        {verdict.IntrospectionAnswer, "found an answer of more than 16 KiB, wanted less"},
	answerBody:        {verdict.IntrospectionAnswer, "found an answer that can't be read, wanted JSON without doubled members, with a boolean active and claims of their types"},
}

const (
	formStart = "token="
	formEnd   = "&token_type_hint=access_token"
)

// newDesk makes the desk of e, nil when none of its providers is asked; configuration only.
func (v *VM) newDesk(r *root, e Engine, periodMs uint32) *desk {
	f, ok := e.(introspecting)
	t := e.Table()
	if !ok || t == nil || t.NumIntrospections() == 0 {
		return nil
	}
	k := &desk{v: v, root: r, engine: f, of: e, form: make([]byte, 0, len(formStart)+len(formEnd)+3*int(r.cfg.MaxTokenBytes))}
	calls := uint32(0)
	for i := range t.NumProviders() {
		conf, ok := t.Introspection(i)
		if !ok {
			continue
		}
		s := &authServer{index: i, name: string(t.Provider(i).Name), conf: conf, maxTicks: conf.TimeoutMs/periodMs + 5}
		for j := range s.headers {
			if client := f.AppendClient(nil, i, j == 1); client != nil {
				s.headers[j] = inquiryHeaders(conf.URI, client)
			}
		}
		name := "portcullis.introspection." + s.name + "."
		s.calls, s.failures = define(v.host, name+"calls"), define(v.host, name+"failures")
		k.servers = append(k.servers, s)
		calls += conf.MaxCalls
	}
	k.calls = make([]inquiry, calls)
	return k
}

// inquiryHeaders is the header map of a call (RFC 7662 section 2.1).
func inquiryHeaders(uri, client []byte) []byte {
	w := abi.PairsWriter{Buf: make([]byte, len(uri)+len(client)+384)}
	beginCall(&w, 2, "POST", uri, "application/json")
	w.Add("authorization", "", client)
	w.Add("content-type", "application/x-www-form-urlencoded", nil)
	return w.End()
}

// introspectionAsker is the asker of waits for a server's word on a token.
type introspectionAsker struct{ v *VM }

var _ asker = introspectionAsker{}

// ask implements asker: the call is for everybody who has the token.
func (a introspectionAsker) ask(w *waiting) bool {
	k := w.root.desk
	if k == nil || k.of != w.engine {
		return false // judged by an engine that was replaced meanwhile
	}
	shown, sum := k.engine.Inquiry()
	for i := range k.calls {
		if c := &k.calls[i]; c.server != nil && c.server.index == w.wait.Index && c.sum == *sum {
			w.need = c.serial
			return true
		}
	}
	w.answers.Introspection = k.begin(w, shown, sum)
	return w.answers.Introspection == 0
}

// hear implements asker: nothing is heard by single requests.
func (a introspectionAsker) hear(*waiting, answer) {}

// begin asks about a token for w; the code is 0, or why nobody can be asked.
func (k *desk) begin(w *waiting, shown []byte, sum *[32]byte) verdict.Code {
	var s *authServer
	for _, other := range k.servers {
		if other.index == w.wait.Index {
			s = other
		}
	}
	if s == nil {
		return verdict.IntrospectionUnavailable
	}
	now := k.v.req.NowNanos
	if s.inFlight >= s.conf.MaxCalls || !s.pay(now) {
		return verdict.IntrospectionBusy
	}
	for i := range k.calls {
		c := &k.calls[i]
		if c.server != nil {
			continue
		}
		if k.serial++; k.serial == 0 {
			k.serial++
		}
		*c = inquiry{server: s, sum: *sum, serial: k.serial, since: now, secret: s.secret}
		if !k.send(c, shown) {
			*c = inquiry{}
			k.tell(s, answerCall)
			return verdict.IntrospectionUnavailable
		}
		s.inFlight++
		w.need = c.serial
		return 0
	}
	return verdict.IntrospectionBusy
}

// pay charges a call to the server's rate; a second's calls may come at once. A clock that
// has stepped back far opens the rate again, once.
func (s *authServer) pay(now int64) bool {
	cost := nanosPerSec / int64(s.conf.Rate)
	if s.paid < now || s.paid-now > 2*nanosPerSec {
		s.paid = now
	}
	if s.paid-now > nanosPerSec-cost {
		return false
	}
	s.paid += cost
	return true
}

// send makes the call of c.
func (k *desk) send(c *inquiry, shown []byte) bool {
	if 3*len(shown)+len(formStart)+len(formEnd) > cap(k.form) {
		return false // a longer one is refused before
	}
	form := engine.AppendForm(text.Append(k.form[:0], formStart), shown)
	form = text.Append(form, formEnd)
	h, s := k.v.host, c.server
	count(h, s.calls, 1)
	id, st := h.HTTPCall(s.conf.Cluster, s.headers[c.secret], form, s.conf.TimeoutMs)
	clear(form)
	c.token, c.ticks = id, 0
	return st == abi.StatusOK
}

// introspected takes the answer to a call about a token, if it is one. id is the root
// context.
func (v *VM) introspected(id, token, headers, size uint32) bool {
	for _, r := range v.roots {
		k := r.desk
		if k == nil {
			continue
		}
		for i := range k.calls {
			if c := &k.calls[i]; c.server != nil && c.token == token {
				body, why := v.inquiryAnswer(headers, size)
				k.answered(c, body, why)
				v.host.SetContext(id)
				return true
			}
		}
	}
	return false
}

// inquiryAnswer reads the answer to the call whose callback runs. headers is 0 when there
// is none, size that of the body.
func (v *VM) inquiryAnswer(headers, size uint32) (body []byte, why answerProblem) {
	if headers == 0 {
		return nil, answerMissing
	}
	a, ok := v.callHead()
	switch {
	case !ok:
		return nil, answerMissing
	case string(a.status) == "200":
	case string(a.status) == "502", string(a.status) == "503", string(a.status) == "504":
		return nil, answerUnavailable
	case string(a.status) == "401":
		return nil, answerClient
	case string(a.status) == "403":
		return nil, answerForbidden
	default:
		return nil, answerStatus
	}
	switch {
	case !isJSON(a.kind):
		return nil, answerType
	case a.encoded():
		return nil, answerEncoding
	case size > token.MaxAnswer:
		return nil, answerSize
	}
	body, st := v.host.Bytes(abi.BufferCallBody, 0, size)
	if st != abi.StatusOK || uint32(len(body)) != size || size == 0 {
		return nil, answerBody
	}
	return body, answerNone
}

// answered ends c, and judges the requests that have waited for it: unless the call is to
// be made once more.
func (k *desk) answered(c *inquiry, body []byte, why answerProblem) {
	s := c.server
	if k.retries(c, why) && k.resend(c) {
		return
	}
	code := answerProblems[why].code
	if why == answerNone {
		s.secret = c.secret
		if code = k.engine.Introspected(s.index, &c.sum, body, c.since); code != 0 {
			why = answerBody
		}
	}
	serial := c.serial
	*c = inquiry{}
	s.inFlight--
	k.tell(s, why)
	for i := 0; k.v.waits.used != 0 && i < len(k.v.waits.slots); i++ {
		w := &k.v.waits.slots[i]
		if w.id == 0 || w.root != k.root || w.wait.For != engine.WaitIntrospection || w.need != serial {
			continue
		}
		w.need = 0
		w.answers.Introspections++
		w.answers.Introspection = code
		k.v.wake(uint16(i))
	}
	k.engine.ForgetIntrospected()
}

// retries reports whether c is to be made once more: with the other secret when this one is
// not taken, and at once where a connection was broken that had been idle for too long.
func (k *desk) retries(c *inquiry, why answerProblem) bool {
	other := 1 - c.secret
	switch {
	case why == answerClient && !c.second && c.server.headers[other] != nil:
		c.second, c.secret = true, other
		return true
	case (why == answerMissing || why == answerUnavailable) && !c.again && c.ticks == 0:
		c.again = true
		return true
	}
	return false
}

// resend makes the call of c again. The token is that of a request that waits for it:
// nothing else of it is kept.
func (k *desk) resend(c *inquiry) bool {
	v := k.v
	for i := range v.waits.slots {
		w := &v.waits.slots[i]
		if w.id == 0 || w.root != k.root || w.wait.For != engine.WaitIntrospection || w.need != c.serial {
			continue
		}
		stream := v.streams.find(w.id)
		v.arena.Reset()
		if stream == nil || v.host.SetContext(w.id) != abi.StatusOK || v.readHeaders(stream, &w.root.cfg) != verdict.Allow {
			continue
		}
		for j := range v.req.Headers {
			h := &v.req.Headers[j]
			if string(h.Name) != "authorization" {
				continue
			}
			if shown, _, ok := token.Shown(h.Value); ok {
				return k.send(c, shown)
			}
		}
	}
	return false
}

// tick gives up the calls that the host has forgotten.
func (k *desk) tick() (woke bool) {
	if k == nil {
		return false
	}
	for _, s := range k.servers {
		s.quiet = false
	}
	for i := range k.calls {
		c := &k.calls[i]
		if c.server == nil {
			continue
		}
		if c.ticks++; c.ticks > c.server.maxTicks {
			k.answered(c, nil, answerMissing)
			woke = true
		}
	}
	return woke
}

// tell counts a call that told nothing, and logs it when it ended otherwise than the one
// before: a line between two ticks at most.
func (k *desk) tell(s *authServer, why answerProblem) {
	if why != answerNone {
		count(k.v.host, s.failures, 1)
	}
	if s.told == why || s.quiet {
		return
	}
	s.told, s.quiet = why, true
	b := text.Append(text.Append(k.v.log.buf[:0], logPrefix), "introspection of ")
	b = text.Append(text.Append(text.Append(b, s.name), ": "), answerProblems[why].text)
	level := abi.LevelWarn
	if why == answerNone {
		level = abi.LevelInfo
	}
	k.v.host.Log(level, clip(b, lineRoom))
}
