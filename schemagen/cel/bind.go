package cel

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"portcullis/filter/table"
)

var factory = ast.NewExprFactory()

// places is the names under which parameters stand.
var places = map[string]bool{"path": true, "query": true, "header": true, "cookie": true}

// reserved is the names that a loop's variable can't have: what stands behind them
// is bound by its name, wherever it stands.
var reserved = map[string]bool{"path": true, "query": true, "header": true, "cookie": true, "operation": true,
	"claims": true, "body": true, "consumer": true}

// bind replaces parameters and what is known of the operation, in place, before the
// types are checked.
func (c *compiler) bind(e ast.Expr, loops []string) {
	switch e.Kind() {
	case ast.IdentKind:
		name := strings.TrimPrefix(e.AsIdent(), ".") // an absolute name is the same
		switch {
		case places[name]:
			c.problem(e.ID(), CodeUnsupported, "", "found %s as a whole, wanted one parameter, as in %s.name or %s['name']", name, name, name)
		case name == "consumer":
			c.problem(e.ID(), CodeUnsupported, "", "found consumer as a whole, wanted consumer.name, consumer.plan, consumer.scopes or consumer.attributes")
		case name == "operation":
			c.problem(e.ID(), CodeUnsupported, "", "found operation as a whole, wanted operation.id, operation.method, operation.path or operation.tags")
		case name == "body" && c.scope.NoBody != "":
			c.problem(e.ID(), CodeName, "", "found body, wanted an expression without it: %s", c.scope.NoBody)
		}
	case ast.SelectKind:
		s := e.AsSelect()
		if root := s.Operand(); root.Kind() == ast.IdentKind && c.bound(e, root.AsIdent(), s.FieldName(), s.IsTestOnly()) {
			return
		}
		c.bind(s.Operand(), loops)
	case ast.CallKind:
		call := e.AsCall()
		if args := call.Args(); call.FunctionName() == operators.Index && len(args) == 2 && args[0].Kind() == ast.IdentKind {
			root := args[0].AsIdent()
			if places[root] && (args[1].Kind() != ast.LiteralKind || args[1].AsLiteral().Type() != types.StringType) {
				c.problem(args[1].ID(), CodeUnsupported, "", "found a computed name of a parameter, wanted %s['name']", root)
				return
			}
			if args[1].Kind() == ast.LiteralKind && args[1].AsLiteral().Type() == types.StringType && c.bound(e, root, args[1].AsLiteral().Value().(string), false) {
				return
			}
		}
		if call.IsMemberFunction() {
			c.bind(call.Target(), loops)
		}
		for _, a := range call.Args() {
			c.bind(a, loops)
		}
	case ast.ListKind:
		for _, x := range e.AsList().Elements() {
			c.bind(x, loops)
		}
	case ast.MapKind:
		for _, x := range e.AsMap().Entries() {
			c.bind(x.AsMapEntry().Key(), loops)
			c.bind(x.AsMapEntry().Value(), loops)
		}
	case ast.ComprehensionKind:
		l := e.AsComprehension()
		if reserved[l.IterVar()] {
			c.problem(e.ID(), CodeName, "", "found the loop variable %s, wanted a name that means nothing else", l.IterVar())
			return
		}
		c.bind(l.IterRange(), loops)
		for _, x := range []ast.Expr{l.AccuInit(), l.LoopCondition(), l.LoopStep(), l.Result()} {
			c.bind(x, append(loops, l.IterVar()))
		}
	}
}

// bound replaces root.name, or the question whether it is there; it reports false
// where root is none of the names that are bound here.
func (c *compiler) bound(e ast.Expr, root, name string, has bool) bool {
	switch {
	case root == "operation":
		c.operation(e, name, has)
		return true
	case root == "consumer":
		c.consumer(e, name, has)
		return true
	case !places[root]:
		return false
	}
	if c.scope.NoParams != "" {
		c.problem(e.ID(), CodeName, "", "found %s, wanted an expression without parameters: %s", written(root, name), c.scope.NoParams)
		return true
	}
	lookup := name
	if root == "header" {
		lookup = strings.ToLower(name)
	}
	var found *Param
	var known []string
	for i := range c.scope.Params {
		p := &c.scope.Params[i]
		if p.Place == root {
			known = append(known, p.Name)
			if p.Name == lookup {
				found = p
			}
		}
	}
	if found == nil {
		sort.Strings(known)
		hint := "the operation declares no " + root + " parameter"
		if len(known) > 0 {
			hint = "the operation declares " + strings.Join(known, ", ")
		}
		c.problem(e.ID(), CodeName, hint, "found %s, wanted a parameter that the operation declares", written(root, name))
		return true
	}
	if found.Ordinal >= table.MaxExprParams {
		c.problem(e.ID(), CodeUnsupported, "", "found %s, wanted one of the operation's first %d parameters", written(root, name), table.MaxExprParams)
		return true
	}
	v := variable{name: "@" + root + ":" + lookup, typ: found.Type, param: found, has: has}
	if has {
		v.name, v.typ = "@has:"+root+":"+lookup, types.BoolType
		c.asked[root+"."+lookup] = true
	} else {
		c.used = append(c.used, found)
	}
	c.out.Params |= 1 << found.Ordinal
	c.variable(e, v)
	return true
}

// variable puts a variable in the place of e.
func (c *compiler) variable(e ast.Expr, v variable) {
	if !slices.ContainsFunc(c.vars, func(w variable) bool { return w.name == v.name }) {
		c.vars = append(c.vars, v)
	}
	e.SetKindCase(factory.NewIdent(e.ID(), v.name))
}

// consumerMembers is what can be asked of a consumer.
var consumerMembers = map[string]struct {
	member uint32
	typ    *types.Type
}{
	"name": {table.ExprConsumerName, types.StringType}, "plan": {table.ExprConsumerPlan, types.StringType},
	"scopes":     {table.ExprConsumerScopes, types.NewListType(types.StringType)},
	"attributes": {table.ExprConsumerAttributes, types.NewMapType(types.StringType, types.StringType)},
}

// consumer replaces a member of the consumer, or the question whether it is there.
func (c *compiler) consumer(e ast.Expr, name string, has bool) {
	m, ok := consumerMembers[name]
	switch {
	case !ok:
		c.problem(e.ID(), CodeName, "", "found consumer.%s, wanted consumer.name, consumer.plan, consumer.scopes or consumer.attributes", name)
	case has:
		c.variable(e, variable{name: "@has:consumer:" + name, typ: types.BoolType, member: m.member, has: true})
	default:
		c.variable(e, variable{name: "@consumer:" + name, typ: m.typ, member: m.member})
	}
}

// operation replaces what is known of the operation by its value.
func (c *compiler) operation(e ast.Expr, name string, has bool) {
	text := map[string]string{"id": c.scope.ID, "method": c.scope.Method, "path": c.scope.Path}
	_, known := text[name]
	switch {
	case has:
		e.SetKindCase(factory.NewLiteral(e.ID(), types.Bool(known && text[name] != "" || name == "tags")))
	case known:
		e.SetKindCase(factory.NewLiteral(e.ID(), types.String(text[name])))
	case name == "tags":
		var elems []ast.Expr
		for _, tag := range c.scope.Tags {
			elems = append(elems, factory.NewLiteral(c.freshID(), types.String(tag)))
		}
		e.SetKindCase(factory.NewList(e.ID(), elems, nil))
	default:
		c.problem(e.ID(), CodeName, "", "found operation.%s, wanted operation.id, operation.method, operation.path or operation.tags", name)
	}
}

// freshID is an id that no part of the parsed expression has.
func (c *compiler) freshID() int64 {
	c.fresh++
	return 1<<40 + c.fresh
}

// written is a parameter as expressions name it.
func written(place, name string) string {
	for i := 0; i < len(name); i++ {
		b := name[i]
		if !(b == '_' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || i > 0 && b >= '0' && b <= '9') {
			return fmt.Sprintf("%s[%s]", place, strings.ReplaceAll(strconv.Quote(name), `"`, "'"))
		}
	}
	return place + "." + name
}
