package wasmgen

import (
	"fmt"
	"go/ast"
	"go/printer"
	"go/token"
	"go/types"
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
	name      string
	brk, cont *label
	isSwitch  bool
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

// define makes a new variable with the value of e.
// setTo sets a variable to the value of e.
// setAll evaluates all values before it sets any variable.
// store writes a value to memory.
// update is l op= r, with r = 1 where it is nil.
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

// terminates reports whether control never reaches the end of a list.
// rangeStmt is `for i := range n` over an integer.
// choice is a value of a switch and where it goes.
// treeSwitch opens a block for each clause, so that the end of the block is the
// clause's code, and searches for the tag in the innermost.
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
