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
	m := map[string][]byte{
		"strings": []byte(`["` + strings.Repeat(strings.Repeat("all work and no play ", 20)+`","`, 25) + `"]`),
		"numbers": []byte("[" + strings.Repeat("12.5,1024,-3,0.001,1e5,", 400) + "0]"),
		"unicode": []byte(`["` + strings.Repeat("日本語テキスト é ", 200) + `"]`),
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

var corpusNames = []string{"order-1k", "order-10k", "order-pretty", "strings", "numbers", "unicode"}

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
