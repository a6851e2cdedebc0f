package host

import "slices"

func hostLog(v *VM, a []uint64) Status {
	if a[0] > uint64(LevelCritical) {
		return StatusBadArgument
	}
	msg, ok := v.str(a[1], a[2])
	if !ok {
		return StatusInvalidMemoryAccess
	}
	v.host.log(v.index, Level(a[0]), string(msg))
	return StatusOK
}

func hostGetLogLevel(v *VM, a []uint64) Status {
	return okIf(v.putU32(a[0], uint32(v.host.cfg.LogLevel)))
}

func hostTime(v *VM, a []uint64) Status {
	return okIf(v.putU64(a[0], uint64(v.host.clock.Now())))
}

func hostSetTick(v *VM, a []uint64) Status {
	v.tickNanos = int64(uint32(a[0])) * 1e6
	v.tickAt = v.host.clock.Now() + v.tickNanos
	return StatusOK
}

func hostSetEffective(v *VM, a []uint64) Status {
	if v.contexts[uint32(a[0])] == nil {
		return StatusBadArgument
	}
	v.effective = uint32(a[0])
	return StatusOK
}

// hostDone is only for a root context whose proxy_on_done answered false; this host never waits for one.
func hostDone(*VM, []uint64) Status { return StatusNotFound }

func hostGetStatus(v *VM, a []uint64) Status {
	msg, code := v.context().rootContext().statusMsg, uint32(0)
	if msg != "" {
		code = uint32(StatusBrokenConnection)
	}
	if !v.putU32(a[0], code) {
		return StatusInvalidMemoryAccess
	}
	return v.give([]byte(msg), a[1], a[2])
}

func hostUnimplemented(*VM, []uint64) Status { return StatusUnimplemented }

func okIf(ok bool) Status {
	if ok {
		return StatusOK
	}
	return StatusInvalidMemoryAccess
}

// buffer returns the buffer a context sees and whether it may be changed; ok is false when there is none at this moment. A nil pointer
// with ok is an empty buffer.
func (v *VM) buffer(t uint32) (buf *[]byte, writable, ok bool) {
	c := v.context()
	switch t {
	case bufferRequestBody, bufferResponseBody:
		if c.stream == nil {
			return nil, false, true
		}
		b := c.stream.half(t == bufferRequestBody).visible()
		return b, b != nil, true
	case bufferVMConfig:
		return &v.host.cfg.VMConfig, false, true
	case bufferPluginConfig:
		if !c.config {
			return nil, false, false
		}
		return &v.host.cfg.PluginConfig, false, true
	case bufferCallBody:
		if call := c.rootContext().call; call != nil && call.grpc == nil {
			return &call.response.Body, false, true
		}
		return nil, false, false
	case bufferGrpcMessage:
		if call := c.rootContext().call; call != nil && call.grpc != nil {
			return &call.grpc.Message, false, true
		}
		return nil, false, false
	case bufferForeignArgs:
		return &c.foreign, false, true
	}
	return nil, false, false
}

func hostGetBuffer(v *VM, a []uint64) Status {
	t, start, size := uint32(a[0]), uint64(uint32(a[1])), uint64(uint32(a[2]))
	if t > bufferTypeMax {
		return StatusBadArgument
	}
	buf, _, ok := v.buffer(t)
	if !ok {
		return StatusNotFound
	}
	var data []byte
	if buf != nil && start < uint64(len(*buf)) {
		data = (*buf)[start:min(start+size, uint64(len(*buf)))]
	}
	return v.give(data, a[3], a[4])
}

func hostBufferStatus(v *VM, a []uint64) Status {
	if uint32(a[0]) > bufferTypeMax {
		return StatusBadArgument
	}
	buf, _, ok := v.buffer(uint32(a[0]))
	if !ok {
		return StatusNotFound
	}
	n := 0
	if buf != nil {
		n = len(*buf)
	}
	return okIf(v.putU32(a[1], uint32(n)) && v.putU32(a[2], 0))
}

// hostSetBuffer replaces size bytes from the beginning, or appends behind the end; nothing else, as in Envoy.
func hostSetBuffer(v *VM, a []uint64) Status {
	if uint32(a[0]) > bufferTypeMax {
		return StatusBadArgument
	}
	buf, writable, ok := v.buffer(uint32(a[0]))
	if !ok {
		return StatusNotFound
	}
	data, ok := v.str(a[3], a[4])
	if !ok {
		return StatusInvalidMemoryAccess
	}
	if !writable {
		return StatusBadArgument
	}
	start, size := int(uint32(a[1])), int(uint32(a[2]))
	switch {
	case start == 0:
		rest := (*buf)[min(size, len(*buf)):]
		*buf = slices.Concat(data, rest)
	case start >= len(*buf):
		*buf = slices.Concat(*buf, data)
	default:
		return StatusBadArgument
	}
	return StatusOK
}

// headerMap returns the map a context sees now, or nil. readOnly maps are those of an HTTP call and of the log callback.
func (v *VM) headerMap(t uint32) (h *Headers, readOnly bool) {
	c := v.context()
	switch t {
	case mapRequestHeaders, mapRequestTrailers, mapResponseHeaders, mapResponseTrailers:
		if c.stream == nil {
			return nil, false
		}
		half := c.stream.half(t == mapRequestHeaders || t == mapRequestTrailers)
		trailers := t == mapRequestTrailers || t == mapResponseTrailers
		if c.stream.logging && half.headers != nil && !trailers {
			return &half.headers, true
		}
		if !trailers && half.headersLive {
			return &half.headers, false
		}
		if trailers && half.trailersLive {
			return &half.trailers, false
		}
	case mapCallHeaders, mapCallTrailers:
		if call := c.rootContext().call; call != nil && call.grpc == nil {
			if t == mapCallHeaders {
				return &call.response.Headers, true
			}
			return &call.response.Trailers, true
		}
	}
	return nil, false
}

func hostMapSize(v *VM, a []uint64) Status {
	if a[0] > mapTypeMax {
		return StatusBadArgument
	}
	h, _ := v.headerMap(uint32(a[0]))
	if h == nil {
		return StatusBadArgument
	}
	return okIf(v.putU32(a[1], uint32(h.bytes())))
}

// hostGetPairs answers an absent map as an empty one.
func hostGetPairs(v *VM, a []uint64) Status {
	if a[0] > mapTypeMax {
		return StatusBadArgument
	}
	h, _ := v.headerMap(uint32(a[0]))
	if h == nil || len(*h) == 0 {
		return v.give(nil, a[1], a[2])
	}
	return v.give(AppendPairs(nil, *h), a[1], a[2])
}

func hostGetValue(v *VM, a []uint64) Status {
	if a[0] > mapTypeMax {
		return StatusBadArgument
	}
	key, ok := v.str(a[1], a[2])
	if !ok {
		return StatusInvalidMemoryAccess
	}
	h, _ := v.headerMap(uint32(a[0]))
	if h == nil {
		return StatusBadArgument
	}
	value, ok := h.Get(string(key))
	if !ok {
		return StatusNotFound
	}
	return v.give([]byte(value), a[3], a[4])
}

// edit finds the map to change and the key and value arguments.
func (v *VM) edit(a []uint64, withValue bool) (h *Headers, key, value string, st Status) {
	if a[0] > mapTypeMax {
		return nil, "", "", StatusBadArgument
	}
	k, ok := v.str(a[1], a[2])
	if !ok {
		return nil, "", "", StatusInvalidMemoryAccess
	}
	var val []byte
	if withValue {
		if val, ok = v.str(a[3], a[4]); !ok {
			return nil, "", "", StatusInvalidMemoryAccess
		}
	}
	h, readOnly := v.headerMap(uint32(a[0]))
	if h == nil || readOnly {
		return nil, "", "", StatusBadArgument
	}
	return h, string(k), string(val), StatusOK
}

func hostAddValue(v *VM, a []uint64) Status {
	h, key, value, st := v.edit(a, true)
	if st == StatusOK {
		h.add(key, value)
	}
	return st
}

func hostReplaceValue(v *VM, a []uint64) Status {
	h, key, value, st := v.edit(a, true)
	if st == StatusOK {
		h.set(key, value)
	}
	return st
}

func hostRemoveValue(v *VM, a []uint64) Status {
	h, key, _, st := v.edit(a, false)
	if st == StatusOK {
		h.remove(key)
	}
	return st
}

func hostSetPairs(v *VM, a []uint64) Status {
	if a[0] > mapTypeMax {
		return StatusBadArgument
	}
	data, ok := v.str(a[1], a[2])
	if !ok {
		return StatusInvalidMemoryAccess
	}
	h, readOnly := v.headerMap(uint32(a[0]))
	if h == nil || readOnly {
		return StatusBadArgument
	}
	*h = ParsePairs(data).Clone()
	if *h == nil {
		*h = Headers{}
	}
	return StatusOK
}

func hostContinue(v *VM, a []uint64) Status {
	if a[0] > streamTypeMax {
		return StatusBadArgument
	}
	if a[0] != streamRequest && a[0] != streamResponse {
		return StatusBadArgument
	}
	if s := v.context().stream; s != nil {
		request := a[0] == streamRequest
		v.after = append(v.after, func() { s.resume(request) })
		// Envoy lets go of the request's maps whichever direction is continued.
		s.req.headersLive, s.req.trailersLive, s.req.piece = false, false, nil
	}
	return StatusOK
}

func hostCloseStream(v *VM, a []uint64) Status {
	if a[0] > streamTypeMax {
		return StatusBadArgument
	}
	if s := v.context().stream; s != nil {
		v.after = append(v.after, func() { s.reset("closed by the filter") })
	}
	return StatusOK
}

func hostSendLocal(v *VM, a []uint64) Status {
	details, ok1 := v.str(a[1], a[2])
	body, ok2 := v.str(a[3], a[4])
	headers, ok3 := v.str(a[5], a[6])
	if !ok1 || !ok2 || !ok3 {
		return StatusInvalidMemoryAccess
	}
	reply := localReply{
		status: int(uint32(a[0])), details: string(details), body: append([]byte(nil), body...), headers: ParsePairs(headers).Clone(),
		grpcStatus: int32(uint32(a[7])),
	}
	if s := v.context().stream; s != nil {
		v.after = append(v.after, func() { s.sendLocal(reply) })
	}
	v.stopNext = true
	return StatusOK
}

func hostGetShared(v *VM, a []uint64) Status {
	key, ok := v.str(a[0], a[1])
	if !ok {
		return StatusInvalidMemoryAccess
	}
	v.beforeShared()
	value, cas, ok := v.host.shared.Get(string(key))
	if !ok {
		return StatusNotFound
	}
	if st := v.give(value, a[2], a[3]); st != StatusOK {
		return st
	}
	return okIf(v.putU32(a[4], cas))
}

func hostSetShared(v *VM, a []uint64) Status {
	key, ok1 := v.str(a[0], a[1])
	value, ok2 := v.str(a[2], a[3])
	if !ok1 || !ok2 {
		return StatusInvalidMemoryAccess
	}
	v.beforeShared()
	return v.host.shared.Set(string(key), value, uint32(a[4]))
}

func (v *VM) beforeShared() {
	if f := v.host.cfg.BeforeShared; f != nil {
		f(v.index)
	}
}

func hostRegisterQueue(v *VM, a []uint64) Status {
	name, ok := v.str(a[0], a[1])
	if !ok {
		return StatusInvalidMemoryAccess
	}
	q := &v.host.queues
	q.mu.Lock()
	defer q.mu.Unlock()
	id, ok := q.byName[string(name)]
	if !ok {
		id = uint32(len(q.byName)) + 1
		q.byName[string(name)] = id
		q.byID[id] = &queue{owner: v, root: v.root.id}
	}
	return okIf(v.putU32(a[2], id))
}

func hostResolveQueue(v *VM, a []uint64) Status {
	vm, ok1 := v.str(a[0], a[1])
	name, ok2 := v.str(a[2], a[3])
	if !ok1 || !ok2 {
		return StatusInvalidMemoryAccess
	}
	q := &v.host.queues
	q.mu.Lock()
	defer q.mu.Unlock()
	id, ok := q.byName[string(name)]
	if !ok || (len(vm) > 0 && string(vm) != v.host.cfg.VMID) {
		return StatusNotFound
	}
	return okIf(v.putU32(a[4], id))
}

// hostEnqueue stores an item. proxy_on_queue_ready comes on the owner's thread: here, at the end of the public method if the owner is
// this VM; another VM finds the item when it asks.
func hostEnqueue(v *VM, a []uint64) Status {
	value, ok := v.str(a[1], a[2])
	if !ok {
		return StatusInvalidMemoryAccess
	}
	q := &v.host.queues
	q.mu.Lock()
	defer q.mu.Unlock()
	e := q.byID[uint32(a[0])]
	if e == nil {
		return StatusNotFound
	}
	e.items = append(e.items, append([]byte(nil), value...))
	if e.owner == v {
		id := a[0]
		v.deferred = append(v.deferred, func() {
			v.callback(v.root, "proxy_on_queue_ready", names("context", "queue"), uint64(v.root.id), id)
		})
	}
	return StatusOK
}

func hostDequeue(v *VM, a []uint64) Status {
	q := &v.host.queues
	q.mu.Lock()
	e := q.byID[uint32(a[0])]
	if e == nil {
		q.mu.Unlock()
		return StatusNotFound
	}
	if len(e.items) == 0 {
		q.mu.Unlock()
		return StatusEmpty
	}
	item := e.items[0]
	e.items = e.items[1:]
	q.mu.Unlock()
	return v.give(item, a[1], a[2])
}

// hostDefineMetric hands out a fresh id each time, the kind in its low two bits.
func hostDefineMetric(v *VM, a []uint64) Status {
	name, ok := v.str(a[1], a[2])
	if !ok {
		return StatusInvalidMemoryAccess
	}
	if a[0] > uint64(MetricHistogram) {
		return StatusBadArgument
	}
	v.nextMetric[a[0]] += 4
	id := v.nextMetric[a[0]]
	v.metricIDs[id] = v.host.metrics.define(MetricType(a[0]), string(name))
	return okIf(v.putU32(a[3], id))
}

func hostIncrementMetric(v *VM, a []uint64) Status {
	if m := v.metricIDs[uint32(a[0])]; m != nil {
		return v.host.metrics.increment(m, int64(a[1]))
	}
	return StatusNotFound
}

func hostRecordMetric(v *VM, a []uint64) Status {
	if m := v.metricIDs[uint32(a[0])]; m != nil {
		return v.host.metrics.record(m, a[1])
	}
	return StatusNotFound
}

func hostGetMetric(v *VM, a []uint64) Status {
	m := v.metricIDs[uint32(a[0])]
	if m == nil {
		return StatusNotFound
	}
	value, st := v.host.metrics.get(m)
	if st != StatusOK {
		return st
	}
	return okIf(v.putU64(a[1], value))
}
