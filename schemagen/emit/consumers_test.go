package emit

import (
	"strings"
	"testing"

	"portcullis/filter/le"
	"portcullis/filter/table"
	"portcullis/schemagen/ir"
)

// consumerTable is a table of three consumers and of schemes that accept some.
func consumerTable(t *testing.T) []byte {
	t.Helper()
	digest := []byte(strings.Repeat("d", 32))
	rule := &ir.Consumer{Credentials: []*ir.Credential{{Kind: ir.CredentialDNS, ID: "x.example"}}}
	hop := &ir.Consumer{Hop: true, Credentials: []*ir.Credential{{Kind: ir.CredentialURI, ID: "spiffe://a/edge"}}}
	a := &ir.Consumer{Name: "a", Plan: "gold", Scopes: []string{"r", "w"}, Attributes: []ir.Attribute{{Name: "k", Value: "v"}},
		Credentials: []*ir.Credential{{Kind: ir.CredentialKey, ID: "k2", Digest: digest}, {Kind: ir.CredentialKey, ID: "k1", Digest: digest, Expires: 1 << 33, Secret: "pepper"}}}
	b := &ir.Consumer{Name: "b", Credentials: []*ir.Credential{{Kind: ir.CredentialKey, ID: "k10", Digest: digest}}}
	key := &ir.Scheme{Name: "key", Kind: ir.SchemeAPIKey, In: ir.InHeader, ParamName: "x", Bound: true, Consumers: []*ir.Consumer{b, rule, b}}
	cert := &ir.Scheme{Name: "cert", Kind: ir.SchemeMutualTLS, Bound: true, AllConsumers: true, AnyCertificate: true, Consumers: []*ir.Consumer{hop}}
	op := &ir.Operation{Method: "GET", Path: "/", Mode: ir.ModeEnforce, Inspect: ir.InspectBody, UnknownQuery: ir.ActionDeny,
		Security: []ir.Requirement{{Uses: []ir.SchemeUse{{Scheme: key}, {Scheme: cert, Scopes: []string{"r"}}}}}}
	api := &ir.API{Name: "t", Mode: ir.ModeEnforce, Mounts: []ir.Mount{{}}, Operations: []*ir.Operation{op}}
	op.API = api
	out, err := Table(&ir.Build{APIs: []*ir.API{api}, Consumers: []*ir.Consumer{rule, hop, a, b}, Unknown: ir.ActionDeny}, noSchemas{}, NewStrings())
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestConsumers(t *testing.T) {
	tab, e, at := table.Open(consumerTable(t))
	if e != table.ErrNone {
		t.Fatalf("%v at %d", e, at)
	}
	if tab.NumConsumers() != 4 || tab.NumCredentials() != 5 {
		t.Fatalf("%d consumers, %d credentials", tab.NumConsumers(), tab.NumCredentials())
	}
	for _, tt := range []struct {
		kind     uint8
		id       string
		consumer string
	}{
		{table.CredentialKey, "k1", "a"}, {table.CredentialKey, "k2", "a"}, {table.CredentialKey, "k10", "b"}, {table.CredentialDNS, "x.example", ""},
		{table.CredentialKey, "k", "-"}, {table.CredentialKey, "k11", "-"}, {table.CredentialKey, "", "-"}, {table.CredentialKey, "z", "-"}, {table.CredentialDNS, "k1", "-"}, {table.CredentialSubject, "x", "-"}, {0, "k1", "-"},
	} {
		i := tab.FindCredential(tt.kind, []byte(tt.id))
		got := "-"
		if i != table.NoIndex {
			got = string(tab.Consumer(tab.Credential(i).Consumer).Name())
		}
		if got != tt.consumer {
			t.Errorf("FindCredential(%d, %q) = %q, want %q", tt.kind, tt.id, got, tt.consumer)
		}
	}
	a := tab.Consumer(2)
	if v, ok := a.Attribute([]byte("k")); string(a.Plan()) != "gold" || a.Scopes().Len() != 2 || a.NumAttributes() != 1 || !ok || string(v) != "v" {
		t.Errorf("consumer a = plan %q, %d scopes, attribute %q %v", a.Plan(), a.Scopes().Len(), v, ok)
	}
	if k := tab.Credential(tab.FindCredential(table.CredentialKey, []byte("k1"))); k.Expires != 1<<33 || string(tab.Secret(k.Secret)) != "pepper" || len(k.Digest) != 32 {
		t.Errorf("credential k1 = %+v", k)
	}
	for i, want := range [][]bool{{true, false, false, true}, {false, true, true, true}} {
		for c, accepts := range want {
			if got := tab.Scheme(uint32(i)).Accepts(uint32(c)); got != accepts {
				t.Errorf("scheme %d accepts consumer %d: %v, want %v", i, c, got, accepts)
			}
		}
	}
}

// TestBadConsumers changes single words; the verifier must see each.
func TestBadConsumers(t *testing.T) {
	good := consumerTable(t)
	section := func(b []byte, id table.Section) uint32 {
		for at := uint32(table.HeaderSize); ; at += table.DirectorySize {
			if le.U32(b, at) == uint32(id) {
				return le.U32(b, at+4)
			}
		}
	}
	const consumer, cred = 12, 10
	nameOfA := le.U32(good, section(good, table.SecConsumers)+4*(2*consumer+table.ConsumerName))
	for _, tt := range []struct {
		name       string
		sec        table.Section
		word, more uint32 // word of the section, and what is put there
		want       table.Err
	}{
		{"the same name twice", table.SecConsumers, 3*consumer + table.ConsumerName, nameOfA, table.ErrOrder},
		{"a nameless one behind", table.SecConsumers, 3*consumer + table.ConsumerName + 1, 0, table.ErrOrder},
		{"half an attribute", table.SecConsumers, 2*consumer + table.ConsumerAttributes + 1, 1, table.ErrRange},
		{"a proxy with a name", table.SecConsumers, 2*consumer + table.ConsumerFlags, 1, table.ErrEnum},
		{"an unknown flag", table.SecConsumers, 2*consumer + table.ConsumerFlags, 2, table.ErrEnum},
		{"a reserved word", table.SecConsumers, consumer + 11, 1, table.ErrReserved},
		{"a scope outside", table.SecConsumers, 2*consumer + table.ConsumerScopes, 1000, table.ErrRange},
		{"a short digest", table.SecCredentials, table.CredentialDigest + 1, 31, table.ErrEnum},
		{"no digest", table.SecCredentials, table.CredentialDigest + 1, 0, table.ErrEnum},
		{"a digest of a certificate", table.SecCredentials, 3*cred + table.CredentialDigest + 1, 32, table.ErrEnum},
		{"no id", table.SecCredentials, table.CredentialID + 1, 0, table.ErrEnum},
		{"the same id twice", table.SecCredentials, 1*cred + table.CredentialID + 1, 2, table.ErrOrder},
		{"kinds out of order", table.SecCredentials, 3*cred + table.CredentialHow, table.CredentialSubject, table.ErrOrder},
		{"no kind", table.SecCredentials, table.CredentialHow, 0, table.ErrEnum},
		{"a kind to come", table.SecCredentials, 4*cred + table.CredentialHow, 8, table.ErrEnum},
		{"a consumer outside", table.SecCredentials, table.CredentialConsumer, 4, table.ErrRange},
		{"a secret outside", table.SecCredentials, table.CredentialSecret, 1, table.ErrRange},
		{"a flag of a scheme to come", table.SecSchemes, table.SchemeHow, table.SchemeAPIKey | table.InHeader<<8 | 0x8000<<16, table.ErrEnum},
		{"a list that is not ascending", table.SecIndexes, 0, 3, table.ErrOrder},
		{"a list outside", table.SecIndexes, 1, 4, table.ErrRange},
		{"a list of a scheme of tokens", table.SecSchemes, table.SchemeHow, table.SchemeBearer | table.InHeader<<8, table.ErrRange},
	} {
		b := append([]byte(nil), good...)
		at := section(b, tt.sec) + 4*tt.word
		copy(b[at:], le.AppendU32(nil, tt.more))
		sum := table.Checksum(b[table.HeaderSize:])
		copy(b[24:], le.AppendU32(le.AppendU32(nil, uint32(sum)), uint32(sum>>32)))
		if _, got, _ := table.Open(b); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
