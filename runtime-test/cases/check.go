package cases

import (
	"errors"
	"fmt"
	"strings"

	"portcullis/filter/verdict"
)

// EngineNames are the engines a case can name.
var EngineNames = []string{"native", "wazero", "proxytest", "envoy"}

func (f *File) check() error {
	if (len(f.Specs) > 0) == (f.Table != "") {
		return errors.New("want either specs or table")
	}
	if f.Table != "" && (f.Policy.Kind != 0 || f.Strict != nil) {
		return errors.New("policy and strict belong to specs; a table has been compiled")
	}
	if len(f.Cases) == 0 {
		return errors.New("no cases")
	}
	for name, k := range f.Keys {
		n := 0
		for _, set := range []bool{k.File != "", k.Secret != "", k.Generate != ""} {
			if set {
				n++
			}
		}
		if n != 1 {
			return fmt.Errorf("key %s: want one of file, secret and generate", name)
		}
	}
	for name, t := range f.Tokens {
		if err := f.checkToken(&t); err != nil {
			return fmt.Errorf("token %s: %w", name, err)
		}
	}
	if err := f.checkAuth(f.Defaults.Auth); err != nil {
		return fmt.Errorf("defaults: %w", err)
	}
	seen := map[string]bool{}
	for i := range f.Cases {
		c := &f.Cases[i]
		if len(c.Engines) == 0 && c.Why == "" {
			c.Engines, c.Why = f.Engines, f.Why
		}
		if err := f.checkCase(c); err != nil {
			return fmt.Errorf("line %d: case %q: %w", c.Line, c.Name, err)
		}
		if seen[c.Name] {
			return fmt.Errorf("line %d: case %q stands twice", c.Line, c.Name)
		}
		seen[c.Name] = true
	}
	return nil
}

func (f *File) checkCase(c *Case) error {
	if c.Name == "" {
		return errors.New("a case needs a name")
	}
	if (len(c.Engines) > 0) != (c.Why != "") {
		return errors.New("engines and why go together")
	}
	for _, e := range c.Engines {
		known := false
		for _, n := range EngineNames {
			known = known || n == e
		}
		if !known {
			return fmt.Errorf("engine %q is unknown, want one of %s", e, strings.Join(EngineNames, ", "))
		}
	}
	if (len(c.Steps) > 0) == (c.Request != nil) {
		return errors.New("want either request or steps")
	}
	if len(c.Steps) > 0 && (c.Expect != nil || c.Repeat != 0 || c.Advance != 0) {
		return errors.New("expect, repeat and advance stand in the steps")
	}
	if _, ok := c.Config["table"]; ok {
		return errors.New("config must not hold the table")
	}
	for i := range c.Steps {
		if err := f.checkStep(&c.Steps[i]); err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	if c.Request != nil {
		return f.checkStep(&c.Step)
	}
	return nil
}

func (f *File) checkStep(s *Step) error {
	if s.Repeat < 0 || s.Repeat > 100000 {
		return fmt.Errorf("repeat is %d, want 1 to 100000", s.Repeat)
	}
	r := s.Request
	if r == nil {
		if s.Expect != nil || s.Repeat != 0 || s.Advance == 0 {
			return errors.New("a step without a request only advances the clock")
		}
		return nil
	}
	bodies := 0
	for _, set := range []bool{r.Body != nil, r.BodyFile != "", r.JSON != nil, r.Chunks != nil} {
		if set {
			bodies++
		}
	}
	if bodies > 1 {
		return errors.New("want at most one of body, bodyFile, json and chunks")
	}
	if r.BodyRepeat != 0 && r.Body == nil {
		return errors.New("bodyRepeat repeats body, which is not there")
	}
	if (r.Reset || r.Stall > 0) && len(r.Trailers) > 0 {
		return errors.New("trailers end a request; reset and stall do not")
	}
	if err := f.checkAuth(r.Auth); err != nil {
		return err
	}
	if err := f.checkProof(r.Proof); err != nil {
		return err
	}
	if s.Expect != nil {
		switch s.Expect.Verdict {
		case "", "accept", "refuse", "none":
		default:
			return fmt.Errorf("verdict is %q, want accept, refuse or none", s.Expect.Verdict)
		}
		if err := checkCode(s.Expect.Code); err != nil {
			return err
		}
	}
	return nil
}

// checkCode refuses a code that no refusal has, most often a misspelt one.
func checkCode(code string) error {
	if code == "" || verdict.Lookup(code) != 0 {
		return nil
	}
	for c := verdict.NeedBody + 1; c < verdict.NumCodes; c++ {
		if name := c.Name(); strings.HasPrefix(name, code) || strings.HasPrefix(code, name) {
			return fmt.Errorf("code is %q, want a reason of filter/verdict such as %s", code, name)
		}
	}
	return fmt.Errorf("code is %q, want a reason of filter/verdict such as param_invalid", code)
}

func (f *File) checkAuth(a Auth) error {
	if a.Token != nil {
		return f.checkToken(a.Token)
	}
	if a.Name == "" || a.Name == "none" {
		return nil
	}
	if _, ok := f.Tokens[a.Name]; !ok {
		return fmt.Errorf("auth: token %q is not among tokens", a.Name)
	}
	return nil
}

func (f *File) checkToken(t *Token) error {
	if t.Raw != nil {
		return nil
	}
	if _, ok := f.Keys[t.Key]; !ok {
		return fmt.Errorf("key %q is not among keys", t.Key)
	}
	switch t.Tamper {
	case "", "header", "payload", "signature":
	default:
		return fmt.Errorf("tamper is %q, want header, payload or signature", t.Tamper)
	}
	return nil
}
