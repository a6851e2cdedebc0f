package main

import (
	"regexp"
	"testing"

	"portcullis/runtime-test/cases"
)

// TestRows: every row compiles, has a reason and says of what it is.
func TestRows(t *testing.T) {
	for _, r := range rows {
		for _, p := range []string{r.engine, r.spec, r.got, r.what, r.request, r.answer} {
			if _, err := regexp.Compile(p); err != nil {
				t.Errorf("row %q: %v", r.reason, err)
			}
		}
		if r.reason == "" || r.what+r.request+r.answer == "" {
			t.Errorf("row %+v explains everything or nothing", r)
		}
	}
	if got := explain(difference{engine: "kin-openapi", what: "something new", got: "accept"}); got != "" {
		t.Errorf("explain(something new) = %q, want nothing", got)
	}
}

// TestPeers: both read the shop's orders and judge a simple request.
func TestPeers(t *testing.T) {
	for name, make := range map[string]func(string) (judgement, error){"kin": kin, "lib": lib} {
		j, err := make("testdata/api.yaml")
		if err != nil {
			t.Fatal(name, err)
		}
		for path, want := range map[string]string{"/v1/a?n=1": "accept", "/v1/a?n=x": "refuse", "/v1/b": "refuse"} {
			out, err := engine{name, j}.Do(&cases.Request{Method: "GET", Host: "localhost", Path: path})
			if err != nil || out.Verdict() != want {
				t.Errorf("%s: GET %s = %v %v, want %s", name, path, out.Verdict(), err, want)
			}
		}
	}
}
