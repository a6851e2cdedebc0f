package cel

import (
	"math"
	"reflect"
	"slices"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"portcullis/filter/table"
	"portcullis/schemagen/ir"
)

// root lowers the checked expression.
func (c *compiler) root() {
	e := c.ast.Expr()
	c.out.Text = c.text
	c.bodyOf = map[int64]bool{}
	c.out.NeedsBody = c.dependsOnBody(e)
	c.lower(e, 0)
	c.place()
	if n := len(c.out.Nodes); n > table.MaxExprNodes {
		c.problem(0, CodeUnsupported, "", "found an expression of %d nodes, wanted at most %d", n, table.MaxExprNodes)
	}
	if n := len(c.out.Saved); n > table.MaxExprSaved {
		c.problem(0, CodeUnsupported, "compare with fewer claims and parameters", "found %d values beside the body, wanted at most %d", n, table.MaxExprSaved)
	}
}

// add makes room for a node, before its children.
func (c *compiler) add(op table.ExprOp) uint32 {
	c.out.Nodes = append(c.out.Nodes, ir.AllowNode{Op: op})
	return uint32(len(c.out.Nodes) - 1)
}

// lower appends the nodes of e and returns the number of the first.
func (c *compiler) lower(e ast.Expr, depth int) uint32 {
	if depth > maxDepth {
		c.problem(e.ID(), CodeUnsupported, "", "found an expression that is nested more than %d deep", maxDepth)
		return c.add(table.ExprNull)
	}
	if c.out.NeedsBody && c.keeps(e) {
		return c.save(e, depth)
	}
	return c.plain(e, depth)
}

func (c *compiler) plain(e ast.Expr, depth int) uint32 {
	switch e.Kind() {
	case ast.LiteralKind:
		return c.literal(e)
	case ast.IdentKind:
		return c.ident(e)
	case ast.SelectKind:
		s := e.AsSelect()
		op := table.ExprSelect
		if s.IsTestOnly() {
			op = table.ExprHas
		}
		n := c.add(op)
		a := c.lower(s.Operand(), depth+1)
		c.out.Nodes[n].A, c.out.Nodes[n].Text = a, s.FieldName()
		return n
	case ast.CallKind:
		return c.call(e, depth)
	case ast.ListKind:
		n := c.add(table.ExprList)
		var list []uint32
		for _, x := range e.AsList().Elements() {
			list = append(list, c.lower(x, depth+1))
		}
		c.out.Nodes[n].List = list
		return n
	case ast.MapKind:
		return c.mapping(e, depth)
	case ast.ComprehensionKind:
		return c.loop(e, depth)
	}
	c.problem(e.ID(), CodeUnsupported, "", "found a message, wanted claims, parameters, the body and literals")
	return c.add(table.ExprNull)
}

func (c *compiler) literal(e ast.Expr) uint32 {
	set := func(op table.ExprOp, v uint64) uint32 {
		n := c.add(op)
		c.out.Nodes[n].A, c.out.Nodes[n].B = uint32(v), uint32(v>>32)
		return n
	}
	switch v := e.AsLiteral().(type) {
	case types.Null:
		return c.add(table.ExprNull)
	case types.Bool:
		n := c.add(table.ExprBool)
		if v {
			c.out.Nodes[n].A = 1
		}
		return n
	case types.Int:
		return set(table.ExprInt, uint64(v))
	case types.Uint:
		return set(table.ExprUint, uint64(v))
	case types.Double:
		return set(table.ExprDouble, math.Float64bits(float64(v)))
	case types.String:
		n := c.add(table.ExprString)
		c.out.Nodes[n].Text = string(v)
		return n
	}
	c.unsupported(e, "bytes", "compare strings")
	return c.add(table.ExprNull)
}

func (c *compiler) ident(e ast.Expr) uint32 {
	name := e.AsIdent()
	for slot, v := range slices.Backward(c.loops) {
		if v == name {
			n := c.add(table.ExprVar)
			c.out.Nodes[n].Slot = uint8(slot)
			return n
		}
	}
	switch name {
	case "claims":
		return c.add(table.ExprClaims)
	case "body":
		return c.add(table.ExprBody)
	}
	for i := range c.vars {
		v := &c.vars[i]
		if v.name != name {
			continue
		}
		if v.param == nil {
			op := table.ExprConsumer
			if v.has {
				op = table.ExprHasConsumer
			}
			n := c.add(op)
			c.out.Nodes[n].A = v.member
			return n
		}
		op := table.ExprParam
		if v.has {
			op = table.ExprHasParam
		}
		n := c.add(op)
		c.out.Nodes[n].A = v.param.Ordinal
		if !v.has {
			c.out.Nodes[n].Slot = v.param.Numbers
		}
		return n
	}
	c.unsupported(e, name, "") // the name of a type
	return c.add(table.ExprNull)
}

// mapping is a map that the expression writes: its keys are literals.
func (c *compiler) mapping(e ast.Expr, depth int) uint32 {
	n := c.add(table.ExprMap)
	var list []uint32
	var keys []ref.Val
	for _, x := range e.AsMap().Entries() {
		key := x.AsMapEntry().Key()
		ok := key.Kind() == ast.LiteralKind
		if ok {
			switch key.AsLiteral().(type) {
			case types.String, types.Bool, types.Int, types.Uint:
			default:
				ok = false
			}
		}
		if !ok {
			c.problem(key.ID(), CodeUnsupported, "", "found the key of a map that is no literal string, int, uint or bool, wanted one")
			return n
		}
		for _, k := range keys {
			if k.Equal(key.AsLiteral()) == types.True {
				c.problem(key.ID(), CodeUnsupported, "", "found a key twice in one map, wanted it once")
			}
		}
		keys = append(keys, key.AsLiteral())
		list = append(list, c.lower(key, depth+1))
		list = append(list, c.lower(x.AsMapEntry().Value(), depth+1))
	}
	c.out.Nodes[n].List = list
	return n
}

// loop is a macro: all, exists or exists_one. What the parser makes of one holds the
// test in the step of its loop.
func (c *compiler) loop(e ast.Expr, depth int) uint32 {
	l := e.AsComprehension()
	name := ""
	if m, ok := c.info.GetMacroCall(e.ID()); ok && m.Kind() == ast.CallKind {
		name = m.AsCall().FunctionName()
	}
	step := l.LoopStep()
	op, test := table.ExprOp(0), 1
	switch name {
	case operators.All:
		op = table.ExprAll
	case operators.Exists:
		op = table.ExprExists
	case operators.ExistsOne, "existsOne":
		op, test = table.ExprExistsOne, 0
	}
	if op == 0 || l.HasIterVar2() || step.Kind() != ast.CallKind {
		c.unsupported(e, "the macro "+name, "write it with exists(), exists_one() or all()")
		return c.add(table.ExprNull)
	}
	if len(c.loops) == table.MaxExprSlots {
		c.problem(e.ID(), CodeUnsupported, "", "found more than %d loops inside each other", table.MaxExprSlots)
		return c.add(table.ExprNull)
	}
	n := c.add(op)
	c.out.Nodes[n].Slot = uint8(len(c.loops))
	a := c.lower(l.IterRange(), depth+1)
	c.loops = append(c.loops, l.IterVar())
	b := c.lower(step.AsCall().Args()[test], depth+1)
	c.loops = c.loops[:len(c.loops)-1]
	c.out.Nodes[n].A, c.out.Nodes[n].B = a, b
	return n
}

func (c *compiler) unsupported(e ast.Expr, what, hint string) {
	c.problem(e.ID(), CodeUnsupported, hint, "found %s, wanted what the filter evaluates", what)
}

// simple is the functions that become one node each, by name and number of operands,
// the receiver included.
var simple = map[string]struct {
	op table.ExprOp
	n  int
}{
	operators.LogicalNot: {table.ExprNot, 1}, operators.Negate: {table.ExprNegate, 1}, operators.LogicalAnd: {table.ExprAnd, 2},
	operators.LogicalOr: {table.ExprOr, 2}, operators.Conditional: {table.ExprCond, 3}, operators.Equals: {table.ExprEqual, 2},
	operators.NotEquals: {table.ExprNotEqual, 2}, operators.Less: {table.ExprLess, 2}, operators.LessEquals: {table.ExprLessEqual, 2},
	operators.Greater: {table.ExprGreater, 2}, operators.GreaterEquals: {table.ExprGreaterEqual, 2}, operators.Add: {table.ExprAdd, 2},
	operators.Subtract: {table.ExprSubtract, 2}, operators.Multiply: {table.ExprMultiply, 2}, operators.Divide: {table.ExprDivide, 2},
	operators.Modulo: {table.ExprModulo, 2}, operators.In: {table.ExprIn, 2}, operators.Index: {table.ExprIndex, 2},
	overloads.Size: {table.ExprSize, 1}, overloads.StartsWith: {table.ExprStartsWith, 2}, overloads.EndsWith: {table.ExprEndsWith, 2},
	overloads.Contains: {table.ExprContains, 2}, overloads.TypeConvertInt: {table.ExprToInt, 1}, overloads.TypeConvertUint: {table.ExprToUint, 1},
	overloads.TypeConvertDouble: {table.ExprToDouble, 1}, overloads.TypeConvertString: {table.ExprToString, 1},
}

func (c *compiler) call(e ast.Expr, depth int) uint32 {
	call := e.AsCall()
	args := call.Args()
	if call.IsMemberFunction() {
		args = append([]ast.Expr{call.Target()}, args...)
	}
	name := call.FunctionName()
	switch name {
	case overloads.TypeConvertDyn:
		return c.lower(args[0], depth)
	case overloads.Matches:
		return c.matches(e, args, depth)
	case operators.Add:
		if has(c.ast.GetOverloadIDs(e.ID()), overloads.AddList) {
			c.problem(e.ID(), CodeUnsupported, "say of which type one of them is: claims.a + 0.0 is a number, claims.a + '' a string",
				"found + of what may be two lists, wanted numbers or strings")
		}
	case overloads.TypeConvertDouble:
		if k := c.ast.GetType(args[0].ID()).Kind(); k == types.StringKind || k == types.DynKind {
			c.problem(e.ID(), CodeUnsupported, "numbers of JSON are doubles already", "found double() of what may be a string, wanted a number")
		}
	}
	s, ok := simple[name]
	if !ok || s.n != len(args) {
		c.unsupported(e, name+"()", "dates, durations, bytes and types can't be compared in the filter")
		return c.add(table.ExprNull)
	}
	for _, id := range c.ast.GetOverloadIDs(e.ID()) {
		if timed[id] && len(c.ast.GetOverloadIDs(e.ID())) == 1 {
			c.unsupported(e, "a date or a duration", "")
		}
	}
	n := c.add(s.op)
	var operands [3]uint32
	for i, a := range args {
		operands[i] = c.lower(a, depth+1)
	}
	node := &c.out.Nodes[n]
	node.A, node.B, node.C = operands[0], operands[1], operands[2]
	return n
}

// timed is overloads that ask for a date or a duration, of which there is none.
var timed = map[string]bool{
	overloads.AddTimestampDuration: true, overloads.AddDurationTimestamp: true, overloads.AddDurationDuration: true,
	overloads.SubtractTimestampTimestamp: true, overloads.SubtractTimestampDuration: true, overloads.SubtractDurationDuration: true,
}

func has(list []string, s string) bool { return slices.Contains(list, s) }

func (c *compiler) matches(e ast.Expr, args []ast.Expr, depth int) uint32 {
	n := c.add(table.ExprMatches)
	text, ok := types.String(""), args[1].Kind() == ast.LiteralKind
	if ok {
		text, ok = args[1].AsLiteral().(types.String)
	}
	if !ok {
		c.problem(args[1].ID(), CodeUnsupported, "", "found a computed pattern, wanted a literal string")
		return n
	}
	blob, err := automaton(string(text))
	if err != nil {
		c.problem(args[1].ID(), CodeUnsupported, "", "found a pattern that can't be enforced exactly: %v", err)
		return n
	}
	a := c.lower(args[0], depth+1)
	c.out.Nodes[n].A, c.out.Nodes[n].Pattern = a, blob
	return n
}

// dependsOnBody reports whether e or what is in it reads the body.
func (c *compiler) dependsOnBody(e ast.Expr) bool {
	if d, ok := c.bodyOf[e.ID()]; ok {
		return d
	}
	d := e.Kind() == ast.IdentKind && e.AsIdent() == "body"
	for _, x := range children(e) {
		d = c.dependsOnBody(x) || d
	}
	c.bodyOf[e.ID()] = d
	return d
}

// children is the parts of e that are evaluated; of a macro the range and the test.
func children(e ast.Expr) []ast.Expr {
	switch e.Kind() {
	case ast.SelectKind:
		return []ast.Expr{e.AsSelect().Operand()}
	case ast.CallKind:
		out := e.AsCall().Args()
		if e.AsCall().IsMemberFunction() {
			out = append([]ast.Expr{e.AsCall().Target()}, out...)
		}
		return out
	case ast.ListKind:
		return e.AsList().Elements()
	case ast.MapKind:
		var out []ast.Expr
		for _, x := range e.AsMap().Entries() {
			out = append(out, x.AsMapEntry().Key(), x.AsMapEntry().Value())
		}
		return out
	case ast.ComprehensionKind:
		l := e.AsComprehension()
		return []ast.Expr{l.IterRange(), l.LoopStep()}
	}
	return nil
}

// keeps reports whether e is to be evaluated with the header fields and kept: it reads
// claims or parameters, depends neither on the body nor on a loop around it, and is
// no list or map that the expression writes.
func (c *compiler) keeps(e ast.Expr) bool {
	if c.saving || c.dependsOnBody(e) || !c.reads(e, func(name string) bool { return !slices.Contains(c.loops, name) }) ||
		c.reads(e, func(name string) bool { return slices.Contains(c.loops, name) }) {
		return false
	}
	switch c.ast.GetType(e.ID()).Kind() {
	case types.BoolKind, types.IntKind, types.UintKind, types.DoubleKind, types.StringKind:
		return true
	}
	for { // a member of claims or of a parameter
		switch e.Kind() {
		case ast.IdentKind:
			return true
		case ast.SelectKind:
			e = e.AsSelect().Operand()
		case ast.CallKind:
			if e.AsCall().FunctionName() != operators.Index {
				return false
			}
			e = e.AsCall().Args()[0]
		default:
			return false
		}
	}
}

// reads reports whether e names a variable that is one of those.
func (c *compiler) reads(e ast.Expr, those func(name string) bool) bool {
	switch e.Kind() {
	case ast.IdentKind:
		return those(e.AsIdent())
	case ast.ComprehensionKind:
		l := e.AsComprehension()
		return c.reads(l.IterRange(), those) || c.reads(l.LoopStep(), func(name string) bool {
			return name != l.IterVar() && name != l.AccuVar() && those(name)
		})
	}
	for _, x := range children(e) {
		if c.reads(x, those) {
			return true
		}
	}
	return false
}

// save lowers e as a part of its own, once however often it is written, and
// gives the node that stands for its value.
func (c *compiler) save(e ast.Expr, depth int) uint32 {
	n := c.add(table.ExprSaved1)
	main := c.out.Nodes
	c.out.Nodes, c.saving = nil, true
	c.plain(e, depth)
	part := c.out.Nodes
	c.out.Nodes, c.saving = main, false
	for i := range c.parts {
		if reflect.DeepEqual(c.parts[i], part) {
			c.out.Nodes[n].A = uint32(i)
			return n
		}
	}
	c.out.Nodes[n].A = uint32(len(c.parts))
	c.parts = append(c.parts, part)
	return n
}

// place puts the parts that are saved behind the expression's own nodes.
func (c *compiler) place() {
	for _, part := range c.parts {
		base := uint32(len(c.out.Nodes))
		c.out.Saved = append(c.out.Saved, base)
		for _, n := range part {
			for i, operand := range []*uint32{&n.A, &n.B, &n.C} {
				if i < n.Op.Children() {
					*operand += base
				}
			}
			list := slices.Clone(n.List)
			for i := range list {
				list[i] += base
			}
			n.List = list
			c.out.Nodes = append(c.out.Nodes, n)
		}
	}
}
