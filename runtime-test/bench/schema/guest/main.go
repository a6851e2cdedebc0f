//go:build wasip1

// Command guest is the module that the schema benchmark runs in V8: the filter's
// parser and schema machine behind exports that loop over texts.
package main

import (
	"runtime"
	"unsafe"

	"portcullis/filter/json"
	"portcullis/filter/le"
	"portcullis/filter/schema"
	"portcullis/filter/table"
)

const (
	maxNodes = 1 << 16
	maxDepth = 1 << 8
	maxBody  = 1 << 20
)

// Slots of buffers.
const (
	slotTable = iota
	slotTexts // one after another
	slotEnds  // where each ends, 32 bits little-endian
	slots
)

var (
	buffers [slots][]byte
	program *table.Table
	entry   uint32
	machine = schema.NewMachine(schema.Limits{Nodes: maxNodes, Scratch: maxBody, Frames: 1 << 12})
	parser  = json.NewParser(maxNodes, maxDepth)
	tape    = json.NewTape(maxNodes)
	stats   runtime.MemStats
)

func main() {}

// reserve returns the address of a slot of n bytes.
//
//go:wasmexport reserve
func reserve(slot, n uint32) uint32 {
	buffers[slot] = make([]byte, n, n+64)
	return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(buffers[slot]))))
}

// load opens the table and returns its table.Err, 0 for none.
//
//go:wasmexport load
func load(at uint32) uint32 {
	t, code, _ := table.Open(buffers[slotTable])
	program, entry = t, at
	if code == table.ErrNone {
		return 0
	}
	return uint32(code)
}

// run parses and judges every text n times and returns how many texts were valid
// the last time.
//
//go:wasmexport run
func run(n uint32) uint32 {
	valid := uint32(0)
	texts, ends := buffers[slotTexts], buffers[slotEnds]
	for range n {
		valid = 0
		from := uint32(0)
		for i := uint32(0); i+4 <= uint32(len(ends)); i += 4 {
			end := le.U32(ends, i)
			if parser.Parse(tape, texts[from:end:end], json.Options{}) == json.StatusOK &&
				machine.Validate(program, entry, tape, 0) == schema.StatusValid {
				valid++
			}
			from = end
		}
	}
	return valid
}

// mallocs returns the number of objects allocated since the start.
//
//go:wasmexport mallocs
func mallocs() uint32 {
	runtime.ReadMemStats(&stats)
	return uint32(stats.Mallocs)
}
