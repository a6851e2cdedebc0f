package json

import (
	"strconv"
	"unicode/utf8"
)

// AppendPointer appends the JSON Pointer (RFC 6901) of a node to dst and
// returns the extended slice. For a name it is the pointer of its member. Names
// are written unescaped with ~0 and ~1 for '~' and '/', so on a tape made by
// Parse the output is valid UTF-8. It takes time in proportion to the nodes
// before the node, and allocates only if dst lacks room.
func AppendPointer(dst []byte, t *Tape, node uint32) []byte {
	return AppendPointerWithin(dst, t, node, int(^uint(0)>>1))
}

// AppendPointerWithin is AppendPointer for answers of bounded size: where the
// pointer would pass max bytes it ends early and leads to a value around the node.
func AppendPointerWithin(dst []byte, t *Tape, node uint32, max int) []byte {
	start := len(dst)
	at := uint32(0)
	for at != node && at < uint32(len(t.Nodes)) {
		n := t.Nodes[at]
		kind := n.Kind()
		if kind != KindArray && kind != KindObject {
			return dst // not on this tape
		}
		child, index := at+1, uint64(0)
		for child < n.Ext {
			value := child
			if kind == KindObject {
				value++
			}
			next := t.Next(value)
			if node < next {
				break
			}
			child = next
			index++
		}
		if child >= n.Ext {
			return dst
		}
		// A name doubles at most: ~ becomes ~0. An index has at most 10 digits.
		need := 11
		if kind == KindObject {
			need = 1 + 2*len(t.Text(child))
		}
		if need > max-(len(dst)-start) {
			return dst
		}
		dst = append(dst, '/')
		if kind == KindArray {
			dst = strconv.AppendUint(dst, index, 10)
			at = child
			continue
		}
		dst = appendToken(dst, t, child)
		if node == child {
			return dst
		}
		at = child + 1
	}
	return dst
}

// appendToken appends a name as a reference token.
func appendToken(dst []byte, t *Tape, name uint32) []byte {
	raw := t.Text(name)
	escaped := t.Nodes[name].Meta&FlagEscaped != 0
	for i := 0; i < len(raw); {
		c := rune(raw[i])
		size := 1
		if c == '\\' && escaped {
			c, size = unescape(raw[i:])
		} else if c >= utf8.RuneSelf {
			dst = append(dst, raw[i])
			i++
			continue
		}
		i += size
		switch c {
		case '~':
			dst = append(dst, '~', '0')
		case '/':
			dst = append(dst, '~', '1')
		default:
			dst = utf8.AppendRune(dst, c)
		}
	}
	return dst
}
