package isel

import (
	"strings"

	"portcullis/schemagen/ir"
)

// place is an entry of the trie of locations: a segment under a parent.
type place struct {
	parent  uint32 // index plus one; 0 = the segment is a document's URI
	segment string
}

// place returns what the cold section holds for a keyword: its own place
// where that is known, otherwise keyword under the place of its schema.
func (c *Compiler) place(loc, schema ir.Loc, keyword string) uint32 {
	if loc.URI != "" || loc.Pointer != "" {
		return c.placeOf(loc)
	}
	if schema.URI == "" && schema.Pointer == "" && schema.Node == nil && keyword == "" {
		return 0
	}
	at := c.locate(schema.URI, schema.Pointer)
	if keyword != "" {
		at = c.step(at, keyword)
	}
	return at
}

// placeOf returns what the cold section holds for loc.
func (c *Compiler) placeOf(loc ir.Loc) uint32 {
	if loc.URI == "" && loc.Pointer == "" && loc.Node == nil {
		return 0
	}
	return c.locate(loc.URI, loc.Pointer)
}

func (c *Compiler) locate(uri, pointer string) uint32 {
	name := uri
	if c.opts.DocumentName != nil {
		name = c.opts.DocumentName(name)
	}
	return c.descend(c.step(0, name), pointer)
}

// descend goes from a document's place, root, down to pointer.
func (c *Compiler) descend(root uint32, pointer string) uint32 {
	if pointer == "" {
		return root
	}
	k := place{root, pointer}
	if at, ok := c.located[k]; ok {
		return at
	}
	cut := strings.LastIndexByte(pointer, '/')
	segment := pointer[cut+1:]
	if strings.IndexByte(segment, '~') >= 0 {
		segment = strings.ReplaceAll(strings.ReplaceAll(segment, "~1", "/"), "~0", "~")
	}
	at := c.step(c.descend(root, pointer[:max(cut, 0)]), segment)
	c.located[k] = at
	return at
}

func (c *Compiler) step(parent uint32, segment string) uint32 {
	k := place{parent, segment}
	at, ok := c.places[k]
	if !ok {
		off, n := c.strs.Add(segment)
		c.location = append(c.location, parent, off, n)
		at = uint32(len(c.location) / 3)
		c.places[k] = at
	}
	return at
}
