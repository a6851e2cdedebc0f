package report

import (
	_ "embed"
	"html/template"
	"io"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"sub": func(a, b int) int { return a - b },
	"status": func(c *Category) string {
		switch w := c.Worst(); {
		case len(c.Checks) == 0:
			return "blind"
		case w == "":
			return "clear"
		default:
			return string(w)
		}
	},
}).Parse(pageText))

// Render writes r as one HTML file without anything outside it.
func Render(w io.Writer, r *Report) error { return page.Execute(w, r) }
