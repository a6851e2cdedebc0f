package table

// Words of what few operations have beside their record; sorted by operation, at
// most one record for each.
//
//	op flags origins(2: names) headers(2: names) maxAge limit
//	encodings(2: names) upgrades(2: names)
//
// An origin is "*", or scheme, host and port as browsers write them; a host may
// begin with "*.", for one or more labels (Fetch Standard section 3.3).
const (
	ExtraOp        = 0
	ExtraFlags     = 1
	ExtraOrigins   = 2 // none: preflight requests are not answered here
	ExtraHeaders   = 4
	ExtraMaxAge    = 6  // seconds
	ExtraLimit     = 7  // what preflight requests are charged to, NoIndex
	ExtraEncodings = 8  // Content-Encodings that bodies may have, unread
	ExtraUpgrades  = 10 // protocols that connections may change to
)

// Flags of an Extra.
const (
	ExtraFlagCredentials = 1 << 0 // cross-origin requests may come with cookies
	extraFlagsAll        = 1<<1 - 1
)

// Extra is what an operation has beside its record.
type Extra struct {
	t *Table
	w *[wordsExtra]uint32
}

// NumExtras is how many operations have an Extra.
func (t *Table) NumExtras() uint32 { return uint32(len(t.extras) / wordsExtra) }

// Extra is the i-th, in the order of operations.
func (t *Table) Extra(i uint32) Extra {
	return Extra{t, (*[wordsExtra]uint32)(t.extras[i*wordsExtra:])}
}

// FindExtra is the index of an operation's Extra, NoIndex for most.
func (t *Table) FindExtra(op uint32) uint32 {
	lo, hi := uint32(0), t.NumExtras()
	for lo < hi {
		if mid := (lo + hi) / 2; t.extras[mid*wordsExtra+ExtraOp] < op {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == t.NumExtras() || t.extras[lo*wordsExtra+ExtraOp] != op {
		return NoIndex
	}
	return lo
}

// FindCORS is the index of the Extra of an operation whose preflight requests are
// answered here, NoIndex for others.
func (t *Table) FindCORS(op uint32) uint32 {
	i := t.FindExtra(op)
	if i != NoIndex && t.Extra(i).Origins().Len() == 0 {
		return NoIndex
	}
	return i
}

// Op is the operation.
func (x Extra) Op() uint32 { return x.w[ExtraOp] }

// Encodings is the Content-Encodings that pass unread, in lower case.
func (x Extra) Encodings() Names { return Names{x.t, rangeAt(x.w[:], ExtraEncodings)} }

// Upgrades is the protocols that connections may change to, in lower case.
func (x Extra) Upgrades() Names { return Names{x.t, rangeAt(x.w[:], ExtraUpgrades)} }

// Origins is the origins whose documents may ask; none: preflight requests are not
// answered here.
func (x Extra) Origins() Names { return Names{x.t, rangeAt(x.w[:], ExtraOrigins)} }

// Headers is the header fields that their requests may have, in lower case.
func (x Extra) Headers() Names { return Names{x.t, rangeAt(x.w[:], ExtraHeaders)} }

// MaxAge is how many seconds browsers may keep the answer to a preflight request.
func (x Extra) MaxAge() uint32 { return x.w[ExtraMaxAge] }

// Limit is the limit that preflight requests are charged to, NoIndex for none.
func (x Extra) Limit() uint32 { return x.w[ExtraLimit] }

// Credentials reports whether cross-origin requests may come with cookies and the
// like.
func (x Extra) Credentials() bool { return x.w[ExtraFlags]&ExtraFlagCredentials != 0 }

// AnyOrigin reports that every origin may ask.
func (x Extra) AnyOrigin() bool {
	origins := x.Origins()
	return origins.Len() == 1 && string(origins.At(0)) == "*"
}

// Allows reports whether requests of an origin are answered. Origins are compared
// byte by byte: browsers write them in lower case (RFC 6454 section 6.2).
func (x Extra) Allows(origin []byte) bool {
	origins := x.Origins()
	for i := range origins.Len() {
		if originMatches(origins.At(i), origin) {
			return true
		}
	}
	return false
}

// originMatches compares an origin with one of the policy's.
func originMatches(want, origin []byte) bool {
	if string(want) == "*" {
		return len(origin) != 0
	}
	for i, c := range want {
		if c != '*' {
			if i >= len(origin) || origin[i] != c {
				return false
			}
			continue
		}
		// What the star stands for is whole labels, and the rest is the same.
		rest := want[i+1:]
		n := len(origin) - len(rest)
		return n > i && string(origin[n:]) == string(rest) && labels(origin[i:n])
	}
	return len(origin) == len(want)
}

// labels reports labels of a host's name, divided by dots.
func labels(s []byte) bool {
	last := byte('.')
	for _, c := range s {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' && last != '.') {
			return false
		}
		last = c
	}
	return last != '.'
}

// extrasSorted reports that no operation has two records, and that they are in
// order.
func (t *Table) extrasSorted() bool {
	for i := wordsExtra; i < len(t.extras); i += wordsExtra {
		if t.extras[i-wordsExtra+ExtraOp] >= t.extras[i+ExtraOp] {
			return false
		}
	}
	return true
}
