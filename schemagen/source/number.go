package source

import (
	"math/big"
	"strings"
)

// coreNumber rewrites a number of YAML 1.2's core schema (section 10.3.2) as a
// JSON number of exactly the same value. ok is false for anything else.
func coreNumber(v string) (text string, ok bool) {
	switch {
	case strings.HasPrefix(v, "0x"):
		return radixNumber(v[2:], 16, "0123456789abcdefABCDEF")
	case strings.HasPrefix(v, "0o"):
		return radixNumber(v[2:], 8, "01234567")
	}
	rest := v
	sign := ""
	if strings.HasPrefix(rest, "-") {
		sign, rest = "-", rest[1:]
	} else {
		rest = strings.TrimPrefix(rest, "+")
	}
	whole, rest := takeDigits(rest)
	frac, dot := "", false
	if strings.HasPrefix(rest, ".") {
		dot = true
		frac, rest = takeDigits(rest[1:])
	}
	if whole == "" && frac == "" {
		return "", false
	}
	exp := ""
	if rest != "" {
		if exp, ok = exponent(rest); !ok {
			return "", false
		}
	}
	whole = strings.TrimLeft(whole, "0")
	if whole == "" {
		whole = "0"
	}
	if dot {
		// "1." is a float: it keeps a fraction, which draft 4 tells from an integer.
		if frac == "" {
			frac = "0"
		}
		frac = "." + frac
	}
	return sign + whole + frac + exp, true
}

func exponent(s string) (string, bool) {
	if s[0] != 'e' && s[0] != 'E' {
		return "", false
	}
	digits := s[1:]
	if digits != "" && (digits[0] == '+' || digits[0] == '-') {
		digits = digits[1:]
	}
	if d, tail := takeDigits(digits); d == "" || tail != "" {
		return "", false
	}
	return s, true
}

func takeDigits(s string) (digits, rest string) {
	i := 0
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	return s[:i], s[i:]
}

// maxRadixDigits keeps the quadratic conversion to decimal short.
const maxRadixDigits = 1024

func radixNumber(digits string, base int, alphabet string) (string, bool) {
	if digits == "" || len(digits) > maxRadixDigits || strings.Trim(digits, alphabet) != "" {
		return "", false
	}
	n, ok := new(big.Int).SetString(digits, base)
	if !ok {
		return "", false
	}
	return n.String(), true
}

// isInfOrNaN reports the core schema's numbers that JSON does not have.
func isInfOrNaN(v string) bool {
	switch strings.TrimLeft(v, "+-") {
	case ".inf", ".Inf", ".INF":
		return true
	}
	return v == ".nan" || v == ".NaN" || v == ".NAN"
}
