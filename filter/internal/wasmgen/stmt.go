package wasmgen

import (
	"fmt"
	"go/ast"
	"go/printer"
	"go/token"
	"go/types"
	"sort"
	"strings"
)

// translator turns one function into instructions.
type translator struct {
	source   *source
	frame    *frame
	code     []instr
	vars     []*variable
	depth    int
	kinds    []string
	loops    []int
	spans    []span
	cold     int // nesting of cold functions
	numSlots int
	argsSize int64
	results  []resultSlot // of the function itself
}

// frame is a function being translated, the function itself or an inlined one.
type frame struct {
	env     map[types.Object]binding
	targets []target
	dests   []*variable // where results go; nil for _
	results []*variable // named results
	exit    *label      // nil in the function itself
	nesting int
}

// binding is what a Go variable is here.
type binding struct {
	v       *variable // value; for a slice the address of its first element
	length  *variable // of a slice
	isConst bool
	value   int64
}

// target is where break and continue go.
type target struct {
	name            string
	brk, cont       *label
	isSwitch, taken bool
}

type resultSlot struct {
	name string
	off  int64
	size int
}

func (t *translator) newFrame() *frame {
	n := 0
	if t.frame != nil {
		n = t.frame.nesting + 1
	}
	return &frame{env: map[types.Object]binding{}, nesting: n}
}

func (t *translator) local(id *ast.Ident) binding {
	b, ok := t.frame.env[t.object(id)]
	if !ok || b.v == nil {
		fail(id, "%s is not a local variable of the subset", id.Name)
	}
	return b
}

// function translates fd, whose arguments and results are on Go's stack.
func (t *translator) function(fd *ast.FuncDecl) {
	t.frame = t.newFrame()
	off := int64(0)
	align := func(n int64) { off = (off + n - 1) &^ (n - 1) }
	for _, field := range fd.Type.Params.List {
		for _, name := range field.Names {
			obj := t.source.info.Defs[name]
			typ := obj.Type().Underlying()
			align(t.source.sizes.Alignof(typ))
			b := binding{v: t.newVariable(name.Name)}
			if _, ok := typ.(*types.Slice); ok {
				t.set(b.v, func() { t.emitf("I64Load %s_base+%d(FP)", name.Name, off) })
				b.length = t.newVariable("len(" + name.Name + ")")
				t.set(b.length, func() { t.emitf("I64Load %s_len+%d(FP)", name.Name, off+8) })
			} else {
				size, signed := t.scalar(name, typ)
				t.set(b.v, func() { t.emitf("%s %s+%d(FP)", loadOp(size, signed), name.Name, off) })
			}
			t.frame.env[obj] = b
			off += t.source.sizes.Sizeof(typ)
		}
	}
	if fd.Type.Results != nil {
		align(8)
		n := 0
		for _, field := range fd.Type.Results.List {
			typ := t.source.info.Types[field.Type].Type
			names := []string{"ret"}
			if n > 0 {
				names[0] = fmt.Sprintf("ret%d", n)
			}
			if len(field.Names) > 0 {
				names = names[:0]
				for _, name := range field.Names {
					names = append(names, name.Name)
				}
			}
			for _, name := range names {
				align(t.source.sizes.Alignof(typ))
				size, _ := t.scalar(field, typ)
				t.results = append(t.results, resultSlot{name, off, size})
				off += int64(size)
				n++
			}
		}
	}
	t.argsSize = off
	t.bindResults(fd)
	t.stmts(fd.Body.List)
	if fd.Type.Results == nil {
		t.emit("RET")
	}
}

func (t *translator) signature(fd *ast.FuncDecl) string {
	var b strings.Builder
	printer.Fprint(&b, t.source.fset, fd.Type)
	return strings.TrimPrefix(b.String(), "func")
}

// sourceLine returns the first line of a statement.
func (t *translator) sourceLine(n ast.Node) string {
	var b strings.Builder
	printer.Fprint(&b, t.source.fset, n)
	line, _, _ := strings.Cut(b.String(), "\n")
	return line
}

func (t *translator) stmts(list []ast.Stmt) {
	for _, s := range list {
		t.stmt(s, "")
	}
}

func (t *translator) stmt(s ast.Stmt, name string) {
	switch s.(type) {
	case *ast.LabeledStmt, *ast.BlockStmt:
	default:
		t.comment(s)
	}
	switch s := s.(type) {
	case *ast.BlockStmt:
		t.stmts(s.List)
	case *ast.LabeledStmt:
		t.stmt(s.Stmt, s.Label.Name)
	case *ast.DeclStmt:
		t.decl(s)
	case *ast.AssignStmt:
		t.assign(s)
	case *ast.IncDecStmt:
		op := token.ADD
		if s.Tok == token.DEC {
			op = token.SUB
		}
		t.update(s, s.X, op, nil)
	case *ast.ExprStmt:
		t.exprStmt(s)
	case *ast.IfStmt:
		t.ifStmt(s)
	case *ast.ForStmt:
		t.forStmt(s, name)
	case *ast.RangeStmt:
		t.rangeStmt(s, name)
	case *ast.SwitchStmt:
		t.switchStmt(s, name)
	case *ast.BranchStmt:
		t.br("Br", t.branchLabel(s))
	case *ast.ReturnStmt:
		t.returnStmt(s)
	case *ast.EmptyStmt:
	default:
		fail(s, "statement %T is outside the subset", s)
	}
}

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

// define makes a new variable with the value of e.
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

// setTo sets a variable to the value of e.
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

// setAll evaluates all values before it sets any variable.
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

// store writes a value to memory.
func (t *translator) store(l ast.Expr, value func(need int)) {
	size, _ := t.scalar(l, t.typeOf(l))
	if _, ok := t.typeOf(l).(*types.Pointer); ok {
		fail(l, "a pointer in memory cannot be assigned: the collector would not see it")
	}
	off := t.address(l)
	value(size * 8)
	t.emitf("%s $%d", storeOp(size), off)
}

// update is l op= r, with r = 1 where it is nil.
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

func (t *translator) exprStmt(s *ast.ExprStmt) {
	call, ok := ast.Unparen(s.X).(*ast.CallExpr)
	if !ok {
		fail(s, "only calls are statements")
	}
	fd, _, _ := t.callee(call)
	if fd == nil {
		fail(s, "only functions of the package can be called as statements")
	}
	if n, ok := memoryOp(fd, "store"); ok {
		off := t.memoryAddress(call)
		t.expr(call.Args[2], n*8)
		t.emitf("%s $%d", storeOp(n), off)
		return
	}
	t.call(call, fd, make([]*variable, fd.Type.Results.NumFields()))
}

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

// terminates reports whether control never reaches the end of a list.
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

// rangeStmt is `for i := range n` over an integer.
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

// choice is a value of a switch and where it goes.
type choice struct {
	value int64
	to    *label
}

// treeSwitch opens a block for each clause, so that the end of the block is the
// clause's code, and searches for the tag in the innermost.
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

func (t *translator) returnStmt(s *ast.ReturnStmt) {
	f := t.frame
	if f.exit == nil {
		t.returnFromFunction(s)
		return
	}
	switch {
	case len(s.Results) == 0 && len(f.results) > 0:
		for i, r := range f.results {
			if d := f.dests[i]; d != nil && r != nil {
				t.set(d, func() { t.get(r) })
			}
		}
	case len(s.Results) == 1 && len(f.dests) == 1 && f.dests[0] != nil:
		t.setTo(f.dests[0], s.Results[0])
	case len(s.Results) == 1 && len(f.dests) > 1:
		call, ok := ast.Unparen(s.Results[0]).(*ast.CallExpr)
		if !ok {
			fail(s, "only calls have several values")
		}
		fd, _, _ := t.callee(call)
		if fd == nil {
			fail(s, "only functions of the package have several results")
		}
		t.call(call, fd, f.dests)
	default:
		t.setAll(f.dests, s.Results)
	}
	t.br("Br", f.exit)
}

func (t *translator) returnFromFunction(s *ast.ReturnStmt) {
	if len(s.Results) == 0 {
		for i, r := range t.results {
			t.emit("Get SP")
			if v := t.frame.results[i]; v != nil {
				t.get(v)
			} else {
				t.push(0)
			}
			t.emitf("%s %s+%d(FP)", storeOp(r.size), r.name, r.off)
		}
	} else {
		if len(s.Results) != len(t.results) {
			fail(s, "the function itself returns its results one by one")
		}
		// All values first: a result's slot is no variable, so order is free.
		for i, r := range t.results {
			t.emit("Get SP")
			t.expr(s.Results[i], r.size*8)
			t.emitf("%s %s+%d(FP)", storeOp(r.size), r.name, r.off)
		}
	}
	t.emit("RET")
}
