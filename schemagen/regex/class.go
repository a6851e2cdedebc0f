package regex

// class reads a CharacterClass after its opening bracket at off.
func (p *parser) class(off int) (*node, error) {
	neg := p.eat("^")
	var all set
	for {
		if p.pos == len(p.src) {
			return nil, p.fail(off, "found [ without its ]")
		}
		if p.eat("]") {
			break
		}
		lo, err := p.classAtom()
		if err != nil {
			return nil, err
		}
		// A - that is neither first nor last makes a range.
		at := p.pos
		if !p.eat("-") {
			all = append(all, lo.set...)
			continue
		}
		if p.pos < len(p.src) && p.src[p.pos] == ']' {
			p.pos = at
			all = append(all, lo.set...)
			continue
		}
		if p.pos == len(p.src) {
			return nil, p.fail(off, "found [ without its ]")
		}
		hi, err := p.classAtom()
		if err != nil {
			return nil, err
		}
		if !lo.single || !hi.single {
			// Annex B: the dash is a member, as are both sides.
			if err := p.lenient(at, "- beside a class escape"); err != nil {
				return nil, err
			}
			all = append(append(append(all, lo.set...), hi.set...), span{'-', '-'})
			continue
		}
		if lo.set[0].lo > hi.set[0].lo {
			return nil, p.fail(at, "found a class range whose ends are out of order")
		}
		all = append(all, span{lo.set[0].lo, hi.set[0].lo})
	}
	s := all.normalise()
	if neg {
		s = s.complement()
	}
	return &node{op: opSet, set: s}, nil
}

// member is one ClassAtom: a character, or a class escape such as \d.
type member struct {
	set    set
	single bool
}

func (p *parser) classAtom() (member, error) {
	off := p.pos
	c := p.next()
	if c != '\\' {
		return member{set{{c, c}}, true}, nil
	}
	if p.eat("b") {
		return member{set{{'\b', '\b'}}, true}, nil
	}
	single := p.pos < len(p.src) && !isClassLetter(p.src[p.pos])
	s, err := p.classEscape(off, true)
	return member{s, single}, err
}

func isClassLetter(c byte) bool {
	switch c {
	case 'd', 'D', 'w', 'W', 's', 'S', 'p', 'P':
		return true
	}
	return false
}
