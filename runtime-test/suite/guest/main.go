//go:build wasip1

// Command guest is the module that the wazero engine of package suite runs: the
// filter's parser and schema machine behind four exports, without a proxy
// around them.
package main

import (
	"unsafe"

	"portcullis/filter/json"
	"portcullis/filter/le"
	"portcullis/filter/schema"
	"portcullis/filter/table"
)

// Bounds as in package suite.
const (
	maxNodes = 1 << 17
	maxDepth = 1 << 10
	maxBody  = 1 << 22
)

// parseFlag marks an outcome that is a json.Status rather than a
// schema.Status.
const parseFlag = 0x100

var (
	buffer  []byte
	program *table.Table
	entry   uint32
	machine = schema.NewMachine(schema.Limits{Nodes: maxNodes, Scratch: maxBody, Frames: 1 << 14})
	parser  = json.NewParser(maxNodes, maxDepth)
	tape    = json.NewTape(maxNodes)
	result  = make([]byte, 0, 1<<12)
)

func main() {}

// reserve returns the address of a buffer of at least n bytes.
//
//go:wasmexport reserve
func reserve(n uint32) uint32 {
	if uint32(len(buffer)) < n+1 {
		buffer = make([]byte, 2*n+64)
	}
	return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(buffer))))
}

// load opens the table in the first n bytes of the buffer and returns its
// table.Err.
//
//go:wasmexport load
func load(n, at uint32) uint32 {
	blob := make([]byte, n)
	copy(blob, buffer)
	t, code, _ := table.Open(blob)
	program, entry = t, at
	return uint32(code)
}

// judge judges the text in the first n bytes of the buffer and returns its
// schema.Status, or parseFlag with the json.Status of a text that is none.
//
//go:wasmexport judge
func judge(n uint32) uint32 {
	result = result[:0]
	if status := parser.Parse(tape, buffer[:n:n], json.Options{}); status != json.StatusOK {
		note(schema.Failure{Node: parser.ErrOffset})
		return parseFlag | uint32(status)
	}
	status := machine.Validate(program, entry, tape, 0)
	if status != schema.StatusInvalid {
		note(schema.Failure{})
		return uint32(status)
	}
	f := machine.Failures()[0]
	note(f)
	const head = 24
	result = schema.AppendPointer(result, tape, f)
	size := uint32(len(result) - head)
	result = schema.AppendMessage(result, program, f, tape)
	le.PutU32(result, 16, size)
	le.PutU32(result, 20, uint32(len(result)-head)-size)
	return uint32(status)
}

func note(f schema.Failure) {
	for _, w := range [...]uint32{f.Inst, f.Node, f.Detail, f.Arg, 0, 0} {
		result = le.AppendU32(result, w)
	}
}

// failure returns the address of the words of the last failure: instruction,
// node, detail, argument, and the sizes of the JSON Pointer and the message that
// follow.
//
//go:wasmexport failure
func failure() uint32 {
	return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(result))))
}
