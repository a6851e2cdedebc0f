package isel

import (
	"portcullis/filter/table"
)

// blockSite is a word that holds a block's first instruction and, besides, the
// place of its head.
type blockSite struct {
	put  func(pc, head uint32)
	pc   uint32
	proc *unit // the block is this procedure, when not nil
}

// callSite is a call or tail whose target is patched at the end.
type callSite struct {
	at uint32
	to *unit
}

// here is the index of the next instruction.
func (c *Compiler) here() uint32 { return uint32(len(c.code)) }

// inst appends an instruction with its location and returns its index.
func (c *Compiler) inst(in table.Inst, cold uint32) uint32 {
	c.code = append(c.code, in)
	c.cold = append(c.cold, cold)
	return c.here() - 1
}

// target makes the next instruction one that a jump leads to.
func (c *Compiler) target() uint32 {
	c.label = c.here()
	return c.label
}

// push and pop keep count of the frames that are open.
func (c *Compiler) push() {
	c.depth++
	c.most = max(c.most, c.depth)
}

func (c *Compiler) pop() { c.depth-- }

// end closes a block. A call before it becomes a tail.
func (c *Compiler) end(start uint32) {
	if n := c.here(); n > start && c.label < n {
		last := &c.code[n-1]
		if last.Op == table.OpCtlCall && last.A == 0 {
			*last = table.Inst{Op: table.OpCtlTail}
			return
		}
	}
	c.inst(table.Inst{Op: table.OpCtlEnd}, 0)
}

// procedure emits the code of u.
func (c *Compiler) procedure(u *unit) {
	c.now, c.depth, c.most = u, 0, 0
	u.pc = c.target()
	c.schema(u.key)
	c.end(u.pc)
	u.end, u.frames = c.here(), c.most
}

// run emits code that applies k to the current value.
func (c *Compiler) run(k key) {
	u := c.unit(k)
	if !u.isProc() {
		c.schema(k)
		return
	}
	a := uint8(0)
	if u.memo {
		a = 1
	}
	c.push()
	c.now.calls = append(c.now.calls, callDepth{u, c.depth})
	c.now.refs = append(c.now.refs, u)
	c.pop()
	at := c.inst(table.Inst{Op: table.OpCtlCall, A: a, D: u.proc}, 0)
	c.calls = append(c.calls, callSite{at, u})
}

// block emits k as a block, unless it is a procedure already, and arranges
// for put to be called with its first instruction and head.
func (c *Compiler) block(k key, put func(pc, head uint32)) {
	if u := c.unit(k); u.isProc() && !u.memo {
		c.now.refs = append(c.now.refs, u)
		c.blocks = append(c.blocks, blockSite{put: put, proc: u})
		return
	}
	start := c.target()
	c.run(k)
	c.end(start)
	c.blocks = append(c.blocks, blockSite{put: put, pc: start})
}

// patch fills in what was not known when code was emitted.
func (c *Compiler) patch() {
	for _, s := range c.calls {
		c.code[s.at].C = s.to.pc
	}
	for _, b := range c.blocks {
		pc := b.pc
		if b.proc != nil {
			pc = b.proc.pc
		}
		head := uint32(0)
		if in := c.code[pc]; in.Op == table.OpAssertType {
			head = table.HeadTypes | uint32(in.A)
			if c.code[pc+1].Op == table.OpCtlEnd {
				head |= table.HeadOnly
			}
		}
		b.put(pc, head)
	}
}

// finishProcs writes the procedure records.
func (c *Compiler) finishProcs() {
	total := make(map[*unit]uint32, len(c.entries))
	var frames func(u *unit) uint32
	frames = func(u *unit) uint32 {
		if n, ok := total[u]; ok {
			return n
		}
		total[u] = u.frames // in-place calls have no cycles; a part's do not count
		n := u.frames
		for _, call := range u.calls {
			n = max(n, call.depth+frames(call.to))
		}
		total[u] = n
		return n
	}
	reach := c.reach()
	for _, u := range c.entries {
		c.procs = append(c.procs, u.pc, frames(u)+1, reach[u], 0)
	}
}

// reach returns the number of instructions that each procedure can reach.
func (c *Compiler) reach() map[*unit]uint32 {
	reach := map[*unit]uint32{}
	for _, u := range c.entries {
		seen := map[*unit]bool{u: true}
		todo := []*unit{u}
		n := uint32(0)
		for len(todo) > 0 && n < reachEnough {
			x := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			n += x.end - x.pc
			for _, y := range x.refs {
				if !seen[y] {
					seen[y] = true
					todo = append(todo, y)
				}
			}
		}
		reach[u] = min(n, reachEnough)
	}
	return reach
}

// reachEnough is where counting stops: the validator's budget has reached its
// upper bound by then.
const reachEnough = 1 << 14
