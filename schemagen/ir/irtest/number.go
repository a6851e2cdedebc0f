package irtest

import (
	"math/big"
	"strings"

	"portcullis/filter/format"
	"portcullis/schemagen/regex"
	"portcullis/schemagen/source"
)

// number is coefficient * 10^exponent. The coefficient is not divisible by 10,
// or both are 0, so that equal numbers have equal fields.
type number struct {
	coefficient, exponent *big.Int
}

func parse(text string) number {
	mantissa, power := text, "0"
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		mantissa, power = text[:i], strings.TrimPrefix(text[i+1:], "+")
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	coefficient := integer(whole + fraction)
	exponent := new(big.Int).Sub(integer(power), big.NewInt(int64(len(fraction))))
	if coefficient.Sign() == 0 {
		return number{coefficient, new(big.Int)}
	}
	ten, rest, quotient := big.NewInt(10), new(big.Int), new(big.Int)
	for {
		quotient.QuoRem(coefficient, ten, rest)
		if rest.Sign() != 0 {
			return number{coefficient, exponent}
		}
		coefficient.Set(quotient)
		exponent.Add(exponent, big.NewInt(1))
	}
}

func integer(text string) *big.Int {
	n, ok := new(big.Int).SetString(text, 10)
	if !ok {
		panic("not a JSON number: " + text)
	}
	return n
}

func (a number) cmp(b number) int {
	if s, t := a.coefficient.Sign(), b.coefficient.Sign(); s != t || s == 0 {
		return s - t
	}
	// With one sign, the place of the first digit decides, if it differs.
	if c := a.magnitude().Cmp(b.magnitude()); c != 0 {
		return c * a.coefficient.Sign()
	}
	low := a.exponent
	if b.exponent.Cmp(low) < 0 {
		low = b.exponent
	}
	return a.scaled(low).Cmp(b.scaled(low))
}

// magnitude is the power of ten just above a.
func (a number) magnitude() *big.Int {
	digits := len(strings.TrimPrefix(a.coefficient.String(), "-"))
	return new(big.Int).Add(a.exponent, big.NewInt(int64(digits)))
}

// scaled is a as a multiple of 10^exponent, which is no more than a's own.
func (a number) scaled(exponent *big.Int) *big.Int {
	power := new(big.Int).Exp(big.NewInt(10), new(big.Int).Sub(a.exponent, exponent), nil)
	return power.Mul(power, a.coefficient)
}

// isMultipleOf reports whether a = k*b for a whole k, b > 0.
func (a number) isMultipleOf(b number) bool {
	if a.coefficient.Sign() == 0 {
		return true
	}
	shift := new(big.Int).Sub(a.exponent, b.exponent)
	if shift.Sign() < 0 { // a's last digit lies below b's, and is not 0
		return false
	}
	// a.coefficient * 10^shift mod b.coefficient, without writing 10^shift out
	power := new(big.Int).Exp(big.NewInt(10), shift, b.coefficient)
	power.Mul(power, a.coefficient)
	return power.Mod(power, b.coefficient).Sign() == 0
}

func isInteger(text string, strict bool) bool {
	if strict {
		return !strings.ContainsAny(text, ".eE")
	}
	return parse(text).exponent.Sign() >= 0
}

// Equal is the equality of JSON values (JSON Schema 2020-12 section 4.2.2):
// numbers by value, objects without order.
func Equal(a, b *source.Node) bool {
	if a.Kind != b.Kind || len(a.Items) != len(b.Items) {
		return false
	}
	switch a.Kind {
	case source.Bool:
		return a.Bool == b.Bool
	case source.String:
		return a.Text == b.Text
	case source.Number:
		return parse(a.Text).cmp(parse(b.Text)) == 0
	case source.Array:
		for i := range a.Items {
			if !Equal(a.Items[i], b.Items[i]) {
				return false
			}
		}
	case source.Object:
		for i, key := range a.Keys {
			other := b.Get(key.Name)
			if other == nil || !Equal(a.Items[i], other) {
				return false
			}
		}
	}
	return true
}

// matcher compiles each expression once.
func matcher() func(expression, text string) bool {
	compiled := map[string]*regex.DFA{}
	return func(expression, text string) bool {
		d, ok := compiled[expression]
		if !ok {
			d, _, _ = regex.Compile(expression, regex.Options{})
			compiled[expression] = d
		}
		return d == nil || d.Match(text)
	}
}

// checkFormat asks filter/format; a format that it does not know asserts
// nothing.
func checkFormat(name string, v *source.Node) bool {
	id, ok := format.Lookup(name)
	switch {
	case !ok:
		return true
	case v.Kind == source.String:
		return format.CheckString(id, []byte(v.Text))
	case v.Kind == source.Number:
		return format.CheckNumber(id, []byte(v.Text))
	}
	return true
}
