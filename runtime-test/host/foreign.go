package host

import (
	"bytes"
	"compress/zlib"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"io"

	_ "crypto/sha256" // the hash functions that verify_signature can name
	_ "crypto/sha512"
)

// ForeignFunc is a function for proxy_call_foreign_function. A nil result asks for no memory; an empty one asks the module for zero bytes,
// as Envoy does for a message whose fields are all unset.
type ForeignFunc func(v *VM, args []byte) (result []byte, st Status)

// Builtin returns the functions every Envoy has, for hosts other than this one. They take a nil VM, except set_envoy_filter_state.
func Builtin(name string) ForeignFunc { return builtinForeign[name] }

// builtinForeign are the functions every Envoy has.
var builtinForeign = map[string]ForeignFunc{
	"verify_signature":       verifySignature,
	"compress":               compress,
	"uncompress":             uncompress,
	"clear_route_cache":      func(*VM, []byte) ([]byte, Status) { return nil, StatusOK },
	"set_envoy_filter_state": setFilterState,
}

func hostForeign(v *VM, a []uint64) Status {
	name, ok1 := v.str(a[0], a[1])
	args, ok2 := v.str(a[2], a[3])
	if !ok1 || !ok2 {
		return StatusInvalidMemoryAccess
	}
	f := v.host.cfg.Foreign[string(name)]
	if f == nil && !v.host.cfg.NoForeign {
		f = builtinForeign[string(name)]
	}
	if f == nil {
		return StatusNotFound
	}
	result, st := f(v, bytes.Clone(args))
	var addr uint32
	if result != nil && uint32(a[4]) != 0 {
		if at, ok := v.allocate(len(result)); ok {
			addr = at
			v.mod.Memory().Write(at, result)
		}
	}
	if uint32(a[4]) != 0 && !v.putU32(a[4], addr) {
		return StatusInvalidMemoryAccess
	}
	if uint32(a[5]) != 0 && !v.putU32(a[5], uint32(len(result))) {
		return StatusInvalidMemoryAccess
	}
	return st
}

// verifySignature takes a VerifySignatureArguments message and answers a VerifySignatureResult:
//
//	arguments  hash_function=1 string, public_key=2 bytes (DER SubjectPublicKeyInfo), signature=3 bytes, text=4 bytes, public_key_pem=5 bytes
//	result     result=1 bool, error=2 string
//
// RSA is PKCS#1 v1.5 (RFC 8017 section 8.2), ECDSA signatures are DER (RFC 3279 section 2.2.3). A key that does not parse is a bad argument.
func verifySignature(_ *VM, args []byte) ([]byte, Status) {
	fields, ok := protoFields(args)
	if !ok {
		return nil, StatusBadArgument
	}
	der := fields[2]
	if len(fields[5]) > 0 {
		block, _ := pem.Decode(fields[5])
		if block == nil {
			return nil, StatusBadArgument
		}
		der = block.Bytes
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, StatusBadArgument
	}
	var hash crypto.Hash
	switch string(fields[1]) {
	case "sha224":
		hash = crypto.SHA224
	case "sha256":
		hash = crypto.SHA256
	case "sha384":
		hash = crypto.SHA384
	case "sha512":
		hash = crypto.SHA512
	default:
		return signatureResult(false, string(fields[1])+" is not supported."), StatusOK
	}
	sum := hash.New()
	sum.Write(fields[4])
	digest := sum.Sum(nil)
	switch k := key.(type) {
	case *rsa.PublicKey:
		ok = rsa.VerifyPKCS1v15(k, hash, digest, fields[3]) == nil
	case *ecdsa.PublicKey:
		ok = ecdsa.VerifyASN1(k, digest, fields[3])
	default:
		return signatureResult(false, "unsupported key type"), StatusOK
	}
	if !ok {
		return signatureResult(false, "Failed to verify digest."), StatusOK
	}
	return signatureResult(true, ""), StatusOK
}

func signatureResult(ok bool, message string) []byte {
	out := []byte{}
	if ok {
		out = append(out, 1<<3|0, 1)
	}
	if message != "" {
		out = append(append(out, 2<<3|2, byte(len(message))), message...)
	}
	return out
}

// protoFields reads the length-delimited fields of a protobuf message; of a repeated field the last counts. Varints and fixed fields are
// skipped.
func protoFields(b []byte) (map[int][]byte, bool) {
	out := map[int][]byte{}
	for len(b) > 0 {
		tag, n := protoVarint(b)
		if n == 0 {
			return nil, false
		}
		b = b[n:]
		var size uint64
		switch tag & 7 {
		case 0:
			_, n := protoVarint(b)
			if n == 0 {
				return nil, false
			}
			size = uint64(n)
		case 1:
			size = 8
		case 5:
			size = 4
		case 2:
			l, n := protoVarint(b)
			if n == 0 || l > uint64(len(b)-n) {
				return nil, false
			}
			out[int(tag>>3)] = b[n : n+int(l)]
			size = uint64(n) + l
		default:
			return nil, false
		}
		if size > uint64(len(b)) {
			return nil, false
		}
		b = b[size:]
	}
	return out, true
}

func protoVarint(b []byte) (value uint64, n int) {
	for i := 0; i < len(b) && i < 10; i++ {
		value |= uint64(b[i]&0x7f) << (7 * i)
		if b[i] < 0x80 {
			return value, i + 1
		}
	}
	return 0, 0
}

// setFilterState takes path=1, value=2, span=3 and keeps the value with the stream.
func setFilterState(v *VM, args []byte) ([]byte, Status) {
	fields, ok := protoFields(args)
	s := v.context().stream
	if !ok || s == nil {
		return nil, StatusBadArgument
	}
	if s.filterState == nil {
		s.filterState = map[string][]byte{}
	}
	s.filterState[string(fields[1])] = bytes.Clone(fields[2])
	return nil, StatusOK
}

func compress(_ *VM, args []byte) ([]byte, Status) {
	var buf bytes.Buffer
	w := zlib.NewWriter(&buf)
	w.Write(args)
	w.Close()
	return buf.Bytes(), StatusOK
}

func uncompress(_ *VM, args []byte) ([]byte, Status) {
	r, err := zlib.NewReader(bytes.NewReader(args))
	if err != nil {
		return nil, StatusSerializationFailure
	}
	out, err := io.ReadAll(r)
	if err != nil {
		return nil, StatusSerializationFailure
	}
	if out == nil {
		out = []byte{}
	}
	return out, StatusOK
}
