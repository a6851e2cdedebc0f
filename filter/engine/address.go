package engine

import "portcullis/filter/text"

// addressKey appends what an address counts as: the 4 bytes of IPv4, also of one
// that IPv6 carries (RFC 4291 section 2.5.5.2), the first 8 of IPv6, which is what
// one subscriber has (RFC 6177 section 2), and any other text as it is. text may
// have a port: 192.0.2.1:80, [2001:db8::1]:80.
func addressKey(dst, text []byte) []byte {
	host := text
	if len(host) > 0 && host[0] == '[' {
		for i, c := range host {
			if c == ']' {
				host = host[1:i]
				break
			}
		}
	} else if i, colons := lastColon(host); colons == 1 {
		host = host[:i]
	}
	if v, ok := ipv4(host); ok {
		return append(dst, v[:]...)
	}
	v, ok := ipv6(host)
	if !ok {
		return append(dst, text...)
	}
	if v[0]|v[1]|v[2]|v[3]|v[4] == 0 && v[5] == 0xffff {
		return append(dst, byte(v[6]>>8), byte(v[6]), byte(v[7]>>8), byte(v[7]))
	}
	for _, x := range v[:4] {
		dst = append(dst, byte(x>>8), byte(x))
	}
	return dst
}

func lastColon(b []byte) (at, n int) {
	for i, c := range b {
		if c == ':' {
			at, n = i, n+1
		}
	}
	return at, n
}

// ipv4 reads four decimal numbers without leading zeros, which some take for octal
// (RFC 6943 section 3.1.1).
func ipv4(b []byte) (v [4]byte, ok bool) {
	part, digits, n := 0, 0, 0
	for i := 0; i <= len(b); i++ {
		if i < len(b) && b[i] >= '0' && b[i] <= '9' {
			n = n*10 + int(b[i]-'0')
			if digits++; n > 255 || digits > 1 && n < 10 {
				return v, false
			}
			continue
		}
		if digits == 0 || part > 3 || i < len(b) && b[i] != '.' {
			return v, false
		}
		v[part] = byte(n)
		part, digits, n = part+1, 0, 0
	}
	return v, part == 4
}

// ipv6 reads the text form of RFC 4291 section 2.2, with or without a zone, which
// it leaves out.
func ipv6(b []byte) (v [8]uint16, ok bool) {
	for i, c := range b {
		if c == '%' {
			b = b[:i]
			break
		}
	}
	n, gap := 0, -1
	for i := 0; i < len(b); {
		if b[i] == ':' {
			double := i+1 < len(b) && b[i+1] == ':'
			switch {
			case double && gap < 0:
				gap = n
				i += 2
				continue
			case double || n == 0 || gap == n || i+1 == len(b):
				return v, false
			}
			i++
		} else if n > 0 && gap != n {
			return v, false // no colon in between: more than four digits
		}
		if n == 8 {
			return v, false
		}
		if four, is := ipv4(b[i:]); is && n <= 6 {
			v[n], v[n+1] = uint16(four[0])<<8|uint16(four[1]), uint16(four[2])<<8|uint16(four[3])
			n += 2
			break
		}
		start := i
		for ; i < len(b) && text.HexDigit(b[i]) < 16 && i < start+4; i++ {
			v[n] = v[n]<<4 | uint16(text.HexDigit(b[i]))
		}
		if i == start {
			return v, false
		}
		n++
	}
	if gap < 0 {
		return v, n == 8
	}
	if n == 8 {
		return v, false
	}
	moved := n - gap
	for k := 1; k <= moved; k++ {
		v[8-k], v[n-k] = v[n-k], 0
	}
	return v, true
}
