//go:build !wasip1

// Command guest is the module that the wazero engine of package suite runs. It
// is built for wasip1 only.
package main

func main() {}
