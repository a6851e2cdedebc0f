// Package param turns the texts of parameters and forms into JSON values on a
// tape, so that one validator judges parameters and bodies alike (OpenAPI
// 3.1.2 sections 4.8.12 and 4.8.15, RFC 6570, RFC 7578).
//
// It follows the description, not the text: "1" becomes a number only where
// the schema can take one, and an array or object only where it can take
// those. Where the schema takes several, the most specific reading is tried
// first and the others after it: a value is good when one reading is (Retry
// says how many are tried). What no reading can make sense of stays a string,
// so that the schema refuses it with its place and keyword. What could be read
// in two ways by two readers is refused here.
//
// Delimiters are looked for before percent-decoding: an encoded delimiter is
// data (RFC 6570 section 1.2, OpenAPI 3.1.2 appendix C). The exceptions are
// the space and the pipe of spaceDelimited and pipeDelimited, which can only
// stand encoded.
package param

import (
	"unicode/utf8"

	"portcullis/filter/text"
	"portcullis/filter/verdict"
)

// How a raw text is decoded.
const (
	rawForm    = iota + 1 // percent-encoding, and '+' is a space (URL Standard section 5.1)
	rawPercent            // percent-encoding
	rawField              // a header field's value: as it is (RFC 9110 section 5.5)
	rawBody               // a part of the body: as it is, in place
)

// buffer holds decoded texts; the tape's values point into it. Its capacity is
// fixed by New and bounds one request's parameters together.
type buffer struct {
	b     []byte
	ascii bool // the last text that was decoded is ASCII
}

// copy appends s and returns where it lies.
func (b *buffer) copy(s []byte) (off, n uint32, ok bool) {
	if len(b.b)+len(s) > cap(b.b) {
		return 0, 0, false
	}
	off = uint32(len(b.b))
	b.b = append(b.b, s...)
	return off, uint32(len(s)), true
}

const (
	hashStart = 2166136261 // as table.HashSegment
	hashPrime = 16777619
)

// copyName is copy with the hash of the name.
func (b *buffer) copyName(s []byte) (at span, ok bool) {
	at.hash = hashStart
	if at.off, at.n, ok = b.copy(s); ok {
		for _, c := range s {
			at.hash = (at.hash ^ uint32(c)) * hashPrime
		}
	}
	return at, ok
}

// name is decode with the hash of the name.
func (b *buffer) name(s []byte, plus bool) (at span, code verdict.Code) {
	at.off, at.n, code = b.decode(s, plus)
	at.hash = hashStart
	for _, c := range b.b[at.off : at.off+at.n] {
		at.hash = (at.hash ^ uint32(c)) * hashPrime
	}
	return at, code
}

// decode appends s with percent-encoding undone, and '+' as a space where plus
// says so. The result is valid UTF-8 without NUL; b.ascii says whether it is
// ASCII alone.
func (b *buffer) decode(s []byte, plus bool) (off, n uint32, code verdict.Code) {
	off = uint32(len(b.b))
	if len(s) > cap(b.b)-len(b.b) {
		return 0, 0, verdict.RequestPathTooLong
	}
	out := b.b[off : int(off)+len(s)]
	b.ascii = true
	for i, c := range s {
		if plain[c>>5]>>(c&31)&1 == 0 {
			return b.decodeRest(s, i, plus)
		}
		out[i] = c
	}
	b.b = b.b[:int(off)+len(s)]
	return off, uint32(len(s)), verdict.Allow
}

// decodeRest goes on with decode where s[:i], all plain, is in place.
func (b *buffer) decodeRest(s []byte, i int, plus bool) (off, n uint32, code verdict.Code) {
	off = uint32(len(b.b))
	out := b.b[:int(off)+i]
	high := byte(0)
	for ; i < len(s); i++ {
		c := s[i]
		if plain[c>>5]>>(c&31)&1 == 0 {
			switch {
			case c == '+':
				if plus {
					c = ' '
				}
			case c == '%':
				if i+2 >= len(s) {
					return 0, 0, verdict.ParamMalformed
				}
				hi, lo := text.HexDigit(s[i+1]), text.HexDigit(s[i+2])
				if hi > 15 || lo > 15 || hi|lo == 0 { // NUL
					return 0, 0, verdict.ParamMalformed
				}
				c = hi<<4 | lo
				i += 2
			case c < 0x80: // controls, space and '#'
				return 0, 0, verdict.ParamMalformed
			}
			high |= c
		}
		out = append(out, c)
	}
	if high >= 0x80 {
		if !utf8.Valid(out[off:]) {
			return 0, 0, verdict.ParamMalformed
		}
		b.ascii = false
	}
	b.b = out
	return off, uint32(len(out)) - off, verdict.Allow
}

// plain is the bytes that stand for themselves, a bit each: visible ASCII
// besides '#', '%' and '+'.
var plain = [8]uint32{1: ^uint32(1<<0 | 1<<3 | 1<<5 | 1<<11), 2: ^uint32(0), 3: ^uint32(1 << 31)}

// printable reports whether s is visible ASCII, space or tab: what a field
// value may hold without being read differently elsewhere (RFC 9110 section 5.5).
func printable(s []byte) bool {
	for _, c := range s {
		if c < ' ' && c != '\t' || c > '~' {
			return false
		}
	}
	return true
}
