package lower

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	exact "portcullis/filter/decimal"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

var typeNames = map[string]ir.Types{
	"null": ir.TypeNull, "boolean": ir.TypeBoolean, "object": ir.TypeObject, "array": ir.TypeArray,
	"number": ir.TypeNumber, "string": ir.TypeString, "integer": ir.TypeInteger,
}

const wantedType = "one of null, boolean, object, array, number, string and integer"

// types reads `type`. 0 means that it could not be read.
func (b *builder) types(v *source.Node) ir.Types {
	switch v.Kind {
	case source.String:
		t := typeNames[v.Text]
		if t == 0 {
			b.invalid(v, wantedType)
		}
		if t == ir.TypeNull && !b.rules.TypeArray {
			b.l.warn(v, "type-not-in-dialect", "found the type null, which "+b.d.String()+" does not have; it is enforced", "")
		}
		return t
	case source.Array:
		if !b.rules.TypeArray {
			b.l.warn(v, "type-not-in-dialect", "found several types, wanted one in "+b.d.String()+"; they are enforced", "")
		}
		var all ir.Types
		for _, item := range v.Items {
			t := ir.Types(0)
			if item.Kind == source.String {
				t = typeNames[item.Text]
			}
			if t == 0 {
				b.invalid(v, "an array of type names")
				return 0
			}
			all |= t
		}
		if all == 0 {
			b.invalid(v, "at least one type name")
		}
		return all
	}
	b.invalid(v, wantedType)
	return 0
}

func (b *builder) enum(v *source.Node) {
	if b.want(v, source.Array, "an array of values") {
		b.setEnum(&ir.Enum{Values: v.Items, Keyword: "enum", Loc: b.loc(v)})
	}
}

func (b *builder) constant(v *source.Node) {
	b.setEnum(&ir.Enum{Values: []*ir.Value{v}, Keyword: "const", Loc: b.loc(v)})
}

// setEnum keeps e. A schema with both enum and const keeps the second as a
// conjunct of its own.
func (b *builder) setEnum(e *ir.Enum) {
	if b.s.Enum == nil {
		b.s.Enum = e
		return
	}
	b.s.Refs = append(b.s.Refs, ir.Ref{Target: b.l.synthetic(e), Keyword: e.Keyword, Loc: e.Loc})
}

// synthetic makes a schema that holds nothing but e.
func (l *Lowerer) synthetic(e *ir.Enum) *ir.Schema {
	l.numIDs++
	return &ir.Schema{ID: l.numIDs, Loc: e.Loc, Enum: e}
}

func (b *builder) number(v *source.Node) *ir.Number {
	if !b.want(v, source.Number, "a number") {
		return nil
	}
	return &ir.Number{Text: v.Text, Loc: b.loc(v)}
}

// divisor reads multipleOf, which is greater than 0.
func (b *builder) divisor(v *source.Node) *ir.Number {
	if v.Kind != source.Number || v.Text[0] == '-' || isZero(v.Text) {
		b.invalid(v, "a number greater than 0")
		return nil
	}
	if !exact.IsDivisor([]byte(v.Text)) {
		b.invalid(v, fmt.Sprintf("a number of at most %d significant digits", exact.MaxDivisorDigits))
		return nil
	}
	return &ir.Number{Text: v.Text, Loc: b.loc(v)}
}

func (b *builder) count(v *source.Node) *ir.Count {
	n, ok := countOf(v)
	if !ok {
		b.invalid(v, "an integer of 0 or more")
		return nil
	}
	return &ir.Count{N: n, Loc: b.loc(v)}
}

// countOf reads a length or count; what is above 2^32-1 becomes that.
func countOf(v *source.Node) (uint32, bool) {
	if v.Kind != source.Number {
		return 0, false
	}
	if isZero(v.Text) { // -0 too
		return 0, true
	}
	if v.Text[0] == '-' {
		return 0, false
	}
	digits, exponent := decimal(v.Text)
	if exponent < 0 {
		return 0, false
	}
	const maxDigits = 10 // of 2^32
	if exponent > maxDigits || len(digits)+exponent > maxDigits {
		return math.MaxUint32, true
	}
	n, err := strconv.ParseUint(digits+strings.Repeat("0", exponent), 10, 64)
	if err != nil {
		return 0, false
	}
	return uint32(min(n, math.MaxUint32)), true
}

// decimal splits a JSON number other than zero into its digits, without zeros
// at either end, and its power of ten, which is clamped.
func decimal(text string) (digits string, exponent int) {
	text = strings.TrimPrefix(text, "-")
	mantissa, power := text, ""
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		mantissa, power = text[:i], text[i+1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits = strings.TrimLeft(whole+fraction, "0")
	kept := strings.TrimRight(digits, "0")
	exponent = len(digits) - len(kept) - len(fraction)
	if power != "" {
		const limit = 1 << 30
		e, err := strconv.Atoi(power)
		if err != nil || e > limit || e < -limit {
			e = limit
			if power[0] == '-' {
				e = -limit
			}
		}
		exponent += e
	}
	return kept, exponent
}

func isZero(text string) bool {
	mantissa := text
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		mantissa = text[:i]
	}
	return strings.Trim(mantissa, "-0.") == ""
}

func (b *builder) flag(v *source.Node) bool {
	return b.want(v, source.Bool, "true or false") && v.Bool
}

func (b *builder) format(v *source.Node) {
	if !b.want(v, source.String, "the name of a format") {
		return
	}
	mode := b.l.opts.Formats
	asserted := mode == FormatAssert || b.d.Asserts() || mode == FormatByDialect && b.rules.FormatAsserts
	if asserted {
		b.s.Format = &ir.Format{Name: v.Text, Loc: b.loc(v)}
	}
}

// exclusiveBounds reads exclusiveMinimum and exclusiveMaximum, which in older
// dialects change minimum and maximum.
func (b *builder) exclusiveBounds() {
	b.s.Minimum, b.s.ExclusiveMinimum = b.exclusive("exclusiveMinimum", b.s.Minimum)
	b.s.Maximum, b.s.ExclusiveMaximum = b.exclusive("exclusiveMaximum", b.s.Maximum)
}

func (b *builder) exclusive(keyword string, bound *ir.Number) (inclusive, exclusive *ir.Number) {
	v := b.n.Get(keyword)
	if v == nil || b.d.Keyword(keyword) == nil {
		return bound, nil
	}
	if !b.rules.BooleanExclusive {
		if v.Kind == source.Bool && !v.Bool {
			b.l.warn(v, "exclusive-bound-form", "found false for "+keyword+", wanted a number in "+b.d.String()+"; it has no effect", "remove it")
			return bound, nil
		}
		return bound, b.number(v)
	}
	if !b.want(v, source.Bool, "true or false in "+b.d.String()) || !v.Bool || bound == nil {
		return bound, nil
	}
	return nil, &ir.Number{Text: bound.Text, Loc: b.loc(v)}
}
