package config

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"testing"
)

// source serves a text in ranges of at most step bytes from one buffer, as the
// arena does: a slice kept over the next call would show.
type source struct {
	text  string
	step  uint32
	buf   []byte
	calls int
}

func (s *source) Range(start, max uint32) ([]byte, bool) {
	s.calls++
	if s.step > 0 {
		max = min(max, s.step)
	}
	if start >= uint32(len(s.text)) {
		return nil, false
	}
	if s.buf == nil {
		s.buf = make([]byte, window)
	}
	n := copy(s.buf[:max], s.text[start:])
	return s.buf[:n], true
}

func load(text string) (*Config, *Error) {
	return Load(&source{text: text}, uint32(len(text)))
}

func TestLoadDefaults(t *testing.T) {
	for _, text := range []string{"", "{}", " {\n} "} {
		c, err := load(text)
		if err != nil {
			t.Fatalf("Load(%q) = %v", text, err)
		}
		if c.Hold != HoldStop || c.Mode != ModeEnforce || c.ErrorDetail != DetailFull || c.LogRefusals != LogInfo ||
			c.MaxBodyBytes != 1<<20 || c.BodyTimeoutMs != 15000 || c.MaxHeldRequests != 1024 || c.TableGiven {
			t.Errorf("Load(%q) = %+v, want the defaults", text, c)
		}
	}
}

func TestLoad(t *testing.T) {
	_, err := load(`{"hold":"buffer","mode":"monitor","maxBodyBytes":1e4,"bodyTimeoutMs":2500.0,"maxHeldRequests":1.5e1,
		"maxOpenRequests":9,"maxHeaders":64,"maxHeaderBytes":2048,"maxPathBytes":100,"maxNodes":100,"maxDepth":5,
		"errorDetail":"minimal","logRefusals":"off","secrets":{"a":"b","k\u00e9y":"base64:AAEC"},"table":"AAEC\/w==","x":0}`)
	if err == nil || !strings.Contains(err.Error(), `unknown key "x"`) {
		t.Fatalf("Load = %v, want unknown key", err)
	}
	c, err := load(`{"hold":"buffer","mode":"monitor","maxBodyBytes":1e4,"bodyTimeoutMs":2500.0,"maxHeldRequests":1.5e1,
		"maxOpenRequests":9,"maxHeaders":64,"maxHeaderBytes":2048,"maxPathBytes":100,"maxNodes":100,"maxDepth":5,
		"errorDetail":"minimal","logRefusals":"off","secrets":{"a":"b","k\u00e9y":"base64:AAEC"},"table":"AAEC\/w=="}`)
	if err != nil {
		t.Fatalf("Load = %v", err)
	}
	if c.Hold != HoldBuffer || c.Mode != ModeMonitor || c.MaxBodyBytes != 10000 || c.BodyTimeoutMs != 2500 || c.MaxHeldRequests != 15 ||
		c.MaxOpenRequests != 9 || c.MaxHeaders != 64 || c.MaxHeaderBytes != 2048 || c.MaxPathBytes != 100 || c.MaxNodes != 100 ||
		c.MaxDepth != 5 || c.ErrorDetail != DetailMinimal || c.LogRefusals != LogOff {
		t.Errorf("Load = %+v", c)
	}
	if !bytes.Equal(c.Table, []byte{0, 1, 2, 255}) || !c.TableGiven {
		t.Errorf("Table = %x, want 000102ff", c.Table)
	}
	if v, ok := c.Secret([]byte("kéy"), nil); !ok || !bytes.Equal(v, []byte{0, 1, 2}) {
		t.Errorf("Secret(kéy) = %x, %v", v, ok)
	}
}

func TestLoadRefuses(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"not an object", `[]`, `found an array, want "{"`},
		{"white space only", `  `, `found the end, want "{"`},
		{"trailing", `{} x`, `found "x" after the object`},
		{"two objects", `{}{}`, `found an object after the object`},
		{"unknown", `{"hodl":"stop"}`, `unknown key "hodl", want one of table, secrets, hold`},
		{"twice", `{"hold":"stop","hold":"stop"}`, `key "hold" stands twice`},
		{"twice escaped", `{"hold":"stop","ho\u006cd":"stop"}`, `key "hold" stands twice`},
		{"word", `{"hold":"stopp"}`, `hold: found "stopp", want "stop" or "buffer"`},
		{"word type", `{"mode":1}`, `mode: found a number, want "enforce", "monitor" or "off"`},
		{"null", `{"mode":null}`, `mode: found null`},
		{"number type", `{"maxDepth":"5"}`, `maxDepth: found a string, want a number`},
		{"zero", `{"maxBodyBytes":0}`, `maxBodyBytes: found 0, want a whole number from 1 to 67108864`},
		{"negative", `{"maxBodyBytes":-1}`, `found -1, want a whole number`},
		{"fraction", `{"maxBodyBytes":1.5}`, `found 1.5, want a whole number`},
		{"too large", `{"maxBodyBytes":1e99}`, `found 1e99, want`},
		{"leading zero", `{"maxBodyBytes":01}`, `found 01, want`},
		{"long number", `{"maxBodyBytes":` + strings.Repeat("1", 100) + `}`, `number of more than 64 characters`},
		{"table type", `{"table":{}}`, `table: found an object, want base64 or "linked"`},
		{"table empty", `{"table":""}`, `table: incomplete base64`},
		{"table cut", `{"table":"AAE"}`, `table: incomplete base64`},
		{"table bits", `{"table":"AAF="}`, `table: incomplete base64`},
		{"table url", `{"table":"AA-_"}`, `table: found a character that is not base64`},
		{"table after padding", `{"table":"AA==AAAA"}`, `not base64`},
		{"linked wide", `{"table":"\u016cinked"}`, `not base64`},
		{"linked and more", `{"table":"linkedAA="}`, `incomplete base64`},
		{"secret type", `{"secrets":{"a":1}}`, `secrets.a: found a number, want a string`},
		{"secret list empty", `{"secrets":{"a":[]}}`, `secrets.a: found "]", want a string`},
		{"secret list type", `{"secrets":{"a":["x",1]}}`, `secrets.a: found a number, want a string`},
		{"secret list comma", `{"secrets":{"a":["x",]}}`, `secrets.a: found "]", want a string`},
		{"secret list long", `{"secrets":{"a":["x","y","z"]}}`, `secrets.a: found ",", want "]" after at most two strings`},
		{"secret list open", `{"secrets":{"a":["x"`, `want "]" after at most two strings`},
		{"secret list empty value", `{"secrets":{"a":["x",""]}}`, `secrets.a: empty`},
		{"secret list in list", `{"secrets":{"a":[["x"]]}}`, `secrets.a: found an array, want a string`},
		{"secrets type", `{"secrets":"a"}`, `secrets: found a string, want an object`},
		{"secret twice", `{"secrets":{"a":"x","a":"y"}}`, `name "a" stands twice`},
		{"secret empty", `{"secrets":{"a":""}}`, `secrets.a: empty`},
		{"secret base64", `{"secrets":{"a":"base64:A"}}`, `bad base64`},
		{"control", "{\"hold\":\"st\nop\"}", `control character`},
		{"escape", `{"hold":"\q"}`, `unknown escape`},
		{"surrogate", `{"hold":"\ud800"}`, `lone surrogate`},
		{"half a surrogate at the end", `{"\ud800`, `lone surrogate`},
		{"backslash at the end", `{"\`, `unknown escape`},
		{"hex", `{"hold":"\u00g0"}`, `four hexadecimal digits`},
		{"utf8", "{\"hold\":\"\xff\"}", `not valid UTF-8`},
		{"colon", `{"hold" "stop"}`, `found a string, want ":"`},
		{"comma", `{"hold":"stop" "mode":"off"}`, `want "," or "}"`},
		{"trailing comma", `{"hold":"stop",}`, `found "}"`},
		{"long key", `{"` + strings.Repeat("k", 100) + `":1}`, `string of more than 64 bytes`},
		{"log injection", "{\"a\\nb\":1}", `unknown key "a\nb"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := load(tt.in)
			if err == nil {
				t.Fatalf("Load(%q) = %+v, want an error with %q", tt.in, c, tt.want)
			}
			if msg := err.Error(); !strings.Contains(msg, tt.want) || strings.Contains(msg, "\n") {
				t.Errorf("Load(%q) = %q, want one line with %q", tt.in, msg, tt.want)
			}
		})
	}
	good := `{"hold":"stop","maxDepth":5,"secrets":{"a":"b"},"table":"AAEC"}`
	for i := 1; i < len(good); i++ {
		if _, err := load(good[:i]); err == nil {
			t.Errorf("Load(%q) = good, want an error", good[:i])
		}
	}
}

func TestLoadShortHost(t *testing.T) {
	text := `{"hold":"stop"}`
	if _, err := Load(&source{text: text}, uint32(len(text))+1); err == nil || !strings.Contains(err.Error(), "the host gives no more") {
		t.Errorf("Load of a host that gives less = %v, want an error", err)
	}
}

// TestLoadTable reads a table of 2 MB through windows of any size.
func TestLoadTable(t *testing.T) {
	want := make([]byte, 2<<20+1)
	for i := range want {
		want[i] = byte(i * 7919 >> 3)
	}
	enc := base64.StdEncoding.EncodeToString(want)
	broken := ""
	for s := enc; s != ""; {
		n := min(76, len(s))
		broken += s[:n] + `\n`
		s = s[n:]
		if len(broken) > 1<<16 {
			broken += s
			break
		}
	}
	for name, body := range map[string]string{"plain": enc, "escaped": strings.ReplaceAll(enc, "/", `\/`), "wrapped": broken} {
		for _, step := range []uint32{0, 1000, 7} {
			text := `{"table":"` + body + `","hold":"buffer"}`
			src := &source{text: text, step: step}
			c, err := Load(src, uint32(len(text)))
			if err != nil {
				t.Fatalf("%s, step %d: Load = %v", name, step, err)
			}
			if !bytes.Equal(c.Table, want) || c.Hold != HoldBuffer {
				t.Errorf("%s, step %d: table of %d bytes differs, want %d", name, step, len(c.Table), len(want))
			}
			if step == 0 && name == "plain" && src.calls > len(text)/window+1 {
				t.Errorf("%d calls of the host, want %d", src.calls, len(text)/window+1)
			}
		}
	}
	if c, err := load(`{"table":"linked"}`); err != nil || c.Table != nil || !c.TableGiven {
		t.Errorf("Load linked = %+v, %v", c, err)
	}
}

func TestSecretEnviron(t *testing.T) {
	c, err := load(`{"secrets":{"both":"config"}}`)
	if err != nil {
		t.Fatal(err)
	}
	env := []byte("PATH=/\x00PORTCULLIS_SECRET_BOTH=env\x00PORTCULLIS_SECRET_MY_KEY=base64:AAE=\x00PORTCULLIS_SECRET_EMPTY=\x00PORTCULLIS_SECRET_LAST=x")
	tests := []struct {
		name, want string
		ok         bool
	}{
		{"both", "config", true},
		{"my-key", "\x00\x01", true},
		{"my.key", "\x00\x01", true},
		{"last", "x", true},
		{"empty", "", false},
		{"none", "", false},
		{"", "", false},
	}
	for _, tt := range tests {
		if v, ok := c.Secret([]byte(tt.name), env); string(v) != tt.want || ok != tt.ok {
			t.Errorf("Secret(%q) = %q, %v, want %q, %v", tt.name, v, ok, tt.want, tt.ok)
		}
	}
}

func TestPreviousSecret(t *testing.T) {
	c, err := load(`{"secrets":{"one":"a","list":["b"],"two":["c","base64:AAE="]}}`)
	if err != nil {
		t.Fatal(err)
	}
	env := []byte("PORTCULLIS_SECRET_ONE_PREVIOUS=no\x00PORTCULLIS_SECRET_ENV=e\x00PORTCULLIS_SECRET_ENV_PREVIOUS=f\x00PORTCULLIS_SECRET_LAST_PREVIOUS=")
	tests := []struct{ name, want, previous string }{
		{"one", "a", ""}, {"list", "b", ""}, {"two", "c", "\x00\x01"}, {"env", "e", "f"}, {"last", "", ""}, {"none", "", ""},
	}
	for _, tt := range tests {
		v, ok := c.Secret([]byte(tt.name), env)
		p, before := c.PreviousSecret([]byte(tt.name), env)
		if string(v) != tt.want || ok != (tt.want != "") || string(p) != tt.previous || before != (tt.previous != "") {
			t.Errorf("%s: %q, %v and %q, %v, want %q and %q", tt.name, v, ok, p, before, tt.want, tt.previous)
		}
	}
}

// FuzzWhole holds whole against exact arithmetic.
func FuzzWhole(f *testing.F) {
	for _, s := range []string{"0", "-0", "1", "15000.0", "1.5e4", "1e99", "1E+2", "100e-2", "1.50e1", "01", "1.", ".5", "9999999999999999", "10000000000000000", "1e-1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > maxWord {
			return
		}
		for i := range len(s) {
			if !isNumberByte(s[i]) {
				return
			}
		}
		got, ok := whole([]byte(s))
		if !json.Valid([]byte(s)) {
			if ok {
				t.Errorf("whole(%q) = %d, want refused", s, got)
			}
			return
		}
		if i := strings.IndexAny(s, "eE"); i >= 0 && len(s)-i > 6 {
			return // too large for big.Rat
		}
		x, good := new(big.Rat).SetString(s)
		if !good {
			return
		}
		want := x.IsInt() && x.Sign() >= 0 && x.Num().Cmp(big.NewInt(1e16)) < 0
		if ok != want || ok && new(big.Int).SetUint64(got).Cmp(x.Num()) != 0 {
			t.Errorf("whole(%q) = %d, %v, want %v, %v", s, got, ok, x, want)
		}
	})
}

// FuzzLoad: what loads is an object in the eyes of the standard library too, whatever
// the window, and what it says about the table is what base64 says.
func FuzzLoad(f *testing.F) {
	f.Add(`{"hold":"stop","maxDepth":5,"secrets":{"a":"b"},"table":"AAEC"}`, uint32(3))
	f.Add(`{"table":"linked"}`, uint32(1))
	f.Add(`{"maxBodyBytes":1.5e4,"table":"AA\/=\n"}`, uint32(2))
	f.Fuzz(func(t *testing.T, text string, step uint32) {
		c, err := load(text)
		c2, err2 := Load(&source{text: text, step: step%64 + 1}, uint32(len(text)))
		if (err == nil) != (err2 == nil) {
			t.Fatalf("Load(%q) = %v, by steps %v", text, err, err2)
		}
		if err != nil {
			if err.Error() != err2.Error() {
				t.Errorf("Load(%q) = %q, by steps %q", text, err, err2)
			}
			return
		}
		if text == "" {
			return
		}
		var m map[string]any
		if e := json.Unmarshal([]byte(text), &m); e != nil {
			t.Fatalf("Load(%q) is good, encoding/json says %v", text, e)
		}
		if s, ok := m["table"].(string); ok && s != "linked" {
			want, e := base64.StdEncoding.Strict().DecodeString(s)
			if e != nil || !bytes.Equal(want, c.Table) || !bytes.Equal(want, c2.Table) {
				t.Errorf("table of %q = %x, want %x (%v)", text, c.Table, want, e)
			}
		}
	})
}

func BenchmarkLoadTable(b *testing.B) {
	text := `{"table":"` + strings.Repeat("ABCD", 700000) + `"}`
	b.SetBytes(int64(len(text)))
	src := &source{text: text}
	for b.Loop() {
		if _, err := Load(src, uint32(len(text))); err != nil {
			b.Fatal(err)
		}
	}
}
