package link

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"

	"portcullis/runtime-test/cases"
	"portcullis/runtime-test/host"
)

// synthetic is a module with the placeholder, an export that calls it as Go would, and
// some data.
//
//	call(dst, off, n): SP = 64; store the arguments; call the reader; return the result
func synthetic(reader []byte) []byte {
	section := func(id byte, body ...byte) []byte { return append([]byte{id, byte(len(body))}, body...) }
	store := func(local, off byte) []byte {
		return []byte{opLocalGet, 3, opLocalGet, local, opI32Store, align4, off}
	}
	call := []byte{1, 1, typeI32, opI32Const, 0xc0, 0, opLocalTee, 3, opGlobalSet, 0}
	call = append(call, store(0, argDst)...)
	call = append(call, store(1, argOff)...)
	call = append(call, store(2, argN)...)
	call = append(call, opI32Const, 0, 0x10, 0, opDrop) // call function 0
	call = append(call, opI32Const, 0xc0, 0, opI32Load, align4, argResult, opEnd)
	code := []byte{2, byte(len(reader))}
	code = append(code, reader...)
	code = append(append(code, byte(len(call))), call...)
	m := bytes.Clone(header)
	m = append(m, section(1, 2, 0x60, 1, typeI32, 1, typeI32, 0x60, 3, typeI32, typeI32, typeI32, 1, typeI32)...)
	m = append(m, section(3, 2, 0, 1)...)
	m = append(m, section(5, 1, 0, 1)...)
	m = append(m, section(6, 1, typeI32, 1, opI32Const, 0, opEnd)...)
	m = append(m, section(7, 2, 3, 'm', 'e', 'm', 2, 0, 4, 'c', 'a', 'l', 'l', 0, 1)...)
	m = append(m, section(10, code...)...)
	return append(m, section(11, 1, 0, opI32Const, 8, opEnd, 2, 'h', 'i')...)
}

// TestReader runs the body that Link writes, and the placeholder.
func TestReader(t *testing.T) {
	table := []byte("the table's bytes")
	plain := synthetic(placeholder())
	linked, err := Link(plain, table)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		module []byte
		off, n uint64
		result uint64
		want   string
		traps  bool
	}{
		{"placeholder size", plain, 0, 0, 0, "", false},
		{"placeholder read", plain, 0, 5, 0, "", false},
		{"size", linked, 0, 0, uint64(len(table)), "", false},
		{"all", linked, 0, uint64(len(table)), uint64(len(table)), string(table), false},
		{"part", linked, 4, 5, 5, "table", false},
		{"one past the end", linked, 1, uint64(len(table)), 0, "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx := t.Context()
			r := wazero.NewRuntime(ctx)
			defer r.Close(ctx)
			m, err := r.Instantiate(ctx, tt.module)
			if err != nil {
				t.Fatal(err)
			}
			const dst = 1000
			res, err := m.ExportedFunction("call").Call(ctx, dst, tt.off, tt.n)
			if (err != nil) != tt.traps {
				t.Fatalf("call = %v, want a trap: %v", err, tt.traps)
			}
			if tt.traps {
				return
			}
			got, _ := m.Memory().Read(dst, uint32(len(tt.want)))
			if res[0] != tt.result || string(got) != tt.want {
				t.Errorf("read(%d, %d) = %d, %q, want %d, %q", tt.off, tt.n, res[0], got, tt.result, tt.want)
			}
			if b, _ := m.Memory().Read(8, 2); string(b) != "hi" {
				t.Errorf("the module's own data = %q, want hi", b)
			}
		})
	}
}

func TestLinkRefuses(t *testing.T) {
	good := synthetic(placeholder())
	linked, err := Link(good, []byte("t"))
	if err != nil {
		t.Fatal(err)
	}
	other := placeholder()
	other[len(other)-1] = 0
	tests := []struct {
		name   string
		module []byte
		table  []byte
		want   string
	}{
		{"no table", good, nil, "table has 0 bytes"},
		{"no module", nil, []byte("t"), "no WebAssembly 1 header"},
		{"component", []byte("\x00asm\x0d\x00\x01\x00"), []byte("t"), "no WebAssembly 1 header"},
		{"empty module", header, []byte("t"), "no code or no data section"},
		{"another module", synthetic([]byte{0, opI32Const, 0, opEnd}), []byte("t"), "found 0 places"},
		{"another form", synthetic(other), []byte("t"), "another form"},
		{"linked", linked, []byte("t"), "linked table already"},
	}
	for _, tt := range tests {
		if _, err := Link(tt.module, tt.table); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: Link = %v, want an error with %q", tt.name, err, tt.want)
		}
	}
	if _, err := Link(linked, []byte("t")); !errors.Is(err, ErrLinked) {
		t.Errorf("Link of a linked module = %v, want ErrLinked", err)
	}
	for i := range good {
		if m, err := Link(good[:i], []byte("t")); err == nil {
			if _, err := wazero.NewRuntime(t.Context()).CompileModule(t.Context(), m); err != nil {
				t.Errorf("Link of the first %d bytes made a module that is not valid: %v", i, err)
			}
		}
	}
}

func TestLinkSame(t *testing.T) {
	good := synthetic(placeholder())
	a, err := Link(good, []byte("one"))
	if err != nil {
		t.Fatal(err)
	}
	b, _ := Link(good, []byte("one"))
	if !bytes.Equal(a, b) {
		t.Error("two links of the same inputs differ")
	}
	if !bytes.Equal(good, synthetic(placeholder())) {
		t.Error("Link changed its input")
	}
}

// TestLinkFilter links the shop into the real module: it must run without a table in
// its configuration, survive collections and refuse what the table refuses.
func TestLinkFilter(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the module")
	}
	module, err := cases.Module()
	if err != nil {
		t.Fatal(err)
	}
	table, err := cases.Compile(cases.CompileRequest{Specs: []string{"../../examples/shop/shop.yaml"}, Policy: "../../examples/shop/policy.yaml", Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	linked, err := Link(module, table)
	if err != nil {
		t.Fatal(err)
	}
	for _, profile := range []host.Profile{host.Envoy140, host.Envoy136} {
		h, err := host.New(t.Context(), host.Config{Module: linked, Profile: profile, AllowOnHeadersStopIteration: true,
			PluginConfig: []byte(`{"table":"linked"}`), Env: map[string]string{"PORTCULLIS_SECRET_MACHINES": "base64:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}})
		if err != nil {
			t.Fatalf("%s: %v", profile, err)
		}
		for path, want := range map[string]int{"/v1/health": 0, "/v1/nope": 404} {
			s := h.VM(0).NewStream(host.StreamOptions{})
			s.RequestHeaders(get(path), true)
			if got := s.Response().Status; got != want || s.Upstream().Requests() == want {
				t.Errorf("%s: %s answers %d, want %d (0: the upstream's)", profile, path, got, want)
			}
		}
		h.Close()
	}
}

func get(path string) (h host.Headers) {
	for _, f := range [][2]string{{":method", "GET"}, {":path", path}, {":authority", "shop.example.com"}, {":scheme", "https"}} {
		h = append(h, host.Header{Name: f[0], Value: f[1]})
	}
	return h
}
