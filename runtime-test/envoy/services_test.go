package envoy

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// program is a server that a test runs, kills and starts again, always at the same
// address.
type program struct {
	t       *testing.T
	name    string
	binary  string
	args    []string
	env     []string
	healthy func() bool
	cmd     *exec.Cmd
	log     lockedBuffer
}

// tool is the path of a program that services.sh has installed. Without it the test is
// skipped, or fails where Envoy is required.
func tool(t *testing.T, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(root(t), ".tools", pattern))
	if err != nil || len(found) == 0 {
		text := fmt.Sprintf("no .tools/%s: run `make services-install`", pattern)
		if os.Getenv("PORTCULLIS_ENVOY") == "required" {
			t.Fatal(text)
		}
		t.Skip("skipped: " + text)
	}
	return found[len(found)-1]
}

// freeAddress is a loopback address that nobody listens at.
func freeAddress(t *testing.T) (address, port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return l.Addr().String(), port
}

// start runs the program and waits until it is healthy.
func (p *program) start() {
	p.t.Helper()
	p.cmd = exec.Command(p.binary, p.args...)
	p.cmd.Env = append(os.Environ(), p.env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	until(p.t, 20*time.Second, p.name, p.healthy)
}

// kill ends the program at once.
func (p *program) kill() {
	if p.cmd != nil {
		p.cmd.Process.Kill()
		p.cmd.Wait()
		p.cmd = nil
	}
}

func (p *program) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

func (p *program) clean() {
	p.kill()
	if p.t.Failed() {
		p.t.Logf("the log of %s ends:\n%s", p.name, tail(p.log.String(), 15))
	}
}

// startRedis runs a Redis that keeps nothing on disk.
func startRedis(t *testing.T) (p *program, address string) {
	t.Helper()
	address, port := freeAddress(t)
	p = &program{t: t, name: "Redis", binary: tool(t, "redis-*/redis-server"),
		args:    []string{"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", t.TempDir()},
		healthy: func() bool { return redisSays(address, "PING") == "+PONG" }}
	t.Cleanup(p.clean)
	p.start()
	return p, address
}

// redisSays sends one command and returns what comes back, without its last line end.
func redisSays(address, command string) string {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return ""
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(2 * time.Second))
	if _, err := c.Write([]byte(command + "\r\n")); err != nil {
		return ""
	}
	b := make([]byte, 1<<16)
	n, _ := c.Read(b)
	return strings.TrimRight(string(b[:n]), "\r\n")
}

// startRateLimit runs Envoy's rate limit service with one file of configuration.
func startRateLimit(t *testing.T, config, redis string) (p *program, address string) {
	t.Helper()
	dir := t.TempDir()
	folder := filepath.Join(dir, "ratelimit", "config")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "limits.yaml"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	address, port := freeAddress(t)
	web, webPort := freeAddress(t)
	_, debugPort := freeAddress(t)
	p = &program{t: t, name: "the rate limit service", binary: tool(t, "ratelimit-*/ratelimit"),
		env: []string{"HOST=127.0.0.1", "PORT=" + webPort, "DEBUG_HOST=127.0.0.1", "DEBUG_PORT=" + debugPort, "GRPC_HOST=127.0.0.1", "GRPC_PORT=" + port,
			"RUNTIME_ROOT=" + dir, "RUNTIME_SUBDIRECTORY=ratelimit", "RUNTIME_WATCH_ROOT=false", "USE_STATSD=false", "LOG_LEVEL=error",
			"BACKEND_TYPE=redis", "REDIS_SOCKET_TYPE=tcp", "REDIS_TYPE=SINGLE", "REDIS_URL=" + redis, "REDIS_TIMEOUT=1s"},
		healthy: func() bool {
			r, err := http.Get("http://" + web + "/healthcheck")
			if err != nil {
				return false
			}
			r.Body.Close()
			return r.StatusCode == 200
		}}
	t.Cleanup(p.clean)
	p.start()
	return p, address
}
