package cel

import (
	"strings"
	"testing"

	eval "portcullis/filter/cel"
)

// BenchmarkEval is the evaluation alone: the tapes are there. The last two use up their
// steps, which is the most that a request can make an expression cost.
func BenchmarkEval(b *testing.B) {
	many := "[" + strings.Repeat("1,", 999) + "1]"
	long := `"` + strings.Repeat("a", 60000) + `"`
	for _, tt := range []struct {
		name, text string
		in         input
		want       eval.Result
	}{
		{"own", "claims.sub == path.id || 'admin' in claims.roles", input{claims: `{"iss":"https://login.example.com/","sub":"user-1","roles":["a","b"]}`, params: []string{`"user-1"`}}, eval.Yes},
		{"admin", "claims.sub == path.id || 'admin' in claims.roles", input{claims: `{"iss":"https://login.example.com/","sub":"user-2","roles":["a","admin"]}`, params: []string{`"user-1"`}}, eval.Yes},
		{"neither", "claims.sub == path.id || 'admin' in claims.roles", input{claims: `{"iss":"https://login.example.com/","sub":"user-2","roles":["a","b"]}`, params: []string{`"user-1"`}}, eval.No},
		{"all of 1000", "body.all(x, x >= 0.0)", input{body: many, params: []string{`"x"`}}, eval.Yes},
		{"pairs of 1000", "body.all(x, body.all(y, x == y))", input{body: many, params: []string{`"x"`}}, eval.Error},
		{"long texts", "body.all(x, body.all(y, x.contains(path.id)))", input{body: "[" + strings.Repeat(long+",", 9) + long + "]", params: []string{`"ab"`}}, eval.Error},
	} {
		b.Run(tt.name, func(b *testing.B) {
			a, problems := Compile(tt.text, generatorScope)
			if a == nil {
				b.Fatal(problems)
			}
			tab := tableOf(b, a)
			s := newSubject()
			s.set(b, &tt.in)
			s.machine = eval.NewMachine(tab, s.parser)
			var got eval.Result
			b.ReportAllocs()
			for b.Loop() {
				got = s.machine.Eval(tab, 0, &s.in)
			}
			if got != tt.want {
				b.Errorf("Eval = %d, want %d", got, tt.want)
			}
		})
	}
}
