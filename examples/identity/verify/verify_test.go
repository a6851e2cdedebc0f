package verify_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"portcullis/examples/identity/verify"
	"portcullis/runtime-test/cases"
)

const (
	secret   = "an assertion secret of 32 bytes!!"
	audience = "https://orders.internal"
	host     = "orders.example.com"
)

// row is one call of a verifier; good says whether it must accept.
type row struct {
	Name                                string
	JWS, Audience, Method, Host, Target string
	Now                                 int64
	Secrets                             []string
	good                                bool
}

// made lets the module, in its test host, assert a request, and returns what the
// upstream was told and when.
func made(t *testing.T, config map[string]any, method, target, body string) (jws string, at time.Time) {
	t.Helper()
	code, err := cases.Module()
	if err != nil {
		t.Fatal(err)
	}
	f, err := cases.Read("../cases/forward.yaml")
	if err != nil {
		t.Fatal(err)
	}
	table, err := cases.Compile(cases.CompileRequest{Specs: []string{"../orders.yaml"}, Policy: "../policy.yaml", Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]any{"secrets": map[string]any{"assertion": secret}}
	for k, v := range config {
		all[k] = v
	}
	in, err := (&cases.Wazero{Module: code}).Load(t.Context(), cases.Setup{Table: table, Config: all})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	token, err := f.MintNamed("alice", in.Now())
	if err != nil {
		t.Fatal(err)
	}
	r := &cases.Request{Method: method, Scheme: "https", Host: host, Path: target, Headers: []cases.Header{{Name: "authorization", Value: "Bearer " + token}}, Answer: cases.Answer{Status: 200}}
	if body != "" {
		r.HasBody, r.Chunked, r.Chunks = true, true, [][]byte{[]byte(body)}
		r.Headers = append(r.Headers, cases.Header{Name: "content-type", Value: "application/json"})
	}
	out, err := in.Do(r)
	if err != nil || out.Verdict() != "accept" {
		t.Fatalf("%s %s: %v %v", method, target, out, err)
	}
	for _, h := range out.Upstream.Headers {
		switch h.Name {
		case "x-portcullis-assertion":
			jws = h.Value
		case "authorization":
			jws = strings.TrimPrefix(h.Value, "Bearer ")
		}
	}
	return jws, in.Now()
}

// sign makes a JWS as only who has the secret can.
func sign(head, claims, secret string) string {
	b64 := base64.RawURLEncoding.EncodeToString
	input := b64([]byte(head)) + "." + b64([]byte(claims))
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(input))
	return input + "." + b64(mac.Sum(nil))
}

// rows is what an attacker with an assertion in hand tries.
func rows(t *testing.T) []row {
	jws, at := made(t, nil, "GET", "/orders/7", "")
	posted, _ := made(t, nil, "POST", "/orders", `{"item":"mug"}`)
	monitored, _ := made(t, map[string]any{"mode": "monitor"}, "GET", "/orders/7", "")
	parts := strings.Split(jws, ".")
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	head, _ := base64.RawURLEncoding.DecodeString(parts[0])
	root := base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(claims), `"alice"`, `"root!"`, 1)))
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"portcullis+jwt","kid":""}`))
	good := row{"as made", jws, audience, "GET", host, "/orders/7", at.Unix() + 1, []string{secret}, true}
	list := []row{good}
	add := func(name string, good bool, change func(r *row)) {
		r := list[0]
		r.Name, r.good = name, good
		change(&r)
		list = append(list, r)
	}
	add("in place of the token", true, func(r *row) { r.JWS, r.Method, r.Target = posted, "POST", "/orders" })
	add("while the secret is changed", true, func(r *row) { r.Secrets = []string{strings.Repeat("n", 32), secret} })
	add("in its last second", true, func(r *row) { r.Now = at.Unix() + 59 })
	add("expired", false, func(r *row) { r.Now = at.Unix() + 60 })
	add("from the future", false, func(r *row) { r.Now = at.Unix() - 61 })
	add("for another audience", false, func(r *row) { r.Audience = "https://other.internal" })
	add("for another path", false, func(r *row) { r.Target = "/orders/8" })
	add("with a query that was not judged", false, func(r *row) { r.Target = "/orders/7?admin=1" })
	add("for another method", false, func(r *row) { r.Method = "DELETE" })
	add("for another host", false, func(r *row) { r.Host = "admin.example.com" })
	add("after the secret was changed", false, func(r *row) { r.Secrets = []string{strings.Repeat("n", 32)} })
	add("without a secret", false, func(r *row) { r.Secrets = nil })
	add("somebody else's subject", false, func(r *row) { r.JWS = parts[0] + "." + root + "." + parts[2] })
	add("unsigned", false, func(r *row) { r.JWS = none + "." + parts[1] + "." })
	add("no signature", false, func(r *row) { r.JWS = parts[0] + "." + parts[1] + "." })
	add("two parts", false, func(r *row) { r.JWS = parts[0] + "." + parts[1] })
	add("four parts", false, func(r *row) { r.JWS = jws + "." + parts[2] })
	add("a changed signature", false, func(r *row) { r.JWS = jws[:len(jws)-2] + "AA" })
	add("a padded signature", false, func(r *row) { r.JWS = jws + "=" })
	add("nothing", false, func(r *row) { r.JWS = "" })
	add("dots", false, func(r *row) { r.JWS = ".." })
	add("a token of another type under the same secret", false, func(r *row) {
		r.JWS = sign(strings.Replace(string(head), "portcullis+jwt", "JWT", 1), string(claims), secret)
	})
	add("judged in mode monitor only", false, func(r *row) { r.JWS = monitored })
	return list
}

func check(t *testing.T, r row, accepted bool) {
	t.Helper()
	if accepted != r.good {
		t.Errorf("%s: accepted = %v, want %v", r.Name, accepted, r.good)
	}
}

func TestGo(t *testing.T) {
	for _, r := range rows(t) {
		c, err := verify.Assertion(r.JWS, r.Audience, r.Method, r.Host, r.Target, time.Unix(r.Now, 0), r.Secrets...)
		check(t, r, err == nil)
		if err == nil && (c.Sub != "alice" || c.Provider != "login" || c.Op == "") {
			t.Errorf("%s: claims %+v", r.Name, c)
		}
	}
}

// run gives the rows to a program that prints a line of JSON for each: true where it
// accepts.
func run(t *testing.T, program, flag, code string) {
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("skipped: no %s on this machine: its verifier is not tested", program)
	}
	list := rows(t)
	text, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, flag, code)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(string(text))
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v %s", program, err, out)
	}
	var accepted []bool
	if err := json.Unmarshal(out, &accepted); err != nil || len(accepted) != len(list) {
		t.Fatalf("%s printed %q: %v", program, out, err)
	}
	for i, r := range list {
		check(t, r, accepted[i])
	}
}

func TestPython(t *testing.T) {
	run(t, "python3", "-c", `
import json, sys
sys.dont_write_bytecode = True
sys.path.insert(0, ".")
from verify import assertion
def accepts(r):
    try:
        return assertion(r["JWS"], r["Audience"], r["Method"], r["Host"], r["Target"], r["Now"], *(r["Secrets"] or []))["sub"] == "alice"
    except ValueError:
        return False
print(json.dumps([accepts(r) for r in json.load(sys.stdin)]))
`)
}

func TestNode(t *testing.T) {
	run(t, "node", "--input-type=module", `--eval=
import { readFileSync } from 'node:fs'
import { assertion } from './verify.mjs'
const accepts = r => { try { return assertion(r.JWS, r.Audience, r.Method, r.Host, r.Target, r.Now, ...(r.Secrets ?? [])).sub === 'alice' } catch { return false } }
console.log(JSON.stringify(JSON.parse(readFileSync(0)).map(accepts)))
`)
}
