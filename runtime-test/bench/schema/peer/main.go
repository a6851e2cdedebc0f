// Command peer is the schema benchmark's workers in Go (see package schema):
//
//	peer santhosh5|santhosh6            bytes to verdict
//	peer compile|compile-santhosh5      schema to what judges by it; texts are left alone
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	v5 "github.com/santhosh-tekuri/jsonschema/v5"
	v6 "github.com/santhosh-tekuri/jsonschema/v6"

	"portcullis/runtime-test/bench/schema"
)

const uri = "mem:///schema.json"

// judge reports whether a text is valid.
type judge func([]byte) bool

func compile5(text []byte) (judge, error) {
	c := v5.NewCompiler()
	if err := c.AddResource(uri, bytes.NewReader(text)); err != nil {
		return nil, err
	}
	s, err := c.Compile(uri)
	return func(b []byte) bool {
		var v any
		return json.Unmarshal(b, &v) == nil && s.Validate(v) == nil
	}, err
}

func compile6(text []byte) (judge, error) {
	c := v6.NewCompiler()
	doc, err := v6.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	if err := c.AddResource(uri, doc); err != nil {
		return nil, err
	}
	s, err := c.Compile(uri)
	return func(b []byte) bool {
		var v any
		return json.Unmarshal(b, &v) == nil && s.Validate(v) == nil
	}, err
}

func compile(text []byte) (judge, error) {
	_, _, err := schema.Compile(text)
	return nil, err
}

// answer is what a worker prints.
type answer struct {
	Nanos   float64 `json:"ns"`
	Valid   int     `json:"valid"`
	Mutants int     `json:"mutants"`
	Allocs  float64 `json:"allocs"`
	Error   string  `json:"error,omitempty"`
}

// loaded is a case that is ready; once is the work that is measured, and counts as
// n.
type loaded struct {
	answer
	once func()
	n    int
}

func main() {
	engines := map[string]func([]byte) (judge, error){"santhosh5": compile5, "santhosh6": compile6, "compile-santhosh5": compile5, "compile": compile}
	if len(os.Args) != 2 || engines[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "peer: wanted one of santhosh5, santhosh6, compile, compile-santhosh5")
		os.Exit(2)
	}
	runtime.GOMAXPROCS(1) // the collector is charged to the one core
	compiles, known := engines[os.Args[1]], map[string]*loaded{}
	in := bufio.NewScanner(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	for in.Scan() {
		dir, number, _ := strings.Cut(in.Text(), " ")
		millis, err := strconv.Atoi(number)
		if err == nil && known[dir] == nil {
			known[dir], err = open(dir, compiles, strings.HasPrefix(os.Args[1], "compile"))
			if err == nil {
				known[dir].measure(millis)
			}
		}
		a := answer{}
		if err != nil {
			a.Error = err.Error()
		} else {
			a = known[dir].answer
			a.Nanos = known[dir].measure(millis)
		}
		if err := out.Encode(a); err != nil {
			os.Exit(1)
		}
	}
}

func open(dir string, compiles func([]byte) (judge, error), only bool) (*loaded, error) {
	text, err := os.ReadFile(filepath.Join(dir, "schema.json"))
	if err != nil {
		return nil, err
	}
	judge, err := compiles(text)
	if err != nil {
		return nil, err
	}
	if only {
		return &loaded{n: 1, once: func() { _, _ = compiles(text) }}, nil
	}
	texts, err := lines(filepath.Join(dir, "instances.jsonl"))
	if err != nil {
		return nil, err
	}
	mutants, err := lines(filepath.Join(dir, "mutants.jsonl"))
	if err != nil {
		return nil, err
	}
	l := &loaded{n: len(texts), once: func() {
		for _, b := range texts {
			judge(b)
		}
	}}
	for _, b := range mutants {
		if judge(b) {
			l.Mutants++
		}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, b := range texts {
		if judge(b) {
			l.Valid++
		}
	}
	runtime.ReadMemStats(&after)
	l.Allocs = float64(after.Mallocs-before.Mallocs) / float64(len(texts))
	return l, nil
}

// measure returns CPU nanoseconds for one of n.
func (l *loaded) measure(millis int) float64 {
	start, count := cpu(), 0
	for {
		l.once()
		count += l.n
		if spent := cpu() - start; spent >= time.Duration(millis)*time.Millisecond {
			return float64(spent) / float64(count)
		}
	}
}

func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // the call has no other cause than wrong arguments
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func lines(file string) (out [][]byte, err error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	for b := range bytes.SplitSeq(raw, []byte("\n")) {
		if len(b) > 0 {
			out = append(out, b)
		}
	}
	return out, nil
}
