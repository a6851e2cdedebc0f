package param

import "portcullis/filter/table"

// What frameworks read differently from the description is refused, unless the
// operation lets it pass by name:
//
//   - a raw ';' in a query or form divides pairs for some (it did in HTML 4.01,
//     appendix B.2.2) and belongs to the value for others (URL Standard section
//     5.1). A value of a parameter with allowReserved may hold it.
//   - "a[]" and "a[x]" are "a" to PHP, Rack and qs. Beside a declared "a" they would
//     replace what was judged, as would "a" beside a declared "a[]".
//   - "[a]" and "a]" are "a" to qs and Rack, "a.b", "a b" and "a[b" are "a_b" to PHP, which
//     also drops spaces in front of a name, and "!a" is the default of "a" to Spring.
//   - "x_limit" is "x-limit" to what hands fields on as CGI variables (RFC 3875 section
//     4.1.18), and may replace it there.
//   - a cookie's value ends at white space for some (Python's http.cookies) and at a comma for
//     others (RFC 2965 section 3.3.4), and a pair without a name has its name in the value
//     for some: what follows there must not be a cookie that is declared.
//   - "_method" in a query or form is the request's method to Rack, Symfony and
//     others.

// Lax says what of the above passes: flags of an operation. It holds until the
// next call, or the next Begin, which takes it from its operation.
func (d *Decoder) Lax(flags uint32) { d.lax = flags }

// methodField is the parameter that frameworks take for the method.
const methodField = "_method"

// overrides reports an undeclared name that frameworks take for the method.
func (d *Decoder) overrides(name []byte) bool {
	return d.lax&table.OpFlagMethodOverride == 0 && string(name) == methodField
}

// cutPair is cut at an '&'. semicolon reports a ';' before it.
func cutPair(s []byte) (pair, rest []byte, semicolon bool) {
	for i, c := range s {
		switch c {
		case '&':
			return s[:i], s[i+1:], semicolon
		case ';':
			semicolon = true
		}
	}
	return s, nil, semicolon
}

// divided reports a pair with a raw ';' that some would divide there.
func (d *Decoder) divided(pair []byte) bool {
	return d.lax&table.OpFlagRawSemicolon == 0 && index(pair, ';') >= 0
}

// aliases reports a query parameter's name, declared by nothing, that some take
// for one that is declared.
func (d *Decoder) aliases(name []byte) bool {
	if d.lax&table.OpFlagBracketNames != 0 {
		return false
	}
	if n := index(name, '['); n > 0 {
		if _, found := d.find(table.InQuery, name[:n], table.HashSegment(name[:n])); found {
			return true
		}
	}
	if mangles(name) {
		var room [maxMangled]byte
		for _, whole := range [...]bool{false, true} {
			m := mangled(&room, name, whole)
			if _, found := d.find(table.InQuery, m, table.HashSegment(m)); found {
				return true
			}
		}
	}
	for i := uint32(0); i < d.params.Count; i++ {
		if p := d.t.Param(d.params.Start + i); p.In() == table.InQuery && withBrackets(p.Name(), name) {
			return true
		}
	}
	return false
}

// withBrackets reports that declared is name and "[]".
func withBrackets(declared, name []byte) bool {
	n := len(name)
	return len(declared) == n+2 && declared[n] == '[' && declared[n+1] == ']' && string(declared[:n]) == string(name)
}

// aliasesMember is aliases for the members of an object in a form.
func (d *Decoder) aliasesMember(s table.Shape, name []byte) bool {
	if d.lax&table.OpFlagBracketNames != 0 {
		return false
	}
	if n := index(name, '['); n > 0 {
		if _, named := s.Member(name[:n], table.HashSegment(name[:n])); named {
			return true
		}
	}
	if mangles(name) {
		var room [maxMangled]byte
		for _, whole := range [...]bool{false, true} {
			m := mangled(&room, name, whole)
			if _, named := s.Member(m, table.HashSegment(m)); named {
				return true
			}
		}
	}
	return s.MemberWithBrackets(table.HashSegment(name), name)
}

// maxMangled bounds the names that are looked up as frameworks change them.
const maxMangled = 256

// mangles reports a name that some framework changes.
func mangles(name []byte) bool {
	for _, c := range name {
		if c == '[' || c == ']' || c == '.' || c == ' ' || c == '!' {
			return true
		}
	}
	return false
}

// mangled is what frameworks make of a name: without brackets and spaces in front of it,
// nor the '!' in front of Spring's defaults, to the next bracket or, with whole, to its end, and with '_' where PHP has no other
// place for a byte.
func mangled(room *[maxMangled]byte, name []byte, whole bool) []byte {
	for len(name) > 0 && (name[0] == '[' || name[0] == ']' || name[0] == ' ' || name[0] == '!') {
		name = name[1:]
	}
	n := 0
	for _, c := range name[:min(len(name), len(room))] {
		switch c {
		case '.', ' ':
			c = '_'
		case '[', ']':
			if !whole {
				return room[:n]
			}
			c = '_'
		}
		room[n] = c
		n++
	}
	return room[:n]
}

// encodedWord reports a name with what may be an encoded word (RFC 2047 section 2), which
// Tomcat decodes in the names of parts.
func encodedWord(name []byte) bool {
	for i := 1; i < len(name); i++ {
		if name[i-1] == '=' && name[i] == '?' {
			return true
		}
	}
	return false
}

// aliasesCookie reports a cookie that some take for one that is declared, or that has one
// in its value.
func (d *Decoder) aliasesCookie(name, content []byte) bool {
	if d.lax&table.OpFlagBracketNames == 0 && mangles(name) {
		var room [maxMangled]byte
		for _, whole := range [...]bool{false, true} {
			m := mangled(&room, name, whole)
			if _, found := d.find(table.InCookie, m, table.HashSegment(m)); found && string(m) != string(name) {
				return true
			}
		}
	}
	for inside, rest := CookieInside(content, len(name) == 0); inside != nil; inside, rest = CookieInside(rest, false) {
		if _, found := d.find(table.InCookie, inside, table.HashSegment(inside)); found {
			return true
		}
	}
	return false
}

// CookieInside is the first name of another cookie that some readers find in a cookie's
// value, and what follows it: behind white space or a comma, or at its start where open is
// set. It is nil where there is none.
func CookieInside(value []byte, open bool) (name, rest []byte) {
	for i := 0; i < len(value); i++ {
		c := value[i]
		if c == ' ' || c == '\t' || c == ',' {
			open = true
			continue
		}
		if !open {
			continue
		}
		open = false
		end := i
		for end < len(value) && value[end] != '=' && value[end] != ' ' && value[end] != '\t' && value[end] != ',' {
			end++
		}
		next := end
		for next < len(value) && (value[next] == ' ' || value[next] == '\t') {
			next++
		}
		if next < len(value) && value[next] == '=' && end > i {
			return value[i:end], value[next+1:]
		}
		i = end - 1
	}
	return nil, nil
}

// aliasesHeader reports a header field's name, declared by nothing, that readers of CGI
// variables take for one that is declared.
func (d *Decoder) aliasesHeader(name []byte) bool {
	if d.lax&table.OpFlagBracketNames != 0 {
		return false
	}
	for i := uint32(0); i < d.params.Count; i++ {
		if p := d.t.Param(d.params.Start + i); p.In() == table.InHeader && table.Alike(name, p.Name()) {
			return true
		}
	}
	return false
}
