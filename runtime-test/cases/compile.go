package cases

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// Root returns the folder of the go.mod above the working directory.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if text, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil && bytes.HasPrefix(text, []byte("module portcullis")) {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("no go.mod of module portcullis above the working directory")
		}
		dir = up
	}
}

// CompileRequest is what a table is made from.
type CompileRequest struct {
	Specs  []string
	Policy string // path; "" = none
	Strict bool
}

// Compile makes a table. It runs the compiler as a user does, so that what the cases judge is what users get.
func Compile(ctx context.Context, r CompileRequest) ([]byte, error) {
	bin, err := schemagen()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "table")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "api.tbl")
	args := []string{"build", "-o", out, fmt.Sprintf("-strict=%v", r.Strict)}
	if r.Policy != "" {
		args = append(args, "-policy", r.Policy)
	}
	text, err := exec.CommandContext(ctx, bin, append(args, r.Specs...)...).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("compile %s: %w\n%s", strings.Join(r.Specs, " "), err, bytes.TrimSpace(text))
	}
	return os.ReadFile(out)
}

var schemagenOnce = sync.OnceValues(func() (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	bin := filepath.Join(root, ".tools", "schemagen")
	cmd := exec.Command("go", "build", "-o", bin, "./schemagen")
	cmd.Dir = root
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build schemagen: %w\n%s", err, bytes.TrimSpace(text))
	}
	return bin, nil
})

// schemagen builds the compiler once per process.
func schemagen() (string, error) { return schemagenOnce() }

var moduleOnce = sync.OnceValues(func() ([]byte, error) {
	root, err := Root()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("./build.sh")
	cmd.Dir = root
	if text, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("run build.sh: %w\n%s", err, bytes.TrimSpace(text))
	}
	return os.ReadFile(filepath.Join(root, "build", "filter.wasm"))
})

// Module builds the filter with build.sh, once per process, and returns its binary.
func Module() ([]byte, error) { return moduleOnce() }

// table returns the file's table.
func (f *File) table(ctx context.Context) ([]byte, error) {
	if f.Table != "" {
		return os.ReadFile(f.abs(f.Table))
	}
	r := CompileRequest{Strict: f.Strict == nil || *f.Strict}
	for _, s := range f.Specs {
		r.Specs = append(r.Specs, f.abs(s))
	}
	switch f.Policy.Kind {
	case 0:
	case yaml.ScalarNode:
		r.Policy = f.abs(f.Policy.Value)
	default:
		text, err := yaml.Marshal(&f.Policy)
		if err != nil {
			return nil, fmt.Errorf("policy: %w", err)
		}
		expanded, err := f.expand(string(text))
		if err != nil {
			return nil, fmt.Errorf("policy: %w", err)
		}
		dir, err := os.MkdirTemp("", "policy")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		r.Policy = filepath.Join(dir, "policy.yaml")
		if err := os.WriteFile(r.Policy, []byte(expanded), 0o600); err != nil {
			return nil, err
		}
	}
	key := fmt.Sprintf("%q %v %x", r.Specs, r.Strict, policyDigest(r.Policy))
	if t, ok := tables.Load(key); ok {
		return t.([]byte), nil
	}
	t, err := Compile(ctx, r)
	if err == nil {
		tables.Store(key, t)
	}
	return t, err
}

var tables sync.Map // digest of the inputs' names -> table, for one process

func policyDigest(path string) (sum [32]byte) {
	if text, err := os.ReadFile(path); err == nil {
		sum = sha256.Sum256(text)
	}
	return sum
}
