package param_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portcullis/filter/json"
	"portcullis/filter/param"
	"portcullis/filter/table"
	"portcullis/schemagen/compile"
)

// open compiles a description of one operation, GET or POST of one path.
func open(t testing.TB, operation string) (*table.Table, table.Op) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "api.yaml")
	text := "openapi: 3.2.0\ninfo: {title: t, version: '1'}\npaths:\n" + operation
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := compile.Build(compile.Options{Specs: []string{path}, Strict: true})
	if err != nil || r.Table == nil {
		t.Fatalf("compile: %v %v\n%s", err, r, text)
	}
	tab, e, at := table.Open(r.Table)
	if e != table.ErrNone {
		t.Fatalf("Open: %v at %d", e, at)
	}
	return tab, tab.Op(0)
}

func decoder() *param.Decoder {
	return param.New(param.Limits{TextBytes: 64 << 10, Values: 1024, Nodes: 2048, Depth: 32, Seed: 5}, json.NewParser(2048, 32))
}

// show writes the value at node as JSON with plain strings.
func show(t *json.Tape, node uint32) string {
	n := t.Nodes[node]
	switch n.Kind() {
	case json.KindArray:
		var out []string
		for i := node + 1; i < n.Ext; i = t.Next(i) {
			out = append(out, show(t, i))
		}
		return "[" + strings.Join(out, ",") + "]"
	case json.KindObject:
		var out []string
		for i := node + 1; i < n.Ext; i = t.Next(i + 1) {
			out = append(out, string(t.Text(i))+":"+show(t, i+1))
		}
		return "{" + strings.Join(out, ",") + "}"
	case json.KindString:
		return `"` + string(t.Text(node)) + `"`
	case json.KindNull, json.KindFalse, json.KindTrue:
		return [...]string{json.KindNull: "null", json.KindFalse: "false", json.KindTrue: "true"}[n.Kind()]
	}
	return string(t.Text(node))
}

// sound checks that the tape is one well-formed value inside its source.
func sound(t testing.TB, tape *json.Tape) {
	t.Helper()
	end := uint32(len(tape.Nodes))
	var check func(i, end uint32) uint32
	check = func(i, end uint32) uint32 {
		n := tape.Nodes[i]
		switch k := n.Kind(); k {
		case json.KindArray, json.KindObject:
			if n.Ext <= i || n.Ext > end {
				t.Fatalf("node %d ends at %d of %d", i, n.Ext, end)
			}
			at, count := i+1, uint32(0)
			for at < n.Ext {
				if k == json.KindObject {
					if tape.Nodes[at].Kind() != json.KindName {
						t.Fatalf("node %d is no name", at)
					}
					at++
				}
				at = check(at, n.Ext)
				count++
			}
			if count != n.Len {
				t.Fatalf("node %d has %d children, says %d", i, count, n.Len)
			}
			return n.Ext
		case json.KindName, 0:
			t.Fatalf("node %d has the kind %d", i, k)
		}
		_ = tape.Text(i)
		return i + 1
	}
	if end == 0 || check(0, end) != end {
		t.Fatalf("the tape is no single value: %d nodes", end)
	}
}
