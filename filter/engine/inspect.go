package engine

import (
	"portcullis/filter/le"
	"portcullis/filter/limit"
	"portcullis/filter/siphash"
	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

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
