package plugin

import (
	"portcullis/filter/config"
	"portcullis/filter/internal/abi"
	"portcullis/filter/table"
	"portcullis/filter/text"
)

const (
	logPrefix = "portcullis: "
	// lineRoom is what a line is built in, pathRoom how much of a path it shows.
	lineRoom = 4 << 10
	pathRoom = 200
	// linesPerTick bounds the lines about refusals: an attack must not become an
	// attack on the log.
	linesPerTick = 200
)

// logger writes lines from a fixed buffer.
type logger struct {
	buf        []byte
	lines      uint32 // since the last tick
	suppressed uint32
	setupTold  bool
}

func (l *logger) init() { l.buf = make([]byte, 0, lineRoom) }

// line writes what and a number.
func (l *logger) line(h abi.Host, level abi.Level, what string, n uint32) {
	l.buf = text.Append(text.Append(l.buf[:0], logPrefix), what)
	l.buf = text.Uint(l.buf, uint64(n))
	h.Log(level, l.buf)
}

// tick opens the next period, and tells of lines that were left out.
func (l *logger) tick(h abi.Host) {
	if l.suppressed > 0 {
		l.line(h, abi.LevelWarn, "lines about refusals left out: ", l.suppressed)
	}
	l.lines, l.suppressed = 0, 0
}

// logRefusal writes the line of the refusal v.d, one of:
//
//	portcullis: refused 400 param_invalid GET /v1/users op=listUsers: query parameter limit: ...
//	portcullis: would refuse 401 token_missing GET /v1/users: security: Authentication required
//
// It shows method and path without query, because keys travel in queries, and what
// the engine says; never a header's value.
func (v *VM) logRefusal(c *stream, r *root, e Engine) {
	level := config.LogInfo
	if r != nil && r.engine != nil {
		level = r.cfg.LogRefusals
	}
	if level == config.LogOff {
		return
	}
	if v.log.lines >= linesPerTick {
		v.log.suppressed++
		v.metrics.add(v.host, metricSuppressedLines)
		return
	}
	v.log.lines++
	b := text.Append(v.log.buf[:0], logPrefix)
	if v.d.Mode == table.ModeMonitor {
		b = text.Append(b, "would refuse ")
	} else {
		b = text.Append(b, "refused ")
	}
	b = text.Uint(b, uint64(v.d.Code.Status()))
	b = text.Append(text.Byte(b, ' '), v.d.Code.Name())
	if v.d.Code.OfResponse() {
		b = v.appendOperation(b, e)
	} else {
		b = v.appendTarget(b)
	}
	if e != nil {
		if t := e.Table(); t != nil && v.d.Op < t.NumOps() {
			b = text.Append(b, " op=")
			b = text.Bytes(b, clip(t.Op(v.d.Op).ID(), pathRoom))
		}
		b = text.Append(b, ": ")
		b = e.AppendReason(b, &v.d)
	}
	b = clip(b, lineRoom)
	harmless(b)
	v.host.Log(abi.Level(level)-1, b)
}

// appendOperation appends method and path template: where responses are judged the
// request's own header fields may be gone.
func (v *VM) appendOperation(b []byte, e Engine) []byte {
	if e == nil || e.Table() == nil || v.d.Op >= e.Table().NumOps() {
		return b
	}
	op := e.Table().Op(v.d.Op)
	return appendMethodPath(b, op.Method(), op.Path())
}

// appendTarget appends method and path. The header callback has the fields at hand;
// later ones ask again, which only a refusal pays for.
func (v *VM) appendTarget(b []byte) []byte {
	if v.req.Headers == nil {
		if v.arena.Overflowed() {
			return b // they are what did not fit, or there is no room beside the body
		}
		raw, st := v.host.Pairs(abi.MapRequestHeaders)
		if st != abi.StatusOK {
			return b
		}
		p, fault := abi.OpenPairs(raw, uint32(len(v.headers)))
		if fault != abi.PairsGood {
			return b
		}
		var method, path []byte
		for {
			name, value, ok := p.Next()
			if !ok {
				return appendMethodPath(b, method, path)
			}
			pick(name, value, &method, &path)
		}
	}
	var method, path []byte
	for i := range v.req.Headers {
		pick(v.req.Headers[i].Name, v.req.Headers[i].Value, &method, &path)
	}
	return appendMethodPath(b, method, path)
}

func pick(name, value []byte, method, path *[]byte) {
	switch string(name) {
	case ":method":
		*method = value
	case ":path":
		*path = value
	}
}

func appendMethodPath(b, method, path []byte) []byte {
	for i, c := range path {
		if c == '?' || c == '#' {
			path = path[:i]
			break
		}
	}
	b = text.Bytes(text.Byte(b, ' '), clip(method, 20))
	return text.Bytes(text.Byte(b, ' '), clip(path, pathRoom))
}

// clip is the first max bytes of b.
func clip(b []byte, max int) []byte { return b[:min(len(b), max)] }

// harmless takes from a line what could end it or steer a terminal.
func harmless(b []byte) {
	for i, c := range b {
		if c < ' ' || c == 0x7f {
			b[i] = '?'
		}
	}
}

// logSetup tells, once, which setting a proxy lacks that never hands over a body.
func (v *VM) logSetup() {
	if v.log.setupTold {
		return
	}
	v.log.setupTold = true
	v.host.Log(abi.LevelError, setupLine)
}

// setupLine is a variable because a literal, converted for the interface call, would
// be allocated each time.
var setupLine = []byte(logPrefix + `a request promised a body and this VM has never been given one. With "hold": "stop" the proxy's Wasm filter needs ` +
	`allow_on_headers_stop_iteration: true; otherwise set "hold": "buffer" and place envoy.filters.http.buffer after this filter`)

// logLoaded tells what was loaded.
func (v *VM) logLoaded(r *root, size int) {
	b := text.Append([]byte(logPrefix), "loaded a table of ")
	b = text.Uint(b, uint64(size))
	b = text.Append(b, " bytes")
	if t := r.engine.Table(); t != nil {
		b = text.Append(b, ", ")
		b = text.Uint(b, uint64(t.NumOps()))
		b = text.Append(b, " operations, digest ")
		for _, c := range clip(t.Digest(), 4) {
			const hex = "0123456789abcdef"
			b = append(b, hex[c>>4], hex[c&15])
		}
	}
	b = text.Append(b, ", hold ")
	b = text.Append(b, [...]string{config.HoldStop: "stop", config.HoldBuffer: "buffer"}[r.cfg.Hold])
	b = text.Append(b, ", mode ")
	b = text.Append(b, [...]string{config.ModeEnforce: "enforce", config.ModeMonitor: "monitor", config.ModeOff: "off"}[r.cfg.Mode])
	v.host.Log(abi.LevelInfo, b)
}
