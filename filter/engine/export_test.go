package engine

import "portcullis/filter/limit"

// RefusalStats counts what became of counted refusals, in an engine that counts them.
func (e *Engine) RefusalStats() *limit.Stats { return &e.inspector.counts.Stats }
