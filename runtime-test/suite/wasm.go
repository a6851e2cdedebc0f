package suite

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"portcullis/filter/json"
	"portcullis/filter/schema"
	"portcullis/filter/table"
	"portcullis/schemagen/diag"
	"portcullis/schemagen/ir"
)

// guestPackage is the module that the wazero engine runs.
const guestPackage = "portcullis/runtime-test/suite/guest"

// Wasm is the engine that runs tables in a Wasm module, in wazero.
type Wasm struct {
	runtime                       wazero.Runtime
	module                        api.Module
	reserve, load, judge, failure api.Function
	generation                    int // of the table that is loaded
}

// NewWasm starts the module in the file guest, or builds it with the Go
// toolchain when guest is "", which works in the repository only.
func NewWasm(guest string) (*Wasm, error) {
	code, err := guestCode(guest)
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	e := &Wasm{runtime: wazero.NewRuntime(ctx)}
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, e.runtime); err != nil {
		return nil, fmt.Errorf("start WASI: %w", err)
	}
	e.module, err = e.runtime.InstantiateWithConfig(ctx, code, wazero.NewModuleConfig().
		WithStartFunctions("_initialize").WithStderr(os.Stderr))
	if err != nil {
		return nil, fmt.Errorf("start the module: %w", err)
	}
	for name, f := range map[string]*api.Function{"reserve": &e.reserve, "load": &e.load, "judge": &e.judge, "failure": &e.failure} {
		if *f = e.module.ExportedFunction(name); *f == nil {
			return nil, fmt.Errorf("start the module: found no export called %s", name)
		}
	}
	return e, nil
}

// Close ends the module.
func (e *Wasm) Close() error { return e.runtime.Close(context.Background()) }

func guestCode(guest string) ([]byte, error) {
	if guest == "" {
		dir, err := os.MkdirTemp("", "suite")
		if err != nil {
			return nil, fmt.Errorf("make room for the module: %w", err)
		}
		defer os.RemoveAll(dir)
		guest = filepath.Join(dir, "guest.wasm")
		cmd := exec.Command("go", "build", "-buildmode=c-shared", "-ldflags=-w", "-o", guest, guestPackage)
		cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
		if text, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build the module: %w\n%s", err, text)
		}
	}
	code, err := os.ReadFile(guest)
	if err != nil {
		return nil, fmt.Errorf("read the module: %w", err)
	}
	return code, nil
}

// Compile implements Engine.
func (e *Wasm) Compile(s *ir.Schema, diags *diag.List) (Judge, error) {
	blob, entry, err := compileTable(s, diags)
	if err != nil {
		return nil, err
	}
	t, code, off := table.Open(blob)
	if code != table.ErrNone {
		return nil, fmt.Errorf("open the table: %v at offset %d", code, off)
	}
	return &wasmJudge{Wasm: e, blob: blob, table: t, entry: entry}, nil
}

// wasmJudge is one table. Only the table used last is in the module.
type wasmJudge struct {
	*Wasm
	blob   []byte
	table  *table.Table
	entry  uint32
	loaded int
}

// Judge implements Judge.
func (j *wasmJudge) Judge(data []byte) (Verdict, error) {
	if j.loaded == 0 || j.loaded != j.generation {
		if err := j.write(j.blob); err != nil {
			return Verdict{}, err
		}
		code, err := j.call(j.load, uint64(len(j.blob)), uint64(j.entry))
		if err != nil || code != uint32(table.ErrNone) {
			return Verdict{}, fmt.Errorf("open the table in the module: %v, %w", table.Err(code), err)
		}
		j.generation++
		j.loaded = j.generation
	}
	if err := j.write(data); err != nil {
		return Verdict{}, err
	}
	outcome, err := j.call(j.judge, uint64(len(data)))
	if err != nil {
		return Verdict{}, err
	}
	words, err := j.outcome()
	if err != nil {
		return Verdict{}, err
	}
	const parseFlag = 0x100 // as in the guest
	switch {
	case outcome&parseFlag != 0:
		return malformed(json.Status(outcome&^parseFlag), words.failure.Node), nil
	case schema.Status(outcome) == schema.StatusValid:
		return Verdict{Valid: true}, nil
	case schema.Status(outcome) == schema.StatusInvalid:
		v := failed(j.table, words.failure)
		v.Pointer, v.Message = words.pointer, words.message
		return v, nil
	}
	return Verdict{}, fmt.Errorf("found the status %v, wanted a verdict", schema.Status(outcome))
}

// write puts data into the module's buffer.
func (e *Wasm) write(data []byte) error {
	ptr, err := e.call(e.reserve, uint64(len(data)))
	if err != nil {
		return err
	}
	if !e.module.Memory().Write(ptr, data) {
		return fmt.Errorf("write to the module: found no room for %d bytes at %d", len(data), ptr)
	}
	return nil
}

type outcomeWords struct {
	failure          schema.Failure
	pointer, message string
}

// outcome reads what the module says about a failure: six words, then the
// pointer and the message, whose sizes are the last two words.
func (e *Wasm) outcome() (o outcomeWords, err error) {
	const size = 24
	ptr, err := e.call(e.failure)
	if err != nil {
		return o, err
	}
	head, ok := e.module.Memory().Read(ptr, size)
	if !ok {
		return o, fmt.Errorf("read from the module: found no memory at %d", ptr)
	}
	word := func(i int) uint32 { return binary.LittleEndian.Uint32(head[4*i:]) }
	o.failure = schema.Failure{Inst: word(0), Node: word(1), Detail: word(2), Arg: word(3)}
	text, ok := e.module.Memory().Read(ptr+size, word(4)+word(5))
	if !ok {
		return o, fmt.Errorf("read from the module: found no memory at %d", ptr+size)
	}
	o.pointer, o.message = string(text[:word(4)]), string(text[word(4):])
	return o, nil
}

func (e *Wasm) call(f api.Function, args ...uint64) (uint32, error) {
	out, err := f.Call(context.Background(), args...)
	if err != nil {
		return 0, fmt.Errorf("call the module: %w", err)
	}
	return uint32(out[0]), nil
}
