// Package schema judges a parsed JSON value by a compiled schema: instructions
// from a table run over a tape.
//
// The table has been verified and the tape has been parsed; the package trusts
// both to be in bounds and nothing else. It decides and says where and why,
// in numbers; text is made by AppendMessage, from cold data, when asked for.
//
// Semantics are those of JSON Schema (drafts 4 to 2020-12, the differences
// resolved by the compiler): an assertion applies to values of its type and
// passes others; numbers are compared as decimals, from their text; strings
// after unescaping; objects regardless of order.
//
// Work is bounded. The interpreter keeps its own stack, whose size is fixed;
// between two counted steps it only goes forward in the program; the number of
// steps is bounded in proportion to the number of nodes times what the entry
// can reach; running out of either is StatusBudget, a refusal. Verdicts of
// procedures that a value could meet again and again are remembered, so that a
// schema that branches at each level does not cost two to the depth.
//
// Nothing is allocated after NewMachine.
//
// What is frequent runs in one loop, kernel in kernel.go, which is written in
// the subset of Go that filter/internal/wasmgen translates to structured
// WebAssembly; what is rare runs a step at a time in Machine.slow. Plain Go runs
// everywhere else and is the reference in the tests.
package schema

//go:generate go run portcullis/filter/internal/wasmgen/cmd -dir . -func kernel -out kernel_wasm.s
