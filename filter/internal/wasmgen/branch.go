package wasmgen

import (
	"go/ast"
	"go/token"
)

func (t *translator) ifStmt(s *ast.IfStmt) {
	if s.Init != nil {
		t.stmt(s.Init, "")
	}
	if c, ok := t.constant(s.Cond); ok {
		if c != 0 {
			t.stmts(s.Body.List)
		} else if s.Else != nil {
			t.stmt(s.Else, "")
		}
		return
	}
	// A lone jump needs no block.
	if b, ok := lone(s.Body).(*ast.BranchStmt); ok && s.Else == nil {
		t.jumpIf(s.Cond, true, t.branchLabel(b))
		return
	}
	if !isShortCircuit(s.Cond) {
		t.condition(s.Cond, false)
		t.block("If")
		t.stmts(s.Body.List)
		if s.Else != nil {
			t.emit("Else")
			t.stmt(s.Else, "")
		}
		t.end()
		return
	}
	var after *label
	if s.Else != nil {
		after = t.block("Block")
	}
	otherwise := t.block("Block")
	t.jumpIf(s.Cond, false, otherwise)
	t.stmts(s.Body.List)
	if s.Else != nil {
		if !terminates(s.Body.List) {
			t.br("Br", after)
		}
		t.end()
		t.stmt(s.Else, "")
	}
	t.end()
}

func lone(b *ast.BlockStmt) ast.Stmt {
	if len(b.List) != 1 {
		return nil
	}
	return b.List[0]
}

func terminates(list []ast.Stmt) bool {
	if len(list) == 0 {
		return false
	}
	switch list[len(list)-1].(type) {
	case *ast.BranchStmt, *ast.ReturnStmt:
		return true
	}
	return false
}

func (t *translator) forStmt(s *ast.ForStmt, name string) {
	if s.Init != nil {
		t.stmt(s.Init, "")
	}
	brk := t.block("Block")
	if t.source.directive(s.Pos()) == "peel" {
		if s.Cond != nil {
			t.jumpIf(s.Cond, false, brk)
		}
		again := t.block("Block")
		t.loopBody(s.Body, name, brk, again, nil)
		t.end()
		if s.Post != nil {
			t.stmt(s.Post, "")
		}
	}
	top := t.block("Loop")
	if s.Cond != nil {
		t.jumpIf(s.Cond, false, brk)
	}
	t.loopBody(s.Body, name, brk, top, s.Post)
	t.br("Br", top)
	t.end()
	t.end()
}

func (t *translator) loopBody(body *ast.BlockStmt, name string, brk, top *label, post ast.Stmt) {
	cont := top
	if post != nil {
		cont = t.block("Block")
	}
	f := t.frame
	f.targets = append(f.targets, target{name: name, brk: brk, cont: cont})
	t.stmts(body.List)
	f.targets = f.targets[:len(f.targets)-1]
	if post != nil {
		t.end()
		t.stmt(post, "")
	}
}

func (t *translator) rangeStmt(s *ast.RangeStmt, name string) {
	t.scalar(s.X, t.typeOf(s.X))
	if s.Value != nil || s.Key != nil && s.Tok != token.DEFINE {
		fail(s, "range is over an integer, with a new variable")
	}
	limit := t.newVariable("limit")
	t.set(limit, func() { t.expr(s.X, 64) })
	i := t.newVariable("i")
	_, signed := t.scalar(s.X, t.typeOf(s.X))
	t.set(i, func() { t.push(0) })
	if id, ok := s.Key.(*ast.Ident); ok && id.Name != "_" {
		obj := t.source.info.Defs[id]
		if t.isAssigned(s.Body, obj) {
			fail(s, "the variable of a range cannot be assigned")
		}
		t.frame.env[obj] = binding{v: i}
	}
	brk := t.block("Block")
	top := t.block("Loop")
	t.get(i)
	t.get(limit)
	t.emit("I64Ge" + map[bool]string{true: "S", false: "U"}[signed])
	t.br("BrIf", brk)
	cont := t.block("Block")
	f := t.frame
	f.targets = append(f.targets, target{name: name, brk: brk, cont: cont})
	t.stmts(s.Body.List)
	f.targets = f.targets[:len(f.targets)-1]
	t.end()
	t.set(i, func() {
		t.get(i)
		t.push(1)
		t.emit("I64Add")
	})
	t.br("Br", top)
	t.end()
	t.end()
}

func (t *translator) branchLabel(s *ast.BranchStmt) *label {
	for i := len(t.frame.targets) - 1; i >= 0; i-- {
		g := t.frame.targets[i]
		if s.Label != nil && s.Label.Name != g.name {
			continue
		}
		switch {
		case s.Tok == token.BREAK:
			return g.brk
		case s.Tok == token.CONTINUE && !g.isSwitch:
			return g.cont
		}
	}
	fail(s, "%s is outside the subset here", s.Tok)
	return nil
}
