package table

// Words of an inspection record: what a request for an operation is looked at
// deeper for. An operation's record names its rules, records of the same section.
//
//	kind|to<<8|flags<<16 rules(2: inspections) sample refusals window(2: u64 ns) zero
//
// How deep requests are looked at without a rule stands in the operation itself.
// A rule has its level and what its kind needs; everything else of it is zero.
const (
	InspectionHow      = 0
	InspectionRules    = 1
	InspectionSample   = 3 // of 2^32 requests
	InspectionRefusals = 4
	InspectionWindow   = 5
)

// Kinds of inspection record.
const (
	InspectionOp        = 1
	InspectionAnonymous = 2 // nobody is known by credentials
	InspectionRefused   = 3 // who calls was refused before, that often
	InspectionSampled   = 4 // chance
	InspectionSensitive = 5 // the operation is
	inspectionKindEnd   = 6
)

// Flags of an operation's record.
const (
	// InspectionFlagSensitive marks an operation that the policy calls sensitive.
	InspectionFlagSensitive = 1 << 0
	// InspectionFlagResponses lets the responses to requests be judged that are
	// looked at InspectDeep, and no others.
	InspectionFlagResponses = 1 << 1
	inspectionFlagsAll      = 1<<2 - 1
)

// Bounds of rules.
const (
	// MaxInspectionRules is how many rules an operation may have, and
	// MaxRefusalRules how many of them may count refusals.
	MaxInspectionRules = 8
	MaxRefusalRules    = 2

	maxRefusals     = 1000
	maxRefusalNanos = 86400e9
)

// Inspection is what an operation says of how deep its requests are looked at.
type Inspection struct {
	Flags uint8
	Rules Range // see InspectionRule
}

// InspectionRule is one thing that makes requests be looked at deeper.
type InspectionRule struct {
	Kind        uint8  // InspectionAnonymous..
	To          uint8  // InspectParameters..
	Sample      uint32 // InspectionSampled: of 2^32 requests
	Refusals    uint32 // InspectionRefused: that many
	WindowNanos uint64 // within so long
}

// NumInspections is the number of inspection records, rules included.
func (t *Table) NumInspections() uint32 { return uint32(len(t.inspections)) / wordsInspection }

// InspectionKind is what the i-th inspection record is.
func (t *Table) InspectionKind(i uint32) uint8 {
	return uint8(t.inspections[i*wordsInspection+InspectionHow])
}

// Inspection is the i-th inspection record, an operation's.
func (t *Table) Inspection(i uint32) Inspection {
	w := (*[wordsInspection]uint32)(t.inspections[i*wordsInspection:])
	return Inspection{Flags: uint8(w[InspectionHow] >> 16), Rules: rangeAt(w[:], InspectionRules)}
}

// InspectionRule is the i-th inspection record, a rule.
func (t *Table) InspectionRule(i uint32) InspectionRule {
	w := (*[wordsInspection]uint32)(t.inspections[i*wordsInspection:])
	return InspectionRule{
		Kind: uint8(w[InspectionHow]), To: uint8(w[InspectionHow] >> 8), Sample: w[InspectionSample], Refusals: w[InspectionRefusals],
		WindowNanos: uint64(w[InspectionWindow]) | uint64(w[InspectionWindow+1])<<32,
	}
}

// Inspection is the index of the operation's inspection record, NoIndex where nothing
// is asked, counted or told of risk: schemagen writes that for operations whose
// requests are all looked at InspectBody.
func (o Op) Inspection() uint32 { return o.w[OpInspection] - 1 }

// checkInspection finds what the layout can't say of the i-th inspection record; word
// is where.
func (t *Table) checkInspection(i uint32) (e Err, word uint32) {
	r, own := t.InspectionRule(i), t.Inspection(i)
	if r.Kind != InspectionOp {
		switch {
		case own.Flags != 0 || own.Rules != (Range{}):
			return ErrReserved, InspectionHow
		case r.To < InspectParameters:
			return ErrEnum, InspectionHow
		case (r.Kind == InspectionSampled) != (r.Sample != 0):
			return ErrEnum, InspectionSample
		case (r.Kind == InspectionRefused) != (r.Refusals != 0):
			return ErrEnum, InspectionRefusals
		case (r.Kind == InspectionRefused) != (r.WindowNanos != 0) || r.WindowNanos > maxRefusalNanos:
			return ErrEnum, InspectionWindow
		}
		return ErrNone, 0
	}
	switch {
	case r.To != 0 || r.Sample != 0 || r.Refusals != 0 || r.WindowNanos != 0:
		return ErrReserved, InspectionHow
	case own.Rules.Count > MaxInspectionRules:
		return ErrRange, InspectionRules
	}
	counts := 0
	for j := own.Rules.Start; j < own.Rules.End(); j++ {
		switch t.InspectionKind(j) {
		case InspectionOp:
			return ErrEnum, InspectionRules
		case InspectionRefused:
			counts++
		}
	}
	if counts > MaxRefusalRules {
		return ErrRange, InspectionRules
	}
	return ErrNone, 0
}

// checkInspected finds an operation without the inspection record that it names. One
// that names none is looked at as it says, and nothing is counted or told of it.
func (t *Table) checkInspected(o Op) Err {
	i := o.Inspection()
	switch {
	case i == NoIndex:
		return ErrNone
	case i >= t.NumInspections():
		return ErrRange
	case t.InspectionKind(i) != InspectionOp:
		return ErrEnum
	}
	return ErrNone
}
