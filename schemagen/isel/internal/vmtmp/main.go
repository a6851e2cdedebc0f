package main

import (
	"context"
	"os"

	"portcullis/runtime-test/oracle"
)

func main() {
	c := oracle.Command(os.Stdout)
	if err := c.ParseAndRun(context.Background(), os.Args[1:]); err != nil {
		println(err.Error())
	}
}
