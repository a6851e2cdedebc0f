package plugin

import (
	"portcullis/filter/engine"
)

func (e *fakeEngine) Forwards() bool              { return false }
func (e *fakeEngine) IsIdentity([]byte) bool      { return false }
func (e *fakeEngine) DropsCredential([]byte) bool { return false }
func (e *fakeEngine) Forwarded() []engine.Header  { return nil }
func (q quietEngine) Forwards() bool              { return false }
func (q quietEngine) IsIdentity([]byte) bool      { return false }
func (q quietEngine) DropsCredential([]byte) bool { return false }
func (q quietEngine) Forwarded() []engine.Header  { return nil }
