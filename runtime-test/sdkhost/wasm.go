package sdkhost

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Section ids (WebAssembly core specification, section 5.5.2).
const (
	secType = 1 + iota
	secImport
	secFunction
	secTable
	secMemory
	secGlobal
	secExport
	secStart
	secElement
	secCode
)

type section struct {
	id   byte
	body []byte
}

// split cuts a module into its sections.
func split(module []byte) ([]section, error) {
	if len(module) < 8 || string(module[:8]) != "\x00asm\x01\x00\x00\x00" {
		return nil, errors.New("not a WebAssembly module of version 1")
	}
	var out []section
	for r := (reader{b: module, at: 8}); r.at < len(module); {
		id, size := r.byte(), int(r.u32())
		body := r.take(size)
		if r.err != nil {
			return nil, fmt.Errorf("section %d: %w", id, r.err)
		}
		out = append(out, section{id, body})
	}
	return out, nil
}

func join(sections []section) []byte {
	out := []byte("\x00asm\x01\x00\x00\x00")
	for _, s := range sections {
		out = append(out, s.id)
		out = binary.AppendUvarint(out, uint64(len(s.body)))
		out = append(out, s.body...)
	}
	return out
}

// reader reads the binary format; the first error sticks and everything after it reads as zero.
type reader struct {
	b   []byte
	at  int
	err error
}

func (r *reader) fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("offset %d: %s", r.at, what)
	}
	r.at = len(r.b)
}

func (r *reader) byte() byte {
	if r.at >= len(r.b) {
		r.fail("unexpected end")
		return 0
	}
	r.at++
	return r.b[r.at-1]
}

func (r *reader) u32() uint32 {
	v, n := binary.Uvarint(r.b[min(r.at, len(r.b)):])
	if n <= 0 || v > 1<<32-1 {
		r.fail("bad unsigned integer")
		return 0
	}
	r.at += n
	return uint32(v)
}

// leb skips a signed or 33-bit integer.
func (r *reader) leb() {
	for r.byte()&0x80 != 0 {
	}
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.b)-r.at {
		r.fail("unexpected end")
		return nil
	}
	r.at += n
	return r.b[r.at-n : r.at]
}

func (r *reader) name() string { return string(r.take(int(r.u32()))) }

// renumber copies an expression or function body with function indices mapped. It knows the instructions of the core specification 2.0
// without vectors, which is what Go emits.
func renumber(code []byte, mapped func(uint32) uint32) ([]byte, error) {
	r := reader{b: code}
	out := make([]byte, 0, len(code)+8)
	copied := 0
	index := func() { // an index of a function stands at r.at
		out = append(out, code[copied:r.at]...)
		out = binary.AppendUvarint(out, uint64(mapped(r.u32())))
		copied = r.at
	}
	for r.at < len(code) {
		switch op := r.byte(); {
		case op == 0x02 || op == 0x03 || op == 0x04: // block, loop, if: a type or a 33-bit index
			r.leb()
		case op == 0x0c || op == 0x0d: // br, br_if
			r.u32()
		case op == 0x0e: // br_table
			for n := r.u32() + 1; n > 0 && r.err == nil; n-- {
				r.u32()
			}
		case op == 0x10 || op == 0x12 || op == 0xd2: // call, return_call, ref.func
			index()
		case op == 0x11 || op == 0x13: // call_indirect, return_call_indirect
			r.u32()
			r.u32()
		case op == 0x1c: // select with types
			r.take(int(r.u32()))
		case op >= 0x20 && op <= 0x26: // locals, globals, tables
			r.u32()
		case op >= 0x28 && op <= 0x3e: // loads and stores: alignment, offset
			r.u32()
			r.u32()
		case op == 0x3f || op == 0x40: // memory.size, memory.grow
			r.byte()
		case op == 0x41 || op == 0x42: // i32.const, i64.const
			r.leb()
		case op == 0x43:
			r.take(4)
		case op == 0x44:
			r.take(8)
		case op == 0xd0: // ref.null
			r.leb()
		case op == 0xfc:
			r.prefixed()
		case op <= 0x01, op == 0x05, op == 0x0b, op == 0x0f, op == 0x1a, op == 0x1b, op >= 0x45 && op <= 0xc4, op == 0xd1:
		default:
			r.at--
			r.fail(fmt.Sprintf("instruction 0x%02x is not known here", op))
		}
	}
	if r.err != nil {
		return nil, r.err
	}
	return append(out, code[copied:]...), nil
}

// prefixed skips the immediates of an instruction after 0xfc.
func (r *reader) prefixed() {
	switch op := r.u32(); op {
	case 0, 1, 2, 3, 4, 5, 6, 7: // saturating conversions
	case 9, 11, 13, 15, 16, 17: // data.drop, memory.fill, elem.drop, table.grow, table.size, table.fill
		r.u32()
	case 8, 10, 12, 14: // memory.init, memory.copy, table.init, table.copy
		r.u32()
		r.u32()
	default:
		r.fail(fmt.Sprintf("instruction 0xfc %d is not known here", op))
	}
}
