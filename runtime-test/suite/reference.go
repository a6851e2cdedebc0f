package suite

import (
	"portcullis/schemagen/diag"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/ir/irtest"
	"portcullis/schemagen/source"
)

// Reference is the engine that interprets ir.Schema: slow, and independent of
// tables, instructions and the parser.
type Reference struct{}

// Compile implements Engine.
func (Reference) Compile(s *ir.Schema, _ *diag.List) (Judge, error) {
	return &referenceJudge{irtest.New(s, irtest.Options{})}, nil
}

type referenceJudge struct {
	*irtest.Validator
}

// Judge implements Judge.
func (j *referenceJudge) Judge(data []byte) (Verdict, error) {
	doc, err := source.Parse("instance.json", "", data)
	if err != nil {
		return Verdict{Malformed: err.Error()}, nil
	}
	failures := j.Validate(doc.Root)
	if len(failures) == 0 {
		return Verdict{Valid: true}, nil
	}
	f := failures[0]
	return Verdict{Pointer: f.Instance, Keyword: f.Keyword, Location: f.Schema.URI + "#" + f.Schema.Pointer}, nil
}
