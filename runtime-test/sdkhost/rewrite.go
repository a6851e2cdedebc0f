package sdkhost

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// offered are the functions of module env that proxytest v0.24.0 has.
var offered = []string{
	"proxy_add_header_map_value", "proxy_call_foreign_function", "proxy_close_stream", "proxy_continue_stream", "proxy_define_metric",
	"proxy_dequeue_shared_queue", "proxy_done", "proxy_enqueue_shared_queue", "proxy_get_buffer_bytes", "proxy_get_header_map_pairs",
	"proxy_get_header_map_value", "proxy_get_metric", "proxy_get_property", "proxy_get_shared_data", "proxy_http_call", "proxy_increment_metric",
	"proxy_log", "proxy_record_metric", "proxy_register_shared_queue", "proxy_remove_header_map_value", "proxy_replace_header_map_value",
	"proxy_resolve_shared_queue", "proxy_send_local_response", "proxy_set_buffer_bytes", "proxy_set_effective_context",
	"proxy_set_header_map_pairs", "proxy_set_property", "proxy_set_shared_data", "proxy_set_tick_period_milliseconds",
}

// callbacks are the exports that the emulator calls without asking whether they are there, as types of parameters, whether they have a
// result, and what an absent one answers.
var callbacks = []struct {
	name   string
	params int
	result int // -1 = none
}{
	{"proxy_on_request_headers", 3, 0}, {"proxy_on_request_body", 3, 0}, {"proxy_on_request_trailers", 2, 0},
	{"proxy_on_response_headers", 3, 0}, {"proxy_on_response_body", 3, 0}, {"proxy_on_response_trailers", 2, 0},
	{"proxy_on_tick", 1, -1}, {"proxy_on_queue_ready", 2, -1}, {"proxy_on_done", 1, 1}, {onLog, 1, -1},
}

// onLog is the last callback that the emulator makes for a stream. It never makes proxy_on_done and proxy_on_delete, so that contexts would pile up
// in the module: the copy's proxy_on_log makes all three.
const onLog = "proxy_on_log"

// setShared goes through a function of the copy although the emulator has it: the emulator's new version of a value is the given one plus one, so that creation with
// 0xFFFFFFFE, which on Envoy means "only if absent", leads to a version 0, which on Envoy means "whatever there is". The function creates
// with 1; no version of the emulator is ever 1.
const setShared = "proxy_set_shared_data"

// statusUnimplemented is what a missing call answers.
const statusUnimplemented = 12

// Rewrite returns a copy of a module that proxytest can run, and the names of the imports that it replaced.
//
// The replaced imports become the first functions of the module's own, so that only the numbers of imported functions change:
//
//	before   | kept | missing | kept |  own functions...
//	after    | kept | kept |  stubs  |  own functions... | added callbacks
func Rewrite(module []byte) (out []byte, replaced []string, err error) {
	sections, err := split(module)
	if err != nil {
		return nil, nil, err
	}
	w := rewriter{clock: -1, setShared: -1}
	for i := range sections {
		if sections[i].id == secImport {
			if err := w.imports(&sections[i]); err != nil {
				return nil, nil, fmt.Errorf("import section: %w", err)
			}
		}
	}
	for i := range sections {
		switch sections[i].id {
		case secFunction:
			r := reader{b: sections[i].body}
			w.numFuncs = uint32(len(w.number)) + r.u32()
		case secExport:
			if err := w.scanExports(&sections[i]); err != nil {
				return nil, nil, fmt.Errorf("export section: %w", err)
			}
		}
	}
	w.wrapSetShared()
	for i := range sections {
		s := &sections[i]
		var err error
		switch s.id {
		case secType:
			w.types(s)
		case secFunction:
			w.functions(s)
		case secExport:
			err = w.exports(s)
		case secElement:
			err = w.elements(s)
		case secCode:
			err = w.code(s)
		case secStart:
			err = errors.New("the module has one, a reactor has none")
		}
		if err != nil {
			return nil, nil, fmt.Errorf("section %d: %w", s.id, err)
		}
	}
	if !w.started {
		return nil, nil, errors.New("no export section: the module is no reactor")
	}
	return join(sections), w.replaced, nil
}

type rewriter struct {
	number    []uint32          // new index by old, for imported functions
	exported  map[string]uint32 // the module's functions by export, new indices
	added     []added           // functions for callbacks and the one for setShared, behind the module's own
	setShared int               // old index of that import; -1 = not imported
	numTypes  uint32            // before the added ones
	numFuncs  uint32            // imported and own, before the added ones
	stubs     []stub
	clock     int // new index of WASI's clock_time_get; -1 = not imported
	replaced  []string
	started   bool // the export _start has been added
}

type stub struct {
	name string
	typ  uint32
}

// added is a function that the module gets for a callback.
type added struct {
	name           string
	params, result int
	code           []byte
}

// scanExports plans the functions for callbacks that are absent, and the new proxy_on_log.
func (w *rewriter) scanExports(s *section) error {
	w.exported = map[string]uint32{}
	r := reader{b: s.body}
	for n := r.u32(); n > 0 && r.err == nil; n-- {
		name, kind, index := r.name(), r.byte(), r.u32()
		if kind == 0 {
			w.exported[name] = w.mapped(index)
		}
	}
	for _, c := range callbacks {
		if _, ok := w.exported[c.name]; ok && c.name != onLog {
			continue
		}
		a := added{c.name, c.params, c.result, nil}
		switch {
		case c.name == onLog:
			for _, end := range []string{onLog, "proxy_on_done", "proxy_on_delete"} {
				if f, ok := w.exported[end]; ok {
					a.code = binary.AppendUvarint(append(a.code, 0x20, 0, 0x10), uint64(f)) // call it with the context
					if end == "proxy_on_done" {
						a.code = append(a.code, 0x1a) // drop
					}
				}
			}
		case c.result >= 0:
			a.code = []byte{0x41, byte(c.result)}
		}
		a.code = append(a.code, 0x0b)
		w.added = append(w.added, a)
	}
	return r.err
}

// wrapSetShared makes the module call a function of its own for setShared.
func (w *rewriter) wrapSetShared() {
	if w.setShared < 0 {
		return
	}
	code := []byte{
		0x20, 0, 0x20, 1, 0x20, 2, 0x20, 3, // key, its size, value, its size
		0x41, 1, // 1
		0x20, 4, // the version
		0x20, 4, 0x41, 0x7e, 0x4f, // version >= 0xFFFFFFFE, unsigned
		0x1b, // select: 1 if so, else the version
		0x10,
	}
	code = append(binary.AppendUvarint(code, uint64(w.number[w.setShared])), 0x0b)
	w.number[w.setShared] = w.numFuncs + uint32(len(w.added))
	w.added = append(w.added, added{"", 5, 0, code})
}

// types adds a type for each added function.
func (w *rewriter) types(s *section) {
	r := reader{b: s.body}
	w.numTypes = r.u32()
	body := binary.AppendUvarint(nil, uint64(w.numTypes)+uint64(len(w.added)))
	body = append(body, r.b[r.at:]...)
	for _, a := range w.added {
		body = append(body, 0x60, byte(a.params))
		for range a.params {
			body = append(body, 0x7f) // i32
		}
		if a.result >= 0 {
			body = append(body, 1, 0x7f)
		} else {
			body = append(body, 0)
		}
	}
	s.body = body
}

func (w *rewriter) mapped(i uint32) uint32 {
	if int(i) < len(w.number) {
		return w.number[i]
	}
	return i
}

// imports drops the missing functions and numbers the rest.
func (w *rewriter) imports(s *section) error {
	r := reader{b: s.body}
	var kept [][]byte
	var keptFuncs uint32
	var missing []int // old indices
	for n := r.u32(); n > 0 && r.err == nil; n-- {
		begin := r.at
		mod, name := r.name(), r.name()
		if kind := r.byte(); kind != 0 {
			return fmt.Errorf("%s.%s is no function", mod, name)
		}
		typ := r.u32()
		if mod == "env" && !slices.Contains(offered, name) {
			missing = append(missing, len(w.number))
			w.number = append(w.number, 0)
			w.stubs = append(w.stubs, stub{name, typ})
			w.replaced = append(w.replaced, name)
			continue
		}
		if name == "clock_time_get" {
			w.clock = int(keptFuncs)
		}
		if mod == "env" && name == setShared {
			w.setShared = len(w.number)
		}
		w.number = append(w.number, keptFuncs)
		keptFuncs++
		kept = append(kept, r.b[begin:r.at])
	}
	for i, old := range missing {
		w.number[old] = keptFuncs + uint32(i)
	}
	s.body = binary.AppendUvarint(nil, uint64(len(kept)))
	for _, k := range kept {
		s.body = append(s.body, k...)
	}
	return r.err
}

// functions puts the stubs' types before the module's own, and the added functions' behind.
func (w *rewriter) functions(s *section) {
	r := reader{b: s.body}
	own := r.u32()
	body := binary.AppendUvarint(nil, uint64(own)+uint64(len(w.stubs)+len(w.added)))
	for _, st := range w.stubs {
		body = binary.AppendUvarint(body, uint64(st.typ))
	}
	body = append(body, r.b[r.at:]...)
	for i := range w.added {
		body = binary.AppendUvarint(body, uint64(w.numTypes)+uint64(i))
	}
	s.body = body
}

// exports adds _start beside _initialize, and the added callbacks.
func (w *rewriter) exports(s *section) error {
	r := reader{b: s.body}
	var body []byte
	count := uint64(0)
	for n := r.u32(); n > 0 && r.err == nil; n-- {
		name, kind, index := r.name(), r.byte(), r.u32()
		if kind == 0 {
			index = w.mapped(index)
		}
		if name != onLog {
			body = appendExport(body, name, kind, index)
			count++
		}
	}
	start, ok := w.exported["_initialize"]
	if !ok {
		return errors.New("no export _initialize: the module is no reactor")
	}
	body = appendExport(body, "_start", 0, start)
	count++
	for i, a := range w.added {
		if a.name != "" {
			body = appendExport(body, a.name, 0, w.numFuncs+uint32(i))
			count++
		}
	}
	w.started = true
	s.body = append(binary.AppendUvarint(nil, count), body...)
	return r.err
}

func appendExport(dst []byte, name string, kind byte, index uint32) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(name)))
	dst = append(append(dst, name...), kind)
	return binary.AppendUvarint(dst, uint64(index))
}

// elements renumbers tables of functions: active segments of table 0 with plain indices, which is what Go's linker writes.
func (w *rewriter) elements(s *section) error {
	r := reader{b: s.body}
	n := r.u32()
	body := binary.AppendUvarint(nil, uint64(n))
	for ; n > 0 && r.err == nil; n-- {
		if flags := r.u32(); flags != 0 {
			return fmt.Errorf("segment of kind %d is not known here", flags)
		}
		begin := r.at
		if r.byte() != 0x41 {
			return errors.New("offset of a segment is no i32.const")
		}
		r.leb()
		if r.byte() != 0x0b {
			return errors.New("offset of a segment has no end")
		}
		body = append(append(body, 0), r.b[begin:r.at]...)
		count := r.u32()
		body = binary.AppendUvarint(body, uint64(count))
		for ; count > 0 && r.err == nil; count-- {
			body = binary.AppendUvarint(body, uint64(w.mapped(r.u32())))
		}
	}
	s.body = body
	return r.err
}

// code puts the stubs' bodies before the module's own and renumbers those.
func (w *rewriter) code(s *section) error {
	r := reader{b: s.body}
	n := r.u32()
	body := binary.AppendUvarint(make([]byte, 0, len(s.body)+4096), uint64(n)+uint64(len(w.stubs)+len(w.added)))
	for _, st := range w.stubs {
		body = appendBody(body, append([]byte{0}, w.stub(st)...)) // no locals
	}
	for i := uint32(0); i < n && r.err == nil; i++ {
		f := reader{b: r.take(int(r.u32()))}
		for groups := f.u32(); groups > 0 && f.err == nil; groups-- { // locals: count, type
			f.u32()
			f.byte()
		}
		if f.err != nil {
			return fmt.Errorf("function %d: %w", i, f.err)
		}
		expr, err := renumber(f.b[f.at:], w.mapped)
		if err != nil {
			return fmt.Errorf("function %d: %w", i, err)
		}
		body = appendBody(body, slices.Concat(f.b[:f.at], expr))
	}
	for _, a := range w.added {
		body = appendBody(body, append([]byte{0}, a.code...))
	}
	s.body = body
	return r.err
}

func appendBody(dst, body []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(body)))
	return append(dst, body...)
}

// stub is the code of a missing call: the clock asks WASI, the rest answer a status.
func (w *rewriter) stub(s stub) []byte {
	if s.name == "proxy_get_current_time_nanoseconds" && w.clock >= 0 {
		// clock_time_get(realtime, precision 1, the argument); its errno is zero as an OK status is.
		code := []byte{0x41, 0, 0x42, 1, 0x20, 0, 0x10}
		return append(binary.AppendUvarint(code, uint64(w.clock)), 0x0b)
	}
	return []byte{0x41, statusUnimplemented, 0x0b}
}
