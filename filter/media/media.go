// Package media reads the value of a Content-Type field (RFC 9110 section
// 8.3.1): type, subtype and parameters.
//
// It takes less than the grammar where readers differ about the rest: no space
// around '=', no backslash in a quoted string, no ',' and no '*' (RFC 2231
// continues and encodes parameters with it), nothing that does not close. A
// second reader could find another charset or boundary in each of those.
package media

import "portcullis/filter/text"

// Split parts type "/" subtype from its parameters; ok is false when v is
// malformed. The results are parts of v.
func Split(v []byte) (typ, params []byte, ok bool) {
	i, slash := 0, 0
	for i < len(v) && (Token(v[i]) || v[i] == '/') {
		if v[i] == '/' {
			if slash != 0 || i == 0 {
				return nil, nil, false
			}
			slash = i
		}
		i++
	}
	if slash == 0 || slash+1 == i {
		return nil, nil, false
	}
	typ = v[:i]
	rest := text.Trim(v[i:])
	if len(rest) == 0 {
		return typ, nil, true
	}
	if rest[0] != ';' || !wellFormed(rest[1:]) {
		return nil, nil, false
	}
	return typ, rest[1:], true
}

// wellFormed reports that every parameter is name=value or name="value".
// Empty ones are allowed (RFC 9110 section 5.6.6).
func wellFormed(params []byte) bool {
	for at := 0; at < len(params); at++ {
		for at < len(params) && (params[at] == ' ' || params[at] == '\t') {
			at++
		}
		if at == len(params) || params[at] == ';' {
			continue
		}
		name := at
		for at < len(params) && Token(params[at]) && params[at] != '*' {
			at++
		}
		if at == name || at == len(params) || params[at] != '=' {
			return false
		}
		at++
		n := value(params[at:])
		if n == 0 {
			return false
		}
		at += n
		for at < len(params) && (params[at] == ' ' || params[at] == '\t') {
			at++
		}
		if at < len(params) && params[at] != ';' {
			return false
		}
	}
	return true
}

// value is the length of the value that s starts with, 0 when there is none.
// Unquoted it may hold more than a token does: clients write addresses so.
func value(s []byte) int {
	if len(s) == 0 || s[0] != '"' {
		n := 0
		for n < len(s) && s[n] > ' ' && s[n] < 0x7f && s[n] != ';' && s[n] != ',' && s[n] != '"' && s[n] != '\\' {
			n++
		}
		return n
	}
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return i + 1
		case c == '\\', c < ' ' && c != '\t', c >= 0x7f:
			return 0
		}
	}
	return 0
}

// Next splits the first parameter off params, which Split has returned. The
// value is without its quotes; name is empty for an empty parameter.
func Next(params []byte) (name, value []byte, quoted bool, rest []byte) {
	i := 0
	for in := false; i < len(params) && (in || params[i] != ';'); i++ {
		if params[i] == '"' {
			in = !in
		}
	}
	p := text.Trim(params[:i])
	if i < len(params) {
		rest = params[i+1:]
	}
	for at, c := range p {
		if c == '=' {
			name, value = p[:at], p[at+1:]
			break
		}
	}
	if n := len(value); n > 1 && value[0] == '"' {
		return name, value[1 : n-1], true, rest
	}
	return name, value, false, rest
}

// UTF8 reports that params name no charset, or UTF-8, of which US-ASCII is a
// part.
func UTF8(params []byte) bool {
	for len(params) > 0 {
		var name, v []byte
		name, v, _, params = Next(params)
		if text.EqualFold("charset", name) && !text.EqualFold("utf-8", v) && !text.EqualFold("utf8", v) && !text.EqualFold("us-ascii", v) {
			return false
		}
	}
	return true
}

// Token reports a tchar (RFC 9110 section 5.6.2).
func Token(c byte) bool {
	switch {
	case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		return true
	}
	switch c {
	case '!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~':
		return true
	}
	return false
}
