package wasmgen

import (
	"go/ast"
	"sort"
)

func (t *translator) switchStmt(s *ast.SwitchStmt, name string) {
	if s.Init != nil {
		t.stmt(s.Init, "")
	}
	var tag *variable
	signed := false
	if s.Tag != nil {
		_, signed = t.scalar(s.Tag, t.typeOf(s.Tag))
		tag = t.newVariable("tag")
		t.set(tag, func() { t.expr(s.Tag, 64) })
	}
	brk := t.block("Block")
	f := t.frame
	f.targets = append(f.targets, target{name: name, brk: brk, isSwitch: true})
	if t.source.directive(s.Pos()) == "tree" {
		t.treeSwitch(s, tag, signed, brk)
	} else {
		t.linearSwitch(s, tag, brk)
	}
	f.targets = f.targets[:len(f.targets)-1]
	t.end()
}

func (t *translator) linearSwitch(s *ast.SwitchStmt, tag *variable, brk *label) {
	var otherwise []ast.Stmt
	for _, c := range s.Body.List {
		clause := c.(*ast.CaseClause)
		if clause.List == nil {
			otherwise = clause.Body
			continue
		}
		next := t.block("Block")
		test := func(e ast.Expr, want bool, l *label) {
			if tag == nil {
				t.jumpIf(e, want, l)
				return
			}
			t.get(tag)
			t.expr(e, 64)
			t.emit(map[bool]string{true: "I64Eq", false: "I64Ne"}[want])
			t.br("BrIf", l)
		}
		if n := len(clause.List); n > 1 {
			body := t.block("Block")
			for _, e := range clause.List[:n-1] {
				test(e, true, body)
			}
			test(clause.List[n-1], false, next)
			t.end()
		} else {
			test(clause.List[0], false, next)
		}
		t.clause(clause.Body, brk)
		t.end()
	}
	t.stmts(otherwise)
}

func (t *translator) clause(body []ast.Stmt, brk *label) {
	t.stmts(body)
	if !terminates(body) {
		t.br("Br", brk)
	}
}

type choice struct {
	value int64
	to    *label
}

func (t *translator) treeSwitch(s *ast.SwitchStmt, tag *variable, signed bool, brk *label) {
	if tag == nil {
		fail(s, "a switch without a tag has no tree")
	}
	var clauses []*ast.CaseClause
	var otherwise []ast.Stmt
	for _, c := range s.Body.List {
		if clause := c.(*ast.CaseClause); clause.List != nil {
			clauses = append(clauses, clause)
		} else {
			otherwise = clause.Body
		}
	}
	defaultLabel := t.block("Block")
	var choices []choice
	for i := len(clauses) - 1; i >= 0; i-- {
		l := t.block("Block")
		for _, e := range clauses[i].List {
			v, ok := t.constant(e)
			if !ok {
				fail(e, "a tree needs constant cases")
			}
			choices = append(choices, choice{v, l})
		}
	}
	sort.Slice(choices, func(i, j int) bool {
		if signed {
			return choices[i].value < choices[j].value
		}
		return uint64(choices[i].value) < uint64(choices[j].value)
	})
	t.search(choices, tag, signed, defaultLabel)
	for _, clause := range clauses {
		t.end()
		t.clause(clause.Body, brk)
	}
	t.end()
	t.stmts(otherwise)
}

func (t *translator) search(choices []choice, tag *variable, signed bool, otherwise *label) {
	if len(choices) <= 3 {
		for _, c := range choices {
			t.get(tag)
			t.push(c.value)
			t.emit("I64Eq")
			t.br("BrIf", c.to)
		}
		t.br("Br", otherwise)
		return
	}
	mid := len(choices) / 2
	t.get(tag)
	t.push(choices[mid].value)
	t.emit("I64Lt" + map[bool]string{true: "S", false: "U"}[signed])
	t.block("If")
	t.search(choices[:mid], tag, signed, otherwise)
	t.end()
	t.search(choices[mid:], tag, signed, otherwise)
}
