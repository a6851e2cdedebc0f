//go:build jsonbench

package json

// Exports of the module that runtime-test/bench/kernel times. The tag jsonbench
// keeps them out of every other build.

var (
	benchText  [1 << 20]byte
	benchTape  = NewTape(1 << 16)
	benchParse = NewParser(1<<16, 64)
)

// kernels: 0 is the translated one, 1 plain Go.

//go:wasmexport bench_buffer
func benchBuffer() *byte { return &benchText[0] }

//go:wasmexport bench_parse
func benchParseText(size, plain, rounds uint32) uint32 {
	run := runKernel
	if plain != 0 {
		run = kernel
	}
	sum := uint32(0)
	for range rounds {
		if benchParse.parse(benchTape, benchText[:size], Options{}, run) != StatusOK {
			return 0
		}
		sum += uint32(len(benchTape.Nodes))
	}
	return sum
}

//go:wasmexport bench_scan
func benchScanText(size, plain, rounds uint32) uint32 {
	run := runScanStrings
	if plain != 0 {
		run = scanStrings
	}
	sum := uint32(0)
	for range rounds {
		sum += uint32(run(benchText[:size], benchTape.Nodes[:cap(benchTape.Nodes)]))
	}
	return sum
}
