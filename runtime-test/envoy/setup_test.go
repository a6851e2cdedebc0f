package envoy

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"portcullis/runtime-test/cases"
)

const (
	newest = "1.40.0"
	oldest = "1.36.2" // its poll_oneoff answers 52, and its V8 is older
)

// each runs f as a subtest on every version that is tested.
func each(t *testing.T, f func(t *testing.T, version string)) {
	versions := []string{newest, oldest}
	if os.Getenv("PORTCULLIS_ENVOY_ALL") == "1" {
		versions = Versions
	}
	if os.Getenv("ENVOY") != "" {
		versions = []string{"ENVOY"}
	}
	for _, v := range versions {
		t.Run(v, func(t *testing.T) { f(t, v) })
	}
}

// binary finds the Envoy of a version. Without one the test is skipped, or fails
// where Envoy is required.
func binary(t *testing.T, version string) string {
	t.Helper()
	p, err := Find(root(t), version)
	if err != nil {
		if os.Getenv("PORTCULLIS_ENVOY") == "required" {
			t.Fatalf("Envoy is required here: %v", err)
		}
		t.Skipf("skipped: %v", err)
	}
	return p
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := cases.Root()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// module is the path of a copy of the filter: other tests may build it anew meanwhile.
func module(t *testing.T) string {
	t.Helper()
	code, err := cases.Module()
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "filter.wasm", code)
}

// write makes a file in a folder of the test's own.
func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(p, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return p
}

// secret is what the shop's policy wants.
var secret = map[string]any{"machines": "0123456789abcdef0123456789abcdef"}

var shop = sync.OnceValues(func() ([]byte, error) {
	dir, err := cases.Root()
	if err != nil {
		return nil, err
	}
	dir = filepath.Join(dir, "examples", "shop")
	return cases.Compile(cases.CompileRequest{Specs: []string{filepath.Join(dir, "shop.yaml")}, Policy: filepath.Join(dir, "policy.yaml"), Strict: true})
})

func shopTable(t *testing.T) []byte {
	t.Helper()
	table, err := shop()
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// smallSpec is an API of a few operations: cheap to compile in variants.
const smallSpec = `openapi: 3.1.0
info: {title: small, version: '1'}
paths:
  /things:
    get: {responses: {'200': {description: ok}}}
    post:
      requestBody:
        required: true
        content: {application/json: {schema: {type: array, maxItems: 100, items: {type: integer}}}}
      responses: {'200': {description: ok}}
  %s:
    get: {responses: {'200': {description: ok}}}
`

// smallTable compiles smallSpec with one path of the caller's and a policy.
func smallTable(t *testing.T, path, policy string) []byte {
	t.Helper()
	r := cases.CompileRequest{Specs: []string{write(t, "small.yaml", fmt.Appendf(nil, smallSpec, path))}, Strict: true}
	if policy != "" {
		r.Policy = write(t, "policy.yaml", []byte(policy))
	}
	table, err := cases.Compile(r)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// options is what start makes of a proxy.
type options struct {
	version  string // default newest
	workers  int    // default 2
	table    []byte // default the shop's
	config   map[string]any
	host     cases.HostOptions
	upstream string // default an Upstream
	insert   string // a line for the bootstrap, before the one that holds at
	at       string
}

// proxied is an Envoy with the filter and an upstream.
type proxied struct {
	*Process
	up *Upstream
}

func start(t *testing.T, o options) *proxied {
	t.Helper()
	if o.version == "" {
		o.version = newest
	}
	if o.table == nil {
		o.table = shopTable(t)
	}
	config := map[string]any{"secrets": secret}
	for k, v := range o.config {
		config[k] = v
	}
	var up *Upstream
	if o.upstream == "" {
		up = startUpstream(t)
		o.upstream = up.Address
	}
	text, err := Bootstrap(module(t), o.upstream, cases.Setup{Table: o.table, Config: config, Host: o.host})
	if err != nil {
		t.Fatal(err)
	}
	if o.at != "" {
		text = insert(t, text, o.at, o.insert)
	}
	return &proxied{run(t, Options{Binary: binary(t, o.version), Config: text, Workers: o.workers}), up}
}

// insert puts a line before the first that holds at, as far indented.
func insert(t *testing.T, text, at, line string) string {
	t.Helper()
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if trimmed := strings.TrimLeft(l, " "); strings.Contains(l, at) {
			return strings.Join(slices.Insert(lines, i, l[:len(l)-len(trimmed)]+line), "\n")
		}
	}
	t.Fatalf("the bootstrap has no line with %q", at)
	return ""
}

// run starts Envoy for the time of the test.
func run(t *testing.T, o Options) *Process {
	t.Helper()
	p, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("Envoy's log ends:\n%s", tail(p.Log(), 30))
		}
		p.Stop()
	})
	return p
}

func startUpstream(t *testing.T) *Upstream {
	t.Helper()
	up, err := StartUpstream()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(up.Close)
	return up
}

// answer is what a client sees of an answer.
type answer struct {
	status int
	code   string // of the problem document, "" when it is not the filter's answer
	body   string
	up     bool // it is the upstream's
}

func (a answer) String() string {
	return fmt.Sprintf("%d %s %.200s", a.status, a.code, a.body)
}

// ask sends raw bytes over a connection of its own and reads the answer, however
// much of the request was taken.
func ask(address string, raw ...[]byte) (answer, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return answer{}, err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(answerWithin))
	go func() {
		for _, r := range raw {
			if _, err := conn.Write(r); err != nil {
				return // the proxy has answered and closed
			}
		}
	}()
	return read(bufio.NewReader(conn))
}

func read(r *bufio.Reader) (answer, error) {
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	return readResponse(resp)
}

func readResponse(resp *http.Response) (answer, error) {
	body, err := io.ReadAll(resp.Body)
	a := answer{status: resp.StatusCode, body: string(body), up: resp.Header.Get(upstreamMark) != ""}
	var p struct{ Code string }
	if json.Unmarshal(body, &p) == nil && resp.Header.Get("Content-Type") == "application/problem+json" {
		a.code = p.Code
	}
	return a, err
}

// mint makes a token of the shop's case file.
func mint(t *testing.T, name string) string {
	t.Helper()
	f, err := cases.Read(filepath.Join(root(t), "examples", "shop", "cases", "shop.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	token, err := f.MintNamed(name, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// message is a request for the shop as it goes over the wire.
func message(method, path, body string, headers ...string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nhost: shop.example.com\r\n", method, path)
	for i := 0; i+1 < len(headers); i += 2 {
		fmt.Fprintf(&b, "%s: %s\r\n", headers[i], headers[i+1])
	}
	if body != "" || method == "POST" {
		fmt.Fprintf(&b, "content-type: application/json\r\ncontent-length: %d\r\n", len(body))
	}
	b.WriteString("\r\n" + body)
	return []byte(b.String())
}

// mustPass sends a good request and wants the upstream's answer.
func mustPass(t *testing.T, address string, raw []byte) {
	t.Helper()
	a, err := ask(address, raw)
	if err != nil || a.status != 200 || !a.up && a.body != "ok" {
		t.Errorf("a good request: %v (%v), want the upstream's answer", a, err)
	}
}

// until polls f until it is true.
func until(t *testing.T, within time.Duration, what string, f func() bool) {
	t.Helper()
	deadline := time.Now().Add(within)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !f() {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", within, what)
		}
		<-tick.C
	}
}

// sane fails the test when a VM has failed or Envoy has ended.
func (p *proxied) sane(t *testing.T) {
	t.Helper()
	if !p.Running() {
		t.Errorf("Envoy has ended")
	}
	for _, line := range strings.Split(p.Log(), "\n") {
		for _, bad := range []string{"[critical]", "Proxy-Wasm plugin in-VM backtrace", "VM failed", "wasm trap", "Unreachable", "Function: "} {
			if strings.Contains(line, bad) {
				t.Errorf("Envoy logged %q", line)
			}
		}
	}
}
