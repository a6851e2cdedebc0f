// Command crosscheck asks two other validators of OpenAPI requests, kin-openapi
// and libopenapi-validator, what they say of the requests that runtime-test
// makes, and explains each difference.
//
// Requests come from descriptions (runtime-test requests) and from case files
// with one verdict each. What is expected is what the description says; the
// filter itself is asked as well and has to agree. A difference is explained by
// a row of the table in explain.go, which names its reason; others are printed,
// and are a finding.
//
//	go run ./crosscheck -spec ../../examples/shop/shop.yaml
//	go run ./crosscheck -cases ../../examples/openapi/cases/query.yaml
//
// Exit codes: 0 every difference is explained, 1 some are not, 2 it could not
// do its work.
package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"portcullis/runtime-test/cases"
	"portcullis/runtime-test/requests"
)

type texts []string

func (t *texts) String() string     { return "" }
func (t *texts) Set(s string) error { *t = append(*t, s); return nil }

// tally counts what became of the differences.
type tally struct {
	asked       map[string]int
	wrong       int // of the filter
	explained   map[string]int
	unexplained int
	shown       int
	verbose     bool
}

func main() {
	var specs, files texts
	flag.Var(&specs, "spec", "description `file`; may be repeated")
	flag.Var(&files, "cases", "case `file` with one verdict each; may be repeated")
	n := flag.Int("n", 30, "requests with a fault for each operation")
	seed := flag.Uint64("seed", 1, "seed")
	verbose := flag.Bool("v", false, "print every difference")
	flag.Parse()
	if len(specs)+len(files) == 0 || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	t := &tally{asked: map[string]int{}, explained: map[string]int{}, verbose: *verbose}
	for _, s := range specs {
		if err := t.spec(s, *n, *seed); err != nil {
			fmt.Fprintf(os.Stderr, "crosscheck: %s: %v\n", s, err)
			os.Exit(2)
		}
	}
	for _, f := range files {
		if err := t.cases(f); err != nil {
			fmt.Fprintf(os.Stderr, "crosscheck: %s: %v\n", f, err)
			os.Exit(2)
		}
	}
	os.Exit(t.print())
}

// peers are the other validators for a description; one that can't read it is
// left out, and counted.
func (t *tally) peers(spec string) (out []cases.Engine) {
	for _, p := range []struct {
		name string
		make func(string) (judgement, error)
	}{{"kin-openapi", kin}, {"libopenapi-validator", lib}} {
		j, err := makeSafely(p.make, spec)
		if err != nil {
			t.explained[p.name+": "+firstLine(err.Error())]++
			continue
		}
		out = append(out, engine{p.name, j})
	}
	return out
}

func makeSafely(f func(string) (judgement, error), spec string) (j judgement, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: it panics", errCannot)
		}
	}()
	return f(spec)
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s[:min(len(s), 160)]
}

func (t *tally) spec(spec string, n int, seed uint64) error {
	engines := append([]cases.Engine{cases.Native{}}, t.peers(spec)...)
	r, err := requests.Run(context.Background(), requests.Options{
		Specs: []string{spec}, Engines: engines, Valid: max(n/10, 1), Faults: n, Seed: seed,
		OnWrong: func(w requests.Wrong) {
			t.difference(difference{w.Engine, spec, w.Operation, w.What, w.Expected, w.Got, w.Request, w.Answer})
		},
	})
	if err != nil {
		return err
	}
	for _, e := range engines {
		t.asked[e.Name()] += r.Valid + r.Faults + r.Harmless
	}
	return nil
}

// cases asks what case files ask.
func (t *tally) cases(path string) error {
	list, err := readCases(path)
	if err != nil {
		return err
	}
	made := map[string][]cases.Engine{}
	for _, c := range list {
		spec := filepath.Join(filepath.Dir(path), c.Spec)
		engines, ok := made[spec]
		if !ok {
			engines = t.peers(spec)
			made[spec] = engines
		}
		for _, e := range engines {
			t.asked[e.Name()]++
			out, err := e.(engine).Do(c.request())
			if err != nil {
				return err
			}
			want := map[bool]string{true: "accept", false: "refuse"}[*c.Expect.Valid]
			if got := out.Verdict(); got != want {
				q := c.request()
				t.difference(difference{e.Name(), spec, q.Method + " " + q.Path, c.Name, want, got, q.Path + "\n" + fmt.Sprint(q.Headers, string(join(q.Chunks))), string(out.Answer.Body)})
			}
		}
	}
	return nil
}

func join(chunks [][]byte) (out []byte) {
	for _, c := range chunks {
		out = append(out, c...)
	}
	return out
}

func (t *tally) difference(d difference) {
	if d.engine == "native" {
		t.wrong++
		fmt.Printf("WRONG native %s %s: %s: got %s, want %s\n     %s\n     -> %s\n", d.spec, d.operation, d.what, d.got, d.want, d.request, d.answer)
		return
	}
	if reason := explain(d); reason != "" {
		t.explained[d.engine+": "+reason]++
		if !t.verbose {
			return
		}
		fmt.Printf("explained: %s\n", reason)
	} else {
		t.unexplained++
		if t.shown++; t.shown > 40 && !t.verbose {
			return
		}
	}
	fmt.Printf("%s %s %s: %s: got %s, want %s\n     %s\n     -> %s\n", d.engine, filepath.Base(d.spec), d.operation, d.what, d.got, d.want,
		strings.ReplaceAll(cut(d.request), "\n", "\n     "), firstLine(d.answer))
}

func cut(s string) string { return s[:min(len(s), 900)] }

func (t *tally) print() int {
	for _, e := range slices.Sorted(maps.Keys(t.asked)) {
		fmt.Printf("%s: asked %d times\n", e, t.asked[e])
	}
	total := 0
	for _, reason := range slices.SortedFunc(maps.Keys(t.explained), func(a, b string) int { return t.explained[b] - t.explained[a] }) {
		fmt.Printf("  %6d  %s\n", t.explained[reason], reason)
		total += t.explained[reason]
	}
	fmt.Printf("%d differences explained, %d not; the filter was wrong %d times\n", total, t.unexplained, t.wrong)
	if t.unexplained+t.wrong > 0 {
		return 1
	}
	return 0
}
