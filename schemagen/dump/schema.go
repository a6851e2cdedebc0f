package dump

import (
	"fmt"
	"strings"

	"portcullis/filter/format"
	"portcullis/filter/json"
	"portcullis/filter/schema"
	"portcullis/filter/table"
)

// Schema writes the schema programs of a table: procedures, instructions with
// their places, and the sets that they refer to.
func Schema(t *table.Table) string {
	d := schemaDump{t: t, s: &t.Schema}
	starts := map[uint32][]uint32{}
	for i := uint32(0); i < d.s.NumProcs(); i++ {
		pc := d.s.Proc(i, table.ProcPC)
		starts[pc] = append(starts[pc], i)
	}
	for pc := range d.s.Program {
		for _, p := range starts[uint32(pc)] {
			fmt.Fprintf(&d.b, "procedure %d: frames %d, reaches %d\n", p, d.s.Proc(p, table.ProcFrames), d.s.Proc(p, table.ProcCost))
		}
		if pc > 0 { // instruction 0 only keeps its number
			d.inst(uint32(pc), &d.s.Program[pc])
		}
	}
	return d.b.String()
}

type schemaDump struct {
	t *table.Table
	s *table.SchemaSections
	b strings.Builder
}

func (d *schemaDump) inst(pc uint32, in *table.Inst) {
	line := fmt.Sprintf("%5d  %s%s", pc, in.Op, d.operands(in))
	if c := d.s.Cold[pc]; c != 0 {
		at := string(schema.AppendLocation(nil, d.t, schema.Failure{Inst: pc}))
		line = fmt.Sprintf("%-60s %s", line, at)
	}
	d.b.WriteString(strings.TrimRight(line, " ") + "\n")
	switch in.Op {
	case table.OpLoopProperties:
		d.propSet(in.C)
	case table.OpLoopItems:
		if in.C != table.NoIndex {
			d.tuple(in.C)
		}
	case table.OpCtlSwitchType:
		kinds := [...]string{"null", "false", "true", "number", "string", "array", "object"}
		for i, k := range kinds {
			fmt.Fprintf(&d.b, "         %s -> %d\n", k, d.s.Lists[in.C+table.TupleEntries+2*uint32(i)])
		}
	case table.OpCtlSwitchValue:
		d.switchValue(in.C)
	}
}

// operands writes what an instruction holds, jumps as -> target.
func (d *schemaDump) operands(in *table.Inst) string {
	switch in.Op {
	case table.OpAssertType, table.OpCtlWhenType:
		s := " " + typeList(uint32(in.A))
		if in.Op == table.OpCtlWhenType {
			s += fmt.Sprintf(", else -> %d", in.C)
		}
		return s
	case table.OpAssertMinimum, table.OpAssertMaximum, table.OpAssertExclusiveMinimum, table.OpAssertExclusiveMaximum, table.OpAssertMultipleOf:
		s := " " + d.constant(in.C)
		if in.A == 0 {
			s += " (decimal)"
		}
		return s
	case table.OpAssertLength, table.OpAssertItems, table.OpAssertProperties:
		return " " + bounds(in.C, in.D)
	case table.OpAssertPattern:
		return fmt.Sprintf(" automaton %d", in.C)
	case table.OpAssertFormat:
		return " " + format.ID(in.C).Name()
	case table.OpAssertEnum:
		return " " + d.enum(in.C)
	case table.OpCtlCall:
		s := fmt.Sprintf(" procedure %d", in.D)
		if in.A != 0 {
			s += ", remembered"
		}
		return s
	case table.OpCtlTail, table.OpCtlJump, table.OpCtlScope, table.OpLogicNot, table.OpLogicBranch:
		return fmt.Sprintf(" -> %d", in.C)
	case table.OpLogicAnyOf, table.OpLogicOneOf:
		s := fmt.Sprintf(" -> %d", in.C)
		if in.A != 0 {
			s += ", all branches"
		}
		return s
	case table.OpLogicIf:
		return fmt.Sprintf(" then -> %d, else -> %d", in.C, in.D)
	case table.OpCtlWhenHas:
		return fmt.Sprintf(" %s, else -> %d", d.text(in.D, in.C), in.E)
	case table.OpCtlSwitchValue:
		return fmt.Sprintf(" else -> %d", in.D)
	case table.OpCtlNote:
		return fmt.Sprintf(" detail %d of %d", in.C, in.D)
	case table.OpLoopProperties:
		s := ""
		if in.A&table.PropsClosed != 0 {
			s += " closed"
		}
		if in.A&table.PropsOther != 0 {
			s += " others" + d.block(in.D, uint32(in.B))
		}
		if in.A&table.PropsMark != 0 {
			s += " mark"
		}
		return s + fmt.Sprintf(" end %d", in.E)
	case table.OpLoopItems, table.OpLoopUnevaluatedProperties, table.OpLoopUnevaluatedItems:
		s := ""
		if in.D != 0 {
			s += d.block(in.D, uint32(in.B))
		} else if in.Op != table.OpLoopItems && in.A&table.LoopOther == 0 {
			s += " none"
		}
		if in.A&table.LoopMark != 0 {
			s += " mark"
		}
		return s + fmt.Sprintf(" end %d", in.E)
	case table.OpLoopContains:
		s := " " + bounds(in.C, in.D)
		if in.A&table.LoopMark != 0 {
			s += " mark"
		}
		return s + fmt.Sprintf(" end %d", in.E)
	}
	return ""
}

func typeList(mask uint32) string {
	var out []string
	for i, name := range []string{"null", "boolean", "object", "array", "number", "string", "integer", "strict"} {
		if mask>>i&1 != 0 {
			out = append(out, name)
		}
	}
	return strings.Join(out, "|")
}

func bounds(lo, hi uint32) string {
	if hi == ^uint32(0) {
		return fmt.Sprintf("%d..", lo)
	}
	return fmt.Sprintf("%d..%d", lo, hi)
}

func (d *schemaDump) text(off, n uint32) string {
	return fmt.Sprintf("%q", d.s.Strings[off:off+n])
}

// block writes where a loop goes for a part: to a block, with the types that
// it checks on its own.
func (d *schemaDump) block(pc, head uint32) string {
	switch {
	case pc == 0:
		return " anything"
	case head&table.HeadOnly != 0:
		return fmt.Sprintf(" %s (%d)", typeList(head&0xff), pc)
	case head&table.HeadTypes != 0:
		return fmt.Sprintf(" %s -> %d", typeList(head&0xff), pc+1)
	}
	return fmt.Sprintf(" -> %d", pc)
}

func (d *schemaDump) propSet(at uint32) {
	r := d.s.PropSets[at:]
	bits := r[table.SetBits]
	masks := (bits + 31) / 32
	required := r[table.SetSlots+uint32(1)<<r[table.SetLog]:]
	entries := required[masks:]
	name := func(i uint32) string {
		e := entries[4*i:]
		return d.text(e[table.EntryName], e[table.EntryInfo]&0xffff)
	}
	if b := r[table.SetNames]; b != 0 {
		fmt.Fprintf(&d.b, "         names%s\n", d.block(b, 0))
	}
	for i := uint32(0); i < r[table.SetEntries]; i++ {
		e := entries[4*i:]
		s := "         " + name(i)
		if i < bits && required[i/32]>>(i%32)&1 != 0 {
			s += " required"
		}
		if e[table.EntryInfo]&table.EntryNamed == 0 {
			s += " not named"
		} else {
			s += d.block(e[table.EntryBlock], e[table.EntryInfo]>>table.EntryHeadShift&0x3ff)
		}
		d.b.WriteString(s + "\n")
	}
	rest := entries[4*r[table.SetEntries]:]
	for i := uint32(0); i < r[table.SetPatterns]; i++ {
		p := rest[3*i:]
		fmt.Fprintf(&d.b, "         automaton %d%s\n", p[table.PatternDFA], d.block(p[table.PatternBlock], p[table.PatternHead]))
	}
	rest = rest[3*r[table.SetPatterns]:]
	for i := uint32(0); i < r[table.SetDependents]; i++ {
		dep := rest[i*(1+masks):]
		s := "         " + name(dep[0]) + " needs"
		for j := uint32(0); j < bits; j++ {
			if dep[1+j/32]>>(j%32)&1 != 0 {
				s += " " + name(j)
			}
		}
		d.b.WriteString(s + "\n")
	}
}

func (d *schemaDump) tuple(at uint32) {
	for i := uint32(0); i < d.s.Lists[at+table.TupleCount]; i++ {
		e := d.s.Lists[at+table.TupleEntries+2*i:]
		fmt.Fprintf(&d.b, "         %d%s\n", i, d.block(e[0], e[1]))
	}
}

func (d *schemaDump) switchValue(at uint32) {
	r := d.s.Switches[at:]
	fmt.Fprintf(&d.b, "         member %s\n", d.text(r[table.SwitchName], r[table.SwitchName+1]))
	entries := r[table.SwitchSlots+uint32(1)<<r[table.SwitchLog]:]
	for i := uint32(0); i < r[table.SwitchEntries]; i++ {
		e := entries[4*i:]
		fmt.Fprintf(&d.b, "         %s -> %d\n", d.text(e[table.EnumEntryText], e[table.EnumEntryText+1]&^table.EnumEntryMore), e[table.SwitchTarget])
	}
}

func (d *schemaDump) enum(at uint32) string {
	r := d.s.Enums[at:]
	var out []string
	entries := r[table.EnumSlots+uint32(1)<<r[table.EnumLog]:]
	for i := uint32(0); i < r[table.EnumStrings]; i++ {
		e := entries[3*i:]
		out = append(out, d.text(e[table.EnumEntryText], e[table.EnumEntryText+1]&^table.EnumEntryMore))
	}
	for kind, name := range []string{json.KindNull: "null", json.KindFalse: "false", json.KindTrue: "true"} {
		if r[table.EnumLiterals]>>kind&1 != 0 {
			out = append(out, name)
		}
	}
	for _, c := range entries[3*r[table.EnumStrings]:][:r[table.EnumValues]] {
		out = append(out, d.constant(c))
	}
	return "{" + strings.Join(out, ", ") + "}"
}

// constant writes a constant as JSON.
func (d *schemaDump) constant(i uint32) string {
	n := d.s.Consts[i]
	switch n.Kind() {
	case json.KindNull:
		return "null"
	case json.KindFalse:
		return "false"
	case json.KindTrue:
		return "true"
	case json.KindNumber:
		return string(d.s.Strings[n.Off : n.Off+n.Len])
	case json.KindString:
		return d.text(n.Off, n.Len)
	}
	tape := json.Tape{Src: d.s.Strings, Nodes: d.s.Consts}
	var parts []string
	for j := i + 1; j < n.Ext; j = tape.Next(j) {
		s := ""
		if n.Kind() == json.KindObject {
			name := d.s.Consts[j]
			s = d.text(name.Off, name.Len) + ":"
			j++
		}
		parts = append(parts, s+d.constant(j))
	}
	if n.Kind() == json.KindObject {
		return "{" + strings.Join(parts, ",") + "}"
	}
	return "[" + strings.Join(parts, ",") + "]"
}
