package dump

import (
	"fmt"
	"strconv"
	"time"

	"portcullis/filter/table"
)

// Raise says when a rule makes requests be looked at deeper, and how deep.
func Raise(r table.InspectionRule) string {
	what := "?"
	switch r.Kind {
	case table.InspectionAnonymous:
		what = "of callers nobody knows"
	case table.InspectionSensitive:
		what = "because the operation is sensitive"
	case table.InspectionSampled:
		what = strconv.FormatFloat(float64(r.Sample)*100/(1<<32), 'g', 6, 64) + "% of them, by chance"
	case table.InspectionRefused:
		what = fmt.Sprintf("of who was refused %d times within %s", r.Refusals, time.Duration(r.WindowNanos))
	}
	return name(inspects, r.To) + ": " + what
}

// inspection writes what makes requests for op be looked at deeper.
func (d *dumper) inspection(op table.Op) {
	i := op.Inspection()
	if i == table.NoIndex {
		return
	}
	own := d.t.Inspection(i)
	if own.Flags&table.InspectionFlagSensitive != 0 {
		d.printf("    sensitive")
	}
	if own.Flags&table.InspectionFlagResponses != 0 {
		d.printf("    responses at deep")
	}
	for j := own.Rules.Start; j < own.Rules.End(); j++ {
		d.printf("    raise to %s", Raise(d.t.InspectionRule(j)))
	}
}
