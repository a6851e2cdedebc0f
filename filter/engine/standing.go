package engine

import (
	"portcullis/filter/table"
	"portcullis/filter/text"
)

// maxStandings is how many limits an answer tells of.
const maxStandings = 4

// Standings is how a request stands with its limits, for the fields of an answer:
// a value of fixed size.
type Standings struct {
	n uint32
	s [maxStandings]standing
}

type standing struct {
	limit     uint32
	remaining uint32
	resetSecs uint32 // rounded up
}

// Any reports whether there is anything to tell.
func (s *Standings) Any() bool { return s.n != 0 }

// stand notes how the request stands with the limits of the last n charges: with
// all that refuse when one did, else with those that announce themselves.
func (e *Engine) stand(now int64, n int, refused bool, d *Decision) {
	m := &e.lim
	if refused {
		d.Standings.n = 0 // those of the header fields give way to the body's
	}
	for i := range n {
		rec := m.charges[i].Limit
		l := &m.rules[rec]
		if l.Mode == table.ModeMonitor || !refused && l.Flags&table.LimitFlagAnnounce == 0 || d.Standings.n == maxStandings {
			continue
		}
		d.Standings.s[d.Standings.n] = standing{
			limit:     rec,
			remaining: uint32(min(m.limits.Remaining(i, now), 1<<32-1)),
			resetSecs: uint32(min(secondsUp(m.limits.ResetNanos(i, now)), 1<<32-1)),
		}
		d.Standings.n++
	}
}

func secondsUp(nanos int64) uint64 { return (uint64(nanos) + 999_999_999) / 1_000_000_000 }

// AppendRateLimit appends the value of the RateLimit field
// (draft-ietf-httpapi-ratelimit-headers-10 section 4): what is left, and in how
// many seconds all of it will be there again.
//
//	"password-reset";r=0;t=1
func (s *Standings) AppendRateLimit(dst []byte, t *table.Table) []byte {
	for i := range s.n {
		x := &s.s[i]
		dst = appendItem(dst, t, x.limit, i)
		dst = text.Uint(text.Append(dst, ";r="), uint64(x.remaining))
		dst = text.Uint(text.Append(dst, ";t="), uint64(x.resetSecs))
	}
	return dst
}

// AppendRateLimitPolicy appends the value of the RateLimit-Policy field (section
// 3): how many in how many seconds. A window of no whole seconds is left out.
//
//	"password-reset";q=10;w=1
func (s *Standings) AppendRateLimitPolicy(dst []byte, t *table.Table) []byte {
	for i := range s.n {
		l := t.Limit(s.s[i].limit)
		dst = appendItem(dst, t, s.s[i].limit, i)
		dst = text.Uint(text.Append(dst, ";q="), l.Requests)
		if l.WindowNanos%1_000_000_000 == 0 {
			dst = text.Uint(text.Append(dst, ";w="), l.WindowNanos/1_000_000_000)
		}
	}
	return dst
}

// appendItem appends the name of a limit as a string (RFC 9651 section 3.3.3):
// names hold nothing to escape.
func appendItem(dst []byte, t *table.Table, rec, i uint32) []byte {
	if i > 0 {
		dst = text.Append(dst, ", ")
	}
	dst = text.Byte(dst, '"')
	name, _ := t.LimitLabel(rec)
	dst = text.Bytes(dst, name)
	return text.Byte(dst, '"')
}

// Legacy is the values of X-RateLimit-Limit, -Remaining and -Reset (seconds from
// now) of the limit that has least left; ok where a limit asks for the fields.
func (s *Standings) Legacy(t *table.Table) (most, remaining, resetSecs uint64, ok bool) {
	for i := range s.n {
		x := &s.s[i]
		_, flags := t.LimitLabel(x.limit)
		if flags&table.LimitFlagLegacy == 0 || ok && uint64(x.remaining) >= remaining {
			continue
		}
		most, remaining, resetSecs, ok = t.Limit(x.limit).Requests, uint64(x.remaining), uint64(x.resetSecs), true
	}
	return most, remaining, resetSecs, ok
}
