package compile

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"portcullis/schemagen/source"
)

// mutations is how many broken descriptions are built; MUTATIONS sets more.
const mutations = 300

// TestMutated builds descriptions in which one to three values have become
// values of another kind, or another's: no such thing may crash or hang.
func TestMutated(t *testing.T) {
	var roots []*source.Node
	seeds, _ := filepath.Glob("../openapi/testdata/*.in.yaml")
	for _, file := range append(seeds, "../../examples/shop/shop.yaml") {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := source.Parse(file, "", data)
		if err != nil {
			t.Fatal(err)
		}
		roots = append(roots, doc.Root)
	}
	n := mutations
	if s, err := strconv.Atoi(os.Getenv("MUTATIONS")); err == nil {
		n = s
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "api.json")
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		root := roots[i%len(roots)]
		var all []*source.Node
		collect(root, &all)
		swap := map[*source.Node]string{}
		for range 1 + rng.IntN(3) {
			swap[all[rng.IntN(len(all))]] = replacement(rng, all)
		}
		var b strings.Builder
		render(&b, root, swap)
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		func() {
			defer func() {
				if p := recover(); p != nil {
					t.Fatalf("%v\n%s", p, b.String())
				}
			}()
			if _, err := Build(Options{Specs: []string{path}}); err != nil {
				t.Fatalf("%v\n%s", err, b.String())
			}
		}()
	}
}

func collect(n *source.Node, out *[]*source.Node) {
	*out = append(*out, n)
	for _, c := range n.Items {
		collect(c, out)
	}
}

func replacement(rng *rand.Rand, all []*source.Node) string {
	odd := []string{`null`, `true`, `false`, `0`, `-1.5`, `1e400`, `""`, `"x"`, `"{"`, `"#/"`, `"#"`, `"#/paths"`, `[]`, `[null]`, `[[]]`, `{}`,
		`{"$ref":"#"}`, `{"$ref":1}`, `{"":{}}`, `{"type":["object","array","string"]}`, `"\u0000"`, `99999999999999999999`}
	if rng.IntN(3) > 0 {
		return odd[rng.IntN(len(odd))]
	}
	var b strings.Builder
	render(&b, all[rng.IntN(len(all))], nil)
	return b.String()
}

// render writes n as JSON with the nodes in swap replaced.
func render(b *strings.Builder, n *source.Node, swap map[*source.Node]string) {
	if text, ok := swap[n]; ok {
		b.WriteString(text)
		return
	}
	switch n.Kind {
	case source.Null:
		b.WriteString("null")
	case source.Bool:
		b.WriteString(strconv.FormatBool(n.Bool))
	case source.Number:
		b.WriteString(n.Text)
	case source.String:
		q, _ := json.Marshal(n.Text)
		b.Write(q)
	case source.Array, source.Object:
		open, end := byte('['), byte(']')
		if n.Kind == source.Object {
			open, end = '{', '}'
		}
		b.WriteByte(open)
		for i, c := range n.Items {
			if i > 0 {
				b.WriteByte(',')
			}
			if n.Kind == source.Object {
				q, _ := json.Marshal(n.Keys[i].Name)
				b.Write(q)
				b.WriteByte(':')
			}
			render(b, c, swap)
		}
		b.WriteByte(end)
	}
}
