package media

import (
	"mime"
	"strings"
	"testing"

	"portcullis/filter/text"
)

func TestSplit(t *testing.T) {
	tests := []struct {
		in   string
		ok   bool
		typ  string
		list string // name=value, joined by |
		utf8 bool
	}{
		{"application/json", true, "application/json", "", true},
		{"application/json ; charset=utf-8", true, "application/json", "charset=utf-8", true},
		{"application/json;charset=\"UTF-8\"", true, "application/json", "charset=UTF-8", true},
		{"a/b;", true, "a/b", "", true},
		{"a/b; ;x=y;", true, "a/b", "x=y", true},
		{`a/b; x="1;2" ; y=3`, true, "a/b", "x=1;2|y=3", true},
		{"a/b; profile=http://x/y?z", true, "a/b", "profile=http://x/y?z", true},
		{"a/b; CHARSET=Utf-16", true, "a/b", "CHARSET=Utf-16", false},
		{"a/b; charset=utf-8; charset=utf-16", true, "a/b", "charset=utf-8|charset=utf-16", false},
		{`a/b; x=""`, true, "a/b", "x=", true},

		{"", false, "", "", false},
		{"json", false, "", "", false},
		{"/json", false, "", "", false},
		{"a/", false, "", "", false},
		{"a/b/c", false, "", "", false},
		{"a/b, c/d", false, "", "", false},
		{"a/b; x", false, "", "", false},
		{"a/b; =x", false, "", "", false},
		{"a/b; x=", false, "", "", false},
		{"a/b; charset =utf-16", false, "", "", false},
		{"a/b; charset= utf-16", false, "", "", false},
		{"a/b; x=y, c/d; charset=utf-16", false, "", "", false},
		{`a/b; x="\"; charset=utf-8; y="; charset=utf-16`, false, "", "", false},
		{`a/b; x="y`, false, "", "", false},
		{`a/b; x="y"z`, false, "", "", false},
		{`a/b; x=y"z"`, false, "", "", false},
		{"a/b; boundary*=utf-8''x", false, "", "", false},
		{"a/b; boundary*0=x; boundary*1=y", false, "", "", false},
		{"a/b; x=\x00", false, "", "", false},
		{"a/b; x=\"\xff\"", false, "", "", false},
	}
	for _, tt := range tests {
		typ, params, ok := Split([]byte(tt.in))
		if ok != tt.ok || string(typ) != tt.typ {
			t.Errorf("Split(%q) = %q %v, want %q %v", tt.in, typ, ok, tt.typ, tt.ok)
			continue
		}
		if !ok {
			continue
		}
		if got := list(params); got != tt.list || UTF8(params) != tt.utf8 {
			t.Errorf("Split(%q): parameters %s, UTF-8 %v, want %s, %v", tt.in, got, UTF8(params), tt.list, tt.utf8)
		}
	}
}

// list is the parameters, as Next finds them.
func list(params []byte) string {
	var all []string
	for len(params) > 0 {
		var name, value []byte
		if name, value, _, params = Next(params); len(name) > 0 {
			all = append(all, string(name)+"="+string(value))
		}
	}
	return strings.Join(all, "|")
}

// FuzzSplit holds Split against the mime package: where both take a value they
// find the same type and the same parameters.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{"a/b", "a/b; x=y", `a/b;x="y;z"; q=r`, `a/b; x="\""`, "a/b; x*=y", "a/b;;x=y;"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		typ, params, ok := Split([]byte(s))
		want, more, err := mime.ParseMediaType(s)
		if !ok || err != nil {
			return
		}
		if !text.EqualFold(want, typ) {
			t.Fatalf("Split(%q) = %q, want %q", s, typ, want)
		}
		for rest := params; len(rest) > 0; {
			var name, value []byte
			if name, value, _, rest = Next(rest); len(name) > 0 && more[strings.ToLower(string(name))] != string(value) {
				t.Fatalf("Split(%q): %q is %q, want %q", s, name, value, more[strings.ToLower(string(name))])
			}
		}
	})
}

func TestDoesNotAllocate(t *testing.T) {
	v := []byte(`multipart/form-data; x="a;b"; boundary=AAA; charset=utf-8`)
	if n := testing.AllocsPerRun(100, func() {
		_, params, _ := Split(v)
		UTF8(params)
	}); n != 0 {
		t.Errorf("Split allocates %v times, want 0", n)
	}
}
