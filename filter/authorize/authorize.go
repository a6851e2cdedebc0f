// Package authorize decides what an authenticated caller may do. It asks for the
// scopes that an operation's security requirement names (OpenAPI 3.1, Security
// Requirement Object); who the caller is has been settled by package token.
package authorize

import (
	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

// Scoper tells whether a caller has been granted a scope. token.Checker is one.
type Scoper interface {
	HasScope(scope []byte) bool
}

// Scopes wants all of the scopes: Allow or AuthorizeScope. A scope is compared
// byte by byte; there is no wildcard and no hierarchy (RFC 6749 section 3.3).
func Scopes(caller Scoper, scopes table.Names) verdict.Code {
	for i := range scopes.Len() {
		if !caller.HasScope(scopes.At(i)) {
			return verdict.AuthorizeScope
		}
	}
	return verdict.Allow
}
