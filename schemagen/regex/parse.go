package regex

import (
	"unicode/utf8"
)

// maxDepth bounds how deep groups nest, and so the recursion.
const maxDepth = 250

type parser struct {
	src      string
	pos      int
	strict   bool
	depth    int
	groups   int      // capturing groups so far
	names    []string // of groups so far
	refs     []ref    // backreferences seen
	warnings []Warning
}

// ref is a backreference: by name, or by number when the name is "".
type ref struct {
	off    int
	number int
	name   string
	text   string
}

// parse reads pattern as Pattern[+UnicodeMode, +NamedCaptureGroups] of
// ECMA-262 section 22.2.1, with Annex B's leniency unless strict.
func parse(pattern string, strict bool) (*node, []Warning, error) {
	p := &parser{src: pattern, strict: strict}
	if !utf8.ValidString(pattern) {
		return nil, nil, p.fail(0, "found invalid UTF-8")
	}
	n, err := p.disjunction()
	if err != nil {
		return nil, nil, err
	}
	if p.pos < len(p.src) {
		return nil, nil, p.fail(p.pos, "found ) without its (")
	}
	if err := p.checkRefs(); err != nil {
		return nil, nil, err
	}
	return n, p.warnings, nil
}

// checkRefs refuses backreferences, those to nothing as syntax errors.
func (p *parser) checkRefs() error {
	for _, r := range p.refs {
		if r.name == "" && r.number > p.groups {
			return p.fail(r.off, "found "+r.text+", but there are fewer groups")
		}
		if r.name != "" && !contains(p.names, r.name) {
			return p.fail(r.off, "found "+r.text+", but no group has that name")
		}
	}
	if len(p.refs) > 0 {
		return &ErrBackreference{Offset: p.refs[0].off, Ref: p.refs[0].text}
	}
	return nil
}

func (p *parser) disjunction() (*node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.fail(p.pos, "groups nest too deep")
	}
	defer func() { p.depth-- }()
	first, err := p.alternative()
	if err != nil || !p.eat("|") {
		return first, err
	}
	alt := &node{op: opAlt, subs: []*node{first}}
	for {
		n, err := p.alternative()
		if err != nil {
			return nil, err
		}
		alt.subs = append(alt.subs, n)
		if !p.eat("|") {
			return alt, nil
		}
	}
}

func (p *parser) alternative() (*node, error) {
	var subs []*node
	for p.pos < len(p.src) && p.src[p.pos] != '|' && p.src[p.pos] != ')' {
		n, err := p.term()
		if err != nil {
			return nil, err
		}
		subs = append(subs, n)
	}
	return cat(subs...), nil
}

// term reads an assertion, or an atom and its quantifier.
func (p *parser) term() (*node, error) {
	start := p.pos
	n, quantifiable, err := p.atom()
	if err != nil {
		return nil, err
	}
	at := p.pos
	min, max, ok, err := p.quantifier()
	if err != nil || !ok {
		return n, err
	}
	if !quantifiable {
		if n.op != opLook || n.behind || p.src[start] != '(' {
			return nil, p.fail(at, "found a quantifier after an assertion")
		}
		// Annex B: QuantifiableAssertion.
		if err := p.lenient(at, "quantifier after a lookahead"); err != nil {
			return nil, err
		}
	}
	return &node{op: opRepeat, subs: []*node{n}, min: min, max: max}, nil
}

// atom reads one Atom or Assertion; only an Atom can be quantified.
func (p *parser) atom() (n *node, quantifiable bool, err error) {
	off := p.pos
	c := p.next()
	switch c {
	case '^':
		return &node{op: opStart}, false, nil
	case '$':
		return &node{op: opEnd}, false, nil
	case '.':
		return &node{op: opSet, set: dotSet}, true, nil
	case '(':
		return p.group(off)
	case '[':
		n, err = p.class(off)
		return n, true, err
	case '\\':
		return p.atomEscape(off)
	case '*', '+', '?':
		return nil, false, p.fail(off, "found "+string(c)+" with nothing to repeat")
	case '{', '}', ']':
		// Annex B: ExtendedPatternCharacter, unless it reads as a quantifier.
		if c == '{' {
			p.pos = off
			if _, _, ok, _ := p.braces(); ok {
				return nil, false, p.fail(off, "found a repeat count with nothing to repeat")
			}
			p.pos = off + 1
		}
		if err := p.lenient(off, "unescaped "+string(c)); err != nil {
			return nil, false, err
		}
	}
	return literal(c), true, nil
}

func literal(c rune) *node { return &node{op: opSet, set: set{{c, c}}} }

// group reads what follows an opening parenthesis at off.
func (p *parser) group(off int) (n *node, quantifiable bool, err error) {
	quantifiable = true
	var behind, neg, isLook bool
	switch {
	case p.eat("?:"):
	case p.eat("?="):
		isLook = true
	case p.eat("?!"):
		isLook, neg = true, true
	case p.eat("?<="):
		isLook, behind = true, true
	case p.eat("?<!"):
		isLook, behind, neg = true, true, true
	case p.eat("?<"):
		name, err := p.groupName()
		if err != nil {
			return nil, false, err
		}
		if contains(p.names, name) {
			return nil, false, p.fail(off, "found a second group named "+name)
		}
		p.names = append(p.names, name)
		p.groups++
	case p.eat("?"):
		return nil, false, p.fail(off, "found (? that begins none of (?: (?= (?! (?<= (?<! (?<name>")
	default:
		p.groups++
	}
	if n, err = p.disjunction(); err != nil {
		return nil, false, err
	}
	if !p.eat(")") {
		return nil, false, p.fail(off, "found ( without its )")
	}
	if isLook {
		return look(n, behind, neg), false, nil
	}
	return n, true, nil
}

// quantifier reads a Quantifier, if there is one.
func (p *parser) quantifier() (min, max int, ok bool, err error) {
	switch {
	case p.eat("*"):
		min, max = 0, unlimited
	case p.eat("+"):
		min, max = 1, unlimited
	case p.eat("?"):
		min, max = 0, 1
	default:
		off := p.pos
		if min, max, ok, err = p.braces(); !ok || err != nil {
			p.pos = off
			return 0, 0, false, err
		}
	}
	p.eat("?")
	return min, max, true, nil
}

// maxCount caps repeat counts: a larger one means the same to any budget.
const maxCount = 1 << 30

// braces reads {n}, {n,} or {n,m}; ok is false if there is none.
func (p *parser) braces() (min, max int, ok bool, err error) {
	off := p.pos
	if !p.eat("{") {
		return 0, 0, false, nil
	}
	min, ok = p.number()
	if !ok {
		return 0, 0, false, nil
	}
	max = min
	if p.eat(",") {
		if max, ok = p.number(); !ok {
			max = unlimited
		}
	}
	if !p.eat("}") {
		return 0, 0, false, nil
	}
	if max != unlimited && max < min {
		return 0, 0, true, p.fail(off, "found a repeat count whose bounds are out of order")
	}
	return min, max, true, nil
}

func (p *parser) number() (n int, ok bool) {
	for p.pos < len(p.src) && '0' <= p.src[p.pos] && p.src[p.pos] <= '9' {
		if n = n*10 + int(p.src[p.pos]-'0'); n > maxCount {
			n = maxCount
		}
		p.pos++
		ok = true
	}
	return n, ok
}

// next reads one code point; 0 at the end, which no caller meets.
func (p *parser) next() rune {
	r, n := utf8.DecodeRuneInString(p.src[p.pos:])
	p.pos += n
	return r
}

func (p *parser) eat(s string) bool {
	if len(p.src)-p.pos < len(s) || p.src[p.pos:p.pos+len(s)] != s {
		return false
	}
	p.pos += len(s)
	return true
}

func (p *parser) fail(off int, msg string) error { return &ErrSyntax{Offset: off, Msg: msg} }

// lenient notes something that only Annex B allows, or refuses it.
func (p *parser) lenient(off int, what string) error {
	if p.strict {
		return p.fail(off, "found "+what+", which the u flag forbids")
	}
	p.warnings = append(p.warnings, Warning{Offset: off, Message: what + " is only read as Annex B reads it, the u flag forbids it"})
	return nil
}

func contains(list []string, s string) bool {
	for _, have := range list {
		if have == s {
			return true
		}
	}
	return false
}
