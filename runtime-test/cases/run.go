package cases

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Result is what became of one case on one engine.
type Result struct {
	File    string        `json:"file"`
	Line    int           `json:"line"`
	Case    string        `json:"case"`
	Engine  string        `json:"engine"`
	Passed  bool          `json:"passed"`
	Wrong   []string      `json:"wrong,omitempty"` // what was not as expected
	Elapsed time.Duration `json:"nanos"`
}

// Runner runs files on engines. The zero value plus Engines works.
type Runner struct {
	Engines  []Engine
	Match    func(caseName string) bool // nil = all
	OnResult func(Result)               // called for each result as it comes
}

// Run runs the cases of a file on every engine that the case allows. The error is for what keeps cases from being run at all: a table
// that does not compile, an engine that does not start.
func (r *Runner) Run(ctx context.Context, f *File) ([]Result, error) {
	if len(f.parts) > 0 {
		return r.runParts(ctx, f)
	}
	table, err := f.table()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Path, err)
	}
	var out []Result
	for _, e := range r.Engines {
		results, err := r.runOn(ctx, f, e, table)
		out = append(out, results...)
		if err != nil {
			return out, fmt.Errorf("%s: engine %s: %w", f.Path, e.Name(), err)
		}
	}
	return out, nil
}

func (r *Runner) runOn(ctx context.Context, f *File, e Engine, table []byte) (out []Result, err error) {
	shared := map[string]Instance{}
	defer func() {
		for _, i := range shared {
			err = errors.Join(err, i.Close())
		}
	}()
	for i := range f.Cases {
		c := &f.Cases[i]
		if len(c.Engines) > 0 && !slices.Contains(c.Engines, e.Name()) || r.Match != nil && !r.Match(c.Name) {
			continue
		}
		begin := time.Now()
		res := Result{File: f.Path, Line: c.Line, Case: c.Name, Engine: e.Name()}
		inst, done, err := f.instance(ctx, e, c, table, shared)
		if err != nil {
			return out, fmt.Errorf("case %q: %w", c.Name, err)
		}
		res.Wrong = f.runCase(c, e, inst)
		if err := done(); err != nil {
			res.Wrong = append(res.Wrong, "close: "+err.Error())
		}
		res.Passed, res.Elapsed = len(res.Wrong) == 0, time.Since(begin)
		out = append(out, res)
		if r.OnResult != nil {
			r.OnResult(res)
		}
	}
	return out, nil
}

// instance finds or makes the instance that a case runs on. done closes it if it is the case's own.
func (f *File) instance(ctx context.Context, e Engine, c *Case, table []byte, shared map[string]Instance) (inst Instance, done func() error, err error) {
	s := Setup{Table: table, Config: map[string]any{}, Host: f.Host, Calls: map[string]Call{}, Dir: f.abs("")}
	for name, call := range f.Calls {
		if call.Body, err = f.expand(call.Body); err != nil {
			return nil, nil, fmt.Errorf("calls: %s: %w", name, err)
		}
		s.Calls[name] = call
	}
	maps.Copy(s.Config, f.Config)
	maps.Copy(s.Config, c.Config)
	if c.Host != nil {
		s.Host = *c.Host
	}
	expanded, err := f.expandValues(s.Config)
	if err != nil {
		return nil, nil, fmt.Errorf("config: %w", err)
	}
	s.Config = expanded.(map[string]any)
	text, err := json.Marshal(s.Config)
	if err != nil {
		return nil, nil, fmt.Errorf("config: %w", err)
	}
	if c.Fresh {
		if inst, err = e.Load(ctx, s); err != nil {
			return nil, nil, err
		}
		return inst, inst.Close, nil
	}
	host, _ := json.Marshal(s.Host)
	key := string(text) + string(host)
	if inst, ok := shared[key]; ok {
		return inst, func() error { return nil }, nil
	}
	if inst, err = e.Load(ctx, s); err != nil {
		return nil, nil, err
	}
	shared[key] = inst
	return inst, func() error { return nil }, nil
}

// runCase runs the steps until one goes wrong.
func (f *File) runCase(c *Case, e Engine, inst Instance) []string {
	steps := c.Steps
	if c.Request != nil {
		steps = []Step{c.Step}
	}
	for i := range steps {
		if wrong := f.runStep(c, &steps[i], e, inst); len(wrong) > 0 {
			if len(steps) > 1 {
				wrong[0] = fmt.Sprintf("step %d: %s", i+1, wrong[0])
			}
			return wrong
		}
	}
	return nil
}

func (f *File) runStep(c *Case, s *Step, e Engine, inst Instance) []string {
	if s.Advance > 0 {
		if err := inst.Advance(time.Duration(s.Advance)); err != nil {
			return []string{"advance the clock: " + err.Error()}
		}
	}
	if s.Request == nil {
		return nil
	}
	expect := s.Expect
	if expect == nil {
		expect = &Expect{}
	}
	names := slices.Sorted(maps.Keys(expect.Metrics))
	before, logs, err := f.observe(inst, names, len(expect.Logs) > 0)
	if err != nil {
		return []string{err.Error()}
	}
	for n := range max(s.Repeat, 1) {
		req, err := f.build(c, s.Request, inst.Now())
		if err != nil {
			return []string{(&RequestBuildError{err}).Error()}
		}
		o, err := inst.Do(req)
		if err != nil {
			return []string{"send request: " + err.Error()}
		}
		if wrong := compare(expect, o, e.Name() != "native"); len(wrong) > 0 {
			if s.Repeat > 1 {
				wrong[0] = fmt.Sprintf("request %d of %d: %s", n+1, s.Repeat, wrong[0])
			}
			return wrong
		}
	}
	return f.compareEffects(expect, inst, names, before, len(logs))
}

func (f *File) observe(inst Instance, names []string, wantLogs bool) (metrics map[string]int64, logs []string, err error) {
	if len(names) > 0 {
		if metrics, err = inst.Metrics(names); err != nil {
			return nil, nil, fmt.Errorf("read metrics: %w", err)
		}
	}
	if wantLogs {
		if logs, err = inst.Logs(); err != nil {
			return nil, nil, fmt.Errorf("read logs: %w", err)
		}
	}
	return metrics, logs, nil
}

// A line that is not there yet is waited for, at most a second in all.
const (
	logTries = 25
	logWait  = 40 * time.Millisecond
)

// logged reports whether every line that is wanted is there.
func logged(e *Expect, logs []string, before int) bool {
	for _, want := range e.Logs {
		if !slices.ContainsFunc(logs[min(before, len(logs)):], func(l string) bool { return strings.Contains(l, want) }) {
			return false
		}
	}
	return true
}

// compareEffects checks metrics and logs of a whole step.
func (f *File) compareEffects(e *Expect, inst Instance, names []string, before map[string]int64, logsBefore int) []string {
	after, logs, err := f.observe(inst, names, len(e.Logs) > 0)
	if err != nil {
		return []string{err.Error()}
	}
	var wrong []string
	for _, n := range names {
		if got := after[n] - before[n]; got != e.Metrics[n] {
			wrong = append(wrong, fmt.Sprintf("metric %s grew by %d, want %d", n, got, e.Metrics[n]))
		}
	}
	for tries := 0; !logged(e, logs, logsBefore) && tries < logTries; tries++ {
		<-time.After(logWait) // a process writes its lines when it likes
		if _, logs, err = f.observe(inst, nil, true); err != nil {
			return append(wrong, err.Error())
		}
	}
	for _, want := range e.Logs {
		if !slices.ContainsFunc(logs[min(logsBefore, len(logs)):], func(l string) bool { return strings.Contains(l, want) }) {
			wrong = append(wrong, fmt.Sprintf("no log line contains %q: %q", want, logs[min(logsBefore, len(logs)):]))
		}
	}
	return wrong
}
