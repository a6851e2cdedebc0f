// Package link writes a table into a copy of the filter module, so that module and
// rules are one file. It needs no toolchain: it appends one data segment and
// replaces one function body.
//
// The segment is passive (WebAssembly core 2.0 section 2.5.7): its bytes stay outside
// linear memory until memory.init copies them into a buffer that the module has
// allocated. An active segment would need an address of its own, and there is none:
// Go's runtime takes all memory between the end of its data and the memory's size
// for its heap, whoever put something there.
//
// The function is linkedRead of filter/internal/abi, found by a constant that its
// placeholder holds. What Link does not recognise to the byte it refuses.
package link

import (
	"bytes"
	"errors"
	"fmt"
)

// MaxTable is the largest table that Link takes, in bytes.
const MaxTable = 256 << 20

// Marks: a function that starts with `i64.const mark; drop` is the placeholder, or
// the body that has taken its place.
const (
	markOpen   = 0x6b6e696c74726f70
	markLinked = 0x6b6e696c74726f71
)

// ErrLinked is returned for a module that holds a table already.
var ErrLinked = errors.New("module holds a linked table already: link into the module as it was built")

// Section ids (WebAssembly core 2.0 section 5.5.2) that Link touches.
const (
	secCode      = 10
	secData      = 11
	secDataCount = 12
)

// section is one section of a module.
type section struct {
	id   byte
	body []byte
}

// Link returns a copy of module with table in it.
func Link(module, table []byte) ([]byte, error) {
	if len(table) == 0 || len(table) > MaxTable {
		return nil, fmt.Errorf("table has %d bytes, want 1 to %d", len(table), MaxTable)
	}
	secs, err := split(module)
	if err != nil {
		return nil, err
	}
	code, data, count := -1, -1, -1
	for i, s := range secs {
		switch s.id {
		case secCode:
			code = i
		case secData:
			data = i
		case secDataCount:
			count = i
		}
	}
	if code < 0 || data < 0 {
		return nil, errors.New("module has no code or no data section, want a filter module")
	}
	newData, segment, err := appendSegment(secs[data].body, table)
	if err != nil {
		return nil, fmt.Errorf("data section: %w", err)
	}
	newCode, err := replaceReader(secs[code].body, segment, uint32(len(table)))
	if err != nil {
		return nil, err
	}
	secs[code].body, secs[data].body = newCode, newData
	// memory.init is only valid where the number of segments is known before the
	// code (core 2.0 section 5.5.16).
	dataCount := section{secDataCount, uleb(nil, segment+1)}
	if count >= 0 {
		secs[count] = dataCount
	} else {
		secs = append(secs[:code], append([]section{dataCount}, secs[code:]...)...)
	}
	return join(secs), nil
}

var header = []byte("\x00asm\x01\x00\x00\x00")

// split cuts a module into its sections.
func split(module []byte) ([]section, error) {
	if !bytes.HasPrefix(module, header) {
		return nil, errors.New("found no WebAssembly 1 header, want a filter module")
	}
	r := reader{b: module, pos: len(header)}
	var secs []section
	for r.pos < len(r.b) && !r.bad {
		id := r.byte()
		secs = append(secs, section{id, r.bytes(r.uleb())})
	}
	if r.bad {
		return nil, fmt.Errorf("module is cut off at byte %d", r.pos)
	}
	return secs, nil
}

// join writes sections as a module.
func join(secs []section) []byte {
	out := bytes.Clone(header)
	for _, s := range secs {
		out = append(out, s.id)
		out = uleb(out, uint32(len(s.body)))
		out = append(out, s.body...)
	}
	return out
}

// appendSegment adds table as a passive segment and returns its index.
func appendSegment(body, table []byte) (out []byte, index uint32, err error) {
	r := reader{b: body}
	index = r.uleb()
	if r.bad {
		return nil, 0, errors.New("found no count of segments")
	}
	out = uleb(nil, index+1)
	out = append(out, body[r.pos:]...)
	const passive = 1
	out = append(out, passive)
	out = uleb(out, uint32(len(table)))
	return append(out, table...), index, nil
}

// replaceReader puts the reader of the segment in the placeholder's place.
func replaceReader(body []byte, segment, size uint32) ([]byte, error) {
	open, linked := placeholder(), begin(markLinked)
	r := reader{b: body}
	n := r.uleb()
	out := uleb(nil, n)
	found := 0
	for range n {
		f := r.bytes(r.uleb())
		if r.bad {
			return nil, fmt.Errorf("code section is cut off at byte %d", r.pos)
		}
		switch {
		case bytes.HasPrefix(f, linked):
			return nil, ErrLinked
		case bytes.Equal(f, open):
			found++
			f = readerBody(segment, size)
		case bytes.HasPrefix(f, begin(markOpen)):
			return nil, errors.New("the place for the table has another form than this schemagen knows: use the schemagen of the module's release")
		}
		out = uleb(out, uint32(len(f)))
		out = append(out, f...)
	}
	if found != 1 {
		return nil, fmt.Errorf("found %d places for a table, want 1: is this a filter module, not rewritten by another tool?", found)
	}
	return out, nil
}
