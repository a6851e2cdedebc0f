package engine

import (
	"portcullis/filter/limit"
	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

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
