package suite

import (
	"portcullis/filter/json"
	"portcullis/filter/schema"
	"portcullis/filter/table"
)

// failed puts a failure into words. The pointer and the message are left to who
// has the tape.
func failed(t *table.Table, f schema.Failure) Verdict {
	return Verdict{
		Keyword:  string(schema.AppendKeyword(nil, t, f)),
		Location: string(schema.AppendLocation(nil, t, f)),
	}
}

func explained(t *table.Table, f schema.Failure, tape *json.Tape) Verdict {
	v := failed(t, f)
	v.Pointer = string(schema.AppendPointer(nil, tape, f))
	v.Message = string(schema.AppendMessage(nil, t, f, tape))
	return v
}
