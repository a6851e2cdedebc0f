// Package credential reads what callers show besides tokens: API keys, the user
// and password of HTTP Basic that stand for one, and what a proxy in front says
// of a client's certificate.
//
// An API key is one text, made by `schemagen keys new`:
//
//	pcl_k3Vd81mZq0Ra_8hJ2vXnQ5cT7yLbG4wKdM1sPz0Rf6A
//	\______________/ \____________________________/
//	       id                  secret
//
// The id is public: it finds the key. The secret is what follows the last '_': 22
// to 128 letters and digits, which is at least 128 random bits. Of a secret only a
// digest is ever stored, SHA-256 or HMAC-SHA-256 over "id:secret", and that is
// also the user-pass of HTTP Basic (RFC 7617 section 2): who can send a user and a
// password can send a key.
//
// Texts have one spelling. Everything else is no key: white space, quotes, other
// alphabets, padding that is not canonical, control characters.
//
// The package keeps nothing, allocates nothing, and knows no table.
package credential
