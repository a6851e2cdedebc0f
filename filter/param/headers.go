package param

import (
	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

// BeginFields starts header fields that are no operation's parameters: those of
// a response. Header collects their values and Value makes them, as for
// parameters; i counts from the start of fields.
func (d *Decoder) BeginFields(t *table.Table, fields table.Range) verdict.Code {
	if fields.Count > MaxParams {
		return verdict.Internal // schemagen refuses so many
	}
	d.t, d.op, d.params = t, table.Op{}, fields
	d.begun()
	return verdict.Allow
}
