// Command bench prints the figures of README as Markdown: what a request costs in
// the VM and in Envoy, and what the module costs at start-up and in memory.
//
//	go run . [-quick] [-only REGEXP]
//
// It is a module of its own, so that what is measured beside the filter never
// becomes a dependency of it. Everything listens on loopback, on free ports. CPU
// time is the figure to compare: requests per second shake on a shared machine.
// Needs node, taskset and an Envoy in .tools (make envoy); a part that lacks what it
// needs says so and fails the run.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// part is one group of tables. Add one to parts and it has the flags and the
// heading of the others.
type part struct {
	name, title string
	run         func(context.Context, *bench) error
}

var parts = []part{
	{"v8", "The module alone, in V8", vmTime},
	{"envoy", "Envoy's CPU per request", envoyCPU},
	{"start", "Start-up and memory of Envoy", startUp},
	{"schema", "Schemas", schemas},
}

// bench is what the parts share.
type bench struct {
	out   io.Writer
	root  string // of the repository
	work  string // folder for what is made, removed at the end
	quick bool   // fewer and shorter rounds: to see that it works
	only  *regexp.Regexp
}

// rounds picks the number of interleaved rounds.
func (b *bench) rounds(full, quick int) int {
	if b.quick {
		return quick
	}
	return full
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	quick := flag.Bool("quick", false, "few short rounds, within three minutes: shows that it works, not how fast")
	only := flag.String("only", "", "run parts and rows `regexp` matches, as PART or PART/ROW")
	flag.Parse()
	if err := run(ctx, os.Stdout, *quick, *only); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, quick bool, only string) (err error) {
	b := &bench{out: out, quick: quick}
	if b.only, err = regexp.Compile(only); err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	if b.root, err = root(); err != nil {
		return err
	}
	if err := os.Chdir(b.root); err != nil { // where the repository's own tools look around
		return err
	}
	if b.work, err = os.MkdirTemp("", "bench"); err != nil {
		return err
	}
	defer os.RemoveAll(b.work)
	b.heading()
	for _, p := range parts {
		if !b.wanted(p.name) {
			continue
		}
		fmt.Fprintf(out, "\n## %s\n\n", p.title)
		begin := time.Now()
		if err := p.run(ctx, b); err != nil {
			return fmt.Errorf("part %s: %w", p.name, err)
		}
		fmt.Fprintf(os.Stderr, "bench: part %s took %v\n", p.name, time.Since(begin).Round(time.Second))
	}
	return nil
}

// wanted reports whether any row of a part may be wanted.
func (b *bench) wanted(part string) bool {
	first, _, _ := strings.Cut(b.only.String(), "/")
	ok, err := regexp.MatchString(first, part)
	return err != nil || ok
}

// row reports whether a row of a part is wanted.
func (b *bench) row(part, name string) bool {
	return !strings.Contains(b.only.String(), "/") || b.only.MatchString(part+"/"+name)
}

func (b *bench) heading() {
	fmt.Fprintf(b.out, "%s, %s, %d processors, %s; %s, node %s; load %s\n",
		time.Now().UTC().Format("2006-01-02"), processor(), runtime.NumCPU(), runtime.GOOS+"/"+runtime.GOARCH, runtime.Version(), output("node", "--version"), load())
	fmt.Fprintf(b.out, "\n    make bench   (cd runtime-test/bench && go run . %s)\n", strings.Join(os.Args[1:], " "))
}

// processor is the machine's name for its processors.
func processor() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	for _, line := range strings.Split(string(text), "\n") {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.TrimLeft(name, "\t :")
		}
	}
	return "unknown processor"
}

// load is the machine's load of the last minute: figures of a busy machine are not
// to be published.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}

func output(name string, args ...string) string {
	text, err := exec.Command(name, args...).Output()
	if err != nil {
		return "missing"
	}
	return strings.TrimSpace(string(text))
}
