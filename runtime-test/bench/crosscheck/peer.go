package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"

	"portcullis/runtime-test/cases"
)

// judgement is what a peer says of a request: nil, or why not.
type judgement func(r *http.Request) error

// errCannot says that a peer can't read a description at all.
var errCannot = errors.New("does not read the description")

// kin is kin-openapi's openapi3filter with gorilla's router.
func kin(spec string) (judgement, error) {
	loader := openapi3.NewLoader()
	loader.IsExternalRefsAllowed = true
	doc, err := loader.LoadFromFile(spec)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", errCannot, err)
	}
	if doc.OpenAPI == "" {
		return nil, fmt.Errorf("%w: it is no OpenAPI 3", errCannot)
	}
	for _, s := range doc.Servers { // hosts are the proxy's business
		for name, v := range s.Variables {
			s.URL = strings.ReplaceAll(s.URL, "{"+name+"}", v.Default)
		}
		if u, err := url.Parse(s.URL); err == nil && u.Path != "" {
			s.URL = u.Path
		} else {
			s.URL = "/"
		}
		s.Variables = nil
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", errCannot, err)
	}
	return func(r *http.Request) error {
		route, params, err := router.FindRoute(r)
		if err != nil {
			return err
		}
		return openapi3filter.ValidateRequest(context.Background(), &openapi3filter.RequestValidationInput{
			Request: r, PathParams: params, Route: route,
			Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, RejectWhenRequestBodyNotSpecified: true, SkipSettingDefaults: true},
		})
	}, nil
}

// lib is libopenapi-validator.
func lib(spec string) (judgement, error) {
	data, err := os.ReadFile(spec)
	if err != nil {
		return nil, err
	}
	doc, err := libopenapi.NewDocument(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", errCannot, err)
	}
	v, errs := validator.NewValidator(doc)
	if len(errs) > 0 {
		return nil, fmt.Errorf("%w: %v", errCannot, errs[0])
	}
	return func(r *http.Request) error {
		ok, problems := v.ValidateHttpRequestSync(r)
		if ok {
			return nil
		}
		var text []string
		for _, p := range problems {
			if p.ValidationType == "security" {
				continue // nobody is asked who he is
			}
			text = append(text, p.Message+": "+p.Reason)
		}
		if text == nil {
			return nil
		}
		return errors.New(strings.Join(text, "; "))
	}, nil
}

// engine makes a peer an engine of cases, for one description.
type engine struct {
	name  string
	judge judgement
}

func (e engine) Name() string { return e.name }

func (e engine) Load(context.Context, cases.Setup) (cases.Instance, error) { return e, nil }

func (engine) Now() time.Time                             { return time.Time{} }
func (engine) Advance(time.Duration) error                { return nil }
func (engine) Metrics([]string) (map[string]int64, error) { return nil, nil }
func (engine) Logs() ([]string, error)                    { return nil, nil }
func (engine) Close() error                               { return nil }

// Do asks the peer. One that panics refuses.
func (e engine) Do(q *cases.Request) (out *cases.Outcome, err error) {
	defer func() {
		if p := recover(); p != nil {
			out, err = &cases.Outcome{Answered: true, Answer: cases.Answer{Status: 400, Body: []byte(fmt.Sprintf("panic: %v", p))}}, nil
		}
	}()
	r, err := httpRequest(q)
	if err == nil {
		err = e.judge(r)
	}
	if err != nil {
		return &cases.Outcome{Answered: true, Answer: cases.Answer{Status: 400, Body: []byte(err.Error())}}, nil
	}
	return &cases.Outcome{Answered: true, FromUpstream: true}, nil
}

func httpRequest(q *cases.Request) (*http.Request, error) {
	r, err := http.NewRequest(q.Method, "https://"+q.Host+q.Path, bytes.NewReader(bytes.Join(q.Chunks, nil)))
	if err != nil {
		return nil, err
	}
	for _, h := range q.Headers {
		r.Header.Add(h.Name, h.Value)
	}
	if !q.HasBody {
		r.Body, r.ContentLength = http.NoBody, 0
	}
	return r, nil
}
