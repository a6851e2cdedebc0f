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
		_, found := d.find(table.InQuery, name[:n], table.HashSegment(name[:n]))
		return found
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
		_, named := s.Member(name[:n], table.HashSegment(name[:n]))
		return named
	}
	return s.MemberWithBrackets(table.HashSegment(name), name)
}
