package sig

import (
	"portcullis/filter/token"
	"portcullis/filter/token/der"
)

// mismatch says why a key of this kind can't serve alg, or nothing.
func mismatch(alg token.Alg, kind der.Kind) string {
	if kind == 0 || kind != token.KeyKind(alg) {
		return "the key is of another kind than its algorithm needs"
	}
	return ""
}
