package host

import (
	"sync"
	"time"
)

// DefaultStart is the time at which a virtual clock starts when Config.Start is zero.
var DefaultStart = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// Clock is the time of a host: virtual, moved by Host.Advance, or the machine's.
type Clock struct {
	mu    sync.Mutex
	nanos int64
	real  bool
}

// Now returns nanoseconds since the Unix epoch.
func (c *Clock) Now() int64 {
	if c.real {
		return time.Now().UnixNano()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.nanos
}

// Set moves a virtual clock, backwards too: hosts do that, and a filter must bear it. It fires nothing.
func (c *Clock) Set(nanos int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nanos = nanos
}
