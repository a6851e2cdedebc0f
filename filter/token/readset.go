package token

import (
	"portcullis/filter/json"
	"portcullis/filter/le"
	"portcullis/filter/token/der"
)

// SetProblem says why a document gives no key set.
type SetProblem uint8

// Problems. The zero value is none.
const (
	SetGood   SetProblem = iota
	SetJSON              // not one JSON text: syntax, UTF-8, a doubled member
	SetLarge             // more values, or deeper, than any key set is
	SetForm              // not an object with an array "keys"
	SetNoKeys            // no key in it can be used
)

// Left says why a key of a set is left out.
type Left uint8

// Reasons. The zero value is none.
const (
	LeftNone      Left = iota
	LeftForm           // no object, a member of another type, missing or not base64url
	LeftType           // kty or curve that no algorithm here uses
	LeftSecret         // private or symmetric: it must not be there
	LeftUse            // use or key_ops say that it verifies nothing
	LeftAlgorithm      // alg unknown, not one of the policy's, or not the key's
	LeftWeak           // too small or too large, weak exponent, small order
	LeftPoint          // no point of its curve, or a kind that nobody here can check
	LeftDouble         // there twice
	LeftRoom           // more keys or bytes than are kept
	numLeft
)

var leftTexts = [numLeft]string{
	"", "malformed", "of a kind that no algorithm uses", "private or symmetric", "not for signatures", "with another algorithm",
	"weak", "that can't be used", "there twice", "beyond what is kept",
}

// String says it for people, after "keys".
func (l Left) String() string {
	if l >= numLeft {
		return ""
	}
	return leftTexts[l]
}

// SetReport is what a document gave.
type SetReport struct {
	Problem SetProblem
	Keys    uint32 // that are used
	Left    uint32 // keys left out
	First   Left   // why the first of them was
}

// SetReader reads JSON Web Key Sets (RFC 7517, RFC 7518 section 6, RFC 8037) into the
// compiled form of [KeySet]. What can't be used is left out, one key at a time, as RFC
// 7517 section 5 asks for; a document that is no JSON, or has a member twice, is none.
// `x5c` and the like are not looked at. It does not allocate.
type SetReader struct {
	// Parser and Tape are scratch; other users may have them between two calls.
	Parser *json.Parser
	Tape   *json.Tape
	// Verifier tells which keys can be used at all; nil: all that look so.
	Verifier Verifier

	kid   [maxKid]byte
	a, b  [maxNumber]byte
	point [1 + 2*66]byte
}

// maxNumber is the bytes of the largest number in a key, an RSA modulus, and what
// decoding may write beyond it.
const maxNumber = 8192/8 + 8

// Bounds of a document. Real sets have some dozen values a key.
const (
	SetNodes = 4096 // values and names; Parser and Tape should have room for them
	SetDepth = 8
)

// jwk is the members of a JWK that decide: indexes on the tape, 0 where absent.
type jwk struct {
	kty, kid, use, ops, alg, n, e, crv, x, y uint32
	private                                  bool
}

// Read appends the compiled form of the set in doc to dst, of which cap(dst) bounds the
// size. algs has a bit for each algorithm that keys may have. With a problem nothing is
// appended.
func (r *SetReader) Read(dst, doc []byte, algs, generation uint32, fetched int64) ([]byte, SetReport) {
	t := r.Tape
	switch r.Parser.Parse(t, doc, json.Options{MaxDepth: SetDepth, MaxNodes: SetNodes}) {
	case json.StatusOK:
	case json.ErrDepth, json.ErrNodes, json.ErrSize:
		return dst, SetReport{Problem: SetLarge}
	default:
		return dst, SetReport{Problem: SetJSON}
	}
	keys := uint32(0)
	if t.Nodes[0].Kind() == json.KindObject {
		keys = t.Member(0, lit.keys)
	}
	if keys == 0 || t.Nodes[keys].Kind() != json.KindArray {
		return dst, SetReport{Problem: SetForm}
	}
	start := len(dst)
	out := le.AppendU32(le.AppendU32(dst, setMagic), generation)
	out = le.AppendU32(le.AppendU32(out, uint32(fetched)), uint32(fetched>>32))
	out = le.AppendU32(le.AppendU32(out, 0), 0)
	var report SetReport
	for i := keys + 1; i < t.Nodes[keys].Ext; i = t.Next(i) {
		var left Left
		if out, left = r.key(out, start, i, algs, report.Keys); left == LeftNone {
			report.Keys++
			continue
		}
		if report.Left++; report.Left == 1 {
			report.First = left
		}
	}
	if report.Keys == 0 {
		report.Problem = SetNoKeys
		return dst, report
	}
	le.PutU32(out, uint32(start)+16, report.Keys)
	return out, report
}

// key appends the key at node, the n-th of the set that begins at start.
func (r *SetReader) key(dst []byte, start int, node, algs, n uint32) ([]byte, Left) {
	k, ok := r.members(node)
	switch {
	case !ok:
		return dst, LeftForm
	case k.private || r.is(k.kty, lit.oct):
		return dst, LeftSecret
	case k.use != 0 && !r.is(k.use, lit.sig), k.ops != 0 && !r.holds(k.ops, lit.verify):
		return dst, LeftUse
	case n == MaxSetKeys:
		return dst, LeftRoom
	}
	var kid []byte
	if k.kid != 0 {
		if r.Tape.Nodes[k.kid].Len > maxKid {
			return dst, LeftForm
		}
		kid = r.Tape.String(k.kid, r.kid[:0])
	}
	// Largest key: an RSA modulus of 8,192 bits and its frame.
	if len(dst)-start+keyHeader+len(kid)+maxNumber+64 > MaxSetBytes || cap(dst)-len(dst) < keyHeader+len(kid)+maxNumber+64 {
		return dst, LeftRoom
	}
	at := len(dst)
	out := append(dst, 0, 0, byte(len(kid)), byte(len(kid)>>8), 0, 0)
	out = append(out, kid...)
	spki := len(out)
	out, kind, left := r.public(out, &k)
	if left != LeftNone {
		return dst, left
	}
	alg, left := r.algorithm(&k, kind, algs)
	if left != LeftNone {
		return dst, left
	}
	size := len(out) - spki
	out[at], out[at+4], out[at+5] = byte(alg), byte(size), byte(size>>8)
	if r.Verifier != nil && r.Verifier.Verify(alg, out[spki:], lit.keys, r.probe(alg, kind, out[spki:])) == Unsupported {
		return dst, LeftPoint
	}
	if there(out[start+setHeader:at], out[at:]) {
		return dst, LeftDouble
	}
	return out, LeftNone
}

// members finds the members of a JWK; false for what is none, or has one of another type.
func (r *SetReader) members(node uint32) (k jwk, ok bool) {
	t := r.Tape
	if t.Nodes[node].Kind() != json.KindObject {
		return k, false
	}
	fields := [...]struct {
		name []byte
		to   *uint32
	}{{lit.kty, &k.kty}, {lit.kid, &k.kid}, {lit.use, &k.use}, {lit.alg, &k.alg}, {lit.n, &k.n}, {lit.e, &k.e}, {lit.crv, &k.crv}, {lit.x, &k.x}, {lit.y, &k.y}}
	for i := node + 1; i < t.Nodes[node].Ext; i = t.Next(i + 1) {
		if t.EqualString(i, lit.d) || t.EqualString(i, lit.k) || t.EqualString(i, lit.p) {
			k.private = true
		}
		if t.EqualString(i, lit.ops) {
			k.ops = i + 1
		}
		for f := range fields {
			if t.EqualString(i, fields[f].name) {
				if t.Nodes[i+1].Kind() != json.KindString {
					return k, false
				}
				*fields[f].to = i + 1
			}
		}
	}
	return k, k.kty != 0
}

// is reports a string with this value at node.
func (r *SetReader) is(node uint32, value []byte) bool {
	return node != 0 && r.Tape.Nodes[node].Kind() == json.KindString && r.Tape.EqualString(node, value)
}

// holds reports an array at node with this string in it.
func (r *SetReader) holds(node uint32, value []byte) bool {
	t := r.Tape
	if t.Nodes[node].Kind() != json.KindArray {
		return false
	}
	for i := node + 1; i < t.Nodes[node].Ext; i = t.Next(i) {
		if r.is(i, value) {
			return true
		}
	}
	return false
}

// public appends the SubjectPublicKeyInfo of k.
func (r *SetReader) public(dst []byte, k *jwk) ([]byte, der.Kind, Left) {
	switch {
	case r.is(k.kty, lit.rsa):
		n, ok1 := r.number(k.n, &r.a)
		e, ok2 := r.number(k.e, &r.b)
		switch {
		case r.long(k.n):
			return dst, 0, LeftWeak
		case !ok1 || !ok2:
			return dst, 0, LeftForm
		}
		out, problem := der.AppendRSA(dst, n, e)
		return out, der.RSA, leftOf(problem)
	case r.is(k.kty, lit.ec):
		kind := der.Kind(0)
		for i, name := range &lit.curves {
			if r.is(k.crv, name) {
				kind = der.P256 + der.Kind(i)
			}
		}
		if kind == 0 {
			return dst, 0, LeftType
		}
		x, ok1 := r.number(k.x, &r.a)
		y, ok2 := r.number(k.y, &r.b)
		size := der.CoordinateSize(kind)
		if !ok1 || !ok2 || len(x) != size || len(y) != size { // RFC 7518 section 6.2.1.2: in full
			return dst, 0, LeftForm
		}
		p := append(append(append(r.point[:0], 4), x...), y...)
		out, problem := der.AppendPoint(dst, kind, p)
		return out, kind, leftOf(problem)
	case r.is(k.kty, lit.okp):
		if !r.is(k.crv, lit.ed25519) {
			return dst, 0, LeftType
		}
		x, ok := r.number(k.x, &r.a)
		if !ok {
			return dst, 0, LeftForm
		}
		out, problem := der.AppendPoint(dst, der.Ed25519, x)
		return out, der.Ed25519, leftOf(problem)
	}
	return dst, 0, LeftType
}

func leftOf(p der.Problem) Left {
	switch p {
	case der.None:
		return LeftNone
	case der.RSASmall, der.RSALarge, der.RSAEven, der.RSAExponent, der.PointWeak:
		return LeftWeak
	}
	return LeftForm
}

// number decodes the base64url at node.
func (r *SetReader) number(node uint32, buf *[maxNumber]byte) ([]byte, bool) {
	if node == 0 || r.long(node) {
		return nil, false
	}
	n, ok := decodeURL(buf[:], r.Tape.Text(node))
	return buf[:n], ok && n > 0
}

// long reports a number of more bytes than any key that is used.
func (r *SetReader) long(node uint32) bool {
	return node != 0 && len(r.Tape.Text(node))/4*3 > maxNumber-4
}

// algorithm is the one that a key is pinned to: its own, or the first of algs that fits.
func (r *SetReader) algorithm(k *jwk, kind der.Kind, algs uint32) (Alg, Left) {
	if k.alg != 0 {
		a := AlgByName(r.Tape.Text(k.alg))
		if a == 0 || algs>>a&1 == 0 || KeyKind(a) != kind {
			return 0, LeftAlgorithm
		}
		return a, LeftNone
	}
	for a := RS256; a <= EdDSA; a++ {
		if algs>>a&1 != 0 && KeyKind(a) == kind {
			return a, LeftNone
		}
	}
	return 0, LeftAlgorithm
}

// probe is a signature that is in form and wrong.
func (r *SetReader) probe(alg Alg, kind der.Kind, spki []byte) []byte {
	size := 64
	switch {
	case alg.IsECDSA():
		size = 2 * der.CoordinateSize(kind)
	case alg.IsRSA():
		k, _ := der.Read(spki)
		size = len(k.Modulus)
	}
	s := r.b[:min(size, len(r.b))]
	clear(s)
	if alg.IsECDSA() {
		s[size/2-1], s[size-1] = 1, 1
	}
	return s
}

// there reports whether one of the compiled keys in set equals key.
func there(set, key []byte) bool {
	for len(set) >= keyHeader {
		n := keyHeader + int(le.U16(set, 2)) + int(le.U16(set, 4))
		if n > len(set) {
			return false
		}
		if string(set[:n]) == string(key) {
			return true
		}
		set = set[n:]
	}
	return false
}
