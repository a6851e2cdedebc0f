package source

import (
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// aliasBase and aliasFactor bound the nodes that aliases and merge keys may
// add: a kilobyte of nested aliases can otherwise stand for billions of nodes.
const (
	aliasBase   = 100_000
	aliasFactor = 10
)

// yamlReader turns yaml.Node trees into Nodes.
type yamlReader struct {
	doc       *Document
	text      string
	lineStart []int // offset of each line; made when first asked for
	last      lastPos
	arena     arena
	budget    int                 // nodes that aliases may still add
	copying   int                 // depth of alias expansion
	open      map[*yaml.Node]bool // anchors being expanded, to find cycles
}

func parseYAML(doc *Document, text string) (err *Error) {
	// The library panics on some malformed input that its own recovery misses.
	defer func() {
		if p := recover(); p != nil {
			err = &Error{doc.Path, Pos{1, 1}, fmt.Sprintf("found YAML that can't be read (%v), wanted YAML 1.2", p)}
		}
	}()
	text = withoutVersion(text)
	dec := yaml.NewDecoder(strings.NewReader(text))
	var root, next yaml.Node
	if e := dec.Decode(&root); e == io.EOF {
		return &Error{doc.Path, Pos{1, 1}, "found an empty document, wanted a value"}
	} else if e != nil {
		return libraryError(doc.Path, e)
	}
	if e := dec.Decode(&next); e == nil {
		return &Error{doc.Path, Pos{next.Line, next.Column}, "found a second YAML document, wanted one in a file"}
	} else if e != io.EOF {
		return libraryError(doc.Path, e)
	}
	r := &yamlReader{doc: doc, text: text, open: map[*yaml.Node]bool{}}
	r.budget = aliasBase + aliasFactor*countNodes(&root)
	doc.Root, err = r.value(root.Content[0], nil, "", 0)
	return err
}

var yamlVersion = regexp.MustCompile(`^(?:[ \t]*(?:#.*)?\r?\n)*%YAML[ \t]+1\.2[ \t]*(?:[ \t]#.*)?\r?\n`)

// withoutVersion makes the directive %YAML 1.2 a comment: the library refuses
// what it says, and reads what it means.
func withoutVersion(text string) string {
	m := yamlVersion.FindString(text)
	if m == "" {
		return text
	}
	at := strings.LastIndexByte(m, '%')
	return text[:at] + "#" + text[at+1:]
}

func countNodes(y *yaml.Node) int {
	n := 1
	for _, c := range y.Content {
		n += countNodes(c)
	}
	return n
}

var (
	yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)
	// Of these messages the library counts lines from 0.
	yamlFromZero = regexp.MustCompile(`^did not find expected (?:<document start>|node content|key|'-' indicator|',' or .*)$`)
)

// libraryError gives the YAML library's message our shape. Its messages say
// what was found only.
func libraryError(path string, e error) *Error {
	msg := e.Error()
	line := 1
	if m := yamlLine.FindStringSubmatch(msg); m != nil {
		msg = msg[len(m[0]):]
		if n, err := strconv.Atoi(m[1]); err == nil {
			line = n
			if yamlFromZero.MatchString(msg) {
				line++
			}
		}
	}
	return &Error{path, Pos{line, 1}, strings.ReplaceAll(msg, "\n", " ") + ", wanted YAML 1.2"}
}

func (r *yamlReader) value(y *yaml.Node, parent *Node, name string, depth int) (*Node, *Error) {
	if depth > maxDepth {
		return nil, r.errorAt(y, "found nesting deeper than %d, wanted less", maxDepth)
	}
	if y.Kind == yaml.AliasNode {
		return r.alias(y, parent, name, depth)
	}
	if r.copying > 0 {
		if r.budget--; r.budget < 0 {
			return nil, r.errorAt(y, "found aliases that expand to more than %d values, wanted fewer", aliasBase)
		}
	}
	if err := r.checkAnchor(y); err != nil {
		return nil, err
	}
	n := r.arena.node()
	n.Pos, n.Parent, n.Name, n.Doc = r.pos(y), parent, name, r.doc
	var err *Error
	switch y.Kind {
	case yaml.ScalarNode:
		err = r.scalar(n, y)
	case yaml.SequenceNode:
		n.Kind = Array
		if err = r.checkTag(y, "!!seq"); err != nil {
			break
		}
		n.Items = make([]*Node, 0, len(y.Content))
		for i, c := range y.Content {
			item, e := r.value(c, n, strconv.Itoa(i), depth+1)
			if e != nil {
				return nil, e
			}
			n.Items = append(n.Items, item)
		}
	case yaml.MappingNode:
		n.Kind = Object
		if err = r.checkTag(y, "!!map"); err == nil {
			err = r.mapping(n, y, depth)
		}
	default:
		err = r.errorAt(y, "found an unknown kind of YAML node, wanted a value")
	}
	if err != nil {
		return nil, err
	}
	return n, nil
}

// alias copies the anchored value, so that every Node has one parent.
func (r *yamlReader) alias(y *yaml.Node, parent *Node, name string, depth int) (*Node, *Error) {
	if r.open[y.Alias] {
		return nil, r.errorAt(y, "found the alias *%s inside its own anchor, wanted no cycle", y.Value)
	}
	r.open[y.Alias] = true
	r.copying++
	n, err := r.value(y.Alias, parent, name, depth)
	r.copying--
	delete(r.open, y.Alias)
	return n, err
}

func (r *yamlReader) mapping(n *Node, y *yaml.Node, depth int) *Error {
	// Anchors that enclose an alias are open too, or a cycle would only end at
	// the depth limit.
	if y.Anchor != "" && !r.open[y] {
		r.open[y] = true
		defer delete(r.open, y)
	}
	var merges []*yaml.Node
	for i := 0; i+1 < len(y.Content); i += 2 {
		k, v := y.Content[i], y.Content[i+1]
		if isMergeKey(k) {
			merges = append(merges, v)
			continue
		}
		for k.Kind == yaml.AliasNode {
			k = k.Alias
		}
		if k.Kind != yaml.ScalarNode {
			return r.errorAt(k, "found a mapping or sequence as a name, wanted a scalar")
		}
		if err := r.checkMark(k); err != nil {
			return err
		}
		if err := r.checkAnchor(k); err != nil {
			return err
		}
		pos := r.pos(k) // before the value's: places are found faster in order
		item, err := r.value(v, n, k.Value, depth+1)
		if err != nil {
			return err
		}
		n.Keys = append(n.Keys, Key{k.Value, pos})
		n.Items = append(n.Items, item)
	}
	if second, first, found := n.findDuplicate(); found {
		return duplicateError(r.doc.Path, n.Keys[second].Name, n.Keys[second].Pos, n.Keys[first].Pos)
	}
	for _, m := range merges {
		if err := r.merge(n, m, depth, 0); err != nil {
			return err
		}
	}
	return nil
}

func isMergeKey(k *yaml.Node) bool {
	return k.Kind == yaml.ScalarNode && k.Value == "<<" && k.Style == 0
}

// merge adds the members of the mapping src that n does not have
// (https://yaml.org/type/merge.html): n's own names win, then earlier sources.
func (r *yamlReader) merge(n *Node, src *yaml.Node, depth, hops int) *Error {
	if hops > maxDepth {
		return r.errorAt(src, "found merge keys nested deeper than %d, wanted less", maxDepth)
	}
	switch src.Kind {
	case yaml.AliasNode:
		if r.open[src.Alias] {
			return r.errorAt(src, "found the alias *%s inside its own anchor, wanted no cycle", src.Value)
		}
		r.open[src.Alias] = true
		defer delete(r.open, src.Alias)
		return r.merge(n, src.Alias, depth, hops+1)
	case yaml.SequenceNode:
		for _, c := range src.Content {
			if err := r.merge(n, c, depth, hops+1); err != nil {
				return err
			}
		}
		return nil
	case yaml.MappingNode:
		r.copying++
		tmp, err := r.value(src, n.Parent, n.Name, depth)
		r.copying--
		if err != nil {
			return err
		}
		for i, key := range tmp.Keys {
			if n.Get(key.Name) == nil {
				tmp.Items[i].Parent = n
				n.Keys, n.Items = append(n.Keys, key), append(n.Items, tmp.Items[i])
				switch {
				case n.index != nil:
					n.index[key.Name] = int32(len(n.Items) - 1)
				case len(n.Items) >= manyMembers:
					n.findDuplicate() // for the index: no name is there twice
				}
			}
		}
		return nil
	}
	return r.errorAt(src, "found a merge key with a scalar, wanted a mapping, an alias of one, or a sequence of them")
}

// scalar resolves a scalar by the core schema of YAML 1.2 section 10.3.2:
// yes, no, dates and 1_000 are strings, 012 is twelve.
func (r *yamlReader) scalar(n *Node, y *yaml.Node) *Error {
	if y.Style&yaml.TaggedStyle != 0 {
		return r.tagged(n, y)
	}
	const quoted = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	if y.Style&quoted != 0 {
		n.Kind, n.Text = String, y.Value
		return nil
	}
	return r.plain(n, y)
}

func (r *yamlReader) plain(n *Node, y *yaml.Node) *Error {
	switch v := y.Value; v {
	case "", "~", "null", "Null", "NULL":
		n.Kind = Null
	case "true", "True", "TRUE":
		n.Kind, n.Bool = Bool, true
	case "false", "False", "FALSE":
		n.Kind = Bool
	default:
		text, ok := coreNumber(v)
		switch {
		case ok:
			n.Kind, n.Text = Number, text
		case isInfOrNaN(v):
			return r.errorAt(y, "found %s, wanted a number that JSON has", v)
		default:
			n.Kind, n.Text = String, v
		}
	}
	return nil
}

// tagged honours the explicit tags of the core schema and refuses others: what
// an application tag means is not ours to guess.
func (r *yamlReader) tagged(n *Node, y *yaml.Node) *Error {
	switch y.ShortTag() {
	case "!!str", "!!timestamp", "!!binary":
		n.Kind, n.Text = String, y.Value
		return nil
	case "!!null", "!!bool", "!!int", "!!float":
		if err := r.plain(n, y); err != nil {
			return err
		}
		want := map[string]Kind{"!!null": Null, "!!bool": Bool, "!!int": Number, "!!float": Number}[y.ShortTag()]
		if n.Kind != want {
			return r.errorAt(y, "found %q with the tag %s, wanted %s", y.Value, y.ShortTag(), want)
		}
		return nil
	}
	return r.errorAt(y, "found the tag %s, wanted none or one of YAML's core schema", y.Tag)
}

func (r *yamlReader) checkTag(y *yaml.Node, want string) *Error {
	if y.Style&yaml.TaggedStyle != 0 && y.ShortTag() != want {
		return r.errorAt(y, "found the tag %s, wanted none or one of YAML's core schema", y.Tag)
	}
	return nil
}

// checkMark finds a plain name with a question mark right before it, as in
// {?a: b}: it belongs to the name (YAML 1.2.2 section 7.3.3), and the library
// drops it.
func (r *yamlReader) checkMark(k *yaml.Node) *Error {
	if off := r.offset(k); k.Style == 0 && off > 0 && off <= len(r.text) && r.text[off-1] == '?' {
		return r.errorAt(k, "found a question mark right before the name %q, wanted quotes around both", k.Value)
	}
	return nil
}

// checkAnchor finds an anchor that goes on where the library ends it: its name
// may hold more than letters and digits (section 6.9.2).
func (r *yamlReader) checkAnchor(y *yaml.Node) *Error {
	if y.Anchor == "" {
		return nil
	}
	off := r.offset(y)
	if rest, ok := strings.CutPrefix(r.text[min(off, len(r.text)):], "&"+y.Anchor); ok && rest != "" && !strings.ContainsRune(" \t\r\n,[]{}", rune(rest[0])) {
		return r.errorAt(y, "found an anchor with the character %q, wanted letters, digits, - and _", rest[0])
	}
	return nil
}

// offset is where y stands in the text.
func (r *yamlReader) offset(y *yaml.Node) int {
	p := r.pos(y)
	if p.Line > len(r.lineStart) {
		return len(r.text)
	}
	return r.lineStart[p.Line-1] + p.Col - 1
}

func (r *yamlReader) errorAt(y *yaml.Node, format string, args ...any) *Error {
	return &Error{r.doc.Path, r.pos(y), fmt.Sprintf(format, args...)}
}

// lastPos remembers the place asked for last, so that a document in one long
// line does not cost the square of its length.
type lastPos struct {
	line, col int // as the library counts
	off       int // bytes from the start of the line
}

// pos turns the library's column, which counts characters, into bytes.
func (r *yamlReader) pos(y *yaml.Node) Pos {
	if r.lineStart == nil {
		r.lineStart = []int{0}
		for i := 0; i < len(r.text); i++ {
			if r.text[i] == '\n' {
				r.lineStart = append(r.lineStart, i+1)
			}
		}
	}
	if y.Line < 1 || y.Line > len(r.lineStart) {
		return Pos{max(y.Line, 1), max(y.Column, 1)}
	}
	line := r.text[r.lineStart[y.Line-1]:]
	col, off := 1, 0
	if r.last.line == y.Line && r.last.col <= y.Column {
		col, off = r.last.col, r.last.off
	}
	for ; col < y.Column && off < len(line) && line[off] != '\n'; col++ {
		_, size := utf8.DecodeRuneInString(line[off:])
		off += size
	}
	r.last = lastPos{y.Line, y.Column, off}
	return Pos{y.Line, off + 1}
}
