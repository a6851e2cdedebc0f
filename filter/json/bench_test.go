package json

import (
	"embed"
	"strings"
	"testing"
)

//go:embed testdata/bench
var benchFiles embed.FS

// corpora returns the bodies of the benchmarks: orders of a shop, compact and
// indented, and strings only.
func corpora() map[string][]byte {
	array := func(piece string, n int) []byte {
		return []byte(`["` + strings.TrimSuffix(strings.Repeat(piece+`","`, n), `","`) + `"]`)
	}
	m := map[string][]byte{
		"tiny":            []byte(`{"a":1}`),
		"numbers":         []byte("[" + strings.Repeat("12.5,1024,-3,0.001,1e5,", 400) + "0]"),
		"strings-short":   array(`all work","and no","play makes jack`, 200),
		"strings-long":    array(strings.Repeat("all work and no play ", 20), 25),
		"strings-escaped": array(`line one\nline two \u00fc three`, 200),
		"strings-unicode": array("日本語テキスト é ", 200),
	}
	for _, name := range []string{"order-1k", "order-10k", "order-pretty"} {
		src, err := benchFiles.ReadFile("testdata/bench/" + name + ".json")
		if err != nil {
			panic(err)
		}
		m[name] = src
	}
	return m
}

var corpusNames = []string{
	"tiny", "order-1k", "order-10k", "order-pretty",
	"numbers", "strings-short", "strings-long", "strings-escaped", "strings-unicode",
}

// BenchmarkParse parses with the kernel in use (asm on WebAssembly) and with
// plain Go.
func BenchmarkParse(b *testing.B) {
	kernels := []struct {
		name string
		run  func(*parseState)
	}{{"used", runKernel}, {"go", kernel}}
	files := corpora()
	for _, name := range corpusNames {
		for _, k := range kernels {
			b.Run(name+"/"+k.name, func(b *testing.B) {
				p, tape, src := NewParser(1<<14, 64), NewTape(1<<14), files[name]
				b.ReportAllocs()
				b.SetBytes(int64(len(src)))
				for b.Loop() {
					if status := p.parse(tape, src, Options{}, k.run); status != StatusOK {
						b.Fatal(status, p.ErrOffset)
					}
				}
			})
		}
	}
}

// BenchmarkScanStrings is the string scan alone.
func BenchmarkScanStrings(b *testing.B) {
	kernels := []struct {
		name string
		run  func([]byte, []Node) uint64
	}{{"used", runScanStrings}, {"go", scanStrings}}
	files := corpora()
	for _, name := range corpusNames {
		if !strings.HasPrefix(name, "strings-") {
			continue
		}
		for _, k := range kernels {
			b.Run(name+"/"+k.name, func(b *testing.B) {
				nodes, src := make([]Node, 1<<14), files[name]
				b.SetBytes(int64(len(src)))
				for b.Loop() {
					if k.run(src, nodes) == 0 {
						b.Fatal("refused")
					}
				}
			})
		}
	}
}
