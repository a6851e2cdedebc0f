package isel

import (
	"portcullis/filter/json"
	"portcullis/filter/schema"
	"portcullis/filter/table"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// object emits the loop over members, when k has a keyword that needs one.
func (c *Compiler) object(k key) {
	s := k.s
	mark := tracking(k)&trackProperties != 0
	additional := c.additional(s)
	open := isTrue(additional) && !(mark && additional != nil)
	names := canonical(s.PropertyNames)
	props, patterns := s.Properties, c.livePatterns(s, mark)
	if !mark && open && len(patterns) == 0 {
		props = nil
		for _, p := range s.Properties {
			if !isTrue(canonical(p.Schema)) {
				props = append(props, p)
			}
		}
	}
	if len(props)+len(patterns)+len(s.Required)+len(s.DependentRequired) == 0 && open && isTrue(names) {
		return
	}
	at := c.inst(table.Inst{Op: table.OpLoopProperties}, c.placeOf(s.Loc))
	c.push()
	flags := uint8(0)
	if mark {
		flags |= table.PropsMark
	}
	if len(patterns) > 0 || !isTrue(names) {
		flags |= table.PropsSlow
	}
	switch {
	case open:
	case isFalse(additional):
		flags |= table.PropsClosed
	default:
		flags |= table.PropsOther
	}
	c.code[at].A = flags
	c.code[at].C = c.propSet(props, patterns, s, names)
	if flags&table.PropsOther != 0 && !isTrue(additional) {
		c.block(key{additional, 0}, c.putInst(at))
	}
	c.pop()
	c.code[at].E = c.target()
}

// additional returns the schema of members that nothing names. Where a pattern
// could not be compiled and its diagnostic was waived, any member may be one it
// names.
func (c *Compiler) additional(s *ir.Schema) *ir.Schema {
	for _, p := range s.PatternProperties {
		if !c.dfas[p.Pattern.Source].ok {
			return nil
		}
	}
	return canonical(s.AdditionalProperties)
}

// livePatterns returns the patterns that make a difference and could be
// compiled. A pattern without a schema still keeps members from being
// additional.
func (c *Compiler) livePatterns(s *ir.Schema, mark bool) []ir.PatternProperty {
	var live []ir.PatternProperty
	for _, p := range s.PatternProperties {
		if isTrue(canonical(p.Schema)) && !mark && isTrue(canonical(s.AdditionalProperties)) {
			continue
		}
		if d := c.dfas[p.Pattern.Source]; d.ok {
			live = append(live, p)
		}
	}
	return live
}

// propSet writes a property set and emits the blocks it refers to.
func (c *Compiler) propSet(props []ir.Property, patterns []ir.PatternProperty, s *ir.Schema, names *ir.Schema) uint32 {
	type entry struct {
		name    string
		hash    uint32
		tracked bool
		named   bool
		schema  *ir.Schema
	}
	var entries []*entry
	byName := map[string]*entry{}
	get := func(name string) *entry {
		e := byName[name]
		if e == nil {
			e = &entry{name: name, hash: json.HashName([]byte(name))}
			byName[name] = e
			entries = append(entries, e)
		}
		return e
	}
	for _, p := range props {
		e := get(p.Name)
		e.named, e.schema = true, canonical(p.Schema)
	}
	for _, r := range s.Required {
		get(r.Name).tracked = true
	}
	for _, d := range s.DependentRequired {
		get(d.Name).tracked = true
		for _, n := range d.Needs {
			get(n).tracked = true
		}
	}
	hashes := make([]uint32, len(entries))
	for i, e := range entries {
		hashes[i] = e.hash
	}
	h := newHashing(hashes)
	// Entries of one slot stand together, and tracked ones come first.
	tracked := make([]bool, 1<<h.log)
	for _, e := range entries {
		tracked[h.slot(e.hash)] = tracked[h.slot(e.hash)] || e.tracked
	}
	for _, e := range entries {
		e.tracked = tracked[h.slot(e.hash)]
	}
	order := h.order(func(i int) bool { return entries[i].tracked })
	bits, index := uint32(0), map[string]uint32{}
	for i, x := range order {
		index[entries[x].name] = uint32(i)
		if entries[x].tracked {
			bits++
		}
	}
	masks := (bits + 31) / 32

	w := []uint32{0, uint32(len(entries)), h.log, h.mult, bits, uint32(len(patterns)), uint32(len(s.DependentRequired)), 0}
	w = append(w, h.slots(order)...)
	mask := func(list ...string) {
		m := make([]uint32, masks)
		for _, n := range list {
			m[index[n]/32] |= 1 << (index[n] % 32)
		}
		w = append(w, m...)
	}
	required := make([]string, len(s.Required))
	for i, r := range s.Required {
		required[i] = r.Name
	}
	mask(required...)
	type site struct {
		at     int
		schema *ir.Schema
		kind   int
	}
	const siteEntry, sitePattern, siteNames = 0, 1, 2
	var sites []site
	for i, x := range order {
		e := entries[x]
		off, n := c.strs.Add(e.name)
		if n > 0xffff {
			panic("isel: member name of more than 65535 bytes")
		}
		info := n
		if e.named {
			info |= table.EntryNamed
		}
		if i+1 < len(order) && h.slot(hashes[order[i+1]]) == h.slot(e.hash) {
			info |= table.EntryMore
		}
		if e.named && !isTrue(e.schema) {
			sites = append(sites, site{len(w), e.schema, siteEntry})
		}
		w = append(w, e.hash, off, info, 0)
	}
	for _, p := range patterns {
		if x := canonical(p.Schema); !isTrue(x) {
			sites = append(sites, site{len(w), x, sitePattern})
		}
		w = append(w, c.dfas[p.Pattern.Source].off, 0, 0)
	}
	for _, d := range s.DependentRequired {
		w = append(w, index[d.Name])
		mask(d.Needs...)
	}
	if !isTrue(names) {
		sites = append(sites, site{0, names, siteNames})
	}
	w[table.SetSize] = uint32(len(w))
	base := len(c.sets)
	c.sets = append(c.sets, w...)
	c.notes(s, index)
	// Blocks in the order of the document, whatever the order of entries.
	for _, x := range sites {
		at := base + x.at
		switch x.kind {
		case siteEntry:
			c.block(key{x.schema, 0}, func(pc, head uint32) {
				c.sets[at+table.EntryBlock] = pc
				c.sets[at+table.EntryInfo] |= head << table.EntryHeadShift
			})
		case sitePattern:
			c.block(key{x.schema, 0}, func(pc, head uint32) {
				c.sets[at+table.PatternBlock], c.sets[at+table.PatternHead] = pc, head
			})
		default:
			c.block(key{x.schema, 0}, func(pc, _ uint32) { c.sets[at+table.SetNames] = pc })
		}
	}
	return uint32(base)
}

// notes emits the places of keywords that do not stand in s itself.
func (c *Compiler) notes(s *ir.Schema, index map[string]uint32) {
	note := func(detail, arg uint32, loc ir.Loc) {
		c.inst(table.Inst{Op: table.OpCtlNote, C: detail, D: arg}, c.placeOf(loc))
	}
	for _, r := range s.Required {
		if !at(r.Loc, s.Loc, "required") {
			note(schema.DetailRequired, index[r.Name], r.Loc)
		}
	}
	for i, d := range s.DependentRequired {
		if !at(d.Loc, s.Loc, "dependentRequired/"+source.EscapePointer(d.Name)) {
			note(schema.DetailDependent, uint32(i), d.Loc)
		}
	}
	if s.AdditionalProperties != nil && isFalse(canonical(s.AdditionalProperties)) && !at(s.AdditionalPropertiesLoc, s.Loc, "additionalProperties") {
		note(schema.DetailAdditional, 0, s.AdditionalPropertiesLoc)
	}
}
