// Package param turns the texts of parameters into JSON values on a tape, so
// that one validator judges parameters and bodies alike (OpenAPI 3.1.1
// sections 4.8.12 and 4.8.12.4).
//
// It follows the description, not the text: "1" becomes a number only where
// the schema can take one. What can't be read in exactly one way is refused
// here; whether a value is good is the schema's business.
package param

import (
	"unicode/utf8"

	"portcullis/filter/verdict"
)

// Buffer holds decoded texts; the tape's values point into it. Its capacity is
// fixed by New and bounds one request's parameters together.
type buffer struct{ b []byte }

// copy appends s and returns where it lies.
func (b *buffer) copy(s []byte) (off, n uint32, ok bool) {
	if len(b.b)+len(s) > cap(b.b) {
		return 0, 0, false
	}
	off = uint32(len(b.b))
	b.b = append(b.b, s...)
	return off, uint32(len(s)), true
}

// decode appends s with percent-encoding undone, and '+' as a space where plus
// says so (the query's form encoding, URL Standard section 5.1). The result is
// valid UTF-8 without NUL.
func (b *buffer) decode(s []byte, plus bool) (off, n uint32, code verdict.Code) {
	if len(b.b)+len(s) > cap(b.b) {
		return 0, 0, verdict.RequestPathTooLong
	}
	off = uint32(len(b.b))
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '+' && plus:
			c = ' '
		case c == '%':
			if i+2 >= len(s) {
				return 0, 0, verdict.ParamMalformed
			}
			hi, lo := hex(s[i+1]), hex(s[i+2])
			if hi > 15 || lo > 15 {
				return 0, 0, verdict.ParamMalformed
			}
			c = hi<<4 | lo
			i += 2
		case c <= ' ' || c == 0x7f || c == '#':
			return 0, 0, verdict.ParamMalformed
		}
		if c == 0 {
			return 0, 0, verdict.ParamMalformed
		}
		b.b = append(b.b, c)
	}
	if !utf8.Valid(b.b[off:]) {
		return 0, 0, verdict.ParamMalformed
	}
	return off, uint32(len(b.b)) - off, verdict.Allow
}

// hex is the value of a hexadecimal digit, 255 when c is none.
func hex(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}
