package plugin

import (
	"portcullis/filter/engine"
	"portcullis/filter/internal/abi"
	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

// quietHost and quietEngine allocate nothing themselves.
type quietHost struct {
	*fakeHost
	pairs []byte
	body  []byte
}

var serialTrailers = serialize([][2]string{{"x", "1"}})

func (h *quietHost) Log(abi.Level, []byte)                                  {}
func (h *quietHost) Pairs(abi.Map) ([]byte, abi.Status)                     { return h.hand(h.pairs) }
func (h *quietHost) Bytes(abi.Buffer, uint32, uint32) ([]byte, abi.Status)  { return h.hand(h.body) }
func (h *quietHost) Reply(uint32, []byte, []byte, []byte, int32) abi.Status { return 0 }
func (h *quietHost) Replace(abi.Map, string, string) abi.Status             { return 0 }
func (h *quietHost) SetField(abi.Map, []byte, []byte) abi.Status            { return 0 }
func (h *quietHost) Remove(abi.Map, []byte) abi.Status                      { return 0 }
func (h *quietHost) AddMetric(uint32, int64) abi.Status                     { return 0 }
func (h *quietHost) SetContext(uint32) abi.Status                           { return 0 }

type quietEngine struct{ e *fakeEngine }

func (q quietEngine) CheckHeaders(r *engine.Request, d *engine.Decision) {
	d.Finding = engine.Finding{Code: verdict.Allow, Mode: table.ModeEnforce, Op: table.NoIndex, Media: table.NoIndex}
	for i := range r.Headers {
		if string(r.Headers[i].Name) != ":path" {
			continue
		}
		switch string(r.Headers[i].Value) {
		case "/deny/token_missing":
			d.Code = verdict.TokenMissing
		case "/limit":
			d.Code, d.RetryAfterNanos = verdict.LimitExceeded, 5e9
		case "/monitor/param_invalid":
			d.Code, d.Mode = verdict.ParamInvalid, table.ModeMonitor
		case "/body":
			d.Code, d.Op, d.Media = verdict.NeedBody, 7, 3
		case "/wait":
			if d.Code = verdict.NeedBody; r.Answers.Keys == 0 {
				d.Code, d.Wait = verdict.NeedAnswer, engine.Wait{For: engine.WaitKeys}
			}
			d.Op, d.Media = 7, 3
		}
	}
}
func (q quietEngine) CheckBody(r *engine.Request, d *engine.Decision) {
	if d.Code = verdict.Allow; len(r.Body) == 0 || r.Body[0] != '{' {
		d.Code = verdict.BodySyntax
	}
}
func (q quietEngine) MaxBody(*engine.Decision) uint32 { return 100 }
func (q quietEngine) AppendProblem(dst []byte, d *engine.Decision, full bool) []byte {
	return append(dst, "problem"...)
}
func (q quietEngine) AppendReason(dst []byte, d *engine.Decision) []byte {
	return append(dst, "why"...)
}
func (q quietEngine) Table() *table.Table { return nil }
func (q quietEngine) Waits() bool         { return true }

func (q quietEngine) JudgesResponses() bool                 { return true }
func (q quietEngine) ResponseMode(d *engine.Decision) uint8 { return table.ModeEnforce }
func (q quietEngine) MaxResponse() uint32                   { return 100 }
func (q quietEngine) CheckResponseHeaders(r *engine.Response, d *engine.Decision) {
	d.Code, d.Media, d.Status = verdict.NeedBody, 3, 200
}
func (q quietEngine) ResponseTrailerAllowed(op uint32, status uint16, name []byte) bool {
	return true
}
func (q quietEngine) CheckResponseBody(r *engine.Response, d *engine.Decision) {
	if d.Code = verdict.Allow; len(r.Body) == 0 || r.Body[0] != '{' {
		d.Code = verdict.ResponseBody
	}
}
