package cel

import (
	"bytes"
	"math"
	"math/bits"
	"strconv"

	"portcullis/filter/pattern"
	"portcullis/filter/table"
)

// truth is the answer to a comparison. The zero value is "can't be said".
type truth uint8

const (
	unsure truth = iota
	no
	yes
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// binary is the operations with two operands, both of which are evaluated.
func (m *Machine) binary(n table.ExprNode) value {
	a := m.eval(n.A)
	b := m.eval(n.B)
	if a.kind == kindError || b.kind == kindError {
		return value{}
	}
	switch n.Op {
	case table.ExprEqual, table.ExprNotEqual:
		t := m.equal(&a, &b)
		if t == unsure {
			return value{}
		}
		return boolean((t == yes) == (n.Op == table.ExprEqual))
	case table.ExprLess, table.ExprLessEqual, table.ExprGreater, table.ExprGreaterEqual:
		return m.ordered(n.Op, &a, &b)
	case table.ExprAdd:
		if a.kind == kindString && b.kind == kindString {
			return m.join(&a, &b)
		}
		return arithmetic(n.Op, &a, &b)
	case table.ExprSubtract, table.ExprMultiply, table.ExprDivide, table.ExprModulo:
		return arithmetic(n.Op, &a, &b)
	case table.ExprIn:
		return m.in1(&a, &b)
	case table.ExprIndex:
		return m.index(&a, &b)
	case table.ExprStartsWith, table.ExprEndsWith, table.ExprContains:
		return m.part(n.Op, &a, &b)
	}
	return value{}
}

// equal compares by value. Values of types that have nothing in common differ
// (cel-spec, "Equality"); numbers compare across their types, NaN equals nothing.
func (m *Machine) equal(a, b *value) truth {
	m.spend(1)
	if m.steps == 0 || m.depth >= maxDepth || a.kind == kindError || b.kind == kindError {
		return unsure
	}
	switch {
	case a.number() && b.number():
		order, ok := compare(a, b)
		return truthOf(ok && order == 0)
	case a.kind != b.kind:
		return no
	case a.kind == kindNull:
		return yes
	case a.kind == kindBool:
		return truthOf(a.num == b.num)
	case a.kind == kindString:
		if !a.escaped && !b.escaped && len(a.text) != len(b.text) {
			return no
		}
		x, okX := m.plain(a)
		y, okY := m.plain(b)
		if !okX || !okY {
			return unsure
		}
		m.spend(uint32(min(len(x), len(y))) / bytesPerStep)
		return truthOf(string(x) == string(y))
	case m.size(a) != m.size(b):
		return no
	}
	m.depth++
	t := m.equalElements(a, b)
	m.depth--
	return t
}

// equalElements compares two lists or two maps of one size. That one pair differs
// decides, whatever another pair is.
func (m *Machine) equalElements(a, b *value) truth {
	result := yes
	mark := len(m.arena)
	it := m.iterate(*a)
	other := m.iterate(*b)
	for ; m.steps != 0; m.arena = m.arena[:mark] {
		at := it.at
		x, ok := m.next(&it)
		if !ok {
			return result
		}
		var y value
		if a.kind == kindMap {
			if y, ok = m.find(b, &x); !ok {
				return no
			}
			x = m.memberAt(a, at)
		} else {
			y, _ = m.next(&other)
		}
		switch m.equal(&x, &y) {
		case no:
			return no
		case unsure:
			result = unsure
		}
	}
	return unsure
}

// memberAt is the value of the member whose key an iterator stood on.
func (m *Machine) memberAt(v *value, at uint32) value {
	if v.literal {
		return m.eval(m.x.Child(at + 1))
	}
	return load(v.tape, at+1)
}

// ordered is <, <=, > and >= of numbers, strings or booleans.
func (m *Machine) ordered(op table.ExprOp, a, b *value) value {
	order := 0
	switch {
	case (a.number() || a.kind == kindBool || a.kind == kindString) && (a.nan() || b.nan()):
		return boolean(false) // as cel-go says, whatever is beside it
	case a.number() && b.number():
		order, _ = compare(a, b)
	case a.kind != b.kind:
		return value{}
	case a.kind == kindBool:
		order = int(a.num) - int(b.num)
	case a.kind == kindString:
		x, okX := m.plain(a)
		y, okY := m.plain(b)
		if !okX || !okY {
			return value{}
		}
		m.spend(uint32(min(len(x), len(y))) / bytesPerStep)
		order = bytes.Compare(x, y)
	default:
		return value{}
	}
	switch op {
	case table.ExprLess:
		return boolean(order < 0)
	case table.ExprLessEqual:
		return boolean(order <= 0)
	case table.ExprGreater:
		return boolean(order > 0)
	}
	return boolean(order >= 0)
}

// join puts two strings together in the arena.
func (m *Machine) join(a, b *value) value {
	x, okX := m.plain(a)
	y, okY := m.plain(b)
	if !okX || !okY || len(x)+len(y) > cap(m.arena)-len(m.arena) {
		m.steps = 0
		return value{}
	}
	m.spend(uint32(len(x)+len(y)) / bytesPerStep)
	from := len(m.arena)
	m.arena = append(append(m.arena, x...), y...)
	return value{kind: kindString, text: m.arena[from:len(m.arena):len(m.arena)]}
}

// in1 is a in b.
func (m *Machine) in1(a, b *value) value {
	switch b.kind {
	case kindMap:
		_, ok := m.find(b, a)
		if m.steps == 0 {
			return value{}
		}
		return boolean(ok)
	case kindList:
		if a.kind == kindString { // once, below what the loop gives back
			if _, ok := m.plain(a); !ok {
				return value{}
			}
		}
		failed := false
		mark := len(m.arena)
		for it := m.iterate(*b); ; m.arena = m.arena[:mark] {
			v, ok := m.next(&it)
			if !ok {
				break
			}
			switch m.equal(a, &v) {
			case yes:
				return boolean(true)
			case unsure:
				failed = true
				if m.steps == 0 {
					return value{}
				}
			}
		}
		if !failed {
			return boolean(false)
		}
	}
	return value{}
}

// part is startsWith, endsWith and contains.
func (m *Machine) part(op table.ExprOp, a, b *value) value {
	if a.kind != kindString || b.kind != kindString {
		return value{}
	}
	x, okX := m.plain(a)
	y, okY := m.plain(b)
	if !okX || !okY {
		return value{}
	}
	switch op {
	case table.ExprStartsWith:
		m.spend(uint32(len(y)) / bytesPerStep)
		return boolean(bytes.HasPrefix(x, y))
	case table.ExprEndsWith:
		m.spend(uint32(len(y)) / bytesPerStep)
		return boolean(bytes.HasSuffix(x, y))
	}
	m.spend(uint32(len(x)+len(y)) / bytesPerStep)
	return boolean(bytes.Contains(x, y))
}

// matches runs an automaton.
func (m *Machine) matches(v *value, off uint32) value {
	if v.kind != kindString {
		return value{}
	}
	x, ok := m.plain(v)
	if !ok {
		return value{}
	}
	m.spend(uint32(len(x)) / bytesPerStep)
	return boolean(pattern.Match(m.t.Schema.Patterns[off:], x))
}

func negate(v *value) value {
	switch v.kind {
	case kindInt:
		if i := int64(v.num); i != math.MinInt64 {
			return integer(-i)
		}
	case kindDouble:
		return double(-v.double())
	}
	return value{}
}

// arithmetic is + - * / % of two numbers of one type. Overflow is an error, and so is
// a division by zero of whole numbers.
func arithmetic(op table.ExprOp, a, b *value) value {
	if a.kind != b.kind {
		return value{}
	}
	switch a.kind {
	case kindInt:
		i, ok := intArithmetic(op, int64(a.num), int64(b.num))
		if ok {
			return integer(i)
		}
	case kindUint:
		u, ok := uintArithmetic(op, a.num, b.num)
		if ok {
			return value{kind: kindUint, num: u}
		}
	case kindDouble:
		x, y := a.double(), b.double()
		switch op {
		case table.ExprAdd:
			return double(x + y)
		case table.ExprSubtract:
			return double(x - y)
		case table.ExprMultiply:
			return double(x * y)
		case table.ExprDivide:
			return double(x / y)
		}
	}
	return value{}
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

// convert is int(), uint(), double() and string().
func (m *Machine) convert(op table.ExprOp, v *value) value {
	switch op {
	case table.ExprToInt:
		return m.toInt(v)
	case table.ExprToUint:
		return m.toUint(v)
	case table.ExprToDouble:
		switch v.kind {
		case kindDouble:
			return *v
		case kindInt:
			return double(float64(int64(v.num)))
		case kindUint:
			return double(float64(v.num))
		}
		return value{}
	}
	return m.toString(v)
}

func (m *Machine) toInt(v *value) value {
	switch v.kind {
	case kindInt:
		return *v
	case kindUint:
		if v.num <= math.MaxInt64 {
			return integer(int64(v.num))
		}
	case kindDouble:
		if f := v.double(); f > math.MinInt64 && f < math.MaxInt64 {
			return integer(int64(f))
		}
	case kindString:
		b, ok := m.plain(v)
		if !ok || len(b) == 0 {
			return value{}
		}
		neg := b[0] == '-'
		if neg || b[0] == '+' {
			b = b[1:]
		}
		n, ok := parseDigits(b)
		switch {
		case !ok:
		case neg && n <= 1<<63:
			return integer(int64(-n))
		case !neg && n < 1<<63:
			return integer(int64(n))
		}
	}
	return value{}
}

func (m *Machine) toUint(v *value) value {
	switch v.kind {
	case kindUint:
		return *v
	case kindInt:
		if int64(v.num) >= 0 {
			return value{kind: kindUint, num: v.num}
		}
	case kindDouble:
		if f := v.double(); f >= 0 && f < 1<<64 {
			return value{kind: kindUint, num: uint64(f)}
		}
	case kindString:
		if b, ok := m.plain(v); ok {
			if n, ok := parseDigits(b); ok {
				return value{kind: kindUint, num: n}
			}
		}
	}
	return value{}
}

// toString writes an int, a uint, a double or a boolean as CEL does.
func (m *Machine) toString(v *value) value {
	const longest = 32
	if v.kind == kindString {
		return *v
	}
	if cap(m.arena)-len(m.arena) < longest {
		m.steps = 0
		return value{}
	}
	from := len(m.arena)
	switch v.kind {
	case kindInt:
		m.arena = strconv.AppendInt(m.arena, int64(v.num), 10)
	case kindUint:
		m.arena = strconv.AppendUint(m.arena, v.num, 10)
	case kindDouble:
		m.arena = appendDouble(m.arena, v.double())
	case kindBool:
		m.arena = strconv.AppendBool(m.arena, v.num != 0)
	default:
		return value{}
	}
	return value{kind: kindString, text: m.arena[from:len(m.arena):len(m.arena)]}
}

// appendDouble writes f in the shortest way that reads back the same, with an
// exponent from 1e21 on.
func appendDouble(dst []byte, f float64) []byte { return strconv.AppendFloat(dst, f, 'g', -1, 64) }
