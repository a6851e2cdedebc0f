package json

import "unsafe"

// Status is the outcome of Parse. The zero Status is no outcome.
type Status uint8

const (
	StatusOK     Status = 1 + iota
	ErrSyntax           // not RFC 8259 (section 2 to 7)
	ErrUTF8             // a string holds invalid UTF-8 (section 8.1)
	ErrSurrogate        // a \u escape is half a surrogate pair (section 8.2)
	ErrDepth            // more containers inside each other than allowed
	ErrNodes            // more values and names than allowed, or than the tape has room for
	ErrDuplicate        // an object has the same name twice (section 4)
	ErrTrailing         // bytes other than white space after the value
	ErrEmpty            // nothing, or nothing but white space
	ErrString           // a string has more bytes than allowed
	ErrName             // a name has more bytes than allowed
	ErrItems            // an array or object has more children than allowed
	ErrSize             // the text has more bytes than offsets can count
)

var statusNames = [...]string{
	"no status", "ok", "syntax error", "invalid utf-8", "lone surrogate", "too deep", "too many nodes",
	"duplicate name", "trailing bytes", "empty text", "string too long", "name too long",
	"too many items", "text too long",
}

// String returns a few words for people, without the offset.
func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return statusNames[0]
}

// Options are the choices of one Parse. The zero Options refuses duplicate
// names and has the limits of the parser and of the tape only. A limit of 0 is
// no limit of its own.
type Options struct {
	AllowDuplicates bool
	MaxDepth        uint32 // containers inside each other; 1 allows [] and not [[]]
	MaxNodes        uint32 // values plus names
	MaxString       uint32 // bytes between the quotes of a string, as written
	MaxName         uint32 // bytes between the quotes of a name, as written
	MaxItems        uint32 // elements of one array, members of one object
}

// maxSize is the longest text: offsets, and offsets just past the end, fit 32
// bits with room to spare.
const maxSize = 1<<32 - 64

// Parser holds the scratch memory of parsing. It is reused from text to text
// by one goroutine. The zero Parser refuses every text: use NewParser.
//
// Invariants: len(seen) is a power of two and at least twice the greatest
// number of names; every entry of seen has a generation not above gen; order
// has room for every name.
type Parser struct {
	// ErrOffset is where the last Parse found what it refused: the byte offset
	// of the offending byte, escape, bracket, string or name, or len(src) where
	// something is missing.
	ErrOffset uint32

	maxNodes uint32
	maxDepth uint32
	gen      uint32
	seen     []uint64
	lent     bool // seen has been someone else's
	order    []uint32
	state    parseState
}

// NewParser returns a parser for texts of up to maxNodes nodes and maxDepth
// containers inside each other. It allocates 10 to 18 bytes for each node.
func NewParser(maxNodes, maxDepth int) *Parser {
	p := &Parser{maxNodes: clampLimit(maxNodes), maxDepth: clampLimit(maxDepth)}
	size := 2 * seenProbes
	for size < maxNodes { // names are at most half of the nodes
		size *= 2
	}
	p.seen = make([]uint64, size)
	p.order = make([]uint32, maxNodes/2+1)
	return p
}

// Lend hands out memory that the parser does not need between two texts, two words
// for each node. It is the parser's again at the next Parse.
func (p *Parser) Lend() []uint32 {
	p.lent = true
	return unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(p.seen))), 2*len(p.seen))
}

func clampLimit(n int) uint32 {
	if n < 0 {
		return 0
	}
	return uint32(min(n, 1<<31))
}

// Parse parses src onto t and returns StatusOK, or the reason for refusing src
// with the place in p.ErrOffset. Where src has several faults the first one in
// document order is reported, but a duplicate name only if there is no other.
// After a refusal the tape is empty. The tape refers to src: it is valid until
// src changes. Parse does not allocate.
func (p *Parser) Parse(t *Tape, src []byte, opt Options) Status {
	return p.parse(t, src, opt, runKernel)
}

// parse is Parse with a choice of kernel, for the tests.
func (p *Parser) parse(t *Tape, src []byte, opt Options, run func(*parseState)) Status {
	t.Src = src
	t.Nodes = t.Nodes[:0]
	p.ErrOffset = 0
	if uint64(len(src)) > maxSize {
		return ErrSize
	}
	s := &p.state
	p.begin(s, t, src, opt)
	run(s)
	for s.status == pauseName {
		if continueName(s) {
			run(s)
		}
	}
	status, num := Status(s.status), s.num
	p.ErrOffset = uint32(s.pos)
	// The state must not keep the text alive.
	s.src, s.nodes, s.seen = nil, nil, nil
	if status != StatusOK {
		return status
	}
	t.Nodes = t.Nodes[:num]
	if s.suspect != 0 {
		if off, dup := p.findDuplicate(t); dup {
			p.ErrOffset = off
			t.Nodes = t.Nodes[:0]
			return ErrDuplicate
		}
	}
	return StatusOK
}

func (p *Parser) begin(s *parseState, t *Tape, src []byte, opt Options) {
	maxNodes := limit(opt.MaxNodes, min(p.maxNodes, clampLimit(cap(t.Nodes))))
	// Field by field: a literal would be built aside and copied.
	s.src = src
	s.nodes = t.Nodes[:maxNodes]
	s.maxDepth = uint64(limit(opt.MaxDepth, p.maxDepth))
	s.maxString = uint64(limit(opt.MaxString, 1<<32-1))
	s.maxName = uint64(limit(opt.MaxName, 1<<32-1))
	s.maxItems = uint64(limit(opt.MaxItems, 1<<32-1))
	s.pos, s.num, s.cur, s.depth, s.named, s.suspect, s.status = 0, 0, 0, 0, 0, 0, 0
	if opt.AllowDuplicates || len(p.seen) == 0 { // the zero parser has no room for a name
		return
	}
	if p.lent {
		clear(p.seen)
		p.lent = false
	}
	p.gen++
	if p.gen == 0 { // after 2^32 texts the oldest entries would look new
		clear(p.seen)
		p.gen = 1
	}
	// A small text keeps to the start of the table, which stays in the cache. A
	// member is at least 5 bytes, as in {"":0}, so this is twice the names.
	size := 2 * seenProbes
	for size < len(p.seen) && size*5 < 2*len(src) {
		size *= 2
	}
	s.seen = p.seen[:size]
	s.mask = uint64(size - 1)
	s.gen = uint64(p.gen)
}

func limit(want, most uint32) uint32 {
	if want == 0 || want > most {
		return most
	}
	return want
}
