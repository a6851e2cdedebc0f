package emit

// Strings is the string pool. Equal strings are stored once, and a string that
// another one contains at its start or end is not looked for: the pool stays
// simple and the order is that of first use.
type Strings struct {
	buf []byte
	at  map[string]uint32
}

// NewStrings returns an empty pool.
func NewStrings() *Strings { return &Strings{at: map[string]uint32{}} }

// Add puts s into the pool, once, and returns its place.
func (p *Strings) Add(s string) (off, n uint32) {
	if s == "" {
		return 0, 0
	}
	off, ok := p.at[s]
	if !ok {
		off = uint32(len(p.buf))
		p.buf = append(p.buf, s...)
		p.at[s] = off
	}
	return off, uint32(len(s))
}

// Bytes is the pool so far.
func (p *Strings) Bytes() []byte { return p.buf }
