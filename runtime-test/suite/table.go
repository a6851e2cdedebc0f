package suite

import (
	"fmt"

	"portcullis/filter/json"
	"portcullis/filter/schema"
	"portcullis/filter/table"
	"portcullis/schemagen/diag"
	"portcullis/schemagen/emit"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/isel"
)

// Bounds of the engines that run tables: larger than any test needs.
const (
	maxNodes = 1 << 17
	maxDepth = 1 << 10
	maxBody  = 1 << 22
)

// compileTable turns s into a table that holds nothing else.
func compileTable(s *ir.Schema, diags *diag.List) (blob []byte, entry uint32, err error) {
	strs := emit.NewStrings()
	c := isel.New(strs, isel.Options{}, diags)
	entry = c.Entry(s)
	blob, err = emit.SchemaSections(c, strs)
	if err != nil {
		return nil, 0, fmt.Errorf("write the table: %w", err)
	}
	return blob, entry, nil
}

// Native is the engine that runs tables in this process. The zero value is
// ready for use; one Native has one machine, so its judges must not run at the
// same time.
type Native struct {
	machine *schema.Machine
	parser  *json.Parser
	tape    *json.Tape
}

// Compile implements Engine.
func (e *Native) Compile(s *ir.Schema, diags *diag.List) (Judge, error) {
	blob, entry, err := compileTable(s, diags)
	if err != nil {
		return nil, err
	}
	t, code, off := table.Open(blob)
	if code != table.ErrNone {
		return nil, fmt.Errorf("open the table: %v at offset %d", code, off)
	}
	if e.machine == nil {
		e.machine = schema.NewMachine(schema.Limits{Nodes: maxNodes, Scratch: maxBody, Frames: 1 << 14})
		e.parser = json.NewParser(maxNodes, maxDepth)
		e.tape = json.NewTape(maxNodes)
	}
	return &nativeJudge{e, t, entry}, nil
}

type nativeJudge struct {
	*Native
	table *table.Table
	entry uint32
}

// Judge implements Judge.
func (j *nativeJudge) Judge(data []byte) (Verdict, error) {
	if status := j.parser.Parse(j.tape, data, json.Options{}); status != json.StatusOK {
		return malformed(status, j.parser.ErrOffset), nil
	}
	status := j.machine.Validate(j.table, j.entry, j.tape, 0)
	switch status {
	case schema.StatusValid:
		return Verdict{Valid: true}, nil
	case schema.StatusInvalid:
		return explained(j.table, j.machine.Failures()[0], j.tape), nil
	}
	return Verdict{}, fmt.Errorf("found the status %v, wanted a verdict", status)
}

func malformed(status json.Status, off uint32) Verdict {
	return Verdict{Malformed: fmt.Sprintf("%v at byte %d", status, off)}
}
