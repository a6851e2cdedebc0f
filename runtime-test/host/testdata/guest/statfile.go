//go:build statfile

package main

import "os"

// Links path_filestat_get, which Envoy up to 1.37 does not offer.
func init() { os.Stat("/nothing") }
