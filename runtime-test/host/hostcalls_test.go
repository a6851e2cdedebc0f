package host

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestHostCalls runs one script per row in a header callback and compares what each operation answered.
func TestHostCalls(t *testing.T) {
	h := start(t, Config{Name: "portcullis", RootID: "root", VMID: "vm", VMConfig: []byte("time"), LogLevel: LevelWarn})
	tests := []struct {
		name, script string
		extra        []string
		want         []string
	}{
		{"value", "get 0 :path;get 0 :PATH;get 0 absent;get 2 a;get 9 a", nil,
			[]string{"0 /a?b=c", "0 /a?b=c", "1 ", "2 ", "2 "}},
		{"first of several", "get 0 x-two", []string{"X-Two", "one", "x-two", "two"}, []string{"0 one"}},
		{"edit", "add 0 X-New a;add 0 x-new b;get 0 x-new;replace 0 x-new c;get 0 x-new;remove 0 x-new;get 0 x-new;remove 0 x-new;replace 3 a b", nil,
			[]string{"0 ", "0 ", "0 a", "0 ", "0 c", "0 ", "1 ", "0 ", "2 "}},
		{"empty value", "add 0 x-e ~;get 0 x-e", nil, []string{"0 ", "0 "}},
		{"set pairs", "setpairs 0 2;get 0 k1;get 0 :path;size 0;setpairs 0 1024;get 0 k1023", nil, []string{"0 ", "0 v", "1 ", "0 6", "0 ", "0 v"}},
		{"too many pairs are none", "setpairs 0 1025;get 0 k0;pairs 0", nil, []string{"0 ", "1 ", `0 ""`}},
		{"absent map", "pairs 2;size 2", nil, []string{`0 ""`, "2 0"}},
		{"buffers", "buf 6 1 2;buf 6 0 99;buf 6 99 1;buf 7 0 1;buf 0 0 9;bufstatus 6;buf 9 0 1;bufstatus 0", nil,
			[]string{"0 im", "0 time", "0 ", "1 ", "0 ", "0 4", "2 ", "0 0"}},
		{"properties", "prop request/path;prop source/address;prop plugin_name;prop plugin_root_id;prop nothing/here;prop request/headers/x-p;prop request/url_path",
			[]string{"x-p", "1", "x-p", "2"},
			[]string{`0 "/a?b=c"`, `0 "192.0.2.1:9"`, `0 "portcullis"`, `0 "root"`, `1 ""`, `0 "1,2"`, `0 "/a"`}},
		{"set property", "setprop mine yes;prop mine;prop mine/deeper", nil, []string{"0 ", `0 "yes"`, `1 ""`}},
		{"shared data", "sget k;sset k a 7;sset k b 4294967295;sset k b 99;sget k;sset k b 1;sset k c 0;sget k;sset k d 1", nil,
			[]string{"1  cas=0", "0 ", "8 ", "8 ", "0 a cas=1", "0 ", "0 ", "0 c cas=3", "8 "}},
		{"create once", "sset once a 4294967295;sset once b 4294967295;sget once", nil, []string{"0 ", "8 ", "0 a cas=4"}},
		{"metrics", "mdef 0 c;mdef 0 c;mdef 1 g;mdef 2 h;mdef 3 x;minc 4 2;minc 8 1;minc 4 0;minc 4 -1;mget 4;minc 5 -3;mget 5;minc 6 1;mrec 6 7;mget 6;mrec 4 5;mget 8;minc 99 1;mget 99", nil,
			[]string{"0 4", "0 8", "0 5", "0 6", "2 0", "0 ", "0 ", "2 ", "2 ", "0 3", "0 ", "0 -3", "2 ", "0 ", "2 0", "0 ", "0 8", "1 ", "1 0"}},
		{"log and level", "log 6 x;level;log 3 careful", nil, []string{"2 ", "0 3", "0 "}},
		{"memory", "range", nil, []string{"6 "}},
		{"foreign", "foreign nothing;foreign clear_route_cache;foreign uncompress 00;foreign verify_signature", nil, []string{"1 ", "0 ", "3 ", "2 "}},
		{"effective", "effective 999;effective 1;get 0 :path;effective 0", nil, []string{"2 ", "0 ", "2 ", "0 "}},
		{"calls", "call nowhere 100", nil, []string{"2 "}},
		{"queues", "qget 1;qreg q;qget 1;qput 1 item;qget 1;qput 7 item", nil, []string{"1 ", "0 1", "7 ", "0 ", "0 item", "1 "}},
		{"stream types", "continue 2;continue 4;close 9", nil, []string{"2 ", "2 ", "2 "}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			lines := script(t, h, tt.script, tt.extra...)
			var got []string
			for _, op := range strings.Split(tt.script, ";") {
				for i, line := range lines {
					if rest, ok := strings.CutPrefix(line, op+": "); ok {
						got = append(got, rest)
						lines = lines[i+1:]
						break
					}
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("%s:\n got %q\nwant %q", tt.script, got, tt.want)
			}
		})
	}
	if got := h.Metrics().Values()["c"]; got != 8 {
		t.Errorf("metric c = %d, want 8", got)
	}
}

// TestClock holds both clocks to the virtual time.
func TestClock(t *testing.T) {
	h := start(t, Config{Start: time.Unix(1000, 0)})
	h.Advance(time.Second)
	want := strconv.Itoa(1001e9)
	if got := script(t, h, "time"); len(got) != 1 || got[0] != "time: 0 "+want+" "+want {
		t.Errorf("time = %q, want %s twice", got, want)
	}
}

// TestVerifySignature checks the built-in foreign function natively.
func TestVerifySignature(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text := []byte("text")
	sum := sha256.Sum256(text)
	rsaSig, _ := rsa.SignPKCS1v15(rand.Reader, rsaKey, crypto.SHA256, sum[:])
	ecSig, _ := ecdsa.SignASN1(rand.Reader, ecKey, sum[:])
	rsaDER, _ := x509.MarshalPKIXPublicKey(&rsaKey.PublicKey)
	ecDER, _ := x509.MarshalPKIXPublicKey(&ecKey.PublicKey)
	ecPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: ecDER})
	field := func(n int, b []byte) []byte {
		out := []byte{byte(n<<3 | 2)}
		for l := len(b); ; l >>= 7 {
			if l < 0x80 {
				out = append(out, byte(l))
				break
			}
			out = append(out, byte(l&0x7f|0x80))
		}
		return append(out, b...)
	}
	args := func(hash string, der, sig, text, pem []byte) []byte {
		b := field(1, []byte(hash))
		if der != nil {
			b = append(b, field(2, der)...)
		}
		b = append(append(b, field(3, sig)...), field(4, text)...)
		if pem != nil {
			b = append(b, field(5, pem)...)
		}
		return b
	}
	tests := []struct {
		name   string
		args   []byte
		status Status
		good   bool
	}{
		{"rsa", args("sha256", rsaDER, rsaSig, text, nil), StatusOK, true},
		{"ecdsa", args("sha256", ecDER, ecSig, text, nil), StatusOK, true},
		{"ecdsa pem", args("sha256", nil, ecSig, text, ecPEM), StatusOK, true},
		{"other text", args("sha256", rsaDER, rsaSig, []byte("tex"), nil), StatusOK, false},
		{"other hash", args("sha512", rsaDER, rsaSig, text, nil), StatusOK, false},
		{"unknown hash", args("md4", rsaDER, rsaSig, text, nil), StatusOK, false},
		{"bad key", args("sha256", []byte("x"), rsaSig, text, nil), StatusBadArgument, false},
		{"no key", args("sha256", nil, rsaSig, text, nil), StatusBadArgument, false},
		{"truncated", args("sha256", rsaDER, rsaSig, text, nil)[:40], StatusBadArgument, false},
		{"empty", nil, StatusBadArgument, false},
	}
	h := start(t, Config{Module: guest(t, "")})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			result, st := verifySignature(nil, tt.args)
			if st != tt.status || bytes.HasPrefix(result, []byte{8, 1}) != tt.good {
				t.Errorf("verifySignature = %x, %v, want %v, good %v", result, st, tt.status, tt.good)
			}
			op := "foreign verify_signature " + hex.EncodeToString(tt.args)
			if tt.args == nil {
				op += "~"
			}
			got := script(t, h, op)
			want := strconv.Itoa(int(st)) + " " + hex.EncodeToString(result)
			if !strings.HasSuffix(got[len(got)-1], ": "+want) {
				t.Errorf("in the guest: %q, want ...%q", got, want)
			}
		})
	}
}

// TestForeignEmptyResult sees the allocation of zero bytes that an empty result causes.
func TestForeignEmptyResult(t *testing.T) {
	h := start(t, Config{Foreign: map[string]ForeignFunc{
		"empty": func(*VM, []byte) ([]byte, Status) { return []byte{}, StatusOK },
		"none":  func(*VM, []byte) ([]byte, Status) { return nil, StatusOK },
	}})
	for name, want := range map[string]bool{"empty": true, "none": false} {
		n := len(h.Logs())
		script(t, h, "foreign "+name)
		if got := slices.Contains(messages(h, n), "allocate 0"); got != want {
			t.Errorf("foreign %s: allocate(0) called = %v, want %v", name, got, want)
		}
	}
}

// TestPairs round-trips maps and reads hostile ones as empty.
func TestPairs(t *testing.T) {
	good := H(":path", "/", "a", "", "a", "b\x00c")
	b := AppendPairs(nil, good)
	if got := ParsePairs(b); !slices.Equal(got, good) {
		t.Errorf("ParsePairs(AppendPairs(%q)) = %q", good, got)
	}
	for i := range b {
		if got := ParsePairs(b[:i]); len(got) != 0 {
			t.Errorf("ParsePairs of the first %d bytes = %q, want none", i, got)
		}
	}
	hostile := map[string][]byte{
		"trailing byte": append(bytes.Clone(b), 0),
		"huge count":    {255, 255, 255, 255},
		"huge name":     {1, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0},
		"no NUL":        {1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 'a', 'b', 'c', 0},
		"over 1 MiB":    AppendPairs(nil, H("a", strings.Repeat("x", pairsMaxBytes))),
	}
	for name, b := range hostile {
		if got := ParsePairs(b); len(got) != 0 {
			t.Errorf("%s: ParsePairs = %d pairs, want none", name, len(got))
		}
	}
}
