package dump

import (
	"fmt"
	"math"
	"strings"

	"portcullis/filter/table"
)

// exprOps is the operations of allow expressions by number.
var exprOps = []string{"", "null", "bool", "int", "uint", "double", "string", "list", "map", "claims", "body", "param", "has param", "saved", "var",
	"select", "has", "index", "not", "negate", "and", "or", "cond", "equal", "not equal", "less", "less or equal", "greater", "greater or equal",
	"add", "subtract", "multiply", "divide", "modulo", "in", "size", "startsWith", "endsWith", "contains", "matches", "all", "exists",
	"exists_one", "to int", "to uint", "to double", "to string", "consumer", "has consumer"}

// expr writes an allow expression: as it was written, and with Programs its nodes.
func (d *dumper) expr(x table.Expr) {
	when := "headers"
	if x.NeedsBody() {
		when = "body"
	}
	d.printf("    allow %s (%s, with the %s, %d nodes)", strings.Join(strings.Fields(string(x.Text())), " "), x.Where(), when, x.NumNodes())
	if len(x.Message()) > 0 {
		d.printf("      message %q", x.Message())
	}
	if !d.o.Programs {
		return
	}
	for i := range x.NumSaved() {
		d.printf("      saved %d is node %d", i, x.SavedAt(i))
	}
	for i := range x.NumNodes() {
		d.printf("      %4d %s", i, d.exprNode(x, x.Node(i)))
	}
}

func (d *dumper) exprNode(x table.Expr, n table.ExprNode) string {
	out := fmt.Sprintf("%d?", n.Op)
	if int(n.Op) < len(exprOps) {
		out = exprOps[n.Op]
	}
	wide := uint64(n.A) | uint64(n.B)<<32
	switch n.Op {
	case table.ExprBool:
		out += fmt.Sprintf(" %t", n.A != 0)
	case table.ExprInt:
		out += fmt.Sprintf(" %d", int64(wide))
	case table.ExprUint:
		out += fmt.Sprintf(" %d", wide)
	case table.ExprDouble:
		out += fmt.Sprintf(" %g", math.Float64frombits(wide))
	case table.ExprString:
		out += fmt.Sprintf(" %q", d.t.String(n.A, n.B))
	case table.ExprList, table.ExprMap:
		for i := n.A; i < n.A+n.B; i++ {
			out += fmt.Sprintf(" %d", x.Child(i))
		}
	case table.ExprParam:
		out += fmt.Sprintf(" %d%s", n.A, []string{"", " whole", " double"}[n.Slot])
	case table.ExprHasParam, table.ExprSaved1, table.ExprConsumer, table.ExprHasConsumer:
		out += fmt.Sprintf(" %d", n.A)
	case table.ExprVar:
		out += fmt.Sprintf(" %d", n.Slot)
	case table.ExprSelect, table.ExprHas:
		out += fmt.Sprintf(" %d %q", n.A, d.t.String(n.B, n.C))
	case table.ExprMatches:
		out += fmt.Sprintf(" %d automaton at %d", n.A, n.B)
	case table.ExprAll, table.ExprExists, table.ExprExistsOne:
		out += fmt.Sprintf(" var %d over %d: %d", n.Slot, n.A, n.B)
	default:
		for _, c := range []uint32{n.A, n.B, n.C}[:n.Op.Children()] {
			out += fmt.Sprintf(" %d", c)
		}
	}
	return out
}
