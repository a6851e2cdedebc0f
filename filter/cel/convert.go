package cel

import (
	"math"
	"strconv"

	"portcullis/filter/table"
)

// convert is int(), uint(), double() and string().
func (m *Machine) convert(op table.ExprOp, v *value) {
	switch op {
	case table.ExprToInt:
		m.toInt(v)
	case table.ExprToUint:
		m.toUint(v)
	case table.ExprToDouble:
		switch v.kind {
		case kindDouble:
		case kindInt:
			v.setDouble(float64(int64(v.num)))
		case kindUint:
			v.setDouble(float64(v.num))
		default:
			v.kind = kindError
		}
	default:
		m.toString(v)
	}
}

func (m *Machine) toInt(v *value) {
	switch v.kind {
	case kindInt:
		return
	case kindUint:
		if v.num <= math.MaxInt64 {
			v.kind = kindInt
			return
		}
	case kindDouble:
		if f := v.double(); f > math.MinInt64 && f < math.MaxInt64 {
			v.integer(int64(f))
			return
		}
	case kindString:
		b, ok := m.plain(v)
		if !ok || len(b) == 0 {
			break
		}
		neg := b[0] == '-'
		if neg || b[0] == '+' {
			b = b[1:]
		}
		n, ok := parseDigits(b)
		switch {
		case !ok:
		case neg && n <= 1<<63:
			v.integer(int64(-n))
			return
		case !neg && n < 1<<63:
			v.integer(int64(n))
			return
		}
	}
	v.kind = kindError
}

func (m *Machine) toUint(v *value) {
	switch v.kind {
	case kindUint:
		return
	case kindInt:
		if int64(v.num) >= 0 {
			v.kind = kindUint
			return
		}
	case kindDouble:
		if f := v.double(); f >= 0 && f < 1<<64 {
			v.kind, v.num = kindUint, uint64(f)
			return
		}
	case kindString:
		if b, ok := m.plain(v); ok {
			if n, ok := parseDigits(b); ok {
				v.kind, v.num = kindUint, n
				return
			}
		}
	}
	v.kind = kindError
}

// toString writes an int, a uint, a double or a boolean as CEL does. Doubles are
// written as shortly as reads back the same.
func (m *Machine) toString(v *value) {
	const longest = 32
	if v.kind == kindString {
		return
	}
	if cap(m.arena)-len(m.arena) < longest {
		m.steps, v.kind = 0, kindError
		return
	}
	from := len(m.arena)
	switch v.kind {
	case kindInt:
		m.arena = strconv.AppendInt(m.arena, int64(v.num), 10)
	case kindUint:
		m.arena = strconv.AppendUint(m.arena, v.num, 10)
	case kindDouble:
		m.arena = strconv.AppendFloat(m.arena, v.double(), 'g', -1, 64)
	case kindBool:
		m.arena = strconv.AppendBool(m.arena, v.num != 0)
	default:
		v.kind = kindError
		return
	}
	v.str(m.arena[from:len(m.arena):len(m.arena)], false)
}
