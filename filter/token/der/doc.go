// Package der reads the one DER structure that verification keys come in, the
// SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7), and converts ECDSA signatures
// from the form that JWS uses to the one that crypto libraries want.
//
// It exists because crypto/x509 pulls files, network and a system call into the
// module that older hosts refuse. It reads only what JWS can use: RSA (RFC 3279
// section 2.3.1), P-256, P-384 and P-521 points (RFC 5480) and Ed25519 (RFC
// 8410), each in its one canonical encoding, and refuses weak keys. Whether a
// point lies on its curve is not its business; it does no arithmetic.
package der
