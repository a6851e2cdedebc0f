// Package subset has functions in the subset of Go that wasmgen translates, each
// for a part of the language. Its test runs both versions and compares.
package subset

import "math/bits"

//go:generate go run portcullis/filter/internal/wasmgen/cmd -func arith,narrow,flow,choose,memory,calls,many -out subset_wasm.s

type pair struct {
	a uint32
	b uint16
	c int8
	d bool
}

type state struct {
	bytes []byte
	pairs []pair
	sum   uint64
	small int16
}

var table = [8]uint16{3, 1, 4, 1, 5, 9, 2, 6}

const shift = 7

// arith has 64-bit arithmetic, shifts, comparisons and bit counts.
func arith(x, y uint64, s int64) (sum uint64, diff int64) {
	sum = x*y + x<<shift - y>>3 ^ bits.RotateLeft64(x, int(y&63))
	sum += uint64(bits.TrailingZeros64(x)) + uint64(bits.LeadingZeros64(y)) + uint64(bits.OnesCount64(x))
	sum |= x &^ y & 0xff00ff
	diff = s>>(y&63) - s/3 + s%7
	if s < -5 || x > y && s != 0 {
		diff = -diff
	}
	diff += int64(bits.Len64(x)) - min(s, 100, int64(y>>1)) + max(s, -3)
	return sum, ^diff
}

// narrow has arithmetic that must wrap at 32, 16 and 8 bits.
func narrow(a, b uint32, c int8, d uint16) uint64 {
	a = a*b + uint32(d)<<9
	a -= b
	c = c*3 + int8(a)
	d += uint16(c) - uint16(b>>3)
	e := uint8(d) - uint8(a)
	f := int32(a) >> 2
	f = -f * int32(c)
	neg := ^d
	r := uint64(a)<<32 | uint64(d)<<16 | uint64(e)
	if f < 0 {
		r = ^r
	}
	if c < 0 != (int16(neg) < 0) {
		r += uint64(uint32(f))
	}
	return r + uint64(bits.RotateLeft32(a, 13)) + uint64(bits.Len32(b)+bits.TrailingZeros32(a|1<<20)+bits.LeadingZeros32(b))
}

// flow has loops, labels and short circuits.
func flow(b []byte, n uint64) uint64 {
	sum := uint64(0)
outer:
	for i := uint64(0); i < n; i++ {
		for j := i; ; j++ {
			if j >= uint64(len(b)) {
				break outer
			}
			c := uint64(b[j])
			if c == 0 {
				continue outer
			}
			if c&1 == 0 && (c > 100 || c < 10) || c == 77 {
				sum += c
				continue
			}
			if !(c > 200 && j&1 == 1) {
				break
			}
			sum ^= c << (j & 31)
		}
		sum++
	}
	for range 5 {
		sum = sum*3 + 1
	}
	for k := range n & 7 {
		if k == 3 {
			continue
		}
		sum += k
	}
	//wasmgen:peel
	for m := n; m > 3; m -= 3 {
		if m&8 != 0 {
			continue
		}
		sum += m
		if sum&15 == 0 {
			break
		}
	}
	return sum
}

// choose has switches of every kind.
func choose(op uint64, x int64) int64 {
	r := int64(0)
	switch {
	case x < 0:
		r = 1
	case x > 10 && op > 3, x == 7:
		r = 2
	default:
		r = 3
	}
	switch op & 3 {
	case 0, 2:
		r += 10
		if x == 5 {
			break
		}
		r += 5
	case 3:
		return r * 100
	}
	//wasmgen:tree
	switch op {
	case 0:
		r++
	case 5, 6, 7:
		r += 2
	case 9:
		r += 3
	case 100:
		if x > 3 {
			break
		}
		r += 4
	case 1:
		r += 5
	case 2, 1 << 40:
		r += 6
	default:
		r += 7
	}
	//wasmgen:tree
	switch x {
	case -3:
		r += 1000
	case -1, 4:
		r += 2000
	case 0:
		r += 3000
	case 8:
		r += 4000
	}
	return r
}

//wasmgen:load 8
func load64(b []byte, i uint64) uint64 {
	w := b[i : i+8]
	return uint64(w[0]) | uint64(w[1])<<8 | uint64(w[2])<<16 | uint64(w[3])<<24 |
		uint64(w[4])<<32 | uint64(w[5])<<40 | uint64(w[6])<<48 | uint64(w[7])<<56
}

//wasmgen:store 4
func store32(b []byte, i, v uint64) {
	w := b[i : i+4]
	w[0], w[1], w[2], w[3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
}

// memory has fields, elements, pointers, tables and slices.
func memory(s *state, i uint64) uint64 {
	p := s.pairs
	k := i % 4
	q := &p[k]
	q.a += uint32(i)
	q.b ^= uint16(i >> 3)
	q.c--
	q.d = !q.d && i&1 == 0
	p[k+1].a = q.a - 7
	s.small = int16(q.c) * 300
	s.sum += uint64(table[i&7]) + uint64(table[2])
	tail := s.bytes[i%8:]
	mid := s.bytes[2:6]
	sum := load64(tail, 0) + load64(s.bytes, i%8+1) + uint64(len(tail)) + uint64(len(mid)) + uint64(mid[1])
	store32(s.bytes, i%9+1, sum>>5)
	tail[0] = byte(i)
	if q.d {
		sum = ^sum
	}
	return sum + uint64(q.a) + uint64(uint8(q.c)) + uint64(uint16(s.small))
}

// calls has functions with several results, named and not, inside each other.
func calls(b []byte, x uint64) (uint64, bool) {
	q, r := divide(x, 10)
	q, r = r, q
	n, ok := find(b, q)
	_, odd := divide(r, 2)
	last := square(square(q)+odd) + first(b, twice(x))
	count := uint64(0)
	count, ok = find(b[n:], 3)
	bump(b)
	return last + n + count + single(x), ok
}

func divide(x, y uint64) (quotient, rest uint64) {
	for x >= y && y > 0 {
		x -= y
		quotient++
		if quotient > 1000 {
			return
		}
	}
	rest = x
	return quotient, rest
}

func find(b []byte, c uint64) (uint64, bool) {
	for i := uint64(0); i < uint64(len(b)); i++ {
		if uint64(b[i]) == c {
			return i, true
		}
	}
	return missing(b)
}

func missing(b []byte) (uint64, bool) { return uint64(len(b)), false }

func square(x uint64) uint64 { return x * x }

func twice(x uint64) uint64 {
	x += x
	return x
}

func first(b []byte, x uint64) uint64 {
	if len(b) == 0 {
		return x
	}
	return uint64(b[0]) + x
}

//wasmgen:cold
func single(x uint64) uint64 {
	y := x
	if y&1 == 1 {
		return y
	}
	y++
	return y * 5
}

func bump(b []byte) {
	if len(b) == 0 {
		return
	}
	b[0]++
}

// many has more variables than there are registers.
func many(x uint64) uint64 {
	a, b, c, d, e := x, x+1, x+2, x+3, x+4
	f, g, h, i, j := x*3, x*5, x*7, x*9, x*11
	k, l, m, n, o := x^1, x^2, x^3, x^4, x^5
	p, q, r, s, t := x>>1, x>>2, x>>3, x>>4, x>>5
	for round := uint64(0); round < x&15; round++ {
		a, b = b, a+c
		c, d, e = d^f, e+g, c-h
		f, t = t+i, f^j
		g += k * l
		h ^= m + n
		i, j, k = j+o, k^p, i
		l -= q
		m, n, o = n, o, m+1
		p ^= r + s
		q, r, s = r, s, q
	}
	return a ^ b*3 ^ c*5 ^ d*7 ^ e*9 ^ f*11 ^ g*13 ^ h*15 ^ i*17 ^ j*19 ^ k ^ l<<1 ^ m<<2 ^ n<<3 ^ o<<4 ^ p<<5 ^ q<<6 ^ r<<7 ^ s<<8 ^ t<<9
}
