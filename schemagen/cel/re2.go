package cel

import (
	"fmt"
	"regexp/syntax"
	"strings"
	"unicode"

	"portcullis/schemagen/regex"
)

// automaton compiles a pattern of matches(): RE2 syntax, found anywhere in the text.
// The pattern is parsed by Go's own parser, which is the one that cel-go uses, and
// each piece of what it says is written in ECMA-262 syntax in the one way that
// cannot be read otherwise: classes as ranges, anchors of the whole text.
func automaton(pattern string) ([]byte, error) {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	if err := ecma(&b, re); err != nil {
		return nil, err
	}
	d, _, err := regex.Compile(b.String(), regex.Options{})
	if err != nil {
		return nil, err
	}
	return d.Append(nil), nil
}

// ecma writes re. Greed does not matter: the question is only whether it matches.
func ecma(b *strings.Builder, re *syntax.Regexp) error {
	group := func(sub *syntax.Regexp, suffix string) error {
		b.WriteString("(?:")
		err := ecma(b, sub)
		b.WriteString(")" + suffix)
		return err
	}
	switch re.Op {
	case syntax.OpNoMatch:
		b.WriteString("[]")
	case syntax.OpEmptyMatch:
		b.WriteString("(?:)")
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			if re.Flags&syntax.FoldCase != 0 {
				folded(b, r)
			} else {
				fmt.Fprintf(b, `\u{%X}`, r)
			}
		}
	case syntax.OpCharClass:
		b.WriteByte('[')
		for i := 0; i < len(re.Rune); i += 2 {
			fmt.Fprintf(b, `\u{%X}-\u{%X}`, re.Rune[i], re.Rune[i+1])
		}
		b.WriteByte(']')
	case syntax.OpAnyCharNotNL:
		b.WriteString(`[^\n]`)
	case syntax.OpAnyChar:
		b.WriteString(`[^]`)
	case syntax.OpBeginText:
		b.WriteByte('^')
	case syntax.OpEndText:
		b.WriteByte('$')
	case syntax.OpWordBoundary:
		b.WriteString(`\b`)
	case syntax.OpNoWordBoundary:
		b.WriteString(`\B`)
	case syntax.OpCapture:
		return group(re.Sub[0], "")
	case syntax.OpStar:
		return group(re.Sub[0], "*")
	case syntax.OpPlus:
		return group(re.Sub[0], "+")
	case syntax.OpQuest:
		return group(re.Sub[0], "?")
	case syntax.OpRepeat:
		if re.Max < 0 {
			return group(re.Sub[0], fmt.Sprintf("{%d,}", re.Min))
		}
		return group(re.Sub[0], fmt.Sprintf("{%d,%d}", re.Min, re.Max))
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			if err := group(sub, ""); err != nil {
				return err
			}
		}
	case syntax.OpAlternate:
		b.WriteString("(?:")
		for i, sub := range re.Sub {
			if i > 0 {
				b.WriteByte('|')
			}
			if err := ecma(b, sub); err != nil {
				return err
			}
		}
		b.WriteByte(')')
	default: // the beginning and end of lines
		return fmt.Errorf("%s is not supported", re)
	}
	return nil
}

// folded writes r as the class of everything that equals it without case.
func folded(b *strings.Builder, r rune) {
	b.WriteByte('[')
	fmt.Fprintf(b, `\u{%X}`, r)
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		fmt.Fprintf(b, `\u{%X}`, f)
	}
	b.WriteByte(']')
}
