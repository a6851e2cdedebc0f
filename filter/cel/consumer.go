package cel

import (
	"portcullis/filter/json"
	"portcullis/filter/table"
)

// consumerNodes is how many nodes the largest consumer of t takes on a tape, 0 where
// no expression asks for one.
func consumerNodes(t *table.Table) (nodes uint32) {
	asked := false
	for i := range t.NumExprs() {
		x := t.Expr(i)
		for j := range x.NumNodes() {
			asked = asked || x.Node(j).Op == table.ExprConsumer
		}
	}
	if !asked {
		return 0
	}
	for i := range t.NumConsumers() {
		c := t.Consumer(i)
		nodes = max(nodes, 2+c.Scopes().Len()+2*c.NumAttributes())
	}
	return nodes
}

// consumer is a member of the consumer that was found, or whether it is there. A name
// or a plan that is empty is not there.
func (m *Machine) consumer(op table.ExprOp, member uint32, v *value) {
	known := m.in.Consumer < m.t.NumConsumers()
	var c table.Consumer
	if known {
		c = m.t.Consumer(m.in.Consumer)
		switch member {
		case table.ExprConsumerName:
			known = len(c.Name()) != 0
		case table.ExprConsumerPlan:
			known = len(c.Plan()) != 0
		}
	}
	switch {
	case op == table.ExprHasConsumer:
		v.bool(known)
	case !known:
		v.kind = kindError
	case member == table.ExprConsumerName:
		v.str(c.Name(), false)
	case member == table.ExprConsumerPlan:
		v.str(c.Plan(), false)
	case len(m.who.Nodes) == 0 && !m.readConsumer(c):
		v.kind = kindError
	case member == table.ExprConsumerScopes:
		m.load(&m.who, 0, v)
	default:
		m.load(&m.who, m.who.Nodes[0].Ext, v)
	}
}

// readConsumer makes a tape of c over the table's pool of strings: the list of its
// scopes, and behind it the map of its attributes.
func (m *Machine) readConsumer(c table.Consumer) bool {
	scopes, attributes := c.Scopes(), c.Attributes()
	if uint32(cap(m.who.Nodes)) < 2+scopes.Len()+attributes.Len() {
		return false
	}
	t := &m.who
	t.Src = m.t.Schema.Strings
	t.Nodes = append(t.Nodes[:0], json.Node{Meta: json.KindArray, Len: scopes.Len(), Ext: 1 + scopes.Len()})
	for i := range scopes.Len() {
		off, n := scopes.PlaceAt(i)
		t.Nodes = append(t.Nodes, json.Node{Meta: json.KindString, Off: off, Len: n})
	}
	t.Nodes = append(t.Nodes, json.Node{Meta: json.KindObject, Len: attributes.Len() / 2, Ext: 2 + scopes.Len() + attributes.Len()})
	for i := range attributes.Len() {
		off, n := attributes.PlaceAt(i)
		node := json.Node{Meta: json.KindString, Off: off, Len: n}
		if i%2 == 0 {
			node.Meta, node.Ext = json.KindName, json.HashName(attributes.At(i))
		}
		t.Nodes = append(t.Nodes, node)
	}
	return true
}
