// Command test runs go test with the arguments it is given, and prints what a
// stranger wants to know: a line for each package, the whole output of tests that
// fail, and, last, every test that was skipped with its reason. go test itself
// tells of skips only among all else.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// event is one line of go test -json (go doc test2json).
type event struct {
	Action, Package, Test, Output string
	Elapsed                       float64
}

func main() {
	begin := time.Now()
	cmd := exec.Command("go", append([]string{"test", "-json"}, os.Args[1:]...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "test:", err)
		os.Exit(1)
	}
	r := report{output: map[string][]string{}}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Println(lines.Text()) // not of test2json: a build that failed
			continue
		}
		r.take(e)
	}
	err = cmd.Wait()
	r.end(time.Since(begin))
	if err != nil {
		os.Exit(1)
	}
}

type report struct {
	output         map[string][]string // of tests that run, by package and name
	skipped        []string
	passed, failed int
}

func (r *report) take(e event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "output", "build-output":
		if e.Action == "build-output" || e.Test == "" && strings.HasPrefix(e.Output, "panic:") {
			fmt.Print(e.Output)
		}
		r.output[key] = append(r.output[key], e.Output)
		return
	case "pass", "fail", "skip":
	default:
		return
	}
	text := r.output[key]
	delete(r.output, key)
	switch {
	case e.Test == "" && e.Action == "skip": // no test files
	case e.Test == "":
		fmt.Printf("%-5s %s %.1fs\n", map[string]string{"pass": "ok", "fail": "FAIL"}[e.Action], e.Package, e.Elapsed)
		if e.Action == "fail" {
			fmt.Print(strings.Join(text, ""))
		}
	case e.Action == "pass":
		r.passed++
	case e.Action == "fail":
		r.failed++
		fmt.Print(strings.Join(text, ""))
	case e.Action == "skip":
		r.skipped = append(r.skipped, e.Package+" "+e.Test+": "+reason(text))
	}
}

// reason is what a test logged before it was skipped.
func reason(output []string) string {
	var out []string
	for _, line := range output {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "===") && !strings.HasPrefix(line, "---") {
			out = append(out, line)
		}
	}
	return strings.Join(out, " ")
}

func (r *report) end(took time.Duration) {
	fmt.Printf("%d tests passed, %d failed, %d skipped in %v\n", r.passed, r.failed, len(r.skipped), took.Round(time.Second))
	for _, s := range r.skipped {
		fmt.Println("skipped:", s)
	}
}
