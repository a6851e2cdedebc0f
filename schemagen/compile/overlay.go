package compile

import (
	"fmt"
	"path/filepath"
	"slices"

	"portcullis/schemagen/diag"
	"portcullis/schemagen/overlay"
	"portcullis/schemagen/resolve"
)

// readOverlays reads the Overlay documents.
func (b *builder) readOverlays() {
	reg := resolve.New(nil)
	for _, path := range b.opts.Overlays {
		doc, err := reg.Load(path)
		if err != nil {
			b.unreadable(path, "overlay-unreadable", err)
			continue
		}
		if o := overlay.Read(doc, &b.diags); o != nil {
			b.over = append(b.over, o)
		}
	}
	for _, in := range reg.Read() {
		b.addDigest("overlay", in.Data)
	}
}

// extended makes the descriptions that overlays extend those of the build.
func (b *builder) extended() {
	for _, o := range b.over {
		path, ok := filePath(o.Extends)
		if !ok {
			continue
		}
		if wd, err := filepath.Abs("."); err == nil { // as a person would name it
			if rel, err := filepath.Rel(wd, path); err == nil && len(rel) < len(path) {
				path = rel
			}
		}
		if !slices.Contains(b.specs, path) {
			b.specs = append(b.specs, path)
		}
	}
}

// unusedOverlays reports overlays that extend none of the descriptions.
func (b *builder) unusedOverlays() {
	for _, o := range b.over {
		if o.Unused() {
			b.diags.Add(diag.Diagnostic{
				Code: "overlay-extends", Severity: diag.Error,
				Message: fmt.Sprintf("found an overlay of %s, which is not among the descriptions of the build, wanted one that is", o.Extends),
			}.At(o.Root()))
		}
	}
}
