package schema

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// kernel is the tables of the parser's loops: against C of clang -O3 and against
// plain Go, all in the same V8.
func (b *bench) kernel(ctx context.Context) error {
	for _, name := range []string{"clang", "wasm-ld"} {
		if _, err := exec.LookPath(name); err != nil {
			fmt.Fprintf(b.Out, "\nThe parser's kernels are not measured: there is no %s here.\n", name)
			return nil
		}
	}
	cmd := exec.CommandContext(ctx, "sh", filepath.Join(b.Root, "runtime-test", "bench", "kernel", "run.sh"))
	turns := b.rounds(9, 3)
	cmd.Env = append(os.Environ(), fmt.Sprint("ROUNDS=", turns))
	var errs bytes.Buffer
	cmd.Stderr = &errs
	text, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("run %s: %w\n%s", cmd, err, errs.Bytes())
	}
	// A table is a line with its title, one with the columns' names, where "ns" ends
	// the name of a time, and rows.
	var head []string
	var rows [][]string
	titles := map[string]string{"string scan": "string scan", "whole parser": "whole parser"}
	title := ""
	flush := func() {
		if len(rows) > 0 {
			fmt.Fprintln(b.Out)
			markdown(b.Out, head, append(rows, summary(head, rows)))
		}
		head, rows = nil, nil
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		fields := strings.Fields(line)
		switch {
		case titles[line] != "":
			flush()
			title = line
		case head == nil:
			for _, f := range fields {
				if f == "ns" {
					head[len(head)-1] += " ns"
				} else {
					head = append(head, f)
				}
			}
			head[0] = title
		case len(fields) == len(head):
			rows = append(rows, fields)
		}
	}
	flush()
	fmt.Fprintf(b.Out, "\nCPU time, the best of %d turns. The last columns say how many times as long as the kernel's the others' time is:\n"+
		"the bars are 0.9 for clang's on the string scan, and 2 for plain Go's on the whole parser.\n", turns)
	return nil
}

// summary is the geometric means of the ratios, whose columns have a slash.
func summary(head []string, rows [][]string) []string {
	out := make([]string, len(head))
	out[0] = "geometric mean"
	for i := range head {
		if !strings.Contains(head[i], "/") {
			continue
		}
		var v []float64
		for _, r := range rows {
			if x, err := strconv.ParseFloat(r[i], 64); err == nil {
				v = append(v, x)
			}
		}
		if slices.Min(v) > 0 {
			out[i] = fmt.Sprintf("%.2f", geometric(v))
		}
	}
	return out
}
