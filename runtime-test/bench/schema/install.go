package schema

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// Versions of what the package managers install; those of Go stand in go.mod, those
// of Rust in rust/Cargo.toml.
const (
	ajvVersion         = "8.20.0"
	checkSchemaVersion = "0.39.0"
	rustVersion        = "0.61.2"
)

// install brings the peers into b.tools, if they are not there, and builds the
// workers.
func (b *bench) install(ctx context.Context) error {
	here := filepath.Join(b.Root, "runtime-test", "bench", "schema")
	js := filepath.Join(b.tools, "js")
	if err := os.MkdirAll(js, 0o755); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(js, "node_modules", "ajv", "package.json")); err != nil {
		if err := command(ctx, js, nil, "npm", "install", "--prefix", ".", "--no-audit", "--no-fund", "ajv@"+ajvVersion); err != nil {
			return err
		}
	}
	if err := command(ctx, filepath.Join(here, "rust"), []string{"CARGO_TARGET_DIR=" + filepath.Join(b.tools, "target")}, "cargo", "build", "--release", "--quiet", "--locked"); err != nil {
		return err
	}
	if err := command(ctx, filepath.Join(b.Root, "runtime-test", "bench"), nil, "go", "build", "-o", filepath.Join(b.Work, "peer"), "./schema/peer"); err != nil {
		return err
	}
	return command(ctx, filepath.Join(b.Root, "runtime-test", "bench"), []string{"GOOS=wasip1", "GOARCH=wasm"},
		"go", "build", "-buildmode=c-shared", "-ldflags=-w", "-o", filepath.Join(b.Work, "schema.wasm"), "./schema/guest")
}

// schemas returns a folder with the schemas that the Python package check-jsonschema
// carries, NAME.json.
func (b *bench) schemas() (string, error) {
	dir := filepath.Join(b.tools, "schemas-"+checkSchemaVersion)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	wheels, err := os.MkdirTemp(b.Work, "wheel")
	if err != nil {
		return "", err
	}
	if err := command(context.Background(), wheels, nil, "python3", "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "check-jsonschema=="+checkSchemaVersion); err != nil {
		return "", err
	}
	found, err := filepath.Glob(filepath.Join(wheels, "*.whl"))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("find the package check-jsonschema: found %d files, wanted 1", len(found))
	}
	if err := unpack(found[0], dir+".new"); err != nil {
		return "", err
	}
	return dir, os.Rename(dir+".new", dir)
}

// unpack writes the schemas of a wheel to dir, flat.
func unpack(wheel, dir string) error {
	z, err := zip.OpenReader(wheel)
	if err != nil {
		return err
	}
	defer z.Close()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, f := range z.File {
		if ok, _ := filepath.Match("check_jsonschema/builtin_schemas/vendor/*.json", f.Name); !ok {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return err
		}
		text, err := io.ReadAll(r)
		r.Close()
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(f.Name)), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func command(ctx context.Context, dir string, env []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	var text bytes.Buffer
	cmd.Stdout, cmd.Stderr = &text, &text
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("run %s: %w\n%s", cmd, err, text.Bytes())
	}
	return nil
}
