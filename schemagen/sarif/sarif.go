// Package sarif writes findings as a SARIF 2.1.0 log (OASIS Standard, Static
// Analysis Results Interchange Format), which code hosts and editors show at
// the lines that they are about.
package sarif

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"portcullis/schemagen/diag"
)

// Finding is a finding with its level, which depends on the mode of the check,
// and the operations that it hurts.
type Finding struct {
	diag.Diagnostic
	Level      string // "note", "warning" or "error"
	Operations []string
}

// The parts of a log that are written, by their names in the standard.
type (
	log struct {
		Schema  string `json:"$schema"`
		Version string `json:"version"`
		Runs    []run  `json:"runs"`
	}
	run struct {
		Tool       tool     `json:"tool"`
		ColumnKind string   `json:"columnKind"`
		Results    []result `json:"results"`
	}
	tool struct {
		Driver driver `json:"driver"`
	}
	driver struct {
		Name  string `json:"name"`
		Rules []rule `json:"rules"`
	}
	rule struct {
		ID                   string         `json:"id"`
		ShortDescription     text           `json:"shortDescription"`
		Help                 *text          `json:"help,omitempty"`
		DefaultConfiguration *configuration `json:"defaultConfiguration,omitempty"`
	}
	configuration struct {
		Level string `json:"level"`
	}
	text struct {
		Text string `json:"text"`
	}
	result struct {
		RuleID       string            `json:"ruleId"`
		RuleIndex    int               `json:"ruleIndex"`
		Level        string            `json:"level"`
		Message      text              `json:"message"`
		Locations    []location        `json:"locations"`
		Fingerprints map[string]string `json:"partialFingerprints"`
		Properties   *properties       `json:"properties,omitempty"`
	}
	properties struct {
		Operations []string `json:"operations"`
	}
	location struct {
		Physical physical  `json:"physicalLocation"`
		Logical  []logical `json:"logicalLocations,omitempty"`
	}
	physical struct {
		Artifact artifact `json:"artifactLocation"`
		Region   region   `json:"region"`
	}
	artifact struct {
		URI string `json:"uri"`
	}
	region struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
	}
	logical struct {
		FullyQualifiedName string `json:"fullyQualifiedName"`
		Kind               string `json:"kind"`
	}
)

const schemaURI = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

// Write writes list as one log with one run.
func Write(w io.Writer, list []Finding) error {
	r := run{Tool: tool{driver{Name: "schemagen", Rules: []rule{}}}, ColumnKind: "unicodeCodePoints", Results: []result{}}
	index := map[string]int{}
	codes := []string{}
	hints := map[string]string{}
	for _, f := range list {
		if _, ok := index[f.Code]; !ok {
			index[f.Code] = 0
			codes = append(codes, f.Code)
		}
		if hints[f.Code] == "" {
			hints[f.Code] = f.Hint
		}
	}
	slices.Sort(codes)
	for i, code := range codes {
		index[code] = i
		rl := rule{ID: code, ShortDescription: text{strings.ReplaceAll(code, "-", " ")}}
		if hints[code] != "" {
			rl.Help = &text{hints[code]}
		}
		r.Tool.Driver.Rules = append(r.Tool.Driver.Rules, rl)
	}
	files := lines{}
	for _, f := range list {
		res := result{
			RuleID: f.Code, RuleIndex: index[f.Code], Level: f.Level, Message: text{sentence(f)},
			Locations: []location{{
				Physical: physical{artifact{uri(f.File)}, region{max(f.Line, 1), files.column(f.File, f.Line, f.Col)}},
			}},
			Fingerprints: map[string]string{"place/v1": fingerprint(f)},
		}
		if f.Pointer != "" {
			res.Locations[0].Logical = []logical{{f.Pointer, "member"}}
		}
		if len(f.Operations) > 0 {
			res.Properties = &properties{f.Operations}
		}
		r.Results = append(r.Results, res)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(log{schemaURI, "2.1.0", []run{r}})
}

func sentence(f Finding) string {
	if f.Hint == "" {
		return f.Message
	}
	return f.Message + "\nhint: " + f.Hint
}

// fingerprint stays the same while lines move: it is made of the kind and the
// pointer.
func fingerprint(f Finding) string {
	sum := sha256.Sum256([]byte(f.Code + "\x00" + filepath.Base(f.File) + "\x00" + f.Pointer + "\x00" + f.Message))
	return hex.EncodeToString(sum[:16])
}

// uri is a path as a URI reference: relative paths stay so (section 3.4.3).
func uri(path string) string {
	u := url.URL{Path: filepath.ToSlash(path)}
	if filepath.IsAbs(path) {
		u.Scheme = "file"
	}
	return u.String()
}

// lines is the lines of the files that findings are in.
type lines map[string][]string

// column turns a column in bytes into one in code points. A file that can't be
// read keeps its bytes.
func (l lines) column(path string, line, col int) int {
	if col <= 1 {
		return 1
	}
	text, ok := l[path]
	if !ok {
		if data, err := os.ReadFile(path); err == nil {
			text = strings.Split(string(data), "\n")
		}
		l[path] = text
	}
	if line < 1 || line > len(text) || col-1 > len(text[line-1]) {
		return col
	}
	return utf8.RuneCountInString(text[line-1][:col-1]) + 1
}
