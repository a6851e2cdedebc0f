//go:build !lean

package sig

import (
	"crypto/sha256"
	"crypto/sha512"
)

func newDigests() (h256, h384, h512 hasher) { return sha256.New(), sha512.New384(), sha512.New() }
