package oracle

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"portcullis/schemagen/dialect"
)

// generator makes schemas and values of a seed. It draws names, numbers and
// strings from short lists, so that values meet what schemas ask for.
type generator struct {
	*rand.Rand
	d    dialect.Dialect
	defs int // definitions of the root, targets of references
}

// drafts are the dialects that schemas are made in: those of the oracle.
var drafts = []dialect.Version{
	dialect.Draft4, dialect.Draft6, dialect.Draft7, dialect.Draft201909, dialect.Draft202012, dialect.Draft202012,
}

func newGenerator(seed uint64) *generator {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))}
	g.d = dialect.Of(drafts[g.IntN(len(drafts))])
	return g
}

var (
	names   = []string{"a", "b", "c", "foo", "bar", "", "é", "a/b", "x~y", "aa", "id"}
	strs    = []string{"", "a", "b", "foo", "bar", "aa", "ab", "é", "\U0001F600", "1", "x y", "line\nbreak", "~/"}
	numbers = []string{
		"0", "1", "2", "3", "-1", "1.0", "10e-1", "0.1e1", "-0", "-0.0", "1.5", "0.1", "0.3", "0.01", "12.345", "100", "1e2",
		"1e400", "1E+400", "-1e400", "1e-400", "9007199254740993", "9007199254740992", "18446744073709551616", "0.30000000000000000001",
	}
	divisors = []string{"1", "2", "0.1", "0.01", "1.5", "3", "1e-5", "1e2", "7", "1e400", "0.3"}
	patterns = []string{"^a", "a$", "^[a-c]+$", "o{2}", "^$", "^.$", "b|foo", "[0-9]", "^(a|b)*$", "a"}
	types    = []string{"null", "boolean", "object", "array", "number", "string", "integer"}
)

func pick[T any](g *generator, list []T) T { return list[g.IntN(len(list))] }

func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

// schema writes a whole schema with its definitions.
func (g *generator) schema() string {
	g.defs = g.IntN(4)
	m := append(g.anchors(), g.members(3)...)
	if uri := g.d.Rules().URI; g.chance(80) {
		m = append([]string{member("$schema", quote(uri))}, m...)
	}
	if g.defs > 0 {
		var defs []string
		for i := range g.defs {
			defs = append(defs, member("d"+strconv.Itoa(i), g.definition(i)))
		}
		m = append(m, member(g.defsKeyword(), object(defs)))
	}
	return object(m)
}

func (g *generator) defsKeyword() string {
	if g.has("$defs") {
		return "$defs"
	}
	return "definitions"
}

// definition is a schema, with a name of its own now and then. Names are in one
// list for all definitions, so that dynamic references have a choice.
func (g *generator) definition(i int) string {
	var m []string
	if id := g.d.Rules().IDKeyword; g.chance(25) {
		m = append(m, member(id, quote("res"+strconv.Itoa(i))))
		if g.chance(50) {
			inner := append(g.anchors(), g.members(1)...)
			m = append(m, member(g.defsKeyword(), object([]string{member("in", object(inner))})))
		}
	}
	m = append(m, g.anchors()...)
	if len(m) == 0 {
		return g.sub(2)
	}
	return object(append(m, g.members(2)...))
}

// anchors names a schema so that recursive and dynamic references find it.
func (g *generator) anchors() []string {
	switch {
	case g.has("$dynamicAnchor") && g.chance(30):
		return []string{member("$dynamicAnchor", quote(pick(g, anchors)))}
	case g.has("$anchor") && g.chance(15):
		return []string{member("$anchor", quote(pick(g, anchors)))}
	case g.has("$recursiveAnchor") && g.chance(30):
		return []string{member("$recursiveAnchor", strconv.FormatBool(g.chance(80)))}
	}
	return nil
}

var anchors = []string{"x", "y"}

func (g *generator) has(keyword string) bool { return g.d.Keyword(keyword) != nil }

func (g *generator) sub(depth int) string {
	if g.d.Rules().BooleanSchemas && g.chance(12) {
		return strconv.FormatBool(g.chance(60))
	}
	return object(g.members(depth))
}

// members writes the members of a schema object: a few keywords, most of them
// about one type.
func (g *generator) members(depth int) []string {
	var out []string
	used := map[string]bool{}
	add := func(keyword, value string) {
		if value != "" && g.has(keyword) && !used[keyword] {
			used[keyword] = true
			out = append(out, member(keyword, value))
		}
	}
	if depth > 0 && g.chance(12) {
		if ref := g.reference(); ref != "" {
			add("$ref", ref)
			if g.d.Rules().RefHidesSiblings && g.chance(80) {
				return out
			}
		}
	}
	if depth > 0 && g.chance(6) {
		g.dynamicReference(add)
	}
	if g.chance(35) {
		add("type", g.types())
	}
	for range 1 + g.IntN(4) {
		g.keyword(depth, add)
	}
	return out
}

func (g *generator) types() string {
	if g.chance(70) {
		return quote(pick(g, types))
	}
	return list(distinct(g, types, 1+g.IntN(3), quote))
}

func (g *generator) reference() string {
	switch n := g.IntN(100); {
	case n < 10:
		return quote("#")
	case g.defs == 0:
		return ""
	case n < 25:
		return quote("res" + strconv.Itoa(g.IntN(g.defs)))
	case n < 32 && g.has("$anchor"):
		return quote("#" + pick(g, anchors))
	}
	return quote("#/" + g.defsKeyword() + "/d" + strconv.Itoa(g.IntN(g.defs)))
}

// dynamicReference adds $dynamicRef or $recursiveRef where there is one.
func (g *generator) dynamicReference(add func(keyword, value string)) {
	add("$recursiveRef", quote("#"))
	to := "#" + pick(g, anchors)
	if g.defs > 0 && g.chance(30) {
		to = "res" + strconv.Itoa(g.IntN(g.defs)) + to
	}
	add("$dynamicRef", quote(to))
}

// keyword adds a keyword, or several that belong together. It is long because
// it is a table.
func (g *generator) keyword(depth int, add func(keyword, value string)) {
	count := func() string { return strconv.Itoa(g.IntN(4)) }
	subs := func() string {
		return g.listOf(1+g.IntN(3), func() string { return g.sub(depth - 1) })
	}
	named := func() string {
		return g.objectOf(1+g.IntN(3), names, func() string { return g.sub(depth - 1) })
	}
	n := 34
	if depth <= 0 {
		n = 15 // those without subschemas
	}
	switch g.IntN(n) {
	case 0:
		add("enum", g.listOf(1+g.IntN(4), func() string { return g.value(2) }))
	case 1:
		add("const", g.value(2))
	case 2:
		add("multipleOf", pick(g, divisors))
	case 3, 4:
		g.bounds(add)
	case 5:
		add("minLength", count())
	case 6:
		add("maxLength", count())
	case 7:
		add("pattern", quote(pick(g, patterns)))
	case 8:
		add("minItems", count())
	case 9:
		add("maxItems", count())
	case 10:
		add("uniqueItems", strconv.FormatBool(g.chance(80)))
	case 11:
		add("minProperties", count())
	case 12:
		add("maxProperties", count())
	case 13:
		add("required", list(distinct(g, names, 1+g.IntN(2), quote)))
	case 14:
		add("dependentRequired", g.objectOf(1, names, func() string { return list(distinct(g, names, 1+g.IntN(2), quote)) }))
	case 15, 16, 17:
		add("properties", named())
	case 18:
		add("patternProperties", g.objectOf(1+g.IntN(2), patterns, func() string { return g.sub(depth - 1) }))
	case 19:
		add("additionalProperties", g.rest(depth))
	case 20:
		add("propertyNames", g.sub(depth-1))
	case 21, 22:
		g.items(depth, add)
	case 23:
		add("contains", g.sub(depth-1))
		if g.chance(50) {
			add("minContains", count())
		}
		if g.chance(50) {
			add("maxContains", count())
		}
	case 24:
		add("allOf", subs())
	case 25, 26:
		add("anyOf", subs())
	case 27:
		add("oneOf", subs())
	case 28:
		add("not", g.sub(depth-1))
	case 29:
		add("if", g.sub(depth-1))
		add("then", g.sub(depth-1))
		add("else", g.sub(depth-1))
	case 30:
		add("dependentSchemas", named())
	case 31:
		add("dependencies", g.objectOf(1, names, func() string {
			if g.chance(50) {
				return list(distinct(g, names, 1+g.IntN(2), quote))
			}
			return g.sub(depth - 1)
		}))
	case 32:
		add("unevaluatedProperties", g.rest(depth))
	case 33:
		add("unevaluatedItems", g.rest(depth))
	}
}

// rest is a schema for what is left: false more often than not.
func (g *generator) rest(depth int) string {
	if g.chance(50) {
		return "false"
	}
	return g.sub(depth - 1)
}

func (g *generator) bounds(add func(keyword, value string)) {
	lower, upper := pick(g, numbers), pick(g, numbers)
	exclusive := func() string { return strconv.FormatBool(g.chance(60)) }
	old := g.d.Rules().BooleanExclusive
	if g.chance(50) {
		if add("minimum", lower); old && g.chance(50) {
			add("exclusiveMinimum", exclusive())
		}
	}
	if g.chance(50) {
		if add("maximum", upper); old && g.chance(50) {
			add("exclusiveMaximum", exclusive())
		}
	}
	if !old && g.chance(40) {
		add(pick(g, []string{"exclusiveMinimum", "exclusiveMaximum"}), pick(g, numbers))
	}
}

func (g *generator) items(depth int, add func(keyword, value string)) {
	tuple := func() string { return g.listOf(1+g.IntN(3), func() string { return g.sub(depth - 1) }) }
	if g.d.Rules().Items == dialect.ItemsPrefix {
		if g.chance(60) {
			add("prefixItems", tuple())
		}
		if g.chance(60) {
			add("items", g.rest(depth))
		}
		return
	}
	if g.chance(50) {
		add("items", tuple())
		if g.chance(60) {
			add("additionalItems", g.rest(depth))
		}
		return
	}
	add("items", g.sub(depth-1))
}

// value writes a JSON value.
func (g *generator) value(depth int) string {
	n := 8
	if depth <= 0 {
		n = 5
	}
	switch g.IntN(n) {
	case 0:
		return pick(g, []string{"null", "true", "false"})
	case 1, 2:
		return pick(g, numbers)
	case 3, 4:
		return g.text(pick(g, strs))
	case 5, 6:
		return g.objectOf(g.IntN(4), names, func() string { return g.value(depth - 1) })
	}
	items := make([]string, g.IntN(4))
	for i := range items {
		if i > 0 && g.chance(30) { // equal elements, for uniqueItems
			items[i] = items[i-1]
			continue
		}
		items[i] = g.value(depth - 1)
	}
	return list(items)
}

// text writes a string, escaped in ways that mean the same.
func (g *generator) text(s string) string {
	if !g.chance(15) {
		return quote(s)
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		if r > 0xFFFF {
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xD800+r>>10, 0xDC00+r&0x3FF)
			continue
		}
		fmt.Fprintf(&b, `\u%04X`, r)
	}
	b.WriteByte('"')
	return b.String()
}

func (g *generator) listOf(n int, item func() string) string {
	items := make([]string, n)
	for i := range items {
		items[i] = item()
	}
	return list(items)
}

func (g *generator) objectOf(n int, from []string, value func() string) string {
	var m []string
	for _, name := range distinct(g, from, n, func(s string) string { return s }) {
		m = append(m, member(name, value()))
	}
	return object(m)
}

// distinct picks n of a list, each once.
func distinct(g *generator, from []string, n int, write func(string) string) []string {
	var out []string
	for _, i := range g.Perm(len(from))[:min(n, len(from))] {
		out = append(out, write(from[i]))
	}
	return out
}

func member(name, value string) string { return quote(name) + ":" + value }
func object(members []string) string   { return "{" + strings.Join(members, ",") + "}" }
func list(items []string) string       { return "[" + strings.Join(items, ",") + "]" }

// quote writes s, which is one of ours, as a JSON string.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}
