package engine

import (
	"portcullis/filter/le"
	"portcullis/filter/limit"
	"portcullis/filter/siphash"
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

// inspector is what an engine needs for rules that raise the level of inspection.
//
// Refusals are counted by two buckets for each pair of numbers that a rule has: the
// first takes one for each refusal and forgets one every window; when it is full, the
// second is set, for one window and up to two while refusals go on. A request asks
// the second alone.
//
// Invariants: counts is nil when no rule counts refusals; else specs has, for each
// such rule by its record, the first of its two buckets in counts.
type inspector struct {
	counts  *limit.Limiter
	specs   []uint32
	outcome limit.Outcome
	charge  [1]limit.Charge
	key     []byte // whom refusals are counted for

	k0, k1, drawn uint64 // chance
}

// refusalBytes bounds the shared memory of counted refusals.
const refusalBytes = 4 << 20

// refusalDigest keeps the buckets of refusals apart from those of limits.
const refusalDigest = 0x7265667573616c73

func (in *inspector) init(t *table.Table, o *Options) bool {
	in.k0, in.k1 = le.U64(o.Seed[:], 8)^refusalDigest, le.U64(o.Seed[:], 0)
	n := t.NumInspections()
	var specs []limit.Spec
	for i := range n {
		if t.InspectionKind(i) != table.InspectionRefused {
			continue
		}
		if in.specs == nil {
			in.specs = make([]uint32, n)
		}
		r := t.InspectionRule(i)
		own := limit.Spec{Requests: 1, WindowNanos: r.WindowNanos, Burst: uint64(r.Refusals)}
		at := uint32(0)
		for at < uint32(len(specs)) && specs[at] != own {
			at += 2
		}
		if at == uint32(len(specs)) {
			specs = append(specs, own, limit.Spec{Requests: 1, WindowNanos: r.WindowNanos, Burst: raisedFor})
		}
		in.specs[i] = at
	}
	if specs == nil {
		return true
	}
	in.counts, _ = limit.New(specs, limit.Options{Store: o.Store, Digest: le.U64(t.Digest(), 0) ^ refusalDigest, Seed: o.Seed, StoreBytes: refusalBytes})
	in.key = make([]byte, 0, o.MaxTokenBytes+16)
	return in.counts != nil
}

// raisedFor is how many windows the second bucket can be set ahead.
const raisedFor = 2

// begin makes d's level what op says, before anybody is known.
func (d *Decision) begin(op table.Op) {
	d.Risk = Risk{Level: op.Inspect(), Told: op.Inspection() != table.NoIndex}
}

// inspect settles how deep the request is looked at, once it is known who calls. A
// request that waited keeps what was settled first: it was charged by that.
func (e *Engine) inspect(r *Request, op table.Op, d *Decision) {
	i := op.Inspection()
	if i == table.NoIndex {
		return
	}
	if r.Answers.Risk.Known {
		d.Risk = r.Answers.Risk
		return
	}
	own := e.t.Inspection(i)
	k := &d.Risk
	k.Known = true
	if !e.authorized && e.shown.consumer == table.NoIndex && e.shown.credential == table.NoIndex {
		k.Facts |= FactAnonymous
	}
	if own.Flags&table.InspectionFlagSensitive != 0 {
		k.Facts |= FactSensitive
	}
	for j := own.Rules.Start; j < own.Rules.End(); j++ {
		rule := e.t.InspectionRule(j)
		fact := uint8(0)
		switch rule.Kind {
		case table.InspectionAnonymous:
			fact = k.Facts & FactAnonymous
		case table.InspectionSensitive:
			fact = k.Facts & FactSensitive
		case table.InspectionSampled:
			if e.inspector.draw() < rule.Sample {
				fact = FactSample
			}
		case table.InspectionRefused:
			if e.refusedBefore(r, j, k) {
				fact = FactRefusals
			}
		}
		if fact != 0 {
			k.Facts |= fact
			k.Raised |= fact
			k.Level = max(k.Level, rule.To)
		}
	}
}

// draw is 32 random bits: a keyed hash of a counter, which nobody who does not have
// the key can tell from chance.
func (in *inspector) draw() uint32 {
	in.drawn++
	var b [8]byte
	le.PutU64(b[:], 0, in.drawn)
	return uint32(siphash.Sum64(in.k0, in.k1, b[:]))
}

// refusedBefore reports that who calls has been refused as often as the rule says. A
// store that does not answer is taken for a yes.
func (e *Engine) refusedBefore(r *Request, rule uint32, k *Risk) bool {
	if !e.suspect(k) {
		return true
	}
	in := &e.inspector
	in.charge[0] = limit.Charge{Limit: in.specs[rule] + 1, Hash: k.hash, Hashed: true, Cost: raisedFor}
	return in.counts.Peek(r.NowNanos, in.charge[:], &in.outcome) != verdict.Allow
}

// suspect notes in k for whom a refusal counts: one bucket for each subject of a token
// and for each consumer, and one for everybody else together. Addresses and whatever
// else a request merely says tell nobody from anybody.
func (e *Engine) suspect(k *Risk) bool {
	if k.counted {
		return true
	}
	in := &e.inspector
	key := in.key[:1]
	switch {
	case e.authorized:
		key[0] = 's'
		key = e.tokens.AppendIdentity(key)
	case e.shown.consumer != table.NoIndex:
		key[0] = 'c'
		key = append(key, e.t.Consumer(e.shown.consumer).Name()...)
	case e.shown.credential != table.NoIndex:
		key[0] = 'k'
		key = append(key, byte(e.shown.credential), byte(e.shown.credential>>8), byte(e.shown.credential>>16), byte(e.shown.credential>>24))
	default:
		key[0] = 'a'
	}
	k.hash, k.counted = in.counts.Hash(0, key)
	return k.counted
}

// lacking makes a request whose credential is good and has not the scopes that are
// asked for count for who it is.
func (e *Engine) lacking(op table.Op, d *Decision, code verdict.Code) {
	if code != verdict.AuthorizeScope || op.Inspection() == table.NoIndex || e.inspector.counts == nil {
		return
	}
	if own := e.t.Inspection(op.Inspection()); !e.counting(own.Rules) {
		return
	}
	consumer := e.shown.consumer
	if e.shown.consumer = e.shown.lacking; e.authorized || e.shown.consumer != table.NoIndex {
		e.suspect(&d.Risk)
	}
	e.shown.consumer = consumer
}

// counting reports a rule that counts refusals.
func (e *Engine) counting(rules table.Range) bool {
	for j := rules.Start; j < rules.End(); j++ {
		if e.t.InspectionKind(j) == table.InspectionRefused {
			return true
		}
	}
	return false
}

// CountRefusal counts that d refuses, for who was refused, where a rule of the
// operation asks for it. The engine counts what it refuses itself; who refuses a
// request in its place (for a body that does not end, say) calls it.
func (e *Engine) CountRefusal(now int64, d *Decision) {
	if !d.Risk.counted || !blamed(d.Code) || d.Op >= e.t.NumOps() || e.inspector.counts == nil {
		return
	}
	d.Risk.counted = false
	i := e.t.Op(d.Op).Inspection()
	if i == table.NoIndex {
		return
	}
	in := &e.inspector
	rules := e.t.Inspection(i).Rules
	for j := rules.Start; j < rules.End(); j++ {
		if e.t.InspectionKind(j) != table.InspectionRefused {
			continue
		}
		in.charge[0] = limit.Charge{Limit: in.specs[j], Hash: d.Risk.hash, Hashed: true, Cost: 1}
		if in.counts.Check(now, in.charge[:], &in.outcome) == verdict.Allow && in.counts.Remaining(0, now) > 0 {
			continue
		}
		in.charge[0].Limit++
		in.counts.Check(now, in.charge[:], &in.outcome)
	}
}

// blamed reports a refusal that is the caller's doing and says something of what they
// ask for: not that nobody knows them, that they are slow, or many.
func blamed(code verdict.Code) bool {
	s := code.Status()
	return s >= 400 && s < 500 && s != 401 && s != 408 && s != 429 && !code.OfResponse()
}

// RefusalStats counts what became of counted refusals; nil when none are counted.
func (e *Engine) RefusalStats() *limit.Stats {
	if e.inspector.counts == nil {
		return nil
	}
	return &e.inspector.counts.Stats
}

// relaxing is what a policy may let pass by name, and that a request may not make use
// of which is looked at deep.
const relaxing = table.OpFlagAllowDuplicates | table.OpFlagAnyBody | table.OpFlagMethodOverride | table.OpFlagRawSemicolon | table.OpFlagBracketNames

// flags is op's, as they bear on the request that d is about.
func (d *Decision) flags(op table.Op) uint32 {
	if d.Risk.Level == table.InspectDeep {
		return op.Flags() &^ relaxing
	}
	return op.Flags()
}

// relaxed refuses what nobody can look into, or that was let through before it was
// known that the request is looked at deep.
func (e *Engine) relaxed(r *Request, op table.Op, d *Decision) verdict.Code {
	if r.fields.upgrades() {
		d.Part = verdict.PartHeader
		return verdict.RequestUpgrade
	}
	return e.overridden(r, op, d)
}

// onlyDeep reports an operation whose responses are judged to requests that are
// looked at deep, and to no others.
func (e *Engine) onlyDeep(op uint32) bool {
	i := e.t.Op(op).Inspection()
	return i != table.NoIndex && e.t.Inspection(i).Flags&table.InspectionFlagResponses != 0
}

// framing judges what the header fields say of a body that nobody looks at.
func (e *Engine) framing(r *Request, d *Decision) verdict.Code {
	length, known, ok := r.fields.length()
	if !ok || r.EndStream && known && length != 0 {
		d.Part = verdict.PartBody
		return verdict.BodyLength
	}
	return verdict.Allow
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
