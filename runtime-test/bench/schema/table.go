package schema

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

func median(v []float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	v = slices.Sorted(slices.Values(v))
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}

// ratio is the median of the ratios of rounds.
func ratio(a, b []float64) float64 {
	var out []float64
	for i := range min(len(a), len(b)) {
		out = append(out, a[i]/b[i])
	}
	return median(out)
}

func geometric(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += math.Log(x)
	}
	return math.Exp(sum / float64(len(v)))
}

// verdict is a ratio, in bold if it is above most; 0 is no bar.
func verdict(q, most float64) string {
	format := "%.2f"
	if q < 0.1 {
		format = "%.3f"
	}
	if most > 0 && q > most {
		format = "**" + format + "**"
	}
	return fmt.Sprintf(format, q)
}

// markdown prints a table; the first column is text, the others are numbers.
func markdown(w io.Writer, head []string, rows [][]string) {
	fmt.Fprintf(w, "| %s |\n|---%s|\n", strings.Join(head, " | "), strings.Repeat("|---:", len(head)-1))
	for _, r := range rows {
		fmt.Fprintf(w, "| %s |\n", strings.Join(r, " | "))
	}
}
