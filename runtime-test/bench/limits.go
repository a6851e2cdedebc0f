package main

import (
	"os"
	"path/filepath"
)

// limitsSpec is operations that differ in their limit alone. Nothing else of a
// request is judged, so that its cost is the limit's, the route's and the reading of
// the header fields.
const limitsSpec = `openapi: 3.1.0
info: {title: limits, version: '1'}
paths:
  /free: {get: {operationId: free, responses: {'200': {description: ok}}}}
  /worker: {get: {operationId: worker, responses: {'200': {description: ok}}}}
  /proxy: {get: {operationId: proxy, responses: {'200': {description: ok}}}}
  /each: {get: {operationId: each, responses: {'200': {description: ok}}}}
`

const limitsPolicy = `version: 1
limits:
  worker: {requests: 1000000, per: 1s, scope: worker}
  proxy: {requests: 1000000, per: 1s}
  each: {requests: 1000000, per: 1s, by: 'header:x-caller'}
operations:
- {operation: worker, limits: [worker]}
- {operation: proxy, limits: [proxy]}
- {operation: each, limits: [each]}
`

// limitRows are the rows about one limit: the operation, what it is, and what the
// issues ask for.
var limitRows = []struct{ path, name, bar string }{
	{"/free", "without a limit", ""},
	{"/worker", "scope worker", "2 over do-nothing"},
	{"/proxy", "scope proxy", "3 over do-nothing"},
	{"/each", "scope proxy, by caller", "3 over do-nothing"},
}

// limits is the table of limitsSpec.
func (b *bench) limits() ([]byte, error) {
	spec := filepath.Join(b.work, "limits.yaml")
	if err := os.WriteFile(spec, []byte(limitsSpec), 0o600); err != nil {
		return nil, err
	}
	return b.compile(limitsPolicy, spec)
}
