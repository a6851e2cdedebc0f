package host

import "time"

// GRPCRequest is what a module sent with proxy_grpc_call.
type GRPCRequest struct {
	Worker   int
	Target   string // what the module took for the service: a cluster or a serialized GrpcService
	Service  string // pkg.Service
	Method   string
	Metadata Headers
	Message  []byte
	Timeout  time.Duration // 0 = none
}

// GRPCResponse is what a service answers, Delay after the call: Message, when Status is 0.
type GRPCResponse struct {
	Status  uint32
	Message []byte
	Delay   time.Duration
}

// GRPCResponder answers unary gRPC calls to one target. It is called once per call, under the VM's lock.
type GRPCResponder func(GRPCRequest) GRPCResponse

// grpcDeadlineExceeded is the status of a call that the host ended.
const grpcDeadlineExceeded = 4

// hostGRPCCall follows Envoy: an unknown target is a parse failure, the answer comes to the root context.
func hostGRPCCall(v *VM, a []uint64) Status {
	var text [5][]byte
	for i := range text {
		b, ok := v.str(a[2*i], a[2*i+1])
		if !ok {
			return StatusInvalidMemoryAccess
		}
		text[i] = append([]byte(nil), b...)
	}
	if !v.putU32(a[11], 0) {
		return StatusInvalidMemoryAccess
	}
	responder := v.host.cfg.GRPC[string(text[0])]
	if responder == nil {
		return StatusParseFailure
	}
	req := GRPCRequest{Worker: v.index, Target: string(text[0]), Service: string(text[1]), Method: string(text[2]),
		Metadata: ParsePairs(text[3]).Clone(), Message: text[4], Timeout: time.Duration(uint32(a[10])) * time.Millisecond}
	response := responder(req)
	if req.Timeout > 0 && response.Delay > req.Timeout {
		response = GRPCResponse{Status: grpcDeadlineExceeded, Delay: req.Timeout}
	}
	token := v.host.token()
	v.calls = append(v.calls, &httpCall{token: token, due: v.host.clock.Now() + int64(response.Delay), grpc: &response})
	return okIf(v.putU32(a[11], token))
}

// answerGRPC runs proxy_on_grpc_receive for a message, proxy_on_grpc_close for anything else.
func (v *VM) answerGRPC(c *httpCall) {
	if c.grpc.Status != 0 {
		v.callback(v.root, "proxy_on_grpc_close", names("context", "token", "status"), uint64(v.root.id), uint64(c.token), uint64(c.grpc.Status))
		return
	}
	v.root.call = c
	v.callback(v.root, "proxy_on_grpc_receive", names("context", "token", "size"), uint64(v.root.id), uint64(c.token), uint64(len(c.grpc.Message)))
	v.root.call = nil
}
