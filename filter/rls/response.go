package rls

// Code is RateLimitResponse.Code.
type Code uint8

// Codes. A code that is none of these is read as CodeUnknown.
const (
	CodeUnknown   Code = 0
	CodeOK        Code = 1
	CodeOverLimit Code = 2
)

// Status is what the service says of one descriptor.
type Status struct {
	Code Code
	// Limited is set where the service names the limit that it counted. A service
	// that has none for the descriptor answers CodeOK without it.
	Limited    bool
	Remaining  uint32
	ResetNanos int64 // until the window ends, at least 0

	seconds int64
	nanos   int32
}

// Response is a RateLimitResponse, as far as it decides something.
type Response struct {
	Overall Code
	// N is the number of statuses. Some services give none: then Overall stands for
	// all descriptors.
	N        int
	Statuses [MaxDescriptors]Status
}

// maxResetSeconds bounds what a service can say of a window: ten years.
const maxResetSeconds = 10 * 366 * 86400

// Read reads a message. It is false for one that is damaged or has more statuses
// than a request has descriptors; r then says nothing. Fields that are not known
// are skipped, and of a field that is there twice the last one holds, as the
// format asks for.
func (r *Response) Read(b []byte) bool {
	*r = Response{}
	m := reader{rest: b}
	for m.next() {
		f := &m.field
		switch {
		case f.number == responseCode && f.wire == wireVarint:
			r.Overall = code(f.value)
		case f.number == responseStatuses && f.wire == wireBytes:
			if r.N == MaxDescriptors || !r.Statuses[r.N].read(f.bytes) {
				return false
			}
			r.N++
		}
	}
	return m.whole()
}

func (s *Status) read(b []byte) bool {
	m := reader{rest: b}
	for m.next() {
		f := &m.field
		switch {
		case f.number == statusCode && f.wire == wireVarint:
			s.Code = code(f.value)
		case f.number == statusLimit && f.wire == wireBytes:
			if !well(f.bytes) {
				return false
			}
			s.Limited = true
		case f.number == statusRemaining && f.wire == wireVarint:
			s.Remaining = uint32(f.value)
		case f.number == statusReset && f.wire == wireBytes:
			if !s.readReset(f.bytes) {
				return false
			}
		}
	}
	return m.whole()
}

func (s *Status) readReset(b []byte) bool {
	m := reader{rest: b}
	for m.next() {
		f := &m.field
		switch {
		case f.number == durationSeconds && f.wire == wireVarint:
			s.seconds = int64(f.value)
		case f.number == durationNanos && f.wire == wireVarint:
			s.nanos = int32(f.value)
		}
	}
	s.ResetNanos = max(0, min(max(s.seconds, 0), maxResetSeconds)*1e9+int64(s.nanos))
	return m.whole()
}

// code narrows an enumeration: it is 32 bits on the wire, however it is written.
func code(v uint64) Code {
	switch int32(v) {
	case int32(CodeOK):
		return CodeOK
	case int32(CodeOverLimit):
		return CodeOverLimit
	}
	return CodeUnknown
}

// well reports that b is a message, of whatever fields.
func well(b []byte) bool {
	m := reader{rest: b}
	for m.next() {
	}
	return m.whole()
}

// reader reads a message field by field.
type reader struct {
	field field
	rest  []byte
}

// next reads the next field; false at the end, and at what is no field.
func (m *reader) next() bool {
	n := 0
	if m.field, n = next(m.rest); n == 0 {
		return false
	}
	m.rest = m.rest[n:]
	return true
}

// whole reports that next has reached the end.
func (m *reader) whole() bool { return len(m.rest) == 0 }

// field is one field of a message: a number, or bytes.
type field struct {
	number uint32
	wire   uint8
	value  uint64
	bytes  []byte
}

// next reads the field that b begins with and says how long it is; 0 when b does
// not begin with one. Groups are none: no message here has ever had them.
func next(b []byte) (f field, n int) {
	tag, n := varint(b)
	if n == 0 || tag>>3 == 0 || tag>>3 > maxFieldNumber {
		return f, 0
	}
	f.number, f.wire = uint32(tag>>3), uint8(tag&7)
	size := 0
	switch f.wire {
	case wireVarint:
		if f.value, size = varint(b[n:]); size == 0 {
			return f, 0
		}
	case wireFixed64:
		size = 8
	case wireFixed32:
		size = 4
	case wireBytes:
		length, m := varint(b[n:])
		if m == 0 || length > uint64(len(b)-n-m) {
			return f, 0
		}
		n += m
		f.bytes = b[n : n+int(length)]
		size = int(length)
	default:
		return f, 0
	}
	if size > len(b)-n {
		return f, 0
	}
	return f, n + size
}

// varint reads a number of at most 64 bits; 0 bytes long is none.
func varint(b []byte) (v uint64, n int) {
	for n < len(b) && n < maxVarintBytes {
		c := b[n]
		if n == maxVarintBytes-1 && c > 1 {
			return 0, 0
		}
		v |= uint64(c&0x7f) << (7 * n)
		n++
		if c < 0x80 {
			return v, n
		}
	}
	return 0, 0
}
