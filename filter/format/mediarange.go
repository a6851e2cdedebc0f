package format

// isMediaRange is media-range of RFC 9110 section 12.5.1, its parameters as in
// section 5.6.6. It holds media types, */* and type/*.
func isMediaRange(s []byte) bool {
	i := token(s, 0)
	if i == 0 || i == len(s) || s[i] != '/' {
		return false
	}
	end := token(s, i+1)
	if end == i+1 || string(s[:i]) == "*" && string(s[i+1:end]) != "*" {
		return false
	}
	for i = end; i < len(s); {
		i = skipOWS(s, i)
		if i == len(s) || s[i] != ';' {
			return false
		}
		i = skipOWS(s, i+1)
		if i == len(s) || s[i] == ';' {
			// RFC 9110 allows empty parameters.
			continue
		}
		if i = parameter(s, i); i < 0 {
			return false
		}
	}
	return true
}

// parameter returns the index after name=value at s[i:], or -1.
func parameter(s []byte, i int) int {
	eq := token(s, i)
	if eq == i || eq+1 >= len(s) || s[eq] != '=' {
		return -1
	}
	if s[eq+1] != '"' {
		if end := token(s, eq+1); end > eq+1 {
			return end
		}
		return -1
	}
	for i = eq + 2; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return i + 1
		case c == '\\':
			if i++; i == len(s) || s[i] < ' ' && s[i] != '\t' || s[i] == 0x7F {
				return -1
			}
		case c < ' ' && c != '\t' || c == 0x7F:
			return -1
		}
	}
	return -1
}

// token returns the index after the token at s[i:]; i if there is none.
func token(s []byte, i int) int {
	for i < len(s) && isTchar(s[i]) {
		i++
	}
	return i
}

func skipOWS(s []byte, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
		i++
	}
	return i
}
