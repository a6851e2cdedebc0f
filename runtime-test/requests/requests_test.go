package requests

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"portcullis/runtime-test/cases"
	"portcullis/schemagen/source"
)

// TestNative: the engine gives every verdict right, and every kind of request
// is made.
func TestNative(t *testing.T) {
	for _, spec := range []string{"testdata/styles.yaml", "testdata/bodies.yaml", "../../examples/shop/shop.yaml"} {
		r, err := Run(context.Background(), Options{
			Specs: []string{spec}, Engines: []cases.Engine{cases.Native{}}, Valid: 6, Faults: 80, Seed: 3,
			OnWrong: func(w Wrong) {
				t.Errorf("%s: %s: got %s, want %s: %s", w.Operation, w.What, w.Got, w.Expected, w.Request)
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		if r.Failed > 0 || r.Passed != r.Valid+r.Faults+r.Harmless || r.Valid < 20 || r.Faults < 100 || r.Harmless < 10 {
			t.Errorf("%s: %+v", spec, *r)
		}
		if spec == "testdata/styles.yaml" && (len(r.Bare) != 1 || r.Ungenerate["a pattern that is too hard"] == 0) {
			t.Errorf("what can't be generated: %v %v, want the hard pattern", r.Bare, r.Ungenerate)
		}
	}
}

// TestSpecs runs a few real descriptions.
func TestSpecs(t *testing.T) {
	for _, name := range []string{"prometheus--alertmanager--api_v2_openapi.yaml", "readmeio--oas-examples--3.1_json_parameters-style.json", "twilio--twilio-oai--spec_yaml_twilio_verify_v2.yaml", "Adyen--adyen-openapi--json_CheckoutService-v72.json"} {
		t.Run(name, func(t *testing.T) {
			spec := filepath.Join("../../../shared/testdata/specs", name)
			if found, _ := filepath.Glob(spec); found == nil {
				t.Skip("found no ../shared/testdata/specs: nothing real to make requests of")
			}
			r, err := Run(context.Background(), Options{
				Specs: []string{spec}, Engines: []cases.Engine{cases.Native{}}, Valid: 3, Faults: 20, Seed: 5,
				OnWrong: func(w Wrong) {
					t.Errorf("%s: %s: got %s, want %s: %s", w.Operation, w.What, w.Got, w.Expected, w.Request)
				},
			})
			if err != nil || r.Passed == 0 {
				t.Fatalf("%v, %+v", err, r)
			}
		})
	}
}

// TestCredentials: callers have what the descriptions ask for, and are refused with
// less.
func TestCredentials(t *testing.T) {
	for _, spec := range []string{"../../examples/shop/shop.yaml", "../../examples/partners/spec.yaml"} {
		r, err := Run(context.Background(), Options{
			Specs: []string{spec}, Engines: []cases.Engine{cases.Native{}}, Valid: 3, Faults: 20, Seed: 3, Credentials: true,
			OnWrong: func(w Wrong) {
				t.Errorf("%s: %s: got %s, want %s: %s\n%s", w.Operation, w.What, w.Got, w.Expected, w.Request, w.Answer)
			},
		})
		if err != nil || r.Valid == 0 || r.Faults == 0 {
			t.Fatalf("%s: %v, %+v", spec, err, r)
		}
	}
}

// lax is an engine that gives one answer to everything.
type lax struct{ accept bool }

func (lax) Name() string                                                { return "lax" }
func (l lax) Load(context.Context, cases.Setup) (cases.Instance, error) { return l, nil }
func (lax) Now() time.Time                                              { return time.Time{} }
func (lax) Advance(time.Duration) error                                 { return nil }
func (lax) Metrics([]string) (map[string]int64, error)                  { return nil, nil }
func (lax) Logs() ([]string, error)                                     { return nil, nil }
func (lax) Close() error                                                { return nil }

func (l lax) Do(*cases.Request) (*cases.Outcome, error) {
	return &cases.Outcome{Answered: true, FromUpstream: l.accept}, nil
}

// TestNotices: an engine that accepts or refuses everything does not pass.
func TestNotices(t *testing.T) {
	for _, accept := range []bool{true, false} {
		wrong := 0
		r, err := Run(context.Background(), Options{
			Specs: []string{"testdata/styles.yaml"}, Engines: []cases.Engine{lax{accept}}, Valid: 4, Faults: 40, Seed: 1, OnWrong: func(Wrong) { wrong++ },
		})
		if err != nil {
			t.Fatal(err)
		}
		want := r.Faults
		if !accept {
			want = r.Valid + r.Harmless
		}
		if r.Failed != want || wrong != want || want == 0 {
			t.Errorf("an engine that accepts %v failed %d times, want %d", accept, r.Failed, want)
		}
	}
}

// TestSeed: the same seed makes the same requests.
func TestSeed(t *testing.T) {
	run := func(seed uint64) string {
		var b strings.Builder
		_, err := Run(context.Background(), Options{
			Specs: []string{"testdata/styles.yaml"}, Engines: []cases.Engine{lax{true}}, Valid: 3, Faults: 20, Seed: seed,
			OnWrong: func(w Wrong) { b.WriteString(w.Request) },
		})
		if err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	if run(1) != run(1) || run(1) == run(2) {
		t.Errorf("seeds do not decide what is made")
	}
}

func TestReadings(t *testing.T) {
	tests := []struct {
		value *source.Node
		want  string
	}{
		{str("a"), `"a"`}, {str("1"), `"1" 1`}, {num("1.5"), `"1.5" 1.5`}, {str("true"), `"true" true`}, {str("01"), `"01"`}, {str("1e5"), `"1e5" 1e5`}, {str("-"), `"-"`},
	}
	for _, tt := range tests {
		var got []string
		for _, r := range readings(tt.value) {
			got = append(got, jsonText(r))
		}
		if text := strings.Join(got, " "); text != tt.want {
			t.Errorf("readings(%s) = %s, want %s", jsonText(tt.value), text, tt.want)
		}
	}
}

func TestCompilePattern(t *testing.T) {
	tests := []struct {
		src string
		ok  bool
	}{
		{"^[a-z]{3}$", true}, {`^\d+$`, true}, {`^\p{L}+$`, true}, {`^(?:a|b)$`, true}, {`[\u0041-\u005A]`, true},
		{"(?=a)", false}, {`(?<!a)b`, false}, {`\1`, false}, {`[[:alpha:]]`, false}, {`a\Z`, false}, {"[", false}, {`\cA`, false},
	}
	for _, tt := range tests {
		if _, ok := compilePattern(tt.src); ok != tt.ok {
			t.Errorf("compilePattern(%q) = %v, want %v", tt.src, ok, tt.ok)
		}
	}
}
