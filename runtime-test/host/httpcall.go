package host

import "time"

// CallRequest is what a module sent with proxy_http_call.
type CallRequest struct {
	Worker   int
	Cluster  string
	Headers  Headers
	Body     []byte
	Trailers Headers
	Timeout  time.Duration // 0 = none
}

// CallResponse is what the cluster answers, Delay after the call.
type CallResponse struct {
	Headers  Headers // with :status
	Body     []byte
	Trailers Headers
	Delay    time.Duration
	Reset    bool // no answer: the module sees zero headers
}

// Responder answers HTTP calls to one cluster. It is called once per call, under the VM's lock.
type Responder func(CallRequest) CallResponse

// httpCall is a call in flight: HTTP, or gRPC when grpc is not nil.
type httpCall struct {
	token    uint32
	due      int64
	response CallResponse
	grpc     *GRPCResponse
}

// hostHTTPCall follows Envoy: an unknown cluster and a missing pseudo-header are a bad argument; the answer comes to the root context.
func hostHTTPCall(v *VM, a []uint64) Status {
	cluster, ok1 := v.str(a[0], a[1])
	pairs, ok2 := v.str(a[2], a[3])
	body, ok3 := v.str(a[4], a[5])
	trailers, ok4 := v.str(a[6], a[7])
	if !ok1 || !ok2 || !ok3 || !ok4 || !v.putU32(a[9], 0) {
		return StatusInvalidMemoryAccess
	}
	responder := v.host.cfg.Clusters[string(cluster)]
	if responder == nil || int32(uint32(a[8])) < 0 {
		return StatusBadArgument
	}
	req := CallRequest{
		Worker: v.index, Cluster: string(cluster), Headers: ParsePairs(pairs).Clone(), Body: append([]byte(nil), body...),
		Trailers: ParsePairs(trailers).Clone(), Timeout: time.Duration(uint32(a[8])) * time.Millisecond,
	}
	for _, name := range []string{":path", ":method", ":authority"} {
		if _, ok := req.Headers.Get(name); !ok {
			return StatusBadArgument
		}
	}
	response := responder(req)
	if req.Timeout > 0 && response.Delay > req.Timeout {
		// Envoy's async client answers a timeout itself.
		response = CallResponse{Headers: H(":status", "504", "content-length", "24", "content-type", "text/plain"),
			Body: []byte("upstream request timeout"), Delay: req.Timeout}
	}
	response.Headers, response.Trailers = response.Headers.Clone(), response.Trailers.Clone()
	token := v.host.token()
	v.calls = append(v.calls, &httpCall{token: token, due: v.host.clock.Now() + int64(response.Delay), response: response})
	return okIf(v.putU32(a[9], token))
}

// token is the number of the next call.
func (h *Host) token() uint32 {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.nextToken++
	return h.nextToken
}

// answer runs proxy_on_http_call_response, or the callbacks of gRPC, on the root context.
func (v *VM) answer(c *httpCall) {
	if c.grpc != nil {
		v.answerGRPC(c)
		return
	}
	args := names("context", "token", "headers", "body", "trailers")
	if c.response.Reset {
		v.root.statusMsg = "reset"
		v.callback(v.root, "proxy_on_http_call_response", args, uint64(v.root.id), uint64(c.token), 0, 0, 0)
		v.root.statusMsg = ""
		return
	}
	v.root.call = c
	v.callback(v.root, "proxy_on_http_call_response", args, uint64(v.root.id), uint64(c.token), uint64(len(c.response.Headers)),
		uint64(len(c.response.Body)), uint64(len(c.response.Trailers)))
	v.root.call = nil
}
