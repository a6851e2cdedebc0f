package engine

import (
	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

// Facts of a request that its risk is made of, as bits.
const (
	FactAnonymous = 1 << iota // nobody is known by credentials
	FactRefusals              // who calls was refused before, as often as a rule says
	FactSample                // chance has chosen the request
	FactSensitive             // the policy calls the operation sensitive
	NumFacts      = 4
)

// Risk is how deep a request is looked at, and why. It is a value of fixed size that
// is kept while the request waits or is held.
type Risk struct {
	// Level is table.InspectHeaders..; 0 until an operation is found.
	Level uint8
	// Facts is what is known of the request, as bits. Raised is those of them that a
	// rule asked about.
	Facts, Raised uint8
	// Told is set for operations that have an inspection record, Known once Facts are.
	Told, Known bool

	counted bool   // its refusal is to be counted
	hash    uint64 // for whom
}

// Counts reports that a refusal of the request is still to be counted.
func (r *Risk) Counts() bool { return r.counted }

// Label is the risk in a word. refused says that the request passes although it was
// refused, in mode monitor.
func (r *Risk) Label(refused bool) RiskLabel {
	const both = FactAnonymous | FactSensitive
	switch {
	case refused, r.Facts&FactRefusals != 0, r.Facts&both == both:
		return RiskHigh
	case r.Facts&both != 0:
		return RiskMedium
	}
	return RiskLow
}

// RiskLabel is low, medium or high.
type RiskLabel uint8

// Labels.
const (
	RiskLow RiskLabel = iota
	RiskMedium
	RiskHigh
	NumRiskLabels
)

// String is the label as headers, filter state and metrics have it.
func (l RiskLabel) String() string {
	if l >= NumRiskLabels {
		return "high"
	}
	return [NumRiskLabels]string{"low", "medium", "high"}[l]
}

// InspectName is the name of a level.
func InspectName(level uint8) string {
	if level > table.InspectDeep {
		level = 0
	}
	return [table.InspectDeep + 1]string{"", "headers", "parameters", "body", "deep"}[level]
}

// FactNames is the facts in words, with commas between: nothing for none.
func FactNames(facts uint8) string {
	return [1 << NumFacts]string{
		"", "anonymous", "refusals", "anonymous,refusals", "sample", "anonymous,sample", "refusals,sample", "anonymous,refusals,sample",
		"sensitive", "anonymous,sensitive", "refusals,sensitive", "anonymous,refusals,sensitive", "sample,sensitive", "anonymous,sample,sensitive",
		"refusals,sample,sensitive", "anonymous,refusals,sample,sensitive",
	}[facts&(1<<NumFacts-1)]
}

// Decided is what was decided of a request that goes on: allow, or with mode monitor
// the code that would have refused it, or pending when its body is still to come.
func Decided(mode uint8, code verdict.Code) string {
	switch {
	case code == verdict.NeedBody && mode == table.ModeMonitor:
		return "pending"
	case code == verdict.Allow || code == verdict.NeedBody:
		return "allow" // with NeedBody it arrives when its body was good, or not at all
	}
	return code.Name()
}

// appendRisk appends what an upstream is told of risk.
func (f *forwarder) appendRisk(kind uint8, d *Decision, code verdict.Code) verdict.Code {
	refused := code != verdict.Allow && code != verdict.NeedBody
	word := ""
	switch kind {
	case table.ForwardRisk:
		word = d.Risk.Label(refused).String()
	case table.ForwardReasons:
		word = FactNames(d.Risk.Facts)
	case table.ForwardInspect:
		word = InspectName(d.Risk.Level)
	case table.ForwardDecision:
		word = Decided(d.Mode, code)
	}
	if len(word) > cap(f.buf)-len(f.buf) {
		return verdict.ForwardTooLarge
	}
	f.buf = append(f.buf, word...)
	return 0
}
