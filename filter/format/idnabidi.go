package format

// isBidi reports whether the label makes its name a Bidi domain name: it has a
// character of class R, AL or AN (RFC 5893 section 1.4).
func (l *label) isBidi() bool {
	for _, r := range l.runes[:l.n] {
		switch propertiesOf(r).bidi() {
		case bidiR, bidiAL, bidiAN:
			return true
		}
	}
	return false
}

// bidiRule is the Bidi rule of RFC 5893 section 2.
func (l *label) bidiRule() bool {
	if l.n == 0 {
		return false
	}
	var allowed uint32
	var rtl bool
	switch propertiesOf(l.runes[0]).bidi() {
	case bidiR, bidiAL:
		rtl = true
		allowed = 1<<bidiR | 1<<bidiAL | 1<<bidiAN | 1<<bidiEN | 1<<bidiNeutral | 1<<bidiNSM
	case bidiL:
		allowed = 1<<bidiL | 1<<bidiEN | 1<<bidiNeutral | 1<<bidiNSM
	default:
		return false
	}
	seen, last := uint32(0), bidiNSM
	for _, r := range l.runes[:l.n] {
		class := propertiesOf(r).bidi()
		seen |= 1 << class
		if class != bidiNSM {
			last = class
		}
	}
	if seen&^allowed != 0 || seen&(1<<bidiEN) != 0 && seen&(1<<bidiAN) != 0 {
		return false
	}
	if rtl {
		return last == bidiR || last == bidiAL || last == bidiEN || last == bidiAN
	}
	return last == bidiL || last == bidiEN
}
