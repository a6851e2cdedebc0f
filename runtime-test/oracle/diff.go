package oracle

import (
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/peterbourgon/ff/v3/ffcli"

	"portcullis/runtime-test/suite"
	"portcullis/schemagen/diag"
	"portcullis/schemagen/dialect"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/ir/irtest"
	"portcullis/schemagen/lower"
	"portcullis/schemagen/source"
)

// Options bound a comparison.
type Options struct {
	Seed    uint64
	Pairs   int // stop after so many pairs of schema and value
	Values  int // per schema
	Engines map[string]suite.Engine
	// MaxShown is how many differences are written out, one a schema at most; 0 is 20.
	MaxShown int
}

// Counts is what a comparison came to.
type Counts struct {
	Schemas, Pairs, Valid int
	Refused               int            // schemas with something that can't be enforced
	NoOracle              int            // schemas that the library does not compile
	Explained             map[string]int // pairs, by reason
	Differences           int
}

// Diff compares engines on generated schemas and values and writes differences
// to w. Schema i has the seed Seed+i, so that one difference can be run alone.
func Diff(w io.Writer, opts Options) Counts {
	if opts.MaxShown == 0 {
		opts.MaxShown = 20
	}
	c := &comparison{w: w, opts: opts, Counts: Counts{Explained: map[string]int{}}}
	for seed := opts.Seed; c.Pairs < opts.Pairs; seed++ {
		c.schema(seed)
	}
	return c.Counts
}

type comparison struct {
	w    io.Writer
	opts Options
	Counts

	shown     int    // differences written
	lastShown uint64 // seed of the last one

	// Of the current schema.
	seed      uint64
	text      string
	node      *source.Node
	d         dialect.Dialect
	reference *irtest.Validator
	library   *Library
	judges    map[string]suite.Judge
}

func (c *comparison) schema(seed uint64) {
	g := newGenerator(seed)
	c.seed, c.text, c.d = seed, g.schema(), g.d
	c.Schemas++
	doc, err := source.Parse("schema.json", "http://portcullis.invalid/schema.json", []byte(c.text))
	if err != nil {
		c.differ("", "the generator made no JSON: "+err.Error())
		return
	}
	c.node = doc.Root
	var diags diag.List
	s := lower.New(nil, lower.Options{Formats: lower.FormatByVocabulary, SkipMetaschema: true}, &diags).Schema(doc.Root, c.d, lower.Neutral)
	if isRefused(diags) {
		c.Refused++
		return
	}
	c.judges = map[string]suite.Judge{}
	for _, name := range slices.Sorted(maps.Keys(c.opts.Engines)) {
		judge, err := c.compile(c.opts.Engines[name], s, &diags)
		if err != nil {
			c.differ("", name+": "+err.Error())
			return
		}
		c.judges[name] = judge
	}
	if isRefused(diags) { // by the compiler of patterns
		c.Refused++
		return
	}
	c.reference = irtest.New(s, irtest.Options{})
	if c.library, err = NewLibrary(c.text, c.d); err != nil {
		c.NoOracle++
	}
	for range c.opts.Values {
		c.value(g.value(3))
	}
}

func isRefused(diags diag.List) bool {
	return slices.ContainsFunc(diags, func(d diag.Diagnostic) bool { return d.Unenforceable })
}

// compile turns a panic of a compiler into an error: it is a difference.
func (c *comparison) compile(e suite.Engine, s *ir.Schema, diags *diag.List) (j suite.Judge, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("compile: panic: %v", r)
		}
	}()
	return e.Compile(s, diags)
}

// value compares all engines on one value.
func (c *comparison) value(text string) {
	c.Pairs++
	doc, err := source.Parse("value.json", "", []byte(text))
	if err != nil {
		c.differ(text, "the generator made no JSON: "+err.Error())
		return
	}
	failures := c.reference.Validate(doc.Root)
	valid := len(failures) == 0
	if valid {
		c.Valid++
	}
	places, asked := c.ask(text, doc.Root, valid)
	for _, name := range slices.Sorted(maps.Keys(c.judges)) {
		v, err := c.judges[name].Judge([]byte(text))
		switch {
		case err != nil:
			c.differ(text, name+": "+err.Error())
		case v.Malformed != "":
			c.differ(text, name+": "+v.Malformed)
		case v.Valid != valid:
			c.differ(text, fmt.Sprintf("%s says %v (%s at %q), the interpreter %v %v", name, v.Valid, v.Keyword, v.Pointer, valid, failures))
		case !valid && !isAmong(v, failures):
			c.differ(text, fmt.Sprintf("%s fails %s at %q, the interpreter %v", name, v.Keyword, v.Pointer, failures))
		case !valid && asked && !hasPlace(places, v) && Explained(c.d, c.node, doc.Root) == "":
			c.differ(text, fmt.Sprintf("%s fails %s at %q, the library %v", name, v.Keyword, v.Pointer, places))
		}
	}
}

// ask compares the interpreter with the library. asked is false where the
// library has nothing to say.
func (c *comparison) ask(text string, value *source.Node, valid bool) (places []Place, asked bool) {
	if c.library == nil {
		return nil, false
	}
	theirs, places, err := c.library.Validate([]byte(text))
	if err == nil && theirs == valid {
		return places, true
	}
	if reason := Explained(c.d, c.node, value); reason != "" {
		c.Explained[reason]++
		return nil, false
	}
	c.differ(text, fmt.Sprintf("the library says %v %v (%v), the interpreter %v", theirs, places, err, valid))
	return nil, false
}

// hasPlace is isAmong for what the library found. It leaves empty names out of
// pointers, so they are left out of both.
func hasPlace(places []Place, v suite.Verdict) bool {
	return slices.ContainsFunc(places, func(p Place) bool {
		return isPlaceOf(suite.Verdict{Keyword: v.Keyword, Pointer: dropEmpty(v.Pointer)}, dropEmpty(p.Pointer), p.Keyword)
	})
}

func dropEmpty(pointer string) string {
	segments := strings.Split(pointer, "/")
	return strings.Join(slices.DeleteFunc(segments, func(s string) bool { return s == "" }), "/")
}

// isAmong reports whether the interpreter found a failure at the same place.
func isAmong(v suite.Verdict, failures []irtest.Failure) bool {
	return slices.ContainsFunc(failures, func(f irtest.Failure) bool { return isPlaceOf(v, f.Instance, f.Keyword) })
}

// isPlaceOf reports whether v can be the failure of keyword at pointer. The
// keyword of v may be another: a table has keywords folded into each other, so
// that an enum without its strings stands for a type that admits none. What is
// left over may fail for the member or item, or for the container of all; and
// what two nots cancel out fails where it is, below the outer one.
func isPlaceOf(v suite.Verdict, pointer, keyword string) bool {
	switch {
	case v.Pointer == pointer:
		return true
	case keyword == "not":
		return strings.HasPrefix(v.Pointer, pointer+"/") || pointer == ""
	}
	switch v.Keyword {
	case "additionalProperties", "additionalItems", "items":
		return pointer != "" && v.Pointer == pointer[:max(strings.LastIndexByte(pointer, '/'), 0)]
	}
	return false
}

// differ counts a difference, and writes the first one of each schema.
func (c *comparison) differ(value, what string) {
	c.Differences++
	if c.shown < c.opts.MaxShown && (c.shown == 0 || c.seed != c.lastShown) {
		c.shown, c.lastShown = c.shown+1, c.seed
		fmt.Fprintf(c.w, "seed %d, %v: %s\n  schema %s\n  value  %s\n", c.seed, c.d, what, c.text, value)
	}
}

// Write writes the counts, the explained differences with their reasons, and
// last the line with the totals.
func (c *Counts) Write(w io.Writer, seed uint64) {
	for _, reason := range slices.Sorted(maps.Keys(c.Explained)) {
		fmt.Fprintf(w, "explained %d: %s\n", c.Explained[reason], reason)
	}
	fmt.Fprintf(w, "seeds %d to %d: %d schemas (%d refused, %d without oracle), %d pairs (%d valid), %d differences\n",
		seed, seed+uint64(c.Schemas)-1, c.Schemas, c.Refused, c.NoOracle, c.Pairs, c.Valid, c.Differences)
}

const diffHelp = `Make schemas and values from seeds, and compare the verdicts of engines with those of a slow interpreter and of a JSON Schema library. What differs is
written out, each schema with its seed.

EXAMPLES
  runtime-test diff -n 1000
  runtime-test diff -engines native,wazero -n 100000 -seed 42`

// Command is `runtime-test diff`.
func Command(stdout io.Writer) *ffcli.Command {
	fs := flag.NewFlagSet("runtime-test diff", flag.ContinueOnError)
	pairs := fs.Int("n", 100000, "pairs of schema and value to compare")
	values := fs.Int("values", 40, "values per schema")
	seed := fs.Uint64("seed", 1, "seed of the first schema")
	names := fs.String("engines", "native,wazero", "engines to compare, with commas between")
	guest := fs.String("guest", "", "module of the wazero engine; built with the Go toolchain when empty")
	return &ffcli.Command{
		Name:       "diff",
		ShortUsage: "runtime-test diff [-n PAIRS] [-seed S] [-engines native,wazero]",
		ShortHelp:  "compare engines and oracles on generated schemas and values",
		LongHelp:   diffHelp,
		FlagSet:    fs,
		Exec: func(_ context.Context, args []string) error {
			if len(args) > 0 || *pairs < 0 || *values < 1 {
				return fmt.Errorf("%w: wanted no arguments and numbers above 0", suite.ErrUsage)
			}
			opts := Options{Seed: *seed, Pairs: *pairs, Values: *values, Engines: map[string]suite.Engine{}}
			for name := range strings.SplitSeq(*names, ",") {
				e, end, err := suite.OpenEngine(name, *guest)
				if err != nil {
					return err
				}
				defer end()
				opts.Engines[name] = e
			}
			counts := Diff(stdout, opts)
			counts.Write(stdout, *seed)
			if counts.Differences > 0 {
				return suite.ErrFailed
			}
			return nil
		},
	}
}
