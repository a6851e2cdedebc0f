package wasmgen

import (
	"go/ast"
	"go/types"
)

// callee returns the function that a call inlines, or nil and the name of a
// builtin, or a conversion's type.
func (t *translator) callee(e *ast.CallExpr) (fd *ast.FuncDecl, name string, conv types.Type) {
	fun := ast.Unparen(e.Fun)
	if tv, ok := t.source.info.Types[fun]; ok && tv.IsType() {
		return nil, "", tv.Type
	}
	switch f := fun.(type) {
	case *ast.Ident:
		obj := t.source.info.Uses[f]
		if _, ok := obj.(*types.Builtin); ok {
			return nil, f.Name, nil
		}
		if fd := t.source.funcs[obj]; fd != nil {
			return fd, f.Name, nil
		}
	case *ast.SelectorExpr:
		if obj := t.source.info.Uses[f.Sel]; obj != nil && obj.Pkg() != nil && obj.Pkg().Path() == "math/bits" {
			return nil, "bits." + f.Sel.Name, nil
		}
	}
	fail(e, "call of something outside the subset")
	return
}

// callExpr pushes the only result of a call.
func (t *translator) callExpr(e *ast.CallExpr, need int) {
	fd, name, conv := t.callee(e)
	switch {
	case conv != nil:
		t.convert(e, conv, e.Args[0], need)
		return
	case fd == nil:
		t.builtin(e, name)
		return
	}
	if n, ok := memoryOp(fd, "load"); ok {
		off := t.memoryAddress(e)
		t.emitf("%s $%d", loadOp(n, false), off)
		return
	}
	if result := singleReturn(fd); result != nil {
		t.inline(e, fd, func() { t.expr(result, need) })
		return
	}
	v := t.newVariable(name)
	t.call(e, fd, []*variable{v})
	t.get(v)
}

// memoryAddress pushes the address that the load or store f(b, i) means.
func (t *translator) memoryAddress(e *ast.CallExpr) int64 {
	index, off := t.splitIndex(e.Args[1])
	t.sliceBase(e.Args[0])
	if index != nil {
		t.expr(index, 32)
		t.emit("I64Add")
	}
	t.emit("I32WrapI64")
	return off
}

func (t *translator) convert(e *ast.CallExpr, to types.Type, x ast.Expr, need int) {
	toSize, toSigned := t.scalar(e, to)
	fromSize, fromSigned := t.scalar(x, t.typeOf(x))
	if need <= toSize*8 { // the bits above will not be looked at
		t.expr(x, need)
		return
	}
	widens := toSize > fromSize && (toSigned || !fromSigned) || toSize == fromSize && toSigned == fromSigned || toSize == 8
	if widens {
		t.expr(x, 64)
		return
	}
	t.expr(x, toSize*8)
	t.canonical(toSize, toSigned, 64)
}

func (t *translator) builtin(e *ast.CallExpr, name string) {
	switch name {
	case "len":
		if c, ok := t.constant(e); ok {
			t.push(c)
			return
		}
		t.sliceLen(e.Args[0])
	case "min", "max":
		_, signed := t.scalar(e, t.typeOf(e))
		op := map[string]string{"min": "I64Lt", "max": "I64Gt"}[name] + map[bool]string{true: "S", false: "U"}[signed]
		v := t.newVariable(name)
		t.set(v, func() { t.expr(e.Args[0], 64) })
		for _, arg := range e.Args[1:] {
			w := t.newVariable(name)
			t.set(w, func() { t.expr(arg, 64) })
			t.set(v, func() {
				t.get(v)
				t.get(w)
				t.get(v)
				t.get(w)
				t.emit(op)
				t.emit("Select")
			})
		}
		t.get(v)
	case "bits.TrailingZeros64":
		t.expr(e.Args[0], 64)
		t.emit("I64Ctz")
	case "bits.TrailingZeros32":
		t.expr(e.Args[0], 64)
		t.push(1 << 32)
		t.emit("I64Or")
		t.emit("I64Ctz")
	case "bits.LeadingZeros64":
		t.expr(e.Args[0], 64)
		t.emit("I64Clz")
	case "bits.LeadingZeros32":
		t.expr(e.Args[0], 64)
		t.emit("I64Clz")
		t.push(32)
		t.emit("I64Sub")
	case "bits.Len64", "bits.Len32":
		t.push(64)
		t.expr(e.Args[0], 64)
		t.emit("I64Clz")
		t.emit("I64Sub")
	case "bits.OnesCount64", "bits.OnesCount32":
		t.expr(e.Args[0], 64)
		t.emit("I64Popcnt")
	case "bits.RotateLeft64":
		t.expr(e.Args[0], 64)
		t.expr(e.Args[1], 6)
		t.emit("I64Rotl")
	case "bits.RotateLeft32":
		t.expr(e.Args[0], 32)
		t.emit("I32WrapI64")
		t.expr(e.Args[1], 5)
		t.emit("I32WrapI64")
		t.emit("I32Rotl")
		t.emit("I64ExtendI32U")
	default:
		fail(e, "%s is outside the subset", name)
	}
}

// singleReturn returns e of a function whose body is `return e`, which can be
// put where the call is.
func singleReturn(fd *ast.FuncDecl) ast.Expr {
	if len(fd.Body.List) != 1 {
		return nil
	}
	r, ok := fd.Body.List[0].(*ast.ReturnStmt)
	if !ok || len(r.Results) != 1 || fd.Type.Results.NumFields() != 1 {
		return nil
	}
	return r.Results[0]
}

// inline binds the parameters of fd to the arguments and runs body in its scope.
func (t *translator) inline(e *ast.CallExpr, fd *ast.FuncDecl, body func()) {
	f := t.newFrame()
	if f.nesting > 20 {
		fail(e, "calls nest too deep: recursion is outside the subset")
	}
	i := 0
	for _, field := range fd.Type.Params.List {
		for _, name := range field.Names {
			t.bindParam(f, fd, name, e.Args[i])
			i++
		}
	}
	outer := t.frame
	t.frame = f
	body()
	t.frame = outer
}

// bindParam binds a parameter. One that the callee never assigns to is another
// name for a constant or a variable that the caller passes.
func (t *translator) bindParam(f *frame, fd *ast.FuncDecl, name *ast.Ident, arg ast.Expr) {
	obj := t.source.info.Defs[name]
	if obj == nil { // _
		return
	}
	assigned := t.isAssigned(fd.Body, obj)
	arg = ast.Unparen(arg)
	if !assigned {
		if c, ok := t.constant(arg); ok {
			f.env[obj] = binding{isConst: true, value: c}
			return
		}
		if id, ok := arg.(*ast.Ident); ok {
			f.env[obj] = t.local(id)
			return
		}
	}
	b := binding{v: t.newVariable(name.Name)}
	if _, ok := obj.Type().Underlying().(*types.Slice); ok {
		t.set(b.v, func() { t.sliceBase(arg) })
		if t.usesLen(fd.Body, obj) {
			b.length = t.newVariable("len(" + name.Name + ")")
			t.set(b.length, func() { t.sliceLen(arg) })
		}
	} else {
		t.set(b.v, func() { t.expr(arg, 64) })
	}
	f.env[obj] = b
}

// call inlines a function and sets dests (nil for _) to its results.
func (t *translator) call(e *ast.CallExpr, fd *ast.FuncDecl, dests []*variable) {
	if isCold(fd) {
		t.cold++
		defer func() { t.cold-- }()
	}
	t.inline(e, fd, func() {
		t.frame.dests = dests
		t.bindResults(fd)
		t.frame.exit = t.block("Block")
		t.stmts(fd.Body.List)
		t.end()
	})
}

// bindResults makes named results variables, zero at first.
func (t *translator) bindResults(fd *ast.FuncDecl) {
	if fd.Type.Results == nil {
		return
	}
	for _, field := range fd.Type.Results.List {
		for _, name := range field.Names {
			obj := t.source.info.Defs[name]
			if obj == nil || !t.isUsed(fd.Body, obj) {
				t.frame.results = append(t.frame.results, nil)
				continue
			}
			v := t.newVariable(name.Name)
			t.set(v, func() { t.push(0) })
			t.frame.env[obj] = binding{v: v}
			t.frame.results = append(t.frame.results, v)
		}
	}
}

// isAssigned reports whether a body changes a variable.
func (t *translator) isAssigned(body ast.Node, obj types.Object) bool {
	found := false
	is := func(e ast.Expr) bool {
		id, ok := ast.Unparen(e).(*ast.Ident)
		return ok && t.source.info.Uses[id] == obj
	}
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, l := range n.Lhs {
				found = found || is(l)
			}
		case *ast.IncDecStmt:
			found = found || is(n.X)
		case *ast.RangeStmt:
			found = found || n.Key != nil && is(n.Key)
		}
		return true
	})
	return found
}

func (t *translator) isUsed(body ast.Node, obj types.Object) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && t.source.info.Uses[id] == obj {
			found = true
		}
		if r, ok := n.(*ast.ReturnStmt); ok && len(r.Results) == 0 {
			found = true
		}
		return true
	})
	return found
}

// usesLen reports whether a body may need the length of a slice: it takes it, or
// passes the slice on as a whole.
func (t *translator) usesLen(body ast.Node, obj types.Object) bool {
	bases := map[*ast.Ident]bool{} // uses that need the address only
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.IndexExpr:
			if id, ok := ast.Unparen(n.X).(*ast.Ident); ok {
				bases[id] = true
			}
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.Ident); ok && len(n.Args) > 0 {
				if fd := t.source.funcs[t.source.info.Uses[f]]; fd != nil {
					_, load := memoryOp(fd, "load")
					_, store := memoryOp(fd, "store")
					if id, ok := n.Args[0].(*ast.Ident); ok && (load || store) {
						bases[id] = true
					}
				}
			}
		case *ast.Ident:
			if t.source.info.Uses[n] == obj && !bases[n] {
				found = true
			}
		}
		return true
	})
	return found
}
