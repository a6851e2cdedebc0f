package emit

import (
	"regexp"
	"strings"
	"testing"

	"portcullis/filter/route"
	"portcullis/filter/table"
	"portcullis/filter/verdict"
	"portcullis/schemagen/ir"
)

// FuzzCapture matches segments against templates with several expressions, beside
// greedy regular expressions.
func FuzzCapture(f *testing.F) {
	templates := []string{"{a}.{b}", "{a}.json", "x{a}", "{a}-{b}-{c}", "v{a}--{b}", "{a}ab{b}a", "p{a}.{b}.q"}
	a := &ir.API{Name: "a", Mode: ir.ModeEnforce, Mounts: []ir.Mount{{}}}
	var refs []*regexp.Regexp
	for i, t := range templates {
		op(a, "GET /"+string(rune('a'+i))+"/"+t)
		re := regexp.QuoteMeta(t)
		re = regexp.MustCompile(`\\\{.\\\}`).ReplaceAllString(re, "(.+)")
		refs = append(refs, regexp.MustCompile("^(?s:"+re+")$"))
	}
	out, err := Table(&ir.Build{APIs: []*ir.API{a}}, noSchemas{}, NewStrings())
	if err != nil {
		f.Fatal(err)
	}
	tab, e, _ := table.Open(out)
	if e != table.ErrNone {
		f.Fatal(e)
	}
	for i, s := range []string{"a.b.c", ".json", "x", "1-2-3-4", "v---", "ababa", "p.q.q", "a..b", "p1.2.3.q"} {
		f.Add(s, uint8(i))
	}
	p, m := route.NewPath(512), &route.Match{}
	f.Fuzz(func(t *testing.T, seg string, which uint8) {
		i := int(which) % len(templates)
		if p.Parse([]byte("/"+string(rune('a'+i))+"/"+seg)) != verdict.Allow || p.N != 2 || p.HasQuery || strings.Contains(seg, "%") {
			return
		}
		want := refs[i].FindStringSubmatch(seg)
		_, got := route.Find(tab, []byte("h"), []byte("GET"), p, m)
		if (got == route.Found) != (want != nil) {
			t.Fatalf("%q for %s: found %v, want %v", seg, templates[i], got == route.Found, want)
		}
		for j := 0; want != nil && j < m.N; j++ {
			if string(m.Captures[j]) != want[j+1] || string(m.Raw(p, j)) != want[j+1] {
				t.Fatalf("%q for %s: %q, want %q", seg, templates[i], m.Captures[:m.N], want[1:])
			}
		}
	})
}
