// Command cmd translates Go functions to WebAssembly assembly: see package
// wasmgen. With -check it writes nothing and fails where the file is stale.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"portcullis/filter/internal/wasmgen"
)

func main() {
	dir := flag.String("dir", ".", "folder of the package")
	functions := flag.String("func", "", "functions to translate, separated by commas")
	out := flag.String("out", "", "file to write in the folder, ends in _wasm.s")
	check := flag.Bool("check", false, "only check that the file is up to date")
	flag.Parse()
	if err := run(*dir, *out, strings.Split(*functions, ","), *check); err != nil {
		fmt.Fprintln(os.Stderr, "wasmgen:", err)
		os.Exit(1)
	}
}

func run(dir, out string, functions []string, check bool) error {
	if !strings.HasSuffix(out, "_wasm.s") {
		return fmt.Errorf("output %q does not end in _wasm.s", out)
	}
	if check {
		return wasmgen.Check(dir, out, functions...)
	}
	text, err := wasmgen.Generate(dir, functions...)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, out), text, 0o644)
}
