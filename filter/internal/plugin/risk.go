package plugin

import (
	"portcullis/filter/engine"
	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

// Properties that say how risky a request was and what became of it. They are the names
// that access logs read, on Envoy as filter state with "wasm." before them: documented in
// filter/FORMATS.md and only ever added to.
const (
	propertyRisk     = "portcullis.risk"
	propertyReasons  = "portcullis.reasons"
	propertyInspect  = "portcullis.inspect"
	propertyDecision = "portcullis.decision"
)

// countRisk counts the request that was just judged by how deep it is looked at and
// why. It does nothing for operations without rules whose requests are looked at in
// full.
func (v *VM) countRisk() {
	k := &v.d.Risk
	if !k.Known || k.Level < table.InspectHeaders || k.Level > table.InspectDeep {
		return
	}
	v.metrics.add(v.host, inspectedHeaders+int(k.Level-table.InspectHeaders))
	passes := v.d.Mode == table.ModeMonitor && v.d.Code != verdict.Allow && v.d.Code != verdict.NeedBody
	v.metrics.add(v.host, riskLow+int(k.Label(passes)))
	for i := range engine.NumFacts {
		if k.Raised>>i&1 != 0 {
			v.metrics.add(v.host, raisedAnonymous+i)
		}
	}
}

// settleRisk ends what is known of the risk of the request that v.d is about: its
// refusal counts for who was refused, and the proxy's access log can show it.
func (v *VM) settleRisk(e Engine) {
	if v.d.Risk.Counts() && v.d.Code != verdict.Allow {
		if k, ok := e.(interface {
			CountRefusal(now int64, d *engine.Decision)
		}); ok {
			k.CountRefusal(v.host.NowNanos(), &v.d)
		}
	}
	v.tellRisk()
}

// tellRisk hands the risk and the decision v.d to the proxy. A host that takes no
// properties loses them and nothing else.
func (v *VM) tellRisk() {
	k := &v.d.Risk
	if !k.Told {
		return
	}
	refused := v.d.Code != verdict.Allow && v.d.Code != verdict.NeedBody
	passes := refused && v.d.Mode == table.ModeMonitor
	if k.Known || passes {
		v.host.SetProperty(propertyRisk, k.Label(passes).String())
		v.host.SetProperty(propertyInspect, engine.InspectName(k.Level))
	}
	if k.Facts != 0 {
		v.host.SetProperty(propertyReasons, engine.FactNames(k.Facts))
	}
	if refused {
		v.host.SetProperty(propertyDecision, v.d.Code.Name())
	}
}
