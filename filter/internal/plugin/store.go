package plugin

import (
	"portcullis/filter/internal/abi"
	"portcullis/filter/limit"
)

// store is limit.Store over the host's shared data.
type store struct{ host abi.Host }

var _ limit.Store = (*store)(nil)

// Get implements limit.Store.
func (s *store) Get(key []byte) ([]byte, uint32, limit.Status) {
	v, cas, st := s.host.SharedGet(key)
	return v, cas, storeStatus(st)
}

// Set implements limit.Store.
func (s *store) Set(key, value []byte, cas uint32) limit.Status {
	return storeStatus(s.host.SharedSet(key, value, cas))
}

func storeStatus(st abi.Status) limit.Status {
	switch st {
	case abi.StatusOK:
		return limit.OK
	case abi.StatusNotFound, abi.StatusEmpty:
		return limit.NotFound
	case abi.StatusCasMismatch:
		return limit.Mismatch
	}
	return limit.Error
}
