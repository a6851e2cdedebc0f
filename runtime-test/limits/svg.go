package limits

import (
	"fmt"
	"html"
	"io"
	"math"
	"strings"
	"time"
)

// The plot, in pixels: two panels, one over the other.
const (
	plotWidth  = 960
	plotLeft   = 70
	plotRight  = 20
	topPanel   = 70
	topHeight  = 300
	lowPanel   = 430
	lowHeight  = 120
	plotHeight = 600
)

// Colours that people who see fewer can tell apart (Okabe and Ito).
const (
	blue   = "#0072b2"
	orange = "#e69f00"
	dark   = "#222222"
	pale   = "#dddddd"
	green  = "#009e73"
)

// WriteSVG plots admitted and refused requests over time, and what was left of the
// burst.
func (r *Result) WriteSVG(w io.Writer) error {
	var b strings.Builder
	inner := float64(plotWidth - plotLeft - plotRight)
	width := inner / float64(len(r.Bins))
	binSeconds := r.Length.Seconds() / float64(len(r.Bins))
	l := r.Limit
	allowed := float64(l.Requests) / (float64(l.WindowNanos) / 1e9)
	single := len(r.Callers) < 2
	most := 0.0
	for _, bin := range r.Bins {
		most = max(most, float64(bin.Admitted+bin.Refused)/binSeconds)
	}
	if single {
		most = max(most, allowed)
	}
	top := nice(most)

	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13" fill="%s">`+"\n", plotWidth, plotHeight, plotWidth, plotHeight, dark)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/>`+"\n", plotWidth, plotHeight)
	text(&b, plotLeft, 24, "start", 17, fmt.Sprintf("%s: %d in %s, burst %d", l.Name, l.Requests, short(time.Duration(l.WindowNanos)), l.Burst))
	text(&b, plotLeft, 46, "start", 13, fmt.Sprintf("offered %d, admitted %d (%s), refused %d", r.Offered, r.Admitted, percent(r.Admitted, r.Offered), r.Offered-r.Admitted))
	for i, k := range []struct{ name, colour string }{{"refused", orange}, {"admitted", blue}} {
		x := plotWidth - plotRight - 80 - i*100
		fmt.Fprintf(&b, `<rect x="%d" y="36" width="12" height="12" fill="%s"/>`, x, k.colour)
		text(&b, float64(x+17), 46, "start", 13, k.name)
	}

	axis(&b, topPanel, topHeight, top, "requests a second")
	for i, bin := range r.Bins {
		x := plotLeft + float64(i)*width
		y := float64(topPanel + topHeight)
		for _, part := range []struct {
			n      int
			colour string
		}{{bin.Admitted, blue}, {bin.Refused, orange}} {
			h := float64(part.n) / binSeconds / top * topHeight
			if h > 0 {
				y -= h
				fmt.Fprintf(&b, `<rect x="%.2f" y="%.2f" width="%.2f" height="%.2f" fill="%s"/>`+"\n", x, y, width*0.9, h, part.colour)
			}
		}
	}
	if single {
		y := topPanel + topHeight - allowed/top*topHeight
		fmt.Fprintf(&b, `<line x1="%d" y1="%.2f" x2="%d" y2="%.2f" stroke="%s" stroke-width="1.5" stroke-dasharray="6 4"/>`+"\n", plotLeft, y, plotWidth-plotRight, y, dark)
		fmt.Fprintf(&b, `<g stroke="white" stroke-width="4" paint-order="stroke" stroke-linejoin="round">`)
		text(&b, plotWidth-plotRight, y-6, "end", 12, "sustained rate")
		b.WriteString("</g>\n")
	}

	burst := nice(float64(l.Burst))
	axis(&b, lowPanel, lowHeight, burst, "left")
	title := "what was left of the burst, at the least"
	if !single {
		title = "what was left of the burst, at the least, of those who asked"
	}
	text(&b, plotLeft, lowPanel-8, "start", 12, title)
	var path strings.Builder
	drawing := false
	for i, bin := range r.Bins {
		if bin.Left < 0 {
			drawing = false
			continue
		}
		x, y := plotLeft+(float64(i)+0.5)*width, lowPanel+lowHeight-float64(bin.Left)/burst*lowHeight
		op := byte('L')
		if !drawing {
			op = 'M'
		}
		drawing = true
		fmt.Fprintf(&path, "%c%.2f %.2f", op, x, y)
		if i+1 == len(r.Bins) || r.Bins[i+1].Left < 0 {
			fmt.Fprintf(&path, "h0.1") // a point alone is seen, too
		}
	}
	fmt.Fprintf(&b, `<path d="%s" fill="none" stroke="%s" stroke-width="2" stroke-linecap="round"/>`+"\n", path.String(), green)
	for i := range 7 {
		x := plotLeft + inner*float64(i)/6
		text(&b, x, lowPanel+lowHeight+20, "middle", 12, short(r.Length*time.Duration(i)/6))
	}
	text(&b, plotLeft+inner/2, lowPanel+lowHeight+40, "middle", 12, "time")
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func text(b *strings.Builder, x, y float64, anchor string, size int, s string) {
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="%s" font-size="%d">%s</text>`+"\n", x, y, anchor, size, html.EscapeString(s))
}

// axis draws the grid of a panel from 0 to most.
func axis(b *strings.Builder, y, height int, most float64, name string) {
	steps := 4
	if height < 200 {
		steps = 2
	}
	for i := range steps + 1 {
		at := float64(y+height) - float64(height)*float64(i)/float64(steps)
		fmt.Fprintf(b, `<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="%s"/>`+"\n", plotLeft, at, plotWidth-plotRight, at, pale)
		text(b, plotLeft-8, at+4, "end", 12, fmt.Sprintf("%.4g", most*float64(i)/float64(steps)))
	}
	fmt.Fprintf(b, `<text transform="translate(18 %d) rotate(-90)" text-anchor="middle" font-size="12">%s</text>`+"\n", y+height/2, html.EscapeString(name))
}

// nice is a round number of at least v: 1, 2, 4 or 8 times a power of ten.
func nice(v float64) float64 {
	if v <= 0 {
		return 1
	}
	p := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 4, 8, 10} {
		if m*p >= v*(1-1e-9) {
			return m * p
		}
	}
	return 10 * p
}

// short writes a duration without the zeros of smaller units.
func short(d time.Duration) string {
	d = d.Round(time.Millisecond)
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}
