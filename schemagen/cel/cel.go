// Package cel compiles allow expressions: CEL, parsed and type-checked by cel-go,
// then lowered into the nodes of package filter/cel.
//
// Parameters are bound by name when an expression is compiled: path.userId becomes a
// variable of the parameter's own type, and a name that the operation does not declare
// is a mistake in the expression. What cannot be lowered exactly is a Problem, never
// an approximation.
package cel

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	cel "cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"

	"portcullis/filter/table"
	"portcullis/schemagen/ir"
)

// Problem is what is wrong with an expression.
type Problem struct {
	Code    string // allow-syntax, allow-type, allow-name, allow-unsupported, allow-optional
	Warning bool   // the expression can be used all the same
	Line    int    // in the expression, from 1
	Col     int    // from 1
	Message string // found and wanted
	Hint    string
}

// Codes of problems.
const (
	CodeSyntax      = "allow-syntax"
	CodeType        = "allow-type"
	CodeName        = "allow-name"
	CodeUnsupported = "allow-unsupported"
	CodeOptional    = "allow-optional"
	CodeBody        = "allow-body" // of the compiler: the body is no value
)

// Param is a parameter as expressions see it.
type Param struct {
	Place    string // path, query, header or cookie
	Name     string
	Ordinal  uint32 // among the operation's parameters
	Type     *types.Type
	Numbers  uint8 // table.ExprAny, ExprAsInt or ExprAsDouble
	Required bool
}

// Scope is what an expression of one operation can name.
type Scope struct {
	Params []Param
	// NoParams says why parameters can't be named, "" where they can.
	NoParams string
	// NoBody says why the body can't be named, "" where it can.
	NoBody string
	// The operation, for operation.id and so on.
	ID, Method, Path string
	Tags             []string
}

// base is the environment that every expression starts from.
var base = sync.OnceValues(func() (*cel.Env, error) {
	return cel.NewEnv(
		cel.CrossTypeNumericComparisons(true),
		cel.EnableIdentifierEscapeSyntax(),
		cel.EnableMacroCallTracking(),
		cel.ParserRecursionLimit(maxDepth),
		cel.Variable("claims", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("body", cel.DynType),
	)
})

// maxDepth bounds the nesting of an expression.
const maxDepth = 48

// maxText bounds an expression, in bytes.
const maxText = 8 << 10

// Compile compiles an expression for one operation. The expression is nil when a
// problem is no warning.
func Compile(text string, s *Scope) (*ir.Allow, []Problem) {
	a, _, problems := compile(text, s)
	return a, problems
}

// compile also gives what cel-go makes of the expression with its parameters bound:
// the oracle of the tests.
func compile(text string, s *Scope) (*ir.Allow, *checked, []Problem) {
	c := &compiler{scope: s, text: text, asked: map[string]bool{}}
	if len(text) > maxText {
		c.problem(0, CodeUnsupported, "", "found an expression of %d bytes, wanted at most %d", len(text), maxText)
		return nil, nil, c.problems
	}
	env, err := base()
	if err != nil {
		panic(err) // the environment is a constant
	}
	parsed, issues := env.Parse(text)
	if issues.Err() != nil {
		c.issues(CodeSyntax, issues)
		return nil, nil, c.problems
	}
	c.info = parsed.NativeRep().SourceInfo()
	c.bind(parsed.NativeRep().Expr(), nil)
	if c.failed() {
		return nil, nil, c.problems
	}
	var vars []cel.EnvOption
	for _, v := range c.vars {
		vars = append(vars, cel.Variable(v.name, v.typ))
	}
	if len(vars) > 0 {
		if env, err = env.Extend(vars...); err != nil {
			panic(err) // names are unique
		}
	}
	sound, issues := env.Check(parsed)
	if issues.Err() != nil {
		c.issues(CodeType, issues)
		return nil, nil, c.problems
	}
	if out := sound.OutputType(); !out.IsExactType(types.BoolType) {
		hint := ""
		if out.IsExactType(types.DynType) {
			hint = "compare it with what it should be: claims.admin == true"
		}
		c.problem(sound.NativeRep().Expr().ID(), CodeType, hint, "found an expression of type %s, wanted bool", out)
		return nil, nil, c.problems
	}
	c.ast = sound.NativeRep()
	c.root()
	c.optional()
	if c.failed() {
		return nil, nil, c.problems
	}
	return &c.out, &checked{env, sound, c.vars}, c.problems
}

// checked is what cel-go has made of an expression.
type checked struct {
	env  *cel.Env
	ast  *cel.Ast
	vars []variable
}

// variable is a parameter, or the question whether it is there, as the checked
// expression names it.
type variable struct {
	name  string
	typ   *types.Type
	param *Param // nil: of the consumer
	// member is which member of the consumer.
	member uint32
	has    bool
}

type compiler struct {
	scope    *Scope
	text     string
	info     *ast.SourceInfo
	ast      *ast.AST
	vars     []variable
	used     []*Param
	asked    map[string]bool // variables of parameters that has() is asked of
	problems []Problem
	out      ir.Allow
	loops    []string // variables of the loops around, by slot
	bodyOf   map[int64]bool
	fresh    int64
	saving   bool // inside a part that is saved
	parts    [][]ir.AllowNode
}

func (c *compiler) failed() bool {
	for i := range c.problems {
		if !c.problems[i].Warning {
			return true
		}
	}
	return false
}

// problem notes a mistake at the expression's part id; 0 is all of it.
func (c *compiler) problem(id int64, code, hint, format string, args ...any) {
	p := Problem{Code: code, Line: 1, Col: 1, Message: fmt.Sprintf(format, args...), Hint: hint}
	if c.info != nil && id != 0 {
		if l := c.info.GetStartLocation(id); l.Line() > 0 {
			p.Line, p.Col = l.Line(), l.Column()+1
		}
	}
	for i := range c.problems {
		if c.problems[i] == p {
			return
		}
	}
	c.problems = append(c.problems, p)
}

// issues takes over what cel-go found.
func (c *compiler) issues(code string, issues *cel.Issues) {
	for _, e := range issues.Errors() {
		p := Problem{Code: code, Line: max(e.Location.Line(), 1), Col: max(e.Location.Column()+1, 1), Message: tidy(e.Message)}
		if strings.HasPrefix(e.Message, "undeclared reference to") {
			p.Code = CodeName
			p.Hint = "claims, path, query, header, cookie, body, consumer, operation and the variables of loops can be named"
		}
		c.problems = append(c.problems, p)
	}
}

// tidy makes one line of a message of cel-go's.
func tidy(s string) string {
	s = strings.ReplaceAll(strings.Join(strings.Fields(s), " "), " (in container '')", "")
	return "cel-go: " + s
}

// optional warns of a parameter that may be missing, where the expression does not ask.
func (c *compiler) optional() {
	for _, p := range c.used {
		if p.Required || c.asked[p.Place+"."+p.Name] {
			continue
		}
		c.problems = append(c.problems, Problem{Code: CodeOptional, Warning: true, Line: 1, Col: 1,
			Message: fmt.Sprintf("found the optional parameter %s without has(), wanted it to be asked for: a request without it is refused", written(p.Place, p.Name)),
			Hint:    fmt.Sprintf("!has(%s) || ...", written(p.Place, p.Name))})
	}
}

// NamesCaller reports an expression that reads claims or the consumer.
func NamesCaller(a *ir.Allow) bool {
	return slices.ContainsFunc(a.Nodes, func(n ir.AllowNode) bool {
		return n.Op == table.ExprClaims || n.Op == table.ExprConsumer || n.Op == table.ExprHasConsumer
	})
}

// TypeOf is the type of a parameter's values in expressions, and what its numbers are.
func TypeOf(p *ir.Param) (*types.Type, uint8) {
	switch p.Style {
	case ir.StyleContentJSON, ir.StyleContentForm:
		return types.DynType, table.ExprAny
	case ir.StyleContentText:
		return types.StringType, table.ExprAny
	}
	s := p.Shape
	if s == nil {
		return types.StringType, table.ExprAny
	}
	switch s.Types {
	case 0, ir.TypeString:
		return types.StringType, table.ExprAny
	case ir.TypeBoolean:
		return types.BoolType, table.ExprAny
	case ir.TypeInteger:
		return types.IntType, table.ExprAsInt
	case ir.TypeNumber, ir.TypeNumber | ir.TypeInteger:
		return types.DoubleType, table.ExprAsDouble
	case ir.TypeArray:
		if len(s.Prefix) == 0 && (s.Items == nil || s.Items.Types&^(ir.TypeString) == 0) {
			return types.NewListType(types.StringType), table.ExprAny
		}
		return types.NewListType(types.DynType), table.ExprAny
	case ir.TypeObject:
		return types.NewMapType(types.StringType, types.DynType), table.ExprAny
	}
	return types.DynType, table.ExprAny
}
