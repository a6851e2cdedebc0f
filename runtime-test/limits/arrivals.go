// Package limits simulates a limit of a policy in virtual time: who would be let
// through, if requests arrived like this? It decides with filter/limit, the code
// that decides in the proxy, and plots what came of it, so that a limit can be
// chosen before it is deployed.
package limits

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Arrival is one request.
type Arrival struct {
	At     time.Duration // after the start
	Caller string
	Cost   uint64 // 0: what the limit says
}

// maxArrivals bounds a simulation.
const maxArrivals = 50_000_000

// Generate makes arrivals for a time from a description: terms joined by '+',
//
//	constant:RATE     evenly spaced
//	poisson:RATE      independent of each other
//	burst:N/EVERY     N at once, again and again, the first at the start
//
// where RATE is 20/s, 90/m or 4/h, or a number a second. Each request is by one of
// so many callers, chosen at random from seed, as is all else that is random.
func Generate(text string, length time.Duration, callers int, seed uint64) ([]Arrival, error) {
	rng := rand.New(rand.NewPCG(seed, 0x706f7274))
	var out []Arrival
	for _, term := range strings.Split(text, "+") {
		var times func(add func(time.Duration)) // calls add in order, until beyond length
		kind, arg, _ := strings.Cut(term, ":")
		expected := 0.0
		switch kind {
		case "constant", "poisson":
			rate, err := parseRate(arg)
			if err != nil {
				return nil, fmt.Errorf("arrivals %q: %w", term, err)
			}
			expected = rate * length.Seconds()
			times = func(add func(time.Duration)) {
				at := 0.0
				for i := 0; at < length.Seconds(); i++ {
					if kind == "poisson" {
						at += rng.ExpFloat64() / rate
					} else {
						at = float64(i) / rate
					}
					add(time.Duration(at * 1e9))
				}
			}
		case "burst":
			count, every, _ := strings.Cut(arg, "/")
			n, err := strconv.Atoi(count)
			period, err2 := time.ParseDuration(every)
			if err != nil || err2 != nil || n < 1 || period <= 0 {
				return nil, fmt.Errorf("arrivals %q: want burst:N/EVERY, as burst:50/10s", term)
			}
			expected = float64(n) * (float64(length/period) + 1)
			times = func(add func(time.Duration)) {
				for at := time.Duration(0); at < length; at += period {
					for range n {
						add(at)
					}
				}
			}
		default:
			return nil, fmt.Errorf("arrivals %q: want constant:RATE, poisson:RATE or burst:N/EVERY", term)
		}
		if expected+float64(len(out)) > maxArrivals {
			return nil, fmt.Errorf("arrivals %q: %.0f requests, want at most %d", term, expected, maxArrivals)
		}
		times(func(at time.Duration) {
			if at < length {
				out = append(out, Arrival{At: at, Caller: strconv.Itoa(rng.IntN(max(callers, 1)))})
			}
		})
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].At < out[j].At })
	return out, nil
}

// parseRate reads requests a second.
func parseRate(text string) (float64, error) {
	count, unit, found := strings.Cut(text, "/")
	seconds, ok := map[string]float64{"s": 1, "m": 60, "h": 3600, "d": 86400}[unit]
	if !found {
		seconds, ok = 1, true
	}
	n, err := strconv.ParseFloat(count, 64)
	if err != nil || !ok || !(n > 0) || math.IsInf(n, 0) {
		return 0, fmt.Errorf("found the rate %q, want a number, or one of /s, /m, /h or /d", text)
	}
	return n / seconds, nil
}

// ReadTrace reads arrivals, one a line: the time, the caller and the cost, the last
// two optional, with spaces in between. Times are seconds or RFC 3339, and count
// from the earliest. Empty lines and those that begin with '#' are none.
func ReadTrace(r io.Reader) ([]Arrival, error) {
	var out []Arrival
	s := bufio.NewScanner(r)
	for n := 1; s.Scan(); n++ {
		f := strings.Fields(s.Text())
		if len(f) == 0 || f[0][0] == '#' {
			continue
		}
		var a Arrival
		if seconds, err := strconv.ParseFloat(f[0], 64); err == nil && math.Abs(seconds) < 9e9 {
			a.At = time.Duration(seconds * 1e9)
		} else if t, err := time.Parse(time.RFC3339Nano, f[0]); err == nil {
			a.At = time.Duration(t.UnixNano())
		} else {
			return nil, fmt.Errorf("trace line %d: found the time %q, want seconds or RFC 3339", n, f[0])
		}
		if len(f) > 1 {
			a.Caller = f[1]
		}
		if len(f) > 2 {
			cost, err := strconv.ParseUint(f[2], 10, 32)
			if err != nil || cost == 0 {
				return nil, fmt.Errorf("trace line %d: found the cost %q, want a number over 0", n, f[2])
			}
			a.Cost = cost
		}
		if len(f) > 3 {
			return nil, fmt.Errorf("trace line %d: found %d fields, want time, caller and cost", n, len(f))
		}
		if out = append(out, a); len(out) > maxArrivals {
			return nil, fmt.Errorf("trace: more than %d lines", maxArrivals)
		}
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("read the trace: %w", err)
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].At < out[j].At })
	for i := len(out) - 1; i >= 0; i-- {
		out[i].At -= out[0].At
	}
	return out, nil
}
