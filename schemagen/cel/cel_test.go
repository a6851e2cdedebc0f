package cel

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	eval "portcullis/filter/cel"
	"portcullis/schemagen/dump"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// TestProblems: what is wrong with an expression, and where in it.
func TestProblems(t *testing.T) {
	noParams := &Scope{NoParams: "inspect: headers judges no parameters", NoBody: "inspect: headers judges no body"}
	tests := []struct {
		text  string
		scope *Scope
		want  string // code line:col message
	}{
		{"", nil, "allow-syntax 1:1 cel-go: Syntax error"},
		{"claims.", nil, "allow-syntax 1:8 cel-go: Syntax error"},
		{"claims.sub ==\n  path.id &&", nil, "allow-syntax 2:"},
		{"claims.sub", nil, "allow-type 1:7 found an expression of type dyn, wanted bool"},
		{"1", nil, "allow-type 1:1 found an expression of type int, wanted bool"},
		{"path.id == 1", nil, "allow-type 1:9 cel-go: found no matching overload for '_==_' applied to '(string, int)'"},
		{"query.n == 1.0", nil, "allow-type 1:9 cel-go: found no matching overload for '_==_' applied to '(int, double)'"},
		{"user.id == 'x'", nil, "allow-name 1:1 cel-go: undeclared reference to 'user'"},
		{"path.userId == 'x'", nil, "allow-name 1:5 found path.userId, wanted a parameter that the operation declares"},
		{"true &&\n has(query.nope)", nil, "allow-name 2:5 found query.nope, wanted"},
		{"header['x-none'] == 'x'", nil, "allow-name 1:7 found header['x-none'], wanted"},
		{"path == claims", nil, "allow-unsupported 1:1 found path as a whole, wanted one parameter"},
		{"query[path.id] == 'x'", nil, "allow-unsupported 1:11 found a computed name of a parameter, wanted query['name']"},
		{"size(query) == 0", nil, "allow-unsupported 1:6 found query as a whole"},
		{"operation.verb == 'GET'", nil, "allow-name 1:10 found operation.verb, wanted operation.id"},
		{"consumer.key == 'x'", nil, "allow-name 1:9 found consumer.key, wanted consumer.name"},
		{"consumer == null", nil, "allow-unsupported 1:1 found consumer as a whole"},
		{"path.id == 'x'", noParams, "allow-name 1:5 found path.id, wanted an expression without parameters: inspect: headers judges no parameters"},
		{"body.x == 'x'", noParams, "allow-name 1:1 found body, wanted an expression without it: inspect: headers judges no body"},
		{"claims.roles.exists(body, body == 'x')", nil, "allow-name 1:20 found the loop variable body, wanted a name that means nothing else"},
		{"timestamp(claims.t) < timestamp('2027-01-01T00:00:00Z')", nil, "allow-unsupported 1:10 found timestamp(), wanted what the filter evaluates"},
		{"duration('1s') == duration('1s')", nil, "allow-unsupported 1:9 found duration()"},
		{"b'a' == b'a'", nil, "allow-unsupported 1:1 found bytes"},
		{"type(claims.x) == string", nil, "allow-unsupported 1:5 found type()"},
		{"claims.a + claims.b == 2.0", nil, "allow-unsupported 1:10 found + of what may be two lists, wanted numbers or strings"},
		{"[1] + [2] == [1, 2]", nil, "allow-unsupported 1:5 found + of what may be two lists"},
		{"claims.l.map(x, x) == []", nil, "allow-unsupported 1:13 found the macro map, wanted what the filter evaluates"},
		{"size(claims.l.filter(x, x == 1)) == 1", nil, "allow-unsupported 1:21 found the macro filter"},
		{"path.id.matches(claims.re)", nil, "allow-unsupported 1:23 found a computed pattern, wanted a literal string"},
		{"path.id.matches('(?m)^a')", nil, "allow-unsupported 1:17 found a pattern that can't be enforced exactly"},
		{"path.id.matches('(')", nil, "allow-unsupported 1:17 found a pattern that can't be enforced exactly: error parsing regexp"},
		{"{claims.a: 1}[path.id] == 1", nil, "allow-unsupported 1:8 found the key of a map that is no literal"},
		{"{'a': 1, 'a': 2}.a == 1", nil, "allow-unsupported 1:10 found a key twice in one map"},
		{"{1: 1, 1u: 2}[1] == 1", nil, "allow-unsupported 1:8 found a key twice in one map"},
		{"double(claims.x) == 1.0", nil, "allow-unsupported 1:7 found double() of what may be a string, wanted a number"},
		{"google.protobuf.Value{} == 1", nil, "allow-unsupported 1:"},
		{"has(claims.a) && has(path.id.x)", nil, "allow-type 1:"},
		{strings.Repeat("dyn(", 60) + "true" + strings.Repeat(")", 60), nil, "allow-"},
		{"true" + strings.Repeat(" && path.id == 'x'", 200), nil, "allow-unsupported 1:1 found an expression of 801 nodes, wanted at most 512"},
		{strings.Repeat(" ", 9000) + "true", nil, "allow-unsupported 1:1 found an expression of 9004 bytes, wanted at most 8192"},
		{"query.n == 1", nil, "allow-optional 1:1 found the optional parameter query.n without has(), wanted it to be asked for"},
		{"claims.l" + strings.Repeat(".all(x, claims.l", 9) + ".all(x, true)" + strings.Repeat(")", 9), nil, "allow-unsupported 1:"},
	}
	for _, tt := range tests {
		scope := tt.scope
		if scope == nil {
			scope = generatorScope
		}
		a, problems := Compile(tt.text, scope)
		found, all := false, ""
		for _, p := range problems {
			text := fmt.Sprintf("%s %d:%d %s", p.Code, p.Line, p.Col, p.Message)
			found = found || strings.HasPrefix(text, tt.want)
			all += "\n" + text
			if strings.Contains(p.Message, "\n") {
				t.Errorf("Compile(%q): message of several lines %q", tt.text, p.Message)
			}
		}
		if !found {
			t.Errorf("Compile(%.60q) =%s\nwant %s", tt.text, all, tt.want)
		}
		if warned := strings.HasPrefix(tt.want, CodeOptional); (a != nil) != warned {
			t.Errorf("Compile(%.60q) gave an expression = %v", tt.text, a != nil)
		}
	}
}

// TestGolden writes what expressions become.
func TestGolden(t *testing.T) {
	const file = "testdata/expressions.txt"
	source, err := os.ReadFile("testdata/expressions.cel")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, text := range strings.Split(strings.TrimSpace(string(source)), "\n") {
		a, problems := Compile(text, generatorScope)
		fmt.Fprintf(&out, "%s\n", text)
		for _, p := range problems {
			fmt.Fprintf(&out, "  %s %d:%d %s\n", p.Code, p.Line, p.Col, p.Message)
		}
		if a == nil {
			continue
		}
		var b bytes.Buffer
		if err := dump.Table(&b, tableOf(t, a), dump.Options{Programs: true}); err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(b.String(), "    allow ")
		_, rest, _ = strings.Cut(rest, "\n")
		nodes, _, _ := strings.Cut(rest, "\n\n")
		fmt.Fprintf(&out, "%s\n\n", strings.TrimRight(nodes, "\n"))
	}
	if *update {
		if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, out.Bytes()) {
		t.Errorf("%s differs: look at the change, then go test ./schemagen/cel -update", file)
	}
}

// FuzzCompile: any text is an expression that the module and cel-go agree about, or
// a problem.
func FuzzCompile(f *testing.F) {
	source, err := os.ReadFile("testdata/expressions.cel")
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range strings.Split(string(source), "\n") {
		f.Add(text, uint64(1))
	}
	s := newSubject()
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		a, sound, problems := compile(text, generatorScope)
		if a == nil {
			if len(problems) == 0 {
				t.Errorf("Compile(%q) gave neither an expression nor a problem", text)
			}
			return
		}
		prog, err := sound.env.Program(sound.ast)
		if err != nil {
			return
		}
		tab := tableOf(t, a)
		g := &generator{Rand: rand.New(rand.NewPCG(seed, 0))}
		for range 3 {
			in := g.input()
			s.set(t, in)
			want := oracle(prog, in.bindings(t, generatorScope, sound.vars))
			if got := s.judge(t, tab); got != want && got != tooMuch && got != eval.Error {
				t.Errorf("%s\n  with %+v:\n  %d, want %d", text, *in, got, want)
			}
		}
	})
}
