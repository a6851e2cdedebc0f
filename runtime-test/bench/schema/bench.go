package schema

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// Options are what the benchmark needs to know of its surroundings.
type Options struct {
	Out   io.Writer
	Root  string // of the repository
	Work  string // a folder that is removed afterwards
	Quick bool
}

type bench struct {
	Options
	tools string // what is installed, kept between runs
}

// Names of the engines.
const (
	ours      = "Portcullis, V8"
	rust      = "Rust jsonschema"
	ajv       = "ajv, V8"
	santhosh5 = "santhosh v5"
	santhosh6 = "santhosh v6"
)

// bars are the highest ratios of our CPU time to a peer's that are wanted.
var bars = []struct {
	peer string
	most float64
}{{rust, 0.8}, {ajv, 0.7}, {santhosh5, 1.0 / 15}, {santhosh6, 0}}

// Run installs the peers, measures and prints the tables.
func Run(ctx context.Context, o Options) error {
	b := &bench{Options: o, tools: filepath.Join(o.Root, ".tools", "bench")}
	if err := b.install(ctx); err != nil {
		return err
	}
	inputs, err := b.inputs()
	if err != nil {
		return err
	}
	var cases []testCase
	for i := range inputs {
		c, err := inputs[i].write(filepath.Join(o.Work, "schemas"))
		if err != nil {
			return err
		}
		cases = append(cases, c)
	}
	if err := b.judge(ctx, cases); err != nil {
		return err
	}
	if err := b.compile(ctx, cases); err != nil {
		return err
	}
	return b.kernel(ctx)
}

// results holds measurements by engine, then case, one a round.
type results struct {
	nanos map[string][][]float64
	last  map[string][]answer
}

// measure lets the engines take turns at each case, round by round.
func (b *bench) measure(ctx context.Context, engines []*engine, cases []testCase, rounds, millis int) (r results, err error) {
	r = results{map[string][][]float64{}, map[string][]answer{}}
	for _, e := range engines {
		defer e.stop()
		r.nanos[e.name], r.last[e.name] = make([][]float64, len(cases)), make([]answer, len(cases))
	}
	for i, c := range cases {
		for range rounds {
			for _, e := range engines {
				a, err := e.ask(ctx, c.dir, millis)
				if err != nil {
					return r, fmt.Errorf("case %s: %w", c.name, err)
				}
				r.nanos[e.name][i], r.last[e.name][i] = append(r.nanos[e.name][i], a.Nanos), a
			}
		}
		// A case has processes of its own: V8 throws away code that rests while other
		// cases run, and what it learnt of one case spoils the next.
		for _, e := range engines {
			e.stop()
		}
	}
	return r, nil
}

func (b *bench) rounds(full, quick int) int {
	if b.Quick {
		return quick
	}
	return full
}

// judge is the table of bytes in to verdict out.
func (b *bench) judge(ctx context.Context, cases []testCase) error {
	js := filepath.Join(b.Root, "runtime-test", "bench", "schema", "js")
	peer := filepath.Join(b.Work, "peer")
	engines := []*engine{
		{name: ours, argv: []string{"node", "--no-warnings", "--no-liftoff", filepath.Join(js, "wasm.mjs"), filepath.Join(b.Work, "schema.wasm")}},
		{name: rust, argv: []string{filepath.Join(b.tools, "target", "release", "peer")}},
		{name: ajv, argv: []string{"node", "--no-warnings", filepath.Join(js, "ajv.mjs"), filepath.Join(b.tools, "js")}},
		{name: santhosh5, argv: []string{peer, "santhosh5"}},
		{name: santhosh6, argv: []string{peer, "santhosh6"}},
	}
	rounds, millis := b.rounds(11, 3), b.rounds(60, 25)
	r, err := b.measure(ctx, engines, cases, rounds, millis)
	if err != nil {
		return err
	}
	head := []string{"case", "bytes"}
	for _, e := range engines {
		head = append(head, e.name+" us")
	}
	for _, bar := range bars {
		head = append(head, "ratio to "+bar.peer)
	}
	var rows [][]string
	ratios, allocs := map[string][]float64{}, 0.0
	for i, c := range cases {
		row := []string{c.name, fmt.Sprint(c.bytes)}
		mine := r.last[ours][i]
		if mine.Error != "" || mine.Valid != c.n {
			return fmt.Errorf("case %s: %d of %d texts were valid (%s)", c.name, mine.Valid, c.n, mine.Error)
		}
		allocs = max(allocs, mine.Allocs)
		for _, e := range engines {
			a := r.last[e.name][i]
			switch {
			case a.Error != "":
				row = append(row, "fails")
				fmt.Fprintf(os.Stderr, "bench: case %s: %s: %.200s\n", c.name, e.name, a.Error)
			case a.Valid != c.n: // it does other work: no figure to compare with
				row = append(row, "disagrees")
				fmt.Fprintf(os.Stderr, "bench: case %s: %s takes %d of %d valid texts\n", c.name, e.name, a.Valid, c.n)
			default:
				if a.Mutants != mine.Mutants {
					fmt.Fprintf(os.Stderr, "bench: case %s: %s takes %d mutants, ours %d\n", c.name, e.name, a.Mutants, mine.Mutants)
				}
				row = append(row, fmt.Sprintf("%.2f", median(r.nanos[e.name][i])/1e3))
			}
		}
		for _, bar := range bars {
			if a := r.last[bar.peer][i]; a.Error != "" || a.Valid != c.n {
				row = append(row, "-")
				continue
			}
			q := ratio(r.nanos[ours][i], r.nanos[bar.peer][i])
			ratios[bar.peer] = append(ratios[bar.peer], q)
			row = append(row, verdict(q, bar.most))
		}
		rows = append(rows, row)
	}
	mean, middle := []string{"geometric mean", ""}, []string{"median", ""}
	for range engines {
		mean, middle = append(mean, ""), append(middle, "")
	}
	for _, bar := range bars {
		mean = append(mean, verdict(geometric(ratios[bar.peer]), bar.most))
		middle = append(middle, verdict(median(slices.Clone(ratios[bar.peer])), bar.most))
	}
	markdown(b.Out, head, append(rows, mean, middle))
	fmt.Fprintf(b.Out, "\nCPU time from the bytes of a text to the verdict, parsing included; median of %d rounds of at least %d ms, engines in turns;\n"+
		"a ratio is the median of the rounds' ratios, in bold where it is above the bar (%.2g of Rust jsonschema, %.2g of ajv, 1/15 of santhosh v5).\n"+
		"Allocations of ours per text, in the module: %g. jsonschema %s with serde_json, ajv %s with JSON.parse, santhosh-tekuri/jsonschema\n"+
		"with encoding/json and GOMAXPROCS=1; format is dropped from every schema. An engine that refuses a schema\n"+
		"fails, and one that refuses valid texts disagrees: neither has a ratio.\n",
		rounds, millis, bars[0].most, bars[1].most, allocs, rustVersion, ajvVersion)
	return nil
}

// compile is the table of compile times.
func (b *bench) compile(ctx context.Context, cases []testCase) error {
	cases = slices.DeleteFunc(slices.Clone(cases), func(c testCase) bool { // the same schema again
		return c.name == "shop-10k" || c.name == "shop-50k" || len(c.name) > 2 && c.name[len(c.name)-2:] == "-L"
	})
	peer := filepath.Join(b.Work, "peer")
	const mine, theirs = "compile", "compile-santhosh5"
	engines := []*engine{{name: mine, argv: []string{peer, mine}}, {name: theirs, argv: []string{peer, theirs}}}
	r, err := b.measure(ctx, engines, cases, b.rounds(7, 3), b.rounds(60, 20))
	if err != nil {
		return err
	}
	const most = 2
	var rows [][]string
	var ratios []float64
	for i, c := range cases {
		info, err := os.Stat(filepath.Join(c.dir, "schema.json"))
		if err != nil {
			return err
		}
		row := []string{c.name, fmt.Sprintf("%.1f", float64(info.Size())/1024), fmt.Sprintf("%.2f", median(r.nanos[mine][i])/1e6)}
		if r.last[theirs][i].Error != "" {
			rows = append(rows, append(row, "fails", "-"))
			continue
		}
		q := ratio(r.nanos[mine][i], r.nanos[theirs][i])
		ratios = append(ratios, q)
		rows = append(rows, append(row, fmt.Sprintf("%.2f", median(r.nanos[theirs][i])/1e6), verdict(q, most)))
	}
	rows = append(rows, []string{"geometric mean", "", "", "", verdict(geometric(ratios), most)})
	fmt.Fprintln(b.Out)
	markdown(b.Out, []string{"schema compiled", "KB", "Portcullis ms", "santhosh v5 ms", "ratio"}, rows)
	fmt.Fprintf(b.Out, "\nCPU time from the schema's bytes to what judges by it, both native; the bar is %d.\n", most)
	return nil
}
