package main

import (
	"fmt"
	"sync"
	"time"
)

// progress shows what is being done on a terminal, once it takes longer than
// quiet.
type progress struct {
	e    env
	mu   sync.Mutex
	what string
	done chan struct{}
	wg   sync.WaitGroup
}

const (
	quiet = 2 * time.Second
	tick  = 200 * time.Millisecond
)

func startProgress(e env) *progress {
	p := &progress{e: e, done: make(chan struct{})}
	if e.terminal {
		p.wg.Go(p.loop)
	}
	return p
}

func (p *progress) set(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.what = what
}

func (p *progress) stop() {
	close(p.done)
	p.wg.Wait()
}

func (p *progress) loop() {
	start := time.Now()
	t := time.NewTicker(tick)
	defer t.Stop()
	shown := false
	for {
		select {
		case <-p.done:
			if shown {
				fmt.Fprint(p.e.stderr, "\r\x1b[K")
			}
			return
		case <-t.C:
			if d := time.Since(start); d > quiet {
				p.mu.Lock()
				fmt.Fprintf(p.e.stderr, "\r\x1b[K%s ... %.0f s", p.what, d.Seconds())
				p.mu.Unlock()
				shown = true
			}
		}
	}
}
