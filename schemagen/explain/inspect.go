package explain

import (
	"portcullis/filter/table"
	"portcullis/schemagen/dump"
)

// raises says what makes requests for op be looked at deeper, one rule a line.
func raises(t *table.Table, op table.Op) (sensitive, atDeep bool, out []string) {
	i := op.Inspection()
	if i == table.NoIndex {
		return false, false, nil
	}
	own := t.Inspection(i)
	for j := own.Rules.Start; j < own.Rules.End(); j++ {
		out = append(out, dump.Raise(t.InspectionRule(j)))
	}
	return own.Flags&table.InspectionFlagSensitive != 0, own.Flags&table.InspectionFlagResponses != 0, out
}

// unless says that a rule may raise the level.
func (o *Operation) unless() string {
	if len(o.Raise) == 0 {
		return ""
	}
	return ", unless a rule raises that"
}
