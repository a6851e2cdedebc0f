// Package suite runs files laid out like the official JSON-Schema-Test-Suite
// (https://github.com/json-schema-org/JSON-Schema-Test-Suite) through an engine,
// and single documents through one schema.
//
// It walks the folders it is given and copies nothing. Schemas that a test
// refers to come from the suite's remotes folder, which stands for
// http://localhost:1234/; nothing is fetched.
package suite

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"portcullis/schemagen/diag"
	"portcullis/schemagen/dialect"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/lower"
	"portcullis/schemagen/resolve"
	"portcullis/schemagen/source"
)

// Options choose what of a suite runs.
type Options struct {
	Dir      string // has tests/ and remotes/
	Draft    string // name of a folder under tests; "" is all that are known
	Optional bool   // the optional tests too
	Engine   Engine
}

// Outcome is the result of one test.
type Outcome struct {
	File, Group, Test string
	Passed            bool
	Detail            string // why not
}

// ID names a test: file, group and test.
func (o Outcome) ID() string { return o.File + ": " + o.Group + ": " + o.Test }

// group is one entry of a test file.
type group struct {
	Description string          `json:"description"`
	Schema      json.RawMessage `json:"schema"`
	Tests       []struct {
		Description string          `json:"description"`
		Data        json.RawMessage `json:"data"`
		Valid       bool            `json:"valid"`
	} `json:"tests"`
}

// remoteBase is what the suite's schemas call the remotes folder.
const remoteBase = "http://localhost:1234/"

// Run runs a suite and calls each with every outcome, in order.
func Run(opts Options, each func(Outcome)) error {
	drafts, err := draftFolders(opts)
	if err != nil {
		return err
	}
	for _, draft := range drafts {
		d, ok := dialect.ByName(draft)
		if !ok {
			return fmt.Errorf("draft %s: found no such dialect, wanted one of %s", draft, strings.Join(dialect.Names(), ", "))
		}
		r := runner{opts: opts, dialect: d, each: each}
		if err := r.draft(filepath.Join(opts.Dir, "tests", draft)); err != nil {
			return err
		}
	}
	return nil
}

// draftFolders lists the folders to run: the one asked for, or every one whose
// dialect is known.
func draftFolders(opts Options) ([]string, error) {
	if opts.Draft != "" {
		return []string{opts.Draft}, nil
	}
	entries, err := os.ReadDir(filepath.Join(opts.Dir, "tests"))
	if err != nil {
		return nil, fmt.Errorf("read the suite: %w", err)
	}
	var drafts []string
	for _, e := range entries {
		if _, ok := dialect.ByName(e.Name()); ok && isFolder(filepath.Join(opts.Dir, "tests", e.Name())) {
			drafts = append(drafts, e.Name())
		}
	}
	if len(drafts) == 0 {
		return nil, fmt.Errorf("%s: found no folder of a known draft in tests", opts.Dir)
	}
	return drafts, nil
}

// isFolder follows symbolic links: the suite has one called latest.
func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

type runner struct {
	opts    Options
	dialect dialect.Dialect
	each    func(Outcome)
}

func (r *runner) draft(dir string) error {
	var files []string
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && e.Name() == "optional" && !r.opts.Optional:
			return filepath.SkipDir
		case !e.IsDir() && strings.HasSuffix(path, ".json"):
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the suite: %w", err)
	}
	sort.Strings(files)
	for _, path := range files {
		if err := r.file(path); err != nil {
			return err
		}
	}
	return nil
}

func (r *runner) file(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read tests: %w", err)
	}
	var groups []group
	if err := json.Unmarshal(data, &groups); err != nil {
		return fmt.Errorf("read tests of %s: %w", path, err)
	}
	name, err := filepath.Rel(filepath.Join(r.opts.Dir, "tests"), path)
	if err != nil {
		return fmt.Errorf("name %s: %w", path, err)
	}
	name = filepath.ToSlash(name)
	for i := range groups {
		r.group(name, i, &groups[i])
	}
	return nil
}

func (r *runner) group(file string, index int, g *group) {
	judge, problem := r.compile(file, index, g)
	for _, t := range g.Tests {
		o := Outcome{File: file, Group: g.Description, Test: t.Description, Detail: problem}
		if problem == "" {
			v, err := judge.Judge(t.Data)
			switch {
			case err != nil:
				o.Detail = err.Error()
			case v.Malformed != "":
				o.Detail = "found no JSON text: " + v.Malformed
			case v.Valid != t.Valid:
				o.Detail = fmt.Sprintf("found %s, wanted %s", word(v.Valid), word(t.Valid))
				if !v.Valid {
					o.Detail += fmt.Sprintf(" (%s at %q)", v.Keyword, v.Pointer)
				}
			default:
				o.Passed = true
			}
		}
		r.each(o)
	}
}

func word(valid bool) string {
	if valid {
		return "valid"
	}
	return "invalid"
}

// compile makes a judge of the schema of a group. problem says why there is
// none.
func (r *runner) compile(file string, index int, g *group) (judge Judge, problem string) {
	defer func() { // one broken group must not end the run
		if p := recover(); p != nil {
			judge, problem = nil, fmt.Sprintf("internal error: %v", p)
		}
	}()
	uri := fmt.Sprintf("http://portcullis.invalid/%s/%d", file, index)
	doc, err := source.Parse(file+".json", uri, g.Schema)
	if err != nil {
		return nil, err.Error()
	}
	var diags diag.List
	reg := resolve.New(map[string]string{remoteBase: filepath.Join(r.opts.Dir, "remotes") + string(filepath.Separator)})
	formats := lower.FormatByVocabulary
	if strings.Contains(file, "/optional/format/") {
		formats = lower.FormatAssert
	}
	l := lower.New(reg, lower.Options{Formats: formats}, &diags)
	s := l.Schema(doc.Root, r.dialect, lower.Neutral)
	judge, err = r.opts.Engine.Compile(s, &diags)
	for _, d := range diags {
		if d.Unenforceable || d.Severity == diag.Error {
			return nil, d.String()
		}
	}
	if err != nil {
		return nil, err.Error()
	}
	return judge, ""
}

// Report runs a suite, writes each failure and at last the totals to w, and
// reports whether everything passed.
func Report(w io.Writer, opts Options) (ok bool, err error) {
	passed, failed := 0, 0
	err = Run(opts, func(o Outcome) {
		if o.Passed {
			passed++
			return
		}
		failed++
		fmt.Fprintf(w, "FAIL %s: %s\n", o.ID(), o.Detail)
	})
	if err != nil {
		return false, err
	}
	fmt.Fprintf(w, "%d passed, %d failed\n", passed, failed)
	return failed == 0, nil
}

// Engine compiles schemas.
type Engine interface {
	Compile(s *ir.Schema, diags *diag.List) (Judge, error)
}

// Judge judges JSON texts against one schema. It is not for concurrent use.
type Judge interface {
	Judge(data []byte) (Verdict, error)
}

// Verdict is the outcome for one text. Pointer and Keyword tell the first
// failure of an invalid one; Keyword is "false" for the schema false.
type Verdict struct {
	Valid    bool
	Pointer  string
	Keyword  string
	Location string // of the keyword: the URI of its document with a JSON Pointer as fragment
	Message  string // for people; the reference engine has none
	// Malformed says what is wrong with a text that is no JSON; "" otherwise.
	Malformed string
}
