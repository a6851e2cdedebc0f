package plugin

import (
	"testing"

	"portcullis/filter/internal/abi"
)

// properties is a host that tells of the peer's certificate.
type properties struct {
	abi.Host
	asked map[string]string
}

func (p properties) Property(path string) ([]byte, abi.Status) {
	if v, ok := p.asked[path]; ok {
		return []byte(v), abi.StatusOK
	}
	return nil, abi.StatusNotFound
}

// TestPeer: the names by which Envoy tells of a client's certificate. A host that has
// none of them has no certificates.
func TestPeer(t *testing.T) {
	p := peer{host: properties{asked: map[string]string{
		"source\x00address":                                "192.0.2.1:80",
		"connection\x00sha256_peer_certificate_digest":     "aa",
		"connection\x00uri_san_peer_certificate":           "spiffe://a/b",
		"connection\x00dns_san_peer_certificate":           "a.b",
		"connection\x00subject_peer_certificate":           "CN=a",
		"connection\x00subject_local_certificate":          "CN=the proxy itself",
		"connection\x00uri_san_local_certificate":          "spiffe://proxy",
		"connection\x00requested_server_name":              "x",
		"connection\x00sha256_peer_certificate_digest\x00": "bb",
	}}}
	none := peer{host: properties{}}
	for _, tt := range []struct {
		name string
		got  func(*peer) []byte
		want string
	}{
		{"Address", (*peer).Address, "192.0.2.1:80"},
		{"Certificate", (*peer).Certificate, "aa"},
		{"CertificateURI", (*peer).CertificateURI, "spiffe://a/b"},
		{"CertificateDNS", (*peer).CertificateDNS, "a.b"},
		{"CertificateSubject", (*peer).CertificateSubject, "CN=a"},
	} {
		if got := string(tt.got(&p)); got != tt.want {
			t.Errorf("%s = %q, want %q", tt.name, got, tt.want)
		}
		if got := tt.got(&none); got != nil {
			t.Errorf("%s of a host without = %q, want nothing", tt.name, got)
		}
	}
}
