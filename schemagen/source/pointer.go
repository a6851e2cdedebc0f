package source

import (
	"strconv"
	"strings"
)

// Pointer returns the JSON Pointer (RFC 6901) of n in its document: "" for the
// root, otherwise text that starts with a slash.
func Pointer(n *Node) string {
	size, depth := 0, 0
	for m := n; m != nil && m.Parent != nil; m = m.Parent {
		size += len(m.Name) + 1
		depth++
	}
	if depth == 0 {
		return ""
	}
	names := make([]string, depth)
	for m := n; m.Parent != nil; m = m.Parent {
		depth--
		names[depth] = m.Name
	}
	var b strings.Builder
	b.Grow(size)
	for _, name := range names {
		b.WriteByte('/')
		b.WriteString(EscapePointer(name))
	}
	return b.String()
}

// EscapePointer writes name as one reference token: ~ is ~0 and / is ~1.
func EscapePointer(name string) string {
	if !strings.ContainsAny(name, "~/") {
		return name
	}
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}

// AtPointer returns the value that the JSON Pointer ptr names under root, or
// nil when there is none or ptr is malformed. It follows no references.
func AtPointer(root *Node, ptr string) *Node {
	if ptr == "" {
		return root
	}
	if ptr[0] != '/' {
		return nil
	}
	n := root
	for rest := ptr[1:]; n != nil; {
		token, tail, more := strings.Cut(rest, "/")
		n = n.child(token)
		if !more {
			return n
		}
		rest = tail
	}
	return nil
}

// child is the value that one escaped reference token selects.
func (n *Node) child(token string) *Node {
	name, ok := unescapePointer(token)
	if !ok {
		return nil
	}
	switch n.Kind {
	case Object:
		return n.Get(name)
	case Array:
		// RFC 6901 section 4: digits without a leading zero.
		i, err := strconv.Atoi(name)
		if err != nil || i < 0 || i >= len(n.Items) || strconv.Itoa(i) != name {
			return nil
		}
		return n.Items[i]
	}
	return nil
}

func unescapePointer(token string) (string, bool) {
	if !strings.Contains(token, "~") {
		return token, true
	}
	var b strings.Builder
	for i := 0; i < len(token); i++ {
		if token[i] != '~' {
			b.WriteByte(token[i])
			continue
		}
		i++
		if i == len(token) {
			return "", false
		}
		switch token[i] {
		case '0':
			b.WriteByte('~')
		case '1':
			b.WriteByte('/')
		default:
			return "", false
		}
	}
	return b.String(), true
}
