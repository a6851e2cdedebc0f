package emit

import (
	"fmt"

	"portcullis/filter/table"
	"portcullis/schemagen/ir"
)

// inspection is index and one of the record of how deep requests for op are looked
// at, 0 where that is their body whatever the risk. Operations that say the same have
// one.
func (w *writer) inspection(op *ir.Operation) uint32 {
	in := op.Inspection
	flags := uint32(0)
	if in.Sensitive {
		flags |= table.InspectionFlagSensitive
	}
	if op.Responses != nil && op.Responses.AtDeep {
		flags |= table.InspectionFlagResponses
	}
	if op.Inspect == ir.InspectBody && flags == 0 && len(in.Raise) == 0 && !op.Forward.TellsRisk() {
		return 0
	}
	rules := [][]uint32{}
	for _, r := range in.Raise {
		rules = append(rules, []uint32{uint32(r.When) | uint32(r.To)<<8, 0, 0, r.Sample, r.Refusals, uint32(r.WindowNanos), uint32(r.WindowNanos >> 32), 0})
	}
	key := fmt.Sprint(flags, rules)
	if i, ok := w.inspected[key]; ok {
		return i + 1
	}
	start := w.count(table.SecInspections)
	for _, r := range rules {
		w.record(table.SecInspections, r)
	}
	i := w.record(table.SecInspections, []uint32{table.InspectionOp | flags<<16, start, uint32(len(rules))}, zeros(5))
	w.inspected[key] = i
	return i + 1
}
