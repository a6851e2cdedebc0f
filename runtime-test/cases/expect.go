package cases

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// compare returns what is not as expected, one line each. answers is false for an engine that makes no answer but the problem document and
// has no proxy: headers are not compared then.
func compare(e *Expect, o *Outcome, answers bool) []string {
	var wrong []string
	bad := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if e == nil {
		e = &Expect{}
	}
	want := e.verdict()
	if got := o.Verdict(); got != want {
		bad("verdict is %s, want %s", describe(o), want)
		return wrong // the rest would only repeat it
	}
	status := e.Status
	if status == 0 && want == "accept" && o.Answer.Status >= 500 {
		bad("status is %d", o.Answer.Status)
	}
	if status != 0 && o.Answer.Status != status {
		bad("status is %d, want %d", o.Answer.Status, status)
	}
	if want == "refuse" {
		wrong = append(wrong, e.problem(o)...)
	}
	if answers {
		wrong = append(wrong, compareFields("answer header", e.Headers, o.Answer.Headers)...)
	}
	if e.Body != "" && !strings.Contains(string(o.Answer.Body), e.Body) {
		bad("answer body is %q, want it to contain %q", short(o.Answer.Body), e.Body)
	}

	u := &e.Upstream
	requests := 0
	if want == "accept" {
		requests = 1
	}
	if u.Requests != nil {
		requests = *u.Requests
	}
	if o.Upstream.Requests != requests {
		bad("upstream saw %d requests, want %d", o.Upstream.Requests, requests)
	}
	if answers && o.Upstream.BeforeVerdict != u.BeforeVerdict && o.Upstream.Requests > 0 && want == "refuse" {
		bad("upstream saw the headers before the verdict = %v, want %v", o.Upstream.BeforeVerdict, u.BeforeVerdict)
	}
	if answers {
		wrong = append(wrong, compareFields("upstream header", u.Headers, o.Upstream.Headers)...)
		wrong = append(wrong, compareFields("upstream trailer", u.Trailers, o.Upstream.Trailers)...)
	}
	if u.Body != nil && string(o.Upstream.Body) != *u.Body {
		bad("upstream body is %q, want %q", short(o.Upstream.Body), *u.Body)
	}
	return wrong
}

func (e *Expect) verdict() string {
	switch {
	case e.Verdict != "":
		return e.Verdict
	case e.Code != "" || e.Status >= 400:
		return "refuse"
	}
	return "accept"
}

// problem checks the members of the problem document.
func (e *Expect) problem(o *Outcome) []string {
	if e.Code == "" && e.Part == "" && e.Pointer == nil && e.Keyword == "" && e.Parameter == "" && e.Detail == "" {
		return nil
	}
	var p problem
	if err := json.Unmarshal(o.Answer.Body, &p); err != nil {
		return []string{fmt.Sprintf("answer is no problem document: %v: %q", err, short(o.Answer.Body))}
	}
	var wrong []string
	check := func(what, got, want string) {
		if want != "" && got != want {
			wrong = append(wrong, fmt.Sprintf("%s is %q, want %q", what, got, want))
		}
	}
	check("code", p.Code, e.Code)
	if p.Status != o.Answer.Status {
		wrong = append(wrong, fmt.Sprintf("the document's status is %d, the answer's %d", p.Status, o.Answer.Status))
	}
	if e.Detail != "" && !strings.Contains(p.Detail, e.Detail) {
		wrong = append(wrong, fmt.Sprintf("detail is %q, want it to contain %q", p.Detail, e.Detail))
	}
	if e.Part == "" && e.Pointer == nil && e.Keyword == "" && e.Parameter == "" {
		return wrong
	}
	if len(p.Errors) == 0 {
		return append(wrong, "the document has no errors member")
	}
	first := p.Errors[0]
	check("part", partNamed(&p, e.Part), e.Part)
	check("parameter", first.Name, e.Parameter)
	check("keyword", first.Keyword, e.Keyword)
	if e.Pointer != nil {
		got := "absent"
		if first.Pointer != nil {
			got = fmt.Sprintf("%q", *first.Pointer)
		}
		if got != fmt.Sprintf("%q", *e.Pointer) {
			wrong = append(wrong, fmt.Sprintf("pointer is %s, want %q", got, *e.Pointer))
		}
	}
	return wrong
}

// compareFields looks up each expected field; several expected values of a name are all its values in order.
func compareFields(what string, want Fields, got []Header) []string {
	var wrong []string
	done := map[string]bool{}
	for _, f := range want {
		if done[f.Name] {
			continue
		}
		done[f.Name] = true
		var wants, gots []string
		for _, w := range want {
			if w.Name == f.Name && !w.Absent {
				wants = append(wants, w.Value)
			}
		}
		for _, g := range got {
			if strings.EqualFold(g.Name, f.Name) {
				gots = append(gots, g.Value)
			}
		}
		if f.Absent {
			if len(gots) > 0 {
				wrong = append(wrong, fmt.Sprintf("%s %s is %q, want none", what, f.Name, gots))
			}
			continue
		}
		if !slices.EqualFunc(gots, wants, matches) {
			wrong = append(wrong, fmt.Sprintf("%s %s is %q, want %q", what, f.Name, gots, wants))
		}
	}
	return wrong
}

// matches compares a value with an expected one, which is a regular expression after ~.
func matches(got, want string) bool {
	if pattern, ok := strings.CutPrefix(want, "~"); ok {
		ok, err := regexp.MatchString(strings.TrimSpace(pattern), got)
		return ok && err == nil
	}
	return got == want
}

func describe(o *Outcome) string {
	text := o.Verdict()
	if o.Answered {
		text += fmt.Sprintf(" (%d %s)", o.Answer.Status, short(o.Answer.Body))
	}
	if o.Detail != "" {
		text += " (" + o.Detail + ")"
	}
	return text
}

func short(b []byte) string {
	const most = 400
	if len(b) > most {
		return fmt.Sprintf("%s...(%d bytes)", b[:most], len(b))
	}
	return string(b)
}
