package engine

import (
	"portcullis/filter/json"
	"portcullis/filter/table"
	"portcullis/filter/text"
)

// Peer is what only the proxy knows of who sent a request. Slices are valid until
// the next call.
type Peer interface {
	// Address is the peer's address as text, with a port or without; nil when
	// there is none.
	Address() []byte
	// Certificate stands for the peer's certificate and no other; nil when it
	// showed none.
	Certificate() []byte
	// CertificateURI is the first URI among its alternative names, nil when there
	// is none; the others the same for DNS names, and for its subject as the proxy
	// writes it.
	CertificateURI() []byte
	CertificateDNS() []byte
	CertificateSubject() []byte
}

// providerBytes is the length of the issuer in front of keys out of tokens.
const providerBytes = 4

// limitKey is whom a limit counts: nothing, a bucket of its own, where the
// request does not say, or says it twice and so means nobody in particular.
func (e *Engine) limitKey(r *Request, op table.Op, l *table.Limit) []byte {
	m := &e.lim
	switch l.Key {
	case table.LimitBySubject:
		m.key = e.identity(m.key[:0])
		return m.key
	case table.LimitByConsumer:
		if c := e.shown.consumer; c != table.NoIndex {
			return e.t.Consumer(c).Name()
		}
	case table.LimitByClaim:
		if !e.authorized {
			return nil
		}
		p := e.tokens.Provider()
		key := append(m.key[:0], byte(p), byte(p>>8), byte(p>>16), byte(p>>24))
		key, ok := e.appendClaim(key, l.KeyPath)
		if !ok {
			return nil
		}
		return key
	case table.LimitByHeader:
		return single(r.Headers, l.KeyName)
	case table.LimitByPathParam:
		if p := e.paramNamed(op, table.InPath, l.KeyName); p != table.NoIndex {
			if c := e.t.Param(p).Capture(); c < uint32(e.match.N) {
				return e.match.Captures[c]
			}
		}
	case table.LimitByQueryParam:
		return queryValue(m.key[:0], e.path.Query, l.KeyName)
	case table.LimitByAddress:
		if e.opt.Peer != nil {
			return addressKey(m.key[:0], e.opt.Peer.Address())
		}
	case table.LimitByCertificate:
		if e.opt.Peer != nil {
			return e.opt.Peer.Certificate()
		}
	}
	return nil
}

// plan is the name of the plan that a request has under l.
func (e *Engine) plan(r *Request, l *table.Limit) []byte {
	switch l.PlanBy {
	case table.LimitByHeader:
		return single(r.Headers, l.PlanPath.At(0))
	case table.LimitByConsumer:
		if c := e.shown.consumer; c != table.NoIndex {
			return e.t.Consumer(c).Plan()
		}
		return nil
	}
	name, _ := e.appendClaim(e.lim.name[:0], l.PlanPath)
	return name
}

// cost is what a request costs under l, at least 1, as far as its header fields
// and its token say.
func (e *Engine) cost(r *Request, l *table.Limit) uint64 {
	var text []byte
	switch l.Cost {
	case table.CostByHeader:
		text = single(r.Headers, l.CostPath.At(0))
	case table.CostByClaim:
		text, _ = e.appendClaim(e.lim.name[:0], l.CostPath)
	default:
		return uint64(l.CostValue)
	}
	if n, ok := wholeNumber(text); ok {
		return max(n, 1)
	}
	return uint64(l.CostValue)
}

// wholeNumber reads decimal digits; more than fit are the most there can be.
func wholeNumber(b []byte) (n uint64, ok bool) {
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		if n > (1<<63)/10 {
			n = 1 << 62
			continue
		}
		n = n*10 + uint64(c-'0')
	}
	return n, len(b) != 0
}

// appendClaim appends the text of the claim at path in the token that was
// accepted: a string unescaped, a number or a boolean as it stands. Anything
// else, and no token, is no claim.
func (e *Engine) appendClaim(dst []byte, path table.Names) ([]byte, bool) {
	if !e.authorized {
		return dst, false
	}
	t := e.tokens.Claims()
	at, ok := find(t, path)
	if !ok {
		return dst, false
	}
	switch t.Nodes[at].Kind() {
	case json.KindString:
		return json.AppendUnescaped(dst, t.Text(at)), true
	case json.KindNumber, json.KindTrue, json.KindFalse:
		return append(dst, t.Text(at)...), true
	}
	return dst, false
}

// find is the value that member names lead to from the root; none of them means
// the root.
func find(t *json.Tape, path table.Names) (node uint32, ok bool) {
	if len(t.Nodes) == 0 {
		return 0, false
	}
	for i := range path.Len() {
		if node = t.Member(node, path.At(i)); node == 0 {
			return 0, false
		}
	}
	return node, true
}

// single is the value of a field that stands once, nil otherwise.
func single(headers []Header, name []byte) (value []byte) {
	found := false
	for i := range headers {
		if string(headers[i].Name) == string(name) {
			if found {
				return nil
			}
			value, found = headers[i].Value, true
		}
	}
	return value
}

// queryValue decodes the value of the query parameter name into dst; nil where
// it does not stand once. It reads what readers of forms read: '+' is a space, and
// escapes that are none stand for themselves.
func queryValue(dst, query, name []byte) []byte {
	var value []byte
	found := false
	for len(query) > 0 {
		pair := query
		query = nil
		for i, c := range pair {
			if c == '&' {
				pair, query = pair[:i], pair[i+1:]
				break
			}
		}
		k, v := pair, []byte(nil)
		for i, c := range pair {
			if c == '=' {
				k, v = pair[:i], pair[i+1:]
				break
			}
		}
		// One after the other in dst: together they are no longer than the query.
		start := len(dst)
		dst = appendDecoded(dst, k)
		if string(dst[start:]) != string(name) {
			dst = dst[:start]
			continue
		}
		if found {
			return nil
		}
		found = true
		start = len(dst)
		dst = appendDecoded(dst, v)
		value = dst[start:]
	}
	return value
}

func appendDecoded(dst, s []byte) []byte {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '+' {
			c = ' '
		} else if c == '%' && i+2 < len(s) {
			if hi, lo := text.HexDigit(s[i+1]), text.HexDigit(s[i+2]); hi|lo < 16 {
				c = hi<<4 | lo
				i += 2
			}
		}
		dst = append(dst, c)
	}
	return dst
}
