package explain

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Document is an explanation as JSON.
type Document struct {
	Operation    string             `json:"operation"`
	ID           string             `json:"id,omitempty"`
	API          string             `json:"api"`
	AnswersAt    []string           `json:"answersAt"`
	Mode         string             `json:"mode"`
	Inspect      string             `json:"inspect"`
	Raise        []string           `json:"raise,omitempty"`
	Sensitive    bool               `json:"sensitive,omitempty"`
	Denied       bool               `json:"denied"`
	Deprecated   bool               `json:"deprecated"`
	UnknownQuery string             `json:"unknownQuery"`
	Security     [][]UseDocument    `json:"security"` // alternatives; an empty one is anybody
	Allow        *Allow             `json:"allow,omitempty"`
	Limits       []LimitDocument    `json:"limits"`
	Parameters   []ParamDocument    `json:"parameters,omitempty"`
	Body         *BodyDocument      `json:"body,omitempty"`
	Responses    *ResponsesDocument `json:"responses,omitempty"`
	CORS         *CORSDocument      `json:"cors,omitempty"`
	Deviations   []string           `json:"deviations"`
}

// CORSDocument is who may ask from other origins.
type CORSDocument struct {
	Origins       []string `json:"origins"`
	Headers       []string `json:"headers"`
	MaxAgeSeconds uint32   `json:"maxAgeSeconds"`
	Credentials   bool     `json:"credentials"`
	Limit         string   `json:"limit,omitempty"`
}

// UseDocument is one scheme of an alternative.
type UseDocument struct {
	Scheme    string   `json:"scheme"`
	Kind      string   `json:"kind"`
	Where     string   `json:"where,omitempty"`
	Providers []string `json:"providers,omitempty"`
	KeysFrom  []string `json:"keysFrom,omitempty"` // by provider: URI of fetched keys, "ORIGIN as URI says" where metadata tells it, "" for keys in the table
	Bound     []string `json:"bound,omitempty"`    // by provider: what tokens must be bound to
	Accepts   string   `json:"accepts,omitempty"`  // whose keys or certificates
	Scopes    []string `json:"scopes,omitempty"`
}

// LimitDocument is a limit.
type LimitDocument struct {
	Name          string  `json:"name"`
	Requests      uint64  `json:"requests"`
	WindowSeconds float64 `json:"windowSeconds"`
	Burst         uint64  `json:"burst"`
	By            string  `json:"by"`
	Scope         string  `json:"scope"`
	Mode          string  `json:"mode"`
	Concurrent    uint32  `json:"concurrent,omitempty"`
	More          string  `json:"more,omitempty"`
}

// ParamDocument is a parameter.
type ParamDocument struct {
	In         string `json:"in"`
	Name       string `json:"name"`
	Style      string `json:"style"`
	Explode    bool   `json:"explode"`
	Required   bool   `json:"required"`
	AllowEmpty bool   `json:"allowEmpty,omitempty"`
	Deprecated bool   `json:"deprecated,omitempty"`
	Must       []Line `json:"must"`
}

// BodyDocument is a body.
type BodyDocument struct {
	Required       bool            `json:"required"`
	MaxBytes       uint32          `json:"maxBytes"` // 0: the plugin's
	MaxDepth       uint32          `json:"maxDepth"` // 0: the plugin's
	DuplicateNames bool            `json:"duplicateNames"`
	MediaTypes     []MediaDocument `json:"mediaTypes"`
}

// MediaDocument is a media type.
type MediaDocument struct {
	Range  string `json:"range"`
	Kind   string `json:"kind"`
	Action string `json:"action,omitempty"`
	Must   []Line `json:"must,omitempty"`
}

// Document is o as JSON; whole says what values must be as well.
func (o *Operation) Document(whole bool) Document {
	d := Document{
		Operation: o.Name(), ID: o.ID, API: o.API, AnswersAt: o.Mounts, Mode: o.Mode, Inspect: o.Inspect, Raise: o.Raise, Sensitive: o.Sensitive, Denied: o.Denied,
		Deprecated: o.Deprecated, UnknownQuery: o.UnknownQuery, Security: [][]UseDocument{}, Allow: o.Allow, Limits: []LimitDocument{}, Deviations: []string{},
	}
	for _, r := range o.Security {
		uses := []UseDocument{}
		for _, u := range r.Uses {
			if !slices.ContainsFunc(u.KeysFrom, func(uri string) bool { return uri != "" }) {
				u.KeysFrom = nil
			}
			uses = append(uses, UseDocument{KeysFrom: u.KeysFrom, Scheme: u.Scheme, Kind: u.Kind, Where: u.Where, Providers: u.Providers, Bound: u.Bound,
				Accepts: strings.TrimPrefix(u.consumersText(), " of "), Scopes: u.Scopes})
		}
		d.Security = append(d.Security, uses)
	}
	for _, l := range o.Limits {
		d.Limits = append(d.Limits, LimitDocument{l.Name, l.Requests, l.Window.Seconds(), l.Burst, l.By, l.Scope, l.Mode, l.Concurrent, l.More})
	}
	d.Deviations = append(d.Deviations, o.Deviations()...)
	if len(o.Origins) > 0 {
		d.CORS = &CORSDocument{o.Origins, append([]string{}, o.Headers...), o.MaxAge, o.Credentials, o.Limit}
	}
	if !whole {
		return d
	}
	if o.Responses != nil {
		d.Responses = &ResponsesDocument{o.Responses.Mode, o.Responses.documents()}
	}
	for _, p := range o.Params {
		d.Parameters = append(d.Parameters, ParamDocument{p.In, p.Name, p.Style, p.Explode, p.Required, p.AllowEmpty, p.Deprecated, p.Schema.Lines()})
	}
	if o.Body != nil {
		d.Body = &BodyDocument{Required: o.Body.Required, MaxBytes: o.MaxBody, MaxDepth: o.MaxDepth, DuplicateNames: o.Duplicates}
		for _, m := range o.Body.Media {
			doc := MediaDocument{Range: m.Range, Kind: m.Kind, Action: m.Action}
			if m.Kind != "opaque" {
				doc.Must = m.Schema.Lines()
			}
			d.Body.MediaTypes = append(d.Body.MediaTypes, doc)
		}
	}
	return d
}

// List writes one line for each operation.
func (t *Table) List(w io.Writer) {
	width := 0
	for _, op := range t.Operations {
		width = max(width, min(len(op.Name()), 60))
	}
	for _, op := range t.Operations {
		who := "public"
		switch {
		case op.Denied:
			who = "denied"
		case len(op.Security) > 0:
			who = "callers"
		}
		limit := "no limit"
		if len(op.Limits) > 0 {
			limit = "limited"
		}
		body := "no body"
		if op.Body != nil {
			body = "body"
		}
		fmt.Fprintf(w, "%-*s  %-7s  %-8s  %-7s  %2d parameters  %s %s\n", width, op.Name(), who, limit, body, len(op.Params), op.Mode, op.ID)
	}
	fmt.Fprintf(w, "requests of no operation: %s\n", t.Unknown)
}
