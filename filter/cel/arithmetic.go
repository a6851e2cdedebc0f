package cel

import (
	"math"
	"math/bits"

	"portcullis/filter/table"
)

func negate(v *value) {
	switch {
	case v.kind == kindInt && int64(v.num) != math.MinInt64:
		v.num = -v.num
	case v.kind == kindDouble:
		v.setDouble(-v.double())
	default:
		v.kind = kindError
	}
}

// arithmetic is + - * / % of two numbers of one type. Overflow is an error, and so is
// a division by zero of whole numbers.
func arithmetic(op table.ExprOp, a, b, v *value) {
	v.kind = kindError
	if a.kind != b.kind {
		return
	}
	switch a.kind {
	case kindInt:
		if i, ok := intArithmetic(op, int64(a.num), int64(b.num)); ok {
			v.integer(i)
		}
	case kindUint:
		if u, ok := uintArithmetic(op, a.num, b.num); ok {
			v.kind, v.num = kindUint, u
		}
	case kindDouble:
		x, y := a.double(), b.double()
		switch op {
		case table.ExprAdd:
			v.setDouble(x + y)
		case table.ExprSubtract:
			v.setDouble(x - y)
		case table.ExprMultiply:
			v.setDouble(x * y)
		case table.ExprDivide:
			v.setDouble(x / y)
		}
	}
}

func intArithmetic(op table.ExprOp, x, y int64) (int64, bool) {
	switch op {
	case table.ExprAdd:
		s := x + y
		return s, (s > x) == (y > 0)
	case table.ExprSubtract:
		s := x - y
		return s, (s < x) == (y > 0)
	case table.ExprMultiply:
		if x == 0 || y == 0 {
			return 0, true
		}
		p := x * y
		return p, p/y == x && !(x == -1 && y == math.MinInt64) && !(y == -1 && x == math.MinInt64)
	case table.ExprDivide:
		if y == 0 || x == math.MinInt64 && y == -1 {
			return 0, false
		}
		return x / y, true
	case table.ExprModulo:
		if y == 0 || x == math.MinInt64 && y == -1 {
			return 0, false
		}
		return x % y, true
	}
	return 0, false
}

func uintArithmetic(op table.ExprOp, x, y uint64) (uint64, bool) {
	switch op {
	case table.ExprAdd:
		s, carry := bits.Add64(x, y, 0)
		return s, carry == 0
	case table.ExprSubtract:
		return x - y, x >= y
	case table.ExprMultiply:
		hi, lo := bits.Mul64(x, y)
		return lo, hi == 0
	case table.ExprDivide:
		if y == 0 {
			return 0, false
		}
		return x / y, true
	case table.ExprModulo:
		if y == 0 {
			return 0, false
		}
		return x % y, true
	}
	return 0, false
}
