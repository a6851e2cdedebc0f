package isel

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	fjson "portcullis/filter/json"
	"portcullis/filter/schema"
	"portcullis/schemagen/diag"
	"portcullis/schemagen/dialect"
	"portcullis/schemagen/lower"
	"portcullis/schemagen/source"
)

// BenchmarkValidate judges the instances of the corpora that
// shared/bench/schema/prep_corpus.py makes; CORPUS_DIR is their folder.
func BenchmarkValidate(b *testing.B) {
	dir := os.Getenv("CORPUS_DIR")
	if dir == "" {
		b.Skip("CORPUS_DIR is not set: no corpora")
	}
	cases, _ := filepath.Glob(filepath.Join(dir, "*", "schema.json"))
	for _, f := range cases {
		name := filepath.Base(filepath.Dir(f))
		text, err := os.ReadFile(f)
		if err != nil {
			b.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(filepath.Dir(f), "instances.jsonl"))
		if err != nil {
			b.Fatal(err)
		}
		doc, err := source.Parse("s.json", "file:///s.json", text)
		if err != nil {
			b.Fatal(err)
		}
		var diags diag.List
		d, _ := dialect.ByName("draft7")
		s := lower.New(nil, lower.Options{SkipMetaschema: true, Formats: lower.FormatByVocabulary}, &diags).Schema(doc.Root, d, lower.Neutral)
		tab, entry, size := build(b, s, &diags)
		m := schema.NewMachine(schema.Limits{Nodes: 1 << 16})
		p := fjson.NewParser(1<<16, 600)
		var tapes []*fjson.Tape
		bytesAll := 0
		lines := bytes.Split(bytes.TrimSpace(data), []byte("\n"))
		for _, l := range lines {
			tape := fjson.NewTape(len(l) + 8)
			if st := p.Parse(tape, l, fjson.Options{}); st != fjson.StatusOK {
				b.Fatal(st)
			}
			bytesAll += len(l)
			tapes = append(tapes, tape)
		}
		b.Run(name+"/validate", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(bytesAll / len(lines)))
			i := 0
			for b.Loop() {
				m.Validate(tab, entry, tapes[i], 0)
				if i++; i == len(tapes) {
					i = 0
				}
			}
			b.ReportMetric(float64(size), "table-B")
		})
		b.Run(name+"/parse", func(b *testing.B) {
			b.SetBytes(int64(bytesAll / len(lines)))
			tape := fjson.NewTape(1 << 16)
			i := 0
			for b.Loop() {
				p.Parse(tape, lines[i], fjson.Options{})
				if i++; i == len(lines) {
					i = 0
				}
			}
		})
	}
}

// BenchmarkCompile compiles the corpora's schemas, from text to table.
func BenchmarkCompile(b *testing.B) {
	dir := os.Getenv("CORPUS_DIR")
	if dir == "" {
		b.Skip("CORPUS_DIR is not set: no corpora")
	}
	cases, _ := filepath.Glob(filepath.Join(dir, "*", "schema.json"))
	for _, f := range cases {
		text, err := os.ReadFile(f)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(filepath.Base(filepath.Dir(f)), func(b *testing.B) {
			for b.Loop() {
				doc, err := source.Parse("s.json", "file:///s.json", text)
				if err != nil {
					b.Fatal(err)
				}
				var diags diag.List
				d, _ := dialect.ByName("draft7")
				s := lower.New(nil, lower.Options{SkipMetaschema: true, Formats: lower.FormatByVocabulary}, &diags).Schema(doc.Root, d, lower.Neutral)
				build(b, s, &diags)
			}
		})
	}
}
