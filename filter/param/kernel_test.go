package param

import (
	"bytes"
	"math/rand"
	"testing"

	"portcullis/filter/json"
)

// state makes a form's state with room for it all.
func state(body []byte, bloom uint64) *formState {
	return &formState{src: body, out: make([]byte, len(body)+formSlack), nodes: make([]json.Node, 64), seen: make([]uint64, 64),
		picked: make([]uint32, 16), bloom: bloom, mask: 63, gen: 1, num: 1}
}

// TestKernels holds the kernel that runs against the one in Go, and the hashes
// of names against json's, over forms of odd pieces.
func TestKernels(t *testing.T) {
	pieces := []string{"a", "b", "name", "&", "&&", "=", "+", "++++++++", "%41", "%C3%A4", "%", "%4", "%zz", "%00", "%5B", "[", "]", "#", " ", "\x7f", "\x80", "ä",
		"a-rather-long-name-of-a-field", "0123456", "01234567", "012345678", "!\"$", "&x=", "&y=1", "=text+with+spaces", "\x00", "'", ";", "%3B"}
	rnd := rand.New(rand.NewSource(7))
	for range 20000 {
		var body []byte
		for range 1 + rnd.Intn(12) {
			body = append(body, pieces[rnd.Intn(len(pieces))]...)
		}
		bloom := rnd.Uint64() & rnd.Uint64()
		a, b := state(body, bloom), state(body, bloom)
		a.divide = rnd.Uint64() & 1
		b.divide = a.divide
		runForm(a)
		formKernel(b)
		if a.status != b.status || a.num != b.num && a.status == formGood || a.numPicked != b.numPicked || a.high != b.high && a.status == formGood {
			t.Fatalf("%q: status %d num %d picked %d high %d, want %d %d %d %d", body, a.status, a.num, a.numPicked, a.high, b.status, b.num, b.numPicked, b.high)
		}
		if a.status != formGood {
			continue
		}
		if a.at != b.at || !bytes.Equal(a.out[:a.at], b.out[:b.at]) {
			t.Fatalf("%q: texts %q, want %q", body, a.out[:a.at], b.out[:b.at])
		}
		for i := uint64(1); i < a.num; i++ {
			if a.nodes[i] != b.nodes[i] {
				t.Fatalf("%q: node %d is %+v, want %+v", body, i, a.nodes[i], b.nodes[i])
			}
			n := a.nodes[i]
			if text := a.out[n.Off : n.Off+n.Len]; n.Kind() == json.KindName && n.Ext != json.HashName(text) {
				t.Fatalf("%q: the hash of %q is %x, want %x", body, text, n.Ext, json.HashName(text))
			}
		}
	}
}
