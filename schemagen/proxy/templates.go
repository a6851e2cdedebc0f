package proxy

// text is the templates. "wasm" is the one place that says how the filter is
// loaded; everything else wraps it.
const text = `
{{- define "wasm" -}}
"@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
config:
  name: portcullis
  root_id: portcullis
{{- if eq .Hold "stop"}}
  # Headers are held until the body is judged. Without this the first request
  # with a body answers 503 body_unjudged.
  allow_on_headers_stop_iteration: true
{{- end}}
  # A VM that fails is made anew; requests meanwhile are refused.
  failure_policy: FAIL_RELOAD
  vm_config:
    vm_id: portcullis
    runtime: envoy.wasm.runtime.v8
    code:
      local:
        filename: {{quote .Module}}
  configuration:
    "@type": type.googleapis.com/google.protobuf.StringValue
    value: {{quote .Plugin}}
{{end}}
{{- define "filters" -}}
{{- if .ECDS -}}
- name: portcullis
  config_discovery:
    config_source:
      path_config_source:
        path: {{quote .ECDS}}
    type_urls: ["type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm"]
{{- else -}}
- name: portcullis
  typed_config:
    {{in 4 "wasm" .}}
{{- end}}
{{- if eq .Hold "buffer"}}
# hold: buffer protects nothing without this filter right behind: it keeps the
# headers until the whole body is there.
- name: envoy.filters.http.buffer
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer
    max_request_bytes: {{.BufferBytes}}
{{- end}}
{{end}}
{{- define "hcm" -}}
# Paths reach the filter as they came and go on as they were judged.
normalize_path: false
merge_slashes: false
path_with_escaped_slashes_action: KEEP_UNCHANGED
common_http_protocol_options:
  # a_b and a-b are one name to many servers.
  headers_with_underscores_action: REJECT_REQUEST
request_headers_timeout: 10s
{{- with .Upgrades}}
# Protocols that operations of the table allow; over HTTP/2 by RFC 8441.
upgrade_configs:
{{- range .}}
- upgrade_type: {{quote .}}
{{- end}}
http2_protocol_options: {allow_connect: true}
{{- end}}
{{end}}
{{- define "ecds" -}}
version_info: {{quote .Version}}
resources:
- "@type": type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig
  name: portcullis
  typed_config:
    {{in 4 "wasm" .}}
{{end}}
{{- define "bootstrap" -}}
{{- if .Admin -}}
admin:
  address:
    socket_address: {address: {{quote .AdminAt.Host}}, port_value: {{.AdminAt.Port}}}
{{end -}}
{{- if .ECDS -}}
node: {id: portcullis, cluster: portcullis}
{{end -}}
# Compiling the module takes some 40 MB that nothing needs afterwards.
memory_allocator_manager: {bytes_to_release: 33554432, memory_release_interval: 5s}
static_resources:
  listeners:
  - name: ingress
    address:
      socket_address: {address: {{quote .ListenAt.Host}}, port_value: {{.ListenAt.Port}}}
    # Larger than the filter's own limit, so that an oversized body is the
    # filter's to refuse.
    per_connection_buffer_limit_bytes: {{.BufferBytes}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: ingress
          {{in 10 "hcm" .}}
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes:
              - match: {prefix: "/"}
                route: {cluster: upstream, timeout: 60s}
          http_filters:
          {{in 10 "filters" .}}
          - name: envoy.filters.http.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
  clusters:
  - name: upstream
    type: {{.UpstreamAt.Type}}
    connect_timeout: 2s
    load_assignment:
      cluster_name: upstream
      endpoints:
      - lb_endpoints:
        - endpoint:
            address:
              socket_address: {address: {{quote .UpstreamAt.Host}}, port_value: {{.UpstreamAt.Port}}}
{{- range .Calls}}
  # {{.What}}
  - {{in 4 "cluster" .}}
{{- end}}
{{end}}
{{- define "istio" -}}
# Istio's WasmPlugin can't say how headers are held; an EnvoyFilter can. The
# module must be in the proxy's file system at the path below.
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata:
  name: portcullis
  namespace: istio-system
spec:
  workloadSelector:
    labels:
      istio: ingressgateway
  configPatches:
  - applyTo: NETWORK_FILTER
    match:
      context: GATEWAY
      listener:
        filterChain:
          filter:
            name: envoy.filters.network.http_connection_manager
    patch:
      operation: MERGE
      value:
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          {{in 10 "hcm" .}}
  - applyTo: HTTP_FILTER
    match:
      context: GATEWAY
      listener:
        filterChain:
          filter:
            name: envoy.filters.network.http_connection_manager
            subFilter:
              name: envoy.filters.http.router
    patch:
      operation: INSERT_BEFORE
      value:
        name: portcullis
        typed_config:
          {{in 10 "wasm" .}}
{{- if eq .Hold "buffer"}}
  - applyTo: HTTP_FILTER
    match:
      context: GATEWAY
      listener:
        filterChain:
          filter:
            name: envoy.filters.network.http_connection_manager
            subFilter:
              name: envoy.filters.http.router
    patch:
      operation: INSERT_BEFORE
      value:
        name: envoy.filters.http.buffer
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer
          max_request_bytes: {{.BufferBytes}}
{{- end}}
{{- range .Calls}}
  # {{.What}}
  - applyTo: CLUSTER
    match:
      context: GATEWAY
    patch:
      operation: ADD
      value:
        {{in 8 "cluster" .}}
{{- end}}
{{end}}`
