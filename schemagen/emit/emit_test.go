package emit

import (
	"bytes"
	"strings"
	"testing"

	"portcullis/filter/le"
	"portcullis/filter/route"
	"portcullis/filter/table"
	"portcullis/filter/verdict"
	"portcullis/schemagen/diag"
	"portcullis/schemagen/ir"
)

// noSchemas compiles nothing: every schema of these tests is absent.
type noSchemas struct{}

func (noSchemas) Entry(*ir.Schema) uint32 { panic("no schema expected") }
func (noSchemas) Sections() []Section     { return nil }

// op makes an operation from "METHOD /path".
func op(a *ir.API, s string) *ir.Operation {
	method, path, _ := strings.Cut(s, " ")
	o := &ir.Operation{API: a, Method: method, Path: path, Mode: ir.ModeEnforce, Inspect: ir.InspectBody, UnknownQuery: ir.ActionDeny}
	for _, seg := range strings.Split(path[1:], "/") {
		var parts []ir.Part
		for seg != "" {
			i, j := strings.IndexByte(seg, '{'), strings.IndexByte(seg, '}')
			if i < 0 {
				parts, seg = append(parts, ir.Part{Literal: seg}), ""
				continue
			}
			if i > 0 {
				parts = append(parts, ir.Part{Literal: seg[:i]})
			}
			parts, seg = append(parts, ir.Part{Param: seg[i+1 : j]}), seg[j+1:]
		}
		o.Segments = append(o.Segments, ir.Segment{Parts: parts})
	}
	a.Operations = append(a.Operations, o)
	return o
}

func build2(t *testing.T) *table.Table {
	t.Helper()
	shop := &ir.API{Name: "shop", Mode: ir.ModeEnforce, Mounts: []ir.Mount{{Host: "api.example.com", BasePath: "/v1"}, {Host: "*.example.org"}}}
	for _, s := range []string{"GET /users", "POST /users", "GET /users/{id}", "GET /users/me", "GET /users/me/orders",
		"PUT /users/{id}/orders/{order}", "GET /files/{name}.{ext}", "GET /files/{name}.json", "GET /a-{x}-b", "GET /"} {
		op(shop, s)
	}
	any := &ir.API{Name: "any", Mode: ir.ModeMonitor, Mounts: []ir.Mount{{}}}
	op(any, "GET /health")
	out, err := Table(&ir.Build{APIs: []*ir.API{shop, any}}, noSchemas{}, NewStrings())
	if err != nil {
		t.Fatal(err)
	}
	again, err := Table(&ir.Build{APIs: []*ir.API{shop, any}}, noSchemas{}, NewStrings())
	if err != nil || !bytes.Equal(out, again) {
		t.Fatalf("the same model gave other bytes (err %v)", err)
	}
	tab, e, at := table.Open(out)
	if e != table.ErrNone {
		t.Fatalf("Open: %v at %d", e, at)
	}
	return tab
}

func TestRoute(t *testing.T) {
	tab := build2(t)
	tests := []struct {
		host, method, path string
		want               string // "METHOD path captures", or an outcome
	}{
		{"api.example.com", "GET", "/v1/users", "GET /users"},
		{"API.example.com:8443", "GET", "/v1/users?x=1", "GET /users"},
		{"api.example.com", "POST", "/v1/users", "POST /users"},
		{"api.example.com", "GET", "/v1/users/7", "GET /users/{id} 7"},
		{"api.example.com", "GET", "/v1/users/me", "GET /users/me"},
		{"api.example.com", "GET", "/v1/users/%6de", "GET /users/me"},
		{"api.example.com", "PUT", "/v1/users/me/orders/9", "PUT /users/{id}/orders/{order} me 9"},
		{"api.example.com", "PUT", "/v1/users/a%20b/orders/9", "PUT /users/{id}/orders/{order} a b 9"},
		{"api.example.com", "GET", "/v1/files/a.b.c", "GET /files/{name}.{ext} a.b c"},
		{"api.example.com", "GET", "/v1/files/a.b.json", "GET /files/{name}.json a.b"},
		{"api.example.com", "GET", "/v1/files/.json", "no path"},
		{"api.example.com", "GET", "/v1/a--b-b", "GET /a-{x}-b -b"},
		{"api.example.com", "GET", "/v1/a--b", "no path"},
		{"api.example.com", "GET", "/v1/", "GET /"},
		{"api.example.com", "GET", "/v1", "no path"},
		{"api.example.com", "GET", "/v1/users/", "no path"},
		{"api.example.com", "DELETE", "/v1/users/me", "no method"},
		{"api.example.com", "GET", "/health", "GET /health"},
		{"x.y.example.org", "GET", "/users", "GET /users"},
		{"example.org", "GET", "/users", "no path"},
		{"evil.com", "GET", "/health", "GET /health"},
		{"", "GET", "/health", "GET /health"},
	}
	p, m := route.NewPath(1024), &route.Match{}
	for _, tt := range tests {
		if code := p.Parse([]byte(tt.path)); code != verdict.Allow {
			t.Errorf("Parse(%q) = %s", tt.path, code.Name())
			continue
		}
		i, out := route.Find(tab, []byte(tt.host), []byte(tt.method), p, m)
		got := map[route.Outcome]string{route.NoHost: "no host", route.NoPath: "no path", route.NoMethod: "no method"}[out]
		if out == route.Found {
			o := tab.Op(i)
			got = string(o.Method()) + " " + string(o.Path())
			for _, c := range m.Captures[:m.N] {
				got += " " + string(c)
			}
		}
		if got != tt.want {
			t.Errorf("Find(%s %s %s) = %q, want %q", tt.host, tt.method, tt.path, got, tt.want)
		}
	}
	host, method, path := []byte("api.example.com"), []byte("PUT"), []byte("/v1/users/a%20b/orders/9")
	if n := testing.AllocsPerRun(100, func() {
		p.Parse(path)
		route.Find(tab, host, method, p, m)
	}); n != 0 {
		t.Errorf("Find allocates %v times", n)
	}
}

func TestConflicts(t *testing.T) {
	a := &ir.API{Name: "a", Mode: ir.ModeEnforce, Mounts: []ir.Mount{{}}}
	first, second, other := op(a, "GET /x/{a}"), op(a, "GET /x/{b}"), op(a, "POST /x/{b}")
	var diags diag.List
	Conflicts(&ir.Build{APIs: []*ir.API{a}}, &diags)
	if len(diags) != 1 || diags[0].Code != "route-conflict" || !first.Deny || !second.Deny || other.Deny {
		t.Errorf("Conflicts = %v, deny %v %v %v, want one route-conflict on the first two", diags, first.Deny, second.Deny, other.Deny)
	}
}

// TestOpenDamaged cuts and flips a good table at every byte: it must never
// open, and never panic.
func TestOpenDamaged(t *testing.T) {
	a := &ir.API{Name: "a", Mode: ir.ModeEnforce, Mounts: []ir.Mount{{Host: "h"}}}
	op(a, "GET /x/{a}")
	good, err := Table(&ir.Build{APIs: []*ir.API{a}}, noSchemas{}, NewStrings())
	if err != nil {
		t.Fatal(err)
	}
	for i := range good {
		if _, e, _ := table.Open(good[:i]); e == table.ErrNone {
			t.Errorf("Open of the first %d of %d bytes succeeded", i, len(good))
		}
		for bit := range 8 {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << bit
			// The input digest is not covered: it identifies, nothing is read from it.
			if _, e, _ := table.Open(bad); e == table.ErrNone && (i < 32 || i >= 64) && !(i >= 12 && i < 16) {
				t.Errorf("Open with bit %d of byte %d flipped succeeded", bit, i)
			}
		}
	}
}

// answered adds an operation with judged responses and what few operations have.
func answered(a *ir.API) {
	o := op(a, "GET /answered")
	o.Responses = &ir.Responses{Mode: ir.ModeEnforce, List: []*ir.Response{
		{From: 200, To: 200, Media: []*ir.Media{{Range: "application/json", Kind: ir.BodyJSON}}, Headers: []*ir.Param{{Name: "etag", In: ir.InHeader, Style: ir.StyleSimple}}},
		{From: 400, To: 499},
	}}
	o.CORS = &ir.CORS{Origins: []string{"https://a.example", "https://*.b.example"}, Headers: []string{"x-a"}}
	o.ContentEncodings, o.Upgrades = []string{"gzip"}, []string{"websocket"}
	late := op(a, "GET /late")
	late.Upgrades = []string{"websocket"}
}

// walkAnswers reads all that answered adds.
func walkAnswers(t *table.Table, i uint32) {
	o := t.Op(i)
	for r := o.Responses().Start; r < o.Responses().End(); r++ {
		rec := t.Response(r)
		rec.Covers(200)
		for m := rec.Media().Start; m < rec.Media().End(); m++ {
			t.Media(m).Type()
		}
		for p := rec.Headers().Start; p < rec.Headers().End(); p++ {
			t.Param(p).Name()
		}
	}
	if x := t.FindExtra(i); x != table.NoIndex {
		x := t.Extra(x)
		x.Allows([]byte("https://x.b.example"))
		for _, l := range []table.Names{x.Origins(), x.Headers(), x.Encodings(), x.Upgrades()} {
			for j := range l.Len() {
				l.At(j)
			}
		}
		if x.Limit() != table.NoIndex {
			_ = t.Limit(x.Limit()).Name
		}
	}
}

// TestBadAnswers changes one word of the records of responses and extras each: Open
// names the defect.
func TestBadAnswers(t *testing.T) {
	a := &ir.API{Name: "a", Mode: ir.ModeEnforce, Mounts: []ir.Mount{{Host: "h"}}}
	answered(a)
	good, err := Table(&ir.Build{APIs: []*ir.API{a}}, noSchemas{}, NewStrings())
	if err != nil {
		t.Fatal(err)
	}
	at := func(sec table.Section) uint32 { // of the first byte of a section
		for i := uint32(0); i < le.U32(good, 20); i++ {
			if d := table.HeaderSize + i*table.DirectorySize; le.U32(good, d) == uint32(sec) {
				return le.U32(good, d+4)
			}
		}
		t.Fatalf("no section %d", sec)
		return 0
	}
	tests := []struct {
		name  string
		sec   table.Section
		word  uint32
		value uint32
		want  table.Err
	}{
		{"a status below 100", table.SecResponses, table.ResponseStatus, 99 | 200<<16, table.ErrEnum},
		{"a status above 599", table.SecResponses, table.ResponseStatus, 200 | 600<<16, table.ErrEnum},
		{"media types that are not there", table.SecResponses, table.ResponseMedia, 9, table.ErrRange},
		{"more media types than there are", table.SecResponses, table.ResponseMedia + 1, 9, table.ErrRange},
		{"a range that overflows", table.SecResponses, table.ResponseMedia + 1, ^uint32(0), table.ErrRange},
		{"header fields that are not there", table.SecResponses, table.ResponseHeaders, 9, table.ErrRange},
		{"a reserved word of a response", table.SecResponses, 7, 1, table.ErrReserved},
		{"a response mode that is none", table.SecOps, table.OpModes, 1 | 3<<8 | 1<<16 | 9<<24, table.ErrEnum},
		{"an operation that is not there", table.SecExtras, table.ExtraOp, 9, table.ErrRange},
		{"two extras of one operation", table.SecExtras, table.ExtraOp, 1, table.ErrOrder},
		{"a flag that is none", table.SecExtras, table.ExtraFlags, 2, table.ErrEnum},
		{"origins that are not there", table.SecExtras, table.ExtraOrigins, 99, table.ErrRange},
		{"fields that are not there", table.SecExtras, table.ExtraHeaders + 1, 99, table.ErrRange},
		{"a limit that is not there", table.SecExtras, table.ExtraLimit, 0, table.ErrRange},
		{"codings that are not there", table.SecExtras, table.ExtraEncodings, 99, table.ErrRange},
		{"protocols that are not there", table.SecExtras, table.ExtraUpgrades, 99, table.ErrRange},
	}
	for _, tt := range tests {
		bad := bytes.Clone(good)
		le.PutU32(bad, at(tt.sec)+tt.word*4, tt.value)
		le.PutU64(bad, 24, table.Checksum(bad[table.HeaderSize:]))
		if _, e, off := table.Open(bad); e != tt.want {
			t.Errorf("%s: Open = %v at %d, want %v", tt.name, e, off, tt.want)
		}
	}
}

// FuzzOpen changes words of a good table and corrects its checksum: Open must
// refuse, or what it opens must be safe to walk.
func FuzzOpen(f *testing.F) {
	a := &ir.API{Name: "a", Mode: ir.ModeEnforce, Mounts: []ir.Mount{{Host: "h"}, {Host: "*.h"}, {}}}
	op(a, "GET /x/{a}.{b}")
	op(a, "GET /x/y")
	answered(a)
	good, err := Table(&ir.Build{APIs: []*ir.API{a}}, noSchemas{}, NewStrings())
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{1, 0, 4})
	f.Fuzz(func(t *testing.T, edits []byte) {
		b := bytes.Clone(good)
		for ; len(edits) >= 3; edits = edits[3:] {
			b[(int(edits[0])<<8|int(edits[1]))%len(b)] = edits[2]
		}
		sum := table.Checksum(b[table.HeaderSize:])
		for i := range 8 {
			b[24+i] = byte(sum >> (8 * i))
		}
		tab, e, _ := table.Open(b)
		if e != table.ErrNone {
			return
		}
		for i := range tab.NumOps() {
			walkAnswers(tab, i)
		}
		p, m := route.NewPath(64), &route.Match{}
		for _, path := range []string{"/x/y", "/x/a.b", "/", "//"} {
			if p.Parse([]byte(path)) != verdict.Allow {
				continue
			}
			for _, host := range []string{"h", "g.h", "z"} {
				if i, out := route.Find(tab, []byte(host), []byte("GET"), p, m); out == route.Found {
					o := tab.Op(i)
					_, _ = o.Path(), tab.API(o.API()).Name()
				}
			}
		}
	})
}
