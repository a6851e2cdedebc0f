package format

// isEmail is Mailbox of RFC 5321 section 4.1.2, with the lengths of section
// 4.5.3.1; for idn, with the non-ASCII characters that RFC 6531 section 3.3
// adds. A domain's labels are not held to IDNA: RFC 6531 leaves that to those
// who resolve them.
func isEmail(s []byte, idn bool) bool {
	const maxLocal, maxMailbox = 64, 254
	n := 0
	if len(s) > 0 && s[0] == '"' {
		n = quotedString(s, idn)
	} else {
		n = dotString(s, idn)
	}
	if n < 1 || n > maxLocal || n >= len(s) || s[n] != '@' {
		return false
	}
	domain := s[n+1:]
	if len(domain) > 0 && domain[0] == '[' {
		return isAddressLiteral(domain)
	}
	return (idn || len(s) <= maxMailbox) && isMailDomain(domain, idn)
}

// dotString returns the length of Dot-string at the start of s, or -1.
func dotString(s []byte, idn bool) int {
	i, atom := 0, 0
	for ; i < len(s); i++ {
		c := s[i]
		switch {
		case isAtext(c) || idn && c >= 0x80:
			atom++
		case c == '.' && atom > 0:
			atom = 0
		default:
			if atom == 0 {
				return -1
			}
			return i
		}
	}
	return -1
}

// quotedString returns the length of Quoted-string at the start of s, or -1.
func quotedString(s []byte, idn bool) int {
	for i := 1; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '"':
			return i + 1
		case c == '\\':
			i++
			if i == len(s) || s[i] < ' ' || s[i] > '~' {
				return -1
			}
		case c < ' ' || c == 0x7F || c >= 0x80 && !idn:
			return -1
		}
	}
	return -1
}

// isMailDomain is Domain of RFC 5321, its sub-domains of 63 octets at most,
// or with U-labels of any length that a domain of 255 octets can hold.
func isMailDomain(s []byte, idn bool) bool {
	if len(s) == 0 || len(s) > 255 {
		return false
	}
	label, wide := 0, false
	for i, c := range s {
		switch {
		case isAlnum(c):
			label++
		case c == '-':
			if label == 0 || i+1 == len(s) || s[i+1] == '.' {
				return false
			}
			label++
		case c >= 0x80 && idn:
			label++
			wide = true
		case c == '.':
			if label == 0 || i+1 == len(s) {
				return false
			}
			label, wide = 0, false
		default:
			return false
		}
		if label > 63 && !wide {
			return false
		}
	}
	return true
}

// isAddressLiteral is address-literal of RFC 5321 section 4.1.3.
func isAddressLiteral(s []byte) bool {
	if len(s) < 3 || s[len(s)-1] != ']' {
		return false
	}
	s = s[1 : len(s)-1]
	if len(s) > 5 && lower(s[0]) == 'i' && lower(s[1]) == 'p' && lower(s[2]) == 'v' && s[3] == '6' && s[4] == ':' {
		return isIPv6(s[5:])
	}
	colon := 0
	for colon < len(s) && (isAlnum(s[colon]) || s[colon] == '-') {
		colon++
	}
	if colon == len(s) || s[colon] != ':' {
		return isIPv4(s)
	}
	if colon == 0 || s[colon-1] == '-' || colon+1 == len(s) {
		return false
	}
	for _, c := range s[colon+1:] {
		if c < '!' || c > '~' || c == '[' || c == '\\' || c == ']' {
			return false
		}
	}
	return true
}
