// Package rls writes and reads the messages of Envoy's rate limit service
// (envoy.service.ratelimit.v3.RateLimitService, method ShouldRateLimit): a
// RateLimitRequest as it goes out, and what a RateLimitResponse says of each of
// its descriptors.
//
// It knows the protocol buffers wire format as far as these two messages need
// it. It refuses to guess: an answer that is cut off, or is about another number of
// limits, is no answer. It allocates nothing, and reads nothing twice.
package rls

// Service and Method are the names of the call.
const (
	Service = "envoy.service.ratelimit.v3.RateLimitService"
	Method  = "ShouldRateLimit"
)

// MaxDescriptors is how many limits a request may be about.
const MaxDescriptors = 8

// Fields of the messages.
const (
	requestDomain      = 1
	requestDescriptors = 2
	descriptorEntries  = 1
	descriptorHits     = 3 // google.protobuf.UInt64Value
	entryKey           = 1
	entryValue         = 2
	wrapperValue       = 1

	responseCode      = 1
	responseStatuses  = 2
	statusCode        = 1
	statusLimit       = 2
	statusRemaining   = 3
	statusReset       = 4 // google.protobuf.Duration
	durationSeconds   = 1
	durationNanos     = 2
	wireVarint        = 0
	wireFixed64       = 1
	wireBytes         = 2
	wireFixed32       = 5
	maxFieldNumber    = 1<<29 - 1
	maxVarintBytes    = 10
	maxRequestLengths = 1<<14 - 1 // of a descriptor, in bytes
)

// Request is a RateLimitRequest that is being put together.
//
// Invariants: what does not fit sets full, and nothing is cut short.
type Request struct {
	buf  []byte // its capacity is the most there may be
	open int    // where the length of the descriptor that is open will stand
	full bool
}

// NewRequest makes a request with room for size bytes.
func NewRequest(size int) Request { return Request{buf: make([]byte, 0, size)} }

// Begin starts a request about limits of a domain.
func (r *Request) Begin(domain []byte) {
	r.buf, r.full = r.buf[:0], false
	r.bytes(requestDomain, domain)
}

// Descriptor starts a descriptor; Entry adds to it, End ends it.
func (r *Request) Descriptor() {
	r.byte(requestDescriptors<<3 | wireBytes)
	r.open = len(r.buf)
	r.byte(0)
	r.byte(0)
}

// Entry adds an entry to the descriptor that is open. Neither text may be empty, and
// both are UTF-8: a service refuses the whole message otherwise.
func (r *Request) Entry(key string, value []byte) {
	n := 1 + varintLen(uint64(len(key))) + len(key) + 1 + varintLen(uint64(len(value))) + len(value)
	r.byte(descriptorEntries<<3 | wireBytes)
	r.varint(uint64(n))
	r.byte(entryKey<<3 | wireBytes)
	r.varint(uint64(len(key)))
	if !r.room(len(key)) {
		return
	}
	r.buf = append(r.buf, key...)
	r.bytes(entryValue, value)
}

// End ends the descriptor, which counts hits.
func (r *Request) End(hits uint64) {
	r.byte(descriptorHits<<3 | wireBytes)
	r.varint(uint64(1 + varintLen(hits)))
	r.byte(wrapperValue<<3 | wireVarint)
	r.varint(hits)
	if r.full {
		return
	}
	// Two bytes were kept for the length; most descriptors need one.
	start := r.open + 2
	n := len(r.buf) - start
	if n > maxRequestLengths {
		r.full = true
		return
	}
	if n >= 1<<7 {
		r.buf[r.open], r.buf[r.open+1] = byte(n)|0x80, byte(n>>7)
		return
	}
	r.buf[r.open] = byte(n)
	copy(r.buf[r.open+1:], r.buf[start:])
	r.buf = r.buf[:len(r.buf)-1]
}

// Bytes is the message; ok is false when there was no room for all of it. It is
// valid until the next Begin.
func (r *Request) Bytes() (message []byte, ok bool) { return r.buf, !r.full }

// room reports that n more bytes fit.
func (r *Request) room(n int) bool {
	if r.full || n > cap(r.buf)-len(r.buf) {
		r.full = true
	}
	return !r.full
}

func (r *Request) byte(b byte) {
	if r.room(1) {
		r.buf = append(r.buf, b)
	}
}

func (r *Request) varint(v uint64) {
	for ; v >= 0x80; v >>= 7 {
		r.byte(byte(v) | 0x80)
	}
	r.byte(byte(v))
}

func (r *Request) bytes(field byte, b []byte) {
	r.byte(field<<3 | wireBytes)
	r.varint(uint64(len(b)))
	if r.room(len(b)) {
		r.buf = append(r.buf, b...)
	}
}

func varintLen(v uint64) int {
	n := 1
	for ; v >= 0x80; v >>= 7 {
		n++
	}
	return n
}

// Size is a bound on the bytes of a request about n descriptors of a domain, each
// with at most entries entries of keys and values of at most text bytes together.
func Size(domain, n, entries, text int) int {
	const overhead = 10 // tags and lengths
	return overhead + domain + n*(3*overhead+entries*(2*overhead+text))
}

// AppendTarget appends what Envoy takes for a gRPC service: a serialized
// envoy.config.core.v3.GrpcService that names a cluster. (It takes a bare name too, but
// not one that happens to be a message.)
func AppendTarget(dst, cluster []byte) []byte {
	const envoyGRPC, clusterName = 1, 1
	dst = append(dst, envoyGRPC<<3|wireBytes)
	dst = appendVarint(dst, uint64(1+varintLen(uint64(len(cluster)))+len(cluster)))
	dst = append(dst, clusterName<<3|wireBytes)
	dst = appendVarint(dst, uint64(len(cluster)))
	return append(dst, cluster...)
}

func appendVarint(dst []byte, v uint64) []byte {
	for ; v >= 0x80; v >>= 7 {
		dst = append(dst, byte(v)|0x80)
	}
	return append(dst, byte(v))
}
