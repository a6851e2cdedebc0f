package link

// Instructions (WebAssembly core 2.0 section 5.4) that the two bodies are made of.
const (
	opUnreachable = 0x00
	opIf          = 0x04
	opElse        = 0x05
	opEnd         = 0x0b
	opReturn      = 0x0f
	opDrop        = 0x1a
	opLocalGet    = 0x20
	opLocalSet    = 0x21
	opLocalTee    = 0x22
	opGlobalGet   = 0x23
	opGlobalSet   = 0x24
	opI32Load     = 0x28
	opI32Store    = 0x36
	opI32Const    = 0x41
	opI64Const    = 0x42
	opI32Eqz      = 0x45
	opI32Add      = 0x6a
	opPrefix      = 0xfc
	opMemInit     = 8 // after opPrefix
	noResult      = 0x40
	typeI32       = 0x7f
)

// Go's calling convention on Wasm: global 0 is the stack pointer; the word it
// points to is the return address and arguments follow. A function keeps the
// pointer in a local, pops that word and returns 0, "not unwinding".
//
//	SP+0   return address
//	SP+8   dst  (64 bits, of which the low half is the address)
//	SP+16  off
//	SP+20  n
//	SP+24  result
const (
	globalSP  = 0
	localSP   = 1
	argDst    = 8
	argOff    = 16
	argN      = 20
	argResult = 24
	wordSize  = 8
	align4    = 2 // as a power of two
)

// begin is how a body starts that carries mark: one local for the stack pointer,
// then i64.const mark, drop.
func begin(mark uint64) []byte {
	b := []byte{1, 1, typeI32, opGlobalGet, globalSP, opLocalSet, localSP, opI64Const}
	return append(sleb(b, int64(mark)), opDrop)
}

// end is how a body ends: the frame is popped and 0 returned.
func end(b []byte) []byte {
	b = append(b, opLocalGet, localSP, opI32Const, wordSize, opI32Add, opLocalTee, localSP, opGlobalSet, globalSP)
	return append(b, opI32Const, 0, opReturn, opUnreachable, opEnd)
}

// placeholder is the body that the Go toolchain makes of linkedRead.
func placeholder() []byte {
	return end(append(begin(markOpen), opLocalGet, localSP, opI32Const, 0, opI32Store, align4, argResult))
}

// readerBody is the body that answers from the segment:
//
//	if n == 0 { result = size } else { memory.init(dst, off, n); result = n }
//
// memory.init traps on a range that leaves the segment; the caller checks.
func readerBody(segment, size uint32) []byte {
	arg := func(b []byte, off byte) []byte {
		return append(b, opLocalGet, localSP, opI32Load, align4, off)
	}
	b := begin(markLinked)
	b = append(arg(b, argN), opI32Eqz, opIf, noResult)
	b = append(b, opLocalGet, localSP, opI32Const)
	b = sleb(b, int64(int32(size)))
	b = append(b, opI32Store, align4, argResult, opElse)
	b = arg(arg(arg(b, argDst), argOff), argN)
	b = uleb(append(b, opPrefix, opMemInit), segment)
	b = append(b, 0) // memory 0
	b = append(b, opLocalGet, localSP)
	b = append(arg(b, argN), opI32Store, align4, argResult, opEnd)
	return end(b)
}

// reader reads a module's bytes; bad is set at the first read beyond the end, and
// every later one gives zero.
type reader struct {
	b   []byte
	pos int
	bad bool
}

func (r *reader) byte() byte {
	if r.bad || r.pos >= len(r.b) {
		r.bad = true
		return 0
	}
	r.pos++
	return r.b[r.pos-1]
}

func (r *reader) bytes(n uint32) []byte {
	if r.bad || uint64(n) > uint64(len(r.b)-r.pos) {
		r.bad = true
		return nil
	}
	r.pos += int(n)
	return r.b[r.pos-int(n) : r.pos]
}

// uleb reads an unsigned LEB128 of 32 bits (core 2.0 section 5.2.2).
func (r *reader) uleb() (v uint32) {
	for shift := 0; shift < 35; shift += 7 {
		c := r.byte()
		v |= uint32(c&0x7f) << shift
		if c < 0x80 {
			if shift == 28 && c > 0xf {
				break
			}
			return v
		}
	}
	r.bad = true
	return 0
}

// uleb appends v as unsigned LEB128.
func uleb(dst []byte, v uint32) []byte {
	for ; v >= 0x80; v >>= 7 {
		dst = append(dst, byte(v)|0x80)
	}
	return append(dst, byte(v))
}

// sleb appends v as signed LEB128.
func sleb(dst []byte, v int64) []byte {
	for {
		c := byte(v & 0x7f)
		v >>= 7
		if v == 0 && c&0x40 == 0 || v == -1 && c&0x40 != 0 {
			return append(dst, c)
		}
		dst = append(dst, c|0x80)
	}
}
