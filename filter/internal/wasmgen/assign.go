package wasmgen

import (
	"go/ast"
	"go/token"
	"go/types"
)

func (t *translator) decl(s *ast.DeclStmt) {
	d := s.Decl.(*ast.GenDecl)
	if d.Tok == token.CONST {
		return
	}
	if d.Tok != token.VAR {
		fail(s, "only variables and constants can be declared")
	}
	for _, spec := range d.Specs {
		vs := spec.(*ast.ValueSpec)
		for i, name := range vs.Names {
			if i < len(vs.Values) {
				t.define(name, vs.Values[i])
				continue
			}
			v := t.newVariable(name.Name)
			t.set(v, func() { t.push(0) })
			t.frame.env[t.source.info.Defs[name]] = binding{v: v}
		}
	}
}

func (t *translator) define(name *ast.Ident, e ast.Expr) {
	obj := t.source.info.Defs[name]
	b := binding{v: t.newVariable(name.Name)}
	if _, ok := obj.Type().Underlying().(*types.Slice); ok {
		t.set(b.v, func() { t.sliceBase(e) })
		b.length = t.newVariable("len(" + name.Name + ")")
		t.set(b.length, func() { t.sliceLen(e) })
	} else {
		t.setTo(b.v, e)
	}
	t.frame.env[obj] = b
}

func (t *translator) setTo(v *variable, e ast.Expr) {
	if call, ok := ast.Unparen(e).(*ast.CallExpr); ok {
		if _, isConst := t.constant(call); !isConst {
			if fd, _, _ := t.callee(call); fd != nil && singleReturn(fd) == nil {
				if _, ok := memoryOp(fd, "load"); !ok {
					t.call(call, fd, []*variable{v})
					return
				}
			}
		}
	}
	t.set(v, func() { t.expr(e, 64) })
}

func (t *translator) assign(s *ast.AssignStmt) {
	if s.Tok != token.ASSIGN && s.Tok != token.DEFINE {
		t.update(s, s.Lhs[0], assignOps[s.Tok], s.Rhs[0])
		return
	}
	if len(s.Lhs) == 1 {
		t.assignOne(s, s.Lhs[0], s.Rhs[0])
		return
	}
	dests := make([]*variable, len(s.Lhs))
	news := map[types.Object]binding{} // in scope after the statement
	for i, l := range s.Lhs {
		id, ok := ast.Unparen(l).(*ast.Ident)
		if !ok {
			fail(l, "only variables can be assigned several at once")
		}
		if id.Name == "_" {
			continue
		}
		if obj := t.source.info.Defs[id]; obj != nil {
			dests[i] = t.newVariable(id.Name)
			news[obj] = binding{v: dests[i]}
			continue
		}
		dests[i] = t.local(id).v
	}
	if len(s.Rhs) == 1 {
		call, ok := ast.Unparen(s.Rhs[0]).(*ast.CallExpr)
		if !ok {
			fail(s, "only calls have several values")
		}
		fd, _, _ := t.callee(call)
		if fd == nil {
			fail(s, "only functions of the package have several results")
		}
		t.call(call, fd, dests)
	} else {
		t.setAll(dests, s.Rhs)
	}
	for obj, b := range news {
		t.frame.env[obj] = b
	}
}

func (t *translator) setAll(dests []*variable, values []ast.Expr) {
	for i, e := range values {
		if dests[i] != nil {
			t.touch(dests[i], instrAddr)
		}
		t.expr(e, 64)
	}
	for i := len(values) - 1; i >= 0; i-- {
		if dests[i] != nil {
			t.touch(dests[i], instrSet)
		} else {
			t.emit("Drop")
		}
	}
}

var assignOps = map[token.Token]token.Token{
	token.ADD_ASSIGN: token.ADD, token.SUB_ASSIGN: token.SUB, token.MUL_ASSIGN: token.MUL, token.QUO_ASSIGN: token.QUO,
	token.REM_ASSIGN: token.REM, token.AND_ASSIGN: token.AND, token.OR_ASSIGN: token.OR, token.XOR_ASSIGN: token.XOR,
	token.SHL_ASSIGN: token.SHL, token.SHR_ASSIGN: token.SHR, token.AND_NOT_ASSIGN: token.AND_NOT,
}

func (t *translator) assignOne(s *ast.AssignStmt, l, r ast.Expr) {
	id, ok := ast.Unparen(l).(*ast.Ident)
	if !ok {
		t.store(l, func(need int) { t.expr(r, need) })
		return
	}
	switch {
	case id.Name == "_":
		t.expr(r, 64)
		t.emit("Drop")
	case t.source.info.Defs[id] != nil:
		t.define(id, r)
	default:
		b := t.local(id)
		if _, ok := t.typeOf(l).(*types.Slice); ok {
			if b.length == nil {
				fail(s, "slice %s cannot be assigned", id.Name)
			}
			t.touch(b.v, instrAddr)
			t.sliceBase(r)
			t.touch(b.length, instrAddr)
			t.sliceLen(r)
			t.touch(b.length, instrSet)
			t.touch(b.v, instrSet)
			return
		}
		t.setTo(b.v, r)
	}
}

func (t *translator) store(l ast.Expr, value func(need int)) {
	size, _ := t.scalar(l, t.typeOf(l))
	if _, ok := t.typeOf(l).(*types.Pointer); ok {
		fail(l, "a pointer in memory cannot be assigned: the collector would not see it")
	}
	off := t.address(l)
	value(size * 8)
	t.emitf("%s $%d", storeOp(size), off)
}

func (t *translator) update(n ast.Node, l ast.Expr, op token.Token, r ast.Expr) {
	value := func(need int) {
		y := func(need int) { t.expr(r, need) }
		if r == nil {
			y = func(int) { t.push(1) }
		}
		t.binary(n, t.typeOf(l), op, l, y, r, need)
	}
	if id, ok := ast.Unparen(l).(*ast.Ident); ok {
		t.set(t.local(id).v, func() { value(64) })
		return
	}
	t.store(l, value)
}
