package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"portcullis/runtime-test/cases"
	"portcullis/runtime-test/envoy"
)

// startUp is what the module costs before the first request, and keeps in memory
// after many, once Envoy has given back what it needed to compile.
func startUp(ctx context.Context, b *bench) error {
	t, err := b.tables()
	if err != nil {
		return err
	}
	module, err := b.module()
	if err != nil {
		return err
	}
	guest, err := b.guest()
	if err != nil {
		return err
	}
	up, err := envoy.StartResponder()
	if err != nil {
		return err
	}
	defer up.Close()
	full := func(table []byte) (string, error) {
		return envoy.Bootstrap(module, up.Address, cases.Setup{Table: table, Config: map[string]any{"secrets": secrets, "logRefusals": "off"}})
	}
	shop, err := full(t.shop)
	if err != nil {
		return err
	}
	type variant struct{ name, config string }
	var list []variant
	bare, err := envoy.Filters(shop)
	if err != nil {
		return err
	}
	nop, err := envoy.Filters(shop, wasm(guest))
	if err != nil {
		return err
	}
	list = append(list, variant{"none", bare}, variant{"do-nothing Wasm", nop}, variant{"Portcullis, the shop's table", shop})
	if t.github != nil {
		github, err := full(t.github)
		if err != nil {
			return err
		}
		list = append(list, variant{fmt.Sprintf("Portcullis, GitHub's table (%d KB)", len(t.github)>>10), github})
	}
	workers := []int{1, 4}
	if b.quick {
		workers = []int{4}
	}
	var rows [][]string
	for _, w := range workers {
		var base figures
		for i, v := range list {
			if !b.row("start", v.name) {
				continue
			}
			f, err := b.starts(ctx, v.config, w)
			if err != nil {
				return fmt.Errorf("%s: %w", v.name, err)
			}
			if i == 0 {
				base = f
			}
			rows = append(rows, []string{v.name, fmt.Sprint(w), fmt.Sprintf("%.2f", f.ready.median()), fmt.Sprintf("%+.2f", f.ready.median()-base.ready.median()),
				fmt.Sprintf("%.2f", f.cpu.median()), fmt.Sprintf("%.0f", f.idle.median()), fmt.Sprintf("%.0f", f.loaded.median()), fmt.Sprintf("%+.0f", f.loaded.median()-base.loaded.median())})
		}
	}
	markdown(b.out, []string{"filter", "workers", "ready s", "over bare", "CPU s until ready", "MB ready", "MB settled", "over bare"}, rows)
	info, err := os.Stat(module)
	if err != nil {
		return err
	}
	fmt.Fprintf(b.out, "\nEnvoy %s on all processors; medians of %d starts. The module has %d bytes. Bars with GitHub's table and 4 workers: 3 s and 170 MB over bare.\n",
		envoyVersion, b.rounds(3, 1), info.Size())
	return nil
}

// figures are those of one variant, over its starts.
type figures struct{ ready, cpu, idle, loaded sample }

func (b *bench) starts(ctx context.Context, config string, workers int) (f figures, err error) {
	for range b.rounds(3, 1) {
		if err := ctx.Err(); err != nil {
			return f, err
		}
		begin := time.Now()
		p, err := b.start(config, workers)
		if err != nil {
			return f, err
		}
		f.ready = append(f.ready, time.Since(begin).Seconds())
		err = b.observe(p, &f)
		p.Stop()
		if err != nil {
			return f, err
		}
	}
	return f, nil
}

// settled is the resident memory once it has stopped to shrink: the allocator gives
// back what compiling took every five seconds.
func (b *bench) settled(p *envoy.Process) (int64, error) {
	least, err := p.RSS()
	for tick, quiet := time.Tick(time.Second), 0; err == nil && quiet < 7; quiet++ {
		<-tick
		var n int64
		if n, err = p.RSS(); n < least-1<<20 {
			least, quiet = n, 0
		}
	}
	return least, err
}

// observe reads a process that has just become ready, and again after it has
// answered enough for every worker to have had some.
func (b *bench) observe(p *envoy.Process, f *figures) error {
	cpu, err := p.CPU()
	if err != nil {
		return err
	}
	idle, err := p.RSS()
	if err != nil {
		return err
	}
	requests := [][]byte{
		wire(ask("api.github.com", "GET", "/repos/golang/go/issues?per_page=ten", "")),
		wire(ask("api.github.com", "POST", "/repos/golang/go/issues", `{"labels":[]}`)),
		wire(ask("shop.example.com", "GET", "/v1/products?page=2", "")),
		wire(ask("shop.example.com", "POST", "/v1/password-resets", `{"email":1}`)),
	}
	l := envoy.Load{Address: p.Address, Requests: requests, Connections: 32, Total: 5000}.Run()
	if l.Broken > 0 {
		return fmt.Errorf("%d connections broke: %w", l.Broken, l.First)
	}
	loaded, err := b.settled(p)
	f.cpu, f.idle, f.loaded = append(f.cpu, cpu.Seconds()), append(f.idle, float64(idle)/(1<<20)), append(f.loaded, float64(loaded)/(1<<20))
	return err
}
