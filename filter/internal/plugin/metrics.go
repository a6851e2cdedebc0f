package plugin

import (
	"portcullis/filter/internal/abi"
	"portcullis/filter/verdict"
)

// Counters beside those that stand for a reason code. The first ones are the ways
// in which a request passes.
const (
	passedAllowed = iota
	passedModeOff
	passedUnknown
	passedUpgrade
	metricUnknownStreams
	metricArenaOverflows
	metricSuppressedLines
	deprecatedOperations
	deprecatedParameters
	undeclaredParameters
	responsesAllowed
	responsesUnjudged
	responsesOfHost
	requestsWaited
	waitsLate
	preflightsAnswered
	bodiesUnjudged
	inspectedHeaders // by level, in their order
	inspectedParameters
	inspectedBody
	inspectedDeep
	riskLow // by label, in their order
	riskMedium
	riskHigh
	raisedAnonymous // by fact, in their order
	raisedRefusals
	raisedSample
	raisedSensitive
	numCounters
)

// counterNames is indexed by the constants above. Names are append-only: they are
// documented in filter/FORMATS.md.
var counterNames = [numCounters]string{
	passedAllowed:         "portcullis.requests_allowed",
	passedModeOff:         "portcullis.passed.mode_off",
	passedUnknown:         "portcullis.passed.unknown_operation",
	passedUpgrade:         "portcullis.passed.upgrade",
	metricUnknownStreams:  "portcullis.unknown_streams",
	metricArenaOverflows:  "portcullis.arena_overflows",
	metricSuppressedLines: "portcullis.suppressed_log_lines",
	deprecatedOperations:  "portcullis.deprecated_operations",
	deprecatedParameters:  "portcullis.deprecated_parameters",
	undeclaredParameters:  "portcullis.undeclared_parameters",
	responsesAllowed:      "portcullis.responses_allowed",
	responsesUnjudged:     "portcullis.responses_unjudged",
	responsesOfHost:       "portcullis.responses_of_proxy",
	requestsWaited:        "portcullis.requests_waited",
	waitsLate:             "portcullis.waits_late",
	preflightsAnswered:    "portcullis.preflights_answered",
	bodiesUnjudged:        "portcullis.bodies_unjudged",
	inspectedHeaders:      "portcullis.inspected.headers",
	inspectedParameters:   "portcullis.inspected.parameters",
	inspectedBody:         "portcullis.inspected.body",
	inspectedDeep:         "portcullis.inspected.deep",
	riskLow:               "portcullis.risk.low",
	riskMedium:            "portcullis.risk.medium",
	riskHigh:              "portcullis.risk.high",
	raisedAnonymous:       "portcullis.raised.anonymous",
	raisedRefusals:        "portcullis.raised.refusals",
	raisedSample:          "portcullis.raised.sample",
	raisedSensitive:       "portcullis.raised.sensitive",
}

// metrics holds the host's ids of all counters. A metric never decides anything: a
// host without metrics loses them and nothing else.
//
// Adding to one is a host call, which costs as much as the route of a request. The first
// callsPerPeriod additions of a period are made at once, so that a count can be read
// when its request has been answered; what comes after them is added up here and
// told at the next tick.
//
// Invariants: an id is valid only where its bit in ok is set; late is set when any
// metric, those of meters included, has something waiting; without ticks, nothing
// ever waits.
type metrics struct {
	defined  bool
	ticks    bool // the host has promised ticks
	late     bool
	calls    uint32 // in this period
	counters [numCounters]metric
	refused  [verdict.NumCodes]metric
	would    [verdict.NumCodes]metric
}

type metric struct {
	id      uint32
	ok      bool
	waiting int64 // what the host was not told yet
}

// callsPerPeriod is as many as there are lines about refusals in a period.
const callsPerPeriod = linesPerTick

// define makes all counters, once a VM; configuration only.
func (m *metrics) define(h abi.Host) {
	if m.defined {
		return
	}
	m.defined = true
	for i := range m.counters {
		m.counters[i] = define(h, counterNames[i])
	}
	for c := verdict.NeedBody + 1; c < verdict.NumCodes; c++ {
		if c == verdict.NeedAnswer {
			continue
		}
		m.refused[c] = define(h, "portcullis.refused."+c.Name())
		m.would[c] = define(h, "portcullis.would_refuse."+c.Name())
	}
}

func define(h abi.Host, name string) metric {
	id, st := h.DefineMetric(abi.MetricCounter, name)
	return metric{id: id, ok: st == abi.StatusOK}
}

// add counts one.
func (m *metrics) add(h abi.Host, counter int) { m.addN(h, counter, 1) }

// addN counts n; hosts refuse to add 0.
func (m *metrics) addN(h abi.Host, counter int, n uint32) {
	if n > 0 {
		m.count(h, &m.counters[counter], int64(n))
	}
}

func (m *metrics) refuse(h abi.Host, c verdict.Code)      { m.count(h, &m.refused[inRange(c)], 1) }
func (m *metrics) wouldRefuse(h abi.Host, c verdict.Code) { m.count(h, &m.would[inRange(c)], 1) }

// count adds n to c, now or at the next tick.
func (m *metrics) count(h abi.Host, c *metric, n int64) {
	if m.calls < callsPerPeriod || !m.ticks {
		m.calls++
		count(h, *c, n)
		return
	}
	c.waiting += n
	m.late = true
}

// tellMetrics tells the host what waits, of every root.
func (v *VM) tellMetrics() {
	m := &v.metrics
	if !m.late {
		return
	}
	m.late = false
	tellAll(v.host, m.counters[:])
	tellAll(v.host, m.refused[:])
	tellAll(v.host, m.would[:])
	for _, r := range v.roots {
		if r.meter != nil {
			tellAll(v.host, r.meter.exceeded)
		}
	}
}

func tellAll(h abi.Host, list []metric) {
	for i := range list {
		if n := list[i].waiting; n > 0 {
			list[i].waiting = 0
			count(h, list[i], n)
		}
	}
}

func count(h abi.Host, c metric, n int64) {
	if c.ok {
		h.AddMetric(c.id, n)
	}
}

func inRange(c verdict.Code) verdict.Code {
	if c >= verdict.NumCodes {
		return verdict.Internal
	}
	return c
}
