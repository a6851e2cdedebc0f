package cel

import (
	"portcullis/filter/json"
	"portcullis/filter/le"
	"portcullis/filter/table"
)

// KeptBytes bounds what is kept of one request.
const KeptBytes = 1 << 10

// Kept is the values that an expression needs beside the body: parts that depend on
// claims and parameters alone. It points to nothing of the request and can be copied.
// The zero value holds none.
//
//	values: kind(1), then
//	  numbers  8 bytes
//	  strings  length(2) bytes
//	  lists, maps   nothing: they stand in the JSON array that follows
//	lists and maps: [v, ...]
type Kept struct {
	n, json uint16 // bytes in use; where the array begins
	b       [KeptBytes]byte
}

// Any reports whether there is something to keep.
func (k *Kept) Any() bool { return k.n != 0 }

// Clear forgets what is kept.
func (k *Kept) Clear() { k.n, k.json = 0, 0 }

// Copy makes k the same as from.
func (k *Kept) Copy(from *Kept) {
	k.n, k.json = from.n, from.json
	copy(k.b[:], from.b[:min(int(from.n), KeptBytes)])
}

// Keep evaluates what expression i of t needs beside the body. It reports false when
// there is no room: such a request has to be refused.
func (m *Machine) Keep(t *table.Table, i uint32, in *Inputs, k *Kept) bool {
	k.Clear()
	if i >= t.NumExprs() {
		return false
	}
	m.begin(t, i, in)
	w := writer{b: k.b[:0]}
	for j := range m.x.NumSaved() {
		v := &m.saved[j]
		m.eval(m.x.SavedAt(j), v)
		if m.steps == 0 || v.literal && (v.kind == kindList || v.kind == kindMap) {
			v.kind = kindError
		}
		w.value(m, v)
	}
	at := len(w.b)
	w.byte('[')
	first := true
	for j := range m.x.NumSaved() {
		v := &m.saved[j]
		if v.kind != kindList && v.kind != kindMap {
			continue
		}
		if !first {
			w.byte(',')
		}
		first = false
		w.container(v)
	}
	w.byte(']')
	m.in = nil
	if w.full {
		return false
	}
	k.n, k.json = uint16(len(w.b)), uint16(at)
	return true
}

// EvalKept evaluates expression i of t with the body and what Keep has kept for it.
func (m *Machine) EvalKept(t *table.Table, i uint32, body *json.Tape, k *Kept) Result {
	if i >= t.NumExprs() || int(k.n) > len(k.b) || k.json > k.n || !k.Any() {
		return Error
	}
	m.kept.Body, m.kept.Consumer = body, table.NoIndex // Keep has kept the rest
	m.begin(t, i, &m.kept)
	if !m.restore(k) {
		return Error
	}
	return m.result()
}

// EvalEarly evaluates expression i of t before the body is there. No is what EvalKept
// will say whatever the body is: the body counts as an error, and a side of && or ||
// that decides wins over errors. Every other answer decides nothing.
func (m *Machine) EvalEarly(t *table.Table, i uint32, k *Kept) Result {
	m.pending = true
	r := m.EvalKept(t, i, nil, k)
	m.pending = false
	return r
}

// writer writes values, as far as there is room.
type writer struct {
	b    []byte
	full bool
}

func (w *writer) room(n int) bool {
	if cap(w.b)-len(w.b) < n {
		w.full = true
	}
	return !w.full
}

func (w *writer) byte(c byte) {
	if w.room(1) {
		w.b = append(w.b, c)
	}
}

func (w *writer) bytes(s []byte) {
	if w.room(len(s)) {
		w.b = append(w.b, s...)
	}
}

func (w *writer) value(m *Machine, v *value) {
	w.byte(byte(v.kind))
	switch v.kind {
	case kindBool, kindInt, kindUint, kindDouble:
		if w.room(8) {
			w.b = le.AppendU32(le.AppendU32(w.b, uint32(v.num)), uint32(v.num>>32))
		}
	case kindString:
		s, ok := m.plain(v)
		if !ok || !w.room(2+len(s)) {
			w.full = true
			return
		}
		w.b = append(w.b, byte(len(s)), byte(len(s)>>8))
		w.b = append(w.b, s...)
	}
}

// maxKeptDepth bounds the nesting of lists and maps that are kept.
const maxKeptDepth = 64

// container writes a list or a map of a tape as JSON.
func (w *writer) container(v *value) {
	t := v.tape
	if t == nil { // no claims
		w.bytes([]byte("{}"))
		return
	}
	var ends [maxKeptDepth]uint32
	var closers [maxKeptDepth]byte
	depth := 0
	end := t.Nodes[v.node].Ext
	for i := v.node; i < end && !w.full; i++ {
		n := &t.Nodes[i]
		switch n.Kind() {
		case json.KindArray, json.KindObject:
			if depth == maxKeptDepth {
				w.full = true
				return
			}
			open, closer := byte('['), byte(']')
			if n.Kind() == json.KindObject {
				open, closer = '{', '}'
			}
			w.byte(open)
			ends[depth], closers[depth] = n.Ext, closer
			depth++
			if n.Ext > i+1 {
				continue
			}
		case json.KindName:
			w.text(t.Text(i), n.Meta&json.FlagEscaped != 0)
			w.byte(':')
			continue
		case json.KindString:
			w.text(t.Text(i), n.Meta&json.FlagEscaped != 0)
		default:
			w.bytes(t.Text(i))
		}
		for depth > 0 && ends[depth-1] == i+1 {
			depth--
			w.byte(closers[depth])
		}
		if depth > 0 {
			w.byte(',')
		}
	}
}

// text writes a string or a name. One without JSON escapes may hold what JSON wants
// escaped: parameters do not come as JSON.
func (w *writer) text(s []byte, escaped bool) {
	w.byte('"')
	if escaped {
		w.bytes(s)
	} else {
		for _, c := range s {
			switch {
			case c == '"' || c == '\\':
				w.byte('\\')
				w.byte(c)
			case c < 0x20:
				const hex = "0123456789abcdef"
				w.bytes([]byte("\\u00"))
				w.byte(hex[c>>4])
				w.byte(hex[c&15])
			default:
				w.byte(c)
			}
		}
	}
	w.byte('"')
}

// restore reads what Keep wrote.
func (m *Machine) restore(k *Kept) bool {
	if m.parser == nil {
		return false
	}
	b := k.b[:k.json]
	if m.parser.Parse(&m.keptTape, k.b[k.json:k.n], json.Options{}) != json.StatusOK {
		return false
	}
	container := uint32(1) // of the array that holds them
	for j := range m.x.NumSaved() {
		if len(b) == 0 {
			return false
		}
		v := &m.saved[j]
		*v = value{kind: kind(b[0])}
		b = b[1:]
		switch v.kind {
		case kindError, kindNull:
		case kindBool, kindInt, kindUint, kindDouble:
			if len(b) < 8 {
				return false
			}
			v.num = le.U64(b, 0)
			b = b[8:]
		case kindString:
			if len(b) < 2 || len(b)-2 < int(b[0])|int(b[1])<<8 {
				return false
			}
			n := int(b[0]) | int(b[1])<<8
			v.text, b = b[2:2+n], b[2+n:]
		case kindList, kindMap:
			if container >= uint32(len(m.keptTape.Nodes)) {
				return false
			}
			m.load(&m.keptTape, container, v)
			container = m.keptTape.Next(container)
		default:
			return false
		}
	}
	return len(b) == 0
}
