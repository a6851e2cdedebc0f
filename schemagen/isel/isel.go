// Package isel selects instructions: it turns ir.Schema graphs into the schema
// sections of a table (filter/table, inst.go).
//
// The order is: Entry registers schemas, compiles their patterns, so that what
// can't be enforced is known early, and has them rewritten by package opt;
// Sections lets equal ones be shared, decides which schemas
// become procedures (entries, recursive ones, and those used more than once
// that are not small), emits each procedure with everything else inlined, and
// patches the references between them.
//
// Output depends on the order of calls and on the schemas alone.
package isel

import (
	"portcullis/filter/json"
	"portcullis/filter/le"
	"portcullis/filter/table"
	"portcullis/schemagen/diag"
	"portcullis/schemagen/emit"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/opt"
)

// Strings is the table's string pool.
type Strings interface {
	Add(s string) (off, n uint32)
}

// Section is a section of the table.
type Section = emit.Section

// Options are the settings of a Compiler. The zero value is ready for use.
type Options struct {
	// InlineBudget is the size, in instructions, up to which a schema that is
	// used more than once is repeated rather than called; 0 is 4.
	InlineBudget int
	// Plain leaves out package opt, for tests.
	Plain bool
	// MaxPatternStates and MaxPatternBytes bound an automaton; 0 is regex's
	// default.
	MaxPatternStates, MaxPatternBytes int
	// DocumentName is what the cold section calls a document, by its URI, so
	// that a table does not depend on where files lie; nil is the URI itself.
	DocumentName func(uri string) string
}

// Compiler collects schemas and makes the sections. It is used once.
type Compiler struct {
	strs  Strings
	opts  Options
	diags *diag.List

	opt     *opt.Optimiser // nil: schemas are compiled as they are
	roots   []*ir.Schema   // what Entry registered, rewritten
	rootAt  map[*ir.Schema]uint32
	units   map[key]*unit
	entries []*unit // procedures in the order of their index; roots first
	checked map[*ir.Schema]bool
	dfas    map[string]dfa
	dfaData []byte

	code  []table.Inst
	cold  []uint32
	sets  []uint32
	enums []uint32
	lists []uint32
	swtch []uint32
	procs []uint32

	consts   []json.Node
	constAt  map[string]uint32
	enumAt   map[string]uint32
	places   map[place]uint32
	located  map[place]uint32 // the same by the whole pointer, under the document's place
	location []uint32

	blocks []blockSite
	calls  []callSite
	label  uint32 // the latest place that a jump leads to
	depth  uint32 // frames open where code is being emitted
	most   uint32 // the largest depth in this procedure
	now    *unit  // the procedure being emitted
}

// New returns a Compiler whose strings go to strs and whose findings to diags.
func New(strs Strings, opts Options, diags *diag.List) *Compiler {
	if opts.InlineBudget == 0 {
		opts.InlineBudget = 4
	}
	c := &Compiler{
		strs: strs, opts: opts, diags: diags,
		rootAt:  map[*ir.Schema]uint32{},
		units:   map[key]*unit{},
		checked: map[*ir.Schema]bool{},
		dfas:    map[string]dfa{},
		constAt: map[string]uint32{},
		enumAt:  map[string]uint32{},
		places:  map[place]uint32{},
		located: map[place]uint32{},
	}
	if !opts.Plain {
		c.opt = opt.New()
	}
	return c
}

// Entry registers s and returns the entry that a table refers to it by:
// table.NoIndex for no schema and for those that accept anything. It is called
// before Sections.
func (c *Compiler) Entry(s *ir.Schema) uint32 {
	if s == nil {
		return table.NoIndex
	}
	c.Check(s)
	if c.opt != nil {
		s = c.opt.Schema(s)
	}
	s = canonical(s)
	if isTrue(s) {
		return table.NoIndex
	}
	at, ok := c.rootAt[s]
	if !ok {
		at = uint32(len(c.roots))
		c.roots = append(c.roots, s)
		c.rootAt[s] = at
	}
	return at
}

// Sections compiles what Entry registered.
func (c *Compiler) Sections() []Section {
	roots := c.roots
	if c.opt != nil {
		roots = c.opt.Share(roots)
	}
	for _, s := range roots {
		u := c.unit(key{canonical(s), 0})
		if !u.hasPC {
			u.proc, u.hasPC = uint32(len(c.entries)), true
		}
		c.entries = append(c.entries, u)
	}
	c.analyse()
	// Block 0 stands for "none", so instruction 0 is nobody's block.
	c.inst(table.Inst{Op: table.OpCtlEnd}, 0)
	for i := 0; i < len(c.entries); i++ {
		if c.entries[i].pc == 0 {
			c.procedure(c.entries[i])
		}
	}
	c.patch()
	c.finishProcs()
	return []Section{
		{ID: uint32(table.SecProgram), Data: c.program()},
		{ID: uint32(table.SecPropSets), Data: words(c.sets)},
		{ID: uint32(table.SecConsts), Data: nodes(c.consts)},
		{ID: uint32(table.SecEnums), Data: words(c.enums)},
		{ID: uint32(table.SecPatterns), Data: c.dfaData},
		{ID: uint32(table.SecCold), Data: words(c.cold)},
		{ID: uint32(table.SecProcs), Data: words(c.procs)},
		{ID: uint32(table.SecLocations), Data: words(c.location)},
		{ID: uint32(table.SecLists), Data: words(c.lists)},
		{ID: uint32(table.SecSwitches), Data: words(c.swtch)},
	}
}

func (c *Compiler) program() []byte {
	var b []byte
	for _, in := range c.code {
		b = append(b, byte(in.Op), in.A, byte(in.B), byte(in.B>>8))
		b = le.AppendU32(le.AppendU32(le.AppendU32(b, in.C), in.D), in.E)
	}
	return b
}

func words(w []uint32) []byte {
	b := make([]byte, 0, 4*len(w))
	for _, x := range w {
		b = le.AppendU32(b, x)
	}
	return b
}

func nodes(n []json.Node) []byte {
	b := make([]byte, 0, 16*len(n))
	for _, x := range n {
		b = le.AppendU32(le.AppendU32(le.AppendU32(le.AppendU32(b, x.Meta), x.Off), x.Len), x.Ext)
	}
	return b
}
