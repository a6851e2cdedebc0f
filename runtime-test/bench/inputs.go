package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"portcullis/runtime-test/cases"
)

// root is the folder of the repository's go.mod: this module's is another.
func root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for up := dir; ; up = filepath.Dir(up) {
		if _, err := os.Stat(filepath.Join(up, "runtime-test", "bench", "main.go")); err == nil {
			return up, nil
		}
		if up == filepath.Dir(up) {
			return "", fmt.Errorf("no repository above %s", dir)
		}
	}
}

// secrets is what the shop's policy wants.
var secrets = map[string]any{"machines": "0123456789abcdef0123456789abcdef"}

// ordersPolicy puts limits on two operations of testdata/orders.yaml: one that
// nobody gets past, and one that everybody does.
const ordersPolicy = `version: 1
limits:
  none: {requests: 1, per: 1h}
  plenty: {requests: 1000000, per: 1s}
operations:
- {operation: GET /v1/health, limits: [none]}
- {operation: GET /v1/search, limits: [plenty]}
`

// tables are what the requests are judged by.
type tables struct {
	orders, shop, github []byte
	alice, clerk         string // tokens of the shop: RS256, and the same with scopes
	bob                  string // ES256
}

func (b *bench) tables() (t tables, err error) {
	if t.orders, err = b.compile(ordersPolicy, filepath.Join(b.root, "runtime-test", "bench", "testdata", "orders.yaml")); err != nil {
		return t, err
	}
	shop := filepath.Join(b.root, "examples", "shop")
	t.shop, err = cases.Compile(cases.CompileRequest{Specs: []string{filepath.Join(shop, "shop.yaml")}, Policy: filepath.Join(shop, "policy.yaml"), Strict: true})
	if err != nil {
		return t, err
	}
	if t.github, err = b.github(); err != nil {
		return t, err
	}
	f, err := cases.Read(filepath.Join(shop, "cases", "shop.yaml"))
	if err != nil {
		return t, err
	}
	now := time.Now()
	for name, to := range map[string]*string{"alice": &t.alice, "clerk": &t.clerk, "bob": &t.bob} {
		named := f.Tokens[name]
		named.Claims["exp"] = "+24h" // the run may be long
		f.Tokens[name] = named
		if *to, err = f.MintNamed(name, now); err != nil {
			return t, err
		}
	}
	return t, nil
}

func (b *bench) compile(policy string, specs ...string) ([]byte, error) {
	r := cases.CompileRequest{Specs: specs, Strict: true}
	if policy != "" {
		r.Policy = filepath.Join(b.work, "policy.yaml")
		if err := os.WriteFile(r.Policy, []byte(policy), 0o600); err != nil {
			return nil, err
		}
	}
	return cases.Compile(r)
}

// github is the table of GitHub's description, nil where that is not at hand.
func (b *bench) github() ([]byte, error) {
	spec := filepath.Join(b.root, "..", "shared", "testdata", "specs", "github--api.github.com.json")
	if _, err := os.Stat(spec); err != nil {
		fmt.Fprintln(os.Stderr, "bench: rows with GitHub's description are left out:", err)
		return nil, nil
	}
	return cases.Compile(cases.CompileRequest{Specs: []string{spec}})
}

// order is a body of testdata.
func (b *bench) order(name string) (string, error) {
	text, err := os.ReadFile(filepath.Join(b.root, "runtime-test", "bench", "testdata", "order-"+name+".json"))
	return string(text), err
}
