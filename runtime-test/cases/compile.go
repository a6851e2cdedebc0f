package cases

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"portcullis/schemagen/compile"
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
	// Profile is the defaults that a policy starts from.
	Profile compile.Profile
}

// Compile makes a table. The error lists what the compiler found.
func Compile(r CompileRequest) ([]byte, error) {
	res, err := compile.Build(compile.Options{Specs: r.Specs, PolicyPath: r.Policy, Strict: r.Strict, Profile: r.Profile})
	if err != nil {
		return nil, fmt.Errorf("compile %s: %w", strings.Join(r.Specs, " "), err)
	}
	if res.Table == nil {
		var found strings.Builder
		for _, d := range res.Diags {
			found.WriteString("\n" + d.String())
		}
		return nil, fmt.Errorf("compile %s: no table:%s", strings.Join(r.Specs, " "), found.String())
	}
	return res.Table, nil
}

var moduleOnce = sync.OnceValues(func() ([]byte, error) { return build("", "filter.wasm") })

// Module builds the filter with build.sh, once per process, and returns its binary.
func Module() ([]byte, error) { return moduleOnce() }

var budgetOnce = sync.OnceValues(func() ([]byte, error) { return build("budget", "filter-budget.wasm") })

// BudgetModule builds the filter with the exports that tell about its memory.
func BudgetModule() ([]byte, error) { return budgetOnce() }

var leanOnce = sync.OnceValues(func() ([]byte, error) { return build("lean", "filter-lean.wasm") })

// LeanModule builds the filter without public-key cryptography and gRPC.
func LeanModule() ([]byte, error) { return leanOnce() }

// build runs build.sh and reads what it made, alone among the processes that do so: tests of several packages run at once.
func build(variant, name string) ([]byte, error) {
	root, err := Root()
	if err != nil {
		return nil, err
	}
	tools := filepath.Join(root, ".tools")
	if err := os.MkdirAll(tools, 0o755); err != nil {
		return nil, err
	}
	unlock, err := lock(filepath.Join(tools, "build.lock"))
	if err != nil {
		return nil, fmt.Errorf("lock the build: %w", err)
	}
	defer unlock()
	cmd := exec.Command("./build.sh")
	if variant != "" {
		cmd.Args = append(cmd.Args, variant)
	}
	cmd.Dir = root
	if text, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("run build.sh: %w\n%s", err, bytes.TrimSpace(text))
	}
	return os.ReadFile(filepath.Join(root, "build", name))
}

// table returns the file's table.
func (f *File) table() ([]byte, error) {
	if f.Table != "" {
		return os.ReadFile(f.abs(f.Table))
	}
	r := CompileRequest{Strict: f.Strict == nil || *f.Strict, Profile: f.profile}
	for _, s := range f.Specs {
		r.Specs = append(r.Specs, f.abs(s))
	}
	switch f.Policy.Kind {
	case 0:
	case yaml.ScalarNode:
		r.Policy = f.abs(f.Policy.Value)
	default:
		node, err := f.expandNode(&f.Policy)
		if err != nil {
			return nil, fmt.Errorf("policy: %w", err)
		}
		text, err := yaml.Marshal(node)
		if err != nil {
			return nil, fmt.Errorf("policy: %w", err)
		}
		dir, err := os.MkdirTemp("", "policy")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		r.Policy = filepath.Join(dir, "policy.yaml")
		if err := os.WriteFile(r.Policy, text, 0o600); err != nil {
			return nil, err
		}
	}
	key := fmt.Sprintf("%q %v %d %x", r.Specs, r.Strict, r.Profile, policyDigest(r.Policy))
	if t, ok := tables.Load(key); ok {
		return t.([]byte), nil
	}
	t, err := Compile(r)
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
