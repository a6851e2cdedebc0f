package isel

import (
	"errors"
	"fmt"
	"strconv"

	"portcullis/filter/format"
	"portcullis/schemagen/diag"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/regex"
)

// dfa is a pattern compiled, or not.
type dfa struct {
	ok   bool
	all  bool // every text matches
	none bool // no text matches
	off  uint32
	code string // of the diagnostic, when not ok
	msg  string
	hint string
}

// Check compiles the patterns of s and of every schema it reaches, reports
// those that can't be enforced, and adds their codes to the schemas'
// Unenforceable; formats without a meaning it only notes. Checking a schema
// twice does nothing.
func (c *Compiler) Check(s *ir.Schema) {
	if s == nil || c.checked[s] {
		return
	}
	todo := []*ir.Schema{s}
	c.checked[s] = true
	for len(todo) > 0 {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if s.Pattern != nil {
			c.checkPattern(s, s.Pattern)
		}
		if f := s.Format; f != nil {
			if _, ok := format.Lookup(f.Name); !ok {
				c.report(diag.Diagnostic{Code: "format-unknown", Severity: diag.Note,
					Message: "found format " + strconv.Quote(f.Name) + ", which no specification here defines; it asserts nothing"}, f.Loc)
			}
		}
		for i := range s.PatternProperties {
			c.checkPattern(s, &s.PatternProperties[i].Pattern)
		}
		s.Each(func(x *ir.Schema) {
			if !c.checked[x] {
				c.checked[x] = true
				todo = append(todo, x)
			}
		})
	}
}

func (c *Compiler) checkPattern(s *ir.Schema, p *ir.Pattern) {
	d, known := c.dfas[p.Source]
	if !known {
		var warnings []regex.Warning
		d, warnings = c.compilePattern(p.Source)
		c.dfas[p.Source] = d
		for _, w := range warnings {
			c.report(diag.Diagnostic{Code: "pattern-lenient", Severity: diag.Warning, Message: w.Message}, p.Loc)
		}
	}
	if d.none {
		c.report(diag.Diagnostic{Code: "pattern-never", Severity: diag.Warning, Message: fmt.Sprintf("found the pattern %q, which no text matches, wanted one that some do", p.Source),
			Hint: "an expression of ECMA-262 has no inline flags, and ^ and $ are the text's ends"}, p.Loc)
	}
	if !d.ok {
		c.report(diag.Diagnostic{Code: d.code, Severity: diag.Warning, Unenforceable: true, Message: d.msg, Hint: d.hint}, p.Loc)
		s.Unenforceable = append(s.Unenforceable, d.code)
	}
}

func (c *Compiler) report(d diag.Diagnostic, at ir.Loc) {
	if at.Node != nil {
		d = d.At(at.Node)
	} else {
		d.Pointer = at.Pointer
	}
	c.diags.Add(d)
}

func (c *Compiler) compilePattern(source string) (dfa, []regex.Warning) {
	x, warnings, err := regex.Compile(source, regex.Options{MaxStates: c.opts.MaxPatternStates, MaxBytes: c.opts.MaxPatternBytes})
	if err != nil {
		d := dfa{msg: err.Error()}
		var back *regex.ErrBackreference
		var large *regex.ErrTooLarge
		var prop *regex.ErrUnsupportedProperty
		switch {
		case errors.As(err, &back):
			d.code, d.hint = "pattern-backreference", "spell out what the group may be, or waive the check"
		case errors.As(err, &large):
			d.code, d.hint = "pattern-too-large", "lower the repeat counts, use maxLength for the length, or waive the check"
		case errors.As(err, &prop):
			d.code = "pattern-property"
		default:
			d.code = "pattern-syntax"
		}
		return d, warnings
	}
	d := dfa{ok: true, all: x.MatchesAll(), none: x.MatchesNone(), off: uint32(len(c.dfaData))}
	c.dfaData = x.Append(c.dfaData)
	return d, warnings
}
