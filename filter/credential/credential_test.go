package credential

import (
	"bytes"
	"encoding/base64"
	"regexp"
	"strings"
	"testing"
)

var (
	keyRE    = regexp.MustCompile(`^([A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?)_([A-Za-z0-9]{22,128})$`)
	idRE     = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?$`)
	secretRE = regexp.MustCompile(`^[A-Za-z0-9]{22,128}$`)
)

const secret = "8hJ2vXnQ5cT7yLbG4wKdM1sPz0Rf6A"

func FuzzParseKey(f *testing.F) {
	for _, s := range []string{
		"", "_", "a_" + secret, "pcl_k3Vd81mZq0Ra_" + secret, "pcl__" + secret, "_a_" + secret, "a_" + secret[:21], "a_" + secret[:22], "a-_" + secret, "a_" + secret + "_",
		"a_" + strings.Repeat("A", 128), "a_" + strings.Repeat("A", 129), strings.Repeat("a", 64) + "_" + secret, strings.Repeat("a", 65) + "_" + secret,
		"a_" + secret + "\n", "a_" + secret + " ", "ä_" + secret, "a_" + secret + "\xff", "a:" + secret, "a_" + secret[:25] + "\x00" + secret[25:],
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		k, ok := ParseKey(in)
		m := keyRE.FindSubmatch(in)
		if ok != (m != nil) {
			t.Fatalf("ParseKey(%q) = %v, want %v", in, ok, m != nil)
		}
		if ok && (!bytes.Equal(k.ID, m[1]) || !bytes.Equal(k.Secret, m[2])) {
			t.Fatalf("ParseKey(%q) = %q %q, want %q %q", in, k.ID, k.Secret, m[1], m[2])
		}
		if ok && string(k.AppendDigested(nil)) != string(m[1])+":"+string(m[2]) {
			t.Fatalf("AppendDigested of %q = %q", in, k.AppendDigested(nil))
		}
	})
}

// FuzzParseBasic compares with encoding/base64, which skips line breaks.
func FuzzParseBasic(f *testing.F) {
	b64 := base64.StdEncoding.EncodeToString
	for _, s := range []string{
		"", "=", "====", "A===", "AA==", "AB==", b64([]byte("a:" + secret)), b64([]byte("a:" + secret + ":")), b64([]byte(":" + secret)), b64([]byte("a:")), b64([]byte("ab:" + secret)), b64([]byte("abc:" + secret)),
		b64([]byte("a:" + secret + "\n")), b64([]byte("a:" + secret))[:8] + "\r\n" + b64([]byte("a:" + secret))[8:], strings.TrimRight(b64([]byte("a:"+secret)), "="), b64([]byte("ab:"+secret)) + "=",
		base64.URLEncoding.EncodeToString([]byte("\xff\xfe:" + secret)), strings.Repeat("QUFB", 64), strings.Repeat("QUFB", 65), b64([]byte(strings.Repeat("a", 64) + ":" + strings.Repeat("A", 128))),
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var buf [MaxKey + 2]byte
		k, ok := ParseBasic(&buf, in)
		raw, err := base64.StdEncoding.Strict().DecodeString(string(in))
		user, password, colon := bytes.Cut(raw, []byte(":"))
		want := err == nil && !bytes.ContainsAny(in, "\r\n") && colon && idRE.Match(user) && secretRE.Match(password)
		if ok != want {
			t.Fatalf("ParseBasic(%q) = %v, want %v", in, ok, want)
		}
		if ok && (!bytes.Equal(k.ID, user) || !bytes.Equal(k.Secret, password)) {
			t.Fatalf("ParseBasic(%q) = %q %q, want %q %q", in, k.ID, k.Secret, user, password)
		}
	})
}

func TestBasic(t *testing.T) {
	for _, tt := range []struct {
		in, want string
		present  bool
	}{
		{"Basic YTpi", "YTpi", true}, {"BASIC YTpi", "YTpi", true}, {"basic", "", true}, {"basic ", "", true}, {"Basic  YTpi", " YTpi", true},
		{"", "", false}, {"Basi", "", false}, {"Basics YTpi", "", false}, {"Basic\tYTpi", "", false}, {"Bearer x", "", false}, {" Basic x", "", false}, {"\x42asic x", "x", true}, {"\x02asic x", "", false},
	} {
		got, present := Basic([]byte(tt.in))
		if string(got) != tt.want || present != tt.present {
			t.Errorf("Basic(%q) = %q %v, want %q %v", tt.in, got, present, tt.want, tt.present)
		}
	}
}

func TestParseForwarded(t *testing.T) {
	tests := []struct {
		in   string
		want string // "" is refused
	}{
		{"Hash=ab", "hash ab"},
		{"hash=ab;", "hash ab"},
		{"By=spiffe://a/b;Hash=ab;URI=spiffe://c/d", "hash ab uri spiffe://c/d"},
		{`Hash=ab;Subject="CN=x,O=\"y\";z";URI=;DNS=a.b;dns=c.d`, `hash ab subject CN=x,O=\"y\";z dns a.b dns c.d`},
		{`Hash=ab;Cert="-----BEGIN%20CERTIFICATE-----%0A";Chain="x"`, "hash ab"},
		{"Hash=ab,Hash=cd", ""},
		{`Hash=ab;Subject="",By=x`, ""},
		{"Hash=ab;Hash=ab", ""},
		{`Subject="a";Subject="b"`, ""},
		{"", ""}, {";", ""}, {"=", ""}, {"Hash", ""}, {"Hash=", ""}, {"Hash=ab;;URI=x", ""}, {`Hash="ab`, ""}, {`Hash="ab"cd`, ""}, {`Hash=a"b`, ""}, {`Subject="\`, ""}, {`Subject="\"`, ""}, {"Hash=a=b", ""},
		{strings.Repeat("DNS=a;", MaxNames) + "DNS=a", ""},
		{strings.Repeat("URI=a;", MaxNames+1), ""},
		{"Hash =ab", "nothing"},
	}
	for _, tt := range tests {
		var f Forwarded
		got := ""
		if ParseForwarded([]byte(tt.in), &f) {
			got = describe(&f)
		}
		if got != tt.want {
			t.Errorf("ParseForwarded(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func describe(f *Forwarded) string {
	var out []string
	if f.Hash != nil {
		out = append(out, "hash "+string(f.Hash))
	}
	if f.Subject != nil {
		out = append(out, "subject "+string(f.Subject))
	}
	for _, u := range f.URIs[:f.NumURIs] {
		out = append(out, "uri "+string(u))
	}
	for _, u := range f.DNS[:f.NumDNS] {
		out = append(out, "dns "+string(u))
	}
	if out == nil {
		return "nothing"
	}
	return strings.Join(out, " ")
}

// forwardedRE is one element, by another road.
var forwardedRE = regexp.MustCompile(`(?s)^[^=;,"]+=("(\\.|[^"\\])*"|[^=;,"]*)(;[^=;,"]+=("(\\.|[^"\\])*"|[^=;,"]*))*;?$`)

func FuzzParseForwarded(f *testing.F) {
	for _, s := range []string{"", "Hash=ab", `Hash=ab;Subject="CN=\"x\"";URI=a://b;DNS=c`, "a=b,c=d", `x="\\";y="`, "=;=", `Subject=""`, "URI=a;URI=b;"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var x Forwarded
		ok := ParseForwarded(in, &x)
		if ok && !forwardedRE.Match(in) {
			t.Fatalf("ParseForwarded(%q) takes what is no element", in)
		}
		if !ok && forwardedRE.Match(in) && !bytes.Contains(bytes.ToLower(in), []byte("hash")) && !bytes.Contains(bytes.ToLower(in), []byte("subject")) && len(in) < 4*MaxNames {
			t.Fatalf("ParseForwarded(%q) refuses an element", in)
		}
	})
}

func TestFolders(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"spiffe://a/b/c", "spiffe://a/b/ spiffe://a/"},
		{"spiffe://a/b", "spiffe://a/"},
		{"https://a/b/c/d", "https://a/b/c/ https://a/b/ https://a/"},
		{"spiffe://a", ""}, {"spiffe://a/", ""}, {"spiffe://", ""}, {"a/b/c", ""}, {"", ""}, {"://", ""},
		{"spiffe://a//b", ""}, {"spiffe://a/../b", ""}, {"spiffe://a/.hidden", ""}, {"spiffe://a/b/..", ""}, {"spiffe://a/%2f/b", ""}, {"spiffe://a/b?c/d", ""}, {"spiffe://a/b#c/d", ""}, {"spiffe://a/b c", ""}, {"spiffe://a/\x00", ""}, {"spiffe://a/\\b", ""},
		{"spiffe:///b", ""},
	} {
		var got []string
		Folders([]byte(tt.in), func(f []byte) bool { got = append(got, string(f)); return false })
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("Folders(%q) = %q, want %q", tt.in, s, tt.want)
		}
	}
}

func TestLowerDNS(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"a.Example", "a.example"}, {"A.", "a"}, {"_x.a-b.c", "_x.a-b.c"}, {strings.Repeat("a", 253), strings.Repeat("a", 253)},
		{"", ""}, {".", ""}, {"..", ""}, {".a", ""}, {"a..b", ""}, {"*.a", ""}, {"a b", ""}, {"ä.b", ""}, {"a\x00b", ""}, {strings.Repeat("a", 254), ""}, {"a/b", ""},
	} {
		var buf [MaxDNS]byte
		got, ok := LowerDNS(&buf, []byte(tt.in))
		if string(got) != tt.want || ok != (tt.want != "") {
			t.Errorf("LowerDNS(%q) = %q %v, want %q", tt.in, got, ok, tt.want)
		}
	}
	if got := string(Parent([]byte("a.b.c"))); got != ".b.c" {
		t.Errorf("Parent = %q", got)
	}
}

func TestNoAllocations(t *testing.T) {
	key := []byte("pcl_k3Vd81mZq0Ra_" + secret)
	basic := []byte(base64.StdEncoding.EncodeToString([]byte("pcl_k3Vd81mZq0Ra:" + secret)))
	field := []byte(`Hash=ab;Subject="CN=x";URI=spiffe://a/b/c;DNS=a.b`)
	var buf [MaxKey + 2]byte
	var f Forwarded
	var dns [MaxDNS]byte
	if n := testing.AllocsPerRun(20, func() {
		ParseKey(key)
		ParseBasic(&buf, basic)
		ParseForwarded(field, &f)
		Folders(f.URIs[0], func([]byte) bool { return false })
		LowerDNS(&dns, f.DNS[0])
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
