package config

import "portcullis/filter/text"

// decimal is n in decimal.
func decimal(n uint64) string { return string(text.Uint(nil, n)) }

// quote makes found text safe for one log line.
func quote(s string) string { return string(text.Quote(nil, s)) }

// found names the byte that stands where another was wanted.
func found(c byte, ok bool) string {
	switch {
	case !ok:
		return "the end"
	case c == '"':
		return "a string"
	case c == '{':
		return "an object"
	case c == '[':
		return "an array"
	case c == 't', c == 'f':
		return "a boolean"
	case c == 'n':
		return "null"
	case c == '-', '0' <= c && c <= '9':
		return "a number"
	}
	return quote(string(rune(c)))
}

// list is words as a choice: "a", "b" or "c".
func list(words []string) string {
	s := ""
	for i, w := range words {
		switch {
		case i == 0:
		case i == len(words)-1:
			s += " or "
		default:
			s += ", "
		}
		s += quote(w)
	}
	return s
}
