package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"portcullis/runtime-test/cases"
	"portcullis/runtime-test/host"
)

// leakEngine is the module in the test host. It notes every credential that requests
// show and every secret that it is configured with, and what the filter answers.
type leakEngine struct {
	cases.Wazero
	t        *testing.T
	hosts    []*host.Host
	secrets  map[string]string // credential: where it stood
	answers  []string
	requests int
}

func (e *leakEngine) Load(ctx context.Context, s cases.Setup) (cases.Instance, error) {
	config := map[string]any{}
	for k, v := range s.Config {
		config[k] = v
	}
	if _, set := config["logRefusals"]; !set {
		config["logRefusals"] = "debug"
	}
	s.Config = config
	if secrets, ok := s.Config["secrets"].(map[string]any); ok {
		for name, value := range secrets {
			values, ok := value.([]any)
			if !ok {
				values = []any{value}
			}
			for _, v := range values {
				e.note(fmt.Sprint(v), "secret "+name)
			}
		}
	}
	in, err := e.Wazero.Load(ctx, s)
	if err != nil {
		return nil, err
	}
	return &leakInstance{in, e}, nil
}

// note remembers a credential and the part of it that is secret.
func (e *leakEngine) note(credential, where string) {
	const shortest = 12 // shorter ones are words that anything may hold
	if len(credential) >= shortest {
		e.secrets[credential] = where
	}
	for _, sep := range []string{".", "_", ":"} { // a token's signature, a key's secret half, a password
		if i := strings.LastIndex(credential, sep); i >= 0 && len(credential)-i > shortest {
			e.secrets[credential[i+1:]] = where
		}
	}
}

type leakInstance struct {
	cases.Instance
	e *leakEngine
}

func (i *leakInstance) Do(r *cases.Request) (*cases.Outcome, error) {
	i.e.requests++
	for _, h := range r.Headers {
		name := strings.ToLower(h.Name)
		switch {
		case strings.HasSuffix(name, "authorization"):
			scheme, value, _ := strings.Cut(h.Value, " ")
			i.e.note(value, name)
			if plain, err := base64.StdEncoding.DecodeString(value); err == nil && strings.EqualFold(scheme, "basic") {
				i.e.note(string(plain), name)
			}
		case name == "cookie":
			for _, c := range strings.Split(h.Value, ";") {
				if k, v, _ := strings.Cut(strings.TrimSpace(c), "="); isCredential(k) {
					i.e.note(v, name)
				}
			}
		case isCredential(name):
			i.e.note(h.Value, name)
		}
	}
	if _, query, ok := strings.Cut(r.Path, "?"); ok {
		values, _ := url.ParseQuery(query)
		for k, list := range values {
			for _, v := range list {
				if isCredential(k) {
					i.e.note(v, "query parameter "+k)
				}
			}
		}
	}
	out, err := i.Instance.Do(r)
	if err == nil && out.Answered && !out.FromUpstream {
		text := string(out.Answer.Body)
		for _, h := range out.Answer.Headers {
			text += "\n" + h.Name + ": " + h.Value
		}
		i.e.answers = append(i.e.answers, text)
	}
	return out, err
}

func isCredential(name string) bool {
	name = strings.ToLower(name)
	return strings.Contains(name, "key") && name != "idempotency-key" || strings.Contains(name, "token") || strings.Contains(name, "session") || strings.Contains(name, "xfcc") || strings.Contains(name, "client-cert")
}

// TestNoCredentialLeaves runs the cases of all examples and looks for what they use as
// credentials in everything that the filter says.
func TestNoCredentialLeaves(t *testing.T) {
	files, err := filepath.Glob("../examples/*/cases/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no case files: %v", err)
	}
	code, err := cases.Module()
	if err != nil {
		t.Fatal(err)
	}
	e := &leakEngine{t: t, secrets: map[string]string{}}
	e.Wazero = cases.Wazero{Module: code, OnHost: func(h *host.Host) { e.hosts = append(e.hosts, h) }}
	for _, path := range files {
		f, err := cases.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		// What the cases expect is other tests' business.
		if _, err := (&cases.Runner{Engines: []cases.Engine{e}}).Run(t.Context(), f); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	var said []string
	for _, h := range e.hosts {
		for _, l := range h.Logs() {
			said = append(said, "log: "+l.Message)
		}
		for name := range h.Metrics().Values() {
			said = append(said, "metric: "+name)
		}
	}
	for _, a := range e.answers {
		said = append(said, "answer: "+a)
	}
	if e.requests < 300 || len(e.secrets) < 50 || len(said) < 1000 {
		t.Fatalf("%d requests with %d credentials made %d texts: too few to prove anything", e.requests, len(e.secrets), len(said))
	}
	leaks := 0
	for _, text := range said {
		for secret, where := range e.secrets {
			if strings.Contains(text, secret) {
				if leaks++; leaks < 20 {
					t.Errorf("%s shows %q, a credential (%s)", text, secret, where)
				}
			}
		}
	}
	t.Logf("%d requests, %d credentials, %d texts", e.requests, len(e.secrets), len(said))
}
