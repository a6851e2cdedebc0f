package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"portcullis/runtime-test/cases"
)

// prices are what host calls cost in Envoy, in microseconds; what is not named
// costs defaultPrice. Measured on Envoy 1.40 (HOSTS.md of the design).
var prices = map[string]float64{
	"proxy_get_header_map_pairs":         0.64,
	"proxy_get_property":                 0.60,
	"proxy_get_shared_data":              0.35, // get and set together 0.7
	"proxy_set_shared_data":              0.35,
	"proxy_get_current_time_nanoseconds": 0.19,
	"clock_time_get":                     0.19,
}

const (
	defaultPrice = 0.5
	priceRS256   = 17.0 // verify_signature
	priceES256   = 48.0
	priceEntry   = 0.02 // an exported callback
)

// scenario is requests that V8 plays, and what must become of each.
type scenario struct {
	Name         string      `json:"name"`
	PluginConfig string      `json:"pluginConfig"`
	AdvanceNanos int         `json:"advanceNanos"` // the clock, at each request
	Verify       string      `json:"verify"`       // who checks RS256: host, or none for the module itself
	Requests     []v8Request `json:"requests"`
	Status       int         `json:"status"` // 0 = passes
	foreign      float64     // price of the foreign function
	bar          string      // what the issues ask for
}

type v8Request struct {
	Headers [][2]string `json:"headers"`
	Body    string      `json:"body,omitempty"`
}

// ask makes a request as a browser or a service behind a gateway would send it.
func ask(host, method, path, body string, more ...string) v8Request {
	r := v8Request{Body: body, Headers: [][2]string{
		{":authority", host}, {":path", path}, {":method", method}, {":scheme", "https"},
		{"user-agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"},
		{"accept", "application/json"}, {"accept-encoding", "gzip, deflate, br"}, {"accept-language", "en-GB,en;q=0.9"},
	}}
	if body != "" {
		r.Headers = append(r.Headers, [2]string{"content-type", "application/json"}, [2]string{"content-length", fmt.Sprint(len(body))})
	}
	for i := 0; i+1 < len(more); i += 2 {
		r.Headers = append(r.Headers, [2]string{more[i], more[i+1]})
	}
	r.Headers = append(r.Headers, [2]string{"x-forwarded-proto", "https"}, [2]string{"x-request-id", "2f1b9cbe-6f0f-4d6c-9f35-6a2d0f1f4a7e"})
	return r
}

func (b *bench) scenarios() ([]scenario, error) {
	t, err := b.tables()
	if err != nil {
		return nil, err
	}
	config := func(table []byte, more map[string]any) string {
		c := map[string]any{"secrets": secrets}
		maps.Copy(c, more)
		text, err := cases.PluginConfig(cases.Setup{Table: table, Config: c})
		if err != nil {
			panic(err) // maps of texts and numbers alone
		}
		return string(text)
	}
	orders, shop := config(t.orders, map[string]any{"secrets": map[string]any{}}), config(t.shop, nil)
	uncached := config(t.shop, map[string]any{"tokenCacheBytes": 0, "verifyBudgetPercent": 100}) // every token is new
	const local, store = "localhost", "shop.example.com"
	me := func(token string) []v8Request {
		return []v8Request{ask(store, "GET", "/v1/users/me", "", "authorization", "Bearer "+token)}
	}
	post := func(name string) ([]v8Request, error) {
		body, err := b.order(name)
		return []v8Request{ask(local, "POST", "/v1/orders?dryRun=true", body, "idempotency-key", "7f9c2ba4e88f4e3a")}, err
	}
	var out []scenario
	add := func(s scenario) {
		if b.row("v8", s.Name) {
			out = append(out, s)
		}
	}
	one := func(r v8Request) []v8Request { return []v8Request{r} }
	add(scenario{Name: "refused by route: no such path", PluginConfig: orders, Status: 404, Requests: one(ask(local, "GET", "/v1/nothing/here", "")), bar: "5"})
	add(scenario{Name: "refused by limit", PluginConfig: orders, Status: 429, AdvanceNanos: 1000, Requests: one(ask(local, "GET", "/v1/health", "")), bar: "5"})
	add(scenario{Name: "refused by a parameter", PluginConfig: orders, Status: 400, Requests: one(ask(local, "GET", "/v1/orders?limit=2000", ""))})
	add(scenario{Name: "GET with parameters", PluginConfig: orders, Requests: one(ask(local, "GET", "/v1/orders?limit=20&sort=asc", ""))})
	add(scenario{Name: "GET with parameters, under a limit", PluginConfig: orders, AdvanceNanos: 100_000, Requests: one(ask(local, "GET", "/v1/search?limit=20&q=mug&minPrice=2.50", ""))})
	limits, err := b.limits()
	if err != nil {
		return nil, err
	}
	for _, l := range limitRows {
		add(scenario{Name: "GET, " + l.name, PluginConfig: config(limits, map[string]any{"secrets": map[string]any{}}), AdvanceNanos: 100_000, Requests: one(ask(local, "GET", l.path, "", "x-caller", "anna"))})
	}
	if t.github != nil {
		github := config(t.github, map[string]any{"secrets": map[string]any{}})
		add(scenario{Name: "GET with parameters, GitHub's table", PluginConfig: github, bar: "router and parameters 1.5", Requests: []v8Request{
			ask("api.github.com", "GET", "/repos/golang/go/issues?state=open&per_page=50&page=2", ""),
			ask("api.github.com", "GET", "/orgs/golang/repos?type=public&sort=updated", ""),
			ask("api.github.com", "GET", "/users/octocat/events?per_page=10", ""),
		}})
		add(scenario{Name: "GET without parameters, GitHub's table", PluginConfig: github, Requests: one(ask("api.github.com", "GET", "/meta", ""))})
	}
	for _, size := range []struct{ name, title, bar string }{
		{"1k", "POST 1 KB", "1/8 of kin-openapi: 5.7"}, {"10k", "POST 10 KB", "1/8 of kin-openapi: 65"},
		{"invalid-1k", "POST 1 KB, refused by its body", ""}, {"invalid-10k", "POST 10 KB, refused by its body", ""},
	} {
		requests, err := post(size.name)
		if err != nil {
			return nil, err
		}
		s := scenario{Name: size.title, PluginConfig: orders, Requests: requests, bar: size.bar}
		if strings.HasPrefix(size.name, "invalid") {
			s.Status = 400
		}
		add(s)
	}
	add(scenario{Name: "token RS256, seen before", PluginConfig: shop, Verify: "host", Requests: me(t.alice)})
	add(scenario{Name: "token RS256, checked by the host", PluginConfig: uncached, Verify: "host", Requests: me(t.alice), foreign: priceRS256})
	add(scenario{Name: "token RS256, checked in the VM", PluginConfig: uncached, Requests: me(t.alice), foreign: defaultPrice})
	add(scenario{Name: "token ES256, checked by the host", PluginConfig: uncached, Verify: "host", Requests: me(t.bob), foreign: priceES256})
	return out, nil
}

// v8Result is one line of v8/run.mjs.
type v8Result struct {
	Name   string
	Nanos  float64
	Host   float64
	Calls  map[string]float64
	Memory int64
}

// vmTime is the VM's own time per request: the module in Node's V8, optimised from
// the start as Envoy has it, with a host whose own cost is measured and taken off.
func vmTime(ctx context.Context, b *bench) error {
	module, err := b.module()
	if err != nil {
		return err
	}
	list, err := b.scenarios()
	if err != nil {
		return err
	}
	millis := b.rounds(60, 25)
	script, err := json.Marshal(map[string]any{"rounds": b.rounds(15, 3), "millis": millis, "scenarios": list})
	if err != nil {
		return err
	}
	file := filepath.Join(b.work, "script.json")
	if err := os.WriteFile(file, script, 0o600); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "node", "--no-warnings", "--no-liftoff", filepath.Join(b.root, "runtime-test", "bench", "v8", "run.mjs"), module, file)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	text, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("node: %w\n%s", err, errs.Bytes())
	}
	results := map[string][]v8Result{}
	for line := range bytes.Lines(text) {
		var r v8Result
		if err := json.Unmarshal(line, &r); err != nil {
			return fmt.Errorf("node printed %q: %w", line, err)
		}
		results[r.Name] = append(results[r.Name], r)
	}
	var rows [][]string
	for i := range list {
		s := &list[i]
		var vm, sum sample
		var charged float64
		for _, r := range results[s.Name] {
			charged = s.charge(r.Calls)
			vm = append(vm, r.Nanos/1e3)
			sum = append(sum, r.Nanos/1e3+charged)
		}
		last := results[s.Name][len(vm)-1]
		rows = append(rows, []string{s.Name, vm.spread("%.2f"), names(last.Calls), fmt.Sprintf("%.2f", charged), fmt.Sprintf("%.2f", sum.median()), s.bar})
	}
	markdown(b.out, []string{"request", "VM us (95 %)", "host calls", "charged us", "sum us", "bar us"}, rows)
	fmt.Fprintf(b.out, "\nCPU time, median of %d rounds of at least %d ms each, all rows in turns; the host's own cost is replayed and taken off.\n"+
		"Charged are the host calls at Envoy's prices. Lines about refusals and counts are told one by one for the first 200 in a second and not here.\n", len(results[list[0].Name]), millis)
	return nil
}

// charge is what a scenario's host calls would cost in Envoy.
func (s *scenario) charge(calls map[string]float64) float64 {
	entries := 4.0 // create, headers, done, delete
	if s.Requests[0].Body != "" {
		entries++
	}
	sum := entries * priceEntry
	for name, n := range calls {
		price, ok := prices[name]
		if !ok {
			price = defaultPrice
		}
		if name == "proxy_call_foreign_function" {
			price = s.foreign
		}
		sum += n * price
	}
	return sum
}

// names lists calls in short.
func names(calls map[string]float64) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(calls)) {
		short := strings.TrimPrefix(strings.TrimPrefix(name, "proxy_"), "get_")
		if n := calls[name]; n != 1 {
			short = fmt.Sprintf("%.3gx%s", n, short)
		}
		out = append(out, short)
	}
	return strings.Join(out, ", ")
}

// module is the path of the filter, built.
func (b *bench) module() (string, error) {
	code, err := cases.Module()
	if err != nil {
		return "", err
	}
	p := filepath.Join(b.work, "filter.wasm")
	return p, os.WriteFile(p, code, 0o600)
}
