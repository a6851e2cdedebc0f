// Package login_test has a real authorization server, and two libraries that others
// make tokens with, issue tokens for the filter.
package login_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"portcullis/runtime-test/cases"
	"portcullis/runtime-test/envoy"
	"portcullis/runtime-test/host"
)

// tools finds what install.sh puts into .tools/login, or skips.
func tools(t *testing.T, what, program string) (path, dir string) {
	t.Helper()
	root, err := cases.Root()
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(root, ".tools", "login")
	if _, err := os.Stat(filepath.Join(dir, what)); err != nil {
		t.Skipf("skipped: no %s: run examples/login/install.sh", what)
	}
	if strings.HasPrefix(program, "python") {
		return filepath.Join(dir, program), dir
	}
	if path, err = exec.LookPath(program); err != nil {
		t.Skipf("skipped: no %s on this machine", program)
	}
	return path, dir
}

// script copies a script to where it finds node_modules.
func script(t *testing.T, name, tools string) string {
	t.Helper()
	dir := t.TempDir()
	text, err := os.ReadFile(name)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name), text, 0o644)
	}
	if err == nil {
		err = os.Symlink(filepath.Join(tools, "node_modules"), filepath.Join(dir, "node_modules"))
	}
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, name)
}

// engines is the filter natively, as a module, and, where it is to be real, in Envoy.
func engines(t *testing.T, real bool) (out []cases.Engine) {
	t.Helper()
	code, err := cases.Module()
	if err != nil {
		t.Fatal(err)
	}
	out = append(out, cases.Native{}, &cases.Wazero{Module: code, Options: func(c *host.Config) { c.Start = time.Now() }})
	if !real {
		return out
	}
	root, err := cases.Root()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := envoy.Find(root, envoy.Versions[0])
	if err != nil {
		if os.Getenv("PORTCULLIS_ENVOY") == "required" || !errors.Is(err, envoy.ErrNotInstalled) {
			t.Fatal(err)
		}
		t.Logf("not on Envoy: %v", err)
		return out
	}
	module := filepath.Join(t.TempDir(), "filter.wasm")
	if err := os.WriteFile(module, code, 0o644); err != nil {
		t.Fatal(err)
	}
	return append(out, &envoy.Engine{Binary: binary, Module: module})
}

// setup is the orders behind an issuer with these keys.
func setup(t *testing.T, issuer string, keys json.RawMessage) cases.Setup {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "keys.json"), fmt.Appendf(nil, `{"keys":%s}`, keys), 0o644); err != nil {
		t.Fatal(err)
	}
	policy := filepath.Join(dir, "policy.yaml")
	text := fmt.Sprintf("version: 1\nproviders:\n  login:\n    issuer: %s\n    audiences: [https://orders.example.com]\n    keys: [{jwksFile: keys.json}]\nschemes: {token: [login]}\n"+
		"defaults: {forward: {headers: {x-user-id: subject, x-user-scopes: scopes}}}\n", issuer)
	if err := os.WriteFile(policy, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	table, err := cases.Compile(cases.CompileRequest{Specs: []string{"../identity/orders.yaml"}, Policy: policy, Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	return cases.Setup{Table: table, Config: map[string]any{"logRefusals": "off"}}
}

// send wants a code for a token; "" is a request that passes.
func send(t *testing.T, in cases.Instance, what, token, code string) {
	t.Helper()
	out, err := in.Do(&cases.Request{Method: "GET", Scheme: "https", Host: "localhost", Path: "/orders",
		Headers: []cases.Header{{Name: "authorization", Value: "Bearer " + token}}, Answer: cases.Answer{Status: 200}})
	if err != nil {
		t.Fatal(err)
	}
	var p struct{ Code string }
	json.Unmarshal(out.Answer.Body, &p) // the upstream's answer is none
	if p.Code != code || (out.Verdict() == "accept") != (code == "") {
		t.Errorf("%s: %s %s, want %q", what, out.Verdict(), p.Code, code)
	}
}

// tampered is a token with another payload.
func tampered(token string) string {
	parts := strings.Split(token, ".")
	parts[1] = strings.TrimRight(parts[1][:len(parts[1])-2], "=") + "AA"
	return strings.Join(parts, ".")
}

// each runs f on the engines.
func each(t *testing.T, s cases.Setup, real bool, f func(t *testing.T, in cases.Instance)) {
	for _, e := range engines(t, real) {
		t.Run(e.Name(), func(t *testing.T) {
			in, err := e.Load(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close()
			if d := time.Since(in.Now()); d > time.Minute { // an engine with a clock of its own
				in.Advance(d)
			}
			f(t, in)
		})
	}
}

// TestAuthorizationServer gets tokens from oidc-provider and sends them through the
// filter, with the keys that the server publishes.
func TestAuthorizationServer(t *testing.T) {
	node, dir := tools(t, "node_modules/oidc-provider", "node")
	cmd := exec.CommandContext(t.Context(), node, script(t, "server.mjs", dir))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = 5 * time.Second
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		cmd.Process.Kill()
		cmd.Wait()
	}()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the server does not start: %v", err)
	}
	issuer := strings.TrimSpace(line)
	get := func(resp *http.Response, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != 200 {
			t.Fatalf("%s: %s %s %v", resp.Request.URL, resp.Status, b, err)
		}
		return b
	}
	var set struct{ Keys json.RawMessage }
	if err := json.Unmarshal(get(http.Get(issuer+"/jwks")), &set); err != nil {
		t.Fatal(err)
	}
	token := func(alg, scope string) string {
		form := url.Values{"grant_type": {"client_credentials"}, "scope": {scope}, "resource": {"https://orders.example.com/?alg=" + alg}}
		req, err := http.NewRequestWithContext(t.Context(), "POST", issuer+"/token", strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.SetBasicAuth("reporter", "demo-secret-of-the-reporter")
		var answer struct {
			Token string `json:"access_token"`
		}
		if err := json.Unmarshal(get(http.DefaultClient.Do(req)), &answer); err != nil || answer.Token == "" {
			t.Fatalf("no token: %v", err)
		}
		return answer.Token
	}
	each(t, setup(t, issuer, set.Keys), true, func(t *testing.T, in cases.Instance) {
		for _, alg := range []string{"RS256", "PS256", "ES256", "ES384", "EdDSA"} {
			good := token(alg, "orders:read")
			send(t, in, alg, good, "")
			send(t, in, alg+" again", good, "")
			send(t, in, alg+" changed", tampered(good), "token_malformed")
			send(t, in, alg+" with a changed signature", good[:len(good)-20]+strings.Repeat("A", 20), "token_signature")
			send(t, in, alg+" without the scope", token(alg, "orders:write"), "authorize_scope")
		}
	})
}

// libraries sends a token of every algorithm that a script has made.
func libraries(t *testing.T, program, path string) {
	cmd := exec.CommandContext(t.Context(), program, path)
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	var made struct {
		Issuer string
		Keys   json.RawMessage
		Tokens map[string]string
	}
	if err := json.Unmarshal(text, &made); err != nil || len(made.Tokens) != 10 {
		t.Fatalf("%s printed %d tokens: %v", path, len(made.Tokens), err)
	}
	each(t, setup(t, made.Issuer, made.Keys), false, func(t *testing.T, in cases.Instance) {
		for alg, token := range made.Tokens {
			send(t, in, alg, token, "")
			send(t, in, alg+" with a changed signature", token[:len(token)-20]+strings.Repeat("A", 20), "token_signature")
		}
	})
}

func TestJose(t *testing.T) {
	node, dir := tools(t, "node_modules/jose", "node")
	libraries(t, node, script(t, "mint.mjs", dir))
}

func TestPyJWT(t *testing.T) {
	python, _ := tools(t, "requirements.txt", "python/bin/python")
	libraries(t, python, "mint.py")
}
