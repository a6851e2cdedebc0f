package regex

import (
	"strings"
	"unicode/utf8"
)

// atomEscape reads what follows a backslash at off outside a class.
func (p *parser) atomEscape(off int) (n *node, quantifiable bool, err error) {
	if p.pos == len(p.src) {
		return nil, false, p.fail(off, `found \ at the end`)
	}
	switch c := p.src[p.pos]; {
	case c == 'b' || c == 'B':
		p.pos++
		return wordBoundary(c == 'B'), false, nil
	case c == 'k':
		p.pos++
		if !p.eat("<") {
			return nil, false, p.fail(off, `found \k that no <name> follows`)
		}
		name, err := p.groupName()
		if err != nil {
			return nil, false, err
		}
		p.refs = append(p.refs, ref{off: off, name: name, text: p.src[off:p.pos]})
		return cat(), true, nil
	case '1' <= c && c <= '9':
		number, _ := p.number()
		p.refs = append(p.refs, ref{off: off, number: number, text: p.src[off:p.pos]})
		return cat(), true, nil
	}
	s, err := p.classEscape(off, false)
	if err != nil {
		return nil, false, err
	}
	return &node{op: opSet, set: s}, true, nil
}

// classEscape reads CharacterClassEscape or CharacterEscape after the
// backslash at off: \d, \p{..}, \n, \x41 and so on.
func (p *parser) classEscape(off int, inClass bool) (set, error) {
	if p.pos == len(p.src) {
		return nil, p.fail(off, `found \ at the end`)
	}
	c := p.next()
	switch c {
	case 'd':
		return digitSet, nil
	case 'D':
		return digitSet.complement(), nil
	case 'w':
		return wordSet, nil
	case 'W':
		return wordSet.complement(), nil
	case 's':
		return spaceSet, nil
	case 'S':
		return spaceSet.complement(), nil
	case 'p', 'P':
		return p.property(off, c == 'P')
	}
	r, err := p.characterEscape(off, c, inClass)
	return set{{r, r}}, err
}

// characterEscape reads the rest of a CharacterEscape whose first character
// is c.
func (p *parser) characterEscape(off int, c rune, inClass bool) (rune, error) {
	switch c {
	case 't':
		return '\t', nil
	case 'n':
		return '\n', nil
	case 'v':
		return '\v', nil
	case 'f':
		return '\f', nil
	case 'r':
		return '\r', nil
	case 'c':
		if p.pos < len(p.src) && isLetter(p.src[p.pos]) {
			p.pos++
			return rune(p.src[p.pos-1] & 31), nil
		}
		return 0, p.fail(off, `found \c without a letter`)
	case '0':
		if p.pos < len(p.src) && isDigit(p.src[p.pos]) {
			return 0, p.fail(off, "found an octal escape")
		}
		return 0, nil
	case 'x':
		if v, ok := p.hex(2); ok {
			return v, nil
		}
		return 0, p.fail(off, `found \x without two hexadecimal digits`)
	case 'u':
		return p.unicodeEscape(off)
	}
	return c, p.identityEscape(off, c, inClass)
}

// identityEscape checks that c may stand for itself after a backslash:
// SyntaxCharacter or /, and - in a class. Annex B adds most others; letters
// and digits stay refused, because who writes \Z or \h wants another meaning.
func (p *parser) identityEscape(off int, c rune, inClass bool) error {
	if strings.ContainsRune(`^$\.*+?()[]{}|/`, c) || inClass && c == '-' {
		return nil
	}
	if c < utf8.RuneSelf && (isLetter(byte(c)) || isDigit(byte(c))) {
		return p.fail(off, `found \`+string(c)+", which means nothing in ECMA-262")
	}
	return p.lenient(off, `\`+string(c))
}

// unicodeEscape reads what follows \u: XXXX, a surrogate pair, or {X...}.
func (p *parser) unicodeEscape(off int) (rune, error) {
	if p.eat("{") {
		v, n := rune(0), 0
		for p.pos < len(p.src) && hexValue(p.src[p.pos]) >= 0 && v <= maxRune {
			v = v<<4 | rune(hexValue(p.src[p.pos]))
			p.pos++
			n++
		}
		if n == 0 || v > maxRune || !p.eat("}") {
			return 0, p.fail(off, `found \u{ without a code point and }`)
		}
		return v, nil
	}
	hi, ok := p.hex(4)
	if !ok {
		return 0, p.fail(off, `found \u without four hexadecimal digits`)
	}
	if hi >= 0xD800 && hi < 0xDC00 {
		at := p.pos
		if p.eat(`\u`) {
			if lo, ok := p.hex(4); ok && lo >= 0xDC00 && lo < 0xE000 {
				return (hi-0xD800)<<10 + (lo - 0xDC00) + 0x10000, nil
			}
		}
		p.pos = at
	}
	return hi, nil
}

// hex reads exactly n hexadecimal digits, or nothing.
func (p *parser) hex(n int) (v rune, ok bool) {
	if len(p.src)-p.pos < n {
		return 0, false
	}
	for i := range n {
		d := hexValue(p.src[p.pos+i])
		if d < 0 {
			return 0, false
		}
		v = v<<4 | rune(d)
	}
	p.pos += n
	return v, true
}

// property reads what follows \p: {Name} or {Name=Value}.
func (p *parser) property(off int, neg bool) (set, error) {
	if !p.eat("{") {
		return nil, &ErrUnsupportedProperty{Offset: off}
	}
	end := strings.IndexByte(p.src[p.pos:], '}')
	if end < 0 {
		return nil, &ErrUnsupportedProperty{Offset: off}
	}
	name := p.src[p.pos : p.pos+end]
	p.pos += end + 1
	s, ok := lookupProperty(name)
	if !ok {
		return nil, &ErrUnsupportedProperty{Offset: off, Name: name}
	}
	if neg {
		s = s.complement()
	}
	return s, nil
}

// groupName reads RegExpIdentifierName and its closing bracket.
func (p *parser) groupName() (string, error) {
	off := p.pos
	var name []rune
	for p.pos < len(p.src) && !p.eat(">") {
		c := p.next()
		if c == '\\' {
			if !p.eat("u") {
				return "", p.fail(off, `found \ in a group name`)
			}
			var err error
			if c, err = p.unicodeEscape(p.pos - 2); err != nil {
				return "", err
			}
		}
		if !isNameRune(c, len(name) == 0) {
			return "", p.fail(off, "found "+string(c)+" in a group name")
		}
		name = append(name, c)
	}
	if len(name) == 0 || p.src[p.pos-1] != '>' {
		return "", p.fail(off, "found a group name that is empty or has no >")
	}
	return string(name), nil
}

// isNameRune is IdentifierStartChar or IdentifierPartChar (section 12.7).
func isNameRune(c rune, first bool) bool {
	if c == '$' || c == '_' {
		return true
	}
	name := "ID_Continue"
	if first {
		name = "ID_Start"
	} else if c == 0x200C || c == 0x200D {
		return true
	}
	s, ok := lookupProperty(name)
	return ok && s.contains(c)
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

func hexValue(c byte) int {
	switch {
	case isDigit(c):
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
