package json

import "math/bits"

// This file and scan.go are the source of kernel_wasm.s: they keep to the subset of Go that
// filter/internal/wasmgen translates, and `go generate` must follow every change.

// parseState is what the kernel works on. The kernel returns when it is done,
// when it refuses, or in front of a name it leaves to continueName.
//
// Invariants: pos <= len(src); num <= len(nodes); seen is empty or has mask+1
// entries; depth containers are open, the innermost is nodes[cur].
type parseState struct {
	src   []byte
	nodes []Node   // room for as many nodes as allowed
	seen  []uint64 // set of names: generation<<32 | tag; empty where duplicates are allowed
	mask  uint64
	gen   uint64

	maxDepth  uint64
	maxString uint64
	maxName   uint64
	maxItems  uint64

	pos     uint64 // next byte; on a refusal its place
	num     uint64 // nodes in use
	cur     uint64 // innermost open container
	depth   uint64 // open containers
	named   uint64 // 1: the name of the next member is parsed already
	suspect uint64 // 1: a name may be a duplicate
	status  uint64 // a Status, or pauseName
}

// pauseName says that pos is just past the opening quote of a name that has
// escapes or bytes of 0x80 and more. Such names are rare enough for the kernel
// to have one string loop instead of two.
const pauseName = 255

const (
	ones    = 0x0101010101010101
	highs   = 0x8080808080808080
	blanks  = ones * ' '
	quotes  = ones * '"'
	escapes = ones * '\\'

	// spaces has the bits of the four bytes that are white space.
	spaces = uint64(1<<' ' | 1<<'\t' | 1<<'\n' | 1<<'\r')
)

// kernel parses from s.pos on. It stays one function, as the JSON decoder of
// wuffs does: its whole state is in locals, and every place that goes on with
// the next value is a jump in it.
func kernel(s *parseState) {
	src := s.src
	n := uint64(len(src))
	nodes := s.nodes
	i := s.pos
	num := s.num
	cur := s.cur
	// need is 1 where a member's name comes next.
	need := uint64(0)
	if s.depth > 0 {
		need = uint64(nodes[cur].Meta)&kindMask - KindArray - s.named
	}
	s.status = uint64(ErrSyntax)

parse:
	for {
		if need != 0 {
			c := uint64(0)
			i, c = skipSpace(src, n, i)
			if c != '"' {
				break parse
			}
			i++
			start := i
			// Hash while looking for the end: the words are in a register already.
			h := uint64(hashSeed)
			for {
				if i+8 > n {
					w := uint64(0)
					for shift := uint64(0); i < n; i++ {
						c := uint64(src[i])
						if c == '"' || c == '\\' || c < ' ' || c >= 0x80 {
							break
						}
						w |= c << (shift & 63)
						shift += 8
					}
					h = hashWord(h, w)
					break
				}
				w := load64(src, i)
				m := special(w)
				if m == 0 {
					h = hashWord(h, w)
					i += 8
					continue
				}
				bit := uint64(bits.TrailingZeros64(m))
				h = hashWord(h, w&(1<<(bit&56)-1))
				i += bit >> 3
				break
			}
			if i >= n || src[i] != '"' {
				i = start
				s.status = pauseName
				break parse
			}
			if num >= uint64(len(nodes)) {
				i = start
				s.status = uint64(ErrNodes)
				break parse
			}
			size := i - start
			if size > s.maxName {
				i = start
				s.status = uint64(ErrName)
				break parse
			}
			h = hashEnd(h, size)
			node := &nodes[num]
			node.Meta = KindName
			node.Off = uint32(start)
			node.Len = uint32(size)
			node.Ext = uint32(h)
			num++
			if len(s.seen) != 0 {
				s.suspect |= remember(s.seen, s.mask, s.gen, h, cur)
			}
			i, c = skipSpace(src, n, i+1)
			if c != ':' {
				break parse
			}
			i++
		}

		c := uint64(0)
		i, c = skipSpace(src, n, i)
		if num >= uint64(len(nodes)) {
			s.status = uint64(ErrNodes)
			break parse
		}
		if c == '"' {
			i++
			start := i
			end, bad, flags := scanString(src, n, i)
			i = end
			if bad != 0 {
				s.status = bad
				break parse
			}
			if i-start > s.maxString {
				i = start
				s.status = uint64(ErrString)
				break parse
			}
			node := &nodes[num]
			node.Meta = uint32(KindString | flags)
			node.Off = uint32(start)
			node.Len = uint32(i - start)
			node.Ext = 0
			num++
			i++
		} else if c-'0' <= 9 || c == '-' {
			start := i
			end, flags := scanNumber(src, n, i)
			i = end
			if flags == 0 {
				break parse
			}
			node := &nodes[num]
			node.Meta = uint32(KindNumber | flags&^numberOK)
			node.Off = uint32(start)
			node.Len = uint32(i - start)
			node.Ext = 0
			num++
		} else if c == '{' || c == '[' {
			// '[' is 0x5b, '{' is 0x7b; each closes with the byte two further on.
			if s.depth >= s.maxDepth {
				s.status = uint64(ErrDepth)
				break parse
			}
			s.depth++
			need = (c >> 5) & 1
			closer := c + 2
			node := &nodes[num]
			node.Meta = uint32(KindArray + need)
			node.Off = uint32(i)
			node.Len = 0
			node.Ext = uint32(cur)
			cur = num
			num++
			i, c = skipSpace(src, n, i+1)
			if c != closer {
				nodes[cur].Len = 1
				continue parse
			}
		} else {
			kind, size := literal(src, n, i)
			if kind == 0 {
				if i >= n && num == 0 {
					s.status = uint64(ErrEmpty)
				}
				break parse
			}
			node := &nodes[num]
			node.Meta = uint32(kind)
			node.Off = uint32(i)
			node.Len = uint32(size)
			node.Ext = 0
			num++
			i += size
		}

		// A value has ended, or an empty container is about to.
		for {
			c := uint64(0)
			i, c = skipSpace(src, n, i)
			if s.depth == 0 {
				s.status = uint64(StatusOK)
				if i < n {
					s.status = uint64(ErrTrailing)
				}
				break parse
			}
			if c == ',' {
				open := &nodes[cur]
				open.Len++
				need = uint64(open.Meta)&kindMask - KindArray
				i++
				continue parse
			}
			open := &nodes[cur]
			if c != ']'+(uint64(open.Meta)&kindMask-KindArray)<<5 { // ']' is 0x5d, '}' is 0x7d
				break parse
			}
			if uint64(open.Len) > s.maxItems {
				s.status = uint64(ErrItems)
				break parse
			}
			i++
			cur = uint64(open.Ext)
			open.Ext = uint32(num)
			s.depth--
		}
	}
	s.pos = i
	s.num = num
	s.cur = cur
}

// seenProbes is how many entries of the set of names are looked at for one name.
const seenProbes = 8

// remember adds a name to the set of names, and returns 1 where it may be there
// already: where its 32-bit tag is, or where the neighbourhood is full. Both can
// be brought about on purpose, so 1 is a reason to look closely, no more.
func remember(seen []uint64, mask, gen, hash, parent uint64) uint64 {
	tag := (hash ^ parent*hashMulC) & 0xffffffff
	entry := gen<<32 | tag
	j := tag & mask
	//wasmgen:peel
	for probe := uint64(0); probe < seenProbes; probe++ {
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
