package cases

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Engine is something that judges requests with the filter.
type Engine interface {
	// Name is native, wazero, proxytest or envoy.
	Name() string
	// Load makes an instance with a table and configuration. An error that is no failure of the machinery but the filter's refusal to load
	// wraps ErrRefusedLoad.
	Load(ctx context.Context, s Setup) (Instance, error)
}

// Instance is a loaded filter in its proxy. Calls come one at a time.
type Instance interface {
	// Do sends a request and waits until it is answered, reset, or beyond hope.
	Do(r *Request) (*Outcome, error)
	// Now is the clock that tokens are minted against.
	Now() time.Time
	// Advance moves the clock, or waits; ErrUnsupported when the engine can do neither.
	Advance(d time.Duration) error
	// Metrics returns the values of the named metrics, without a host's prefix; a metric that does not exist is 0.
	Metrics(names []string) (map[string]int64, error)
	// Logs returns what the filter has logged so far.
	Logs() ([]string, error)
	Close() error
}

// ErrUnsupported says that an engine can't do what a case asks for: the case should name its engines.
var ErrUnsupported = errors.New("engine cannot do that")

// ErrRefusedLoad says that the filter refused table or configuration.
var ErrRefusedLoad = errors.New("filter refused to load")

func unsupported(what string) error { return fmt.Errorf("%w: %s", ErrUnsupported, what) }

// Setup is what an instance is made of.
type Setup struct {
	Table  []byte
	Config map[string]any // plugin configuration without "table"
	Host   HostOptions
	Calls  map[string]Call
	Dir    string // of the case file
}

// Hold returns how the plugin is told to hold requests: "stop" or "buffer".
func (s *Setup) Hold() string {
	if h, ok := s.Config["hold"].(string); ok {
		return h
	}
	return "stop"
}

// StopIteration reports whether the proxy allows a stop in the header callback.
func (s *Setup) StopIteration() bool {
	if s.Host.StopIteration != nil {
		return *s.Host.StopIteration
	}
	return s.Hold() == "stop"
}

// BufferFilter reports whether the proxy has the buffer filter behind the plugin.
func (s *Setup) BufferFilter() bool {
	if s.Host.BufferFilter != nil {
		return *s.Host.BufferFilter
	}
	return s.Hold() == "buffer"
}

// Header is a field of a request or an answer.
type Header struct{ Name, Value string }

// Request is a request as it goes over the wire.
type Request struct {
	Method, Scheme, Host, Path string
	Headers                    []Header // without pseudo-headers; with Content-Length where the body has a known length
	HasBody                    bool
	Chunked                    bool // no Content-Length: HTTP/1.1 would use chunked coding
	Chunks                     [][]byte
	Trailers                   []Header
	Reset                      bool
	Stall                      time.Duration
	Answer                     Answer // the upstream's
}

// Answer is a whole response.
type Answer struct {
	Status  int
	Headers []Header
	Body    []byte
}

// Outcome is what became of a request.
type Outcome struct {
	Answered     bool // the client got an answer, complete
	FromUpstream bool // and it is the upstream's
	Answer       Answer
	Upstream     Upstream
	Detail       string // for people: why there is no answer, what failed
}

// Upstream is what the upstream saw.
type Upstream struct {
	Requests      int
	Headers       []Header
	Body          []byte
	Trailers      []Header
	BeforeVerdict bool
}

// Verdict names the outcome: accept, refuse or none.
func (o *Outcome) Verdict() string {
	switch {
	case o.Answered && o.FromUpstream:
		return "accept"
	case o.Answered:
		return "refuse"
	}
	return "none"
}
