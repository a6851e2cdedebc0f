package schema

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// input is one case before it is written for the workers.
type input struct {
	name   string
	schema any
	texts  [][]byte
}

// testCase is one that is ready in dir.
type testCase struct {
	name, dir string
	n, bytes  int // texts, and their mean size
}

// inputs gathers the cases: orders of a shop, schemas of well-known tools with
// documents of our own, and those schemas themselves by their metaschema.
func (b *bench) inputs() (out []input, err error) {
	shop, err := shopSchema(filepath.Join(b.Root, "runtime-test", "bench", "testdata", "orders.yaml"))
	if err != nil {
		return nil, err
	}
	for _, size := range []struct {
		name     string
		bytes, n int
	}{{"shop-1k", 1 << 10, 60}, {"shop-10k", 10 << 10, 12}, {"shop-50k", 50 << 10, 4}} {
		in := input{name: size.name, schema: shop}
		for seed := range size.n {
			body, err := shopBody(size.bytes, uint64(seed))
			if err != nil {
				return nil, err
			}
			in.texts = append(in.texts, body)
		}
		out = append(out, in)
	}
	schemas, err := b.schemas()
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(b.Root, "runtime-test", "bench", "schema", "testdata", "*.yaml"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		in := input{name: strings.TrimSuffix(filepath.Base(file), ".yaml")}
		if in.schema, err = readJSON(filepath.Join(schemas, in.name+".json")); err != nil {
			return nil, err
		}
		if in.texts, err = documents(file); err != nil {
			return nil, err
		}
		out = append(out, in)
		if in.name == "compose-spec" {
			many, err := enlarge(in.texts[0], "services", 12)
			if err != nil {
				return nil, err
			}
			out = append(out, input{name: in.name + "-L", schema: in.schema, texts: [][]byte{many}})
		}
		if in.name == "github-workflows" {
			many, err := enlarge(in.texts[0], "jobs", 8)
			if err != nil {
				return nil, err
			}
			out = append(out, input{name: in.name + "-L", schema: in.schema, texts: [][]byte{many}})
		}
	}
	meta := input{name: "draft-07"}
	if meta.schema, err = readJSON(filepath.Join(b.tools, "js", "node_modules", "ajv", "dist", "refs", "json-schema-draft-07.json")); err != nil {
		return nil, err
	}
	delete(meta.schema.(object), "$id") // ajv has one of that name
	for _, in := range out {
		text, err := json.Marshal(in.schema)
		if err != nil {
			return nil, err
		}
		if s, _ := in.schema.(object)["$schema"].(string); strings.Contains(s, "draft-07") && len(text) < 50<<10 && !strings.HasPrefix(in.name, "shop-10k") {
			meta.texts = append(meta.texts, text)
		}
	}
	out = append(out, meta)
	more, err := given(os.Getenv(corpusVariable))
	return append(out, more...), err
}

// corpusVariable names a folder with further cases: CASE/schema.json and
// CASE/instances.jsonl.
const corpusVariable = "BENCH_SCHEMAS"

func given(dir string) (out []input, err error) {
	if dir == "" {
		return nil, nil
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "schema.json"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		in := input{name: "+" + filepath.Base(filepath.Dir(file))}
		if in.schema, err = readJSON(file); err != nil {
			return nil, err
		}
		raw, err := os.ReadFile(filepath.Join(filepath.Dir(file), "instances.jsonl"))
		if err != nil {
			return nil, err
		}
		for line := range bytes.SplitSeq(raw, []byte("\n")) {
			if len(line) > 0 {
				in.texts = append(in.texts, line)
			}
		}
		out = append(out, in)
	}
	return out, nil
}

// documents reads the documents of a YAML file as JSON texts.
func documents(file string) (out [][]byte, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	d := yaml.NewDecoder(f)
	for {
		var v any
		if err := d.Decode(&v); errors.Is(err, io.EOF) {
			return out, nil
		} else if err != nil {
			return nil, fmt.Errorf("read %s: %w", file, err)
		}
		b, err := json.Marshal(v)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", file, err)
		}
		out = append(out, b)
	}
}

// enlarge repeats the members of one member n times, under other names.
func enlarge(text []byte, member string, n int) ([]byte, error) {
	v, err := decode(text)
	if err != nil {
		return nil, err
	}
	all, _ := v.(object)[member].(object)
	for name, value := range maps.Clone(all) {
		for i := range n - 1 {
			all[fmt.Sprintf("%s_%d", name, i)] = value
		}
	}
	return json.Marshal(v)
}

// write writes a case for the workers; its schema loses "format".
func (in *input) write(dir string) (c testCase, err error) {
	c = testCase{name: in.name, dir: filepath.Join(dir, in.name), n: len(in.texts)}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return c, err
	}
	text, err := json.Marshal(dropFormat(in.schema, false))
	if err != nil {
		return c, err
	}
	r := rand.New(rand.NewPCG(1, 2))
	var mutants [][]byte
	for i := range max(len(in.texts), 40) {
		m, err := mutate(in.texts[i%len(in.texts)], r)
		if err != nil {
			return c, fmt.Errorf("case %s: %w", in.name, err)
		}
		mutants = append(mutants, m)
	}
	for _, t := range in.texts {
		c.bytes += len(t)
	}
	c.bytes /= len(in.texts)
	blob, entry, err := Compile(text)
	if err != nil {
		return c, fmt.Errorf("case %s: %w", in.name, err)
	}
	table := append(binary.LittleEndian.AppendUint32(nil, entry), blob...)
	for name, b := range map[string][]byte{
		"schema.json": text, "schema.table": table,
		"instances.jsonl": bytes.Join(in.texts, []byte("\n")), "mutants.jsonl": bytes.Join(mutants, []byte("\n")),
	} {
		if err := os.WriteFile(filepath.Join(c.dir, name), b, 0o600); err != nil {
			return c, err
		}
	}
	return c, nil
}

// dropFormat removes the keyword format; a property may have that name.
func dropFormat(v any, properties bool) any {
	switch v := v.(type) {
	case object:
		out := object{}
		for k, w := range v {
			if _, text := w.(string); k == "format" && text && !properties {
				continue
			}
			out[k] = dropFormat(w, !properties && (k == "properties" || k == "patternProperties" || k == "definitions" || k == "$defs"))
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, w := range v {
			out[i] = dropFormat(w, false)
		}
		return out
	}
	return v
}

// mutate replaces one value, at any depth, by one of another type.
func mutate(text []byte, r *rand.Rand) ([]byte, error) {
	v, err := decode(text)
	if err != nil {
		return nil, err
	}
	var spots []func(any)
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case object:
			for _, k := range slices.Sorted(maps.Keys(v)) {
				spots = append(spots, func(w any) { v[k] = w })
				walk(v[k])
			}
		case []any:
			for i := range v {
				spots = append(spots, func(w any) { v[i] = w })
				walk(v[i])
			}
		}
	}
	walk(v)
	if len(spots) > 0 {
		spots[r.IntN(len(spots))]([]any{17, "??", true, []any{nil}, object{"??": 1}, nil}[r.IntN(6)])
	}
	return json.Marshal(v)
}

func readJSON(file string) (any, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	v, err := decode(text)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	return v, nil
}

func decode(text []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return v, d.Decode(&v)
}
