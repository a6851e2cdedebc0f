// Package schema is the part of the benchmark that measures the schema engine:
// from the bytes of a JSON text to the verdict, the filter's parser and schema
// machine as a Wasm module in Node's V8, beside engines that others made for
// native code.
//
// Each engine is a worker, a process that reads requests from standard input, one
// a line, and answers each with one line of JSON:
//
//	DIR MILLIS
//	{"ns": 1234.5, "valid": 4, "mutants": 1, "allocs": 0}
//	{"error": "what the engine has against the schema"}
//
// DIR is a case: schema.json, instances.jsonl (valid texts) and mutants.jsonl (the
// same with one value replaced: engines that do the same work accept the same
// number of them); our worker reads schema.table instead of the schema. MILLIS is
// how long to measure, in CPU time. A worker compiles a case's schema when it first
// meets it, and warms up. So workers take turns of milliseconds, and a ratio is
// made of neighbouring turns.
//
// Peers are installed by their own package managers when the benchmark first runs,
// into .tools/bench: cargo, npm, pip (the schemas of check-jsonschema, which are
// those of well-known tools) and go. "format" is dropped from every schema, as
// engines disagree on whether it asserts.
package schema
