package source

import (
	"fmt"
	"path"
	"strings"
	"unicode/utf8"
)

// maxDepth bounds nesting. The deepest of 4,000 real descriptions has 70.
const maxDepth = 1000

// manyMembers is the size from which an object gets an index.
const manyMembers = 16

// Error is one defect of a document. It stops the parse.
type Error struct {
	Path string
	Pos  Pos
	Msg  string // what was found and what was wanted
}

// Error is the one-line form: path:line:column: message.
func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.Path, e.Pos.Line, e.Pos.Col, e.Msg)
}

// Parse reads one document. path is its name in messages and, by its suffix,
// chooses the syntax: .json is JSON (RFC 8259), .yaml and .yml are YAML, others
// are JSON when they start with { or [. A YAML file that is JSON is read as
// JSON, which is faster. uri is the base of relative references.
//
// A leading byte order mark is skipped. Duplicate member names are errors.
// Every error is an *Error.
func Parse(path, uri string, data []byte) (*Document, error) {
	doc := &Document{URI: uri, Path: path}
	text := strings.TrimPrefix(string(data), "\ufeff")
	if pos, ok := findInvalidUTF8(text); ok {
		return nil, &Error{path, pos, "found a byte that is not UTF-8, wanted UTF-8 text"}
	}
	var err *Error
	switch guessSyntax(path, text) {
	case syntaxJSON:
		err = parseJSON(doc, text)
	case syntaxEither:
		// Flow-style YAML may also start with a brace: the JSON reader's word is
		// final only when it succeeds.
		if parseJSON(doc, text) != nil {
			err = parseYAML(doc, text)
		}
	default:
		err = parseYAML(doc, text)
	}
	if err != nil {
		return nil, err
	}
	return doc, nil
}

type syntax uint8

const (
	syntaxJSON syntax = iota + 1
	syntaxYAML
	syntaxEither
)

func guessSyntax(name, text string) syntax {
	trimmed := strings.TrimLeft(text, " \t\r\n")
	braced := trimmed != "" && (trimmed[0] == '{' || trimmed[0] == '[')
	switch ext := strings.ToLower(path.Ext(name)); {
	case ext == ".json":
		return syntaxJSON
	case braced && ext != ".yaml" && ext != ".yml":
		return syntaxJSON
	case braced:
		return syntaxEither
	}
	return syntaxYAML
}

func findInvalidUTF8(text string) (Pos, bool) {
	if utf8.ValidString(text) {
		return Pos{}, false
	}
	for i, r := range text {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(text[i:]); n == 1 {
				return posAt(text, i), true
			}
		}
	}
	return Pos{}, false
}

// posAt counts lines and columns up to a byte offset.
func posAt(text string, off int) Pos {
	before := text[:off]
	return Pos{
		Line: strings.Count(before, "\n") + 1,
		Col:  off - strings.LastIndexByte(before, '\n'),
	}
}

// arena allocates nodes in blocks: documents have up to millions.
type arena struct {
	nodes []Node
	items []*Node
	keys  []Key
}

const arenaBlock = 1024

func (a *arena) node() *Node {
	if len(a.nodes) == 0 {
		a.nodes = make([]Node, arenaBlock)
	}
	n := &a.nodes[0]
	a.nodes = a.nodes[1:]
	return n
}

// copyItems moves a run of the parser's stack into a slice of its own.
func (a *arena) copyItems(src []*Node) []*Node {
	if len(src) > arenaBlock/4 {
		return append([]*Node(nil), src...)
	}
	if len(a.items) < len(src) {
		a.items = make([]*Node, arenaBlock)
	}
	dst := a.items[:len(src):len(src)]
	a.items = a.items[len(src):]
	copy(dst, src)
	return dst
}

func (a *arena) copyKeys(src []Key) []Key {
	if len(src) > arenaBlock/4 {
		return append([]Key(nil), src...)
	}
	if len(a.keys) < len(src) {
		a.keys = make([]Key, arenaBlock)
	}
	dst := a.keys[:len(src):len(src)]
	a.keys = a.keys[len(src):]
	copy(dst, src)
	return dst
}

// findDuplicate checks that names are unique. It returns the index of the
// second of two equal names and of the first, or ok. Large objects get their
// index on the way.
func (n *Node) findDuplicate() (second, first int, found bool) {
	if len(n.Keys) < manyMembers {
		for i := 1; i < len(n.Keys); i++ {
			for j := 0; j < i; j++ {
				if n.Keys[i].Name == n.Keys[j].Name {
					return i, j, true
				}
			}
		}
		return 0, 0, false
	}
	n.index = make(map[string]int32, len(n.Keys))
	for i := range n.Keys {
		if j, ok := n.index[n.Keys[i].Name]; ok {
			return i, int(j), true
		}
		n.index[n.Keys[i].Name] = int32(i)
	}
	return 0, 0, false
}

func duplicateError(path string, name string, second, first Pos) *Error {
	return &Error{path, second, fmt.Sprintf("found the name %q again, wanted it once: the first is at line %d column %d",
		name, first.Line, first.Col)}
}
