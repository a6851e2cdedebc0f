package isel

import (
	"strconv"

	"portcullis/filter/json"
	"portcullis/schemagen/source"
)

// constant writes v as nodes and returns the index of the first; equal texts
// are written once.
func (c *Compiler) constant(v *source.Node) uint32 {
	text := appendText(nil, v)
	if at, ok := c.constAt[string(text)]; ok {
		return at
	}
	at := uint32(len(c.consts))
	c.appendConst(v)
	c.constAt[string(text)] = at
	return at
}

// number writes a number given by its text.
func (c *Compiler) number(text string) uint32 {
	return c.constant(&source.Node{Kind: source.Number, Text: text})
}

func (c *Compiler) appendConst(v *source.Node) {
	at := len(c.consts)
	n := json.Node{}
	switch v.Kind {
	case source.Null:
		n.Meta = json.KindNull
	case source.Bool:
		n.Meta = json.KindFalse
		if v.Bool {
			n.Meta = json.KindTrue
		}
	case source.Number:
		flags, ok := json.ScanNumber([]byte(v.Text))
		if !ok {
			panic("isel: number " + strconv.Quote(v.Text) + " is not in JSON's syntax")
		}
		n.Meta = json.KindNumber | flags
		n.Off, n.Len = c.strs.Add(v.Text)
	case source.String:
		n.Meta = json.KindString | nonASCII(v.Text)
		n.Off, n.Len = c.strs.Add(v.Text)
	case source.Array, source.Object:
		n.Meta, n.Len = json.KindArray, uint32(len(v.Items))
		if v.Kind == source.Object {
			n.Meta = json.KindObject
		}
		c.consts = append(c.consts, n)
		for i, x := range v.Items {
			if v.Kind == source.Object {
				name := json.Node{Meta: json.KindName | nonASCII(v.Keys[i].Name), Ext: json.HashName([]byte(v.Keys[i].Name))}
				name.Off, name.Len = c.strs.Add(v.Keys[i].Name)
				c.consts = append(c.consts, name)
			}
			c.appendConst(x)
		}
		c.consts[at].Ext = uint32(len(c.consts))
		return
	}
	c.consts = append(c.consts, n)
}

func nonASCII(s string) uint32 {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return json.FlagNonASCII
		}
	}
	return 0
}

// appendText writes v without spaces, members in their order.
func appendText(b []byte, v *source.Node) []byte {
	switch v.Kind {
	case source.Null:
		return append(b, "null"...)
	case source.Bool:
		return strconv.AppendBool(b, v.Bool)
	case source.Number:
		return append(b, v.Text...)
	case source.String:
		return strconv.AppendQuote(b, v.Text)
	case source.Array:
		b = append(b, '[')
		for _, x := range v.Items {
			b = append(appendText(b, x), ',')
		}
		return append(b, ']')
	case source.Object:
		b = append(b, '{')
		for i, x := range v.Items {
			b = append(strconv.AppendQuote(b, v.Keys[i].Name), ':')
			b = append(appendText(b, x), ',')
		}
		return append(b, '}')
	}
	return b
}
