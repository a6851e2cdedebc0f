package json

// scanStrings is the string scan of the kernel on its own: it puts an array of
// strings without white space on nodes, and returns how many there are, or 0. It
// is what runtime-test/bench/kernel holds against the same in C; the parser has
// no use for it, and the linker leaves it out.
func scanStrings(src []byte, nodes []Node) uint64 {
	n := uint64(len(src))
	num := uint64(0)
	i := uint64(1)
	if n == 0 || src[0] != '[' {
		return 0
	}
	for {
		if i >= n || src[i] != '"' || num >= uint64(len(nodes)) {
			return 0
		}
		start := i + 1
		end, bad, flags := scanString(src, n, start)
		if bad != 0 {
			return 0
		}
		node := &nodes[num]
		node.Meta = uint32(KindString | flags)
		node.Off = uint32(start)
		node.Len = uint32(end - start)
		node.Ext = 0
		num++
		if end+1 >= n {
			return 0
		}
		if src[end+1] == ',' {
			i = end + 2
			continue
		}
		if src[end+1] != ']' || end+2 != n {
			return 0
		}
		return num
	}
}
