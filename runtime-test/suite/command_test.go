package suite

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const shopSchema = `{
  "type": "object",
  "required": ["items"],
  "properties": {
    "items": {"type": "array", "items": {"$ref": "item.json"}},
    "remote": {"$ref": "https://example.com/r.json#/$defs/short"},
    "at": {"format": "date"}
  }
}`

// folder writes files and returns their folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := write(filepath.Join(dir, name), text); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestValidateCommand(t *testing.T) {
	dir := folder(t, map[string]string{
		"schema.json": shopSchema,
		"item.json":   `{"type": "object", "properties": {"price": {"multipleOf": 0.01}}}`,
		"r.json":      `{"$defs": {"short": {"maxLength": 2}}}`,
		"in.jsonl": `{"items": []}
{"items": [{}, {"price": 12.345}]}

{}
{"items": [], "remote": "abc"}
{"items": [],}
{"items": [], "items": []}
{"items": [], "at": "2020-13-01"}
`,
	})
	want := []string{
		"1\tvalid\n", "2\tinvalid\t/items/1/price\tmultipleOf\t", "4\tinvalid\t\trequired\t", "5\tinvalid\t/remote\tmaxLength\t",
		"6\tinvalid\t\t\t", "7\tinvalid\t\t\t", "8\tinvalid\t/at\tformat\t",
	}
	for _, engine := range []string{"native", "wazero", "reference"} {
		out, err := validate(t, "-schema", dir+"/schema.json", "-resource", "https://example.com/r.json="+dir+"/r.json", "-engine", engine, dir+"/in.jsonl")
		lines := strings.SplitAfter(out, "\n")
		if err != nil || len(lines) != 8 {
			t.Fatalf("%s: validate = %v, %q, want 7 lines", engine, err, out)
		}
		for i, prefix := range want {
			if !strings.HasPrefix(lines[i], prefix) {
				t.Errorf("%s: line = %q, want %q first", engine, lines[i], prefix)
			}
		}
	}
	out, err := validate(t, "-schema", dir+"/item.json", "-format", "json", dir+"/in.jsonl")
	if want := `{"line":1,"valid":true,"pointer":"","keyword":""}`; err != nil || !strings.HasPrefix(out, want) {
		t.Errorf("validate -format json = %v, %q, want %q first", err, out, want)
	}
}

func TestValidateCommandRefuses(t *testing.T) {
	dir := folder(t, map[string]string{
		"dangling.json": `{"$ref": "https://example.com/not-given.json"}`,
		"loop.json":     `{"$ref": "#"}`,
		"bad.json":      `{"minLength": "x"}`,
		"pattern.json":  `{"pattern": "(a)\\1"}`,
		"text.json":     `{`,
		"ok.json":       `{}`,
		"in.jsonl":      "1\n",
	})
	tests := []struct {
		name  string
		args  []string
		usage bool
	}{
		{"no schema", []string{dir + "/in.jsonl"}, true},
		{"no file", []string{"-schema", dir + "/ok.json"}, true},
		{"unknown engine", []string{"-schema", dir + "/ok.json", "-engine", "x", dir + "/in.jsonl"}, true},
		{"unknown dialect", []string{"-schema", dir + "/ok.json", "-dialect", "draft3", dir + "/in.jsonl"}, true},
		{"unknown format", []string{"-schema", dir + "/ok.json", "-format", "xml", dir + "/in.jsonl"}, true},
		{"reference to nothing", []string{"-schema", dir + "/dangling.json", dir + "/in.jsonl"}, false},
		{"endless reference", []string{"-schema", dir + "/loop.json", dir + "/in.jsonl"}, false},
		{"invalid keyword", []string{"-schema", dir + "/bad.json", dir + "/in.jsonl"}, false},
		{"backreference", []string{"-schema", dir + "/pattern.json", dir + "/in.jsonl"}, false},
		{"no JSON", []string{"-schema", dir + "/text.json", dir + "/in.jsonl"}, false},
		{"missing lines", []string{"-schema", dir + "/ok.json", dir + "/none.jsonl"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, err := validate(t, tt.args...)
			if err == nil || out != "" || errors.Is(err, ErrUsage) != tt.usage {
				t.Errorf("validate %v = %v, %q, want an error and no output", tt.args, err, out)
			}
		})
	}
}

func validate(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	err := ValidateCommand(os.Stdin, &stdout, &stderr).ParseAndRun(context.Background(), args)
	return stdout.String(), err
}

func TestSuiteCommand(t *testing.T) {
	dir := folder(t, map[string]string{
		"tests/draft7/a.json": `[{"description": "g", "schema": {"const": 1}, "tests": [
			{"description": "one", "data": 1, "valid": true}, {"description": "wrong test", "data": 2, "valid": true}]}]`,
		"tests/draft7/optional/b.json":        `[{"description": "g", "schema": {"format": "ipv4"}, "tests": [{"description": "x", "data": "x", "valid": true}]}]`,
		"tests/draft7/optional/format/c.json": `[{"description": "g", "schema": {"format": "ipv4"}, "tests": [{"description": "x", "data": "x", "valid": false}]}]`,
		"tests/unknown/d.json":                `[]`,
	})
	tests := []struct {
		args []string
		want string
	}{
		{[]string{"-dir", dir}, "FAIL draft7/a.json: g: wrong test: found invalid, wanted valid (const at \"\")\n1 passed, 1 failed\n"},
		{[]string{"-dir", dir, "-draft", "draft7", "-optional"}, "3 passed, 1 failed\n"},
	}
	for _, tt := range tests {
		var out bytes.Buffer
		err := Command(&out).ParseAndRun(context.Background(), tt.args)
		if !errors.Is(err, ErrFailed) || !strings.HasSuffix(out.String(), tt.want) {
			t.Errorf("suite %v = %v, %q, want %q last", tt.args, err, out.String(), tt.want)
		}
	}
	for _, args := range [][]string{{}, {"-dir", dir, "x"}, {"-dir", dir + "/none"}, {"-dir", dir, "-draft", "unknown"}} {
		var out bytes.Buffer
		if err := Command(&out).ParseAndRun(context.Background(), args); err == nil || errors.Is(err, ErrFailed) {
			t.Errorf("suite %v = %v, want another error", args, err)
		}
	}
}
