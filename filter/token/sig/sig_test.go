package sig

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"testing"

	"portcullis/filter/token"
)

func TestHMAC(t *testing.T) {
	c := New()
	for alg, h := range map[token.Alg]func() hash.Hash{token.HS256: sha256.New, token.HS384: sha512.New384, token.HS512: sha512.New} {
		for _, keySize := range []int{0, 1, 32, 63, 64, 65, 127, 128, 129, 500} {
			for _, size := range []int{0, 1, 55, 64, 1000} {
				key, msg := bytes.Repeat([]byte{7}, keySize), bytes.Repeat([]byte{9}, size)
				var out [64]byte
				n := c.HMAC(alg, key, msg, &out)
				m := hmac.New(h, key)
				m.Write(msg)
				if want := m.Sum(nil); !bytes.Equal(out[:n], want) {
					t.Errorf("HMAC(%s, %d byte key, %d bytes) = %x, want %x", alg.Name(), keySize, size, out[:n], want)
				}
			}
		}
	}
	var out [64]byte
	if n := c.HMAC(token.RS256, nil, nil, &out); n != 0 {
		t.Errorf("HMAC(RS256) = %d bytes, want 0", n)
	}
}

func TestSHA256(t *testing.T) {
	var out [32]byte
	New().SHA256([]byte("abc"), &out)
	if want := sha256.Sum256([]byte("abc")); out != want {
		t.Errorf("SHA256(abc) = %x, want %x", out, want)
	}
}

func TestHashingAllocates(t *testing.T) {
	c := New()
	key, msg := make([]byte, 200), make([]byte, 600)
	var out [64]byte
	var sum [32]byte
	for _, alg := range []token.Alg{token.HS256, token.HS384, token.HS512} {
		if n := testing.AllocsPerRun(100, func() { c.HMAC(alg, key, msg, &out); c.SHA256(msg, &sum) }); n != 0 {
			t.Errorf("%s allocates %v times, want 0", alg.Name(), n)
		}
	}
}

// TestManySecrets: more secrets than are kept ready, and one under all algorithms.
func TestManySecrets(t *testing.T) {
	c := New()
	for round := range 2 {
		for i := range maxMACs + 7 {
			key := []byte{byte(i), 1, 2, 3}
			for alg, h := range map[token.Alg]func() hash.Hash{token.HS256: sha256.New, token.HS384: sha512.New384, token.HS512: sha512.New} {
				var out [64]byte
				n := c.HMAC(alg, key, []byte("text"), &out)
				m := hmac.New(h, key)
				m.Write([]byte("text"))
				if want := m.Sum(nil); !bytes.Equal(out[:n], want) {
					t.Fatalf("round %d: HMAC(%s, secret %d) = %x, want %x", round, alg.Name(), i, out[:n], want)
				}
				clear(out[:]) // what is kept is no view of the caller's
			}
			clear(key)
		}
	}
	if n := len(c.macs.list); n != maxMACs {
		t.Errorf("%d secrets are kept, want %d", n, maxMACs)
	}
}
