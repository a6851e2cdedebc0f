package wasmgen

import (
	"bytes"
	"fmt"
	"go/ast"
	"sort"
	"strings"
)

// numRegisters is how many integer locals Go's assembler gives a function.
const numRegisters = 16

// variable is a 64-bit local: a register or a slot of the stack frame.
type variable struct {
	name   string
	first  int // first and last instruction it is needed in
	last   int
	weight int
	used   bool
	reg    int // -1: slot
	slot   int
}

// instr is one instruction, or a place that depends on where a variable lives.
type instr struct {
	kind instrKind
	text string
	v    *variable
}

type instrKind uint8

const (
	instrPlain   instrKind = 1 + iota
	instrComment           // a line of the source
	instrGet               // push v
	instrAddr              // push what a later instrSet of v needs below its value
	instrSet               // pop into v
)

// label is a block or loop that can be branched to.
type label struct{ depth int }

// span is a loop in the code, as instruction indexes.
type span struct{ first, last int }

func (t *translator) emit(text string) {
	t.code = append(t.code, instr{kind: instrPlain, text: text})
}

func (t *translator) emitf(format string, args ...any) { t.emit(fmt.Sprintf(format, args...)) }

func (t *translator) comment(n ast.Node) {
	line := t.sourceLine(n)
	if line != "" {
		t.code = append(t.code, instr{kind: instrComment, text: line})
	}
}

func (t *translator) touch(v *variable, kind instrKind) {
	at := len(t.code)
	if !v.used && kind != instrAddr {
		v.used, v.first = true, at
	}
	v.last = at
	w := 1
	if t.cold == 0 {
		for range min(len(t.loops), 5) {
			w *= 8
		}
	}
	v.weight += w
	t.code = append(t.code, instr{kind: kind, v: v})
}

func (t *translator) get(v *variable) { t.touch(v, instrGet) }

// set stores what value pushes.
func (t *translator) set(v *variable, value func()) {
	t.touch(v, instrAddr)
	value()
	t.touch(v, instrSet)
}

func (t *translator) newVariable(name string) *variable {
	v := &variable{name: name, reg: -1, slot: -1}
	t.vars = append(t.vars, v)
	return v
}

// block opens a block, a loop or an if, and returns its label.
func (t *translator) block(kind string) *label {
	if kind == "Loop" {
		t.loops = append(t.loops, len(t.code))
	}
	t.emit(kind)
	t.depth++
	t.kinds = append(t.kinds, kind)
	return &label{t.depth}
}

func (t *translator) end() {
	t.emit("End")
	t.depth--
	kind := t.kinds[t.depth]
	t.kinds = t.kinds[:t.depth]
	if kind == "Loop" {
		n := len(t.loops) - 1
		t.spans = append(t.spans, span{t.loops[n], len(t.code) - 1})
		t.loops = t.loops[:n]
	}
}

func (t *translator) br(op string, l *label) { t.emitf("%s $%d", op, t.depth-l.depth) }

// allocate gives the most used variables registers. Two variables can share one
// when their lives do not overlap. A variable that lives when a loop begins, and
// is used in it, lives until the loop ends.
func (t *translator) allocate() {
	sort.Slice(t.spans, func(i, j int) bool { return t.spans[i].last < t.spans[j].last })
	var live []*variable
	for _, v := range t.vars {
		if !v.used {
			continue
		}
		live = append(live, v)
		for _, s := range t.spans { // inner loops end first
			if v.first < s.first && v.last >= s.first && v.last < s.last {
				v.last = s.last
			}
		}
	}
	sort.SliceStable(live, func(i, j int) bool { return live[i].weight > live[j].weight })
	// Choose what fits: never more than numRegisters at any instruction.
	pressure := make([]int, len(t.code))
	var chosen, spilled []*variable
	for _, v := range live {
		fits := true
		for _, p := range pressure[v.first : v.last+1] {
			fits = fits && p < numRegisters
		}
		if !fits {
			spilled = append(spilled, v)
			continue
		}
		for i := v.first; i <= v.last; i++ {
			pressure[i]++
		}
		chosen = append(chosen, v)
	}
	// Lives are intervals, so taking them by their beginnings always finds a
	// free register.
	assign(chosen, func(v *variable, n int) { v.reg = n })
	t.numSlots = assign(spilled, func(v *variable, n int) { v.slot = n })
}

// assign gives each variable the lowest number that no other has meanwhile, and
// returns how many numbers there are.
func assign(vars []*variable, give func(v *variable, n int)) int {
	sort.SliceStable(vars, func(i, j int) bool { return vars[i].first < vars[j].first })
	var lasts []int // last instruction of a number's variable
	for _, v := range vars {
		n := 0
		for n < len(lasts) && lasts[n] >= v.first {
			n++
		}
		if n == len(lasts) {
			lasts = append(lasts, 0)
		}
		lasts[n] = v.last
		give(v, n)
	}
	return len(lasts)
}

// print writes the assembly of the function.
func (t *translator) print(out *bytes.Buffer, fd *ast.FuncDecl) {
	fmt.Fprintf(out, "\n// func %sAsm%s\n", fd.Name.Name, t.signature(fd))
	for _, v := range t.vars {
		if v.slot >= 0 {
			fmt.Fprintf(out, "// in the frame: %s at %d\n", v.name, 8*v.slot)
		}
	}
	fmt.Fprintf(out, "TEXT ·%sAsm(SB), NOSPLIT, $%d-%d\n", fd.Name.Name, 8*t.numSlots, t.argsSize)
	indent := 1
	for _, in := range t.code {
		text := in.text
		switch in.kind {
		case instrComment:
			text = "// " + text
		case instrGet:
			text = fmt.Sprintf("Get R%d", in.v.reg)
			if in.v.reg < 0 {
				text = fmt.Sprintf("Get SP\n%sI64Load $%d", strings.Repeat("\t", indent), 8*in.v.slot)
			}
		case instrAddr:
			if in.v.reg >= 0 {
				continue
			}
			text = "Get SP"
		case instrSet:
			text = fmt.Sprintf("Set R%d", in.v.reg)
			if in.v.reg < 0 {
				text = fmt.Sprintf("I64Store $%d", 8*in.v.slot)
			}
		}
		if text == "End" || text == "Else" {
			indent--
		}
		fmt.Fprintf(out, "%s%s\n", strings.Repeat("\t", indent), text)
		if text == "Block" || text == "Loop" || text == "If" || text == "Else" {
			indent++
		}
	}
}
