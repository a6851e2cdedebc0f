package source

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// jsonReader is a strict RFC 8259 reader. Strings without escapes share the
// document's memory.
type jsonReader struct {
	doc       *Document
	text      string
	off       int
	line      int
	lineStart int // offset of the first byte of the line
	arena     arena
	items     []*Node // stack of members of the open containers
	keys      []Key
}

func parseJSON(doc *Document, text string) *Error {
	r := &jsonReader{doc: doc, text: text, line: 1}
	r.skipSpace()
	root, err := r.value(nil, "", 0)
	if err != nil {
		return err
	}
	r.skipSpace()
	if r.off < len(r.text) {
		return r.errorf("found %s after the value, wanted the end of the document", r.found())
	}
	doc.Root = root
	return nil
}

func (r *jsonReader) value(parent *Node, name string, depth int) (*Node, *Error) {
	if depth > maxDepth {
		return nil, r.errorf("found nesting deeper than %d, wanted less", maxDepth)
	}
	if r.off == len(r.text) {
		return nil, r.errorf("found the end of the document, wanted a JSON value")
	}
	n := r.arena.node()
	n.Pos, n.Parent, n.Name, n.Doc = r.pos(), parent, name, r.doc
	var err *Error
	switch c := r.text[r.off]; {
	case c == '{':
		n.Kind = Object
		err = r.object(n, depth)
	case c == '[':
		n.Kind = Array
		err = r.array(n, depth)
	case c == '"':
		n.Kind = String
		n.Text, err = r.str()
	case c == '-' || isDigit(c):
		n.Kind = Number
		n.Text, err = r.number()
	case r.literal("true"):
		n.Kind, n.Bool = Bool, true
	case r.literal("false"):
		n.Kind = Bool
	case r.literal("null"):
		n.Kind = Null
	default:
		err = r.errorf("found %s, wanted a JSON value", r.found())
	}
	if err != nil {
		return nil, err
	}
	return n, nil
}

func (r *jsonReader) object(n *Node, depth int) *Error {
	r.off++
	itemBase, keyBase := len(r.items), len(r.keys)
	r.skipSpace()
	for first := true; !r.consume('}'); first = false {
		if !first {
			if !r.consume(',') {
				return r.errorf("found %s, wanted a comma or a closing brace", r.found())
			}
			r.skipSpace()
		}
		if r.off == len(r.text) || r.text[r.off] != '"' {
			return r.errorf("found %s, wanted a member name in double quotes", r.found())
		}
		key := Key{Pos: r.pos()}
		var err *Error
		if key.Name, err = r.str(); err != nil {
			return err
		}
		r.skipSpace()
		if !r.consume(':') {
			return r.errorf("found %s, wanted a colon", r.found())
		}
		r.skipSpace()
		item, err := r.value(n, key.Name, depth+1)
		if err != nil {
			return err
		}
		r.items, r.keys = append(r.items, item), append(r.keys, key)
		r.skipSpace()
	}
	n.Items, n.Keys = r.arena.copyItems(r.items[itemBase:]), r.arena.copyKeys(r.keys[keyBase:])
	r.items, r.keys = r.items[:itemBase], r.keys[:keyBase]
	if second, first, found := n.findDuplicate(); found {
		return duplicateError(r.doc.Path, n.Keys[second].Name, n.Keys[second].Pos, n.Keys[first].Pos)
	}
	return nil
}

func (r *jsonReader) array(n *Node, depth int) *Error {
	r.off++
	base := len(r.items)
	r.skipSpace()
	for first := true; !r.consume(']'); first = false {
		if !first {
			if !r.consume(',') {
				return r.errorf("found %s, wanted a comma or a closing bracket", r.found())
			}
			r.skipSpace()
		}
		item, err := r.value(n, strconv.Itoa(len(r.items)-base), depth+1)
		if err != nil {
			return err
		}
		r.items = append(r.items, item)
		r.skipSpace()
	}
	n.Items = r.arena.copyItems(r.items[base:])
	r.items = r.items[:base]
	return nil
}

// str reads a string. r is at its opening quote.
func (r *jsonReader) str() (string, *Error) {
	r.off++
	start := r.off
	for r.off < len(r.text) {
		switch c := r.text[r.off]; {
		case c == '"':
			s := r.text[start:r.off]
			r.off++
			return s, nil
		case c == '\\':
			return r.escapedStr(start)
		case c < 0x20:
			return "", r.errorf("found the control character %#02x in a string, wanted its escape", c)
		}
		r.off++
	}
	return "", r.errorf("found the end of the document in a string, wanted a closing quote")
}

func (r *jsonReader) escapedStr(start int) (string, *Error) {
	var b strings.Builder
	b.WriteString(r.text[start:r.off])
	for r.off < len(r.text) {
		switch c := r.text[r.off]; {
		case c == '"':
			r.off++
			return b.String(), nil
		case c == '\\':
			if err := r.escape(&b); err != nil {
				return "", err
			}
			continue
		case c < 0x20:
			return "", r.errorf("found the control character %#02x in a string, wanted its escape", c)
		default:
			b.WriteByte(c)
		}
		r.off++
	}
	return "", r.errorf("found the end of the document in a string, wanted a closing quote")
}

func (r *jsonReader) escape(b *strings.Builder) *Error {
	if r.off+1 < len(r.text) {
		if i := strings.IndexByte(`"\/bfnrt`, r.text[r.off+1]); i >= 0 {
			b.WriteByte("\"\\/\b\f\n\r\t"[i])
			r.off += 2
			return nil
		}
	}
	u, ok := r.unicodeEscape(r.off)
	if !ok {
		return r.errorf("found an escape that JSON does not have, wanted one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX")
	}
	if utf16.IsSurrogate(u) {
		low, ok := r.unicodeEscape(r.off + 6)
		if u = utf16.DecodeRune(u, low); !ok || u == utf8.RuneError {
			return r.errorf("found half of a surrogate pair, wanted both halves")
		}
		r.off += 6
	}
	r.off += 6
	b.WriteRune(u)
	return nil
}

// unicodeEscape reads \uXXXX at off.
func (r *jsonReader) unicodeEscape(off int) (rune, bool) {
	if off+6 > len(r.text) || r.text[off] != '\\' || r.text[off+1] != 'u' {
		return 0, false
	}
	var u rune
	for _, c := range []byte(r.text[off+2 : off+6]) {
		switch {
		case isDigit(c):
			u = u<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			u = u<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return u, true
}

func (r *jsonReader) number() (string, *Error) {
	start := r.off
	r.consume('-')
	if r.consume('0') {
		if r.off < len(r.text) && isDigit(r.text[r.off]) {
			return "", r.errorf("found a number with a leading zero, wanted none")
		}
	} else if !r.digits() {
		return "", r.errorf("found %s in a number, wanted a digit", r.found())
	}
	if r.consume('.') && !r.digits() {
		return "", r.errorf("found %s in a number, wanted a digit", r.found())
	}
	if r.consume('e') || r.consume('E') {
		if !r.consume('+') {
			r.consume('-')
		}
		if !r.digits() {
			return "", r.errorf("found %s in a number, wanted a digit", r.found())
		}
	}
	return r.text[start:r.off], nil
}

func (r *jsonReader) digits() bool {
	start := r.off
	for r.off < len(r.text) && isDigit(r.text[r.off]) {
		r.off++
	}
	return r.off > start
}

func (r *jsonReader) literal(word string) bool {
	if !strings.HasPrefix(r.text[r.off:], word) {
		return false
	}
	r.off += len(word)
	return true
}

func (r *jsonReader) consume(c byte) bool {
	if r.off == len(r.text) || r.text[r.off] != c {
		return false
	}
	r.off++
	return true
}

func (r *jsonReader) skipSpace() {
	for r.off < len(r.text) {
		switch r.text[r.off] {
		case '\n':
			r.line++
			r.lineStart = r.off + 1
		case ' ', '\t', '\r':
		default:
			return
		}
		r.off++
	}
}

func (r *jsonReader) pos() Pos { return Pos{r.line, r.off - r.lineStart + 1} }

func (r *jsonReader) found() string {
	if r.off == len(r.text) {
		return "the end of the document"
	}
	c, _ := utf8.DecodeRuneInString(r.text[r.off:])
	return strconv.QuoteRune(c)
}

func (r *jsonReader) errorf(format string, args ...any) *Error {
	return &Error{r.doc.Path, r.pos(), fmt.Sprintf(format, args...)}
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
