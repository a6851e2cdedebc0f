// Package wasmgen translates a subset of Go to WebAssembly in the syntax of Go's
// assembler. Standard Go compiles every jump of a WebAssembly function through
// one dispatch table; code from here has structured blocks and loops, keeps its
// variables in WebAssembly locals, and is 3 to 4 times as fast in tight loops. The
// Go source stays the only source: it runs on every other platform, and tests
// hold both together.
//
// It is a tool: nothing of the filter imports it. Use
//
//	go run portcullis/filter/internal/wasmgen/cmd -dir DIR -func NAME -out FILE_wasm.s
//
// from a go:generate line, declare NAMEAsm with the signature of NAME and
// //go:noescape in a _wasm.go file, and let a test call Check, which fails where the
// file is stale.
//
// # The subset
//
// A translated function and every function it calls are in one package.
//
//   - Types: all sizes of integers, bool, slices of integers and of structs,
//     pointers to structs and to integers, structs of such fields. Only integers,
//     bools, slices and pointers can be variables.
//   - Statements: var, const, =, :=, op=, ++, --, if, for (with and without
//     clauses, and range over an integer), switch (without fallthrough), labelled
//     and plain break and continue, return, blocks, and calls.
//   - Expressions: constants, variables, arithmetic, comparisons, && || !,
//     conversions between integers, x.f, x[i], &x[i], len(slice), x[i:] and x[i:j] of
//     slices (the length is right, nothing is checked), min, max, and calls.
//   - Package variables: arrays of integers, as tables: name[i].
//   - Calls are inlined, so there is no recursion. Several results are fine.
//     math/bits: TrailingZeros, LeadingZeros, Len, OnesCount of 32 and 64 bits,
//     RotateLeft32 and RotateLeft64.
//   - A function with the comment //wasmgen:load N is f(b []byte, i) and becomes
//     an unaligned little-endian load of N bytes; //wasmgen:store N is f(b, i, v).
//   - Shift counts are constants, or masked as in x << (n & 63), or the code is
//     slow: no other count is accepted. Divisors are constants.
//
// A switch compares case by case, in the order written. After a comment
// //wasmgen:tree on the line before it, it becomes a binary search (Go's
// assembler has no syntax for br_table) that ends in one jump.
//
// After a comment //wasmgen:peel, the first round of a for loop is written once
// more in front of it. V8 looks at its stack limit at the head of every loop, which
// shows where most loops end in their first round.
//
// # What it does not do
//
// There are no bounds checks, no nil checks, no overflow of divisions. Indexes and
// pointers must be right: fuzz the Go version, which checks them all. Writes go to
// integers and bools only, so there are no write barriers, and functions are
// NOSPLIT leaves, so the collector never sees their locals.
//
// # Registers
//
// Go's assembler has 16 integer locals for a function. Variables compete for
// them by use, a use in a loop counting eightfold; the rest lives in the stack
// frame. The comment //wasmgen:cold on a function says that its variables need no
// registers. Use small scopes: a local is free again after the last use.
package wasmgen
