package route

import (
	"portcullis/filter/table"
	"portcullis/filter/text"
)

// Match is where a request's path led. Captures are the texts of the template
// expressions, in order along the path; they point where the Path's segments
// point.
type Match struct {
	Methods  table.Range // of the matching path
	Captures [table.MaxCaptures][]byte
	N        int
	// Segment is the path segment that each capture is in, Start its offset there.
	Segment [table.MaxCaptures]uint8
	Start   [table.MaxCaptures]uint32
	stack   [MaxSegments + 1]frame
}

// Outcome says how far a look-up came.
type Outcome uint8

// Outcomes. The zero value is invalid.
const (
	Found Outcome = iota + 1
	NoHost
	NoPath
	NoMethod
)

// Find looks for host, path and method in t. authority is the Host field with
// or without port. On Found op is the operation; on NoMethod m.Methods is what
// the path has.
//
// Hosts are tried from the most to the least specific, and the first that
// knows the path decides: an exact host, then wildcards from the longest, then
// any host. In a trie a literal segment is tried before templates, so that a
// concrete path hides a templated one (OpenAPI 3.1.1 section 4.8.8.1).
func Find(t *table.Table, authority, method []byte, p *Path, m *Match) (op uint32, out Outcome) {
	host, port := splitPort(authority)
	out = NoHost
	for i := firstHost(t, host); i < t.NumHosts(); i++ {
		h := t.Host(i)
		if !hostMatches(&h, host, port) {
			continue
		}
		node, ok := m.walk(t, h.Root(), p)
		if !ok {
			out = NoPath
			continue
		}
		m.Methods = t.Node(node).Methods()
		if o, ok := m.FindMethod(t, method); ok {
			return o, Found
		}
		return table.NoIndex, NoMethod
	}
	return table.NoIndex, out
}

// Raw is capture i as it came: still percent-encoded.
func (m *Match) Raw(p *Path, i int) []byte {
	raw, text := p.Raw[m.Segment[i]], m.Captures[i]
	if len(raw) == len(p.Segments[m.Segment[i]]) {
		return raw[m.Start[i] : int(m.Start[i])+len(text)]
	}
	from := skip(raw, int(m.Start[i]))
	return raw[from : from+skip(raw[from:], len(text))]
}

// skip is the length of the encoded text of n bytes.
func skip(raw []byte, n int) (at int) {
	for ; n > 0; n-- {
		if raw[at] == '%' {
			at += 2
		}
		at++
	}
	return at
}

// FindMethod finds a method of the matched path.
func (m *Match) FindMethod(t *table.Table, method []byte) (op uint32, ok bool) {
	for j := m.Methods.Start; j < m.Methods.End(); j++ {
		if name, o := t.Method(j); string(name) == string(method) {
			return o, true
		}
	}
	return table.NoIndex, false
}

// firstHost skips the exact hosts that sort before host.
func firstHost(t *table.Table, host []byte) uint32 {
	lo, hi := uint32(0), t.NumHosts()
	for lo < hi {
		mid := (lo + hi) / 2
		h := t.Host(mid)
		if h.Kind() == table.HostExact && less(h.Name(), host) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// less orders a stored (lower-case) name before a host of any case.
func less(name, host []byte) bool {
	n := min(len(name), len(host))
	for i := 0; i < n; i++ {
		if c := lower(host[i]); name[i] != c {
			return name[i] < c
		}
	}
	return len(name) < len(host)
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func hostMatches(h *table.Host, host []byte, port uint32) bool {
	if want := h.Port(); want != 0 && want != port {
		return false
	}
	name := h.Name()
	switch h.Kind() {
	case table.HostExact:
		return text.EqualFold(name, host)
	case table.HostWildcard:
		n := len(host) - len(name)
		return n > 0 && text.EqualFold(name, host[n:])
	}
	return true
}

// splitPort parts an authority into host and port (RFC 3986 section 3.2). A
// port that is no number up to 65535 stays with the host, which then matches
// nothing but "any host".
func splitPort(a []byte) (host []byte, port uint32) {
	i := len(a)
	for i > 0 && a[i-1] >= '0' && a[i-1] <= '9' {
		i--
	}
	if i == 0 || a[i-1] != ':' || i == len(a) || len(a)-i > 5 {
		return a, 0
	}
	for _, c := range a[i:] {
		port = port*10 + uint32(c-'0')
	}
	if port > 65535 {
		return a, 0
	}
	return a[:i-1], port
}

// frame is a node on the way down, and how many of its edges have been tried.
type frame struct {
	node     uint32
	template uint32 // next template edge; the literal edge comes first
	captures int    // captures before this node's edge
	tried    bool   // the literal edge was tried
}

// walk follows p's segments from root and returns the node where they end. It
// goes back where an edge turns out wrong; a trie's node has one parent, so
// each is entered at most once and the work is bounded by the trie's size.
func (m *Match) walk(t *table.Table, root uint32, p *Path) (uint32, bool) {
	depth := 0
	m.stack[0] = frame{node: root}
	for {
		f := &m.stack[depth]
		m.N = f.captures
		n := t.Node(f.node)
		if depth == p.N {
			if n.Methods().Count > 0 {
				return f.node, true
			}
		} else if child, ok := m.next(f, t, n, p.Segments[depth], depth); ok {
			depth++
			m.stack[depth] = frame{node: child, captures: m.N}
			continue
		}
		if depth == 0 {
			return 0, false
		}
		depth--
	}
}

// next is the next edge of n that seg fits.
func (m *Match) next(f *frame, t *table.Table, n table.Node, seg []byte, depth int) (child uint32, ok bool) {
	if !f.tried {
		f.tried = true
		f.template = n.Templates().Start
		if child, ok = literal(t, n.Literals(), seg); ok {
			return child, true
		}
	}
	for f.template < n.Templates().End() {
		parts, c := t.Template(f.template)
		f.template++
		m.N = f.captures
		if m.capture(t, parts, seg, depth) {
			return c, true
		}
	}
	return 0, false
}

// literal finds the edge whose text is seg.
func literal(t *table.Table, r table.Range, seg []byte) (uint32, bool) {
	if r.Count == 0 {
		return 0, false
	}
	lo, hi := r.Start, r.End()
	if r.Count <= 4 { // to compare is less than to hash
		for ; lo < hi; lo++ {
			if text, _, child := t.Literal(lo); string(text) == string(seg) {
				return child, true
			}
		}
		return 0, false
	}
	h := table.HashSegment(seg)
	for lo < hi {
		mid := (lo + hi) / 2
		if t.LiteralHashAt(mid) < h {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	for ; lo < r.End() && t.LiteralHashAt(lo) == h; lo++ {
		if text, _, child := t.Literal(lo); string(text) == string(seg) {
			return child, true
		}
	}
	return 0, false
}

// capture matches seg against literals and expressions. An expression takes at
// least one byte, and as many as it can, the first ones before the others:
// "{name}.{ext}" splits at the last dot. OpenAPI leaves it open; a greedy match is
// what most routers have, regular expressions make, and people mean by it.
func (m *Match) capture(t *table.Table, parts table.Range, seg []byte, depth int) bool {
	n := 0
	for i := parts.Start; i < parts.End(); i++ {
		if _, expr := t.Part(i); expr {
			n++
		}
	}
	if m.N+n > len(m.Captures) {
		return false
	}
	// From the end: each literal stands as far to the right as it can.
	end := len(seg)
	for i, k := parts.End(), m.N+n; i > parts.Start; {
		i--
		text, expr := t.Part(i)
		if !expr {
			if end -= len(text); end < 0 || string(seg[end:end+len(text)]) != string(text) {
				return false
			}
			continue
		}
		start, before := 0, 0 // of the expression, and of the literal in front of it
		if i > parts.Start {
			i--
			lit, _ := t.Part(i) // Open refuses two expressions in a row
			if i > parts.Start {
				if before = lastIndex(seg, lit, end-1); before < 1 {
					return false
				}
			} else if len(lit) > end || string(seg[:len(lit)]) != string(lit) {
				return false
			}
			start = before + len(lit)
		}
		if end-start < 1 {
			return false
		}
		k--
		m.Captures[k], m.Segment[k], m.Start[k] = seg[start:end], uint8(depth), uint32(start)
		end = before
	}
	m.N += n
	return end == 0
}

// lastIndex is the last place of lit in seg[:end], or -1.
func lastIndex(seg, lit []byte, end int) int {
	for i := end - len(lit); i >= 0; i-- {
		if string(seg[i:i+len(lit)]) == string(lit) {
			return i
		}
	}
	return -1
}
