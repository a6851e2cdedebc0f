//go:build badinit

package main

import "unsafe"

// A host call in a package's init: hosts allow only logging there.
func init() {
	p, n := ptr("plugin_name")
	getProperty(p, n, unsafe.Pointer(&outPtr), unsafe.Pointer(&outLen))
}
