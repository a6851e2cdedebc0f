// Package token judges bearer tokens: JWTs (RFC 7519) in JWS compact
// serialisation (RFC 7515 section 3.1), by the rules of RFC 8725.
//
// What could be read in two ways is refused: base64url with padding, white space
// or trailing bits, JSON with doubled names, anything but three parts. The key
// pins the algorithm (RFC 8725 section 3.1); `alg` has to agree with it and
// never chooses. Keys in the header (jwk, jku, x5u, x5c) and critical extensions
// are refused, and `kid` is compared, never interpreted.
//
// Everything that needs no signature is decided before one is checked, so that
// forged, expired or misdirected tokens cost microseconds. A token that has been
// verified is remembered in a cache of fixed size; only its signature is not
// checked again.
//
// Keys stand in the table, or are fetched by the plugin: [SetReader] reads a JSON Web
// Key Set, [KeySet] holds it in force, and what was remembered ends with its key.
//
// The package knows no clock and no crypto: both are parameters. Nothing here
// allocates after NewChecker, but for larger key sets than there were.
package token
