// Package json parses JSON text into a tape: a flat array of fixed-size nodes
// in document order that refer to the text by offset. Nothing is copied and
// nothing is allocated after configuration.
//
// The parser takes exactly the texts of RFC 8259 that cannot be read in two
// ways, and refuses the rest:
//
//   - invalid UTF-8, and a byte order mark (section 8.1);
//   - a \u escape that is half a surrogate pair (section 8.2);
//   - an object that has the same name twice (section 4), unless told to allow
//     it: a duplicate may hide a second value from whoever reads the text next;
//   - bytes after the value, and an empty text (section 2);
//   - texts beyond the given limits of depth, nodes and lengths (section 9).
//
// Parsing is one pass without recursion. Its work is linear in the length of
// the text, but for duplicate names under attack, where it is n log n.
//
// The hot loop, kernel in kernel.go, is written in the subset of Go that the
// generator filter/internal/wasmgen translates to structured WebAssembly; plain Go
// runs everywhere else and is the reference in the tests.
//
// Invariants of a tape made by Parse:
//   - len(Nodes) >= 1, and Nodes[0] is the value of the text;
//   - every Off+Len of a string, name, number or literal lies inside Src;
//   - the children of a container i are the nodes i+1 .. Nodes[i].Ext-1, and
//     those of an object alternate between KindName and a value;
//   - strings and names are valid UTF-8, with valid escapes only.
package json

//go:generate go run portcullis/filter/internal/wasmgen/cmd -func kernel,scanStrings -out kernel_wasm.s
