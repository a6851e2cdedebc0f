package authorize

import (
	"testing"

	"portcullis/filter/table"
	"portcullis/filter/verdict"
	"portcullis/schemagen/emit"
	"portcullis/schemagen/ir"
)

// granted is a caller with these scopes.
type granted []string

func (g granted) HasScope(scope []byte) bool {
	for _, s := range g {
		if s == string(scope) {
			return true
		}
	}
	return false
}

type noSchemas struct{}

func (noSchemas) Entry(*ir.Schema) uint32  { panic("no schema expected") }
func (noSchemas) Sections() []emit.Section { return nil }

// names puts scopes into a table and takes them out again.
func names(t *testing.T, scopes []string) table.Names {
	t.Helper()
	api := &ir.API{Name: "a", Mode: ir.ModeEnforce, Mounts: []ir.Mount{{}}}
	p := &ir.Provider{Name: "p", Issuer: "i", Keys: []*ir.Key{{Alg: ir.AlgHS256, Secret: "s"}}}
	scheme := &ir.Scheme{API: api, Name: "jwt", Kind: ir.SchemeBearer, Providers: []*ir.Provider{p}}
	api.Operations = []*ir.Operation{{
		API: api, Method: "GET", Path: "/", Segments: []ir.Segment{{}}, Mode: ir.ModeEnforce, Inspect: ir.InspectBody, UnknownQuery: ir.ActionDeny,
		Security: []ir.Requirement{{Uses: []ir.SchemeUse{{Scheme: scheme, Scopes: scopes}}}},
	}}
	raw, err := emit.Table(&ir.Build{APIs: []*ir.API{api}, Providers: []*ir.Provider{p}, Unknown: ir.ActionDeny}, noSchemas{}, emit.NewStrings())
	if err != nil {
		t.Fatal(err)
	}
	tab, e, at := table.Open(raw)
	if e != table.ErrNone {
		t.Fatalf("open: %v at %d", e, at)
	}
	_, out := tab.Use(tab.Requirement(tab.Op(0).Requirements().Start).Start)
	return out
}

func TestScopes(t *testing.T) {
	tests := []struct {
		name         string
		wanted, have []string
		want         verdict.Code
	}{
		{"none asked", nil, nil, verdict.Allow},
		{"one of one", []string{"read"}, []string{"read"}, verdict.Allow},
		{"all of two", []string{"read", "write"}, []string{"write", "x", "read"}, verdict.Allow},
		{"one of two", []string{"read", "write"}, []string{"read"}, verdict.AuthorizeScope},
		{"the other of two", []string{"read", "write"}, []string{"write"}, verdict.AuthorizeScope},
		{"nothing", []string{"read"}, nil, verdict.AuthorizeScope},
		{"other case", []string{"read"}, []string{"Read"}, verdict.AuthorizeScope},
		{"no wildcard", []string{"users:read"}, []string{"users:*", "*"}, verdict.AuthorizeScope},
		{"no hierarchy", []string{"users:read"}, []string{"users"}, verdict.AuthorizeScope},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wanted, have := names(t, tt.wanted), granted(tt.have)
			if got := Scopes(have, wanted); got != tt.want {
				t.Errorf("Scopes(%q, %q) = %s, want %s", tt.have, tt.wanted, got.Name(), tt.want.Name())
			}
			var caller Scoper = have
			if n := testing.AllocsPerRun(50, func() { Scopes(caller, wanted) }); n != 0 {
				t.Errorf("%v allocations, want 0", n)
			}
		})
	}
}
