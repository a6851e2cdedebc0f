package token

import (
	"portcullis/filter/json"
	"portcullis/filter/table"
)

// MetadataProblem says why a provider's metadata does not tell where its keys are. The
// zero value is that it does.
type MetadataProblem uint8

// Problems.
const (
	MetadataGood   MetadataProblem = iota
	MetadataJSON                   // no well-formed JSON without doubled members, or too much of it
	MetadataForm                   // no object with the strings issuer and jwks_uri
	MetadataIssuer                 // that of another issuer
	MetadataURI                    // keys that are elsewhere than the policy says, or no URI of any
)

// MaxKeysURI bounds a jwks_uri, in bytes.
const MaxKeysURI = 1024

// ReadMetadata is the jwks_uri of the metadata in doc (OpenID Connect Discovery 1.0 section
// 3, RFC 8414 section 2): a view of doc or of scratch. The metadata has to be that of issuer, to the byte
// (section 4.3, section 3.3), and the URI's scheme and authority have to be those of
// origin: a provider's word moves the keys within what the policy names, and never the
// call to somebody else.
func (r *SetReader) ReadMetadata(scratch, doc, issuer, origin []byte) ([]byte, MetadataProblem) {
	t := r.Tape
	if r.Parser.Parse(t, doc, json.Options{MaxDepth: SetDepth, MaxNodes: SetNodes}) != json.StatusOK {
		return nil, MetadataJSON
	}
	if t.Nodes[0].Kind() != json.KindObject {
		return nil, MetadataForm
	}
	iss, uri := t.Member(0, lit.issuer), t.Member(0, lit.jwksURI)
	switch {
	case iss == 0 || t.Nodes[iss].Kind() != json.KindString || uri == 0 || t.Nodes[uri].Kind() != json.KindString:
		return nil, MetadataForm
	case !t.EqualString(iss, issuer):
		return nil, MetadataIssuer
	case len(t.Text(uri)) > MaxKeysURI:
		return nil, MetadataURI
	}
	found := t.String(uri, scratch[:0])
	scheme, authority, _ := table.SplitURI(found)
	n := len(scheme) + len("://") + len(authority)
	if len(authority) == 0 || !table.Visible(found) || string(found[:n]) != string(origin) {
		return nil, MetadataURI
	}
	return found, MetadataGood
}
