//go:build !lean

package sig

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"math/big"
	"testing"

	"portcullis/filter/token"
	"portcullis/filter/token/der"
)

// signer makes signatures the way an issuer does, with Go's own crypto.
type signer struct {
	spki []byte
	sign func(t testing.TB, alg token.Alg, msg []byte) []byte
}

func digest(alg token.Alg, msg []byte) []byte {
	h := hashOf(alg).New()
	h.Write(msg)
	return h.Sum(nil)
}

func spkiOf(t testing.TB, pub any) []byte {
	t.Helper()
	b, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func rsaSigner(t testing.TB, bits int) signer {
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return signer{spkiOf(t, &k.PublicKey), func(t testing.TB, alg token.Alg, msg []byte) []byte {
		var s []byte
		var err error
		if alg >= token.PS256 {
			s, err = rsa.SignPSS(rand.Reader, k, hashOf(alg), digest(alg, msg), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		} else {
			s, err = rsa.SignPKCS1v15(rand.Reader, k, hashOf(alg), digest(alg, msg))
		}
		if err != nil {
			t.Fatal(err)
		}
		return s
	}}
}

func ecSigner(t testing.TB, c elliptic.Curve) signer {
	k, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	size := (c.Params().BitSize + 7) / 8
	return signer{spkiOf(t, &k.PublicKey), func(t testing.TB, alg token.Alg, msg []byte) []byte {
		r, s, err := ecdsa.Sign(rand.Reader, k, digest(alg, msg))
		if err != nil {
			t.Fatal(err)
		}
		return append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
	}}
}

func edSigner(t testing.TB) signer {
	pub, k, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signer{spkiOf(t, pub), func(_ testing.TB, _ token.Alg, msg []byte) []byte { return ed25519.Sign(k, msg) }}
}

func signers(t testing.TB) map[token.Alg]signer {
	r := rsaSigner(t, 2048)
	return map[token.Alg]signer{
		token.RS256: r, token.RS384: r, token.RS512: r, token.PS256: r, token.PS384: r, token.PS512: r,
		token.ES256: ecSigner(t, elliptic.P256()), token.ES384: ecSigner(t, elliptic.P384()), token.ES512: ecSigner(t, elliptic.P521()),
		token.EdDSA: edSigner(t),
	}
}

func TestVerify(t *testing.T) {
	c := New()
	msg := []byte("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0")
	all := signers(t)
	for alg, s := range all {
		t.Run(alg.Name(), func(t *testing.T) {
			sig := s.sign(t, alg, msg)
			if got := c.Verify(alg, s.spki, msg, sig); got != token.Good {
				t.Fatalf("Verify = %d, want good", got)
			}
			for i := range sig {
				bad := append([]byte(nil), sig...)
				bad[i] ^= 0x10
				if got := c.Verify(alg, s.spki, msg, bad); got != token.Bad {
					t.Fatalf("byte %d changed: %d, want bad", i, got)
				}
			}
			for _, bad := range [][]byte{nil, sig[1:], sig[:len(sig)-1], append(append([]byte(nil), sig...), 0), append([]byte{0}, sig...), make([]byte, len(sig))} {
				if got := c.Verify(alg, s.spki, msg, bad); got != token.Bad {
					t.Errorf("signature of %d bytes: %d, want bad", len(bad), got)
				}
			}
			if got := c.Verify(alg, s.spki, msg[1:], sig); got != token.Bad {
				t.Errorf("other text: %d, want bad", got)
			}
			for other := token.Alg(0); other <= token.EdDSA+1; other++ {
				want := token.Unsupported
				if other == alg || alg.IsRSA() && other.IsRSA() {
					want = token.Bad
				}
				if other != alg && c.Verify(other, s.spki, msg, sig) != want {
					t.Errorf("as %s: want %d", other.Name(), want)
				}
			}
			if problem := CheckKey(alg, s.spki); problem != "" {
				t.Errorf("CheckKey = %q, want nothing", problem)
			}
			if problem := CheckKey(token.HS256, s.spki); problem == "" {
				t.Error("CheckKey(HS256) accepts a public key")
			}
		})
	}
	if got := c.Verify(token.RS256, nil, nil, nil); got != token.Unsupported {
		t.Errorf("no key: %d, want unsupported", got)
	}
}

// TestVerifyPSSSalt wants only salts as long as the hash (RFC 7518 section 3.5).
func TestVerifyPSSSalt(t *testing.T) {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	msg := []byte("m")
	for _, salt := range []int{0, 20, 31, 32, 33, 64} {
		s, err := rsa.SignPSS(rand.Reader, k, crypto.SHA256, digest(token.PS256, msg), &rsa.PSSOptions{SaltLength: salt})
		if err != nil {
			if salt == 0 {
				continue // 0 means the longest
			}
			t.Fatal(err)
		}
		want := result(salt == 32)
		if got := New().Verify(token.PS256, spkiOf(t, &k.PublicKey), msg, s); got != want {
			t.Errorf("salt of %d bytes: %d, want %d", salt, got, want)
		}
	}
}

func TestCheckKeyOffCurve(t *testing.T) {
	for kind, alg := range map[der.Kind]token.Alg{der.P256: token.ES256, der.P384: token.ES384, der.P521: token.ES512} {
		size := der.CoordinateSize(kind)
		point := append([]byte{4}, make([]byte, 2*size)...)
		point[size], point[2*size] = 1, 1
		spki, p := der.AppendPoint(nil, kind, point)
		if p != der.None {
			t.Fatal(p)
		}
		if got := CheckKey(alg, spki); got != "the point is not on the curve" {
			t.Errorf("CheckKey(%s, 1, 1) = %q, want a refusal", alg.Name(), got)
		}
		if got := New().Verify(alg, spki, nil, make([]byte, 2*size)); got != token.Unsupported {
			t.Errorf("Verify(%s, 1, 1) = %d, want unsupported", alg.Name(), got)
		}
	}
}

// TestManyKeys has more keys than are kept in parsed form.
func TestManyKeys(t *testing.T) {
	c := New()
	var all []signer
	for range maxParsed + 5 {
		all = append(all, edSigner(t))
	}
	msg := []byte("m")
	for range 2 {
		for i, s := range all {
			if got := c.Verify(token.EdDSA, s.spki, msg, s.sign(t, token.EdDSA, msg)); got != token.Good {
				t.Fatalf("key %d: %d, want good", i, got)
			}
		}
	}
}

// TestLargestRSA checks that the largest modulus and exponent still work, as
// they are the dearest that a key set can ask for.
func TestLargestRSA(t *testing.T) {
	n := new(big.Int).Lsh(big.NewInt(1), 8191)
	n.Add(n, big.NewInt(1))
	spki, p := der.AppendRSA(nil, n.Bytes(), []byte{0x7f, 0xff, 0xff, 0xff})
	if p != der.None {
		t.Fatal(p)
	}
	sig := make([]byte, 1024)
	sig[1023] = 2
	if got := New().Verify(token.RS512, spki, []byte("m"), sig); got != token.Bad {
		t.Errorf("Verify = %d, want bad", got)
	}
}

// The allocations of Go's own functions for one check, with Go 1.26: at most.
// Should they rise, see what the new toolchain does before raising them.
var verifyAllocs = map[token.Alg]float64{
	token.RS256: 9, token.RS384: 9, token.RS512: 9, token.PS256: 13, token.PS384: 13, token.PS512: 13,
	token.ES256: 10, token.ES384: 17, token.ES512: 17, token.EdDSA: 0,
}

func TestVerifyAllocates(t *testing.T) {
	c := New()
	msg := make([]byte, 600)
	for alg, s := range signers(t) {
		sig := s.sign(t, alg, msg)
		n := testing.AllocsPerRun(20, func() { c.Verify(alg, s.spki, msg, sig) })
		t.Logf("%s: %v allocations", alg.Name(), n)
		if n > verifyAllocs[alg] {
			t.Errorf("%s allocates %v times, want at most %v", alg.Name(), n, verifyAllocs[alg])
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	c := New()
	msg := make([]byte, 600)
	all := signers(b)
	for alg := token.RS256; alg <= token.EdDSA; alg++ {
		s := all[alg]
		sig := s.sign(b, alg, msg)
		b.Run(alg.Name(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if c.Verify(alg, s.spki, msg, sig) != token.Good {
					b.Fatal("refused")
				}
			}
		})
	}
}
