package suite

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/peterbourgon/ff/v3/ffcli"

	"portcullis/schemagen/diag"
	"portcullis/schemagen/dialect"
	"portcullis/schemagen/lower"
	"portcullis/schemagen/resolve"
)

// ValidateOptions are the inputs of Validate.
type ValidateOptions struct {
	Schema    string // file
	Dialect   string // of schemas that name none; "" is draft2020-12
	Resources map[string]string
	Annotate  bool // formats assert only where a vocabulary says so
	JSON      bool // one JSON object a line instead of columns
	Engine    Engine
}

// line is the verdict of one line.
type line struct {
	Line     int    `json:"line"`
	Valid    bool   `json:"valid"`
	Pointer  string `json:"pointer"`
	Keyword  string `json:"keyword"`
	Location string `json:"location,omitempty"`
	Message  string `json:"message,omitempty"`
}

// Validate judges each line of in, which is JSON Lines, by a schema and writes
// a verdict for each. Empty lines are counted and left out. Findings about the
// schema go to stderr; a schema that can't be enforced as written is an error.
func Validate(in io.Reader, stdout, stderr io.Writer, opts ValidateOptions) error {
	judge, err := compileFile(opts, stderr)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(stdout)
	defer out.Flush()
	r := bufio.NewReaderSize(in, 1<<16)
	for num := 1; ; num++ {
		text, readErr := r.ReadBytes('\n')
		if len(bytes.TrimSpace(text)) > 0 {
			v, err := judge.Judge(bytes.TrimRight(text, "\r\n"))
			if err != nil {
				return fmt.Errorf("line %d: %w", num, err)
			}
			l := line{num, v.Valid, v.Pointer, v.Keyword, v.Location, v.Message + v.Malformed}
			if err := l.write(out, opts.JSON); err != nil {
				return fmt.Errorf("write the verdict: %w", err)
			}
		}
		switch {
		case readErr == io.EOF:
			return nil
		case readErr != nil:
			return fmt.Errorf("read the lines: %w", readErr)
		}
	}
}

func (l line) write(w io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(l)
	}
	if l.Valid {
		_, err := fmt.Fprintf(w, "%d\tvalid\n", l.Line)
		return err
	}
	_, err := fmt.Fprintf(w, "%d\tinvalid\t%s\t%s\t%s\n", l.Line, l.Pointer, l.Keyword, l.Message)
	return err
}

func compileFile(opts ValidateOptions, stderr io.Writer) (Judge, error) {
	name := opts.Dialect
	if name == "" {
		name = "draft2020-12"
	}
	d, ok := dialect.ByName(name)
	if !ok {
		return nil, fmt.Errorf("%w: found the dialect %q, wanted one of %s", ErrUsage, name, strings.Join(dialect.Names(), ", "))
	}
	reg := resolve.New(opts.Resources)
	doc, err := reg.Load(opts.Schema)
	if err != nil {
		return nil, fmt.Errorf("read the schema: %w", err)
	}
	formats := lower.FormatAssert
	if opts.Annotate {
		formats = lower.FormatByVocabulary
	}
	var diags diag.List
	l := lower.New(reg, lower.Options{Formats: formats}, &diags)
	for _, uri := range slices.Sorted(maps.Keys(opts.Resources)) { // a resource is known by its $id too
		if resource, missing := reg.Document(uri); missing == nil && !strings.HasSuffix(uri, "/") {
			l.Add(resource, d)
		}
	}
	s := l.Schema(doc.Root, d, lower.Neutral)
	judge, err := opts.Engine.Compile(s, &diags)
	diags.Sort()
	refused := 0
	for _, f := range diags {
		if f.Unenforceable || f.Severity == diag.Error {
			refused++
		}
		fmt.Fprintln(stderr, f)
	}
	if refused > 0 {
		return nil, fmt.Errorf("%s: found %d places that can't be enforced as written", opts.Schema, refused)
	}
	return judge, err
}

const validateHelp = `Judge every line of FILE.jsonl, a JSON text each, by the schema, and say of each invalid one where and why. A schema that can't be enforced as
written is refused.

EXAMPLES
  runtime-test validate -schema schema.json values.jsonl
  runtime-test validate -schema schema.yaml -dialect openapi3.0 -format json - < values.jsonl`

// ValidateCommand is `runtime-test validate`.
func ValidateCommand(stdin io.Reader, stdout, stderr io.Writer) *ffcli.Command {
	fs := flag.NewFlagSet("runtime-test validate", flag.ContinueOnError)
	opts := ValidateOptions{Resources: map[string]string{}}
	fs.StringVar(&opts.Schema, "schema", "", "file with the schema, JSON or YAML")
	fs.StringVar(&opts.Dialect, "dialect", "", "dialect of schemas that name none: "+strings.Join(dialect.Names(), ", ")+" (default draft2020-12)")
	fs.BoolVar(&opts.Annotate, "annotate-formats", false, "formats assert only where the format-assertion vocabulary is in force")
	fs.Func("resource", "URI=FILE: what a reference to URI means; a URI that ends in / is a folder (repeatable)", func(v string) error {
		i := strings.LastIndexByte(v, '=') // URIs may have one
		if i <= 0 || i == len(v)-1 {
			return fmt.Errorf("found %q, wanted URI=FILE", v)
		}
		opts.Resources[v[:i]] = v[i+1:]
		return nil
	})
	format := fs.String("format", "text", "text (tab-separated: line, verdict, pointer, keyword, message) or json")
	engine, guest := engineFlags(fs)
	return &ffcli.Command{
		Name:       "validate",
		ShortUsage: "runtime-test validate -schema FILE [-dialect NAME] [-resource URI=FILE]... [-engine native|wazero|reference] [-format json] FILE.jsonl",
		ShortHelp:  "judge JSON Lines by a schema",
		LongHelp:   validateHelp,
		FlagSet:    fs,
		Exec: func(_ context.Context, args []string) error {
			if opts.Schema == "" || len(args) != 1 || *format != "text" && *format != "json" {
				return fmt.Errorf("%w: wanted -schema, one file (- for standard input), and text or json for -format", ErrUsage)
			}
			opts.JSON = *format == "json"
			in := stdin
			if args[0] != "-" {
				f, err := os.Open(args[0])
				if err != nil {
					return fmt.Errorf("read the lines: %w", err)
				}
				defer f.Close()
				in = f
			}
			e, end, err := OpenEngine(*engine, *guest)
			if err != nil {
				return err
			}
			defer end()
			opts.Engine = e
			return Validate(in, stdout, stderr, opts)
		},
	}
}
