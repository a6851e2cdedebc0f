package cel

import (
	"bytes"
	"encoding/json"
	"math"
	"math/big"
	"strconv"
	"testing"

	celgo "cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	eval "portcullis/filter/cel"
	fjson "portcullis/filter/json"
	"portcullis/filter/table"
	"portcullis/schemagen/emit"
	"portcullis/schemagen/ir"
)

type noSchemas struct{}

func (noSchemas) Entry(*ir.Schema) uint32  { panic("no schema expected") }
func (noSchemas) Sections() []emit.Section { return nil }

// testConsumer is the consumer of tableOf's tables.
var testConsumer = &ir.Consumer{Name: "acme", Plan: "gold", Scopes: []string{"a", "admin"}, Attributes: []ir.Attribute{{Name: "a", Value: "1"}, {Name: "sub", Value: "x"}}}

// tableOf is a table with one operation that has this expression.
func tableOf(t testing.TB, a *ir.Allow) *table.Table {
	t.Helper()
	api := &ir.API{Name: "a", Mode: ir.ModeEnforce, Mounts: []ir.Mount{{}}}
	api.Operations = []*ir.Operation{{API: api, Method: "GET", Path: "/", Segments: []ir.Segment{{}}, Mode: ir.ModeEnforce,
		Inspect: ir.InspectBody, UnknownQuery: ir.ActionDeny, Allow: a}}
	raw, err := emit.Table(&ir.Build{APIs: []*ir.API{api}, Consumers: []*ir.Consumer{testConsumer}, Unknown: ir.ActionDeny}, noSchemas{}, emit.NewStrings())
	if err != nil {
		t.Fatal(err)
	}
	tab, e, at := table.Open(raw)
	if e != table.ErrNone {
		t.Fatalf("Open = %v at %d", e, at)
	}
	return tab
}

// input is one set of inputs, as JSON texts. An empty text is nothing.
type input struct {
	claims, body string
	params       []string // by ordinal
	consumer     bool     // testConsumer was found
}

// bindings is what the oracle sees of in: Go values made with encoding/json, which
// shares nothing with the filter's reader.
func (in *input) bindings(t testing.TB, s *Scope, vars []variable) map[string]any {
	out := map[string]any{"claims": map[string]any{}, "body": types.NullValue}
	if in.claims != "" {
		out["claims"] = native(t, in.claims)
	}
	if in.body != "" {
		out["body"] = native(t, in.body)
	}
	for _, v := range vars {
		if v.param == nil {
			if v.has {
				out[v.name] = in.consumer
			} else if in.consumer {
				out[v.name] = map[string]any{"@consumer:name": testConsumer.Name, "@consumer:plan": testConsumer.Plan,
					"@consumer:scopes": testConsumer.Scopes, "@consumer:attributes": map[string]string{"a": "1", "sub": "x"}}[v.name]
			}
			continue
		}
		text := in.params[v.param.Ordinal]
		switch {
		case v.has:
			out[v.name] = text != ""
		case text == "":
		default:
			x := native(t, text)
			if f, ok := x.(float64); ok && v.param.Numbers == table.ExprAsInt {
				x = int64(f)
				if f != math.Trunc(f) {
					x = types.NewErr("no whole number")
				}
			}
			if _, ok := x.(int64); ok && v.param.Numbers == table.ExprAsDouble {
				x = types.NewErr("no exact number")
			}
			out[v.name] = x
		}
	}
	return out
}

func native(t testing.TB, text string) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return exactly(v)
}

// exactly turns numbers into what the package says they are.
func exactly(v any) any {
	switch v := v.(type) {
	case nil:
		return types.NullValue
	case json.Number:
		limit := big.NewInt(1 << 53)
		if i, ok := new(big.Int).SetString(string(v), 10); ok {
			f, _ := strconv.ParseFloat(string(v), 64)
			switch {
			case i.CmpAbs(limit) < 0:
				return f
			case i.IsInt64():
				return i.Int64()
			}
			return types.NewErr("number out of range")
		}
		f, err := strconv.ParseFloat(string(v), 64)
		if err != nil || math.Abs(f) >= 1<<53 {
			return types.NewErr("number out of range")
		}
		return f
	case []any:
		for i := range v {
			v[i] = exactly(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = exactly(v[k])
		}
	}
	return v
}

// oracle is cel-go's answer.
func oracle(p celgo.Program, vars map[string]any) eval.Result {
	out, _, err := p.Eval(vars)
	if err != nil {
		return eval.Error
	}
	switch v := out.(type) {
	case types.Bool:
		if v {
			return eval.Yes
		}
		return eval.No
	case ref.Val:
	}
	return eval.Error
}

// subject is the machine with its tapes.
type subject struct {
	machine *eval.Machine
	parser  *fjson.Parser
	in      eval.Inputs
	claims  fjson.Tape
	body    fjson.Tape
	params  fjson.Tape
	one     fjson.Tape
	text    []byte
	kept    eval.Kept
	early   int // answers that did not need the body that was asked for
}

func newSubject() *subject {
	s := &subject{parser: fjson.NewParser(4096, 64)}
	for _, t := range []*fjson.Tape{&s.claims, &s.body, &s.params, &s.one} {
		t.Nodes = make([]fjson.Node, 0, 4096)
	}
	return s
}

// set reads in.
func (s *subject) set(t testing.TB, in *input) {
	t.Helper()
	parse := func(to *fjson.Tape, text string) *fjson.Tape {
		if text == "" {
			return nil
		}
		if st := s.parser.Parse(to, []byte(text), fjson.Options{}); st != fjson.StatusOK {
			t.Fatalf("%v: %s", st, text)
		}
		return to
	}
	s.in = eval.Inputs{Claims: parse(&s.claims, in.claims), Body: parse(&s.body, in.body), ParamTape: &s.params, Consumer: table.NoIndex}
	if in.consumer {
		s.in.Consumer = 0
	}
	s.params.Nodes, s.text = s.params.Nodes[:0], s.text[:0]
	for i := range s.in.Params {
		s.in.Params[i] = eval.Absent
		if i >= len(in.params) || in.params[i] == "" {
			continue
		}
		parse(&s.one, in.params[i])
		s.in.Params[i] = uint32(len(s.params.Nodes))
		at, off := uint32(len(s.params.Nodes)), uint32(len(s.text))
		for _, n := range s.one.Nodes {
			n.Off += off
			if k := n.Kind(); k == fjson.KindArray || k == fjson.KindObject {
				n.Ext += at
			}
			s.params.Nodes = append(s.params.Nodes, n)
		}
		s.text = append(s.text, in.params[i]...)
	}
	s.params.Src = s.text
}

// judge evaluates the table's only expression, in two steps where it needs the body.
func (s *subject) judge(t testing.TB, tab *table.Table) eval.Result {
	s.machine = eval.NewMachine(tab, s.parser)
	if !tab.Expr(0).NeedsBody() {
		return s.machine.Eval(tab, 0, &s.in)
	}
	in := s.in
	in.Body = nil // it is not there yet
	if !s.machine.Keep(tab, 0, &in, &s.kept) {
		return tooMuch
	}
	early := s.machine.EvalEarly(tab, 0, &s.kept)
	r := s.machine.EvalKept(tab, 0, s.in.Body, &s.kept)
	if early != eval.Error {
		s.early++
		if r != early {
			t.Errorf("EvalEarly = %d, and with the body %d", early, r)
		}
	}
	return r
}

// tooMuch is the answer where more would have to be kept than there is room for.
const tooMuch = eval.Result(99)
