package table

// Words of a rate limit service, which limits of a fleet ask.
//
//	name(2) cluster(2) domain(2) onError|flags<<8 deadlineMillis secret zero
//
// secret keys the hash that callers are named by; NoIndex where the service learns
// who they are, or where its limits count no callers.
const (
	ServiceName     = 0
	ServiceCluster  = 2
	ServiceDomain   = 4
	ServiceHow      = 6
	ServiceDeadline = 7
	ServiceSecret   = 8
)

// What happens to a request that a rate limit service did not decide in time.
const (
	OnErrorRefuse = 1
	OnErrorLocal  = 2 // the proxy's own count of the limit decides alone
	OnErrorPass   = 3 // it passes, also when the proxy's own count says that the limit is exceeded
)

// Flags of a service.
const (
	ServiceFlagPlain = 1 << 0 // callers are named as they are
	serviceFlagsAll  = 1<<1 - 1
)

// maxDeadlineMillis bounds how long a request may wait for a service.
const maxDeadlineMillis = 60_000

// RateLimitService is a rate limit service.
type RateLimitService struct {
	Name           []byte
	Cluster        []byte // the proxy's name of where it answers
	Domain         []byte
	OnError        uint8 // OnErrorRefuse..
	Flags          uint8 // ServiceFlag bits
	DeadlineMillis uint32
	Secret         uint32 // index of the secret, NoIndex
}

// NumServices is the number of rate limit services.
func (t *Table) NumServices() uint32 { return uint32(len(t.services)) / wordsService }

// Service is the i-th rate limit service.
func (t *Table) Service(i uint32) RateLimitService {
	w := t.services[i*wordsService:]
	return RateLimitService{
		Name: t.str(w, ServiceName), Cluster: t.str(w, ServiceCluster), Domain: t.str(w, ServiceDomain),
		OnError: uint8(w[ServiceHow]), Flags: uint8(w[ServiceHow] >> 8), DeadlineMillis: w[ServiceDeadline], Secret: w[ServiceSecret],
	}
}

// checkService finds what the layout can't say; word is where.
func (t *Table) checkService(i uint32) (e Err, word uint32) {
	s := t.Service(i)
	switch {
	case len(s.Cluster) == 0:
		return ErrEnum, ServiceCluster
	case len(s.Domain) == 0:
		return ErrEnum, ServiceDomain
	case s.DeadlineMillis == 0 || s.DeadlineMillis > maxDeadlineMillis:
		return ErrEnum, ServiceDeadline
	}
	return ErrNone, 0
}

// ServiceWindow reports a window that rate limit services count in: a second, a
// minute, an hour or a day.
func ServiceWindow(nanos uint64) bool {
	switch nanos / 1e9 {
	case 1, 60, 3600, 86400:
		return nanos%1e9 == 0
	}
	return false
}

// checkFleet finds what a limit of the fleet can't have, and other limits with a
// service.
func (t *Table) checkFleet(l *Limit) (e Err, word uint32) {
	switch {
	case l.Service > t.NumServices():
		return ErrRange, LimitService
	case (l.Scope == ScopeFleet) != (l.Service != 0):
		return ErrEnum, LimitService
	case l.Service == 0:
		return ErrNone, 0
	case l.Concurrent != 0 || l.Count != CountAll || l.Cost == CostByItems:
		return ErrEnum, LimitHow
	case !ServiceWindow(l.WindowNanos):
		return ErrEnum, LimitWindow
	}
	s := t.Service(l.Service - 1)
	if l.Key != LimitByOperation && l.Key != LimitByGroup && s.Flags&ServiceFlagPlain == 0 && s.Secret == NoIndex {
		return ErrEnum, LimitService // nothing to hash callers with
	}
	return ErrNone, 0
}

// oneService reports that the limits of an operation ask one rate limit service:
// a request waits for one.
func (t *Table) oneService(limits []uint32) bool {
	service := uint32(0)
	for _, x := range limits {
		s := t.limits[x*wordsLimit+LimitService]
		if s != 0 && service != 0 && s != service {
			return false
		}
		service = max(service, s)
	}
	return true
}
