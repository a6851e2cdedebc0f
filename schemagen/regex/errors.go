package regex

import "fmt"

// Warning is something that ECMA-262 refuses under the `u` flag and that was
// read as Annex B reads it without the flag.
type Warning struct {
	Offset  int    // in bytes, into the pattern
	Message string // lower case, no trailing period
}

// ErrSyntax says that the text is not an ECMA-262 regular expression.
type ErrSyntax struct {
	Offset int // in bytes, into the pattern
	Msg    string
}

func (e *ErrSyntax) Error() string {
	return fmt.Sprintf("invalid regular expression at offset %d: %s", e.Offset, e.Msg)
}

// ErrBackreference says that the expression refers back to a group: what it
// matches is not a regular language and no automaton decides it.
type ErrBackreference struct {
	Offset int    // in bytes, into the pattern
	Ref    string // as written: `\1` or `\k<name>`
}

func (e *ErrBackreference) Error() string {
	return fmt.Sprintf("backreference %s at offset %d can't be decided in bounded memory", e.Ref, e.Offset)
}

// ErrUnsupportedProperty says that `\p{...}` names no property of ECMA-262.
type ErrUnsupportedProperty struct {
	Offset int    // in bytes, into the pattern
	Name   string // what stands between the braces, or "" when there are none
}

func (e *ErrUnsupportedProperty) Error() string {
	if e.Name == "" {
		return fmt.Sprintf(`\p at offset %d is not followed by a {property}`, e.Offset)
	}
	return fmt.Sprintf(`no Unicode property \p{%s} in ECMA-262 (offset %d)`, e.Name, e.Offset)
}

// ErrTooLarge says that the automaton, or something on the way to it, exceeds
// its budget.
type ErrTooLarge struct {
	What   string // what was counted: "states", "instructions", "steps" ...
	States int    // how many there were when compilation stopped
	Budget int
}

func (e *ErrTooLarge) Error() string {
	return fmt.Sprintf("the automaton is too large: %d %s, at most %d wanted", e.States, e.What, e.Budget)
}
