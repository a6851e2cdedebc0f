package plugin

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"testing"

	"portcullis/filter/internal/abi"
	"portcullis/filter/limit"
	"portcullis/filter/token"
)

// countingVerifier is the fallback: it says Good and counts.
type countingVerifier struct{ calls int }

func (c *countingVerifier) Verify(token.Alg, []byte, []byte, []byte) token.Result {
	c.calls++
	return token.Good
}
func (c *countingVerifier) HMAC(token.Alg, []byte, []byte, *[64]byte) int { return 32 }
func (c *countingVerifier) SHA256([]byte, *[32]byte)                      {}

// envoyVerify is verify_signature as Envoy has it, over Go's crypto.
func envoyVerify(t *testing.T, pub any) func(string, []byte) ([]byte, abi.Status) {
	return func(name string, args []byte) ([]byte, abi.Status) {
		if name != "verify_signature" {
			return nil, abi.StatusNotFound
		}
		fields := map[byte][]byte{}
		for len(args) > 0 {
			tag := args[0]
			n, i := 0, 1
			for shift := 0; ; shift += 7 {
				n |= int(args[i]&0x7f) << shift
				if i++; args[i-1] < 0x80 {
					break
				}
			}
			fields[tag>>3] = args[i : i+n]
			args = args[i+n:]
		}
		if string(fields[1]) != "sha256" {
			t.Errorf("hash = %q, want sha256", fields[1])
		}
		der, _ := x509.MarshalPKIXPublicKey(pub)
		if !bytes.Equal(der, fields[2]) {
			return nil, abi.StatusBadArgument
		}
		sum := sha256.Sum256(fields[4])
		ok := false
		switch k := pub.(type) {
		case *rsa.PublicKey:
			ok = rsa.VerifyPKCS1v15(k, crypto.SHA256, sum[:], fields[3]) == nil
		case *ecdsa.PublicKey:
			ok = ecdsa.VerifyASN1(k, sum[:], fields[3])
		}
		if ok {
			return []byte{8, 1}, abi.StatusOK
		}
		msg := "Failed to verify digital signature. Error code: 0"
		return append([]byte{0x12, byte(len(msg))}, msg...), abi.StatusOK
	}
}

func TestVerifyByHost(t *testing.T) {
	signed := bytes.Repeat([]byte("text "), 300)
	sum := sha256.Sum256(signed)
	rk, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	rsig, _ := rsa.SignPKCS1v15(rand.Reader, rk, crypto.SHA256, sum[:])
	ek, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	er, es, _ := ecdsa.Sign(rand.Reader, ek, sum[:])
	esig := append(er.FillBytes(make([]byte, 32)), es.FillBytes(make([]byte, 32))...)
	for _, tt := range []struct {
		alg token.Alg
		pub any
		sig []byte
	}{{token.RS256, &rk.PublicKey, rsig}, {token.ES256, &ek.PublicKey, esig}} {
		spki, _ := x509.MarshalPKIXPublicKey(tt.pub)
		h, fb := newFakeHost(), &countingVerifier{}
		h.arena.Grow(1 << 16)
		h.foreign = envoyVerify(t, tt.pub)
		v := newVerifier(h, fb)
		if r := v.Verify(tt.alg, spki, signed, tt.sig); r != token.Good || fb.calls != 0 {
			t.Errorf("%s: Verify = %d (fallback called %d times), want Good by the host", tt.alg.Name(), r, fb.calls)
		}
		bad := bytes.Clone(tt.sig)
		bad[len(bad)-1] ^= 1
		if r := v.Verify(tt.alg, spki, signed, bad); r != token.Bad || fb.calls != 0 {
			t.Errorf("%s: Verify of a wrong signature = %d (fallback %d), want Bad by the host", tt.alg.Name(), r, fb.calls)
		}
		if r := v.Verify(tt.alg, []byte("key"), signed, tt.sig); r != token.Good || fb.calls != 1 {
			t.Errorf("%s: Verify with a key the host can't read = %d (fallback %d), want the fallback's word", tt.alg.Name(), r, fb.calls)
		}
		if n := testing.AllocsPerRun(10, func() { v.byHost(token.PS256, spki, signed, tt.sig) }); n != 0 {
			t.Errorf("allocations = %v, want 0", n)
		}
	}
}

func TestVerifyFallback(t *testing.T) {
	calls := 0
	h, fb := newFakeHost(), &countingVerifier{}
	h.arena.Grow(1 << 16)
	h.foreign = func(string, []byte) ([]byte, abi.Status) { calls++; return nil, abi.StatusNotFound }
	v := newVerifier(h, fb)
	for _, alg := range []token.Alg{token.PS256, token.EdDSA, token.RS256, token.RS256} {
		if r := v.Verify(alg, []byte("k"), []byte("s"), []byte("s")); r != token.Good {
			t.Errorf("Verify(%s) = %d, want the fallback's Good", alg.Name(), r)
		}
	}
	// PSS and Ed25519 never go to the host; a host without the function is asked once.
	if calls != 1 || fb.calls != 4 {
		t.Errorf("host called %d times, fallback %d, want 1 and 4", calls, fb.calls)
	}
	v = newVerifier(h, nil)
	if r := v.Verify(token.EdDSA, nil, nil, nil); r != token.Unsupported {
		t.Errorf("Verify without a fallback = %d, want Unsupported", r)
	}
}

func TestVerifyResult(t *testing.T) {
	tests := []struct {
		in   string
		want token.Result
	}{
		{"", token.Bad},
		{"\x08\x01", token.Good},
		{"\x08\x00", token.Unsupported},
		{"\x08\x01\x12\x00", token.Good},
		{"\x12\x06Failed", token.Unsupported},
		{"\x12\x10Failed to verify", token.Bad},
		{"\x12\x11sha512 unsupported", token.Unsupported},
		{"\x12\x80", token.Unsupported},
		{"\x08", token.Unsupported},
		{"\x10\x01", token.Unsupported},
	}
	for _, tt := range tests {
		if got := verifyResult([]byte(tt.in)); got != tt.want {
			t.Errorf("verifyResult(%q) = %d, want %d", tt.in, got, tt.want)
		}
	}
}

func TestStore(t *testing.T) {
	h := newFakeHost()
	h.arena.Grow(1 << 10)
	s := store{h}
	if _, _, st := s.Get([]byte("k")); st != limit.NotFound {
		t.Errorf("Get of nothing = %d, want NotFound", st)
	}
	if st := s.Set([]byte("k"), []byte("v"), 0xFFFFFFFE); st != limit.OK {
		t.Errorf("Set of nothing = %d, want OK", st)
	}
	if st := s.Set([]byte("k"), []byte("w"), 0xFFFFFFFE); st != limit.Mismatch {
		t.Errorf("Set with a wrong cas = %d, want Mismatch", st)
	}
	v, cas, st := s.Get([]byte("k"))
	if string(v) != "v" || st != limit.OK {
		t.Errorf("Get = %q, %d", v, st)
	}
	if st := s.Set([]byte("k"), []byte("w"), cas); st != limit.OK {
		t.Errorf("Set with the cas = %d, want OK", st)
	}
	h.arena.Grow(0)
	h.shared["big"] = make([]byte, 2048)
	if _, _, st := s.Get([]byte("big")); st != limit.Error {
		t.Errorf("Get of more than the arena holds = %d, want Error", st)
	}
}
