package emit

import (
	"fmt"

	"portcullis/filter/table"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// automaton is a pattern of an expression, whose place is known when those of the
// schemas are written.
type automaton struct {
	word int // of SecExprNodes
	off  uint32
}

// expr is the record of a, NoIndex for none. Operations whose expressions
// came to the same share it.
func (w *writer) expr(a *ir.Allow) uint32 {
	if a == nil {
		return table.NoIndex
	}
	key := fmt.Sprintf("%q %q %q %v %v %v %v", a.Text, a.Message, where(a.Node), a.Nodes, a.Saved, a.Params, a.NeedsBody)
	if i, ok := w.exprs[key]; ok {
		return i
	}
	code := []uint32{w.count(table.SecExprNodes), uint32(len(a.Nodes))}
	for i := range a.Nodes {
		w.exprNode(&a.Nodes[i])
	}
	saved := []uint32{w.count(table.SecIndexes), uint32(len(a.Saved))}
	w.recs[table.SecIndexes] = append(w.recs[table.SecIndexes], a.Saved...)
	flags := uint32(0)
	if a.NeedsBody {
		flags |= table.ExprFlagBody
	}
	i := w.record(table.SecExprs, w.str(a.Message), w.str(a.Text), w.str(where(a.Node)), code, saved, u64(a.Params), []uint32{flags}, zeros(3))
	w.exprs[key] = i
	return i
}

func (w *writer) exprNode(n *ir.AllowNode) {
	a, b, c := n.A, n.B, n.C
	switch n.Op {
	case table.ExprString:
		a, b = w.strs.Add(n.Text)
	case table.ExprSelect, table.ExprHas:
		b, c = w.strs.Add(n.Text)
	case table.ExprList, table.ExprMap:
		a, b = w.count(table.SecIndexes), uint32(len(n.List))
		w.recs[table.SecIndexes] = append(w.recs[table.SecIndexes], n.List...)
	case table.ExprMatches:
		w.automata = append(w.automata, automaton{len(w.recs[table.SecExprNodes]) + 2, uint32(len(w.patterns))})
		w.patterns = append(w.patterns, n.Pattern...)
	}
	w.record(table.SecExprNodes, []uint32{uint32(n.Op) | uint32(n.Slot)<<8, a, b, c})
}

// joinPatterns puts the automata of expressions behind those of schemas.
func (w *writer) joinPatterns(sections []Section) []Section {
	if len(w.patterns) == 0 {
		return sections
	}
	at := -1
	for i := range sections {
		if sections[i].ID == uint32(table.SecPatterns) {
			at = i
		}
	}
	if at < 0 {
		sections = append(sections, Section{ID: uint32(table.SecPatterns)})
		at = len(sections) - 1
	}
	base := uint32(len(sections[at].Data))
	sections[at].Data = append(sections[at].Data, w.patterns...)
	for _, m := range w.automata {
		w.recs[table.SecExprNodes][m.word] = base + m.off
	}
	return sections
}

// where is the place of an expression, for people.
func where(n *source.Node) string {
	if n == nil {
		return ""
	}
	path, _ := source.Place(n)
	return fmt.Sprintf("%s:%d:%d", base(path), n.Pos.Line, n.Pos.Col)
}

// base is the last element of a path: tables say nothing about where they were made.
func base(path string) string {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '/' || path[i] == '\\' {
			return path[i+1:]
		}
	}
	return path
}
