package main

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"portcullis/runtime-test/cases"
	"portcullis/runtime-test/envoy"
)

// envoyVersion is the one that figures are given for.
const envoyVersion = "1.40.0"

// row is one line of the table: requests to one of the proxies. The first row of a
// family is what the others are compared with.
type row struct {
	family, name string
	proxy        string
	request      []byte
	status       int
	bar          string // what the issues ask for

	cpu  sample // microseconds a request
	busy sample // share of its processor that Envoy had
}

func envoyCPU(ctx context.Context, b *bench) error {
	if runtime.NumCPU() < 2 {
		return fmt.Errorf("found one processor, want one for Envoy and one for the load")
	}
	up, err := envoy.StartResponder()
	if err != nil {
		return err
	}
	defer up.Close()
	configs, rows, err := b.envoyRows(up.Address)
	if err != nil {
		return err
	}
	proxies := map[string]*envoy.Process{}
	defer func() {
		for _, p := range proxies {
			p.Stop()
		}
	}()
	for i := range rows {
		name := rows[i].proxy
		if proxies[name] != nil {
			continue
		}
		if proxies[name], err = b.start(configs[name], 1); err != nil {
			delete(proxies, name)
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := pin(proxies[name].Pid, "0"); err != nil {
			return err
		}
	}
	if err := pin(os.Getpid(), "1"); err != nil {
		return err
	}
	defer pin(os.Getpid(), "0-"+strconv.Itoa(runtime.NumCPU()-1))
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))

	window := time.Duration(b.rounds(600, 150)) * time.Millisecond
	rounds := b.rounds(12, 3)
	for round := -1; round < rounds; round++ { // the first is to warm up
		for i := range rows {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := rows[i].measure(proxies[rows[i].proxy], window, round >= 0); err != nil {
				return fmt.Errorf("%s, %s: %w", rows[i].family, rows[i].name, err)
			}
		}
	}
	printRows(b, rows)
	fmt.Fprintf(b.out, "\nEnvoy %s, one worker, pinned to a processor; load (16 connections, keep-alive) and upstream on another. %d interleaved rounds of %v; "+
		"CPU of the whole process by the kernel's count; differences are round by round. Envoy's CPU per request falls as load rises: compare inside a family.\n",
		envoyVersion, rounds, window)
	return nil
}

// measure loads one proxy for a while.
func (r *row) measure(p *envoy.Process, window time.Duration, count bool) error {
	before, err := p.CPU()
	if err != nil {
		return err
	}
	l := envoy.Load{Address: p.Address, Requests: [][]byte{r.request}, Connections: 16, For: window}.Run()
	after, err := p.CPU()
	if err != nil {
		return err
	}
	n := l.Answered()
	if n == 0 || l.Broken > 0 || l.Statuses[r.status] < n-n/100 {
		return fmt.Errorf("%d answers %v, %d broken connections (%v), want status %d", n, l.Statuses, l.Broken, l.First, r.status)
	}
	if count {
		used := after - before
		r.cpu = append(r.cpu, float64(used.Nanoseconds())/float64(n)/1e3)
		r.busy = append(r.busy, used.Seconds()/l.Elapsed.Seconds())
	}
	return nil
}

func printRows(b *bench, rows []row) {
	var lines [][]string
	var first, nop *row
	for i := range rows {
		r := &rows[i]
		if first == nil || first.family != r.family {
			first, nop = r, nil
		}
		if r.proxy == "nop" {
			nop = r
		}
		line := []string{r.family, r.name, r.cpu.spread("%.1f"), "", "", r.bar, fmt.Sprintf("%.0f %%", 100*r.busy.median())}
		if r != first {
			line[3] = r.cpu.minus(first.cpu).spread("%+.1f")
		}
		if nop != nil && r != nop {
			line[4] = r.cpu.minus(nop.cpu).spread("%+.1f")
		}
		lines = append(lines, line)
	}
	markdown(b.out, []string{"request", "filters", "CPU us (95 %)", "over the first", "over do-nothing Wasm", "bar", "busy"}, lines)
}

// wire is a request as HTTP/1.1, from the pieces that V8 is given.
func wire(r v8Request) []byte {
	pseudo := map[string]string{}
	var b strings.Builder
	for _, h := range r.Headers {
		if h[0][0] == ':' {
			pseudo[h[0]] = h[1]
		}
	}
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nhost: %s\r\n", pseudo[":method"], pseudo[":path"], pseudo[":authority"])
	for _, h := range r.Headers {
		if h[0][0] != ':' {
			fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
		}
	}
	return []byte(b.String() + "\r\n" + r.Body)
}

// envoyRows makes the proxies' configurations and the rows.
func (b *bench) envoyRows(upstream string) (map[string]string, []row, error) {
	t, err := b.tables()
	if err != nil {
		return nil, nil, err
	}
	module, err := b.module()
	if err != nil {
		return nil, nil, err
	}
	guest, err := b.guest()
	if err != nil {
		return nil, nil, err
	}
	jwks, err := b.jwks()
	if err != nil {
		return nil, nil, err
	}
	limits, err := b.limits()
	if err != nil {
		return nil, nil, err
	}
	configs := map[string]string{}
	for name, s := range map[string]cases.Setup{
		"limits":        {Table: limits},
		"orders":        {Table: t.orders},
		"shop":          {Table: t.shop, Config: map[string]any{"secrets": secrets}},
		"shop uncached": {Table: t.shop, Config: map[string]any{"secrets": secrets, "tokenCacheBytes": 0, "verifyBudgetPercent": 100}},
	} {
		if configs[name], err = envoy.Bootstrap(module, upstream, s); err != nil {
			return nil, nil, err
		}
	}
	buffer := filter("buffer.v3.Buffer", map[string]any{"max_request_bytes": 1 << 20})
	for name, filters := range map[string][]map[string]any{
		"bare":       nil,
		"nop":        {wasm(guest)},
		"buffer":     {buffer},
		"rate":       {rateLimit(1_000_000_000)},
		"rate none":  {rateLimit(1)},
		"jwt":        {jwt(jwks, false)},
		"jwt cached": {jwt(jwks, true)},
	} {
		if configs[name], err = envoy.Filters(configs["orders"], filters...); err != nil {
			return nil, nil, err
		}
	}
	for name := range configs {
		if configs[name], err = direct(configs[name]); err != nil {
			return nil, nil, err
		}
	}
	const local, store = "localhost", "shop.example.com"
	var rows []row
	family := func(title string, request v8Request, list ...row) {
		for _, r := range list {
			r.family = title
			if r.request == nil {
				r.request = wire(request)
			}
			if r.status == 0 {
				r.status = 200
			}
			if b.row("envoy", title+": "+r.name) {
				rows = append(rows, r)
			}
		}
	}
	family("refused", ask(local, "GET", "/direct", ""),
		row{name: "none: Envoy answers by its route", proxy: "bare"},
		row{name: "do-nothing Wasm, the same", proxy: "nop"},
		row{name: "local_ratelimit: 429", proxy: "rate none", status: 429},
		row{name: "Portcullis: 404 by route", proxy: "orders", request: wire(ask(local, "GET", "/v1/nothing/here", "")), status: 404},
		row{name: "Portcullis: 429 by limit", proxy: "orders", request: wire(ask(local, "GET", "/v1/health", "")), status: 429})
	list := []row{{name: "none", proxy: "bare"}, {name: "do-nothing Wasm", proxy: "nop"}, {name: "local_ratelimit", proxy: "rate"}}
	for _, l := range limitRows {
		list = append(list, row{name: "Portcullis, " + l.name, proxy: "limits", request: wire(ask(local, "GET", l.path, "", "x-caller", "anna")), bar: l.bar})
	}
	family("one limit", ask(local, "GET", "/proxy", "", "x-caller", "anna"), list...)
	family("GET with parameters", ask(local, "GET", "/v1/orders?limit=20&sort=asc", ""),
		row{name: "none", proxy: "bare"},
		row{name: "do-nothing Wasm", proxy: "nop"},
		row{name: "local_ratelimit", proxy: "rate"},
		row{name: "Portcullis", proxy: "orders"},
		row{name: "Portcullis, under a limit", proxy: "orders", request: wire(ask(local, "GET", "/v1/search?limit=20&q=mug&minPrice=2.50", ""))})
	family("GET with a token", ask(store, "GET", "/v1/users/me", "", "authorization", "Bearer "+t.alice),
		row{name: "none", proxy: "bare"},
		row{name: "do-nothing Wasm", proxy: "nop"},
		row{name: "jwt_authn RS256", proxy: "jwt"},
		row{name: "jwt_authn RS256, cached", proxy: "jwt cached"},
		row{name: "Portcullis, token seen before", proxy: "shop"},
		row{name: "Portcullis, RS256 each time", proxy: "shop uncached"})
	bars := map[string]string{"1k": "12 over do-nothing", "10k": "50 over do-nothing"}
	for _, size := range []string{"1k", "10k"} {
		body, err := b.order(size)
		if err != nil {
			return nil, nil, err
		}
		family("POST "+strings.ToUpper(size)+"B", ask(local, "POST", "/v1/orders?dryRun=true", body, "idempotency-key", "7f9c2ba4e88f4e3a"),
			row{name: "none", proxy: "bare"},
			row{name: "do-nothing Wasm", proxy: "nop"},
			row{name: "buffer", proxy: "buffer"},
			row{name: "Portcullis", proxy: "orders", bar: bars[size]})
	}
	return configs, rows, nil
}

const typePrefix = "type.googleapis.com/envoy.extensions.filters.http."

// filter is an HTTP filter of Envoy's own.
func filter(message string, config map[string]any) map[string]any {
	name, _, _ := strings.Cut(message, ".")
	m := map[string]any{"@type": typePrefix + message}
	for k, v := range config {
		m[k] = v
	}
	return map[string]any{"name": "envoy.filters.http." + name, "typed_config": m}
}

func wasm(file string) map[string]any {
	return filter("wasm.v3.Wasm", map[string]any{"config": map[string]any{"name": "nop",
		"vm_config": map[string]any{"runtime": "envoy.wasm.runtime.v8", "code": map[string]any{"local": map[string]any{"filename": file}}}}})
}

// rateLimit lets so many requests through an hour.
func rateLimit(requests int) map[string]any {
	always := map[string]any{"runtime_key": "bench", "default_value": map[string]any{"numerator": 100, "denominator": "HUNDRED"}}
	return filter("local_ratelimit.v3.LocalRateLimit", map[string]any{"stat_prefix": "bench", "filter_enabled": always, "filter_enforced": always,
		"token_bucket": map[string]any{"max_tokens": requests, "tokens_per_fill": requests, "fill_interval": "3600s"}})
}

func jwt(jwks string, cached bool) map[string]any {
	p := map[string]any{"issuer": "https://login.example.com/", "audiences": []string{"https://shop.example.com"}, "forward": true,
		"local_jwks": map[string]any{"inline_string": jwks}}
	if cached {
		p["jwt_cache_config"] = map[string]any{"jwt_cache_size": 100}
	}
	return filter("jwt_authn.v3.JwtAuthentication", map[string]any{"providers": map[string]any{"login": p},
		"rules": []any{map[string]any{"match": map[string]any{"prefix": "/"}, "requires": map[string]any{"provider_name": "login"}}}})
}

// direct adds a route that Envoy answers itself.
func direct(text string) (string, error) {
	return envoy.Routes(text, map[string]any{"match": map[string]any{"path": "/direct"},
		"direct_response": map[string]any{"status": 200, "body": map[string]any{"inline_string": "ok"}}})
}

// jwks is the key set of the shop's RSA key, for jwt_authn.
func (b *bench) jwks() (string, error) {
	text, err := os.ReadFile(filepath.Join(b.root, "examples", "shop", "keys", "demo-rs.pub.pem"))
	if err != nil {
		return "", err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return "", fmt.Errorf("demo-rs.pub.pem holds no PEM block")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return "", err
	}
	pub, ok := key.(*rsa.PublicKey)
	if !ok {
		return "", fmt.Errorf("demo-rs.pub.pem holds a %T, want an RSA key", key)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	out, err := json.Marshal(map[string]any{"keys": []any{map[string]string{"kty": "RSA", "alg": "RS256", "kid": "rs-1", "use": "sig",
		"n": b64(pub.N.Bytes()), "e": b64(big.NewInt(int64(pub.E)).Bytes())}}})
	return string(out), err
}

// guest builds the filter that does nothing.
func (b *bench) guest() (string, error) {
	p := filepath.Join(b.work, "guest.wasm")
	if _, err := os.Stat(p); err == nil {
		return p, nil
	}
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-ldflags=-w", "-o", p, "./guest")
	cmd.Dir = filepath.Join(b.root, "runtime-test", "bench")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the guest: %w\n%s", err, text)
	}
	return p, nil
}

// start runs an Envoy.
func (b *bench) start(config string, workers int) (*envoy.Process, error) {
	binary, err := envoy.Find(b.root, envoyVersion)
	if err != nil {
		return nil, err
	}
	return envoy.Start(envoy.Options{Binary: binary, Config: config, Workers: workers, LogLevel: "error"})
}

// pin ties every thread of a process to processors.
func pin(pid int, cpus string) error {
	if text, err := exec.Command("taskset", "-a", "-p", "-c", cpus, strconv.Itoa(pid)).CombinedOutput(); err != nil {
		return fmt.Errorf("taskset: %w: %s", err, text)
	}
	return nil
}
