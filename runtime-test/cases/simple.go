package cases

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"portcullis/schemagen/compile"
)

// simpleFile is a case file whose cases name a description each and say no more of the verdict than valid or not. Without a policy it runs
// under the profile openapi.
type simpleFile struct {
	Description string       `yaml:"description"`
	Policy      yaml.Node    `yaml:"policy"`
	Cases       []simpleCase `yaml:"cases"`
}

type simpleCase struct {
	Name    string        `yaml:"name"`
	Why     string        `yaml:"why"`
	Spec    string        `yaml:"spec"`
	Policy  yaml.Node     `yaml:"policy"`
	Engines []string      `yaml:"engines"`
	Request simpleRequest `yaml:"request"`
	Expect  struct {
		Valid *bool  `yaml:"valid"`
		Part  string `yaml:"part"`
		Code  string `yaml:"code"`
	} `yaml:"expect"`
}

type simpleRequest struct {
	Method  string      `yaml:"method"`
	Path    string      `yaml:"path"`
	Host    string      `yaml:"host"`
	Headers headerLines `yaml:"headers"`
	Body    *string     `yaml:"body"`
}

// headerLines is header fields as "Name: value" each.
type headerLines []Field

// UnmarshalYAML reads the list; a mapping is read as elsewhere.
func (h *headerLines) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.SequenceNode {
		return (*Fields)(h).UnmarshalYAML(n)
	}
	for _, item := range n.Content {
		name, value, ok := strings.Cut(item.Value, ":")
		if item.Kind != yaml.ScalarNode || !ok {
			return fmt.Errorf("line %d: found %s, want a header as 'Name: value'", item.Line, kindName(item))
		}
		*h = append(*h, Field{Name: strings.ToLower(strings.TrimSpace(name)), Value: strings.TrimSpace(value)})
	}
	return nil
}

// isSimple reports whether a file's cases name a description each.
func isSimple(text []byte) bool {
	var probe struct {
		Cases []struct {
			Spec string `yaml:"spec"`
		} `yaml:"cases"`
	}
	if yaml.Unmarshal(text, &probe) != nil {
		return false
	}
	for _, c := range probe.Cases {
		if c.Spec != "" {
			return true
		}
	}
	return false
}

// parseSimple makes one part for each description and policy that the cases name, in the order of their first use.
func parseSimple(path string, text []byte) (*File, error) {
	var s simpleFile
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&s); err != nil {
		return nil, fmt.Errorf("%s: %w", path, explain(err))
	}
	whole := &File{Path: path, Description: s.Description, Cases: make([]Case, len(s.Cases))}
	whole.lines(text)
	parts := map[string]*File{}
	names := map[string]int{}
	for i := range s.Cases {
		c := &s.Cases[i]
		if c.Name == "" || c.Spec == "" || c.Expect.Valid == nil {
			return nil, fmt.Errorf("%s: line %d: case %q: want name, spec and expect.valid", path, whole.Cases[i].Line, c.Name)
		}
		policy := c.Policy
		if policy.Kind == 0 {
			policy = s.Policy
		}
		key, err := yaml.Marshal(&policy)
		if err != nil {
			return nil, fmt.Errorf("%s: line %d: policy: %w", path, whole.Cases[i].Line, err)
		}
		name := c.Spec + "\n" + string(key)
		f := parts[name]
		if f == nil {
			loose := false
			f = &File{Path: path, Specs: []string{c.Spec}, Policy: policy, Strict: &loose}
			if policy.Kind == 0 {
				f.profile = compile.ProfileOpenAPI
			}
			parts[name], whole.parts = f, append(whole.parts, f)
		}
		full := c.full(whole.Cases[i].Line)
		if names[full.Name]++; names[full.Name] > 1 { // they come from many hands, and only their results need names
			full.Name = fmt.Sprintf("%s (%d)", full.Name, names[full.Name])
		}
		f.Cases = append(f.Cases, full)
	}
	for _, f := range whole.parts {
		if err := f.check(); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return whole, nil
}

// full is the case in the form of the others.
func (c *simpleCase) full(line int) Case {
	e := &Expect{Verdict: "accept"}
	if !*c.Expect.Valid {
		e.Verdict, e.Part, e.Code = "refuse", c.Expect.Part, c.Expect.Code
	}
	method := c.Request.Method
	if method == "" {
		method = "GET"
	}
	out := Case{Line: line, Name: c.Name, Engines: c.Engines, Step: Step{
		Request: &RequestDef{Method: strings.ToUpper(method), Path: c.Request.Path, Host: c.Request.Host, Headers: Fields(c.Request.Headers), Body: c.Request.Body},
		Expect:  e,
	}}
	if len(c.Engines) > 0 {
		out.Why = c.Why
	}
	return out
}

// runParts runs the parts of a simple file one after the other.
func (r *Runner) runParts(ctx context.Context, f *File) (out []Result, err error) {
	for _, part := range f.parts {
		results, err := r.Run(ctx, part)
		out = append(out, results...)
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

// partNamed is the part of the request that a problem document is about, for an expectation: refusals of the route are about the path, and
// may be asked for as route.
func partNamed(p *problem, want string) string {
	if want == "route" && strings.HasPrefix(p.Code, "route_") {
		return want
	}
	return p.Errors[0].In
}
