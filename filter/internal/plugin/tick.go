package plugin

import (
	"portcullis/filter/config"
	"portcullis/filter/internal/abi"
	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

// Tick runs the watchdog of one root context. Time is counted in ticks: hosts may
// have a frozen clock, and a tick that is late only lengthens the wait.
func (v *VM) Tick(id uint32) {
	v.begin()
	r := v.root(id)
	if r == nil {
		return
	}
	r.ticks++
	if r.ticks%r.ticksPerLog == 0 {
		v.log.tick(v.host)
		v.metrics.calls = 0
	}
	r.meter.tell(v.host)
	v.metrics.addN(v.host, metricArenaOverflows, v.arena.TakeOverflows())
	v.tellMetrics()
	if v.sig.budget.bounded() {
		v.sig.budget.tick(v.host.NowNanos(), r.periodNanos)
	}
	late := r.ring.tick()
	late = r.desk.tick() || late
	late = v.lateWaits(r) || late
	for i := 0; v.held.used != 0 && i < len(v.held.slots); i++ {
		if h := &v.held.slots[i]; h.id != 0 && h.root == r && r.ticks > h.deadline {
			v.timeout(uint16(i))
			late = true
		}
	}
	if late {
		v.host.SetContext(id)
	}
}

// timeout ends a request whose body has not come.
func (v *VM) timeout(i uint16) {
	h := &v.held.slots[i]
	c := v.streams.find(h.id)
	if c == nil || c.state != stateHeld || c.held != i {
		v.held.free(i) // a contradiction: Delete frees slots
		return
	}
	v.begin() // in this tick another request may have been judged again
	if v.host.SetContext(h.id) != abi.StatusOK {
		// The host has forgotten the stream: an answer now would go to another one.
		c.leave()
		v.dropNote(c)
		v.streams.remove(h.id)
		v.held.free(i)
		return
	}
	code := verdict.BodyTimeout
	if !v.sawBody && h.root.cfg.Hold == config.HoldStop {
		code = verdict.BodyUnjudged
		v.logSetup()
	}
	v.resume(h, code)
	monitor := c.mode == table.ModeMonitor
	v.settleHeld(c)
	if monitor {
		v.host.Resume() // it waits for nobody else
	}
}
