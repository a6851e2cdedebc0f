package cel

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"cel.dev/cel-go/common/types"

	"portcullis/filter/table"
)

// generatorScope is the operation that generated expressions are for.
var generatorScope = &Scope{
	Params: []Param{
		{Place: "path", Name: "id", Ordinal: 0, Type: types.StringType, Required: true},
		{Place: "query", Name: "n", Ordinal: 1, Type: types.IntType, Numbers: table.ExprAsInt},
		{Place: "query", Name: "f", Ordinal: 2, Type: types.DoubleType, Numbers: table.ExprAsDouble},
		{Place: "query", Name: "on", Ordinal: 3, Type: types.BoolType},
		{Place: "query", Name: "tags", Ordinal: 4, Type: types.NewListType(types.StringType)},
		{Place: "header", Name: "x-any", Ordinal: 5, Type: types.DynType},
		{Place: "cookie", Name: "o", Ordinal: 6, Type: types.NewMapType(types.StringType, types.DynType)},
	},
	ID: "getOrder", Method: "GET", Path: "/orders/{id}", Tags: []string{"orders", "a"},
}

var (
	words    = []string{"", "a", "b", "ab", "aba", "admin", "x", "\u00e9", "\U0001f600", "user-1", "1", "-1", "1.5", "true", "a\nb", "\\", "/a/"}
	names    = []string{"a", "b", "sub", "roles", "n"}
	ints     = []string{"0", "1", "2", "3", "4", "7", "10", "-5", "42", "0", "1", "2", "-1", "5", "100", "9223372036854775807", "-9223372036854775808", "9007199254740993", "9007199254740992"}
	uints    = []string{"0u", "1u", "2u", "18446744073709551615u", "9007199254740993u"}
	floats   = []string{"0.0", "1.0", "2.0", "-1.0", "0.5", "1.5", "1e300", "9007199254740992.0", "9223372036854775807.0", "-0.0", "5e-324"}
	patterns = []string{"^a", "a$", "a|b", "^[a-z]+$", "(?i)ADMIN", "^$", ".", "a.b", "a(?s:.)b", `\d`, `\bx\b`, "^(a|b){1,2}$", "[^a]", `\x{e9}`, "(ab)*", `\p{Lu}`, `^\w+-\d+$`}
)

var jsonNumbers = []string{"0", "1", "2", "-1", "5", "1.0", "1.5", "0.5e1", "100", "-0", "9007199254740993", "-9007199254740993", "9223372036854775807", "1e-7", "0.1"}

// generator writes expressions.
type generator struct {
	*rand.Rand
	vars []string
}

func pick[T any](g *rand.Rand, list []T) T { return list[g.IntN(len(list))] }

func (g *generator) quote(s string) string { return strconv.Quote(s) }

// bool writes an expression that is most often a boolean.
func (g *generator) bool(d int) string {
	if d <= 0 {
		return pick(g.Rand, []string{"true", "false", "query.on", "has(query.n)", "has(consumer.name)", "consumer.name == 'acme'", "has(claims.a)", "has(query.on)", "claims.b == true"})
	}
	d--
	switch g.IntN(24) {
	case 0, 1, 2:
		return "(" + g.bool(d) + " && " + g.bool(d) + ")"
	case 3, 4, 5:
		return "(" + g.bool(d) + " || " + g.bool(d) + ")"
	case 6:
		return "!" + g.bool(d)
	case 7:
		return "(" + g.bool(d) + " ? " + g.bool(d) + " : " + g.bool(d) + ")"
	case 8, 9, 10:
		return "(" + g.any(d) + pick(g.Rand, []string{" == ", " != "}) + g.any(d) + ")"
	case 11, 12:
		op := pick(g.Rand, []string{" < ", " <= ", " > ", " >= "})
		return "(" + g.number(d) + op + g.number(d) + ")"
	case 13:
		op := pick(g.Rand, []string{" < ", " <= ", " > ", " >= "})
		return "(" + g.string(d) + op + g.string(d) + ")"
	case 14, 15:
		return "(" + g.any(d) + " in " + g.list(d) + ")"
	case 16:
		return "(" + g.any(d) + " in " + pick(g.Rand, []string{g.dyn(d), g.named("roles")}) + ")"
	case 17:
		return g.string(d) + pick(g.Rand, []string{".startsWith(", ".endsWith(", ".contains("}) + g.string(d) + ")"
	case 18:
		return g.string(d) + ".matches(" + g.quote(pick(g.Rand, patterns)) + ")"
	case 19, 20, 21:
		v := "v" + strconv.Itoa(len(g.vars))
		over := g.list(d)
		switch g.IntN(6) {
		case 0:
			over = g.dyn(d)
		case 1, 2:
			over = g.named("roles")
		}
		g.vars = append(g.vars, v)
		test := g.bool(d)
		g.vars = g.vars[:len(g.vars)-1]
		return over + pick(g.Rand, []string{".all(", ".exists(", ".exists_one("}) + v + ", " + test + ")"
	case 22:
		return "has(" + g.dyn(d) + "." + pick(g.Rand, names) + ")"
	}
	return "(" + pick(g.Rand, []string{g.dyn(d), g.named("b")}) + " || " + g.bool(d) + ")"
}

// any writes a value of any type.
func (g *generator) any(d int) string {
	switch g.IntN(9) {
	case 0, 1:
		return g.string(d)
	case 2:
		return g.number(d)
	case 3:
		return g.list(d)
	case 4:
		return g.bool(d - 1)
	case 5:
		return "null"
	case 6:
		return g.mapping(d)
	}
	return g.dyn(d)
}

func (g *generator) string(d int) string {
	if d <= 0 || g.IntN(2) == 0 {
		return pick(g.Rand, []string{"path.id", "consumer.plan", "operation.id", "operation.method", g.quote(pick(g.Rand, words)), g.quote(pick(g.Rand, words))})
	}
	d--
	switch g.IntN(6) {
	case 0:
		return "(" + g.string(d) + " + " + g.string(d) + ")"
	case 1:
		return "string(" + g.any(d) + ")"
	case 2:
		return "(" + g.bool(d) + " ? " + g.string(d) + " : " + g.string(d) + ")"
	}
	return "(" + g.named("sub") + " + " + g.quote(pick(g.Rand, words)) + ")"
}

// named writes a member of something whose members often are what their names say.
func (g *generator) named(name string) string {
	roots := []string{"claims", "claims", "body", "cookie.o"}
	if len(g.vars) > 0 {
		roots = append(roots, g.vars[len(g.vars)-1])
	}
	return "dyn(" + pick(g.Rand, roots) + "." + name + ")"
}

func (g *generator) number(d int) string {
	switch g.IntN(4) {
	case 0:
		return g.int(d)
	case 1:
		return g.double(d)
	case 2:
		return g.uint(d)
	}
	return g.named("n")
}

func (g *generator) int(d int) string {
	if d <= 0 || g.IntN(3) == 0 {
		return pick(g.Rand, []string{"query.n", pick(g.Rand, ints), pick(g.Rand, ints)})
	}
	d--
	switch g.IntN(6) {
	case 0:
		return "size(" + pick(g.Rand, []string{g.string(d), g.list(d), g.dyn(d), g.mapping(d)}) + ")"
	case 1:
		return "int(" + pick(g.Rand, []string{g.string(d), g.number(d), g.dyn(d)}) + ")"
	case 2:
		return "-(" + g.int(d) + ")"
	}
	return "(" + g.int(d) + pick(g.Rand, []string{" + ", " - ", " * ", " / ", " % "}) + g.int(d) + ")"
}

func (g *generator) uint(d int) string {
	if d <= 0 || g.IntN(3) == 0 {
		return pick(g.Rand, uints)
	}
	d--
	if g.IntN(3) == 0 {
		return "uint(" + pick(g.Rand, []string{g.string(d), g.number(d)}) + ")"
	}
	return "(" + g.uint(d) + pick(g.Rand, []string{" + ", " - ", " * ", " / ", " % "}) + g.uint(d) + ")"
}

func (g *generator) double(d int) string {
	if d <= 0 || g.IntN(3) == 0 {
		return pick(g.Rand, []string{"query.f", pick(g.Rand, floats), pick(g.Rand, floats)})
	}
	d--
	switch g.IntN(4) {
	case 0:
		return "double(" + pick(g.Rand, []string{g.int(d), g.uint(d), g.double(d)}) + ")"
	case 1:
		return "(" + g.dyn(d) + pick(g.Rand, []string{" + ", " - ", " * ", " / "}) + g.double(d) + ")"
	}
	return "(" + g.double(d) + pick(g.Rand, []string{" + ", " - ", " * ", " / "}) + g.double(d) + ")"
}

func (g *generator) list(d int) string {
	if d <= 0 || g.IntN(3) == 0 {
		return pick(g.Rand, []string{"query.tags", "consumer.scopes", "[]", "operation.tags", "['a', 'admin']", "[1, 2.0, 5u]", "claims.roles"})
	}
	var out []string
	for range g.IntN(4) {
		out = append(out, g.any(d-1))
	}
	return "[" + strings.Join(out, ", ") + "]"
}

func (g *generator) mapping(d int) string {
	if d <= 0 {
		return "{}"
	}
	var out []string
	for i := range g.IntN(3) {
		out = append(out, pick(g.Rand, [][]string{{"'a'", "1", "true", "2u"}, {"'b'", "0", "false", "7"}, {"'sub'", "5", "'1'", "3u"}}[i])+": "+g.any(d-1))
	}
	return "{" + strings.Join(out, ", ") + "}"
}

// dyn writes a value whose type only the request knows.
func (g *generator) dyn(d int) string {
	roots := []string{"claims", "claims", "body", "header['x-any']", "cookie.o", "consumer.attributes"}
	if len(g.vars) > 0 && g.IntN(2) == 0 {
		roots = g.vars
	}
	s := pick(g.Rand, roots)
	n := pick(g.Rand, []int{0, 1, 1, 1, 2})
	if s == "claims" || s == "cookie.o" || s == "consumer.attributes" {
		n++
	}
	for range n {
		switch k := g.IntN(8); {
		case k < 6:
			s += "." + pick(g.Rand, names)
		case k == 6:
			s += fmt.Sprintf("[%d]", g.IntN(3))
		case d > 0:
			s += "[" + pick(g.Rand, []string{g.string(0), g.number(0), g.any(d - 2)}) + "]"
		}
	}
	return "dyn(" + s + ")"
}

// json writes a JSON value of at most depth d.
func (g *generator) json(d int) string {
	k := g.IntN(13)
	if d <= 0 {
		k = g.IntN(7)
	}
	switch k {
	case 0:
		return "null"
	case 1:
		return pick(g.Rand, []string{"true", "false"})
	case 2, 3:
		return pick(g.Rand, jsonNumbers)
	case 4, 5, 6:
		return g.jsonString(pick(g.Rand, words))
	case 7, 8:
		var out []string
		for range g.IntN(4) {
			out = append(out, g.json(d-1))
		}
		return "[" + strings.Join(out, ",") + "]"
	}
	return g.object(d, "")
}

// object writes an object; more is a member more.
func (g *generator) object(d int, more string) string {
	out := []string{}
	if more != "" {
		out = append(out, more)
	}
	for _, n := range names {
		if g.IntN(5) != 0 {
			out = append(out, g.jsonString(n)+":"+g.member(n, d-1))
		}
	}
	g.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return "{" + strings.Join(out, ", ") + "}"
}

// member writes the value of a member: most often of the type that expressions
// expect of its name.
func (g *generator) member(name string, d int) string {
	if g.IntN(5) == 0 {
		return g.json(d)
	}
	switch name {
	case "sub":
		return g.jsonString(pick(g.Rand, words))
	case "n":
		return pick(g.Rand, jsonNumbers)
	case "b":
		return pick(g.Rand, []string{"true", "false"})
	case "roles":
		var out []string
		for range g.IntN(4) {
			out = append(out, g.jsonString(pick(g.Rand, words)))
		}
		return "[" + strings.Join(out, ",") + "]"
	}
	return g.json(d)
}

// jsonString writes s, sometimes with escapes that need not be.
func (g *generator) jsonString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r < 0x10000 && (r < ' ' || r == '"' || r == '\\' || g.IntN(6) == 0):
			fmt.Fprintf(&b, `\u%04x`, r)
		case r >= 0x10000 && g.IntN(2) == 0:
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// input writes one set of inputs.
func (g *generator) input() *input {
	in := &input{params: make([]string, len(generatorScope.Params)), consumer: g.IntN(3) != 0}
	if g.IntN(8) != 0 {
		more := ""
		if g.IntN(4) == 0 {
			more = `"huge":` + pick(g.Rand, []string{"1e400", "-1e309", "9007199254740993.5", "18446744073709551616", "1e16", "123456789012345678901234567890"})
		}
		in.claims = g.object(3, more)
	}
	if g.IntN(6) != 0 {
		in.body = g.json(3)
	}
	set := func(i int, text string) {
		if generatorScope.Params[i].Required || g.IntN(4) != 0 {
			in.params[i] = text
		}
	}
	set(0, g.jsonString(pick(g.Rand, words)))
	set(1, pick(g.Rand, []string{"0", "1", "2", "-1", "5", "5.0", "2e0", "100", "9223372036854775807", "-9223372036854775808", "9007199254740993", "9007199254740993.0", "1e18"}))
	set(2, pick(g.Rand, []string{"0", "1", "1.5", "-1", "0.5", "5e-324", "1e-400", "100"}))
	set(3, pick(g.Rand, []string{"true", "false"}))
	tags := []string{}
	for range g.IntN(3) {
		tags = append(tags, g.jsonString(pick(g.Rand, words)))
	}
	set(4, "["+strings.Join(tags, ",")+"]")
	set(5, g.json(2))
	set(6, g.object(2, ""))
	return in
}
