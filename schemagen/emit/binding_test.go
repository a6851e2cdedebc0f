package emit

import (
	"bytes"
	"testing"

	"portcullis/filter/le"
	"portcullis/filter/table"
	"portcullis/schemagen/ir"
)

// boundTo is a provider with all that binding writes.
func boundTo() *ir.Provider {
	p := &ir.Provider{Name: "p", Issuer: "i", Bound: ir.BoundProof, Keys: []*ir.Key{{ID: "k", Alg: ir.AlgHS256, Secret: "s"}},
		Proofs: &ir.Proofs{Origins: []string{"https://a", "https://b:8443"}, AgeSeconds: 60, FutureSeconds: 5, Algorithms: []ir.Alg{ir.AlgES256, ir.AlgEdDSA}, Remembered: 1000}}
	return p
}

func TestBinding(t *testing.T) {
	raw, err := Table(&ir.Build{Providers: []*ir.Provider{boundTo(), {Name: "q", Issuer: "j"}}}, noSchemas{}, NewStrings())
	if err != nil {
		t.Fatal(err)
	}
	tab, e, _ := table.Open(raw)
	if e != table.ErrNone {
		t.Fatal(e)
	}
	b := tab.Binding(0)
	if b.Bound != table.BoundProof || b.AgeSeconds != 60 || b.FutureSeconds != 5 || b.Origins.Len() != 2 || string(b.Origins.At(1)) != "https://b:8443" ||
		b.Algorithms != 1<<table.AlgES256|1<<table.AlgEdDSA || b.Replays != 2 || !b.Proofs() {
		t.Errorf("Binding(0) = %+v", b)
	}
	if b := tab.Binding(1); b.Proofs() || b.Bound != table.BoundOptional {
		t.Errorf("Binding(1) = %+v", b)
	}
}

// TestOpenRefusesBindings changes one word at a time.
func TestOpenRefusesBindings(t *testing.T) {
	good, err := Table(&ir.Build{Providers: []*ir.Provider{boundTo()}}, noSchemas{}, NewStrings())
	if err != nil {
		t.Fatal(err)
	}
	at := func(sec table.Section) uint32 {
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
		{"a binding that is none", table.SecProviders, table.ProviderBound, 4, table.ErrEnum},
		{"proofs that may have no age", table.SecProviders, table.ProviderProofWindow, 5 << 16, table.ErrRange},
		{"proofs of an hour", table.SecProviders, table.ProviderProofWindow, 3600, table.ErrRange},
		{"proofs of the far future", table.SecProviders, table.ProviderProofWindow, 60 | 61<<16, table.ErrRange},
		{"no algorithm", table.SecProviders, table.ProviderProofAlgs, 0, table.ErrRange},
		{"HMAC", table.SecProviders, table.ProviderProofAlgs, 1 << table.AlgHS256, table.ErrRange},
		{"an algorithm that is none", table.SecProviders, table.ProviderProofAlgs, 1 << 14, table.ErrRange},
		{"nothing remembered", table.SecProviders, table.ProviderReplays, 0, table.ErrRange},
		{"too much remembered", table.SecProviders, table.ProviderReplays, table.MaxReplays + 1, table.ErrRange},
		{"origins that are not there", table.SecProviders, table.ProviderOrigins + 1, 99, table.ErrRange},
		{"no origins, where proofs are demanded", table.SecProviders, table.ProviderOrigins + 1, 0, table.ErrRange},
	}
	for _, tt := range tests {
		bad := bytes.Clone(good)
		le.PutU32(bad, at(tt.sec)+tt.word*4, tt.value)
		le.PutU64(bad, 24, table.Checksum(bad[table.HeaderSize:]))
		if _, e, off := table.Open(bad); e != tt.want {
			t.Errorf("%s: Open = %v at %d, want %v", tt.name, e, off, tt.want)
		}
	}
	for _, origin := range []string{"", "https://", "https://A", "https://a/", "https://a/b", "ftp://a", "https://u@a", "https://a b", "https://a:x", "//a"} {
		p := boundTo()
		p.Proofs.Origins = []string{origin}
		if _, err := Table(&ir.Build{Providers: []*ir.Provider{p}}, noSchemas{}, NewStrings()); err == nil {
			t.Errorf("a table with the origin %q opens", origin)
		}
	}
}

// TestProofsOfBrowsers: a page may send proofs where they are asked for.
func TestProofsOfBrowsers(t *testing.T) {
	scheme := &ir.Scheme{Kind: ir.SchemeBearer, Providers: []*ir.Provider{{Name: "q"}, boundTo()}}
	op := &ir.Operation{CORS: &ir.CORS{}, Security: []ir.Requirement{{Uses: []ir.SchemeUse{{Scheme: scheme}}}}}
	if got := corsHeaders(op, op.CORS); len(got) != 2 || got[0] != "authorization" || got[1] != "dpop" {
		t.Errorf("corsHeaders = %v, want authorization and dpop", got)
	}
	scheme.Providers = scheme.Providers[:1]
	if got := corsHeaders(op, op.CORS); len(got) != 1 {
		t.Errorf("corsHeaders = %v, want authorization", got)
	}
}
