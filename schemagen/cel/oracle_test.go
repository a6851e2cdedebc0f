package cel

import (
	"flag"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	eval "portcullis/filter/cel"
)

var caseCount = flag.Int("cel-cases", 0, "generated cases beside cel-go; 0: 20000, or CEL_CASES of the environment")

// TestOracle: for generated expressions and inputs the module's answer (yes, no,
// error) is cel-go's. The seed is printed; CEL_SEED repeats a run.
func TestOracle(t *testing.T) {
	count := *caseCount
	if n, err := strconv.Atoi(os.Getenv("CEL_CASES")); err == nil && count == 0 {
		count = n
	}
	if count == 0 {
		count = 20000
	}
	seed := uint64(time.Now().UnixNano())
	if n, err := strconv.ParseUint(os.Getenv("CEL_SEED"), 10, 64); err == nil {
		seed = n
	}
	const inputs = 10
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 1))}
	s := newSubject()
	var results [3]int
	expressions, refused, differences := 0, map[string]int{}, 0
	for done := 0; done < count; {
		text := g.bool(4)
		a, sound, problems := compile(text, generatorScope)
		if a == nil {
			refused[problems[0].Code]++
			continue
		}
		expressions++
		prog, err := sound.env.Program(sound.ast)
		if err != nil { // a key that is null: cel-go makes no program of it
			expressions--
			refused["no program"]++
			continue
		}
		tab := tableOf(t, a)
		for range inputs {
			in := g.input()
			s.set(t, in)
			want := oracle(prog, in.bindings(t, generatorScope, sound.vars))
			got := s.judge(t, tab)
			if got == tooMuch {
				refused["too much to keep"]++
				continue
			}
			done++
			results[want]++
			if got != want {
				if differences++; differences > 10 {
					t.Fatalf("seed %d: too many differences", seed)
				}
				t.Errorf("%s\n  with %+v:\n  %d, want %d", text, *in, got, want)
			}
		}
	}
	t.Logf("seed %d: %d cases of %d expressions, %d yes, %d no, %d errors, %d differences, %d decided before the body; not compiled: %v", seed,
		results[0]+results[1]+results[2], expressions, results[eval.Yes], results[eval.No], results[eval.Error], differences, s.early, refused)
	if results[eval.Yes] < count/20 || results[eval.No] < count/20 {
		t.Errorf("results %v, want enough of each", results)
	}
}
