package policy

import (
	"unicode/utf8"

	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// Allow is an allow expression as it was written: CEL, and what who is refused is
// told. "" takes away the expression of earlier rules.
type Allow struct {
	Text, Message string
	Node          *source.Node // of the text
}

// maxMessage bounds the message of a refusal, in characters.
const maxMessage = 200

// readAllow reads `allow`: the expression, or an object with it and a message.
func (p *Policy) readAllow(n *source.Node) *Allow {
	d := p.dec
	a := &Allow{Node: n}
	if n.Kind != source.Object {
		if n.Kind == source.Bool && !n.Bool { // false: nothing is asked
			return a
		}
		a.Text = d.str(n, "allow")
		return a
	}
	d.object(n, "allow", fields{
		"cel": func(n *source.Node) { a.Text, a.Node = d.str(n, "cel"), n },
		"message": func(n *source.Node) {
			a.Message = d.str(n, "message")
			if size := utf8.RuneCountInString(a.Message); size > maxMessage {
				d.errorf(n, "policy-value", "found a message of %d characters, wanted at most %d", size, maxMessage)
			}
		},
	}, "cel")
	return a
}

// Allow is the expression for op, nil when there is none.
func (s *Scope) Allow(op *ir.Operation) *Allow {
	if a := s.done[op].allow; a != nil && a.Text != "" {
		return a
	}
	return nil
}

// Tags is the tags of op.
func (s *Scope) Tags(op *ir.Operation) []string { return s.tags[op] }
