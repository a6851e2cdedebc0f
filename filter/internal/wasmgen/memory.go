package wasmgen

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"math/bits"
)

func (t *translator) address(e ast.Expr) int64 {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return t.address(e.X)
	case *ast.StarExpr:
		t.expr(e.X, 64)
		t.emit("I32WrapI64")
		return 0
	case *ast.SelectorExpr:
		sel := t.source.info.Selections[e]
		if sel == nil || sel.Kind() != types.FieldVal || len(sel.Index()) != 1 {
			fail(e, "only direct fields can be selected")
		}
		recv := sel.Recv().Underlying()
		if p, ok := recv.(*types.Pointer); ok {
			t.expr(e.X, 64)
			t.emit("I32WrapI64")
			return t.fieldOffset(p.Elem(), sel.Index()[0])
		}
		return t.address(e.X) + t.fieldOffset(recv, sel.Index()[0])
	case *ast.IndexExpr:
		return t.element(e)
	}
	fail(e, "%T has no address in the subset", e)
	return 0
}

func (t *translator) fieldOffset(typ types.Type, index int) int64 {
	st := typ.Underlying().(*types.Struct)
	fields := make([]*types.Var, st.NumFields())
	for i := range fields {
		fields[i] = st.Field(i)
	}
	return t.source.sizes.Offsetsof(fields)[index]
}

func (t *translator) element(e *ast.IndexExpr) int64 {
	var elem types.Type
	base := func() { t.sliceBase(e.X) }
	switch u := t.typeOf(e.X).(type) {
	case *types.Slice:
		elem = u.Elem()
	case *types.Array:
		elem = u.Elem()
		if id, ok := ast.Unparen(e.X).(*ast.Ident); ok {
			if obj := t.object(id); obj.Parent() != t.source.pkg.Scope() {
				fail(e, "only package variables can be arrays")
			}
			base = func() { t.emitf("Get $·%s(SB)", id.Name) }
		} else {
			base = func() {
				off := t.address(e.X)
				t.emit("I64ExtendI32U")
				if off != 0 {
					t.push(off)
					t.emit("I64Add")
				}
			}
		}
	default:
		fail(e, "only slices and arrays can be indexed")
	}
	size := t.source.sizes.Sizeof(elem)
	index, off := t.splitIndex(e.Index)
	base()
	if index != nil {
		t.expr(index, 32)
		t.scale(size)
		t.emit("I64Add")
	}
	t.emit("I32WrapI64")
	return off * size
}

func (t *translator) splitIndex(e ast.Expr) (ast.Expr, int64) {
	if c, ok := t.constant(e); ok {
		return nil, c
	}
	if b, ok := ast.Unparen(e).(*ast.BinaryExpr); ok && b.Op == token.ADD {
		if c, ok := t.constant(b.Y); ok && c >= 0 && c < 1<<16 {
			if size, _ := t.scalar(e, t.typeOf(e)); size == 8 {
				return b.X, c
			}
		}
	}
	return e, 0
}

func (t *translator) scale(size int64) {
	switch {
	case size == 1:
	case size&(size-1) == 0:
		t.push(int64(bits.TrailingZeros64(uint64(size))))
		t.emit("I64Shl")
	default:
		t.push(size)
		t.emit("I64Mul")
	}
}

func (t *translator) sliceBase(e ast.Expr) {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		t.get(t.local(e).v)
	case *ast.SelectorExpr:
		off := t.address(e)
		t.emitf("I64Load $%d", off)
	case *ast.SliceExpr:
		t.sliceBase(e.X)
		if e.Low != nil {
			t.expr(e.Low, 64)
			t.scale(t.source.sizes.Sizeof(t.typeOf(e.X).(*types.Slice).Elem()))
			t.emit("I64Add")
		}
	default:
		fail(e, "%T is not a slice of the subset", e)
	}
}

func (t *translator) sliceLen(e ast.Expr) {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		t.get(t.local(e).length)
	case *ast.SelectorExpr:
		off := t.address(e)
		t.emitf("I64Load $%d", off+8)
	case *ast.SliceExpr:
		if e.High != nil {
			t.expr(e.High, 64)
		} else {
			t.sliceLen(e.X)
		}
		if e.Low != nil {
			t.expr(e.Low, 64)
			t.emit("I64Sub")
		}
	default:
		fail(e, "%T is not a slice of the subset", e)
	}
}

func (t *translator) load(n ast.Node, typ types.Type, off int64) {
	size, signed := t.scalar(n, typ)
	t.emitf("%s $%d", loadOp(size, signed), off)
}

func loadOp(size int, signed bool) string {
	if size == 8 {
		return "I64Load"
	}
	return fmt.Sprintf("I64Load%d%s", size*8, map[bool]string{true: "S", false: "U"}[signed])
}

func storeOp(size int) string {
	if size == 8 {
		return "I64Store"
	}
	return fmt.Sprintf("I64Store%d", size*8)
}
