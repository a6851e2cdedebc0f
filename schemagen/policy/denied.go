package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"portcullis/filter/token"
	"portcullis/schemagen/source"
)

// maxDenied bounds the tokens that a provider's list denies.
const maxDenied = 1 << 16

// readDenied reads denied of a provider, if it is there: digests of tokens that count no
// more.
func (p *Policy) readDenied(n *source.Node, issuer string) (out [][32]byte) {
	if n == nil {
		return nil
	}
	d := p.dec
	add := func(n *source.Node, kind, value string) {
		switch {
		case kind == "jti" && value != "":
			out = append(out, sha256.Sum256(token.DeniedByID(nil, []byte(issuer), []byte(value))))
			return
		case kind == "sha256":
			if b, err := hex.DecodeString(value); err == nil && len(b) == sha256.Size {
				out = append(out, [32]byte(b))
				return
			}
		}
		d.errorf(n, "policy-value", "found %q as a denied token, wanted jti and an id, or sha256 and 64 hexadecimal digits: the digest of the token up to its last dot", kind+" "+value)
	}
	list := func(kind string) func(*source.Node) {
		return func(n *source.Node) {
			for i, value := range d.strs(n, kind, 1) {
				add(n.Items[i], kind, value)
			}
		}
	}
	d.object(n, "denied", fields{
		"jti":    list("jti"),
		"sha256": list("sha256"),
		"file": func(n *source.Node) {
			data, _, ok := p.readFile(n, "file")
			if !ok {
				return
			}
			for _, line := range strings.Split(string(data), "\n") {
				line = strings.TrimSpace(line)
				if line == "" || line[0] == '#' {
					continue
				}
				kind, value, _ := strings.Cut(line, " ")
				add(n, kind, strings.TrimSpace(value))
			}
		},
	})
	if n.Kind == source.Object && len(n.Keys) == 0 {
		d.errorf(n, "policy-missing", "found denied without jti, sha256 and file, wanted one of them")
	}
	if len(out) > maxDenied {
		d.errorf(n, "policy-value", "found %d denied tokens, wanted at most %d", len(out), maxDenied)
		return nil
	}
	return out
}
