package table

import "portcullis/filter/le"

// Err is a defect that Open found. The zero value is "none".
type Err uint8

// The defects.
const (
	ErrNone Err = iota
	ErrTooSmall
	ErrMagic
	ErrVersion
	ErrFeature
	ErrLength
	ErrChecksum
	ErrDirectory
	ErrSection  // a required section this reader does not know
	ErrRecord   // a section's length is no multiple of its record size
	ErrString   // a string outside the pool
	ErrRange    // an index or range outside its section
	ErrEnum     // a value outside its enumeration
	ErrReserved // a reserved word that is not zero
	ErrOrder    // records not in the order look-ups rely on, or a loop
	ErrSchema   // a schema program that could leave its bounds
	numErrs
)

var errTexts = [numErrs]string{
	"no error",
	"table is shorter than its header",
	"not a Portcullis table (bad magic number)",
	"table has another format version; rebuild it with the schemagen of this release",
	"table needs a feature that this module does not have; use a newer module",
	"table is truncated or has bytes after its end",
	"table is damaged (checksum does not match)",
	"table's section directory is malformed",
	"table has a section that this module does not know; use a newer module",
	"table section has a partial record",
	"table string lies outside the string pool",
	"table index lies outside its section",
	"table value lies outside its enumeration",
	"table reserved word is not zero",
	"table records are out of order",
	"table schema program is malformed",
}

// String says what is wrong, for a log line.
func (e Err) String() string {
	if e >= numErrs {
		return "unknown table error"
	}
	return errTexts[e]
}

// Open verifies b and returns views of it. It keeps b, which must not change
// afterwards, and copies it only when it is not aligned to four bytes. off is
// the byte offset in b near which the defect is, for messages.
//
// Every check is stricter than a reader needs: what schemagen does not write
// is refused.
func Open(b []byte) (t *Table, err Err, off uint32) {
	v := verifier{}
	t = v.open(b)
	if v.err != ErrNone {
		return nil, v.err, v.off
	}
	return t, ErrNone, 0
}

// verifier collects the first defect. All failures pass through fail.
type verifier struct {
	err Err
	off uint32
	t   *Table
	sec [secEnd][]uint32 // record sections
}

func (v *verifier) fail(e Err, off uint32) bool {
	if v.err == ErrNone {
		v.err, v.off = e, off
	}
	return false
}

func (v *verifier) open(b []byte) *Table {
	if len(b) < HeaderSize {
		v.fail(ErrTooSmall, 0)
		return nil
	}
	b = aligned(b)
	switch {
	case le.U32(b, offMagic) != Magic:
		v.fail(ErrMagic, offMagic)
	case le.U32(b, offVersion) != Version:
		v.fail(ErrVersion, offVersion)
	case le.U32(b, offRequired) != 0:
		v.fail(ErrFeature, offRequired)
	case len(b) > MaxSize || uint64(le.U32(b, offLength)) != uint64(len(b)) || len(b)%4 != 0:
		v.fail(ErrLength, offLength)
	case le.U64(b, offChecksum) != Checksum(b[HeaderSize:]):
		v.fail(ErrChecksum, offChecksum)
	}
	if v.err != ErrNone {
		return nil
	}
	v.t = &Table{raw: b}
	if !v.directory(b) {
		return nil
	}
	for i := range layouts {
		if !v.records(&layouts[i]) {
			return nil
		}
	}
	if e, at := v.t.Schema.verify(v.t.strs); e != ErrNone {
		v.fail(e, at)
		return nil
	}
	if !v.entries() || !v.exprs() || !v.trie() || !v.hosts() {
		return nil
	}
	return v.t
}

// directory places the sections: ascending ids, in the order of the directory,
// without gaps or overlaps, so that no byte of the table is unaccounted for.
func (v *verifier) directory(b []byte) bool {
	n := le.U32(b, offSections)
	if n > 64 || HeaderSize+n*DirectorySize > uint32(len(b)) {
		return v.fail(ErrDirectory, offSections)
	}
	next := HeaderSize + n*DirectorySize
	last := uint32(0)
	for i := uint32(0); i < n; i++ {
		at := HeaderSize + i*DirectorySize
		id, off, size, flags := le.U32(b, at), le.U32(b, at+4), le.U32(b, at+8), le.U32(b, at+12)
		if id <= last || flags > FlagOptional || off != next || size > uint32(len(b))-off {
			return v.fail(ErrDirectory, at)
		}
		last = id
		next = off + (size+3)&^3
		if next > uint32(len(b)) {
			return v.fail(ErrDirectory, at)
		}
		for _, c := range b[off+size : next] {
			if c != 0 {
				return v.fail(ErrReserved, off+size)
			}
		}
		data := b[off : off+size : off+size]
		switch {
		case id == uint32(SecStrings):
			v.t.strs = data
		case id < uint32(schemasStart) || id >= schemasEnd && id < uint32(secEnd):
			if size%4 != 0 {
				return v.fail(ErrRecord, off)
			}
			v.sec[id] = words(data)
		case v.t.Schema.place(id, data):
		case flags&FlagOptional != 0:
		default:
			return v.fail(ErrSection, at)
		}
	}
	if next != uint32(len(b)) {
		return v.fail(ErrDirectory, next)
	}
	v.t.place(&v.sec)
	return true
}

// records checks one section against its layout.
func (v *verifier) records(l *layout) bool {
	w := v.sec[l.sec]
	if uint32(len(w))%l.words != 0 {
		return v.fail(ErrRecord, v.at(l.sec, 0))
	}
	for r := uint32(0); r < uint32(len(w)); r += l.words {
		for i := range l.fields {
			f := &l.fields[i]
			x := w[r+f.word]
			ok, e := true, ErrNone
			switch f.kind {
			case fieldString:
				ok, e = inRange(x, w[r+f.word+1], uint32(len(v.t.strs))), ErrString
			case fieldRange:
				ok, e = inRange(x, w[r+f.word+1], v.count(f.to)), ErrRange
			case fieldIndex:
				ok, e = x < v.count(f.to), ErrRange
			case fieldIndexOrNone:
				ok, e = x == NoIndex || x < v.count(f.to), ErrRange
			case fieldEnum:
				x = x >> f.shift & f.mask
				ok, e = x >= f.min && x <= f.max, ErrEnum
			case fieldZero:
				ok, e = x>>f.shift == 0, ErrReserved
			}
			if !ok {
				return v.fail(e, v.at(l.sec, r+f.word))
			}
		}
	}
	return true
}

// at is the byte offset of a word of a section, for messages.
func (v *verifier) at(s Section, word uint32) uint32 {
	n := le.U32(v.t.raw, offSections)
	for i := uint32(0); i < n; i++ {
		d := HeaderSize + i*DirectorySize
		if le.U32(v.t.raw, d) == uint32(s) {
			return le.U32(v.t.raw, d+4) + word*4
		}
	}
	return 0
}

// count is the number of records of a section.
func (v *verifier) count(s Section) uint32 {
	for i := range layouts {
		if layouts[i].sec == s {
			return uint32(len(v.sec[s])) / layouts[i].words
		}
	}
	return 0
}

// inRange reports whether [start, start+n) lies in [0, size), without overflow.
func inRange(start, n, size uint32) bool { return n <= size && start <= size-n }

// entries checks what points into schemas and what layouts can't say.
func (v *verifier) entries() bool {
	t := v.t
	for i := uint32(0); i < uint32(len(t.params)); i += wordsParam {
		if e := t.params[i+ParamEntry]; e != NoIndex && !t.Schema.ValidEntry(e) {
			return v.fail(ErrSchema, v.at(SecParams, i+ParamEntry))
		}
	}
	for i := uint32(0); i < uint32(len(t.media)); i += wordsMedia {
		if e := t.media[i+MediaEntry]; e != NoIndex && !t.Schema.ValidEntry(e) {
			return v.fail(ErrSchema, v.at(SecMedia, i+MediaEntry))
		}
	}
	for i := uint32(0); i < uint32(len(t.shapes)); i += wordsShape {
		if !v.shape(t.shapes[i : i+wordsShape]) {
			return false
		}
	}
	for i := uint32(0); i < uint32(len(t.props)); i += wordsProp {
		if t.props[i+PropHash] != HashSegment(t.str(t.props[i:], PropName)) {
			return v.fail(ErrOrder, v.at(SecProps, i))
		}
	}
	// Index lists hold indexes into the section that their user names.
	for i := uint32(0); i < uint32(len(t.ops)); i += wordsOp {
		s, n := t.ops[i+OpLimits], t.ops[i+OpLimits+1]
		for _, x := range t.indexes[s : s+n] {
			if x >= v.count(SecLimits) {
				return v.fail(ErrRange, v.at(SecIndexes, s))
			}
		}
		if f := t.ops[i+OpForward]; f != NoIndex && t.ForwardKind(f) != ForwardRule {
			return v.fail(ErrEnum, v.at(SecOps, i+OpForward))
		}
		if !t.oneService(t.indexes[s : s+n]) {
			return v.fail(ErrEnum, v.at(SecIndexes, s))
		}
		captures := t.ops[i+OpCaptures]
		p, np := t.ops[i+OpParams], t.ops[i+OpParams+1]
		for j := p; j < p+np; j++ {
			c := t.params[j*wordsParam+ParamCapture]
			if c != NoIndex && c >= captures {
				return v.fail(ErrRange, v.at(SecParams, j*wordsParam+ParamCapture))
			}
		}
	}
	for i := uint32(0); i < uint32(len(t.schemes)); i += wordsScheme {
		s, n := t.schemes[i+SchemeProviders], t.schemes[i+SchemeProviders+1]
		list := SecProviders
		if t.schemes[i+SchemeHow]&0xff != SchemeBearer {
			list = SecConsumers
		}
		for j, x := range t.indexes[s : s+n] {
			if x >= v.count(list) {
				return v.fail(ErrRange, v.at(SecIndexes, s))
			}
			if list == SecConsumers && j > 0 && x <= t.indexes[s+uint32(j)-1] {
				return v.fail(ErrOrder, v.at(SecIndexes, s))
			}
		}
	}
	if bad, sec, at := t.checkConsumers(); bad != ErrNone {
		return v.fail(bad, v.at(sec, at))
	}
	for i := range v.count(SecProviders) {
		if bad, at := t.checkRemote(i); bad != ErrNone {
			return v.fail(bad, v.at(SecProviders, i*wordsProvider+at))
		}
		if bad, at := t.checkBinding(i); bad != ErrNone {
			return v.fail(bad, v.at(SecProviders, i*wordsProvider+at))
		}
		if bad, at := t.checkAsked(i); bad != ErrNone {
			return v.fail(bad, v.at(SecProviders, i*wordsProvider+at))
		}
	}
	for i := range v.count(SecIntrospections) {
		if bad, at := t.checkIntrospection(i); bad != ErrNone {
			return v.fail(bad, v.at(SecIntrospections, i*wordsIntrospection+at))
		}
	}
	for i := range v.count(SecServices) {
		if bad, at := t.checkService(i); bad != ErrNone {
			return v.fail(bad, v.at(SecServices, i*wordsService+at))
		}
	}
	for i := range v.count(SecLimits) {
		if bad, at := t.checkLimit(i); bad != ErrNone {
			return v.fail(bad, v.at(SecLimits, i*wordsLimit+at))
		}
	}
	for i := range v.count(SecForwards) {
		if bad, at := t.checkForward(i); bad != ErrNone {
			return v.fail(bad, v.at(SecForwards, i*wordsForward+at))
		}
	}
	for i := range v.count(SecInspections) {
		if bad, at := t.checkInspection(i); bad != ErrNone {
			return v.fail(bad, v.at(SecInspections, i*wordsInspection+at))
		}
	}
	for i := range v.count(SecOps) {
		if bad := t.checkInspected(t.Op(i)); bad != ErrNone {
			return v.fail(bad, v.at(SecOps, i*wordsOp+OpInspection))
		}
	}
	if !t.extrasSorted() {
		return v.fail(ErrOrder, v.at(SecExtras, 0))
	}
	if !t.deniedSorted() {
		return v.fail(ErrOrder, v.at(SecDenied, 0))
	}
	if !t.limitsSorted() {
		return v.fail(ErrOrder, v.at(SecLimits, 0))
	}
	return true
}

// shape checks the lists of one shape: members sorted by hash, prefixes that
// are shapes.
func (v *verifier) shape(w []uint32) bool {
	t := v.t
	for j := w[ShapeProps] + 1; j < w[ShapeProps]+w[ShapeProps+1]; j++ {
		if t.props[(j-1)*wordsProp+PropHash] > t.props[j*wordsProp+PropHash] {
			return v.fail(ErrOrder, v.at(SecProps, j*wordsProp))
		}
	}
	for _, x := range t.indexes[w[ShapePrefix] : w[ShapePrefix]+w[ShapePrefix+1]] {
		if x >= v.count(SecShapes) {
			return v.fail(ErrRange, v.at(SecIndexes, w[ShapePrefix]))
		}
	}
	return true
}

// trie checks that children come after their parents, that literal edges are
// sorted, that no template has two expressions side by side, and that an
// operation's captures are what its path can give.
func (v *verifier) trie() bool {
	t := v.t
	n := v.count(SecNodes)
	for i := uint32(0); i < n; i++ {
		w := t.nodes[i*wordsNode : (i+1)*wordsNode]
		for j := w[NodeLiterals]; j < w[NodeLiterals]+w[NodeLiterals+1]; j++ {
			e := t.literals[j*wordsLiteral : (j+1)*wordsLiteral]
			if e[LiteralChild] <= i || e[LiteralHash] != HashSegment(t.str(e, LiteralText)) {
				return v.fail(ErrOrder, v.at(SecLiterals, j*wordsLiteral))
			}
			if j > w[NodeLiterals] && t.literals[(j-1)*wordsLiteral+LiteralHash] > e[LiteralHash] {
				return v.fail(ErrOrder, v.at(SecLiterals, j*wordsLiteral))
			}
		}
		for j := w[NodeTemplates]; j < w[NodeTemplates]+w[NodeTemplates+1]; j++ {
			e := t.templates[j*wordsTemplate : (j+1)*wordsTemplate]
			if e[TemplateChild] <= i {
				return v.fail(ErrOrder, v.at(SecTemplates, j*wordsTemplate))
			}
			expr := false
			for k := e[TemplateParts]; k < e[TemplateParts]+e[TemplateParts+1]; k++ {
				isExpr := t.parts[k*wordsPart+PartKind] == PartExpr
				if isExpr && expr {
					return v.fail(ErrOrder, v.at(SecParts, k*wordsPart))
				}
				expr = isExpr
			}
		}
	}
	return true
}

// hosts checks the order that the host look-up relies on.
func (v *verifier) hosts() bool {
	t := v.t
	for i := uint32(wordsHost); i < uint32(len(t.hosts)); i += wordsHost {
		a, b := t.hosts[i-wordsHost:i], t.hosts[i:i+wordsHost]
		ok := a[HostKind] < b[HostKind]
		if a[HostKind] == b[HostKind] {
			switch a[HostKind] {
			case HostExact:
				ok = compare(t.str(a, HostName), t.str(b, HostName)) <= 0
			case HostWildcard:
				ok = a[HostName+1] >= b[HostName+1]
			default:
				ok = true
			}
		}
		if !ok {
			return v.fail(ErrOrder, v.at(SecHosts, i))
		}
	}
	return true
}

func compare(a, b []byte) int {
	n := min(len(a), len(b))
	for i := 0; i < n; i++ {
		if a[i] != b[i] {
			return int(a[i]) - int(b[i])
		}
	}
	return len(a) - len(b)
}
