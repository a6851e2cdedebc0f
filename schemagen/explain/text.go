package explain

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

func itoa[T uint32 | uint64 | int](n T) string { return strconv.FormatUint(uint64(n), 10) }

// Line is one fact about a value, at a place below the parameter or body.
type Line struct {
	At   string `json:"at"` // "" is the value, "/items/*" every element, "/name" a member
	Text string `json:"text"`
}

// Lines says what s asks of a value, one place a line, each schema once.
func (s *Schema) Lines() []Line {
	l := liner{first: map[*Schema]string{}}
	l.schema(s, "")
	return l.out
}

type liner struct {
	out   []Line
	first map[*Schema]string
}

// maxLines bounds an explanation: what is longer says so.
const maxLines = 2000

func (l *liner) add(at, text string) {
	switch len(l.out) {
	case maxLines:
		l.out = append(l.out, Line{at, "and more, which is left out here"})
	case maxLines + 1:
	default:
		l.out = append(l.out, Line{at, text})
	}
}

func (l *liner) schema(s *Schema, at string) {
	if len(l.out) > maxLines {
		return
	}
	if s == nil {
		l.add(at, "anything")
		return
	}
	if where, ok := l.first[s]; ok && s.hasParts() {
		if where == "" {
			where = "the whole value"
		}
		l.add(at, "the same as "+where)
		return
	}
	l.first[s] = at
	l.add(at, s.summary())
	l.parts(s, at)
}

// hasParts reports whether s says more than a line.
func (s *Schema) hasParts() bool {
	return len(s.Objects)+len(s.Arrays)+len(s.Contain)+len(s.Choices)+len(s.Nots)+len(s.Ifs)+len(s.Rest) > 0
}

// summary is what s says of the value itself, in a line.
func (s *Schema) summary() string {
	if s.Never {
		return "nothing: always refused"
	}
	var out []string
	if len(s.Types) > 0 {
		text := strings.Join(s.Types, " or ")
		if s.strict {
			text = strings.ReplaceAll(text, "integer", "integer (1.0 is none)")
		}
		out = append(out, text)
	}
	for _, e := range s.Enums {
		out = append(out, "one of "+shorten(e))
	}
	for _, b := range s.Numbers {
		out = append(out, map[string]string{
			"minimum": "at least ", "maximum": "at most ", "exclusiveMinimum": "more than ", "exclusiveMaximum": "less than ", "multipleOf": "a multiple of ",
		}[b.Keyword]+b.Value)
	}
	out = append(out, s.Length.text("character")...)
	for _, t := range s.Texts {
		if t.Keyword == "pattern" {
			out = append(out, "matches the pattern at "+t.Value)
		} else {
			out = append(out, "format "+t.Value)
		}
	}
	out = append(out, s.Items.text("item")...)
	if s.Unique {
		out = append(out, "no two items equal")
	}
	out = append(out, s.Members.text("member")...)
	for _, o := range s.Objects {
		if o.Closed {
			out = append(out, "no other members than those named")
		}
	}
	if s.Scoped {
		out = append(out, "nothing that is left unjudged")
	}
	if len(out) == 0 {
		return "anything"
	}
	return strings.Join(out, ", ")
}

// shorten lists values, as many as a line takes.
func shorten(values []string) string {
	n := 0
	for i, v := range values {
		if n += len(v); n > 240 && i > 0 {
			return strings.Join(values[:i], ", ") + fmt.Sprintf(" and %d more", len(values)-i)
		}
	}
	return strings.Join(values, ", ")
}

func (c Count) text(what string) []string {
	plural := func(n uint32) string {
		if n == 1 {
			return "1 " + what
		}
		return itoa(n) + " " + what + "s"
	}
	switch {
	case c.Bounded && c.Min == c.Max:
		return []string{"exactly " + plural(c.Min)}
	case c.Bounded && c.Min > 0:
		return []string{itoa(c.Min) + " to " + plural(c.Max)}
	case c.Bounded:
		return []string{"at most " + plural(c.Max)}
	case c.Min > 0:
		return []string{"at least " + plural(c.Min)}
	}
	return nil
}

func (l *liner) parts(s *Schema, at string) {
	for _, o := range s.Objects {
		l.object(o, at)
	}
	for _, a := range s.Arrays {
		for i, x := range a.Prefix {
			l.schema(x, at+"/"+itoa(i))
		}
		if a.Others != nil {
			l.schema(a.Others, at+"/*")
		}
	}
	for _, c := range s.Contain {
		l.add(at, "of its items, "+strings.Join(append(c.Count.text("item"), "each"), ", ")+":")
		l.schema(c.Schema, at+"/(some)")
	}
	for _, c := range s.Choices {
		l.choice(c, at)
	}
	for _, x := range s.Nots {
		l.add(at, "must not be:")
		l.schema(x, at+" (not)")
	}
	for _, c := range s.Ifs {
		cond := "when it has " + strconv.Quote(c.Has)
		if c.If != nil {
			l.add(at, "when it is:")
			l.schema(c.If, at+" (if)")
			cond = "then"
		}
		l.add(at, cond+", it must be:")
		l.schema(c.Then, at+" (then)")
		if c.Else != nil {
			l.add(at, "otherwise it must be:")
			l.schema(c.Else, at+" (else)")
		}
	}
	for _, x := range s.Rest {
		if x == nil {
			l.add(at, "members and items that nothing above judges are refused")
			continue
		}
		l.add(at, "members and items that nothing above judges must be:")
		l.schema(x, at+"/(rest)")
	}
}

func (l *liner) choice(c Choice, at string) {
	switch {
	case len(c.Branches) > 0 && c.Branches[0].When != "":
		l.add(at, "depending on the value:")
	case c.One:
		l.add(at, "exactly one of "+itoa(len(c.Branches))+" alternatives:")
	default:
		l.add(at, "any of "+itoa(len(c.Branches))+" alternatives:")
	}
	for i, b := range c.Branches {
		tag := at + " (" + itoa(i+1) + ")"
		if b.When != "" {
			l.add(tag, "when "+b.When)
		}
		l.schema(b.Schema, tag)
	}
}

func (l *liner) object(o Object, at string) {
	for _, p := range o.Props {
		n := len(l.out)
		l.schema(p.Schema, at+"/"+escape(p.Name))
		if p.Required && n < len(l.out) {
			l.out[n].Text = "required; " + l.out[n].Text
		}
	}
	for _, p := range o.Patterns {
		l.schema(p.Schema, at+"/(names that match pattern "+p.Pattern+")")
	}
	if o.Names != nil {
		l.schema(o.Names, at+"/(names)")
	}
	if o.Additional != nil {
		l.schema(o.Additional, at+"/(other members)")
	}
	var of []string
	for name := range o.Needs {
		of = append(of, name)
	}
	slices.Sort(of)
	for _, name := range of {
		l.add(at, fmt.Sprintf("with %q it needs %q", name, o.Needs[name]))
	}
}

func escape(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}

// Write explains o as text.
func (o *Operation) Write(w io.Writer) {
	fmt.Fprintf(w, "%s\n", o.Name())
	if o.ID != "" {
		fmt.Fprintf(w, "  operation    %s\n", o.ID)
	}
	api := o.API
	if o.Title != "" {
		api += " (" + o.Title + ")"
	}
	fmt.Fprintf(w, "  api          %s\n  answers at   %s\n", api, strings.Join(o.Mounts, ", "))
	fmt.Fprintf(w, "  mode         %s\n  looks at     %s\n", modeText[o.Mode], inspectText[o.Inspect])
	if o.Sensitive {
		fmt.Fprintf(w, "  sensitive    yes\n")
	}
	for _, line := range o.Raise {
		fmt.Fprintf(w, "  raised to    %s\n", line)
	}
	fmt.Fprintf(w, "\nwho may call\n")
	for _, line := range o.securityLines() {
		fmt.Fprintf(w, "  %s\n", line)
	}
	o.Allow.write(w)
	fmt.Fprintf(w, "\nhow often\n")
	for _, l := range o.Limits {
		fmt.Fprintf(w, "  %s\n", l.Text())
	}
	if len(o.Limits) == 0 {
		fmt.Fprintf(w, "  as often as they like: no limit\n")
	}
	if len(o.Forward) > 0 {
		fmt.Fprintf(w, "\nwhat the upstream is told\n")
		for _, line := range o.Forward {
			fmt.Fprintf(w, "  %s\n", line)
		}
	}
	fmt.Fprintf(w, "\nparameters\n")
	for _, p := range o.Params {
		fmt.Fprintf(w, "  %s\n", p.head())
		writeLines(w, p.Schema.Lines(), "    ")
	}
	fmt.Fprintf(w, "  other query parameters: %s\n", o.UnknownQuery)
	fmt.Fprintf(w, "\nbody\n")
	o.writeBody(w)
	if o.Responses != nil {
		fmt.Fprintf(w, "\nresponses\n")
		if o.AtDeep {
			fmt.Fprintf(w, "  to requests that are looked at deep alone\n")
		}
		o.Responses.write(w)
	}
	if lines := o.Extras.lines(); lines != nil {
		fmt.Fprintf(w, "\nother origins\n")
		for _, line := range lines {
			fmt.Fprintf(w, "  %s\n", line)
		}
	}
	if d := o.Deviations(); len(d) > 0 {
		fmt.Fprintf(w, "\ndeviations\n")
		for _, line := range d {
			fmt.Fprintf(w, "  %s\n", line)
		}
	}
}

var (
	modeText = map[string]string{
		"enforce": "enforce: refusals are refused", "monitor": "monitor: refusals are counted and let through", "off": "off: nothing is judged",
	}
	inspectText = map[string]string{
		"headers":    "headers: route, limits and callers; neither parameters nor bodies",
		"parameters": "parameters: everything but bodies", "body": "body: everything", "deep": "deep: everything, and nothing passes unread or by name",
	}
)

func (o *Operation) securityLines() (out []string) {
	if len(o.Security) == 0 {
		return []string{"anybody: it is public"}
	}
	for i, r := range o.Security {
		text := "anybody"
		var uses []string
		for _, u := range r.Uses {
			uses = append(uses, u.Text())
		}
		if len(uses) > 0 {
			text = strings.Join(uses, " and ")
		}
		if i > 0 {
			text = "or " + text
		}
		out = append(out, text)
	}
	return out
}

// Text says in a line what a use asks for.
func (u Use) Text() string {
	text := "who has a " + u.Kind
	if u.Kind == "API key" {
		text = "who has an " + u.Kind
	}
	if u.Where != "" {
		text += " in " + u.Where
	}
	if len(u.Providers) > 0 {
		text += " from " + strings.Join(u.Providers, " or ")
		for i, uri := range u.KeysFrom {
			if uri != "" {
				text += ", " + u.Providers[i] + "'s keys fetched from " + uri + ","
			}
		}
	}
	if len(u.Asked) > 0 {
		text += ", " + strings.Join(u.Asked, " and ") + ","
	}
	if len(u.Bound) > 0 {
		text += ", bound to " + strings.Join(u.Bound, " and ")
	}
	text += u.consumersText()
	if len(u.Scopes) > 0 {
		text += " with " + strings.Join(u.Scopes, ", ")
	}
	return text + " (scheme " + u.Scheme + ")"
}

func (p Param) head() string {
	out := []string{p.In + " " + p.Name}
	if p.Required {
		out = append(out, "required")
	}
	style := p.Style
	if p.Explode {
		style += ", explode"
	}
	out = append(out, "("+style+")")
	if p.AllowEmpty {
		out = append(out, "may be empty")
	}
	if p.Deprecated {
		out = append(out, "deprecated")
	}
	return strings.Join(out, " ")
}

func writeLines(w io.Writer, lines []Line, indent string) {
	width := 0
	for _, l := range lines {
		width = max(width, min(len(l.At), 40))
	}
	for _, l := range lines {
		if width == 0 {
			fmt.Fprintf(w, "%s%s\n", indent, l.Text)
			continue
		}
		fmt.Fprintf(w, "%s%-*s  %s\n", indent, width, l.At, l.Text)
	}
}

func (o *Operation) writeBody(w io.Writer) {
	if o.Body == nil {
		fmt.Fprintf(w, "  none may come\n")
		return
	}
	need := "optional"
	if o.Body.Required {
		need = "required"
	}
	fmt.Fprintf(w, "  %s; at most %s, nested at most %s; duplicate names %s\n", need, orPlugin(o.MaxBody, " bytes"), orPlugin(o.MaxDepth, " deep"),
		map[bool]string{true: "pass", false: "are refused"}[o.Duplicates])
	for _, m := range o.Body.Media {
		text := m.Range + " (" + m.Kind + ")"
		if m.Kind == "opaque" {
			fmt.Fprintf(w, "  %s: %s\n", text, map[string]string{"pass": "passes unread", "deny": "refused"}[m.Action])
			continue
		}
		fmt.Fprintf(w, "  %s\n", text)
		writeLines(w, m.Schema.Lines(), "    ")
	}
	fmt.Fprintf(w, "  other media types: refused\n")
}

func orPlugin(n uint32, unit string) string {
	if n == 0 {
		return "what the plugin is configured for"
	}
	return itoa(n) + unit
}

// Deviations is what o does otherwise than its description may lead to expect.
func (o *Operation) Deviations() (out []string) {
	if o.Denied {
		out = append(out, "every request is refused: something of the operation can't be enforced and is not waived")
	}
	switch o.Mode {
	case "monitor":
		out = append(out, "nothing is refused: the mode is monitor")
	case "off":
		out = append(out, "nothing is judged: the mode is off")
	}
	switch o.Inspect {
	case "headers":
		out = append(out, "parameters and bodies are not looked at"+o.unless())
	case "parameters":
		out = append(out, "bodies are not looked at"+o.unless())
	}
	if o.Body != nil {
		for _, m := range o.Body.Media {
			if m.Kind == "opaque" {
				out = append(out, map[string]string{
					"pass": "bodies of " + m.Range + " pass unread", "deny": "bodies of " + m.Range + " are refused, though described",
				}[m.Action])
			}
		}
	}
	if o.UnknownQuery != "deny" {
		out = append(out, "query parameters that are not described pass")
	}
	if o.Duplicates {
		out = append(out, "duplicate member names pass: which one counts is up to the upstream")
	}
	out = append(append(out, o.Ambiguous...), o.Extras.deviations()...)
	for _, l := range o.Limits {
		if l.Mode != "enforce" {
			out = append(out, "the limit "+l.Name+" only counts")
		}
	}
	return out
}
