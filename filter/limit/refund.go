package limit

// refund gives back what p was charged at the time now.
//
// Taking the whole charge off again may give too much: had it never been made,
// the bucket might have run full meanwhile, and a full bucket earns nothing. A
// charge made at t raises the level for at least cost*T - (u - t) until the time
// u, so that much, with u the latest write to the slot, is safe to take back
// whatever others did. Between VMs that race this is nearly always all of it.
// What is lost makes the limit stricter, never weaker, and is counted.
func (l *Limiter) refund(p *pending, now uint64) {
	if p.over || p.cost == 0 {
		return // monitored and exceeded, or free: nothing was charged
	}
	lim := &l.limits[p.limit]
	whole := lim.rate.costSpan(p.cost)
	for range l.tries {
		value, status := l.load(p, lim)
		if status != OK || p.cas == 0 || !p.state.decode(value, &lim.rate) {
			break
		}
		i := p.state.find(p.print)
		if i == p.state.num || p.state.last < now {
			break // forgotten, or the clock stepped back in between
		}
		back := lim.rate.sub(whole, stamp{nanos: p.state.last - now})
		if back == (stamp{}) {
			break
		}
		b := &p.state.buckets[i]
		b.tat = lim.rate.sub(b.tat, back)
		switch l.save(p, lim) {
		case OK:
			if back == whole {
				l.Stats.Refunds++
			} else {
				l.Stats.RefundsFailed++
			}
			return
		case Mismatch:
			l.Stats.Retries++
			continue
		}
		break
	}
	l.Stats.RefundsFailed++
}
