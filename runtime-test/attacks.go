package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/peterbourgon/ff/v3/ffcli"

	"portcullis/runtime-test/cases"
	"portcullis/runtime-test/envoy"
	"portcullis/runtime-test/host"
)

const attacksHelp = `Send every token of a corpus through whole requests, on each engine, and want the code that the corpus names; good tokens must pass. A corpus is a JSON
object: issuer, audience, jwks, secrets (name, kid, alg, k), good (tokens by name) and attacks (name, why, want, token). The default is the filter's own.
The last line is "N passed, N failed", counted over tokens and engines.

EXAMPLES
  runtime-test attacks
  runtime-test attacks -engine native,wazero,proxytest,envoy filter/token/testdata/attacks.json`

// attackCorpus is filter/token/testdata/attacks.json, and files like it.
type attackCorpus struct {
	Issuer   string          `json:"issuer"`
	Audience string          `json:"audience"`
	JWKS     json.RawMessage `json:"jwks"`
	Secrets  []struct {
		Name, Kid, Alg string
		K              string // base64url
	} `json:"secrets"`
	Good    map[string]string `json:"good"`
	Attacks []attack          `json:"attacks"`
}

type attack struct{ Name, Why, Want, Token string }

// attacksSpec is the API that is attacked.
const attacksSpec = `openapi: 3.1.0
info: {title: attacked, version: '1'}
paths:
  /:
    get: {security: [{token: [read]}], responses: {'200': {description: passed}}}
components: {securitySchemes: {token: {type: http, scheme: bearer}}}
`

func readAttacks(path string) (*attackCorpus, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	c := &attackCorpus{}
	if err := json.Unmarshal(text, c); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// setup compiles the corpus's keys, inline, into a table.
func (c *attackCorpus) setup(dir string) (cases.Setup, error) {
	keys := []any{map[string]any{"jwks": c.JWKS}}
	secrets := map[string]any{}
	for _, s := range c.Secrets {
		keys = append(keys, map[string]any{"secret": s.Name, "alg": s.Alg, "kid": s.Kid})
		secrets[s.Name] = "base64:" + standardBase64(s.K)
	}
	policy, err := json.Marshal(map[string]any{
		"version": 1, "schemes": map[string]any{"token": []string{"corpus"}},
		"providers": map[string]any{"corpus": map[string]any{"issuer": c.Issuer, "audiences": []string{c.Audience}, "keys": keys}},
	})
	if err != nil {
		return cases.Setup{}, err
	}
	spec, file := filepath.Join(dir, "api.yaml"), filepath.Join(dir, "policy.json")
	if err := os.WriteFile(spec, []byte(attacksSpec), 0o644); err != nil {
		return cases.Setup{}, err
	}
	if err := os.WriteFile(file, policy, 0o644); err != nil {
		return cases.Setup{}, err
	}
	table, err := cases.Compile(cases.CompileRequest{Specs: []string{spec}, Policy: file, Strict: true})
	return cases.Setup{Table: table, Config: map[string]any{"secrets": secrets, "logRefusals": "off"}}, err
}

// standardBase64 makes base64 with padding of base64url without.
func standardBase64(s string) string {
	s = strings.NewReplacer("-", "+", "_", "/").Replace(s)
	return s + strings.Repeat("=", -len(s)&3)
}

// overHTTP is what a token in a header field of a whole request is answered with,
// where that is not what the token alone gets; carried is false for what no HTTP
// field can hold (RFC 9110 section 5.5).
func (a *attack) overHTTP() (want string, carried bool) {
	if strings.ContainsAny(a.Token, "\x00\r\n") {
		return "", false
	}
	if strings.Contains(a.Token, ",") {
		return "request_duplicate_header", true // two fields joined (RFC 9110 section 5.3)
	}
	return a.Want, true
}

// runAttacks sends all tokens through one engine and tells of each that is not
// answered as it should be.
func (c *attackCorpus) run(ctx context.Context, e cases.Engine, tell func(format string, args ...any)) (passed, failed int, err error) {
	dir, err := os.MkdirTemp("", "attacks")
	if err != nil {
		return 0, 0, err
	}
	defer os.RemoveAll(dir)
	s, err := c.setup(dir)
	if err != nil {
		return 0, 0, err
	}
	in, err := e.Load(ctx, s)
	if err != nil {
		return 0, 0, err
	}
	defer in.Close()
	check := func(name, token, want, why string) error {
		out, err := in.Do(&cases.Request{Method: "GET", Scheme: "https", Host: "localhost", Path: "/",
			Headers: []cases.Header{{Name: "authorization", Value: "Bearer " + token}}, Answer: cases.Answer{Status: 200}})
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		got := "allow"
		if out.Verdict() != "accept" {
			var p struct{ Code string }
			json.Unmarshal(out.Answer.Body, &p) // what is no document has no code
			got = p.Code
		}
		if got != want || (want != "allow") != (out.Upstream.Requests == 0) {
			failed++
			tell("%s: found %d %q, wanted %q: %s", name, out.Answer.Status, got, want, why)
			return nil
		}
		passed++
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(c.Good)) {
		if err := check("good "+name, c.Good[name], "allow", "a good token"); err != nil {
			return passed, failed, err
		}
	}
	for i := range c.Attacks {
		a := &c.Attacks[i]
		want, carried := a.overHTTP()
		if _, wire := e.(*envoy.Engine); !carried && wire {
			continue // the bytes would end the field
		}
		if !carried {
			want = a.Want
		}
		if err := check(a.Name, a.Token, want, a.Why); err != nil {
			return passed, failed, err
		}
	}
	return passed, failed, nil
}

func attacksCommand(out, errs io.Writer) *ffcli.Command {
	fs := flagSet("runtime-test attacks", errs)
	engines := fs.String("engine", "native,wazero", "engines, separated by commas: "+strings.Join(cases.EngineNames, ", "))
	version := fs.String("envoy", envoy.Versions[0], "version of engine envoy: "+strings.Join(envoy.Versions, ", "))
	wasm := fs.String("module", "", "use this module in place of the one that build.sh makes")
	return &ffcli.Command{
		Name: "attacks", ShortUsage: "runtime-test attacks [flags] [FILE...]", ShortHelp: "send a corpus of bad tokens through whole requests", LongHelp: attacksHelp, FlagSet: fs,
		Exec: func(ctx context.Context, args []string) error {
			if len(args) == 0 {
				root, err := cases.Root()
				if err != nil {
					return fmt.Errorf("attacks: %w", err)
				}
				args = []string{filepath.Join(root, "filter", "token", "testdata", "attacks.json")}
			}
			r := runner{out: out}
			if err := r.engines(*engines, engineOptions{string(host.Envoy140), *version, *wasm}); err != nil {
				return fmt.Errorf("attacks: %w", err)
			}
			for _, path := range args {
				c, err := readAttacks(path)
				if err != nil {
					return fmt.Errorf("attacks: %w", err)
				}
				for _, e := range r.Engines {
					passed, failed, err := c.run(ctx, e, func(format string, args ...any) {
						fmt.Fprintf(out, "FAIL %-9s %s\n", e.Name(), fmt.Sprintf(format, args...))
					})
					r.passed, r.failed = r.passed+passed, r.failed+failed
					if err != nil {
						return fmt.Errorf("attacks: engine %s: %w", e.Name(), err)
					}
				}
			}
			fmt.Fprintf(out, "%d passed, %d failed\n", r.passed, r.failed)
			if r.failed > 0 {
				return errFindings
			}
			return nil
		},
	}
}
