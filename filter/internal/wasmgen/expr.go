package wasmgen

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
)

// Values are 64 bits wide on WebAssembly's stack, in canonical form: narrower
// unsigned integers zero-extended, signed ones sign-extended, bools 0 or 1.
// Conditions are 32 bits wide.

// typeOf returns the underlying type of an expression.
func (t *translator) typeOf(e ast.Expr) types.Type {
	tv, ok := t.source.info.Types[e]
	if !ok || tv.Type == nil {
		if id, isIdent := e.(*ast.Ident); isIdent {
			if obj := t.object(id); obj != nil && obj.Type() != nil {
				return obj.Type().Underlying()
			}
		}
		fail(e, "expression has no type")
	}
	return tv.Type.Underlying()
}

func (t *translator) object(id *ast.Ident) types.Object {
	if obj := t.source.info.Defs[id]; obj != nil {
		return obj
	}
	return t.source.info.Uses[id]
}

// scalar returns size in bytes and signedness of an integer, bool or pointer.
func (t *translator) scalar(n ast.Node, typ types.Type) (size int, signed bool) {
	switch u := typ.Underlying().(type) {
	case *types.Pointer:
		return 8, false
	case *types.Basic:
		if u.Info()&(types.IsInteger|types.IsBoolean) != 0 {
			if u.Info()&types.IsUntyped != 0 {
				return 8, true
			}
			return int(t.source.sizes.Sizeof(u)), u.Info()&(types.IsUnsigned|types.IsBoolean) == 0
		}
	}
	fail(n, "type %s is not a scalar", typ)
	return
}

// constant returns the value of a constant expression.
func (t *translator) constant(e ast.Expr) (int64, bool) {
	tv, ok := t.source.info.Types[e]
	if ok && tv.Value != nil {
		if tv.Value.Kind() == constant.Bool {
			if constant.BoolVal(tv.Value) {
				return 1, true
			}
			return 0, true
		}
		v := constant.ToInt(tv.Value)
		if v.Kind() != constant.Int {
			return 0, false
		}
		if i, ok := constant.Int64Val(v); ok {
			return i, true
		}
		u, ok := constant.Uint64Val(v)
		return int64(u), ok
	}
	if id, isIdent := ast.Unparen(e).(*ast.Ident); isIdent {
		if b, ok := t.frame.env[t.object(id)]; ok && b.isConst {
			return b.value, true
		}
	}
	return 0, false
}

func (t *translator) push(v int64) {
	if v < 0 {
		t.emitf("I64Const $0x%x", uint64(v))
		return
	}
	t.emitf("I64Const $%d", v)
}

// expr pushes the value of e, of which the low need bits will be looked at: all
// 64 must be canonical.
func (t *translator) expr(e ast.Expr, need int) {
	if v, ok := t.constant(e); ok {
		t.push(v)
		return
	}
	switch e := e.(type) {
	case *ast.ParenExpr:
		t.expr(e.X, need)
	case *ast.Ident:
		t.get(t.local(e).v)
	case *ast.BinaryExpr:
		if isCondition(e.Op) {
			t.boolean(e)
			return
		}
		t.binary(e, t.typeOf(e), e.Op, e.X, func(need int) { t.expr(e.Y, need) }, e.Y, need)
	case *ast.UnaryExpr:
		t.unary(e, need)
	case *ast.CallExpr:
		t.callExpr(e, need)
	case *ast.IndexExpr, *ast.SelectorExpr, *ast.StarExpr:
		off := t.address(e)
		t.load(e, t.typeOf(e), off)
	default:
		fail(e, "expression %T is outside the subset", e)
	}
}

func isCondition(op token.Token) bool {
	switch op {
	case token.LAND, token.LOR, token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ:
		return true
	}
	return false
}

// binary pushes x op y. The right side is a function because op= has it too.
func (t *translator) binary(n ast.Node, typ types.Type, op token.Token, x ast.Expr, y func(need int), ye ast.Expr, need int) {
	size, signed := t.scalar(n, typ)
	// Bits above need do not matter to these, if they do not in the result.
	low := 64
	if need <= size*8 {
		low = need
	}
	switch op {
	case token.ADD, token.SUB, token.MUL:
		t.expr(x, low)
		y(low)
		t.emit(map[token.Token]string{token.ADD: "I64Add", token.SUB: "I64Sub", token.MUL: "I64Mul"}[op])
		t.canonical(size, signed, need)
	case token.AND, token.OR, token.XOR:
		t.expr(x, low)
		y(low)
		t.emit(map[token.Token]string{token.AND: "I64And", token.OR: "I64Or", token.XOR: "I64Xor"}[op])
	case token.AND_NOT:
		t.expr(x, low)
		if c, ok := t.constant(ye); ok {
			t.push(^c)
		} else {
			y(low)
			t.push(-1)
			t.emit("I64Xor")
		}
		t.emit("I64And")
		// Canonical operands leave the bits above 0 (unsigned) or a sign.
	case token.SHL, token.SHR:
		if op == token.SHL {
			t.expr(x, low)
		} else {
			t.expr(x, 64)
		}
		t.shiftCount(ye, size)
		switch {
		case op == token.SHL:
			t.emit("I64Shl")
			t.canonical(size, signed, need)
		case signed:
			t.emit("I64ShrS")
		default:
			t.emit("I64ShrU")
		}
	case token.QUO, token.REM:
		if c, ok := t.constant(ye); !ok || c == 0 || c == -1 {
			fail(n, "a divisor must be a constant other than 0 and -1")
		}
		t.expr(x, 64)
		y(64)
		name := map[token.Token]string{token.QUO: "I64Div", token.REM: "I64Rem"}[op]
		t.emit(name + map[bool]string{true: "S", false: "U"}[signed])
	default:
		fail(n, "operator %s is outside the subset", op)
	}
}

// shiftCount pushes a count that is known to be in range.
func (t *translator) shiftCount(e ast.Expr, size int) {
	if c, ok := t.constant(e); ok {
		if c < 0 || c >= 64 {
			fail(e, "shift count %d out of range", c)
		}
		t.push(c)
		return
	}
	if m, ok := ast.Unparen(e).(*ast.BinaryExpr); ok && m.Op == token.AND {
		if c, ok := t.constant(m.Y); ok && c >= 0 && c < 64 {
			if c == 63 { // as WebAssembly does itself
				t.expr(m.X, 6)
			} else {
				t.expr(m, 64)
			}
			return
		}
	}
	fail(e, "a shift count must be a constant or masked, as in n & 63")
}

// canonical brings the low bits of a result to 64.
func (t *translator) canonical(size int, signed bool, need int) {
	switch {
	case size == 8 || need <= size*8:
	case signed:
		t.emitf("I64Extend%dS", size*8)
	default:
		t.push(1<<(size*8) - 1)
		t.emit("I64And")
	}
}

func (t *translator) unary(e *ast.UnaryExpr, need int) {
	if e.Op == token.AND {
		off := t.address(e.X)
		t.emit("I64ExtendI32U")
		if off != 0 {
			t.push(off)
			t.emit("I64Add")
		}
		return
	}
	if e.Op == token.NOT {
		t.boolean(e)
		return
	}
	size, signed := t.scalar(e, t.typeOf(e))
	switch e.Op {
	case token.ADD:
		t.expr(e.X, need)
	case token.SUB:
		t.push(0)
		t.expr(e.X, need)
		t.emit("I64Sub")
		t.canonical(size, signed, need)
	case token.XOR:
		t.expr(e.X, need)
		t.push(-1)
		t.emit("I64Xor")
		if !signed {
			t.canonical(size, signed, need)
		}
	default:
		fail(e, "operator %s is outside the subset", e.Op)
	}
}

// boolean pushes a condition as a value.
func (t *translator) boolean(e ast.Expr) {
	if isShortCircuit(e) {
		v := t.newVariable("bool")
		t.set(v, func() { t.push(0) })
		l := t.block("Block")
		t.jumpIf(e, false, l)
		t.set(v, func() { t.push(1) })
		t.end()
		t.get(v)
		return
	}
	t.condition(e, false)
	t.emit("I64ExtendI32U")
}

func isShortCircuit(e ast.Expr) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.UnaryExpr:
		return e.Op == token.NOT && isShortCircuit(e.X)
	case *ast.BinaryExpr:
		return e.Op == token.LAND || e.Op == token.LOR
	}
	return false
}

// condition pushes a condition, or its opposite, in 32 bits. It is not a short
// circuit.
func (t *translator) condition(e ast.Expr, not bool) {
	e = ast.Unparen(e)
	if u, ok := e.(*ast.UnaryExpr); ok && u.Op == token.NOT {
		t.condition(u.X, !not)
		return
	}
	b, ok := e.(*ast.BinaryExpr)
	if !ok || !isCondition(b.Op) {
		t.expr(e, 64)
		if not {
			t.emit("I64Eqz")
		} else {
			t.emit("I32WrapI64")
		}
		return
	}
	op := b.Op
	if not {
		op = map[token.Token]token.Token{token.EQL: token.NEQ, token.NEQ: token.EQL, token.LSS: token.GEQ,
			token.GEQ: token.LSS, token.GTR: token.LEQ, token.LEQ: token.GTR}[op]
	}
	typ := t.typeOf(b.X)
	if basic, isBasic := typ.(*types.Basic); isBasic && basic.Info()&types.IsUntyped != 0 {
		typ = t.typeOf(b.Y)
	}
	_, signed := t.scalar(b, typ)
	t.expr(b.X, 64)
	if c, ok := t.constant(b.Y); ok && c == 0 && (op == token.EQL || op == token.NEQ) {
		t.emit("I64Eqz")
		if op == token.NEQ {
			t.emit("I32Eqz")
		}
		return
	}
	t.expr(b.Y, 64)
	name := map[token.Token]string{token.EQL: "I64Eq", token.NEQ: "I64Ne", token.LSS: "I64Lt", token.LEQ: "I64Le",
		token.GTR: "I64Gt", token.GEQ: "I64Ge"}[op]
	if op != token.EQL && op != token.NEQ {
		name += map[bool]string{true: "S", false: "U"}[signed]
	}
	t.emit(name)
}

// jumpIf branches to l if e is want, and goes on otherwise.
func (t *translator) jumpIf(e ast.Expr, want bool, l *label) {
	e = ast.Unparen(e)
	if c, ok := t.constant(e); ok {
		if (c != 0) == want {
			t.br("Br", l)
		}
		return
	}
	if u, ok := e.(*ast.UnaryExpr); ok && u.Op == token.NOT {
		t.jumpIf(u.X, !want, l)
		return
	}
	if b, ok := e.(*ast.BinaryExpr); ok && (b.Op == token.LAND || b.Op == token.LOR) {
		// Either side alone decides for this outcome.
		decides := b.Op == token.LOR
		if decides == want {
			t.jumpIf(b.X, want, l)
			t.jumpIf(b.Y, want, l)
			return
		}
		skip := t.block("Block")
		t.jumpIf(b.X, decides, skip)
		t.jumpIf(b.Y, want, l)
		t.end()
		return
	}
	t.condition(e, !want)
	t.br("BrIf", l)
}

// address pushes a 32-bit address and returns a static offset to add to it.
// element pushes the address of x[i].
// splitIndex takes a constant off an index, for the offset of the load.
// sliceBase pushes the address of a slice's first element.
// sliceLen pushes the length of a slice.
// load pops an address and pushes the value there.
