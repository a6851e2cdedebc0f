package der

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"testing"
)

// keys makes one good key of each kind.
func keys(t testing.TB) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	add := func(name string, pub any) {
		b, err := x509.MarshalPKIXPublicKey(pub)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = b
	}
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	add("rsa", &r.PublicKey)
	for name, c := range map[string]elliptic.Curve{"p256": elliptic.P256(), "p384": elliptic.P384(), "p521": elliptic.P521()} {
		k, err := ecdsa.GenerateKey(c, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		add(name, &k.PublicKey)
	}
	ed, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	add("ed25519", ed)
	return out
}

func TestReadGood(t *testing.T) {
	for name, spki := range keys(t) {
		k, p := Read(spki)
		if p != None {
			t.Errorf("Read(%s) = %v", name, p)
			continue
		}
		checkAgainstX509(t, spki, k)
		for n := range spki {
			if _, p := Read(spki[:n]); p == None {
				t.Errorf("Read(%s[:%d]) = none, want a problem", name, n)
			}
		}
		if _, p := Read(append(append([]byte(nil), spki...), 0)); p != Malformed {
			t.Errorf("Read(%s + 1 byte) = %v, want malformed", name, p)
		}
		var again []byte
		if k.Kind == RSA {
			again, p = AppendRSA(nil, k.Modulus, big.NewInt(int64(k.Exponent)).Bytes())
		} else {
			again, p = AppendPoint(nil, k.Kind, k.Point)
		}
		if p != None || !bytes.Equal(again, spki) {
			t.Errorf("%s: written again %v: %x, want %x", name, p, again, spki)
		}
	}
}

// checkAgainstX509 wants Go's parser to find the same key.
func checkAgainstX509(t *testing.T, spki []byte, k Key) {
	t.Helper()
	pub, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		if k.Kind == P256 || k.Kind == P384 || k.Kind == P521 {
			return // off the curve, which Read does not look at
		}
		t.Fatalf("Read accepts %x, x509: %v", spki, err)
	}
	switch pub := pub.(type) {
	case *rsa.PublicKey:
		if k.Kind != RSA || !bytes.Equal(pub.N.Bytes(), k.Modulus) || pub.E != int(k.Exponent) {
			t.Fatalf("Read = %+v, x509 %v", k, pub)
		}
	case *ecdsa.PublicKey:
		if b, err := pub.Bytes(); err != nil || !bytes.Equal(b, k.Point) {
			t.Fatalf("Read = %+v, x509 %v", k, pub)
		}
	case ed25519.PublicKey:
		if k.Kind != Ed25519 || !bytes.Equal(pub, k.Point) {
			t.Fatalf("Read = %+v, x509 %v", k, pub)
		}
	default:
		t.Fatalf("Read accepts a %T", pub)
	}
}

func rsaSPKI(t testing.TB, n, e *big.Int) []byte {
	t.Helper()
	inner, err := asn1.Marshal(struct{ N, E *big.Int }{n, e})
	if err != nil {
		t.Fatal(err)
	}
	return append(appendSPKI(nil, oidRSA+derNull, len(inner)), inner...)
}

func TestReadBad(t *testing.T) {
	odd := func(bits uint) *big.Int {
		n := new(big.Int).Lsh(big.NewInt(1), bits-1)
		return n.Add(n, big.NewInt(1))
	}
	f4 := big.NewInt(65537)
	good := rsaSPKI(t, odd(2048), f4)
	edit := func(b []byte, old, new string) []byte {
		if !bytes.Contains(b, []byte(old)) {
			t.Fatalf("%x not in %x", old, b)
		}
		return bytes.Replace(b, []byte(old), []byte(new), 1)
	}
	point := func(alg string, p []byte) []byte { return append(appendSPKI(nil, alg, len(p)), p...) }
	tests := []struct {
		name string
		spki []byte
		want Problem
	}{
		{"good", good, None},
		{"empty", nil, Malformed},
		{"one byte", []byte{0x30}, Malformed},
		{"indefinite length", []byte{0x30, 0x80, 0, 0}, Malformed},
		{"length of five bytes", []byte{0x30, 0x85, 0, 0, 0, 0, 0}, Malformed},
		{"long form of a short length", []byte{0x30, 0x81, 0x01, 0}, Malformed},
		{"length beyond the end", []byte{0x30, 0x82, 0xff, 0xff, 0}, Malformed},
		{"8192 bits", rsaSPKI(t, odd(8192), f4), None},
		{"8193 bits", rsaSPKI(t, odd(8193), f4), RSALarge},
		{"32768 bits", rsaSPKI(t, odd(32768), f4), RSALarge},
		{"2047 bits", rsaSPKI(t, odd(2047), f4), RSASmall},
		{"1024 bits", rsaSPKI(t, odd(1024), f4), RSASmall},
		{"even modulus", rsaSPKI(t, new(big.Int).Lsh(big.NewInt(1), 2047), f4), RSAEven},
		{"modulus negative", rsaSPKI(t, new(big.Int).Neg(odd(2048)), f4), Malformed},
		{"modulus zero", rsaSPKI(t, big.NewInt(0), f4), Malformed},
		{"exponent 1", rsaSPKI(t, odd(2048), big.NewInt(1)), RSAExponent},
		{"exponent 3", rsaSPKI(t, odd(2048), big.NewInt(3)), RSAExponent},
		{"exponent 65536", rsaSPKI(t, odd(2048), big.NewInt(65536)), RSAExponent},
		{"exponent 65538", rsaSPKI(t, odd(2048), big.NewInt(65538)), RSAExponent},
		{"exponent of 31 bits", rsaSPKI(t, odd(2048), big.NewInt(1<<31-1)), None},
		{"exponent of 32 bits", rsaSPKI(t, odd(2048), big.NewInt(1<<31+1)), RSAExponent},
		{"exponent of 40 bits", rsaSPKI(t, odd(2048), big.NewInt(1<<39+1)), RSAExponent},
		{"exponent negative", rsaSPKI(t, odd(2048), big.NewInt(-65537)), Malformed},
		{"exponent zero", rsaSPKI(t, odd(2048), big.NewInt(0)), Malformed},
		{"PSS key", edit(good, oidRSA, "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"), Algorithm},
		{"unused bits", edit(good, "\x05\x00\x03\x82\x01\x0f\x00", "\x05\x00\x03\x82\x01\x0f\x01"), Malformed},
		{"octet string", edit(good, "\x05\x00\x03\x82", "\x05\x00\x04\x82"), Malformed},
		{"parameters not NULL", edit(good, "\x05\x00\x03\x82", "\x04\x00\x03\x82"), Algorithm},
		{"compressed", point(oidEC+oidP256, append([]byte{2}, make([]byte, 32)...)), PointForm},
		{"hybrid", point(oidEC+oidP256, append([]byte{6}, make([]byte, 64)...)), PointForm},
		{"at infinity", point(oidEC+oidP256, []byte{0}), PointForm},
		{"empty point", point(oidEC+oidP256, nil), PointForm},
		{"short point", point(oidEC+oidP256, append([]byte{4}, make([]byte, 63)...)), PointForm},
		{"point of another curve", point(oidEC+oidP384, append([]byte{4}, make([]byte, 64)...)), PointForm},
		{"secp256k1", point(oidEC+"\x06\x05\x2b\x81\x04\x00\x0a", append([]byte{4}, make([]byte, 64)...)), Algorithm},
		{"curve without name", point(oidEC, append([]byte{4}, make([]byte, 64)...)), Algorithm},
		{"ed25519 short", point(oidEd25519, make([]byte, 31)), PointForm},
		{"ed25519 zero", point(oidEd25519, make([]byte, 32)), PointWeak},
		{"ed25519 identity, sign bit", point(oidEd25519, append(append([]byte{1}, make([]byte, 30)...), 0x80)), PointWeak},
		{"x25519", point("\x06\x03\x2b\x65\x6e", bytes.Repeat([]byte{9}, 32)), Algorithm},
		{"ed448", point("\x06\x03\x2b\x65\x71", make([]byte, 57)), Algorithm},
		{"algorithm is no identifier", point("\x02\x01\x05", make([]byte, 32)), Malformed},
	}
	for _, tt := range tests {
		if _, got := Read(tt.spki); got != tt.want {
			t.Errorf("Read(%s) = %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestAppendRSA(t *testing.T) {
	n := make([]byte, 256)
	n[0], n[255] = 0x80, 1
	e := []byte{1, 0, 1}
	got, p := AppendRSA(nil, append([]byte{0, 0}, n...), append([]byte{0}, e...))
	want, _ := AppendRSA(nil, n, e)
	if p != None || !bytes.Equal(got, want) {
		t.Errorf("leading zeros: %v, %x, want %x", p, got, want)
	}
	for _, bad := range [][2][]byte{{nil, e}, {n, nil}, {{0}, e}, {n, {0, 0}}, {n[1:], e}, {n, {3}}} {
		if out, p := AppendRSA([]byte("x"), bad[0], bad[1]); p == None || string(out) != "x" {
			t.Errorf("AppendRSA(%d bytes, %x) = %q, %v, want a problem and dst as it was", len(bad[0]), bad[1], out, p)
		}
	}
}

func TestSignature(t *testing.T) {
	for kind, c := range map[Kind]elliptic.Curve{P256: elliptic.P256(), P384: elliptic.P384(), P521: elliptic.P521()} {
		size, n := CoordinateSize(kind), c.Params().N
		rs := func(r, s *big.Int) []byte {
			return append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
		}
		one, last := big.NewInt(1), new(big.Int).Sub(n, big.NewInt(1))
		tests := []struct {
			name string
			sig  []byte
			want bool
		}{
			{"1, 1", rs(one, one), true},
			{"n-1, n-1", rs(last, last), true},
			{"128, n-1", rs(big.NewInt(128), last), true},
			{"0, 1", rs(big.NewInt(0), one), false},
			{"1, 0", rs(one, big.NewInt(0)), false},
			{"0, 0", rs(big.NewInt(0), big.NewInt(0)), false},
			{"n, 1", rs(n, one), false},
			{"1, n", rs(one, n), false},
			{"n+1, 1", rs(new(big.Int).Add(n, one), one), false},
			{"all ones", bytes.Repeat([]byte{0xff}, 2*size), false},
			{"short", rs(one, one)[1:], false},
			{"long", append(rs(one, one), 0), false},
			{"empty", nil, false},
		}
		for _, tt := range tests {
			if got := IsSignature(kind, tt.sig); got != tt.want {
				t.Errorf("IsSignature(%d, %s) = %v, want %v", kind, tt.name, got, tt.want)
			}
			if !tt.want {
				continue
			}
			got := AppendSignature(nil, tt.sig)
			want, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(tt.sig[:size]), new(big.Int).SetBytes(tt.sig[size:])})
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("AppendSignature(%d, %s) = %x, want %x", kind, tt.name, got, want)
			}
			if len(got) > MaxSignatureSize {
				t.Errorf("%d bytes, want at most %d", len(got), MaxSignatureSize)
			}
		}
	}
	if IsSignature(RSA, make([]byte, 64)) || IsSignature(Ed25519, make([]byte, 64)) {
		t.Error("IsSignature accepts kinds without coordinates")
	}
}

func TestAllocates(t *testing.T) {
	spki := keys(t)["rsa"]
	sig := bytes.Repeat([]byte{0x81}, 64)
	dst := make([]byte, 0, MaxSignatureSize)
	if n := testing.AllocsPerRun(100, func() {
		Read(spki)
		IsSignature(P256, sig)
		AppendSignature(dst, sig)
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func FuzzRead(f *testing.F) {
	for _, spki := range keys(f) {
		f.Add(spki)
	}
	f.Fuzz(func(t *testing.T, spki []byte) {
		if k, p := Read(spki); p == None {
			checkAgainstX509(t, spki, k)
		}
	})
}
