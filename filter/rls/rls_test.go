package rls

import (
	"bytes"
	"math"
	"strings"
	"testing"

	ratelimit "github.com/envoyproxy/go-control-plane/envoy/extensions/common/ratelimit/v3"
	service "github.com/envoyproxy/go-control-plane/envoy/service/ratelimit/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

type entry struct{ key, value string }

type descriptor struct {
	entries []entry
	hits    uint64
}

func write(r *Request, domain string, list []descriptor) ([]byte, bool) {
	r.Begin([]byte(domain))
	for _, d := range list {
		r.Descriptor()
		for _, e := range d.entries {
			r.Entry(e.key, []byte(e.value))
		}
		r.End(d.hits)
	}
	return r.Bytes()
}

func size(domain string, list []descriptor) int {
	entries, text := 0, 0
	for _, d := range list {
		entries = max(entries, len(d.entries))
		for _, e := range d.entries {
			text = max(text, len(e.key)+len(e.value))
		}
	}
	return Size(len(domain), len(list), entries, text)
}

func message(domain string, list []descriptor) *service.RateLimitRequest {
	m := &service.RateLimitRequest{Domain: domain}
	for _, d := range list {
		x := &ratelimit.RateLimitDescriptor{HitsAddend: wrapperspb.UInt64(d.hits)}
		for _, e := range d.entries {
			x.Entries = append(x.Entries, &ratelimit.RateLimitDescriptor_Entry{Key: e.key, Value: e.value})
		}
		m.Descriptors = append(m.Descriptors, x)
	}
	return m
}

// TestRequest reads what is written with the types that the service itself uses.
func TestRequest(t *testing.T) {
	long := strings.Repeat("x", 300)
	tests := []struct {
		name   string
		domain string
		list   []descriptor
	}{
		{"one", "portcullis", []descriptor{{[]entry{{"limit", "user-search"}, {"caller", "0123456789abcdef"}}, 1}}},
		{"several", "shop", []descriptor{{[]entry{{"limit", "a"}}, 1}, {[]entry{{"limit", "b.gold"}, {"operation", "GET%20/x"}}, 300}}},
		{"border of one byte", "d", []descriptor{{[]entry{{"k", long[:115]}}, 1}, {[]entry{{"k", long[:116]}}, 1}, {[]entry{{"k", long[:117]}}, 1}}},
		{"long", long, []descriptor{{[]entry{{"limit", long}, {"caller", long}, {"override", "1023"}}, 1}}},
		{"dear", "d", []descriptor{{[]entry{{"k", "v"}}, math.MaxUint64}}},
		{"most", "d", make([]descriptor, MaxDescriptors)},
		{"no descriptor", "d", nil},
	}
	for _, tt := range tests {
		r := NewRequest(size(tt.domain, tt.list))
		b, ok := write(&r, tt.domain, tt.list)
		if !ok {
			t.Errorf("%s: no room in Size", tt.name)
			continue
		}
		var got service.RateLimitRequest
		if err := proto.Unmarshal(b, &got); err != nil {
			t.Errorf("%s: %x can't be read: %v", tt.name, b, err)
			continue
		}
		if want := message(tt.domain, tt.list); !proto.Equal(&got, want) {
			t.Errorf("%s: read back %v, want %v", tt.name, &got, want)
		}
		// Less room by one byte is no room: nothing is cut short.
		for n := range b {
			small := NewRequest(n)
			if _, ok := write(&small, tt.domain, tt.list); ok {
				t.Errorf("%s: fits into %d of %d bytes", tt.name, n, len(b))
			}
		}
	}
}

func FuzzRequest(f *testing.F) {
	f.Add("portcullis", "limit", "user-search", "caller", "abc", uint64(1), uint8(3))
	f.Add("", "", "", "", "", uint64(math.MaxUint64), uint8(0))
	f.Fuzz(func(t *testing.T, domain, k1, v1, k2, v2 string, hits uint64, n uint8) {
		for _, s := range []*string{&domain, &k1, &v1, &k2, &v2} {
			*s = strings.ToValidUTF8((*s)[:min(len(*s), 2000)], "?")
		}
		var list []descriptor
		for i := range n % (MaxDescriptors + 1) {
			list = append(list, descriptor{[]entry{{k1, v1}, {k2, v2}}, hits >> i})
		}
		r := NewRequest(size(domain, list))
		b, ok := write(&r, domain, list)
		var got service.RateLimitRequest
		if err := proto.Unmarshal(b, &got); !ok || err != nil || !proto.Equal(&got, message(domain, list)) {
			t.Errorf("wrote %x (%v), read back %v (%v), want %v", b, ok, &got, err, message(domain, list))
		}
	})
}

func status(code service.RateLimitResponse_Code, per, remaining uint32, reset *durationpb.Duration) *service.RateLimitResponse_DescriptorStatus {
	s := &service.RateLimitResponse_DescriptorStatus{Code: code, LimitRemaining: remaining, DurationUntilReset: reset}
	if per > 0 {
		s.CurrentLimit = &service.RateLimitResponse_RateLimit{RequestsPerUnit: per, Unit: service.RateLimitResponse_RateLimit_SECOND, Name: "n"}
	}
	return s
}

func TestResponse(t *testing.T) {
	const ok, over, unknown = service.RateLimitResponse_OK, service.RateLimitResponse_OVER_LIMIT, service.RateLimitResponse_UNKNOWN
	for _, m := range []*service.RateLimitResponse{
		{},
		{OverallCode: ok},
		{OverallCode: over, Statuses: []*service.RateLimitResponse_DescriptorStatus{status(ok, 10, 3, durationpb.New(5e8)), status(over, 10, 0, durationpb.New(59e9))}},
		{OverallCode: ok, Statuses: []*service.RateLimitResponse_DescriptorStatus{status(ok, 0, math.MaxUint32, nil), status(unknown, 1, 1, &durationpb.Duration{Seconds: -5, Nanos: -7})}},
		{OverallCode: 77, RawBody: []byte("x"), Statuses: []*service.RateLimitResponse_DescriptorStatus{status(-1, 1, 1, &durationpb.Duration{Seconds: math.MaxInt64, Nanos: 999999999})}},
	} {
		b, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		compare(t, b)
		var r Response
		for n := range b { // cut short it is damaged, or says less
			r.Read(b[:n])
		}
	}
}

// TestResponseHostile is messages that no good service sends.
func TestResponseHostile(t *testing.T) {
	nine := bytes.Repeat([]byte{0x12, 0}, MaxDescriptors+1)
	tests := []struct {
		name string
		b    []byte
		ok   bool
	}{
		{"empty", nil, true},
		{"as many statuses as there may be", nine[2:], true},
		{"one status too many", nine, false},
		{"a tag alone", []byte{0x08}, false},
		{"field number 0", []byte{0x00, 0x00}, false},
		{"number that never ends", bytes.Repeat([]byte{0xff}, 11), false},
		{"number of 65 bits", []byte{0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02}, false},
		{"number written long", []byte{0x08, 0x81, 0x80, 0x80, 0x00}, true},
		{"length past the end", []byte{0x12, 0x02, 0x08}, false},
		{"length of 2^63", []byte{0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, false},
		{"group", []byte{0x0b, 0x0c}, false},
		{"fixed32 cut off", []byte{0x7d, 1, 2, 3}, false},
		{"fixed64 cut off", []byte{0x79, 1, 2, 3, 4, 5, 6, 7}, false},
		{"unknown fields", []byte{0x7d, 1, 2, 3, 4, 0x79, 1, 2, 3, 4, 5, 6, 7, 8, 0x7a, 1, 9, 0x78, 5}, true},
		{"the code as bytes", []byte{0x0a, 1, 1}, true},
		{"a status as a number", []byte{0x10, 1}, true},
		{"damaged limit in a status", []byte{0x12, 3, 0x12, 1, 0x08}, false},
		{"damaged duration in a status", []byte{0x12, 3, 0x22, 1, 0x08}, false},
	}
	for _, tt := range tests {
		var r Response
		if ok := r.Read(tt.b); ok != tt.ok {
			t.Errorf("Read(%s) = %v, want %v", tt.name, ok, tt.ok)
		}
		compare(t, tt.b)
	}
	var r Response
	if r.Read([]byte{0x0a, 1, 1}); r.Overall != CodeUnknown {
		t.Errorf("a code of the wrong type = %d, want none", r.Overall)
	}
}

// compare reads b with the service's own types: what they can read, Read reads, and
// it says the same.
func compare(t *testing.T, b []byte) {
	t.Helper()
	var m service.RateLimitResponse
	err := proto.Unmarshal(b, &m)
	var r Response
	ok := r.Read(b)
	if err != nil {
		return // they look into more fields, and at UTF-8
	}
	if len(m.Statuses) > MaxDescriptors || hasGroups(m.ProtoReflect().GetUnknown()) {
		return
	}
	if !ok {
		for _, s := range m.Statuses {
			if hasGroups(s.ProtoReflect().GetUnknown()) || hasGroups(s.CurrentLimit.ProtoReflect().GetUnknown()) || hasGroups(s.DurationUntilReset.ProtoReflect().GetUnknown()) {
				return
			}
		}
		t.Errorf("Read(%x) = false, want %v", b, &m)
		return
	}
	if r.Overall != asCode(m.OverallCode) || r.N != len(m.Statuses) {
		t.Errorf("Read(%x) = %d with %d statuses, want %v", b, r.Overall, r.N, &m)
		return
	}
	for i, want := range m.Statuses {
		got := &r.Statuses[i]
		reset := max(0, min(max(want.DurationUntilReset.GetSeconds(), 0), maxResetSeconds)*1e9+int64(want.DurationUntilReset.GetNanos()))
		if got.Code != asCode(want.Code) || got.Limited != (want.CurrentLimit != nil) || got.Remaining != want.LimitRemaining || got.ResetNanos != reset {
			t.Errorf("Read(%x): status %d is %+v, want %v", b, i, *got, want)
		}
	}
}

func asCode(c service.RateLimitResponse_Code) Code {
	if c == 1 || c == 2 {
		return Code(c)
	}
	return CodeUnknown
}

// hasGroups reports fields that only proto2 has, which Read does not take.
func hasGroups(unknown []byte) bool {
	for len(unknown) > 0 {
		_, n := next(unknown)
		if n == 0 {
			return true
		}
		unknown = unknown[n:]
	}
	return false
}

func FuzzResponse(f *testing.F) {
	f.Add([]byte{0x08, 0x02, 0x12, 0x10, 0x08, 0x02, 0x12, 0x04, 0x08, 0x0a, 0x10, 0x01, 0x18, 0x03, 0x22, 0x04, 0x08, 0x01, 0x10, 0x05})
	f.Add([]byte{0x0b, 0x0c})
	f.Add(bytes.Repeat([]byte{0x12, 0}, 9))
	f.Fuzz(func(t *testing.T, b []byte) { compare(t, b) })
}

func TestAllocs(t *testing.T) {
	list := []descriptor{{[]entry{{"limit", "user-search"}, {"caller", "0123456789abcdef"}}, 1}}
	r := NewRequest(256)
	value := []byte("user-search")
	answer, err := proto.Marshal(&service.RateLimitResponse{OverallCode: 2, Statuses: []*service.RateLimitResponse_DescriptorStatus{status(2, 10, 0, durationpb.New(1e9))}})
	if err != nil {
		t.Fatal(err)
	}
	var resp Response
	if n := testing.AllocsPerRun(100, func() {
		r.Begin(value)
		r.Descriptor()
		r.Entry("limit", value)
		r.End(list[0].hits)
		if _, ok := r.Bytes(); !ok || !resp.Read(answer) {
			t.Fatal("refused")
		}
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
