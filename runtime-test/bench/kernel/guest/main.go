//go:build wasip1 && jsonbench

// Command guest is the module with filter/json's benchmark exports.
package main

import _ "portcullis/filter/json"

func main() {}
