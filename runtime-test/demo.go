package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/peterbourgon/ff/v3/ffcli"

	"portcullis/runtime-test/cases"
	"portcullis/runtime-test/host"
	"portcullis/runtime-test/server"
)

const demoHelp = `Compiles the shop of examples/shop, starts a sample function and the filter in front of it, in the embedded proxy, and sends requests that pass
and requests that do not, each with the rule that decided. Then it keeps serving until it is interrupted; with CI=true in the environment it ends after
the tour, with exit code 1 when a request was not answered as it says here.

EXAMPLES
  runtime-test demo
  CI=true runtime-test demo
  runtime-test serve -spec YOUR.yaml -strict=false -upstream http://127.0.0.1:9000   (any description)`

// stop is one request of the tour.
type stop struct {
	title  string
	method string
	path   string
	token  string // name of a token in the shop's case file
	header [2]string
	body   string
	status int
	rule   string // what decided, for an accepted request
}

const (
	order = `{"items":[{"sku":"MUG-0001","quantity":2}],"shipTo":{"name":"Ada Byron","street":"12 St James's Square","city":"London","country":"GB"},"payment":{"method":"invoice"}}`
	badly = `{"items":[{"sku":"MUG-0001","quantity":2},{"sku":"MUG-0002","quantity":1000}],"shipTo":{"name":"Ada Byron","street":"1","city":"London","country":"GB"},"payment":{"method":"invoice"}}`
	reset = `{"email":"ada@example.com"}`
)

var idempotency = [2]string{"idempotency-key", "7f9c2ba4-e88f-4e3a-9a3c-111111111111"}

// tour is what the demonstration shows, in order.
var tour = []stop{
	{title: "anybody may look at the catalogue", method: "GET", path: "/v1/products?q=mug&page=2", status: 200, rule: "parameters q and page match their schemas; the operation is public"},
	{title: "a page that is no number", method: "GET", path: "/v1/products?page=two", status: 400},
	{title: "a parameter nobody declared", method: "GET", path: "/v1/products?debug=true", status: 400},
	{title: "a path nobody declared", method: "GET", path: "/v1/admin", status: 404},
	{title: "a method the path does not have", method: "DELETE", path: "/v1/products", status: 405},
	{title: "out of the base path by dot segments", method: "GET", path: "/v1/products/%2e%2e/%2e%2e/etc/passwd", status: 400},
	{title: "my account, without a token", method: "GET", path: "/v1/users/me", status: 401},
	{title: "my account, with a token (RS256)", method: "GET", path: "/v1/users/me", token: "alice", status: 200, rule: "signature, issuer, audience and times are good"},
	{title: "with a token that has expired", method: "GET", path: "/v1/users/me", token: "expired", status: 401},
	{title: "with a token somebody else signed", method: "GET", path: "/v1/users/me", token: "forged", status: 401},
	{title: "deleting a product without the scope", method: "DELETE", path: "/v1/products/MUG-0001", token: "alice", status: 403},
	{title: "deleting a product with the scope (ES256 and HS256 work alike)", method: "DELETE", path: "/v1/products/MUG-0001", token: "clerk", status: 200, rule: "the token has the scope catalogue:write"},
	{title: "an order", method: "POST", path: "/v1/orders", token: "bob", header: idempotency, body: order, status: 200, rule: "the body matches NewOrder"},
	{title: "an order of a thousand mugs", method: "POST", path: "/v1/orders", token: "bob", header: idempotency, body: badly, status: 400},
	{title: "an order that is no JSON", method: "POST", path: "/v1/orders", token: "bob", header: idempotency, body: order[:60], status: 400},
	{title: "one name twice, two readers, two meanings", method: "POST", path: "/v1/password-resets", body: `{"email":"ada@example.com","email":"eve@example.com"}`, status: 400},
	{title: "a password reset", method: "POST", path: "/v1/password-resets", body: reset, status: 200, rule: "the limit password-reset has room"},
}

func demoCommand(out, errs io.Writer) *ffcli.Command {
	fs := flagSet("runtime-test demo", errs)
	listen := fs.String("listen", "127.0.0.1:0", "address to listen on; port 0 picks one")
	return &ffcli.Command{
		Name:       "demo",
		ShortUsage: "runtime-test demo [-listen ADDRESS]",
		ShortHelp:  "show the shop behind the filter",
		LongHelp:   demoHelp,
		FlagSet:    fs,
		Exec: func(ctx context.Context, _ []string) error {
			d := demo{out: out, keep: os.Getenv("CI") != "true"}
			return d.run(ctx, *listen)
		},
	}
}

type demo struct {
	out   io.Writer
	keep  bool
	calls atomic.Int64 // of the sample function
	file  *cases.File
	base  string
}

func (d *demo) run(ctx context.Context, listen string) error {
	root, err := cases.Root()
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	shop := filepath.Join(root, "examples", "shop")
	if d.file, err = cases.Read(filepath.Join(shop, "cases", "shop.yaml")); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	fmt.Fprintln(d.out, "compiling examples/shop/shop.yaml with examples/shop/policy.yaml")
	cfg, err := serveConfig(`{"secrets":{"machines":"0123456789abcdef0123456789abcdef"}}`, "",
		cases.CompileRequest{Specs: []string{filepath.Join(shop, "shop.yaml")}, Policy: filepath.Join(shop, "policy.yaml"), Strict: true})
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	fmt.Fprintln(d.out, "loading build/filter.wasm into the embedded proxy")
	if cfg.Module, err = module(""); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	cfg.Workers = 2
	cfg.OnLog = func(host.Log) {}

	function, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	fn := &http.Server{Handler: http.HandlerFunc(d.function), ReadHeaderTimeout: 10 * time.Second}
	go fn.Serve(function)
	defer fn.Close()

	h, err := server.New(ctx, cfg, &url.URL{Scheme: "http", Host: function.Addr().String()}, nil)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer h.Close()
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go srv.Serve(l)
	defer srv.Close()
	d.base = "http://" + l.Addr().String()

	if err := d.show(ctx); err != nil || !d.keep {
		return err
	}
	fmt.Fprintf(d.out, "\nServing on %s until Ctrl-C. Try:\n", d.base)
	fmt.Fprintf(d.out, "  curl -i -H 'host: shop.example.com' '%s/v1/products?page=0'\n", d.base)
	fmt.Fprintf(d.out, "  curl -i -H 'host: shop.example.com' -H \"authorization: Bearer $(go run ./runtime-test token examples/shop/cases/shop.yaml alice)\" %s/v1/users/me\n", d.base)
	fmt.Fprintln(d.out, "Any other description: go run ./runtime-test serve -spec YOUR.yaml -strict=false -upstream http://127.0.0.1:9000")
	<-ctx.Done()
	return nil
}

// function is the sample function: it says that it was called.
func (d *demo) function(w http.ResponseWriter, r *http.Request) {
	n := d.calls.Add(1)
	io.Copy(io.Discard, r.Body)
	w.Header().Set("content-type", "application/json")
	fmt.Fprintf(w, "{\"function\":\"called\",\"calls\":%d}\n", n)
}

// show sends the tour, and then more password resets than the limit allows.
func (d *demo) show(ctx context.Context) error {
	fmt.Fprintf(d.out, "\n%-62s %-6s %s\n", "request", "answer", "the rule that decided")
	wrong := 0
	for i := range tour {
		ok, err := d.stop(ctx, &tour[i], tour[i].title)
		if err != nil {
			return fmt.Errorf("demo: %s: %w", tour[i].title, err)
		}
		if !ok {
			wrong++
		}
	}
	last := tour[len(tour)-1]
	refused := stop{title: "and one too many within a second", method: last.method, path: last.path, body: last.body, status: 429}
	for range 40 {
		status, _, err := d.send(ctx, &refused)
		if err != nil {
			return fmt.Errorf("demo: %w", err)
		}
		if status == http.StatusTooManyRequests {
			break
		}
	}
	if ok, err := d.stop(ctx, &refused, refused.title); err != nil || !ok {
		wrong++
	}
	fmt.Fprintf(d.out, "\nThe function was called %d times: no refused request reached it.\n", d.calls.Load())
	if wrong > 0 {
		return fmt.Errorf("demo: %d requests were not answered as expected", wrong)
	}
	return nil
}

// stop sends one request and prints what became of it.
func (d *demo) stop(ctx context.Context, s *stop, title string) (bool, error) {
	before := d.calls.Load()
	status, body, err := d.send(ctx, s)
	if err != nil {
		return false, err
	}
	rule := s.rule
	if status >= 400 {
		var p struct{ Code, Detail, Title string }
		if json.Unmarshal(body, &p) == nil {
			rule = p.Code + ": " + p.Detail
			if p.Detail == "" {
				rule = p.Code + ": " + p.Title
			}
		}
	}
	called := d.calls.Load() != before
	ok := status == s.status && called == (status == http.StatusOK)
	mark := " "
	if !ok {
		mark = "!"
	}
	fmt.Fprintf(d.out, "%s %-60s %d    %s\n", mark, title, status, rule)
	fmt.Fprintf(d.out, "    %s %s\n", s.method, s.path)
	return ok, nil
}

func (d *demo) send(ctx context.Context, s *stop) (status int, body []byte, err error) {
	var content io.Reader
	if s.body != "" {
		content = strings.NewReader(s.body)
	}
	req, err := http.NewRequestWithContext(ctx, s.method, d.base+s.path, content)
	if err != nil {
		return 0, nil, err
	}
	req.Host = "shop.example.com"
	if s.body != "" {
		req.Header.Set("content-type", "application/json")
	}
	if s.header[0] != "" {
		req.Header.Set(s.header[0], s.header[1])
	}
	if s.token != "" {
		token, err := d.file.MintNamed(s.token, time.Now())
		if err != nil {
			return 0, nil, err
		}
		req.Header.Set("authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	return resp.StatusCode, body, err
}
