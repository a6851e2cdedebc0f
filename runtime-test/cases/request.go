package cases

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// build makes the request of a step: defaults, token, body and answer.
func (f *File) build(c *Case, def *RequestDef, now time.Time) (*Request, error) {
	d := &f.Defaults
	r := &Request{
		Method: first(def.Method, d.Method), Path: first(def.Path, d.Path, "/"), Host: first(def.Host, d.Host, "localhost"),
		Scheme: first(def.Scheme, d.Scheme, "https"), Reset: def.Reset, Stall: time.Duration(def.Stall),
	}
	var fields []Field
	overridden := map[string]bool{}
	for _, h := range def.Headers {
		overridden[h.Name] = true
	}
	for _, h := range d.Headers {
		if !overridden[h.Name] {
			fields = append(fields, h)
		}
	}
	fields = append(fields, def.Headers...)

	body, chunked, err := f.body(def)
	if err != nil {
		return nil, err
	}
	r.HasBody, r.Chunked, r.Chunks = body != nil, chunked, body
	r.HasBody = r.HasBody || len(def.Trailers) > 0 || def.Stall > 0 || def.Reset
	if r.Method == "" {
		r.Method = "GET"
		if r.HasBody {
			r.Method = "POST"
		}
	}
	auth := def.Auth
	if !auth.Set {
		auth = d.Auth
	}
	name, value, err := f.credential(auth, now)
	if err != nil {
		return nil, err
	}
	if name != "" {
		r.Headers = append(r.Headers, Header{name, value})
	}
	if def.Proof != nil {
		fields, err := f.proof(def.Proof, r, value, now)
		if err != nil {
			return nil, err
		}
		r.Headers = append(r.Headers, fields...)
	}
	has := map[string]bool{}
	for _, h := range fields {
		has[h.Name] = true
		if !h.Absent {
			r.Headers = append(r.Headers, Header{h.Name, h.Value})
		}
	}
	if def.JSON != nil && !has["content-type"] {
		r.Headers = append(r.Headers, Header{"content-type", "application/json"})
	}
	if !has["content-length"] && !r.Chunked && body != nil {
		n := 0
		for _, b := range body {
			n += len(b)
		}
		r.Headers = append(r.Headers, Header{"content-length", strconv.Itoa(n)})
	}
	for _, h := range def.Trailers {
		r.Trailers = append(r.Trailers, Header{h.Name, h.Value})
	}
	r.Answer = Answer{Status: 200, Body: []byte("upstream")}
	if u := c.Upstream; u != nil {
		if u.Status != 0 {
			r.Answer.Status = u.Status
		}
		r.Answer.Body = []byte(u.Body)
		for _, h := range u.Headers {
			r.Answer.Headers = append(r.Answer.Headers, Header{h.Name, h.Value})
		}
	}
	return r, nil
}

// body returns the pieces of the body, nil for no body, and whether they are sent without a length.
func (f *File) body(def *RequestDef) (pieces [][]byte, chunked bool, err error) {
	chunked = len(def.Trailers) > 0 || def.Stall > 0 || def.Reset
	switch {
	case def.Chunks != nil:
		pieces = [][]byte{}
		for _, c := range *def.Chunks {
			pieces = append(pieces, []byte(c))
		}
		return pieces, true, nil
	case def.JSON != nil:
		return [][]byte{def.JSON.Text}, chunked, nil
	case def.Body != nil:
		return [][]byte{bytes.Repeat([]byte(*def.Body), max(def.BodyRepeat, 1))}, chunked, nil
	case def.BodyFile != "":
		b, err := os.ReadFile(f.abs(def.BodyFile))
		if err != nil {
			return nil, false, fmt.Errorf("body file: %w", err)
		}
		return [][]byte{b}, chunked, nil
	}
	return nil, chunked, nil
}

// credential makes the header of an auth.
func (f *File) credential(a Auth, now time.Time) (name, value string, err error) {
	t := a.Token
	if t == nil {
		if a.Name == "" || a.Name == "none" {
			return "", "", nil
		}
		named := f.Tokens[a.Name]
		t = &named
	}
	name, scheme := "authorization", "Bearer "
	if t.In != "" {
		name, scheme = t.In, ""
	}
	if t.Scheme != nil {
		scheme = *t.Scheme
		if scheme != "" {
			scheme += " "
		}
	}
	if t.Raw != nil {
		return name, scheme + *t.Raw, nil
	}
	key, err := f.signingKey(t.Key)
	if err != nil {
		return "", "", err
	}
	if t, err = f.bind(t); err != nil {
		return "", "", err
	}
	token, err := Mint(t, key, now)
	return name, scheme + token, err
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
