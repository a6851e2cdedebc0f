package format

// isLanguage is Language-Tag of RFC 5646 section 2.1, well-formed as section
// 2.2.9 has it: the grammar, without the registry. Duplicate variants and
// singletons are not looked for; section 2.2.9 asks for that of valid tags.
func isLanguage(s []byte) bool {
	if isIrregular(s) {
		return true
	}
	t := subtags{s: s}
	t.next()
	if t.n == 1 && lower(t.at(0)) == 'x' {
		t.next()
		return t.rest(1)
	}
	if !t.langtag() {
		return false
	}
	if t.n == 1 && lower(t.at(0)) == 'x' {
		t.next()
		return t.rest(1)
	}
	return t.done()
}

// irregular are the grandfathered tags that the grammar does not cover.
const irregular = "|en-gb-oed|i-ami|i-bnn|i-default|i-enochian|i-hak|i-klingon|i-lux|i-mingo|i-navajo|i-pwn|i-tao|i-tay|i-tsu|sgn-be-fr|sgn-be-nl|sgn-ch-de|"

func isIrregular(s []byte) bool {
	for i := 0; i+len(s)+1 < len(irregular); i++ {
		if irregular[i] != '|' || irregular[i+len(s)+1] != '|' {
			continue
		}
		j := 0
		for j < len(s) && s[j] != '|' && lower(s[j]) == irregular[i+1+j] {
			j++
		}
		if j == len(s) {
			return j > 0
		}
	}
	return false
}

// subtags walks over the parts between hyphens. The present one is
// s[start:start+n]; n is -1 after the last, and it is malformed when 0.
type subtags struct {
	s        []byte
	start, n int
	began    bool
}

func (t *subtags) at(i int) byte { return t.s[t.start+i] }
func (t *subtags) done() bool    { return t.n < 0 }

func (t *subtags) next() {
	if t.began {
		t.start += t.n + 1
	}
	t.began = true
	if t.start > len(t.s) {
		t.n = -1
		return
	}
	t.n = 0
	for t.start+t.n < len(t.s) && isAlnum(t.at(t.n)) && t.n <= 8 {
		t.n++
	}
	if end := t.start + t.n; end < len(t.s) && t.at(t.n) != '-' || t.n > 8 {
		t.n = 0
	}
}

// is reports whether the present subtag has min to max bytes, of letters only
// or of digits only when so wanted.
func (t *subtags) is(min, max int, letters, digits bool) bool {
	if t.n < min || t.n > max {
		return false
	}
	for i := range t.n {
		if letters && !isAlpha(t.at(i)) || digits && !isDigit(t.at(i)) {
			return false
		}
	}
	return true
}

// rest consumes all other subtags, each of min to 8 bytes and at least one.
func (t *subtags) rest(min int) bool {
	any := false
	for t.is(min, 8, false, false) {
		any = true
		t.next()
	}
	return any && t.done()
}

// langtag consumes language, script, region, variants and extensions.
func (t *subtags) langtag() bool {
	short := t.is(2, 3, true, false)
	if !short && !t.is(4, 8, true, false) {
		return false
	}
	t.next()
	for i := 0; short && i < 3 && t.is(3, 3, true, false); i++ {
		t.next()
	}
	if t.is(4, 4, true, false) {
		t.next()
	}
	if t.is(2, 2, true, false) || t.is(3, 3, false, true) {
		t.next()
	}
	for t.is(5, 8, false, false) || t.n == 4 && isDigit(t.at(0)) {
		t.next()
	}
	for t.n == 1 && lower(t.at(0)) != 'x' {
		t.next()
		if !t.is(2, 8, false, false) {
			return false
		}
		for t.is(2, 8, false, false) {
			t.next()
		}
	}
	return true
}
