package engine

import (
	"encoding/json"
	"testing"

	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

// TestProblemHeads: the documents of all codes in turn are whole JSON and about their
// own code, and what is kept of the last one takes no memory.
func TestProblemHeads(t *testing.T) {
	var e Engine
	e.head.text = make([]byte, 0, headRoom)
	buf := make([]byte, 0, 4<<10)
	for c := verdict.Code(0); c <= verdict.NumCodes; c++ {
		for _, again := range []verdict.Code{c, c, verdict.RouteNotFound, c} {
			d := Decision{Finding: Finding{Code: again, Param: table.NoIndex}}
			var got struct {
				Type, Title, Code string
				Status            int
			}
			if err := json.Unmarshal(e.AppendProblem(buf, &d, false), &got); err != nil {
				t.Fatalf("document of %s: %v", again.Name(), err)
			}
			if got.Code != again.Name() || got.Title != again.Title() || got.Status != int(again.Status()) || got.Type != "urn:portcullis:problem:"+again.Name() {
				t.Errorf("document of %s = %+v", again.Name(), got)
			}
		}
	}
	if cap(e.head.text) != headRoom {
		t.Errorf("the longest head takes %d bytes, want at most %d", cap(e.head.text), headRoom)
	}
}

func TestEscape(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "plain text": "plain text", `a"b\c`: `a\"b\\c`, "\x00\n": `\u0000\u000a`,
		"é": "é", "x\xffy": "x\ufffdy", "end\"": `end\"`, "\x7f": "\x7f", "a\xc3": "a\ufffd",
	} {
		if got := string(escape([]byte("\"head"+in), 5)); got != "\"head"+want {
			t.Errorf("escape(%q) = %q, want %q", in, got[5:], want)
		}
	}
}
