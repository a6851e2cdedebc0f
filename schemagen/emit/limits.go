package emit

import (
	"portcullis/filter/table"
	"portcullis/schemagen/ir"
)

// limit writes l, and before it its plans and overrides.
func (w *writer) limit(l *ir.Limit) uint32 {
	if i, ok := w.limits[l]; ok {
		return i
	}
	plans, overrides := w.variants(l.Plans), w.variants(l.Overrides)
	flags := uint32(0)
	if l.Announce {
		flags |= table.LimitFlagAnnounce
	}
	if l.Legacy {
		flags |= table.LimitFlagLegacy
	}
	i := w.record(table.SecLimits, w.str(l.Name), u64(l.Requests), u64(l.WindowNanos), u64(l.Burst),
		[]uint32{uint32(l.Key) | uint32(l.Scope)<<8 | uint32(l.Mode)<<16 | uint32(l.Count)<<24}, w.str(l.KeyName), w.names(l.KeyPath),
		[]uint32{uint32(l.Cost) | flags<<8 | uint32(l.PlanBy)<<16, l.CostValue}, w.names(l.CostPath), w.names(l.PlanPath),
		plans, overrides, w.str(l.Match), []uint32{l.Concurrent, w.service(l.Service)}, zeros(3))
	w.limits[l] = i
	return i
}

// variants writes plans or overrides side by side and returns their range.
func (w *writer) variants(list []*ir.Limit) []uint32 {
	start := w.count(table.SecLimits)
	for _, l := range list {
		w.limit(l)
	}
	return []uint32{start, uint32(len(list))}
}

// service writes a rate limit service, when it is the first limit that asks it, and
// returns one more than its index; 0 for none.
func (w *writer) service(s *ir.RateLimitService) uint32 {
	if s == nil {
		return 0
	}
	if i, ok := w.services[s]; ok {
		return i + 1
	}
	secret, flags := table.NoIndex, uint32(0)
	if s.Secret != "" {
		secret = w.secret(s.Secret)
	}
	if s.Plain {
		flags |= table.ServiceFlagPlain
	}
	i := w.record(table.SecServices, w.str(s.Name), w.str(s.Cluster), w.str(s.Domain), []uint32{uint32(s.OnError) | flags<<8, s.DeadlineMillis, secret, 0})
	w.services[s] = i
	return i + 1
}
