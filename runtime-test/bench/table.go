package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// sample is the measurements of one figure, one a round.
type sample []float64

func (s sample) median() float64 {
	if len(s) == 0 {
		return 0
	}
	v := slices.Sorted(slices.Values(s))
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}

// interval is a 95 % interval of the median by order statistics (the binomial
// distribution, no assumption about the sample's); with few values their range.
func (s sample) interval() (low, high float64) {
	if len(s) == 0 {
		return 0, 0
	}
	v := slices.Sorted(slices.Values(s))
	n := len(v)
	p, cumulated := 1.0, 0.0 // of k successes in n throws of a coin, times 2^n
	total := 1.0
	for range n {
		total *= 2
	}
	k := 0
	for ; k < n/2; k++ {
		cumulated += p
		if cumulated/total > 0.025 {
			break
		}
		p = p * float64(n-k) / float64(k+1)
	}
	k = max(k, 1)
	return v[k-1], v[n-k]
}

// spread is how a sample is printed: median and interval.
func (s sample) spread(format string) string {
	low, high := s.interval()
	return fmt.Sprintf(format+" ("+format+"-"+format+")", s.median(), low, high)
}

// minus is the differences round by round.
func (s sample) minus(t sample) sample {
	var out sample
	for i := range min(len(s), len(t)) {
		out = append(out, s[i]-t[i])
	}
	return out
}

// markdown prints a table; the first column is text, the others are numbers.
func markdown(w io.Writer, head []string, rows [][]string) {
	fmt.Fprintf(w, "| %s |\n|---%s|\n", strings.Join(head, " | "), strings.Repeat("|---:", len(head)-1))
	for _, r := range rows {
		fmt.Fprintf(w, "| %s |\n", strings.Join(r, " | "))
	}
}
