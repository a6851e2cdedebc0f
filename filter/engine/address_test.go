package engine

import (
	"net/netip"
	"strings"
	"testing"
)

func TestAddressKey(t *testing.T) {
	tests := []struct{ in, want string }{
		{"192.0.2.1", "\xc0\x00\x02\x01"},
		{"192.0.2.1:65535", "\xc0\x00\x02\x01"},
		{"[::ffff:192.0.2.1]:80", "\xc0\x00\x02\x01"},
		{"::ffff:c000:201", "\xc0\x00\x02\x01"},
		{"[2001:db8::1]:80", "\x20\x01\x0d\xb8\x00\x00\x00\x00"},
		{"2001:db8::2", "\x20\x01\x0d\xb8\x00\x00\x00\x00"},
		{"2001:db8:1:2:3:4:5:6", "\x20\x01\x0d\xb8\x00\x01\x00\x02"},
		{"fe80::1%eth0", "\xfe\x80\x00\x00\x00\x00\x00\x00"},
		{"::", "\x00\x00\x00\x00\x00\x00\x00\x00"},
		{"", ""},
		{"/var/run/proxy.sock", "/var/run/proxy.sock"},
		{"256.0.0.1", "256.0.0.1"},
		{"1.2.3", "1.2.3"},
		{"01.2.3.4", "01.2.3.4"},
		{"1.2.3.00", "1.2.3.00"},
		{"::0.00.0.0", "::0.00.0.0"},
		{"1.2.3.4.5", "1.2.3.4.5"},
		{"1:::2", "1:::2"},
		{"1::2::3", "1::2::3"},
		{"12345::", "12345::"},
		{"[", "["},
		{"[::1", "[::1"},
	}
	for _, tt := range tests {
		if got := string(addressKey(nil, []byte(tt.in))); got != tt.want {
			t.Errorf("addressKey(%q) = %x, want %x", tt.in, got, tt.want)
		}
	}
	buf, in := make([]byte, 0, 64), []byte("[2001:db8::1]:443")
	if n := testing.AllocsPerRun(100, func() { addressKey(buf, in) }); n != 0 {
		t.Errorf("addressKey allocates %v times", n)
	}
}

// FuzzAddress: this package reads the addresses that net/netip reads, and no
// others.
func FuzzAddress(f *testing.F) {
	for _, s := range []string{"1.2.3.4", "::", "::1", "1::", "2001:db8::1", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4", "1:2:3:4:5:6:1.2.3.4", "1:::2", "01.2.3.4",
		"fe80::1%a", "::1.2.3.4:5", "1::2:3:4:5:6:7", "1::2:3:4:5:6:7:8", ":1", "1:", "0:0:0:0:0:0:0:00000", "::0.00.0.0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.ContainsAny(s, "[]%") {
			return // ports and zones are cut off before
		}
		want, err := netip.ParseAddr(s)
		is4 := err == nil && want.Is4()
		if got, ok := ipv4([]byte(s)); ok != is4 || ok && got != want.As4() {
			t.Fatalf("ipv4(%q) = %v, %v, net/netip says %v, %v", s, got, ok, want, err)
		}
		if is4 {
			return
		}
		got, ok := ipv6([]byte(s))
		if ok != (err == nil) {
			t.Fatalf("ipv6(%q) = %x, %v, net/netip says %v", s, got, ok, err)
		}
		for i, x := range got {
			if b := want.As16(); ok && x != uint16(b[2*i])<<8|uint16(b[2*i+1]) {
				t.Fatalf("ipv6(%q) = %x, want %v", s, got, want)
			}
		}
	})
}

func TestQueryValue(t *testing.T) {
	tests := []struct{ query, want string }{
		{"a=1", "1"},
		{"b=2&a=1", "1"},
		{"a=1&b=2", "1"},
		{"%61=%31", "1"},
		{"a=x+y%20z", "x y z"},
		{"a", ""},
		{"a=", ""},
		{"a=1&a=1", ""},
		{"a=1&%61=2", ""},
		{"", ""},
		{"&&a=1&&", "1"},
		{"a=%", "%"},
		{"a=%zz", "%zz"},
		{"aa=1", ""},
		{"a==", "="},
	}
	for _, tt := range tests {
		dst := make([]byte, 0, 16)
		if got := queryValue(dst, []byte(tt.query), []byte("a")); string(got) != tt.want {
			t.Errorf("queryValue(%q) = %q, want %q", tt.query, got, tt.want)
		}
	}
}

func TestWholeNumber(t *testing.T) {
	tests := []struct {
		in string
		n  uint64
		ok bool
	}{
		{"0", 0, true}, {"12", 12, true}, {"", 0, false}, {"-1", 0, false}, {"1.0", 0, false}, {" 1", 0, false}, {"1e3", 0, false},
	}
	for _, tt := range tests {
		if n, ok := wholeNumber([]byte(tt.in)); n != tt.n || ok != tt.ok {
			t.Errorf("wholeNumber(%q) = %d, %v, want %d, %v", tt.in, n, ok, tt.n, tt.ok)
		}
	}
	if n, ok := wholeNumber([]byte(strings.Repeat("9", 100))); !ok || n < 1<<60 {
		t.Errorf("wholeNumber(100 nines) = %d, %v, want something very large", n, ok)
	}
}
