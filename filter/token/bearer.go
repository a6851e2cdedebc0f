package token

import "portcullis/filter/text"

// Bearer is the token of an Authorization field value of the scheme Bearer (RFC
// 6750 section 2.1); the scheme is case-insensitive (RFC 9110 section 11.1) and
// one space follows it. present is false for another scheme or none; what the
// token looks like is for Check to judge.
func Bearer(value []byte) (token []byte, present bool) { return text.AfterScheme(value, "bearer") }

// DPoP is the same of the scheme DPoP (RFC 9449 section 7.1): a token that goes with a
// proof.
func DPoP(value []byte) (token []byte, present bool) { return text.AfterScheme(value, "dpop") }

// Shown is the token of an Authorization field value of either scheme; proof says that
// it is DPoP.
func Shown(value []byte) (token []byte, proof, present bool) {
	if token, present = Bearer(value); present {
		return token, false, true
	}
	token, present = DPoP(value)
	return token, present, present
}
