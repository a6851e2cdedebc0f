package source

import (
	"slices"
	"strconv"
)

// Origin is where a node came from when that is not its own document: another
// file was laid over it.
type Origin struct {
	Path    string
	Pointer string
}

// Place returns the file in which n was written and its JSON Pointer there.
func Place(n *Node) (path, pointer string) {
	if n.Doc == nil {
		return "", Pointer(n)
	}
	if o, ok := n.Doc.Origins[n]; ok {
		return o.Path, o.Pointer
	}
	if len(n.Doc.Origins) > 0 && n.Parent != nil {
		// A node that a pass made up stands for the one of its name.
		if real := n.Parent.child(n.Name); real != nil && real != n {
			if o, ok := n.Doc.Origins[real]; ok {
				return o.Path, o.Pointer
			}
		}
	}
	return n.Doc.Path, Pointer(n)
}

// Set puts item into the object n under key, in place of what has the name or
// at the end.
func (n *Node) Set(key Key, item *Node) {
	item.Parent, item.Name = n, key.Name
	i := slices.IndexFunc(n.Keys, func(k Key) bool { return k.Name == key.Name })
	if i >= 0 {
		n.Keys[i], n.Items[i] = key, item
		return
	}
	n.Keys, n.Items = append(n.Keys, key), append(n.Items, item)
	n.reindex()
}

// Append puts item at the end of the array n.
func (n *Node) Append(item *Node) {
	item.Parent, item.Name = n, strconv.Itoa(len(n.Items))
	n.Items = append(n.Items, item)
}

// Remove takes n out of its parent. A root stays.
func (n *Node) Remove() {
	p := n.Parent
	if p == nil {
		return
	}
	i := slices.Index(p.Items, n)
	if i < 0 {
		return
	}
	// Slices may be shared with the parser's blocks: never edit in place.
	p.Items = append(slices.Clone(p.Items[:i]), p.Items[i+1:]...)
	if p.Kind == Object {
		p.Keys = append(slices.Clone(p.Keys[:i]), p.Keys[i+1:]...)
		p.reindex()
		return
	}
	for j := i; j < len(p.Items); j++ {
		p.Items[j].Name = strconv.Itoa(j)
	}
}

func (n *Node) reindex() {
	n.index = nil
	n.findDuplicate() // for the index: names are unique
}

// Copy returns a deep copy of n as part of doc. Its place is that of n.
func Copy(n *Node, doc *Document) *Node {
	c := &Node{Kind: n.Kind, Bool: n.Bool, Text: n.Text, Keys: slices.Clone(n.Keys), Pos: n.Pos, Name: n.Name, Doc: doc}
	path, pointer := Place(n)
	if doc.Origins == nil {
		doc.Origins = map[*Node]Origin{}
	}
	doc.Origins[c] = Origin{path, pointer}
	for _, item := range n.Items {
		m := Copy(item, doc)
		m.Parent = c
		c.Items = append(c.Items, m)
	}
	if c.Kind == Object {
		c.reindex()
	}
	return c
}
