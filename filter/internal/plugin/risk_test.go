package plugin

import (
	"strings"
	"testing"

	"portcullis/filter/engine"
	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

// TestTellRisk: which properties the proxy is handed for what became of a request.
func TestTellRisk(t *testing.T) {
	risk := func(level, facts uint8, known bool) engine.Risk {
		return engine.Risk{Level: level, Facts: facts, Told: true, Known: known}
	}
	tests := []struct {
		name string
		risk engine.Risk
		mode uint8
		code verdict.Code
		want string // risk, level, reasons, decision
	}{
		{"nothing to say", engine.Risk{Level: table.InspectBody}, table.ModeEnforce, verdict.BodyInvalid, "|||"},
		{"allowed", risk(table.InspectHeaders, 0, true), table.ModeEnforce, verdict.Allow, "low|headers||"},
		{"refused", risk(table.InspectDeep, engine.FactAnonymous|engine.FactSample, true), table.ModeEnforce, verdict.BodyInvalid, "medium|deep|anonymous,sample|body_invalid"},
		{"nobody known", risk(table.InspectHeaders, 0, false), table.ModeEnforce, verdict.TokenMissing, "|||token_missing"},
		{"nobody known, monitored", risk(table.InspectHeaders, 0, false), table.ModeMonitor, verdict.TokenMissing, "high|headers||token_missing"},
		{"monitored", risk(table.InspectBody, engine.FactSensitive, true), table.ModeMonitor, verdict.BodyInvalid, "high|body|sensitive|body_invalid"},
		{"off", engine.Risk{}, table.ModeOff, verdict.Allow, "|||"},
	}
	for _, tt := range tests {
		vt := newVMTest(t, "")
		vt.h.properties = map[string]string{}
		vt.v.own(tt.code, tt.mode, 0)
		vt.v.d.Risk = tt.risk
		vt.v.tellRisk()
		got := ""
		for i, name := range []string{propertyRisk, propertyInspect, propertyReasons, propertyDecision} {
			if i > 0 {
				got += "|"
			}
			for key, value := range vt.h.properties {
				if _, path, _ := strings.Cut(key, " "); path == name {
					got += value
				}
			}
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}
