package plugin

import (
	"portcullis/filter/engine"
	"portcullis/filter/internal/abi"
	"portcullis/filter/table"
	"portcullis/filter/text"
	"portcullis/filter/token"
)

// fetching is what the plugin asks of an engine with providers that fetch their keys;
// *engine.Engine is one.
type fetching interface {
	KeySet(provider uint32) *token.KeySet
	ReadMetadata(scratch, doc []byte, provider uint32) ([]byte, token.MetadataProblem)
	ReadKeys(dst, doc []byte, provider, generation uint32, fetched int64) ([]byte, token.SetReport)
}

// keyring is the fetched keys of one root's providers.
type keyring struct {
	v        *VM
	root     *root
	engine   fetching
	remotes  []*remote
	compiled []byte // scratch: a set on its way to the others
}

// remote is one provider that fetches its keys.
//
// The worker that finds the keys old, absent or lacking takes the lease in the shared
// data, calls, and writes what it got to the shared data in compiled form; the others
// look at the state there once a second, and at every tick while requests wait. Requests
// with known keys never come here.
type remote struct {
	host  abi.Host
	index uint32
	name  string
	conf  table.Remote
	set   *token.KeySet
	self  uint64 // random: this worker
	rand  uint64

	key, stateKey []byte // of the shared data
	headers       []byte // of the request for keys, or for what tells where they are, serialized
	place         *place // nil where the table says where the keys are
	buf           [keyStateSize]byte

	state      keyState
	cas        uint32
	leaseSeen  int64
	leaseTicks uint32
	refreshAt  int64 // when this worker finds the set old

	pending       bool // a call of ours is under way
	retried       bool
	token         uint32
	pendingTicks  uint32
	maxLeaseTicks uint32
	ticks         uint32
	ticksPerLook  uint32

	told      fetchProblem // what was last logged
	toldLeft  uint32
	fetches   metric
	failures  metric
	inUse     metric
	leftOut   metric
	age       metric
	installed bool
}

// maxKeyDocument bounds what a provider may answer: 64 keys with their certificates are
// a third of it.
const maxKeyDocument = 512 << 10

// keySharedPrefix begins the names of key sets in the shared data. All that makes two
// providers different follows, each part with its length, so that none can take another's
// keys for its own; the table's digest does not: keys outlive a change of the rest.
const keySharedPrefix = "portcullis.keys.1 "

// newKeyring makes the keyring of e, nil when none of its providers fetches keys;
// configuration only.
func (v *VM) newKeyring(r *root, e Engine, periodMs uint32) *keyring {
	f, ok := e.(fetching)
	t := e.Table()
	if !ok || t == nil {
		return nil
	}
	k := &keyring{v: v, root: r, engine: f}
	for i := range t.NumProviders() {
		conf, ok := t.Remote(i)
		if !ok {
			continue
		}
		p := t.Provider(i)
		m := &remote{host: v.host, index: i, name: string(p.Name), conf: conf, set: f.KeySet(i)}
		var seed [16]byte
		v.host.Random(seed[:])
		for j, c := range seed {
			if j < 8 {
				m.self = m.self<<8 | uint64(c)
			} else {
				m.rand = m.rand<<8 | uint64(c)
			}
		}
		key := text.Uint(text.Append(nil, keySharedPrefix), uint64(conf.Algorithms))
		for i, part := range [...][]byte{p.Issuer, conf.URI, conf.Cluster, conf.KeysOrigin, conf.KeysCluster} {
			if i > 2 && len(conf.KeysOrigin) == 0 {
				break
			}
			key = text.Byte(text.Uint(text.Byte(key, ' '), uint64(len(part))), ':')
			key = text.Bytes(key, part)
		}
		m.key = key
		m.stateKey = text.Append(append([]byte(nil), key...), " state")
		m.headers = keyRequest(make([]byte, len(conf.URI)+keyRequestRoom), conf.URI)
		m.place = newPlace(&conf)
		m.ticksPerLook = max(1000/periodMs, 1)
		m.maxLeaseTicks = uint32(m.leaseNanos()/1e6)/periodMs + 5
		m.define(v.host)
		k.remotes = append(k.remotes, m)
	}
	if k.remotes == nil {
		return nil
	}
	k.compiled = make([]byte, 0, token.MaxSetBytes)
	now := v.host.NowNanos()
	for _, m := range k.remotes {
		k.look(m, now)
	}
	return k
}

func (m *remote) define(h abi.Host) {
	name := "portcullis.keys." + m.name + "."
	m.fetches, m.failures = define(h, name+"fetches"), define(h, name+"failures")
	gauge := func(what string) metric {
		id, st := h.DefineMetric(abi.MetricGauge, name+what)
		return metric{id: id, ok: st == abi.StatusOK}
	}
	m.inUse, m.leftOut, m.age = gauge("in_use"), gauge("left_out"), gauge("age_seconds")
}

// keyRequestRoom is what a header map of a request for keys takes besides the URI.
const keyRequestRoom = 256

// keyRequest is the header map of a request for uri, written to buf.
func keyRequest(buf, uri []byte) []byte {
	w := abi.PairsWriter{Buf: buf}
	beginCall(&w, 0, "GET", uri, "application/jwk-set+json, application/json")
	return w.End()
}

// beginCall begins the header map of a call of method to uri, which has more fields
// besides those of every call.
func beginCall(w *abi.PairsWriter, more uint32, method string, uri []byte, accept string) {
	scheme, authority, path := table.SplitURI(uri)
	w.Begin(6 + more)
	w.Add(":method", method, nil)
	w.Add(":scheme", "", scheme)
	w.Add(":authority", "", authority)
	w.Add(":path", "", path)
	w.Add("accept", accept, nil)
	w.Add("accept-encoding", "identity", nil)
}

// find is the remote of a provider, nil for none.
func (k *keyring) find(provider uint32) *remote {
	if k == nil {
		return nil
	}
	for _, m := range k.remotes {
		if m.index == provider {
			return m
		}
	}
	return nil
}

// look takes over what other workers have learnt.
func (k *keyring) look(m *remote, now int64) {
	m.sync()
	if m.state.generation == m.set.Generation() && m.installed {
		return
	}
	raw, _, st := m.host.SharedGet(m.key)
	if st == abi.StatusOK && m.set.Install(raw) {
		m.fresh(now)
	}
}

// fresh notes that a set was put in force.
func (m *remote) fresh(now int64) {
	m.installed = true
	m.rand = m.rand*6364136223846793005 + 1442695040888963407
	refresh := int64(m.conf.RefreshSeconds) * nanosPerSec
	m.refreshAt = m.set.FetchedNanos() + refresh - refresh/10*int64(m.rand>>54)/1024
	m.gauge(m.inUse, uint64(m.set.Len()))
	m.tellAge(now)
}

func (m *remote) gauge(g metric, v uint64) {
	if g.ok {
		m.host.RecordMetric(g.id, v)
	}
}

func (m *remote) tellAge(now int64) {
	if m.installed {
		m.gauge(m.age, uint64(max(now-m.set.FetchedNanos(), 0))/nanosPerSec)
	}
}

// old reports keys that are to be fetched whether anybody waits or not: none, those that
// are due, and those from a future that a clock that stepped back has made.
func (m *remote) old(now int64) bool {
	return !m.set.Usable(now) || now >= m.refreshAt || m.set.FetchedNanos() > now+60*nanosPerSec
}

// may reports whether a fetch may begin: the proxy's last one is long enough ago. asked is
// that a request waits for it, which shortens no cooldown but does not have to bear how
// long the provider was down.
func (m *remote) may(now int64, asked bool) bool {
	wait := int64(nanosPerSec)
	switch {
	case m.state.failures > 0 && !asked:
		wait = m.backoff()
	case m.state.failures > 0 || m.set.Usable(now):
		wait = int64(m.conf.CooldownSeconds) * nanosPerSec
	}
	ago := now - m.state.started
	return m.state.started == 0 || ago >= wait || ago < 0
}

// backoff is how long the proxy waits after a failure when nobody asks: a second, doubled
// each time, at most half a minute or until keys would be fetched anyway.
func (m *remote) backoff() int64 {
	most := min(30, int64(m.conf.RefreshSeconds)) * nanosPerSec
	return min(int64(nanosPerSec)<<min(m.state.failures-1, 5), most)
}

// fetch takes the lease and calls. down is that the provider can't be reached; when
// somebody else takes the lease there is nothing wrong.
func (k *keyring) fetch(m *remote, now int64) (down bool) {
	s := m.state
	s.lease, s.owner, s.started = now+m.leaseNanos(), m.self, now
	if !m.write(s) {
		m.sync()
		return false
	}
	m.retried = false
	m.place.forget()
	return k.call(m, now)
}

// call sends the request for keys, or for what tells where they are, under the lease.
func (k *keyring) call(m *remote, now int64) (down bool) {
	count(m.host, m.fetches, 1)
	cluster, headers := m.conf.Cluster, m.headers
	if m.place.known() {
		cluster, headers = m.conf.KeysCluster, m.place.headers
	}
	id, st := m.host.HTTPCall(cluster, headers, nil, m.conf.TimeoutMs)
	if st != abi.StatusOK {
		k.failed(m, fetchCall)
		return true
	}
	m.pending, m.token, m.pendingTicks = true, id, 0
	return false
}

// failed ends our fetch without keys. What is in force stays.
func (k *keyring) failed(m *remote, why fetchProblem) {
	m.pending = false
	count(m.host, m.failures, 1)
	if m.sync(); m.state.owner == m.self && m.state.lease != 0 {
		s := m.state
		s.lease, s.failures = 0, min(s.failures, 1<<30)+1
		m.write(s)
	}
	k.tell(m, why, token.SetReport{})
}

// answered takes the answer to m's call, and judges the requests that waited for it.
func (k *keyring) answered(m *remote, a keyAnswer) {
	m.pending = false
	k.take(m, a)
	k.settle(m, k.v.host.NowNanos())
}

// take reads an answer and puts its keys in force, here and for the other workers.
func (k *keyring) take(m *remote, a keyAnswer) {
	now := k.v.host.NowNanos()
	why := a.problem
	if why == fetchNone {
		m.sync()
		switch {
		case m.state.owner != m.self || m.state.lease == 0:
			return // the lease is another's by now, and so is the word on the keys
		case m.place != nil && !m.place.known():
			var problem token.MetadataProblem
			if problem = k.locate(m, a.body); problem == token.MetadataGood {
				m.retried = false
				k.call(m, now)
				return
			}
			why = fetchMetadata + fetchProblem(problem)
		default:
			s := m.state
			s.generation++
			if s.generation == 0 {
				s.generation++
			}
			var report token.SetReport
			k.compiled, report = k.engine.ReadKeys(k.compiled[:0], a.body, m.index, s.generation, s.started)
			if report.Problem == token.SetGood && m.set.Install(k.compiled) {
				m.fresh(now)
				k.publish(m)
				s.lease, s.failures = 0, 0
				m.write(s)
				k.tell(m, fetchNone, report)
				return
			}
			why = fetchDocument + fetchProblem(report.Problem)
		}
	}
	// A connection that was idle too long breaks at the first use: once more, at once.
	if (why == fetchNoAnswer || why == fetchUnavailable) && !m.retried && m.pendingTicks == 0 {
		m.retried = true
		k.call(m, now)
		return
	}
	k.failed(m, why)
}

// publish writes the compiled set for the others. Only the holder of the lease comes
// here; where somebody wrote all the same, the newer set is written again.
func (k *keyring) publish(m *remote) {
	for range 4 {
		cas := uint32(createCAS)
		if _, c, st := m.host.SharedGet(m.key); st == abi.StatusOK && c != 0 {
			cas = c
		}
		if m.host.SharedSet(m.key, k.compiled, cas) != abi.StatusCasMismatch {
			break
		}
	}
	m.sync() // the state's version for what follows
}

// tick looks after every provider; r's requests that wait for keys are judged when there
// are new ones, or when there will be none for now.
func (k *keyring) tick() (woke bool) {
	if k == nil {
		return false
	}
	now := k.v.host.NowNanos()
	for _, m := range k.remotes {
		waits := k.waits(m)
		m.ticks++
		if m.leaseTicks++; m.pending {
			if m.pendingTicks++; m.pendingTicks > m.maxLeaseTicks {
				k.failed(m, fetchNoAnswer) // the host has forgotten it
			}
		}
		if !waits && m.ticks%m.ticksPerLook != 0 && m.ticks != 1 {
			continue
		}
		k.v.arena.Reset()
		k.look(m, now)
		m.tellAge(now)
		if !m.pending && !m.leased(now) && (waits || m.old(now)) && m.may(now, waits) {
			k.fetch(m, now)
		}
		woke = k.settle(m, now) || woke
	}
	return woke
}

// waits reports requests of this ring that wait for keys of m.
func (k *keyring) waits(m *remote) bool {
	if k.v.waits.used == 0 {
		return false
	}
	for i := range k.v.waits.slots {
		if k.holds(m, &k.v.waits.slots[i]) {
			return true
		}
	}
	return false
}

func (k *keyring) holds(m *remote, w *waiting) bool {
	return w.id != 0 && w.root == k.root && w.wait.For == engine.WaitKeys && w.wait.Index == m.index
}

// settle judges the requests that wait for m and can be judged: there are keys that they
// have not seen, or the provider is down and nobody calls it now.
func (k *keyring) settle(m *remote, now int64) (any bool) {
	if k.v.waits.used == 0 {
		return false
	}
	down := m.state.failures > 0 && !m.pending && !m.leased(now)
	for i := range k.v.waits.slots {
		w := &k.v.waits.slots[i]
		if !k.holds(m, w) {
			continue
		}
		switch g := m.set.Generation(); {
		case g != w.seen:
			if int32(g-w.need) >= 0 {
				w.answers.Keys |= 1 << (m.index & 63)
			}
		case down:
			w.answers.Late = true
		default:
			continue
		}
		k.v.wake(uint16(i))
		any = true
	}
	return any
}

// abandon gives up what is under way: the ring is to be replaced.
func (k *keyring) abandon() {
	if k == nil {
		return
	}
	for _, m := range k.remotes {
		if !m.pending {
			continue
		}
		m.pending = false
		if m.sync(); m.state.owner == m.self {
			s := m.state
			s.lease = 0
			m.write(s)
		}
	}
}

// keyAsker is the asker of waits for keys.
type keyAsker struct{ v *VM }

var _ asker = keyAsker{}

// ask implements asker: the call for keys is nobody's own.
func (a keyAsker) ask(w *waiting) bool {
	k := w.root.ring
	m := k.find(w.wait.Index)
	if m == nil {
		return false
	}
	now := a.v.req.NowNanos
	before := m.set.Generation()
	k.look(m, now)
	g := m.set.Generation()
	if g != before {
		w.known = true // another worker has fetched: perhaps that was all
		return false
	}
	busy := m.pending || m.leased(now)
	if w.need == 0 {
		// What is under way may have begun before the provider had the key.
		if w.need = g + 1; busy {
			w.need++
		}
	}
	w.seen = g
	switch {
	case busy:
		return true
	case m.may(now, true):
		return !k.fetch(m, now)
	}
	// Without a failure the next fetch is a matter of the cooldown, and the next tick's.
	return m.state.failures == 0
}

// hear implements asker: nothing is heard by single requests.
func (a keyAsker) hear(*waiting, answer) {}
