package param

import (
	"math/bits"

	"portcullis/filter/json"
)

//go:generate go run portcullis/filter/internal/wasmgen/cmd -func formKernel -out kernel_wasm.s

// This file is the source of kernel_wasm.s: it keeps to the subset of Go that
// filter/internal/wasmgen translates, and `go generate` must follow every change.

// formState is what the kernel works on: a form whose fields are all strings,
// or become something else one by one afterwards.
//
// Invariants: len(out) >= len(src)+formSlack; seen has mask+1 entries.
type formState struct {
	src    []byte
	out    []byte      // decoded texts, each with a NUL behind it
	nodes  []json.Node // node 0 is the object
	seen   []uint64    // set of names: generation<<32 | hash
	picked []uint32    // nodes of the names that bloom has
	bloom  uint64      // a bit for each name that is looked at again, by its hash
	mask   uint64
	gen    uint64
	divide uint64 // 1: a raw ';' is out of the ordinary

	at        uint64 // bytes of out in use
	num       uint64 // nodes in use
	numPicked uint64
	high      uint64 // 0x80 and more: some text is not ASCII
	status    uint64
}

// Outcomes of the kernel.
const (
	formGood = 1
	formSlow = 2 // a name twice, with brackets, or not to be decoded: for whoever looks closely
)

// formSlack is the room that stores of whole words need behind the texts.
const formSlack = 32

const (
	ones     = 0x0101010101010101
	highs    = 0x8080808080808080
	lows     = 0x7f7f7f7f7f7f7f7f
	pluses   = ones * '+'
	deletes  = ones * 0x7f
	equals   = ones * '='
	brackets = ones * '['
	semis    = ones * ';'
	// aboveAmps is the first byte above '&' in each place.
	aboveAmps = ones * ('&' + 1)
)

// As json.HashName has them.
const (
	nameSeed = 0x27d4eb2f165667c5
	nameMulA = 0x9e3779b97f4a7c15
	nameMulB = 0xc2b2ae3d27d4eb4f
)

// formKernel reads pairs onto the tape, until the end or until something is out
// of the ordinary.
func formKernel(s *formState) {
	src := s.src
	n := uint64(len(src))
	out := s.out
	nodes := s.nodes
	i := uint64(0)
	o := uint64(0)
	num := s.num
	s.status = formSlow
	for i < n {
		if src[i] == '&' {
			i++
			continue
		}
		if num+2 > uint64(len(nodes)) {
			return
		}
		start := o
		end, to, stop, high := scanText(src, n, out, i, o, 1, s.divide)
		if stop > 0xff || stop == '[' {
			return
		}
		i = end
		o = to
		size := o - start
		out[o] = 0
		o++
		s.high |= high
		h := hashText(out, start, size)
		if remember(s.seen, s.mask, s.gen, h) != 0 {
			return
		}
		if s.bloom>>(h&63)&1 != 0 {
			if s.numPicked >= uint64(len(s.picked)) {
				return
			}
			s.picked[s.numPicked] = uint32(num)
			s.numPicked++
		}
		node := &nodes[num]
		node.Meta = uint32(json.KindName | (high>>7&1)<<9)
		node.Off = uint32(start)
		node.Len = uint32(size)
		node.Ext = uint32(h)
		num++
		start = o
		if stop == '=' {
			end, to, stop, high := scanText(src, n, out, i+1, o, 0, s.divide)
			if stop > 0xff {
				return
			}
			i = end
			o = to
			s.high |= high
			node := &nodes[num]
			node.Meta = uint32(json.KindString | (high>>7&1)<<9)
			node.Off = uint32(start)
			node.Len = uint32(o - start)
			node.Ext = 0
			out[o] = 0
			o++
		} else {
			node := &nodes[num]
			node.Meta = json.KindString
			node.Off = uint32(start)
			node.Len = 0
			node.Ext = 0
		}
		num++
		i++ // past the '&'
	}
	s.at = o
	s.num = num
	s.status = formGood
}

// scanText decodes one text from src[i:] to out[o:], up to an '&', and in a name
// to an '=' or '['. stop is that byte, 0 at the end, more than a byte where the
// text can't be decoded, or holds a ';' where divide is 1. high has the bits of all
// bytes that are not ASCII.
func scanText(src []byte, n uint64, out []byte, i, o, name, divide uint64) (end, to, stop, high uint64) {
	for {
		//wasmgen:peel
		for i+8 <= n {
			w := load64(src, i)
			p := w ^ pluses
			p = (((p & lows) + lows) | p | lows) ^ ^uint64(0) // the high bit of each '+'
			store64(out, o, w-(p>>7)*('+'-' '))
			// '#', '%' and '&' are among the bytes up to '&', where little else is.
			m := (w - aboveAmps) | ((w ^ deletes) - ones) | ((w ^ semis) - ones) | w
			if name != 0 {
				m |= ((w ^ equals) - ones) | ((w ^ brackets) - ones)
			}
			// The lowest bit is right; a borrow may have set others.
			m &= highs
			if m == 0 {
				i += 8
				o += 8
				continue
			}
			k := uint64(bits.TrailingZeros64(m)) >> 3
			i += k
			o += k
			break
		}
		if i >= n {
			return i, o, 0, high
		}
		c := uint64(src[i])
		if c == '&' || name != 0 && (c == '=' || c == '[') {
			return i, o, c, high
		}
		if c == '%' {
			if i+2 >= n {
				return i, o, 256, high
			}
			v := nibble(uint64(src[i+1]))<<4 | nibble(uint64(src[i+2]))
			if v > 0xff || v == 0 {
				return i, o, 256, high
			}
			if name != 0 && v == '[' {
				return i, o, v, high
			}
			high |= v & 0x80
			out[o] = uint8(v)
			i += 2
		} else if c == '+' {
			out[o] = ' '
		} else if c <= ' ' || c == '#' || c == 0x7f || c == ';' && divide != 0 {
			return i, o, 256, high
		} else {
			high |= c & 0x80
			out[o] = uint8(c)
		}
		i++
		o++
	}
}

// nibble is the value of a hexadecimal digit, 4096 when c is none.
func nibble(c uint64) uint64 {
	if c-'0' <= 9 {
		return c - '0'
	}
	if d := (c | 0x20) - 'a'; d <= 5 {
		return d + 10
	}
	return 4096
}

// hashText is json.HashName of b[at:at+size]. Eight bytes behind it can be read.
func hashText(b []byte, at, size uint64) uint64 {
	h := uint64(nameSeed)
	end := at + size
	for at+8 <= end {
		h = (h ^ load64(b, at)) * nameMulA
		at += 8
	}
	w := load64(b, at) & (1<<((end-at)<<3&63) - 1)
	h = (h ^ w) * nameMulA
	return ((h ^ h>>32 ^ size) * nameMulB) >> 32
}

// remember adds a name to the set of names, and returns 1 where it may be there
// already, or where the neighbourhood is full.
func remember(seen []uint64, mask, gen, hash uint64) uint64 {
	entry := gen<<32 | hash
	j := hash & mask
	for probe := uint64(0); probe < 8; probe++ {
		v := seen[j]
		if v>>32 != gen {
			seen[j] = entry
			return 0
		}
		if v == entry {
			return 1
		}
		j = (j + 1) & mask
	}
	return 1
}
