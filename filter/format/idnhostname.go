package format

import "unicode/utf8"

// isIDNHostname is a name of RFC 5890 section 2.3.2.3 labels: LDH-labels,
// A-labels and U-labels, parted by a full stop or one of the three characters
// that RFC 3490 section 3.1 takes for one. Nothing is mapped before the test:
// capital letters are refused in U-labels (RFC 5891 section 5.4). If any label
// is right-to-left all are held to the Bidi rule (RFC 5893 section 2).
func isIDNHostname(s []byte) bool {
	if len(s) > maxName*utf8.UTFMax {
		return false
	}
	var l label
	total, bidi, broken := 0, false, false
	for start := 0; ; {
		end, next := nextDot(s, start)
		if !l.parse(s[start:end]) {
			return false
		}
		total += l.octets + 1
		bidi = bidi || l.isBidi()
		broken = broken || !l.bidiRule()
		if next == 0 {
			break
		}
		start = next
	}
	return total-1 <= maxName && !(bidi && broken)
}

// nextDot returns where the label at start ends and where the next begins, 0
// after the last.
func nextDot(s []byte, start int) (end, next int) {
	for i := start; i < len(s); {
		r, n := utf8.DecodeRune(s[i:])
		if r == '.' || r == 0x3002 || r == 0xFF0E || r == 0xFF61 {
			return i, i + n
		}
		i += n
	}
	return len(s), 0
}

// label is one label as code points. A U-label of more than 59 can't be an
// A-label of 63 bytes, but LDH-labels may have 63.
type label struct {
	runes  [maxLabel]rune
	n      int
	octets int // of its LDH form
}

// parse fills l from text and reports whether that is a label, but for the
// Bidi rule, which depends on the other labels.
func (l *label) parse(text []byte) bool {
	l.n = 0
	ascii := true
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if l.n == maxLabel {
			return false
		}
		l.runes[l.n] = r
		l.n++
		ascii = ascii && r < utf8.RuneSelf
		i += n
	}
	if !ascii {
		l.octets = len("xn--") + l.punycodeLength()
		return l.octets <= maxLabel && l.isULabel()
	}
	l.octets = len(text)
	if !isLDH(text) {
		return false
	}
	if isFakeALabel(text) {
		return l.decodeALabel(text)
	}
	// RFC 5891 section 4.2.3.1: other labels with these hyphens are reserved.
	return !(l.n >= 4 && text[2] == '-' && text[3] == '-')
}

// isALabel reports whether the LDH-label text, which begins with xn--, is an
// A-label, its U-label held to the Bidi rule by itself.
func isALabel(text []byte) bool {
	var l label
	return l.decodeALabel(text) && (!l.isBidi() || l.bidiRule())
}

// decodeALabel fills l with the U-label of text and reports whether text is
// its A-label: the decoded label is valid, not ASCII, and encodes to text.
func (l *label) decodeALabel(text []byte) bool {
	l.octets = len(text)
	if !l.punycodeDecode(text[4:]) || l.isASCII() || !l.punycodeEncodes(text[4:]) {
		return false
	}
	return l.isULabel()
}

func (l *label) isASCII() bool {
	for _, r := range l.runes[:l.n] {
		if r >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// isULabel checks what RFC 5891 sections 4.2.3 and 5.4 ask of the code points.
func (l *label) isULabel() bool {
	r := l.runes[:l.n]
	if r[0] == '-' || r[l.n-1] == '-' || l.n >= 4 && r[2] == '-' && r[3] == '-' {
		return false
	}
	if propertiesOf(r[0]).isMark() {
		return false
	}
	for i, c := range r {
		switch propertiesOf(c).idna() {
		case idnaDisallowed:
			return false
		case idnaContextJ:
			if !l.contextJ(i) {
				return false
			}
		case idnaContextO:
			if !l.contextO(i) {
				return false
			}
		}
	}
	return l.isNFC()
}
