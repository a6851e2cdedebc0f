package proxy

import "net"

// Cluster is a cluster of the proxy that the filter calls.
type Cluster struct {
	Name    string
	Address string // host:port
	HTTP2   bool   // it speaks HTTP/2 without TLS, as gRPC services do
	TLS     string // it speaks TLS, with a certificate for this name or address; "" for none
	What    string // what answers there, for people
}

type cluster struct {
	Cluster
	At address
}

// SAN is the type of the name in the certificate.
func (c cluster) SAN() string {
	if net.ParseIP(c.TLS) != nil {
		return "IP_ADDRESS"
	}
	return "DNS"
}

// clusterText is the templates of clusters: whole, and as what there is to add to a
// configuration that has no place for them.
const clusterText = `
{{- define "cluster" -}}
name: {{quote .Name}}
type: {{.At.Type}}
connect_timeout: 2s
{{- if .HTTP2}}
typed_extension_protocol_options:
  envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
    "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
    explicit_http_config:
      http2_protocol_options: {}
{{- end}}
{{- if .TLS}}
# Without the check of its certificate anybody on the way could be this server.
transport_socket:
  name: envoy.transport_sockets.tls
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
    {{- if ne .SAN "IP_ADDRESS"}}
    sni: {{quote .TLS}}
    {{- end}}
    common_tls_context:
      validation_context:
        trusted_ca: {filename: /etc/ssl/certs/ca-certificates.crt}
        match_typed_subject_alt_names:
        - {san_type: {{.SAN}}, matcher: {exact: {{quote .TLS}}}}
{{- end}}
load_assignment:
  cluster_name: {{quote .Name}}
  endpoints:
  - lb_endpoints:
    - endpoint:
        address:
          socket_address: {address: {{quote .At.Host}}, port_value: {{.At.Port}}}
{{end}}
{{- define "clusters to add"}}
{{- range .Calls}}
# The filter calls the cluster {{quote .Name}}: {{.What}}. Without it requests that need it
# are decided as if nobody answered. Where the proxy's clusters stand:
#
# - {{commented 4 .}}
{{- end}}
{{end}}`
