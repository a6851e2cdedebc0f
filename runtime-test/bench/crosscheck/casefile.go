package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"portcullis/runtime-test/cases"
)

// oneCase is a case with one verdict.
type oneCase struct {
	Name    string `yaml:"name"`
	Spec    string `yaml:"spec"`
	Policy  any    `yaml:"policy"`
	Request struct {
		Method  string  `yaml:"method"`
		Path    string  `yaml:"path"`
		Headers any     `yaml:"headers"`
		Body    *string `yaml:"body"`
	} `yaml:"request"`
	Expect struct {
		Valid *bool `yaml:"valid"`
	} `yaml:"expect"`
}

// readCases reads the cases of a file that OpenAPI alone decides: those with a
// policy are this filter's own business.
func readCases(path string) (out []oneCase, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var f struct {
		Policy any       `yaml:"policy"`
		Cases  []oneCase `yaml:"cases"`
	}
	if err := yaml.Unmarshal(data, &f); err != nil {
		return nil, err
	}
	for _, c := range f.Cases {
		if c.Policy != nil || f.Policy != nil {
			continue
		}
		if c.Expect.Valid == nil || c.Spec == "" {
			return nil, fmt.Errorf("case %q: found no verdict or no spec, want both", c.Name)
		}
		out = append(out, c)
	}
	return out, nil
}

func (c *oneCase) request() *cases.Request {
	q := &cases.Request{Method: strings.ToUpper(c.Request.Method), Scheme: "https", Host: "localhost", Path: c.Request.Path}
	if q.Method == "" {
		q.Method = "GET"
	}
	list, _ := c.Request.Headers.([]any)
	for _, h := range list {
		name, value, _ := strings.Cut(fmt.Sprint(h), ":")
		q.Headers = append(q.Headers, cases.Header{Name: strings.ToLower(name), Value: strings.TrimSpace(value)})
	}
	if b := c.Request.Body; b != nil {
		q.HasBody, q.Chunks = true, [][]byte{[]byte(*b)}
		q.Headers = append(q.Headers, cases.Header{Name: "content-length", Value: strconv.Itoa(len(*b))})
	}
	return q
}
