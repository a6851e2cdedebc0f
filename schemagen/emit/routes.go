package emit

import (
	"fmt"
	"sort"
	"strings"

	"portcullis/filter/table"
	"portcullis/schemagen/diag"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// node is a trie node while it is being built.
type node struct {
	literals  map[string]*node
	templates map[string]*node // by shape
	shapes    map[string][]ir.Part
	methods   map[string]*ir.Operation
	order     []string // methods in order of first use
	index     uint32
}

func newNode() *node {
	return &node{literals: map[string]*node{}, templates: map[string]*node{}, shapes: map[string][]ir.Part{}, methods: map[string]*ir.Operation{}}
}

// shape is a segment's parts without parameter names: two templates that
// differ in names alone are one edge.
func shape(parts []ir.Part) string {
	var b strings.Builder
	for _, p := range parts {
		if p.Param != "" {
			b.WriteString("\x00")
		} else {
			b.WriteString(p.Literal)
		}
	}
	return b.String()
}

// literalBytes counts what a template fixes: more is preferred.
func literalBytes(parts []ir.Part) (n int) {
	for _, p := range parts {
		n += len(p.Literal)
	}
	return n
}

// walk returns the node for path under n, making it.
func (n *node) walk(base string, segs []ir.Segment) *node {
	if base != "" {
		for _, s := range strings.Split(strings.TrimPrefix(base, "/"), "/") {
			n = n.literal(s)
		}
	}
	for _, s := range segs {
		if len(s.Parts) == 0 {
			n = n.literal("")
			continue
		}
		if len(s.Parts) == 1 && s.Parts[0].Param == "" {
			n = n.literal(s.Parts[0].Literal)
			continue
		}
		key := shape(s.Parts)
		c, ok := n.templates[key]
		if !ok {
			c = newNode()
			n.templates[key], n.shapes[key] = c, s.Parts
		}
		n = c
	}
	return n
}

func (n *node) literal(s string) *node {
	c, ok := n.literals[s]
	if !ok {
		c = newNode()
		n.literals[s] = c
	}
	return c
}

// root is a host with its trie.
type root struct {
	host string
	port uint16
	kind uint32
	node *node
}

// build makes the tries. An operation that another one hides is reported to
// conflict.
func build(b *ir.Build, conflict func(first, second *ir.Operation)) []*root {
	type key struct {
		host string
		port uint16
	}
	byKey := map[key]*root{}
	var roots []*root
	rootOf := func(m ir.Mount) *root {
		k := key{m.Host, m.Port}
		r, ok := byKey[k]
		if !ok {
			r = &root{host: m.Host, port: m.Port, kind: table.HostExact, node: newNode()}
			if m.Host == "" {
				r.kind = table.HostAny
			} else if strings.HasPrefix(m.Host, "*.") {
				r.kind, r.host = table.HostWildcard, m.Host[1:]
			}
			byKey[k] = r
			roots = append(roots, r)
		}
		return r
	}
	add := func(m ir.Mount, op *ir.Operation) {
		n := rootOf(m).node.walk(m.BasePath, op.Segments)
		if first, ok := n.methods[op.Method]; ok {
			if first != op {
				conflict(first, op)
			}
			return
		}
		n.methods[op.Method] = op
		n.order = append(n.order, op.Method)
	}
	for _, a := range b.APIs {
		for _, m := range a.Mounts {
			rootOf(m)
			for _, op := range a.Operations {
				if op.Mounts == nil {
					add(m, op)
				}
			}
		}
		for _, op := range a.Operations {
			for _, m := range op.Mounts {
				add(m, op)
			}
		}
	}
	sort.SliceStable(roots, func(i, j int) bool {
		a, b := roots[i], roots[j]
		switch {
		case a.kind != b.kind:
			return a.kind < b.kind
		case a.kind == table.HostWildcard && len(a.host) != len(b.host):
			return len(a.host) > len(b.host)
		case a.host != b.host:
			return a.host < b.host
		}
		return a.port > b.port // a named port before any port
	})
	return roots
}

// Conflicts finds operations that answer the same method on the same path of
// the same host, and marks both as deny: which one the upstream means is not
// for a gateway to guess.
func Conflicts(b *ir.Build, diags *diag.List) {
	build(b, func(first, second *ir.Operation) {
		first.Deny, second.Deny = true, true
		d := diag.Diagnostic{
			Code: "route-conflict", Severity: diag.Warning, Unenforceable: true,
			Operation: second.Method + " " + second.Path, File: second.API.File,
			Message: fmt.Sprintf("%s %s and %s %s match the same requests, wanted one operation", first.Method, first.Path, second.Method, second.Path),
			Hint:    "give the APIs different hosts or base paths in the policy, or remove one of the operations",
		}
		if second.Node != nil {
			d.Line, d.Col, d.File = second.Node.Pos.Line, second.Node.Pos.Col, second.Node.Doc.Path
			d.Pointer = source.Pointer(second.Node)
		}
		diags.Add(d)
	})
}

// routes writes hosts and tries.
func (w *writer) routes(b *ir.Build, ops map[*ir.Operation]uint32) {
	roots := build(b, func(_, _ *ir.Operation) {})
	var order []*node
	for _, r := range roots {
		order = number(order, r.node)
	}
	for _, n := range order {
		w.node(n, ops)
	}
	for _, r := range roots {
		w.record(table.SecHosts, w.str(r.host), []uint32{r.kind, uint32(r.port), r.node.index, 0})
	}
}

// number gives n and its descendants indexes in breadth-first order, so that
// parents come before children.
func number(order []*node, n *node) []*node {
	queue := []*node{n}
	for len(queue) > 0 {
		c := queue[0]
		queue = queue[1:]
		c.index = uint32(len(order))
		order = append(order, c)
		for _, k := range c.literalKeys() {
			queue = append(queue, c.literals[k])
		}
		for _, k := range c.templateKeys() {
			queue = append(queue, c.templates[k])
		}
	}
	return order
}

// literalKeys is the literal segments in the order of the table: by hash, then text.
func (n *node) literalKeys() []string {
	keys := make([]string, 0, len(n.literals))
	for k := range n.literals {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool {
		a, b := table.HashSegment([]byte(keys[i])), table.HashSegment([]byte(keys[j]))
		if a != b {
			return a < b
		}
		return keys[i] < keys[j]
	})
	return keys
}

// templateKeys is the template segments, most literal bytes first, then fewer
// expressions, then by text.
func (n *node) templateKeys() []string {
	keys := make([]string, 0, len(n.templates))
	for k := range n.templates {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool {
		a, b := n.shapes[keys[i]], n.shapes[keys[j]]
		if x, y := literalBytes(a), literalBytes(b); x != y {
			return x > y
		}
		if len(a) != len(b) {
			return len(a) < len(b)
		}
		return keys[i] < keys[j]
	})
	return keys
}

func (w *writer) node(n *node, ops map[*ir.Operation]uint32) {
	lits := []uint32{w.count(table.SecLiterals), uint32(len(n.literals))}
	for _, k := range n.literalKeys() {
		w.record(table.SecLiterals, w.str(k), []uint32{table.HashSegment([]byte(k)), n.literals[k].index})
	}
	tmpls := []uint32{w.count(table.SecTemplates), uint32(len(n.templates))}
	for _, k := range n.templateKeys() {
		parts := []uint32{w.count(table.SecParts), 0}
		for _, p := range n.shapes[k] {
			if p.Param != "" {
				w.record(table.SecParts, w.str(""), []uint32{table.PartExpr})
			} else {
				w.record(table.SecParts, w.str(p.Literal), []uint32{table.PartLit})
			}
			parts[1]++
		}
		w.record(table.SecTemplates, parts, []uint32{n.templates[k].index, 0})
	}
	methods := []uint32{w.count(table.SecMethods), uint32(len(n.order))}
	for _, m := range n.order {
		w.record(table.SecMethods, w.str(m), []uint32{ops[n.methods[m]], 0})
	}
	w.record(table.SecNodes, lits, tmpls, methods, zeros(2))
}
