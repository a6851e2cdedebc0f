package format

// contextJ applies the rule of RFC 5892 appendix A.1 or A.2 to the joiner at i.
func (l *label) contextJ(i int) bool {
	if i > 0 && propertiesOf(l.runes[i-1]).isVirama() {
		return true
	}
	return l.runes[i] == 0x200C && l.joinsBefore(i) && l.joinsAfter(i)
}

// joinsBefore: (Joining_Type:{L,D})(Joining_Type:T)* stands before i.
func (l *label) joinsBefore(i int) bool {
	for i--; i >= 0; i-- {
		switch propertiesOf(l.runes[i]).joining() {
		case joinTransparent:
		case joinLeft, joinDual:
			return true
		default:
			return false
		}
	}
	return false
}

// joinsAfter: (Joining_Type:T)*(Joining_Type:{R,D}) stands after i.
func (l *label) joinsAfter(i int) bool {
	for i++; i < l.n; i++ {
		switch propertiesOf(l.runes[i]).joining() {
		case joinTransparent:
		case joinRight, joinDual:
			return true
		default:
			return false
		}
	}
	return false
}

// contextO applies the rule of RFC 5892 appendices A.3 to A.9 to the character
// at i.
func (l *label) contextO(i int) bool {
	switch c := l.runes[i]; {
	case c == 0x00B7: // MIDDLE DOT
		return i > 0 && l.runes[i-1] == 'l' && i+1 < l.n && l.runes[i+1] == 'l'
	case c == 0x0375: // GREEK LOWER NUMERAL SIGN
		return i+1 < l.n && propertiesOf(l.runes[i+1]).script() == scriptGreek
	case c == 0x05F3 || c == 0x05F4: // HEBREW GERESH, GERSHAYIM
		return i > 0 && propertiesOf(l.runes[i-1]).script() == scriptHebrew
	case c == 0x30FB: // KATAKANA MIDDLE DOT
		for _, r := range l.runes[:l.n] {
			if propertiesOf(r).script() == scriptHan {
				return true
			}
		}
		return false
	case c >= 0x0660 && c <= 0x0669: // ARABIC-INDIC DIGITS
		return !l.hasBetween(0x06F0, 0x06F9)
	case c >= 0x06F0 && c <= 0x06F9: // EXTENDED ARABIC-INDIC DIGITS
		return !l.hasBetween(0x0660, 0x0669)
	}
	return false
}

func (l *label) hasBetween(lo, hi rune) bool {
	for _, r := range l.runes[:l.n] {
		if r >= lo && r <= hi {
			return true
		}
	}
	return false
}
