package json

import (
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// reference is the slow second opinion: encoding/json plus what it lets pass.
// It returns the events of the text, or ok = false.
func reference(src []byte) (events []string, duplicate, ok bool) {
	if !stdjson.Valid(src) || !utf8.Valid(src) || loneSurrogate(src) {
		return nil, false, false
	}
	d := stdjson.NewDecoder(bytes.NewReader(src))
	d.UseNumber()
	type frame struct {
		object bool
		names  map[string]bool
		name   bool // a name comes next
	}
	stack := []frame{}
	for {
		tok, err := d.Token()
		if err == io.EOF {
			return events, duplicate, true
		}
		if err != nil {
			panic(err)
		}
		top := len(stack) - 1
		if s, isString := tok.(string); isString && top >= 0 && stack[top].object && stack[top].name {
			if stack[top].names[s] {
				duplicate = true
			}
			stack[top].names[s] = true
			stack[top].name = false
			events = append(events, "name "+s)
			continue
		}
		if delim, is := tok.(stdjson.Delim); is && (delim == '}' || delim == ']') {
			stack = stack[:top]
			events = append(events, delim.String())
			continue
		}
		if top >= 0 {
			stack[top].name = true
		}
		switch v := tok.(type) {
		case stdjson.Delim:
			stack = append(stack, frame{object: v == '{', names: map[string]bool{}, name: true})
			events = append(events, v.String())
		case string:
			events = append(events, "string "+v)
		case stdjson.Number:
			events = append(events, "number "+string(v))
		default:
			events = append(events, fmt.Sprint(v))
		}
	}
}

// loneSurrogate reports whether a valid text escapes half a surrogate pair.
func loneSurrogate(src []byte) bool {
	s := string(src)
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			continue
		}
		i++
		if s[i] != 'u' {
			continue
		}
		unit := strings.ToLower(s[i+1 : i+5])
		if unit[0] != 'd' || unit[1] < '8' {
			continue
		}
		if unit[1] >= 'c' || i+11 > len(s) || s[i+5:i+7] != `\u` {
			return true
		}
		low := strings.ToLower(s[i+7 : i+11])
		if low[0] != 'd' || low[1] < 'c' {
			return true
		}
		i += 10
	}
	return false
}

// tapeEvents renders a tape as reference renders a text, and checks the tape's
// invariants on the way.
func tapeEvents(t *Tape) (events []string, problem string) {
	type frame struct{ end, left, closer uint32 }
	stack := []frame{}
	note := func(format string, args ...any) {
		if problem == "" {
			problem = fmt.Sprintf(format, args...)
		}
	}
	closeEnded := func(i uint32) {
		for len(stack) > 0 && stack[len(stack)-1].end == i {
			f := stack[len(stack)-1]
			if f.left != 0 {
				note("container that ends at %d: %d children missing", i, f.left)
			}
			events = append(events, string(rune(f.closer)))
			stack = stack[:len(stack)-1]
		}
	}
	for i := uint32(0); i < uint32(len(t.Nodes)); i++ {
		closeEnded(i)
		n := t.Nodes[i]
		if n.Kind() != KindName && len(stack) > 0 {
			stack[len(stack)-1].left--
		}
		if n.Meta&^(kindMask|FlagEscaped|FlagNonASCII|FlagInteger|FlagNegative) != 0 {
			note("node %d: meta %#x", i, n.Meta)
		}
		if n.Kind() != KindArray && n.Kind() != KindObject && n.Kind() != KindName && n.Ext != 0 {
			note("node %d: ext %d on a scalar", i, n.Ext)
		}
		text := string(t.Text(i))
		unescaped := string(AppendUnescaped(nil, []byte(text)))
		switch n.Kind() {
		case KindNull:
			events = append(events, "<nil>")
		case KindFalse, KindTrue:
			events = append(events, text)
		case KindNumber:
			events = append(events, "number "+text)
			if flags, ok := ScanNumber([]byte(text)); !ok || flags|KindNumber != n.Meta {
				note("node %d: number %q has meta %#x, want flags %#x", i, text, n.Meta, flags)
			}
		case KindString, KindName:
			if n.Kind() == KindName {
				events = append(events, "name "+unescaped)
				if want := HashName([]byte(unescaped)); n.Ext != want {
					note("node %d: hash %#x, want %#x", i, n.Ext, want)
				}
			} else {
				events = append(events, "string "+unescaped)
			}
			want := uint32(0)
			if strings.Contains(text, `\`) {
				want = FlagEscaped | FlagNonASCII
			}
			for _, c := range []byte(text) {
				if c >= 0x80 {
					want |= FlagNonASCII
				}
			}
			if n.Meta&^kindMask != want {
				note("node %d: flags %#x of %q, want %#x", i, n.Meta, text, want)
			}
			if got, want := t.CodePoints(i), utf8.RuneCountInString(unescaped); int(got) != want {
				note("node %d: %d code points in %q, want %d", i, got, text, want)
			}
			if !t.EqualString(i, []byte(unescaped)) || t.EqualString(i, []byte(unescaped+"x")) {
				note("node %d: EqualString(%q)", i, unescaped)
			}
		case KindArray, KindObject:
			closer := uint32(']')
			if n.Kind() == KindObject {
				closer = '}'
			}
			events = append(events, string(rune(closer-2)))
			stack = append(stack, frame{n.Ext, n.Len, closer})
		default:
			note("node %d: kind %d", i, n.Kind())
		}
	}
	closeEnded(uint32(len(t.Nodes)))
	if len(stack) != 0 {
		note("%d containers do not end", len(stack))
	}
	return events, problem
}
