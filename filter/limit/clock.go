package limit

// slackNanos is how far the clocks of two VMs may differ without either
// thinking that time has stepped back. Below it nothing is corrected, because
// a correction at every other request would hand out the difference each time.
const slackNanos = 1_000_000_000

// foreverNanos is the wait of a request that can never be admitted: its cost
// is more than the burst.
const foreverNanos = 1<<63 - 1

// wallNanos is the clock as the arithmetic wants it: a host that answers a
// time before 1970 stands still at 0.
func wallNanos(now int64) uint64 {
	if now < 0 {
		return 0
	}
	return uint64(now)
}

// repair undoes what a clock that stepped back left behind: a bucket whose TAT
// lies further ahead than an empty bucket's can (by more than the slack) is
// made exactly empty. That is no free request, and no lock-out either: the next
// one is admitted after T. It reports whether anything changed, because then
// the slot has to be written even if the request is refused; otherwise the
// bucket would stay ahead until the clock caught up.
//
// A forward jump can't be told from a quiet hour: it fills the bucket, once.
func (s *slot) repair(r *rate, now uint64) bool {
	empty := r.add(stamp{nanos: now}, r.tolerance)
	changed := false
	if s.floor > empty.nanos+slackNanos {
		s.floor = empty.ceil()
		changed = true
	}
	if s.last > now+slackNanos {
		s.last = now
		changed = true
	}
	for i := range s.num {
		b := &s.buckets[i]
		if b.tat.nanos > empty.nanos+slackNanos {
			b.tat = empty
			changed = true
		}
	}
	return changed
}
