package param_test

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"portcullis/filter/json"
	"portcullis/filter/verdict"
)

// form is an operation with one body.
func form(mediaType, schema, encoding string) string {
	if encoding != "" {
		encoding = ", encoding: " + encoding
	}
	return fmt.Sprintf("  /x:\n    post:\n      requestBody: {content: {%s: {schema: %s%s}}}\n      responses: {}\n", mediaType, schema, encoding)
}

const (
	urlencoded = "application/x-www-form-urlencoded"
	formData   = "multipart/form-data"
	lists      = "{type: object, additionalProperties: {type: array, items: {type: string}}}"
)

func TestForm(t *testing.T) {
	const schema = "{type: object, properties: {n: {type: integer}, l: {type: array, items: {type: integer}}, o: {type: object, properties: {x: {type: boolean}}}, u: {type: [integer, array], items: {type: integer}}}}"
	tests := []struct{ encoding, body, want string }{
		{"", "n=5", "{n:5}"},
		{"", "", "{}"},
		{"", "n=5&x=6", `{n:5,x:"6"}`},
		{"", "n=5&n=6", "body_duplicate"},
		{"", "l=1&n=2&l=3", "{l:[1,3],n:2}"},
		{"", "l=1", "{l:[1]}"},
		{"", "l[]=1&l[]=2", "{l:[1,2]}"},
		{"", "l[0]=1&l[1]=2", "{l:[1,2]}"},
		{"", "o[x]=true", "{o:{x:true}}"},
		{"", `o={"x":true}`, "{o:{x:true}}"},
		{"", "o=x", "malformed"},
		{"", "o[x]=true&o[x]=false", "body_duplicate"},
		{"", "z[a]=1", `{z[a]:"1"}`},
		{"", "%6E=5", "{n:5}"},
		{"", "n=%3", "malformed"},
		{"", "n=%00", "malformed"},
		{"", "n=\xff", "malformed"},
		{"{l: {style: form, explode: false}}", "l=1,2", "{l:[1,2]}"},
		{"{l: {style: pipeDelimited}}", "l=1%7C2", "{l:[1,2]}"},
		{"{l: {style: spaceDelimited}}", "l=1+2&n=3", "{l:[1,2],n:3}"},
		{"{o: {style: deepObject}}", "o[x]=true", "{o:{x:true}}"},
		{"{o: {style: form}}", "x=true&n=1", "{o:{x:true},n:1}"},
		{"{o: {style: form, explode: false}}", "o=x,true", "{o:{x:true}}"},
	}
	for _, tt := range tests {
		tab, op := open(t, form(urlencoded, schema, tt.encoding))
		d, out := decoder(), json.NewTape(1000)
		body := []byte(tt.body)
		got := ""
		switch code := d.Form(tab, tab.Media(op.Media().Start), body, out); code {
		case verdict.Allow:
			sound(t, out)
			got = show(out, 0)
		case verdict.ParamDuplicate:
			got = "body_duplicate"
		case verdict.ParamMalformed:
			got = "malformed"
		default:
			got = code.Name()
		}
		if got != tt.want {
			t.Errorf("Form(%q) with %s = %s, want %s", tt.body, tt.encoding, got, tt.want)
		}
		if n := testing.AllocsPerRun(20, func() { d.Form(tab, tab.Media(op.Media().Start), body, out) }); n != 0 {
			t.Errorf("Form(%q): %v allocations", tt.body, n)
		}
	}
}

// FuzzForm holds Form against net/url: what it accepts, net/url reads so too.
func FuzzForm(f *testing.F) {
	tab, op := open(f, form(urlencoded, lists, ""))
	m := tab.Media(op.Media().Start)
	d, out := decoder(), json.NewTape(4096)
	for _, s := range []string{"a=1", "a=1&b=2&a=3", "a", "=", "&&", "a=%41+%C3%A4", "a=%", "a=b=c", "a%3D=1", "a=1;b=2", "a=1%3B", strings.Repeat("a=1&", 600)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if bytes.IndexByte(body, '[') >= 0 || bytes.Contains(bytes.ToLower(body), []byte("%5b")) {
			return // brackets lead into fields
		}
		code := d.Form(tab, m, body, out)
		want, err := url.ParseQuery(string(body))
		if code != verdict.Allow {
			return
		}
		sound(t, out)
		if err != nil {
			t.Fatalf("Form(%q) accepted what net/url refuses: %v", body, err)
		}
		got := url.Values{}
		for i := uint32(1); i < out.Nodes[0].Ext; i = out.Next(i + 1) {
			name := string(out.Text(i))
			for e := i + 2; e < out.Nodes[i+1].Ext; e++ {
				got.Add(name, string(out.Text(e)))
			}
		}
		if got.Encode() != want.Encode() {
			t.Fatalf("Form(%q) = %v, want %v", body, got, want)
		}
	})
}

// FuzzPlainForm is FuzzForm for forms of scalars under their own names, which
// have a way of their own.
func FuzzPlainForm(f *testing.F) {
	tab, op := open(f, form(urlencoded, "{type: object, properties: {n: {type: integer}, s: {type: [string, 'null']}}, additionalProperties: {type: string}}", ""))
	m := tab.Media(op.Media().Start)
	d, out := decoder(), json.NewTape(4096)
	for _, s := range []string{"n=1&a=2", "n=x", "s=null&n=-1.5", "a=1&a=2", "=&a", "&&a=%C3%A4+b&", "a=%", "a+b=c+d", "a=1%262", "n", "a=\xff", "n]", "!s=1", "a]=1"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if bytes.IndexByte(body, '[') >= 0 || bytes.Contains(bytes.ToLower(body), []byte("%5b")) {
			return
		}
		code := d.Form(tab, m, body, out)
		want, err := url.ParseQuery(string(body))
		if code != verdict.Allow {
			once := err == nil && len(body) < 16<<10
			for name, values := range want {
				once = once && len(values) == 1 && sane(name) && sane(values[0]) && !mayBeDeclared(name)
			}
			if once && !bytes.ContainsFunc(body, func(r rune) bool { return r <= ' ' || r == '#' || r == 0x7f }) {
				t.Fatalf("Form(%q) = %s, want allow", body, code.Name())
			}
			return
		}
		sound(t, out)
		if err != nil {
			t.Fatalf("Form(%q) accepted what net/url refuses: %v", body, err)
		}
		got := url.Values{}
		for i := uint32(1); i < out.Nodes[0].Ext; i += 2 {
			name, n := string(out.Text(i)), out.Nodes[i+1]
			if got.Has(name) {
				t.Fatalf("Form(%q) has %q twice", body, name)
			}
			got.Add(name, string(out.Text(i+1)))
			if n.Kind() != json.KindString && name != "n" && name != "s" {
				t.Fatalf("Form(%q) made no string of %q", body, name)
			}
		}
		if got.Encode() != want.Encode() {
			t.Fatalf("Form(%q) = %v, want %v", body, got, want)
		}
	})
}

// mayBeDeclared reports names that frameworks may take for n or s, and some that
// they do not.
func mayBeDeclared(name string) bool {
	rest := strings.TrimLeft(name, "[] !")
	return strings.ContainsAny(name, "[]. !") && rest != "" && (rest[0] == 'n' || rest[0] == 's')
}

func sane(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

func part(name, content string, fields ...string) string {
	out := "--XX\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n"
	for _, f := range fields {
		out += f + "\r\n"
	}
	return out + "\r\n" + content + "\r\n"
}

const end = "--XX--\r\n"

func TestMultipart(t *testing.T) {
	const schema = "{type: object, properties: {n: {type: integer}, l: {type: array, items: {type: integer}}, o: {type: object}, f: {}, fs: {type: array, items: {}}, s: {type: string}}}"
	tests := []struct{ encoding, body, want string }{
		{"", part("n", "5") + end, "{n:5}"},
		{"", part("n", "5") + "--XX--", "{n:5}"},
		{"", part("n", "5") + part("n", "6") + end, "param_duplicate"},
		{"", part("l", "5") + part("l", "6") + end, "{l:[5,6]}"},
		{"", part("l", "5") + end, "{l:[5]}"},
		{"", part("l", "[5,6]", "Content-Type: application/json") + end, "{l:[5,6]}"},
		{"", part("o", `{"a":[1]}`) + end, "{o:{a:[1]}}"},
		{"", part("n", "1") + part("o", `{"a":[1,{"b":2}]}`, "content-type: application/json") + end, "{n:1,o:{a:[1,{b:2}]}}"},
		{"", part("o", `{"a":1,"a":2}`, "content-type: application/json") + end, "param_duplicate"},
		{"", part("f", "\xff\x00", "Content-Type: image/png") + end, "{f:\"\xff\x00\"}"},
		{"", part("f", "\xff") + end, "{f:\"\xff\"}"},
		{"", part("s", "\xff") + end, "body_utf8"},
		{"", part("fs", "\xff", "Content-Type: image/png") + end, "{fs:[\"\xff\"]}"},
		{"", part("fs", "a", "Content-Type: image/png") + part("fs", "b", "Content-Type: image/gif") + end, `{fs:["a","b"]}`},
		{"", part("s", "a\r\n--XY\r\n") + end, "{s:\"a\r\n--XY\r\n\"}"},
		{"", part("s", "") + end, `{s:""}`},
		{"", part("s", "a\r\n--XXa") + end, "body_syntax"},
		{"", "x" + part("n", "5") + end, "body_syntax"},
		{"", part("n", "5") + end + "x", "body_syntax"},
		{"", part("n", "5"), "body_syntax"},
		{"", "--XX", "body_syntax"},
		{"", "--XX\r\n\r\nx\r\n--XX--", "body_syntax"},
		{"", "--XX\r\n--XX--", "body_syntax"},
		{"", part("n", "5", "Content-Disposition: form-data; name=\"s\"") + end, "body_syntax"},
		{"", part("n", "5", " folded") + end, "body_syntax"},
		{"", part("n", "5", "Content-Transfer-Encoding: base64") + end, "body_encoding"},
		{"", part("n", "5", "Content-Type: text/plain; charset=latin1") + end, "body_media_type"},
		{"", strings.Replace(part("n", "5"), `"n"`, `"n"; filename="a;b\"c"`, 1) + end, "body_syntax"},
		{"", strings.Replace(part("n", "5"), `"n"`, `"n"; filename="a;b"`, 1) + end, "{n:5}"},
		{"", strings.Replace(part("n", "5"), `"n"`, `"n"; name="s"`, 1) + end, "body_syntax"},
		{"", strings.Replace(part("n", "5"), `form-data`, `attachment`, 1) + end, "body_syntax"},
		{"{l: {style: form, explode: false}}", part("l", "1,2") + end, "{l:[1,2]}"},
		{"{o: {style: form, explode: false}}", part("o", "a,2") + end, `{o:{a:"2"}}`},
		{"{f: {contentType: 'image/*'}}", part("f", "x", "Content-Type: image/png") + end, `{f:"x"}`},
		{"{f: {contentType: 'image/*'}}", part("f", "x", "Content-Type: text/html") + end, "body_media_type"},
		{"{f: {contentType: 'image/png, application/json'}}", part("f", "[1]", "Content-Type: application/json") + end, "{f:[1]}"},
		{"{o: {contentType: 'application/json'}}", part("o", "{}") + end, "{o:{}}"},
	}
	for _, tt := range tests {
		tab, op := open(t, form(formData, schema, tt.encoding))
		m := tab.Media(op.Media().Start)
		d, out := decoder(), json.NewTape(1000)
		body, boundary := []byte(tt.body), []byte("XX")
		code := d.Multipart(tab, m, boundary, body, out)
		got := code.Name()
		if code == verdict.Allow {
			sound(t, out)
			got = show(out, 0)
		}
		if got != tt.want {
			t.Errorf("Multipart(%q) with %s = %q, want %q", tt.body, tt.encoding, got, tt.want)
		}
		if n := testing.AllocsPerRun(20, func() { d.Multipart(tab, m, boundary, body, out) }); n != 0 {
			t.Errorf("Multipart(%q): %v allocations", tt.body, n)
		}
	}
}

// FuzzMultipart holds Multipart against mime/multipart: what it accepts, that
// reads so too.
func FuzzMultipart(f *testing.F) {
	tab, op := open(f, form(formData, "{type: object, additionalProperties: {type: array, items: {}}}", ""))
	m := tab.Media(op.Media().Start)
	d, out := decoder(), json.NewTape(4096)
	for _, s := range []string{part("a", "1") + end, part("a", "1") + part("a", "2") + part("b", "\r\n") + end, end, part("a", "x\r\n--XX") + end,
		part("a", "1", "Content-Type: image/png") + end, part("ä", "") + end, strings.Replace(part("n", "5"), `"n"`, `n; filename="x"`, 1) + end} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		in := slices.Clone(body)
		code := d.Multipart(tab, m, []byte("XX"), body, out)
		if !bytes.Equal(in, body) {
			t.Fatal("Multipart changed the body")
		}
		if code != verdict.Allow {
			return
		}
		sound(t, out)
		want := map[string][]string{}
		for r := multipart.NewReader(bytes.NewReader(body), "XX"); ; {
			p, err := r.NextRawPart()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("Multipart(%q) accepted what mime/multipart refuses: %v", body, err)
			}
			content, _ := io.ReadAll(p)
			want[p.FormName()] = append(want[p.FormName()], string(content))
		}
		got := map[string][]string{}
		for i := uint32(1); i < out.Nodes[0].Ext; i = out.Next(i + 1) {
			name := string(out.Text(i))
			for e := i + 2; e < out.Nodes[i+1].Ext; e = out.Next(e) {
				if k := out.Nodes[e].Kind(); k != json.KindString {
					return // JSON inside: its text is not on the tape as it was
				}
				got[name] = append(got[name], string(out.Text(e)))
			}
		}
		if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Fatalf("Multipart(%q) = %q, want %q", body, got, want)
		}
	})
}
