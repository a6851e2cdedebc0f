package engine_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"portcullis/filter/engine"
	"portcullis/filter/verdict"
)

const github = "../../../shared/testdata/specs/github--api.github.com.json"

// BenchmarkHeaders judges what stands before the body: the router over more
// than 1000 operations of GitHub's description, and scalar parameters.
func BenchmarkHeaders(b *testing.B) {
	if _, err := os.Stat(github); err != nil {
		b.Skipf("no %s: the specifications are not part of the repository", github)
	}
	e := engineOf(b, github)
	for _, path := range []string{"/meta", "/repos/octocat/hello-world/issues/42/comments?per_page=100&page=3&since=2024-01-01T00:00:00Z", "/orgs/octo/teams/core/memberships/ada"} {
		b.Run(path, func(b *testing.B) {
			r := request("GET", path, []string{"accept: application/json", "user-agent: bench", "x-request-id: 1"}, nil)
			var d engine.Decision
			b.ReportAllocs()
			for b.Loop() {
				e.CheckHeaders(r, &d)
			}
			if d.Code != verdict.Allow {
				b.Fatal(d.Code.Name())
			}
		})
	}
}

// formSpec is one schema as JSON, a form and a multipart body.
const formSpec = `openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /x:
    post:
      requestBody:
        content:
          application/json: &m {schema: {type: object, required: [id], properties: {id: {type: integer}, tags: {type: array, items: {type: string, maxLength: 64}}}, additionalProperties: {type: string, maxLength: 64}}}
          application/x-www-form-urlencoded: *m
          multipart/form-data: *m
      responses: {}
`

// BenchmarkBody judges 10 KB of the same values in three forms.
func BenchmarkBody(b *testing.B) {
	path := b.TempDir() + "/api.yaml"
	if err := os.WriteFile(path, []byte(formSpec), 0o600); err != nil {
		b.Fatal(err)
	}
	e := engineOf(b, path)
	form, js := "id=1", `{"id":1`
	multi := "--XX\r\nContent-Disposition: form-data; name=\"id\"\r\n\r\n1\r\n"
	for i := 0; len(form) < 10<<10; i++ {
		name, value := "field"+strconv.Itoa(i), "some text of an ordinary length"
		form += "&" + name + "=" + strings.ReplaceAll(value, " ", "+")
		js += `,"` + name + `":"` + value + `"`
		multi += "--XX\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
	}
	for _, t := range []struct{ name, contentType, body string }{
		{"json", "application/json", js + "}"},
		{"form", "application/x-www-form-urlencoded", form},
		{"multipart", "multipart/form-data; boundary=XX", multi + "--XX--\r\n"},
	} {
		b.Run(t.name, func(b *testing.B) {
			r := request("POST", "/x", []string{"content-type: " + t.contentType}, &t.body)
			var d engine.Decision
			b.ReportAllocs()
			b.SetBytes(int64(len(t.body)))
			for b.Loop() {
				judge(e, r, &d)
			}
			if d.Code != verdict.Allow {
				b.Fatal(d.Code.Name(), d.Offset)
			}
		})
	}
}
