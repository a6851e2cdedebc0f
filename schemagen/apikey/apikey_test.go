package apikey

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
)

func TestNew(t *testing.T) {
	seen := map[string]bool{}
	for range 200 {
		k, err := New(nil, DefaultPrefix)
		if err != nil {
			t.Fatal(err)
		}
		if seen[k.ID] || seen[k.Secret] {
			t.Fatalf("found %q again", k.ID)
		}
		seen[k.ID], seen[k.Secret] = true, true
		if !strings.HasPrefix(k.ID, "pcl_") || len(k.ID) != 16 || len(k.Secret) != 30 {
			t.Errorf("New = %q %q", k.ID, k.Secret)
		}
		if got, err := Parse(k.Text()); err != nil || got != k {
			t.Errorf("Parse(%q) = %v, %v", k.Text(), got, err)
		}
		if got, err := Parse(k.ID + ":" + k.Secret); err != nil || got != k {
			t.Errorf("Parse as Basic has it = %v, %v", got, err)
		}
	}
	for _, prefix := range []string{"", "_a", "a_", "a b", "a:b", strings.Repeat("a", 52), "ä"} {
		if _, err := New(nil, prefix); err == nil {
			t.Errorf("New with the prefix %q is accepted", prefix)
		}
	}
	if k, err := New(nil, strings.Repeat("a", 51)); err != nil || len(k.ID) != 64 {
		t.Errorf("New with the longest prefix = %v, %v", k, err)
	}
	if _, err := New(bytes.NewReader(make([]byte, 20)), "a"); err == nil {
		t.Error("New without enough random bytes is accepted")
	}
}

// TestFair: bytes that would make some characters more likely are left out.
func TestFair(t *testing.T) {
	got, err := text(bytes.NewReader([]byte{255, 248, 247, 61, 62, 0}), 4)
	if err != nil || got != "zz00" {
		t.Errorf("text = %q, %v, want zz00", got, err)
	}
}

func TestParse(t *testing.T) {
	k, err := New(nil, "x")
	if err != nil {
		t.Fatal(err)
	}
	good := k.Text()
	for _, bad := range []string{"", "secret", "alice:password", good[:len(good)-1], good + "A", good[1:], strings.ToLower(good) + "x", good + "\n", k.ID, k.ID + ":", "$2y$05$abc"} {
		if _, err := Parse(bad); err == nil {
			t.Errorf("Parse(%q) is accepted", bad)
		} else if strings.Contains(err.Error(), k.Secret[:10]) {
			t.Errorf("Parse(%q) shows the secret: %v", bad, err)
		}
	}
}

func TestDigest(t *testing.T) {
	k := Key{"pcl_goldKey00001", "RljoqqI0XVUBVUdYdNA4DQ9I05EdN5"}
	sum := sha256.Sum256([]byte("pcl_goldKey00001:RljoqqI0XVUBVUdYdNA4DQ9I05EdN5"))
	if got, want := k.Digest(nil), "sha256:"+hex.EncodeToString(sum[:]); got != want {
		t.Errorf("Digest = %s, want %s", got, want)
	}
	if got := k.Digest([]byte("p")); !strings.HasPrefix(got, "hmac-sha256:") || got == k.Digest([]byte("q")) {
		t.Errorf("Digest with a pepper = %s", got)
	}
}
