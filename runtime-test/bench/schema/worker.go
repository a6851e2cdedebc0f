package schema

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
)

// engine is a kind of worker.
type engine struct {
	name    string
	argv    []string
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	cancel  context.CancelFunc
}

// answer is what a worker says about a case.
type answer struct {
	Nanos   float64 `json:"ns"`
	Valid   int
	Mutants int
	Allocs  float64
	Error   string
}

func (e *engine) start(ctx context.Context) error {
	ctx, e.cancel = context.WithCancel(ctx)
	e.command = exec.CommandContext(ctx, e.argv[0], e.argv[1:]...)
	var err error
	if e.in, err = e.command.StdinPipe(); err != nil {
		return err
	}
	out, err := e.command.StdoutPipe()
	if err != nil {
		return err
	}
	e.out = bufio.NewReader(out)
	return e.command.Start()
}

func (e *engine) stop() {
	if e.command == nil {
		return
	}
	e.cancel()
	e.in.Close()
	_ = e.command.Wait() // killed: its status says nothing
	e.command = nil
}

// ask measures a case. A worker that dies is started again: some versions of Node
// crash when a Wasm memory grows.
func (e *engine) ask(ctx context.Context, dir string, millis int) (a answer, err error) {
	const tries = 4
	for range tries {
		if e.command == nil {
			if err = e.start(ctx); err != nil {
				return a, fmt.Errorf("start %s: %w", e.name, err)
			}
		}
		var line []byte
		if _, err = fmt.Fprintf(e.in, "%s %d\n", dir, millis); err == nil {
			line, err = e.out.ReadBytes('\n')
		}
		if err == nil {
			if err = json.Unmarshal(line, &a); err != nil {
				return a, fmt.Errorf("%s answered %q: %w", e.name, line, err)
			}
			return a, nil
		}
		e.stop()
		if ctx.Err() != nil {
			return a, ctx.Err()
		}
	}
	return a, fmt.Errorf("%s died %d times: %w", e.name, tries, err)
}
