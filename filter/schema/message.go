package schema

import (
	"portcullis/filter/format"
	"portcullis/filter/json"
	"portcullis/filter/table"
	"portcullis/filter/text"
)

// The functions here make text of failures, from the cold part of the table.
// They append what they say to dst, escape nothing, and allocate only if dst
// lacks room.

// How much of a request or a schema a message repeats, in bytes.
const (
	maxNumberText = 40
	maxNameText   = 64
	maxEnumText   = 120
)

// AppendPointer appends the JSON Pointer of the value that failed.
func AppendPointer(dst []byte, tape *json.Tape, f Failure) []byte {
	return json.AppendPointer(dst, tape, f.Node)
}

// AppendKeyword appends the keyword that failed, "false" for the schema false.
func AppendKeyword(dst []byte, t *table.Table, f Failure) []byte {
	s := &t.Schema
	in, ok := instOf(s, f)
	if !ok {
		return dst
	}
	if in.Op == table.OpAssertFail {
		return text.Append(dst, "false")
	}
	if at := noted(s, in, f); at != 0 {
		// A dependent's place is that of the name in the keyword.
		if parent := s.Locations[(at-1)*locationWords]; f.Detail == DetailDependent && parent != 0 {
			at = parent
		}
		return text.Bytes(dst, segment(s, at))
	}
	if kw, _ := keywordOf(in, f.Detail); kw != "" {
		return text.Append(dst, kw)
	}
	if at := s.Cold[f.Inst]; at != 0 {
		return text.Bytes(dst, segment(s, at))
	}
	return text.Append(dst, in.Op.String())
}

// AppendLocation appends the place of the keyword in the description: the URI
// of the document and a JSON Pointer as its fragment.
func AppendLocation(dst []byte, t *table.Table, f Failure) []byte {
	s := &t.Schema
	in, ok := instOf(s, f)
	if !ok || s.Cold[f.Inst] == 0 {
		return dst
	}
	if at := noted(s, in, f); at != 0 {
		return appendPlace(dst, s, at)
	}
	at := s.Cold[f.Inst]
	kw, sibling := keywordOf(in, f.Detail)
	if sibling && s.Locations[(at-1)*locationWords] != 0 {
		at = s.Locations[(at-1)*locationWords]
	}
	dst = appendPlace(dst, s, at)
	if kw != "" {
		dst = text.Byte(dst, '/')
		dst = text.Append(dst, kw)
	}
	return dst
}

const locationWords = 3

func instOf(s *table.SchemaSections, f Failure) (*table.Inst, bool) {
	if f.Inst >= uint32(len(s.Program)) {
		return nil, false
	}
	return &s.Program[f.Inst], true
}

// noted returns the place that a note gives for a failure of a loop over
// members, 0 if there is none.
func noted(s *table.SchemaSections, in *table.Inst, f Failure) uint32 {
	if in.Op != table.OpLoopProperties {
		return 0
	}
	for i := f.Inst + 1; i < uint32(len(s.Program)) && s.Program[i].Op == table.OpCtlNote; i++ {
		n := &s.Program[i]
		if n.C == f.Detail && (n.D == f.Arg || f.Detail == DetailAdditional) {
			return s.Cold[i]
		}
	}
	return 0
}

// keywordOf returns the keyword where the location is that of the schema
// (sibling false) or of another keyword beside it (sibling true), "" where the
// location is the keyword's own.
func keywordOf(in *table.Inst, detail uint32) (kw string, sibling bool) {
	pick := func(lo, hi string) string {
		if detail == DetailMax {
			return hi
		}
		return lo
	}
	switch in.Op {
	case table.OpAssertLength, table.OpAssertItems, table.OpAssertProperties:
		if in.A != 0 {
			return "", false
		}
	}
	switch in.Op {
	case table.OpAssertLength:
		return pick("minLength", "maxLength"), false
	case table.OpAssertItems:
		return pick("minItems", "maxItems"), false
	case table.OpAssertProperties:
		return pick("minProperties", "maxProperties"), false
	case table.OpLoopContains:
		if detail == DetailMax {
			return "maxContains", true
		}
		if in.C > 1 {
			return "minContains", true
		}
	case table.OpLoopProperties:
		switch detail {
		case DetailRequired:
			return "required", false
		case DetailDependent:
			return "dependentRequired", false
		case DetailAdditional:
			return "additionalProperties", false
		}
	}
	return "", false
}

func segment(s *table.SchemaSections, at uint32) []byte {
	l := s.Locations[(at-1)*locationWords:]
	off, n := l[table.LocationSegment], l[table.LocationSegment+1]
	return s.Strings[off : off+n]
}

// appendPlace appends location at-1: parents come before their children in the
// section, so the recursion ends; it is as deep as the pointer is long.
func appendPlace(dst []byte, s *table.SchemaSections, at uint32) []byte {
	parent := s.Locations[(at-1)*locationWords+table.LocationParent]
	if parent == 0 {
		return text.Byte(text.Bytes(dst, segment(s, at)), '#')
	}
	dst = text.Byte(appendPlace(dst, s, parent), '/')
	for _, c := range segment(s, at) {
		switch c {
		case '~':
			dst = append(dst, '~', '0')
		case '/':
			dst = append(dst, '~', '1')
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// AppendMessage appends a line for people: what was found and what was wanted.
// Of the request it repeats a number, or a name, within bounds; no strings.
//
// It is long because it is a table.
func AppendMessage(dst []byte, t *table.Table, f Failure, tape *json.Tape) []byte {
	s := &t.Schema
	in, ok := instOf(s, f)
	if !ok || f.Node >= uint32(len(tape.Nodes)) {
		return text.Append(dst, "does not match the schema")
	}
	switch in.Op {
	case table.OpAssertFail:
		dst = text.Append(dst, "is not allowed")
	case table.OpAssertType:
		dst = text.Append(dst, "found ")
		dst = text.Append(dst, kindName(&tape.Nodes[f.Node]))
		dst = text.Append(dst, ", wanted ")
		dst = appendTypes(dst, in.A)
	case table.OpAssertMinimum:
		dst = appendCompared(dst, s, in, tape, f, " is less than ")
	case table.OpAssertMaximum:
		dst = appendCompared(dst, s, in, tape, f, " is greater than ")
	case table.OpAssertExclusiveMinimum:
		dst = appendCompared(dst, s, in, tape, f, " is not greater than ")
	case table.OpAssertExclusiveMaximum:
		dst = appendCompared(dst, s, in, tape, f, " is not less than ")
	case table.OpAssertMultipleOf:
		dst = appendCompared(dst, s, in, tape, f, " is not a multiple of ")
	case table.OpAssertLength:
		dst = appendCount(dst, in, f, uint64(tape.CodePoints(f.Node)), "character")
	case table.OpAssertItems:
		dst = appendCount(dst, in, f, uint64(tape.Nodes[f.Node].Len), "item")
	case table.OpAssertProperties:
		dst = appendCount(dst, in, f, uint64(tape.Nodes[f.Node].Len), "member")
	case table.OpLoopContains:
		dst = appendCount(dst, in, f, uint64(f.Arg), "matching item")
	case table.OpAssertPattern:
		dst = text.Append(dst, "does not match the pattern")
	case table.OpAssertFormat:
		dst = text.Append(dst, "is not a valid ")
		dst = text.Append(dst, format.ID(in.C).Name())
	case table.OpAssertUnique:
		dst = text.Append(dst, "item ")
		dst = text.Uint(dst, elementIndex(tape, f.Node, f.Arg))
		dst = text.Append(dst, " equals an earlier one")
	case table.OpAssertEnum:
		dst = appendEnum(dst, s, in.C)
	case table.OpLogicAnyOf, table.OpAssertNone:
		dst = text.Append(dst, "matches none of the alternatives")
	case table.OpLogicOneOf:
		dst = text.Append(dst, "matches none of the alternatives, wanted exactly one")
		if f.Detail == DetailMax {
			dst = dst[:len(dst)-len("none of the alternatives, wanted exactly one")]
			dst = text.Append(dst, "more than one of the alternatives, wanted exactly one")
		}
	case table.OpLogicNot:
		dst = text.Append(dst, "matches what it must not")
	case table.OpLoopProperties:
		dst = appendProperties(dst, s, in, f, tape)
	case table.OpLoopUnevaluatedProperties:
		dst = text.Append(dst, "member ")
		dst = appendName(dst, tape, f.Arg)
		dst = text.Append(dst, " is not allowed")
	case table.OpLoopUnevaluatedItems:
		dst = text.Append(dst, "no further items are allowed")
	default:
		dst = text.Append(dst, "does not match the schema")
	}
	return dst
}

func kindName(n *json.Node) string {
	switch n.Kind() {
	case json.KindNull:
		return "null"
	case json.KindFalse, json.KindTrue:
		return "boolean"
	case json.KindNumber:
		return "number"
	case json.KindArray:
		return "array"
	case json.KindObject:
		return "object"
	}
	return "string"
}

var typeNames = [...]string{"null", "boolean", "object", "array", "number", "string", "integer"}

func appendTypes(dst []byte, mask uint8) []byte {
	first := true
	for i, name := range typeNames {
		if mask>>i&1 == 0 {
			continue
		}
		if !first {
			dst = text.Append(dst, " or ")
		}
		first = false
		dst = append(dst, name...)
	}
	return dst
}

func appendCut(dst, b []byte, most int) []byte {
	if len(b) <= most {
		return text.Bytes(dst, b)
	}
	for most > 0 && b[most]&0xc0 == 0x80 { // not within a character
		most--
	}
	return text.Append(text.Bytes(dst, b[:most]), "...")
}

func appendCompared(dst []byte, s *table.SchemaSections, in *table.Inst, tape *json.Tape, f Failure, than string) []byte {
	dst = appendCut(dst, tape.Text(f.Node), maxNumberText)
	dst = text.Append(dst, than)
	c := s.Consts[in.C]
	return appendCut(dst, s.Strings[c.Off:c.Off+c.Len], maxNumberText)
}

func appendCount(dst []byte, in *table.Inst, f Failure, found uint64, what string) []byte {
	plural := func(n uint64) {
		dst = text.Uint(dst, n)
		dst = text.Byte(dst, ' ')
		dst = text.Append(dst, what)
		if n != 1 {
			dst = text.Byte(dst, 's')
		}
	}
	dst = text.Append(dst, "has ")
	plural(found)
	if f.Detail == DetailMax {
		dst = text.Append(dst, ", wanted at most ")
		return text.Uint(dst, uint64(in.D))
	}
	dst = text.Append(dst, ", wanted at least ")
	return text.Uint(dst, uint64(in.C))
}

func elementIndex(tape *json.Tape, array, element uint32) uint64 {
	index := uint64(0)
	for i := array + 1; i < element && i < uint32(len(tape.Nodes)); i = tape.Next(i) {
		index++
	}
	return index
}

// appendEnum lists the values of a set, as many as there is room for.
func appendEnum(dst []byte, s *table.SchemaSections, at uint32) []byte {
	r := s.Enums[at:]
	entries := r[table.EnumSlots+uint32(1)<<r[table.EnumLog]:]
	start := len(dst)
	n := r[table.EnumStrings]
	dst = text.Append(dst, "wanted ")
	total := n + r[table.EnumValues]
	for k := uint32(json.KindNull); k <= json.KindTrue; k++ {
		total += r[table.EnumLiterals] >> k & 1
	}
	switch {
	case total == 0:
		return text.Append(dst[:start], "is not allowed, whatever the value")
	case total > 1:
		dst = text.Append(dst, "one of ")
	}
	first := len(dst)
	comma := func() bool {
		if len(dst)-start > maxEnumText {
			return false
		}
		if len(dst) != first {
			dst = text.Append(dst, ", ")
		}
		return true
	}
	for i := uint32(0); i < n; i++ {
		if !comma() {
			return text.Append(dst, ", ...")
		}
		off, size := entries[i*3+table.EnumEntryText], entries[i*3+table.EnumEntryText+1]&^table.EnumEntryMore
		dst = text.Byte(dst, '"')
		dst = text.Byte(appendCut(dst, s.Strings[off:off+size], maxNameText), '"')
	}
	for k := uint32(json.KindNull); k <= json.KindTrue; k++ {
		if r[table.EnumLiterals]>>k&1 == 0 {
			continue
		}
		if !comma() {
			return text.Append(dst, ", ...")
		}
		dst = text.Append(dst, [...]string{"null", "false", "true"}[k-json.KindNull])
	}
	for _, c := range entries[n*3:][:r[table.EnumValues]] {
		if !comma() {
			return text.Append(dst, ", ...")
		}
		x := s.Consts[c]
		switch x.Kind() {
		case json.KindNumber:
			dst = appendCut(dst, s.Strings[x.Off:x.Off+x.Len], maxNumberText)
		case json.KindArray:
			dst = text.Append(dst, "an array")
		default:
			dst = text.Append(dst, "an object")
		}
	}
	return dst
}

// appendProperties says what is wrong with an object's members.
func appendProperties(dst []byte, s *table.SchemaSections, in *table.Inst, f Failure, tape *json.Tape) []byte {
	start := len(dst)
	set := s.PropSets[in.C:]
	masks := (set[table.SetBits] + 31) / 32
	entries := set[table.SetSlots+uint32(1)<<set[table.SetLog]+masks:]
	name := func(i uint32) {
		e := entries[i*entryWords:]
		off, n := e[table.EntryName], e[table.EntryInfo]&0xffff
		dst = text.Byte(dst, '"')
		dst = text.Byte(appendCut(dst, s.Strings[off:off+n], maxNameText), '"')
	}
	switch f.Detail {
	case DetailRequired:
		if f.Arg < set[table.SetEntries] {
			dst = text.Append(dst, "required member ")
			name(f.Arg)
			return text.Append(dst, " is missing")
		}
	case DetailDependent:
		if f.Arg < set[table.SetDependents] {
			at := set[table.SetEntries]*entryWords + set[table.SetPatterns]*patternWords + f.Arg*(1+masks)
			d := entries[at : at+1+masks]
			dst = text.Append(dst, "member ")
			name(d[0])
			dst = text.Append(dst, " needs member ")
			sep := ""
			for i := uint32(0); i < set[table.SetBits] && len(dst)-start < 3*maxEnumText; i++ {
				e := entries[i*entryWords:]
				off, n := e[table.EntryName], e[table.EntryInfo]&0xffff
				if d[1+i/32]>>(i%32)&1 != 0 && tape.Member(f.Node, s.Strings[off:off+n]) == 0 {
					dst = text.Append(dst, sep)
					name(i)
					sep = " and "
				}
			}
			return dst
		}
	case DetailAdditional:
		dst = text.Append(dst, "member ")
		dst = appendName(dst, tape, f.Arg)
		return text.Append(dst, " is not allowed")
	}
	return text.Append(dst, "does not match the schema")
}

// appendName appends a member's name as it is written in the request.
func appendName(dst []byte, tape *json.Tape, node uint32) []byte {
	if node >= uint32(len(tape.Nodes)) || tape.Nodes[node].Kind() != json.KindName {
		return text.Append(dst, "here")
	}
	dst = text.Byte(dst, '"')
	return text.Byte(appendCut(dst, tape.Text(node), maxNameText), '"')
}
