package explain

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"portcullis/filter/table"
)

// Responses is how an operation's responses are judged.
type Responses struct {
	Mode string // enforce: what is not declared does not leave; monitor: it is counted
	List []Response
}

// Response is one declared response.
type Response struct {
	Status  string // "200", "2XX" or "default"
	Headers []Param
	Media   []Media // empty: it has no body
}

// responses reads those of op; nil when they are not judged.
func (r *reader) responses(op table.Op) *Responses {
	if op.ResponseMode() == 0 {
		return nil
	}
	out := &Responses{Mode: name(modes, op.ResponseMode())}
	for i := op.Responses().Start; i < op.Responses().End(); i++ {
		rec := r.t.Response(i)
		x := Response{Status: statuses(rec.Statuses())}
		for p := rec.Headers().Start; p < rec.Headers().End(); p++ {
			x.Headers = append(x.Headers, r.param(r.t.Param(p)))
		}
		for m := rec.Media().Start; m < rec.Media().End(); m++ {
			media := r.t.Media(m)
			d := r.media(media)
			switch media.Kind() {
			case table.BodyJSON, table.BodyOpaque:
			default: // only JSON is read
				d.Kind, d.Action, d.Schema = "opaque", name(actions, media.Action()), nil
				if media.Kind() == table.BodyNDJSON {
					d.Action = "pass"
				}
			}
			x.Media = append(x.Media, d)
		}
		out.List = append(out.List, x)
	}
	return out
}

// statuses writes a range of statuses as OpenAPI does.
func statuses(from, to uint16) string {
	switch {
	case from == to:
		return strconv.Itoa(int(from))
	case from%100 == 0 && to == from+99:
		return strconv.Itoa(int(from/100)) + "XX"
	}
	return "default"
}

// write explains what responses must be.
func (r *Responses) write(w io.Writer) {
	what := "what is not declared does not leave"
	if r.Mode == "monitor" {
		what = "what is not declared is counted and leaves"
	}
	fmt.Fprintf(w, "  %s: %s\n", r.Mode, what)
	for _, x := range r.List {
		if len(x.Media) == 0 {
			fmt.Fprintf(w, "  %s, without a body\n", x.Status)
		}
		for _, m := range x.Media {
			how := m.Kind
			if how == "opaque" {
				how = "not read: " + m.Action
			}
			fmt.Fprintf(w, "  %s %s, %s\n", x.Status, m.Range, how)
			if m.Kind != "opaque" {
				writeLines(w, m.Schema.Lines(), "    ")
			}
		}
		for _, h := range x.Headers {
			need := "optional"
			if h.Required {
				need = "required"
			}
			fmt.Fprintf(w, "    header %s, %s\n", h.Name, need)
			writeLines(w, h.Schema.Lines(), "      ")
		}
	}
}

// ResponsesDocument is how responses are judged.
type ResponsesDocument struct {
	Mode     string             `json:"mode"`
	Declared []ResponseDocument `json:"declared"`
}

// ResponseDocument is a declared response.
type ResponseDocument struct {
	Status  string          `json:"status"`
	Headers []ParamDocument `json:"headers,omitempty"`
	Media   []MediaDocument `json:"mediaTypes"`
}

func (r *Responses) documents() (out []ResponseDocument) {
	for _, x := range r.List {
		d := ResponseDocument{Status: x.Status, Media: []MediaDocument{}}
		for _, p := range x.Headers {
			d.Headers = append(d.Headers, ParamDocument{p.In, p.Name, p.Style, p.Explode, p.Required, p.AllowEmpty, p.Deprecated, p.Schema.Lines()})
		}
		for _, m := range x.Media {
			md := MediaDocument{Range: m.Range, Kind: m.Kind, Action: m.Action}
			if m.Kind != "opaque" {
				md.Must = m.Schema.Lines()
			}
			d.Media = append(d.Media, md)
		}
		out = append(out, d)
	}
	return out
}

// Extras is what few operations have.
type Extras struct {
	Origins     []string // who may ask from other origins, "*" for all
	Headers     []string // fields that their requests may have
	MaxAge      uint32   // seconds that an answer to a preflight request may be kept
	Credentials bool
	Limit       string   // that preflight requests are charged to
	Encodings   []string // of bodies that pass unread
	Upgrades    []string // protocols that connections may change to
}

func (r *reader) extras(op uint32) (out Extras) {
	i := r.t.FindExtra(op)
	if i == table.NoIndex {
		return out
	}
	x := r.t.Extra(i)
	out = Extras{Origins: list(x.Origins()), Headers: list(x.Headers()), MaxAge: x.MaxAge(), Credentials: x.Credentials(), Encodings: list(x.Encodings()), Upgrades: list(x.Upgrades())}
	if x.Limit() != table.NoIndex {
		out.Limit = string(r.t.Limit(x.Limit()).Name)
	}
	return out
}

func list(n table.Names) (out []string) {
	for i := range n.Len() {
		out = append(out, string(n.At(i)))
	}
	return out
}

// lines explains who may ask from other origins, none where nobody is answered.
func (x Extras) lines() (out []string) {
	if len(x.Origins) == 0 {
		return nil
	}
	who := strings.Join(x.Origins, ", ")
	if x.Origins[0] == "*" {
		who = "documents of any origin"
	}
	if x.Credentials {
		who += ", with credentials"
	}
	out = append(out, who)
	if len(x.Headers) > 0 {
		out = append(out, "fields: "+strings.Join(x.Headers, ", "))
	}
	last := fmt.Sprintf("preflight requests are answered here, for %d seconds", x.MaxAge)
	if x.Limit != "" {
		last += ", and charged to " + x.Limit
	}
	return append(out, last)
}

// deviations says what of requests is not judged.
func (x Extras) deviations() (out []string) {
	if len(x.Encodings) > 0 {
		out = append(out, "bodies with the content encoding "+strings.Join(x.Encodings, ", ")+" pass unread")
	}
	if len(x.Upgrades) > 0 {
		out = append(out, "connections may change to "+strings.Join(x.Upgrades, ", ")+": what follows is not judged")
	}
	return out
}
