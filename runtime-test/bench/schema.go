package main

import (
	"context"

	"portcullis/runtime-test/bench/schema"
)

// schemas measures the schema engine beside others.
func schemas(ctx context.Context, b *bench) error {
	return schema.Run(ctx, schema.Options{Out: b.out, Root: b.root, Work: b.work, Quick: b.quick})
}
