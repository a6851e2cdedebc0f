package proxy

// Cluster is a cluster of the proxy that the filter calls.
type Cluster struct {
	Name    string
	Address string // host:port
	HTTP2   bool   // it speaks HTTP/2 without TLS, as gRPC services do
	What    string // what answers there, for people
}

type cluster struct {
	Cluster
	At address
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
