// Command guest is a scripted Proxy-Wasm module for the tests of the host: it does what the request's headers tell it to.
//
// Each callback of a stream runs the script that the request header x-<callback> holds (headers, body, trailers, rheaders, rbody, rtrailers,
// log): operations separated by ';', words by spaces. Each operation logs one line, "<operation>: <status> <value>". The callback's result
// is what the last "return N" said; "last N" is the result of a body callback at the end of the stream. The plugin configuration is a
// script as well, with the prefixes "tick|" and "call|" for lines that hold the scripts of those callbacks.
package main

import (
	"encoding/hex"
	"runtime"
	"strconv"
	"strings"
	"time"
	"unsafe"
)

//go:wasmimport env proxy_log
func proxyLog(level uint32, p unsafe.Pointer, n uint32) uint32

//go:wasmimport env proxy_get_log_level
func getLogLevel(p unsafe.Pointer) uint32

//go:wasmimport env proxy_get_current_time_nanoseconds
func getTime(p unsafe.Pointer) uint32

//go:wasmimport env proxy_set_tick_period_milliseconds
func setTick(ms uint32) uint32

//go:wasmimport env proxy_set_effective_context
func setEffective(id uint32) uint32

//go:wasmimport env proxy_get_status
func getStatus(code, p, n unsafe.Pointer) uint32

//go:wasmimport env proxy_get_buffer_bytes
func getBuffer(t, start, size uint32, p, n unsafe.Pointer) uint32

//go:wasmimport env proxy_set_buffer_bytes
func setBuffer(t, start, size uint32, p unsafe.Pointer, n uint32) uint32

//go:wasmimport env proxy_get_buffer_status
func bufferStatus(t uint32, length, flags unsafe.Pointer) uint32

//go:wasmimport env proxy_get_header_map_size
func mapSize(t uint32, n unsafe.Pointer) uint32

//go:wasmimport env proxy_get_header_map_pairs
func getPairs(t uint32, p, n unsafe.Pointer) uint32

//go:wasmimport env proxy_set_header_map_pairs
func setPairs(t uint32, p unsafe.Pointer, n uint32) uint32

//go:wasmimport env proxy_get_header_map_value
func getValue(t uint32, k unsafe.Pointer, kn uint32, p, n unsafe.Pointer) uint32

//go:wasmimport env proxy_add_header_map_value
func addValue(t uint32, k unsafe.Pointer, kn uint32, v unsafe.Pointer, vn uint32) uint32

//go:wasmimport env proxy_replace_header_map_value
func replaceValue(t uint32, k unsafe.Pointer, kn uint32, v unsafe.Pointer, vn uint32) uint32

//go:wasmimport env proxy_remove_header_map_value
func removeValue(t uint32, k unsafe.Pointer, kn uint32) uint32

//go:wasmimport env proxy_continue_stream
func continueStream(t uint32) uint32

//go:wasmimport env proxy_close_stream
func closeStream(t uint32) uint32

//go:wasmimport env proxy_send_local_response
func sendLocal(status uint32, d unsafe.Pointer, dn uint32, b unsafe.Pointer, bn uint32, h unsafe.Pointer, hn uint32, grpc int32) uint32

//go:wasmimport env proxy_http_call
func httpCall(u unsafe.Pointer, un uint32, h unsafe.Pointer, hn uint32, b unsafe.Pointer, bn uint32, t unsafe.Pointer, tn uint32, ms uint32, token unsafe.Pointer) uint32

//go:wasmimport env proxy_get_shared_data
func getShared(k unsafe.Pointer, kn uint32, p, n, cas unsafe.Pointer) uint32

//go:wasmimport env proxy_set_shared_data
func setShared(k unsafe.Pointer, kn uint32, v unsafe.Pointer, vn uint32, cas uint32) uint32

//go:wasmimport env proxy_register_shared_queue
func registerQueue(p unsafe.Pointer, n uint32, id unsafe.Pointer) uint32

//go:wasmimport env proxy_enqueue_shared_queue
func enqueue(id uint32, p unsafe.Pointer, n uint32) uint32

//go:wasmimport env proxy_dequeue_shared_queue
func dequeue(id uint32, p, n unsafe.Pointer) uint32

//go:wasmimport env proxy_define_metric
func defineMetric(t uint32, p unsafe.Pointer, n uint32, id unsafe.Pointer) uint32

//go:wasmimport env proxy_increment_metric
func incrementMetric(id uint32, off int64) uint32

//go:wasmimport env proxy_record_metric
func recordMetric(id uint32, v uint64) uint32

//go:wasmimport env proxy_get_metric
func getMetric(id uint32, v unsafe.Pointer) uint32

//go:wasmimport env proxy_get_property
func getProperty(p unsafe.Pointer, n uint32, v, vn unsafe.Pointer) uint32

//go:wasmimport env proxy_set_property
func setProperty(p unsafe.Pointer, n uint32, v unsafe.Pointer, vn uint32) uint32

//go:wasmimport env proxy_call_foreign_function
func foreign(p unsafe.Pointer, n uint32, a unsafe.Pointer, an uint32, r, rn unsafe.Pointer) uint32

var (
	outPtr, outLen, outNum uint32
	outLong                uint64
	arena                  [1 << 20]byte
	used                   uint32
	allocTouches           bool // proxy_on_memory_allocate reads a property, which it may not
)

func ptr(s string) (unsafe.Pointer, uint32) {
	if s == "" {
		return nil, 0
	}
	return unsafe.Pointer(unsafe.StringData(s)), uint32(len(s))
}

// given copies what the host put into the arena.
func given() string {
	if outLen == 0 {
		return ""
	}
	base := uint32(uintptr(unsafe.Pointer(&arena)))
	return string(arena[outPtr-base:][:outLen])
}

func say(line string) {
	p, n := ptr(line)
	proxyLog(2, p, n)
}

//go:wasmexport proxy_abi_version_0_2_1
func abi() {}

//go:wasmexport proxy_on_memory_allocate
func allocate(n uint32) uintptr {
	if allocTouches {
		p, pn := ptr("plugin_name")
		getProperty(p, pn, unsafe.Pointer(&outPtr), unsafe.Pointer(&outLen))
	}
	if n == 0 {
		say("allocate 0")
	}
	if used+n > uint32(len(arena)) {
		used = 0
	}
	p := uintptr(unsafe.Pointer(&arena[used]))
	used += (n + 7) &^ 7
	return p
}

type scripts map[string]string

var (
	streams            = map[uint32]scripts{}
	tickText, callText string
)

//go:wasmexport proxy_on_context_create
func onCreate(id, parent uint32) {
	if parent != 0 {
		streams[id] = scripts{}
	}
}

//go:wasmexport proxy_on_vm_start
func onStart(id, n uint32) uint32 {
	getBuffer(6, 0, n, unsafe.Pointer(&outPtr), unsafe.Pointer(&outLen))
	if vm := given(); vm != "" {
		say("vm configuration: " + vm)
		return result(run(id, vm, true), 1)
	}
	return 1
}

//go:wasmexport proxy_on_configure
func onConfigure(id, n uint32) uint32 {
	text := ""
	for len(text) < int(n) { // in ranges, as a module with a small arena must
		used = 0
		if getBuffer(7, uint32(len(text)), 16<<10, unsafe.Pointer(&outPtr), unsafe.Pointer(&outLen)) != 0 || outLen == 0 {
			break
		}
		text += given()
	}
	if len(text) != int(n) {
		say("configuration is short")
	}
	ret := uint32(1)
	for _, line := range strings.Split(text, "\n") {
		if t, ok := strings.CutPrefix(line, "tick|"); ok {
			tickText = t
		} else if t, ok := strings.CutPrefix(line, "call|"); ok {
			callText = t
		} else {
			ret = result(run(id, line, true), ret)
		}
	}
	return ret
}

//go:wasmexport proxy_on_tick
func onTick(id uint32) { run(id, tickText, true) }

//go:wasmexport proxy_on_queue_ready
func onQueue(id, queue uint32) { say("queue ready " + strconv.Itoa(int(queue))) }

//go:wasmexport proxy_on_http_call_response
func onCall(id, token, headers, body, trailers uint32) {
	say("call response headers=" + strconv.Itoa(int(headers)) + " body=" + strconv.Itoa(int(body)))
	run(id, callText, true)
}

//go:wasmexport proxy_on_request_headers
func onHeaders(id, n, end uint32) uint32 {
	s := streams[id]
	for _, name := range []string{"headers", "body", "trailers", "rheaders", "rbody", "rtrailers", "log"} {
		key := "x-" + name
		k, kn := ptr(key)
		used = 0
		if getValue(0, k, kn, unsafe.Pointer(&outPtr), unsafe.Pointer(&outLen)) == 0 {
			s[name] = given()
		}
	}
	return result(run(id, s["headers"], end != 0), 0)
}

//go:wasmexport proxy_on_request_body
func onBody(id, n, end uint32) uint32 {
	say("request body size=" + strconv.Itoa(int(n)) + " end=" + strconv.Itoa(int(end)))
	return result(run(id, streams[id]["body"], end != 0), 0)
}

//go:wasmexport proxy_on_request_trailers
func onTrailers(id, n uint32) uint32 { return result(run(id, streams[id]["trailers"], true), 0) }

//go:wasmexport proxy_on_response_headers
func onRespHeaders(id, n, end uint32) uint32 {
	say("response headers")
	return result(run(id, streams[id]["rheaders"], end != 0), 0)
}

//go:wasmexport proxy_on_response_body
func onRespBody(id, n, end uint32) uint32 {
	return result(run(id, streams[id]["rbody"], end != 0), 0)
}

//go:wasmexport proxy_on_response_trailers
func onRespTrailers(id, n uint32) uint32 { return result(run(id, streams[id]["rtrailers"], true), 0) }

//go:wasmexport proxy_on_log
func onLog(id uint32) {
	if streams[id] != nil {
		say("on_log")
	}
	run(id, streams[id]["log"], true)
}

//go:wasmexport proxy_on_done
func onDone(id uint32) uint32 {
	if streams[id] != nil {
		say("on_done")
	}
	return 1
}

//go:wasmexport proxy_on_delete
func onDelete(id uint32) {
	if streams[id] != nil {
		say("on_delete")
	}
	delete(streams, id)
}

//go:wasmexport test_mallocs
func testMallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

func main() {}

func result(r int, otherwise uint32) uint32 {
	if r < 0 {
		return otherwise
	}
	return uint32(r)
}

// run does a script and returns what "return" or, at the end of the stream, "last" said; -1 for nothing.
func run(id uint32, script string, end bool) int {
	ret := -1
	for _, op := range strings.Split(script, ";") {
		w := strings.Fields(op)
		if len(w) == 0 {
			continue
		}
		used = 0
		outPtr, outLen, outNum, outLong = 0, 0, 0, 0
		if w[0] == "return" || (w[0] == "last" && end) {
			ret, _ = strconv.Atoi(w[1])
			continue
		}
		if w[0] == "last" || (w[0] == "at-end" && !end) {
			if w[0] == "at-end" {
				break
			}
			continue
		}
		st, value := do(w)
		say(strings.Join(w, " ") + ": " + strconv.Itoa(int(st)) + " " + value)
	}
	return ret
}

func num(s string) uint32 { n, _ := strconv.ParseInt(s, 0, 64); return uint32(n) }

// arg turns "~" into nothing, "%20" into a space.
func arg(w []string, i int) string {
	if i >= len(w) || w[i] == "~" {
		return ""
	}
	return strings.ReplaceAll(w[i], "%20", " ")
}

func do(w []string) (st uint32, value string) {
	p, n := unsafe.Pointer(&outPtr), unsafe.Pointer(&outLen)
	num32, num64 := unsafe.Pointer(&outNum), unsafe.Pointer(&outLong)
	switch w[0] {
	case "at-end":
		return 0, ""
	case "get":
		k, kn := ptr(w[2])
		st = getValue(num(w[1]), k, kn, p, n)
		return st, given()
	case "pairs":
		st = getPairs(num(w[1]), p, n)
		return st, strconv.Quote(given())
	case "size":
		st = mapSize(num(w[1]), num32)
		return st, strconv.Itoa(int(outNum))
	case "add", "replace":
		k, kn := ptr(w[2])
		v, vn := ptr(arg(w, 3))
		if w[0] == "add" {
			return addValue(num(w[1]), k, kn, v, vn), ""
		}
		return replaceValue(num(w[1]), k, kn, v, vn), ""
	case "remove":
		k, kn := ptr(w[2])
		return removeValue(num(w[1]), k, kn), ""
	case "setpairs":
		s := pairs(int(num(w[2])))
		k, kn := ptr(s)
		return setPairs(num(w[1]), k, kn), ""
	case "buf":
		st = getBuffer(num(w[1]), num(w[2]), num(w[3]), p, n)
		return st, given()
	case "bufstatus":
		st = bufferStatus(num(w[1]), num32, p)
		return st, strconv.Itoa(int(outNum))
	case "setbuf":
		v, vn := ptr(arg(w, 4))
		return setBuffer(num(w[1]), num(w[2]), num(w[3]), v, vn), ""
	case "prop":
		k, kn := ptr(strings.ReplaceAll(w[1], "/", "\x00"))
		st = getProperty(k, kn, p, n)
		return st, strconv.Quote(given())
	case "setprop":
		k, kn := ptr(w[1])
		v, vn := ptr(arg(w, 2))
		return setProperty(k, kn, v, vn), ""
	case "sget":
		k, kn := ptr(w[1])
		st = getShared(k, kn, p, n, num32)
		return st, given() + " cas=" + strconv.Itoa(int(outNum))
	case "sset":
		k, kn := ptr(w[1])
		v, vn := ptr(arg(w, 2))
		return setShared(k, kn, v, vn, num(w[3])), ""
	case "qreg":
		k, kn := ptr(w[1])
		st = registerQueue(k, kn, num32)
		return st, strconv.Itoa(int(outNum))
	case "qput":
		v, vn := ptr(w[2])
		return enqueue(num(w[1]), v, vn), ""
	case "qget":
		st = dequeue(num(w[1]), p, n)
		return st, given()
	case "mdef":
		k, kn := ptr(w[2])
		st = defineMetric(num(w[1]), k, kn, num32)
		return st, strconv.Itoa(int(outNum))
	case "minc":
		off, _ := strconv.ParseInt(w[2], 0, 64)
		return incrementMetric(num(w[1]), off), ""
	case "mrec":
		return recordMetric(num(w[1]), uint64(num(w[2]))), ""
	case "mget":
		st = getMetric(num(w[1]), num64)
		return st, strconv.Itoa(int(outLong))
	case "time":
		st = getTime(num64)
		return st, strconv.FormatUint(outLong, 10) + " " + strconv.FormatInt(time.Now().UnixNano(), 10)
	case "level":
		st = getLogLevel(num32)
		return st, strconv.Itoa(int(outNum))
	case "log":
		v, vn := ptr(arg(w, 2))
		return proxyLog(num(w[1]), v, vn), ""
	case "print":
		println(arg(w, 1))
		return 0, ""
	case "foreign":
		k, kn := ptr(w[1])
		a, _ := hex.DecodeString(arg(w, 2))
		v, vn := ptr(string(a))
		st = foreign(k, kn, v, vn, p, n)
		return st, hex.EncodeToString([]byte(given()))
	case "call":
		k, kn := ptr(w[1])
		h := encode(":method", "GET", ":path", "/keys", ":authority", "keys.example")
		if len(w) > 3 {
			h = encode(":method", "GET")
		}
		v, vn := ptr(h)
		return httpCall(k, kn, v, vn, nil, 0, nil, 0, num(w[2]), num32), ""
	case "status":
		st = getStatus(num32, p, n)
		return st, strconv.Itoa(int(outNum)) + " " + given()
	case "tick":
		return setTick(num(w[1])), ""
	case "effective":
		return setEffective(num(w[1])), ""
	case "continue":
		return continueStream(num(w[1])), ""
	case "close":
		return closeStream(num(w[1])), ""
	case "reply": // status [body [header value [grpc]]]
		b, bn := ptr(arg(w, 2))
		var h string
		if len(w) > 4 {
			h = encode(w[3], arg(w, 4))
		}
		v, vn := ptr(h)
		d, dn := ptr("by script")
		grpc := int32(-1)
		if len(w) > 5 {
			grpc = int32(num(w[5]))
		}
		return sendLocal(num(w[1]), d, dn, b, bn, v, vn, grpc), ""
	case "range":
		return getValue(0, unsafe.Pointer(uintptr(0xfffffff0)), 64, p, n), ""
	case "trap":
		var nothing *int
		return uint32(*nothing), ""
	case "panic":
		panic("scripted")
	case "gc":
		runtime.GC()
		return 0, ""
	case "sleep":
		time.Sleep(time.Duration(num(w[1])))
		return 0, ""
	case "grow":
		keep = append(keep, make([]byte, num(w[1])))
		return 0, ""
	case "alloc-touches":
		allocTouches = w[1] == "1"
		return 0, ""
	}
	return 99, "unknown operation"
}

var keep [][]byte

// pairs makes a serialized map of n pairs.
func pairs(n int) string {
	kv := make([]string, 0, 2*n)
	for i := range n {
		kv = append(kv, "k"+strconv.Itoa(i), "v")
	}
	return encode(kv...)
}

func encode(kv ...string) string {
	le := func(b []byte, n int) []byte { return append(b, byte(n), byte(n>>8), byte(n>>16), byte(n>>24)) }
	b := le(nil, len(kv)/2)
	for _, s := range kv {
		b = le(b, len(s))
	}
	for _, s := range kv {
		b = append(append(b, s...), 0)
	}
	return string(b)
}
