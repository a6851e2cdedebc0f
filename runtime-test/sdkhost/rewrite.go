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

// statusUnimplemented is what a missing call answers.
const statusUnimplemented = 12

// Rewrite returns a copy of a module that proxytest can run, and the names of the imports that it replaced.
//
// The replaced imports become the first functions of the module's own, so that only the numbers of imported functions change:
//
//	before   | kept | missing | kept |  own functions...
//	after    | kept | kept |  stubs  |  own functions...
func Rewrite(module []byte) (out []byte, replaced []string, err error) {
	sections, err := split(module)
	if err != nil {
		return nil, nil, err
	}
	w := rewriter{clock: -1}
	for i := range sections {
		if sections[i].id == secImport {
			if err := w.imports(&sections[i]); err != nil {
				return nil, nil, fmt.Errorf("import section: %w", err)
			}
		}
	}
	for i := range sections {
		s := &sections[i]
		var err error
		switch s.id {
		case secType:
			w.types = s.body
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
	types    []byte
	number   []uint32 // new index by old, for imported functions
	stubs    []stub
	clock    int // new index of WASI's clock_time_get; -1 = not imported
	replaced []string
	started  bool // the export _start has been added
}

type stub struct {
	name string
	typ  uint32
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

// functions puts the stubs' types before the module's own.
func (w *rewriter) functions(s *section) {
	r := reader{b: s.body}
	body := binary.AppendUvarint(nil, uint64(r.u32())+uint64(len(w.stubs)))
	for _, st := range w.stubs {
		body = binary.AppendUvarint(body, uint64(st.typ))
	}
	s.body = append(body, r.b[r.at:]...)
}

// exports adds _start beside _initialize.
func (w *rewriter) exports(s *section) error {
	r := reader{b: s.body}
	n := r.u32()
	var body []byte
	start := -1
	for i := n; i > 0 && r.err == nil; i-- {
		name, kind, index := r.name(), r.byte(), r.u32()
		if kind == 0 {
			index = w.mapped(index)
		}
		if name == "_initialize" {
			start = int(index)
		}
		body = appendExport(body, name, kind, index)
	}
	if start < 0 {
		return errors.New("no export _initialize: the module is no reactor")
	}
	w.started = true
	s.body = append(binary.AppendUvarint(nil, uint64(n)+1), appendExport(body, "_start", 0, uint32(start))...)
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
	body := binary.AppendUvarint(make([]byte, 0, len(s.body)+4096), uint64(n)+uint64(len(w.stubs)))
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
