package regex

import "portcullis/filter/pattern"

// Options says how to read and how large to become. The zero value reads as
// real documents need, within the default budget.
type Options struct {
	// Strict refuses what only Annex B allows, as `format: regex` does.
	Strict bool
	// MaxStates bounds the states of the result; 0 means DefaultMaxStates.
	MaxStates int
	// MaxBytes bounds the size of the encoded result; 0 means
	// DefaultMaxBytes.
	MaxBytes int
}

// The budgets that Options.MaxStates and MaxBytes stand for when they are 0.
const (
	DefaultMaxStates = 4000
	DefaultMaxBytes  = 128 << 10
)

// What may be spent on the way to an automaton. Each bounds the time of
// Compile to seconds at worst; real expressions need thousandths of that.
const (
	maxInsts        = 50_000    // unrolled instructions
	maxStepsDefault = 5_000_000 // instructions looked at by the subset construction
	stateSlack      = 4         // states before minimisation, by the wanted states
	maxFunctionWork = 5_000_000 // operations on Boolean functions
)

// DFA is a compiled expression. It does not change once made.
type DFA struct {
	automaton *pattern.Automaton
	blob      []byte
}

// Compile parses source and returns the minimal automaton that tells whether
// it matches anywhere in a text. Warnings say what was read leniently; they
// come with errors other than ErrSyntax too. The error is one of ErrSyntax,
// ErrBackreference, ErrUnsupportedProperty and ErrTooLarge.
func Compile(source string, opt Options) (*DFA, []Warning, error) {
	n, warnings, err := parse(source, opt.Strict)
	if err != nil {
		return nil, warnings, err
	}
	d, err := compileNode(simplify(n), opt)
	return d, warnings, err
}

func compileNode(n *node, opt Options) (*DFA, error) {
	b := newBudget(opt)
	n, l := splitLength(n)
	p, err := compileProgram(n, maxInsts)
	if err != nil {
		return nil, err
	}
	c := newClasses(p.sets)
	build := buildSubset
	if len(p.looks) > 0 {
		build = buildAlternating
	}
	m, err := build(p, c, b)
	if err != nil {
		return nil, err
	}
	m = m.minimise(c.num)
	a := m.number(c)
	if a.NumStates > b.states {
		return nil, &ErrTooLarge{What: "states", States: a.NumStates, Budget: b.states}
	}
	if a.NumClasses > pattern.MaxClasses {
		return nil, &ErrTooLarge{What: "classes of characters", States: a.NumClasses, Budget: pattern.MaxClasses}
	}
	if l != nil {
		a.Flags, a.Min, a.Max = pattern.FlagLength, l.min, l.max
		if l.ascii {
			a.Flags |= pattern.FlagBytes
		}
	}
	d := &DFA{automaton: a, blob: a.Append(nil)}
	if len(d.blob) > b.bytes {
		return nil, &ErrTooLarge{What: "bytes", States: len(d.blob), Budget: b.bytes}
	}
	return d, nil
}

// budget is Options with the defaults filled in.
type budget struct{ states, bytes, steps int }

func newBudget(opt Options) budget {
	b := budget{states: opt.MaxStates, bytes: opt.MaxBytes, steps: maxStepsDefault}
	if b.states <= 0 {
		b.states = DefaultMaxStates
	}
	b.states = min(b.states, pattern.MaxStates)
	if b.bytes <= 0 {
		b.bytes = DefaultMaxBytes
	}
	return b
}

// check is called while states are being made.
func (b budget) check(states, steps int) error {
	if states > b.states*stateSlack {
		return &ErrTooLarge{What: "states before minimisation", States: states, Budget: b.states * stateSlack}
	}
	if steps > b.steps {
		return &ErrTooLarge{What: "steps of construction", States: steps, Budget: b.steps}
	}
	return nil
}

// checkFunctions is called while Boolean functions are being made.
func (b budget) checkFunctions(work int) error {
	if work > maxFunctionWork {
		return &ErrTooLarge{What: "steps of look-around", States: work, Budget: maxFunctionWork}
	}
	return nil
}

// Append appends the automaton, in filter/pattern's layout, to dst.
func (d *DFA) Append(dst []byte) []byte { return append(dst, d.blob...) }

// Size is the number of bytes that Append appends, a multiple of four.
func (d *DFA) Size() int { return len(d.blob) }

// NumStates counts the states, the two that have no row included.
func (d *DFA) NumStates() int { return d.automaton.NumStates }

// Match reports whether the expression matches somewhere in text.
func (d *DFA) Match(text string) bool { return pattern.Match(d.blob, []byte(text)) }

// MatchesNone reports whether no text matches.
func (d *DFA) MatchesNone() bool { return d.automaton.Start == 0 }

// MatchesAll reports whether every text matches, so that the test can go.
func (d *DFA) MatchesAll() bool {
	return d.automaton.Start == int(pattern.StateMatch) && d.automaton.Flags == 0
}
