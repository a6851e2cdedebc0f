package plugin

import (
	"testing"

	"portcullis/filter/internal/abi"
	"portcullis/filter/token"
)

// blindHost is a host whose shared data can be written and, for now, not be read; it
// notes the versions that are written over.
type blindHost struct {
	*fakeHost
	status abi.Status
	cas    uint32
	wrote  []uint32
}

func (h *blindHost) SharedGet([]byte) ([]byte, uint32, abi.Status) {
	if h.status != abi.StatusOK {
		return nil, 0, h.status
	}
	return make([]byte, keyStateSize), h.cas, abi.StatusOK
}

func (h *blindHost) SharedSet(_, _ []byte, cas uint32) abi.Status {
	h.wrote = append(h.wrote, cas)
	return abi.StatusOK
}

// TestKeyStateNeverBlind: the version 0 writes over whatever is there, the lease of
// another worker too.
func TestKeyStateNeverBlind(t *testing.T) {
	for _, tt := range []struct {
		status abi.Status
		cas    uint32
	}{
		{abi.StatusNotFound, 0},
		{abi.StatusUnimplemented, 0},
		{abi.StatusInternalFailure, 0},
		{abi.StatusOK, 0},
		{abi.StatusOK, 7},
	} {
		h := &blindHost{fakeHost: newFakeHost(), status: tt.status, cas: tt.cas}
		m := &remote{host: h}
		if h.status == abi.StatusNotFound {
			m.set = token.NewKeySet(60)
		}
		m.sync()
		m.write(keyState{started: 1})
		if len(h.wrote) != 1 || h.wrote[0] == 0 || tt.cas != 0 && h.wrote[0] != tt.cas {
			t.Errorf("read with status %d and version %d: written over versions %v", tt.status, tt.cas, h.wrote)
		}
	}
}
