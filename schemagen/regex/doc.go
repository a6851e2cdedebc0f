// Package regex turns the regular expressions of JSON Schema into the
// automata of filter/pattern.
//
// The syntax is ECMA-262 (2024), section 22.2.1, with the meaning that the `u`
// flag gives it and no other flag. Go's regexp is another language (no
// look-around, other \s, other $), so the parser is our own. What Annex B
// forgives and real documents contain (`\-` or `\@` as a character, a lone
// `{`) is taken with a Warning, or refused under Options.Strict.
//
// The path of an expression:
//
//	parse   text -> tree, look-around and all
//	simplify, splitLength: less to build; counts that the length decides go
//	program tree -> instructions of a backtracking machine, repeats unrolled
//	subset  no look-around: sets of instructions are the states
//	look    look-around: Boolean functions of instructions are the states
//	minimise, number, encode
//
// Only one thing is refused because of what it is: backreferences, which are
// not regular. Everything else fits or exceeds a budget that bounds the time
// of compilation too. The same expression gives the same bytes.
package regex
