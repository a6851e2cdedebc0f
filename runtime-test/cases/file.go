package cases

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"portcullis/schemagen/compile"
)

// File is a case file.
type File struct {
	Path string `yaml:"-"`

	Description string           `yaml:"description"`
	Engines     []string         `yaml:"engines"` // of cases that name none
	Why         string           `yaml:"why"`
	Specs       []string         `yaml:"specs"`
	Table       string           `yaml:"table"`
	Policy      yaml.Node        `yaml:"policy"` // a path or a mapping
	Strict      *bool            `yaml:"strict"`
	Config      map[string]any   `yaml:"config"`
	Host        HostOptions      `yaml:"host"`
	Keys        map[string]Key   `yaml:"keys"`
	Tokens      map[string]Token `yaml:"tokens"`
	Calls       map[string]Call  `yaml:"calls"`
	Defaults    RequestDef       `yaml:"defaults"`
	Cases       []Case           `yaml:"cases"`

	profile compile.Profile
	parts   []*File // of a simple file, one for each description and policy
}

// HostOptions is the proxy around the plugin.
type HostOptions struct {
	Workers       int   `yaml:"workers" json:"workers,omitempty"`
	BufferLimit   int   `yaml:"bufferLimit" json:"bufferLimit,omitempty"`
	StopIteration *bool `yaml:"stopIteration" json:"stopIteration,omitempty"`
	BufferFilter  *bool `yaml:"bufferFilter" json:"bufferFilter,omitempty"`
}

// Call is what a cluster answers.
type Call struct {
	Status  int      `yaml:"status"`
	Headers Fields   `yaml:"headers"`
	Body    string   `yaml:"body"`
	Delay   Duration `yaml:"delay"`
	Reset   bool     `yaml:"reset"`
}

// Key is a signing key: one of its first three members.
type Key struct {
	File     string `yaml:"file"`
	Secret   string `yaml:"secret"`
	Generate string `yaml:"generate"`
	Kid      string `yaml:"kid"`
}

// Token describes a token to mint.
type Token struct {
	Key    string         `yaml:"key"`
	Alg    string         `yaml:"alg"`
	Kid    *string        `yaml:"kid"`
	Typ    *string        `yaml:"typ"`
	Header map[string]any `yaml:"header"`
	Claims map[string]any `yaml:"claims"`
	Scheme *string        `yaml:"scheme"`
	In     string         `yaml:"in"`
	Raw    *string        `yaml:"raw"`
	Tamper string         `yaml:"tamper"`
	Bound  string         `yaml:"bound"`
}

// Auth is a token by name, "none", or a token.
type Auth struct {
	Set   bool
	Name  string
	Token *Token
}

// Case is one case of a file.
type Case struct {
	Line int `yaml:"-"`

	Name     string         `yaml:"name"`
	Engines  []string       `yaml:"engines"`
	Why      string         `yaml:"why"`
	Config   map[string]any `yaml:"config"`
	Host     *HostOptions   `yaml:"host"`
	Fresh    bool           `yaml:"fresh"`
	Upstream *AnswerDef     `yaml:"upstream"`
	Steps    []Step         `yaml:"steps"`
	Step     `yaml:",inline"`
}

// Step is one request, or N like it, and what must become of them.
type Step struct {
	Request *RequestDef `yaml:"request"`
	Expect  *Expect     `yaml:"expect"`
	Repeat  int         `yaml:"repeat"`
	Advance Duration    `yaml:"advance"`
}

// AnswerDef is what the upstream answers.
type AnswerDef struct {
	Status  int    `yaml:"status"`
	Headers Fields `yaml:"headers"`
	Body    string `yaml:"body"`
}

// RequestDef is a request as a file writes it.
type RequestDef struct {
	Method     string    `yaml:"method"`
	Path       string    `yaml:"path"`
	Host       string    `yaml:"host"`
	Scheme     string    `yaml:"scheme"`
	Headers    Fields    `yaml:"headers"`
	Auth       Auth      `yaml:"auth"`
	Proof      *Proof    `yaml:"proof"`
	Body       *string   `yaml:"body"`
	BodyRepeat int       `yaml:"bodyRepeat"`
	BodyFile   string    `yaml:"bodyFile"`
	JSON       *JSONBody `yaml:"json"`
	Chunks     *[]string `yaml:"chunks"`
	Trailers   Fields    `yaml:"trailers"`
	Reset      bool      `yaml:"reset"`
	Stall      Duration  `yaml:"stall"`
}

// Expect is what must become of a request.
type Expect struct {
	Verdict   string           `yaml:"verdict"`
	Status    int              `yaml:"status"`
	Code      string           `yaml:"code"`
	Part      string           `yaml:"part"`
	Pointer   *string          `yaml:"pointer"`
	Keyword   string           `yaml:"keyword"`
	Parameter string           `yaml:"parameter"`
	Detail    string           `yaml:"detail"`
	Headers   Fields           `yaml:"headers"`
	Body      string           `yaml:"body"`
	Upstream  ExpectUpstream   `yaml:"upstream"`
	Metrics   map[string]int64 `yaml:"metrics"`
	Logs      []string         `yaml:"logs"`
}

// ExpectUpstream is what the upstream must have seen.
type ExpectUpstream struct {
	Requests      *int    `yaml:"requests"`
	Headers       Fields  `yaml:"headers"`
	Body          *string `yaml:"body"`
	Trailers      Fields  `yaml:"trailers"`
	BeforeVerdict bool    `yaml:"beforeVerdict"`
}

// Duration is a Go duration in YAML.
type Duration time.Duration

// UnmarshalYAML reads a duration with a unit.
func (d *Duration) UnmarshalYAML(n *yaml.Node) error {
	v, err := time.ParseDuration(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || v < 0 {
		return fmt.Errorf("line %d: found %q, want a duration such as 300ms or 16s", n.Line, n.Value)
	}
	*d = Duration(v)
	return nil
}

// Field is a header in a file; Absent is its null.
type Field struct {
	Name, Value string
	Absent      bool
}

// Fields is a mapping of header names to a value, several, or null, in the file's order.
type Fields []Field

// UnmarshalYAML reads the mapping.
func (f *Fields) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: found %s, want a mapping of header names to values", n.Line, kindName(n))
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, v := strings.ToLower(n.Content[i].Value), n.Content[i+1]
		switch {
		case v.Kind == yaml.ScalarNode && v.Tag == "!!null":
			*f = append(*f, Field{Name: name, Absent: true})
		case v.Kind == yaml.ScalarNode:
			*f = append(*f, Field{Name: name, Value: v.Value})
		case v.Kind == yaml.SequenceNode:
			for _, e := range v.Content {
				if e.Kind != yaml.ScalarNode {
					return fmt.Errorf("line %d: header %s: found %s, want text", e.Line, name, kindName(e))
				}
				*f = append(*f, Field{Name: name, Value: e.Value})
			}
		default:
			return fmt.Errorf("line %d: header %s: found %s, want text, a list of texts or null", v.Line, name, kindName(v))
		}
	}
	return nil
}

// UnmarshalYAML reads a name or a token.
func (a *Auth) UnmarshalYAML(n *yaml.Node) error {
	a.Set = true
	switch n.Kind {
	case yaml.ScalarNode:
		a.Name = n.Value
		return nil
	case yaml.MappingNode:
		a.Token = &Token{}
		return decodeStrict(n, a.Token)
	}
	return fmt.Errorf("line %d: found %s, want a token's name or a mapping", n.Line, kindName(n))
}

// JSONBody is a YAML value to be sent as JSON: members in the file's order, numbers as they are written.
type JSONBody struct{ Text []byte }

// UnmarshalYAML serializes the value.
func (j *JSONBody) UnmarshalYAML(n *yaml.Node) error {
	var err error
	j.Text, err = appendJSON(nil, n)
	return err
}

func appendJSON(dst []byte, n *yaml.Node) ([]byte, error) {
	var err error
	switch n.Kind {
	case yaml.AliasNode:
		return appendJSON(dst, n.Alias)
	case yaml.MappingNode:
		dst = append(dst, '{')
		for i := 0; i+1 < len(n.Content); i += 2 {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendText(dst, n.Content[i].Value), ':')
			if dst, err = appendJSON(dst, n.Content[i+1]); err != nil {
				return nil, err
			}
		}
		return append(dst, '}'), nil
	case yaml.SequenceNode:
		dst = append(dst, '[')
		for i, e := range n.Content {
			if i > 0 {
				dst = append(dst, ',')
			}
			if dst, err = appendJSON(dst, e); err != nil {
				return nil, err
			}
		}
		return append(dst, ']'), nil
	}
	switch n.Tag {
	case "!!null":
		return append(dst, "null"...), nil
	case "!!bool":
		v, _ := strconv.ParseBool(n.Value)
		return strconv.AppendBool(dst, v), nil
	case "!!int", "!!float":
		if !isJSONNumber(n.Value) {
			return nil, fmt.Errorf("line %d: %s is a number of YAML but not of JSON; quote it or use body", n.Line, n.Value)
		}
		return append(dst, n.Value...), nil
	}
	return appendText(dst, n.Value), nil
}

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.ScalarNode:
		if n.Tag == "!!null" {
			return "nothing"
		}
		return strconv.Quote(n.Value)
	}
	return "an alias"
}

// decodeStrict decodes a node and refuses unknown keys, which yaml.Node.Decode does not.
func decodeStrict(n *yaml.Node, into any) error {
	text, err := yaml.Marshal(n)
	if err != nil {
		return fmt.Errorf("line %d: %w", n.Line, err)
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("at line %d: %s", n.Line, innerLine.ReplaceAllString(explain(err).Error(), ""))
	}
	return nil
}

// Read reads and checks a case file.
func Read(path string) (*File, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read case file: %w", err)
	}
	return Parse(path, text)
}

// Parse is Read for text that is at hand; path is for messages and for what the file names.
func Parse(path string, text []byte) (*File, error) {
	if isSimple(text) {
		return parseSimple(path, text)
	}
	f := &File{Path: path}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(f); err != nil {
		return nil, fmt.Errorf("%s: %w", path, explain(err))
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: found a second document, want one", path)
	}
	f.lines(text)
	if err := f.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// lines notes where each case begins.
func (f *File) lines(text []byte) {
	var doc yaml.Node
	if yaml.Unmarshal(text, &doc) != nil || len(doc.Content) == 0 {
		return
	}
	root := doc.Content[0]
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value == "cases" {
			for j, c := range root.Content[i+1].Content {
				if j < len(f.Cases) {
					f.Cases[j].Line = c.Line
				}
			}
		}
	}
}

// abs resolves a path that the file names.
func (f *File) abs(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(f.Path), path)
}

// RequestBuildError is a request that can't be made from what the file says.
type RequestBuildError struct{ Err error }

// Error says what is wrong.
func (e *RequestBuildError) Error() string { return "make request: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *RequestBuildError) Unwrap() error { return e.Err }
