package host

import (
	"slices"
	"strings"
)

// property answers a path. Order: what the module wrote, what the stream was given, what the host was given, what the host derives.
// Segments are joined by dots for look-up; paths whose segments hold dots can be given in the same way.
func (v *VM) property(path string) ([]byte, bool) {
	dotted := strings.ReplaceAll(strings.TrimSuffix(path, "\x00"), "\x00", ".")
	s := v.context().stream
	if s != nil {
		if val, ok := s.filterState[path]; ok {
			return val, true
		}
		if val, ok := s.opts.Properties[dotted]; ok {
			return val, true
		}
	}
	if f := v.host.cfg.Properties; f != nil {
		if val := f(dotted); val != nil {
			return val, true
		}
	}
	switch dotted {
	case "plugin_name":
		return []byte(v.host.cfg.Name), true
	case "plugin_root_id":
		return []byte(v.host.cfg.RootID), true
	case "plugin_vm_id":
		return []byte(v.host.cfg.VMID), true
	}
	if s == nil {
		return nil, false
	}
	switch {
	case strings.HasPrefix(dotted, "request."):
		return s.requestProperty(strings.TrimPrefix(dotted, "request."))
	case dotted == "response.code" && s.response.Started:
		return le64(int64(s.response.Status)), true
	case dotted == "response.code_details" && s.response.Local:
		return []byte(s.response.Details), true
	case dotted == "connection.mtls":
		return []byte{0}, true
	}
	return nil, false
}

// requestProperty derives request.* from the headers.
func (s *Stream) requestProperty(name string) ([]byte, bool) {
	h := s.req.headers
	header := func(key string) ([]byte, bool) {
		val, ok := h.Get(key)
		return []byte(val), ok
	}
	path, _ := h.Get(":path")
	switch name {
	case "path":
		return []byte(path), true
	case "url_path":
		p, _, _ := strings.Cut(path, "?")
		return []byte(p), true
	case "query":
		_, q, _ := strings.Cut(path, "?")
		return []byte(q), true
	case "host":
		return header(":authority")
	case "scheme":
		return header(":scheme")
	case "method":
		return header(":method")
	case "referer", "useragent", "id":
		return header(map[string]string{"referer": "referer", "useragent": "user-agent", "id": "x-request-id"}[name])
	case "protocol":
		return []byte("HTTP/1.1"), true
	case "size":
		return le64(int64(len(s.req.held))), true
	}
	if key, ok := strings.CutPrefix(name, "headers."); ok {
		// Envoy joins repeated headers here, unlike in the single look-up.
		if vals := h.Values(key); len(vals) > 0 {
			return []byte(strings.Join(vals, ",")), true
		}
	}
	return nil, false
}

func hostGetProperty(v *VM, a []uint64) Status {
	path, ok := v.str(a[0], a[1])
	if !ok {
		return StatusInvalidMemoryAccess
	}
	val, ok := v.property(string(path))
	if !ok {
		return StatusNotFound
	}
	return v.give(val, a[2], a[3])
}

// hostSetProperty writes filter state, which only a stream has.
func hostSetProperty(v *VM, a []uint64) Status {
	path, ok1 := v.str(a[0], a[1])
	val, ok2 := v.str(a[2], a[3])
	if !ok1 || !ok2 {
		return StatusInvalidMemoryAccess
	}
	s := v.context().stream
	if s == nil {
		return StatusNotFound
	}
	if s.filterState == nil {
		s.filterState = map[string][]byte{}
	}
	s.filterState[string(path)] = slices.Clone(val)
	return StatusOK
}
