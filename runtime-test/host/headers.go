package host

import (
	"encoding/binary"
	"strings"
)

// Header is one name and value. Names are lower case once they are in a map of the host.
type Header struct {
	Name, Value string
}

// Headers is an ordered header map; names may repeat.
type Headers []Header

// H builds Headers from alternating names and values. It panics on an odd count: it is for literals in tests.
func H(nameValues ...string) Headers {
	if len(nameValues)%2 != 0 {
		panic("host.H: odd number of arguments")
	}
	h := make(Headers, 0, len(nameValues)/2)
	for i := 0; i < len(nameValues); i += 2 {
		h = append(h, Header{nameValues[i], nameValues[i+1]})
	}
	return h
}

// Get returns the first value of name and whether there is one, as Envoy's single look-up does.
func (h Headers) Get(name string) (string, bool) {
	for _, e := range h {
		if strings.EqualFold(e.Name, name) {
			return e.Value, true
		}
	}
	return "", false
}

// Value returns the first value of name, or "".
func (h Headers) Value(name string) string {
	v, _ := h.Get(name)
	return v
}

// Values returns every value of name in order.
func (h Headers) Values(name string) []string {
	var out []string
	for _, e := range h {
		if strings.EqualFold(e.Name, name) {
			out = append(out, e.Value)
		}
	}
	return out
}

// Clone returns a copy with lower-case names, which is the form in which a host holds headers.
func (h Headers) Clone() Headers {
	if h == nil {
		return nil
	}
	out := make(Headers, len(h))
	for i, e := range h {
		out[i] = Header{strings.ToLower(e.Name), e.Value}
	}
	return out
}

// add appends a value, keeping what is there.
func (h *Headers) add(name, value string) {
	*h = append(*h, Header{strings.ToLower(name), value})
}

// set replaces every value of name by one, in the first one's place.
func (h *Headers) set(name, value string) {
	name = strings.ToLower(name)
	out, done := (*h)[:0], false
	for _, e := range *h {
		if e.Name != name {
			out = append(out, e)
		} else if !done {
			out, done = append(out, Header{name, value}), true
		}
	}
	if !done {
		out = append(out, Header{name, value})
	}
	*h = out
}

// remove drops every value of name.
func (h *Headers) remove(name string) {
	name = strings.ToLower(name)
	out := (*h)[:0]
	for _, e := range *h {
		if e.Name != name {
			out = append(out, e)
		}
	}
	*h = out
}

// bytes is Envoy's byteSize: names and values, nothing between them.
func (h Headers) bytes() int {
	n := 0
	for _, e := range h {
		n += len(e.Name) + len(e.Value)
	}
	return n
}

// AppendPairs appends the serialized form of h (spec v0.2.1, "Serialization"):
//
//	+-------+----------------------------+-----------------------------------+
//	| count | count x (name len, val len)| count x (name NUL value NUL)      |
//	+-------+----------------------------+-----------------------------------+
//	  u32le   u32le each
func AppendPairs(dst []byte, h Headers) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(h)))
	for _, e := range h {
		dst = binary.LittleEndian.AppendUint32(dst, uint32(len(e.Name)))
		dst = binary.LittleEndian.AppendUint32(dst, uint32(len(e.Value)))
	}
	for _, e := range h {
		dst = append(append(dst, e.Name...), 0)
		dst = append(append(dst, e.Value...), 0)
	}
	return dst
}

// ParsePairs reads a serialized map. Anything malformed, over 1,024 pairs or over 1 MiB is an empty map without an error: that is what
// Envoy does, and a filter that builds such a map must learn it here.
func ParsePairs(b []byte) Headers {
	if len(b) < 4 || len(b) > pairsMaxBytes {
		return nil
	}
	n := binary.LittleEndian.Uint32(b)
	b = b[4:]
	if n > pairsMaxCount || uint64(n)*8 > uint64(len(b)) {
		return nil
	}
	sizes, data := b[:n*8], b[n*8:]
	out := make(Headers, 0, n)
	for ; len(sizes) > 0; sizes = sizes[8:] {
		var part [2]string
		for i := range part {
			size := uint64(binary.LittleEndian.Uint32(sizes[i*4:]))
			if size >= uint64(len(data)) || data[size] != 0 {
				return nil
			}
			part[i] = string(data[:size])
			data = data[size+1:]
		}
		out = append(out, Header{part[0], part[1]})
	}
	if len(data) != 0 {
		return nil
	}
	return out
}
