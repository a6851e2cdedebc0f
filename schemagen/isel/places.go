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
func (c *Compiler) place(loc ir.Loc, under ...any) uint32 {
	if loc.URI != "" || loc.Pointer != "" || len(under) == 0 {
		return c.locate(loc, "")
	}
	return c.locate(under[0].(ir.Loc), under[1].(string))
}

func (c *Compiler) locate(loc ir.Loc, keyword string) uint32 {
	if loc.URI == "" && loc.Pointer == "" && loc.Node == nil && keyword == "" {
		return 0
	}
	name := loc.URI
	if c.opts.DocumentName != nil {
		name = c.opts.DocumentName(name)
	}
	at := c.step(0, name)
	p := loc.Pointer
	for p != "" {
		p = strings.TrimPrefix(p, "/")
		seg, rest, more := strings.Cut(p, "/")
		seg = strings.ReplaceAll(strings.ReplaceAll(seg, "~1", "/"), "~0", "~")
		at = c.step(at, seg)
		if p = ""; more {
			p = "/" + rest
		}
	}
	if keyword != "" {
		at = c.step(at, keyword)
	}
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
