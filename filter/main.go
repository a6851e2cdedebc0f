// Command filter is the Proxy-Wasm module: the exports that a host calls, one line
// each, and the wiring of the plugin to host and cryptography. It is built as a
// library (build.sh); run as a program it does nothing.
package main

func main() {}
