package json

// continueName parses the name that the kernel stopped at, up to and with its
// colon, and reports whether the kernel can go on. Otherwise it has set the
// status. It does what the kernel does for plain names, in the same order.
func continueName(s *parseState) bool {
	src, n, start := s.src, uint64(len(s.src)), s.pos
	end, bad, flags := scanString(src, n, start)
	size := end - start
	switch {
	case bad != 0:
		s.pos, s.status = end, bad
		return false
	case s.num >= uint64(len(s.nodes)):
		s.status = uint64(ErrNodes)
		return false
	case size > s.maxName:
		s.status = uint64(ErrName)
		return false
	}
	raw := src[start:end]
	hash := uint32(0)
	if flags&FlagEscaped != 0 {
		hash = hashRaw(raw)
	} else {
		hash = HashName(raw)
	}
	s.nodes[s.num] = Node{Meta: KindName | uint32(flags), Off: uint32(start), Len: uint32(size), Ext: hash}
	s.num++
	if len(s.seen) != 0 {
		s.suspect |= remember(s.seen, s.mask, s.gen, uint64(hash), s.cur)
	}
	i, c := skipSpace(src, n, end+1)
	if c != ':' {
		s.pos, s.status = i, uint64(ErrSyntax)
		return false
	}
	s.pos = i + 1
	s.named = 1
	return true
}

// findDuplicate looks for two equal names in one object of a parsed tape, and
// returns the offset of the first name in the text that repeats another. The
// kernel's set only says where to look; here names are compared. Sorting bounds
// the work to n log n comparisons whatever names collide.
func (p *Parser) findDuplicate(t *Tape) (uint32, bool) {
	found := uint32(0)
	for i := range t.Nodes {
		if n := t.Nodes[i]; n.Kind() != KindObject || n.Len < 2 {
			continue
		}
		names := collectNames(p.order, t, uint32(i))
		heapSort(names, nameOrder{t})
		for j := 1; j < len(names); j++ {
			if compareNames(t, names[j-1], t, names[j]) != 0 {
				continue
			}
			// Equal names are in document order, so names[j] is the later one.
			if off := t.Nodes[names[j]].Off; found == 0 || off < found {
				found = off
			}
		}
	}
	return found, found != 0
}

// collectNames writes the node indexes of an object's names to order.
func collectNames(order []uint32, t *Tape, object uint32) []uint32 {
	k := 0
	end := t.Nodes[object].Ext
	for i := object + 1; i < end && k < len(order); i = t.Next(i + 1) {
		order[k] = i
		k++
	}
	return order[:k]
}

// compareNames is a total order of names that looks at hashes first, so that
// bytes are read for (nearly) equal names only.
func compareNames(t1 *Tape, n1 uint32, t2 *Tape, n2 uint32) int {
	switch a, b := t1.Nodes[n1].Ext, t2.Nodes[n2].Ext; {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return compareStrings(t1, n1, t2, n2)
}

// nameOrder orders names of one tape by compareNames, equal ones by position.
type nameOrder struct{ t *Tape }

func (o nameOrder) less(a, b uint32) bool {
	c := compareNames(o.t, a, o.t, b)
	return c < 0 || c == 0 && a < b
}
