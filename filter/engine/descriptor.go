package engine

import (
	"portcullis/filter/limit"
	"portcullis/filter/table"
	"portcullis/filter/text"
	"portcullis/filter/token"
)

const (
	maxEntryValue = 256 // bytes of an entry's value
	maxEntries    = 3   // of a descriptor
	maxEntryKey   = 9   // bytes of its key
	// maxCallerText is how much of what a caller is known by is hashed with the
	// limit's name; more is hashed before.
	maxCallerText = 512
)

// describe adds the descriptor of a charge to the request:
//
//	limit=NAME or NAME.PLAN [override=N] [operation=API/OPERATION | caller=WHO]
//
// Whose count it is must not depend on this proxy, nor on the order in a table.
func (e *Engine) describe(r *Request, op table.Op, l *table.Limit, rec uint32, c *limit.Charge) bool {
	f := &e.lim.fleet
	f.request.Descriptor()
	overridden := c.Limit != rec && c.Limit-l.Overrides.Start < l.Overrides.Count
	name := l.Name
	if c.Limit != rec && !overridden {
		name = e.lim.rules[c.Limit].Name
	}
	f.request.Entry("limit", name)
	if overridden {
		f.request.Entry("override", text.Uint(f.value[:0], uint64(c.Limit-l.Overrides.Start)))
	}
	switch l.Key {
	case table.LimitByGroup:
	case table.LimitByOperation:
		f.request.Entry("operation", e.operationValue(op))
	default:
		who, ok := e.caller(l, e.limitKey(r, op, l))
		if !ok {
			return false
		}
		f.request.Entry("caller", who)
	}
	f.request.End(c.Cost)
	return true
}

// operationValue names an operation for all proxies.
func (e *Engine) operationValue(op table.Op) []byte {
	f := &e.lim.fleet
	f.text = append(f.text[:0], e.t.API(op.API()).Name()...)
	f.text = append(f.text, '/')
	if id := op.ID(); len(id) > 0 {
		f.text = append(f.text, id...)
	} else {
		f.text = append(append(append(f.text, op.Method()...), ' '), op.Path()...)
	}
	return e.plain(f.text)
}

// caller is what the service knows a caller by: a hash that only those who have the
// secret can make, or a text where the policy says so. Of a token's claim the
// provider is a part: another one's claims are other callers.
func (e *Engine) caller(l *table.Limit, key []byte) (who []byte, ok bool) {
	f := &e.lim.fleet
	s := &f.services[l.Service-1]
	plain := s.Flags&table.ServiceFlagPlain != 0
	f.text = f.text[:0]
	if !plain {
		f.text = append(append(f.text, l.Name...), 0)
	}
	if byToken(l.Key) && len(key) >= providerBytes {
		p := uint32(key[0]) | uint32(key[1])<<8 | uint32(key[2])<<16 | uint32(key[3])<<24
		if p < e.t.NumProviders() {
			f.text = append(f.text, e.t.Provider(p).Name...)
		}
		f.text = append(f.text, '/')
		key = key[providerBytes:]
	}
	if len(key) > maxCallerText {
		if e.opt.Sig == nil {
			return nil, false
		}
		e.opt.Sig.SHA256(key, &f.sum)
		f.text = append(f.text, 0)
		key = f.sum[:]
	}
	f.text = append(f.text, key...)
	if plain {
		return e.plain(f.text), true
	}
	if e.opt.Sig == nil || s.Secret >= uint32(len(e.opt.Secrets)) {
		return nil, false
	}
	n := e.opt.Sig.HMAC(token.HS256, e.opt.Secrets[s.Secret], f.text, &f.mac)
	const bytes = 16
	if n < bytes {
		return nil, false
	}
	return appendHex(f.value[:0], f.mac[:bytes]), true
}

// plain writes b as a value: whatever is not a letter, digit or one of a few signs as %
// and two hexadecimal digits, so that it is UTF-8, has no '_', with which services
// put their keys together, and can be read. Nothing is "%", and what is too long is
// "%h" and a hash of it.
func (e *Engine) plain(b []byte) []byte {
	f := &e.lim.fleet
	v := f.value[:0]
	for _, c := range b {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '.', c == '~', c == '/', c == ':', c == '@':
			v = append(v, c)
		default:
			v = append(append(v, '%'), hexDigits[c>>4], hexDigits[c&15])
		}
		if len(v) > maxEntryValue-3 {
			if e.opt.Sig != nil {
				e.opt.Sig.SHA256(b, &f.sum)
			}
			return appendHex(append(f.value[:0], "%h"...), f.sum[:])
		}
	}
	if len(v) == 0 {
		v = append(v, '%')
	}
	return v
}

func appendHex(dst, b []byte) []byte {
	for _, c := range b {
		dst = append(dst, hexDigits[c>>4], hexDigits[c&15])
	}
	return dst
}
