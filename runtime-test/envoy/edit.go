package envoy

import (
	"fmt"

	"go.yaml.in/yaml/v3"

	"portcullis/runtime-test/cases"
)

// edit changes a bootstrap to what a setup asks for beyond `schemagen config`:
// trailers, a buffer limit, and the misuses that cases document.
func edit(text string, s cases.Setup) (string, error) {
	var root map[string]any
	if err := yaml.Unmarshal([]byte(text), &root); err != nil {
		return "", fmt.Errorf("read the bootstrap: %w", err)
	}
	static := root["static_resources"].(map[string]any)
	listener := static["listeners"].([]any)[0].(map[string]any)
	hcm := manager(root)
	hcm["http_protocol_options"] = map[string]any{"enable_trailers": true}
	cluster := static["clusters"].([]any)[0].(map[string]any)
	cluster["typed_extension_protocol_options"] = map[string]any{
		"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": map[string]any{
			"@type":                "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
			"explicit_http_config": map[string]any{"http_protocol_options": map[string]any{"enable_trailers": true}},
		},
	}
	if s.Host.BufferLimit > 0 {
		listener["per_connection_buffer_limit_bytes"] = s.Host.BufferLimit
	}
	var filters []any
	for _, f := range hcm["http_filters"].([]any) {
		f := f.(map[string]any)
		if f["name"] == "envoy.filters.http.buffer" {
			continue
		}
		if f["name"] == "portcullis" {
			config := f["typed_config"].(map[string]any)["config"].(map[string]any)
			delete(config, "allow_on_headers_stop_iteration")
			if s.StopIteration() {
				config["allow_on_headers_stop_iteration"] = true
			}
		}
		filters = append(filters, f)
		if f["name"] == "portcullis" && s.BufferFilter() {
			filters = append(filters, map[string]any{"name": "envoy.filters.http.buffer", "typed_config": map[string]any{
				"@type":             "type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer",
				"max_request_bytes": 8 << 20,
			}})
		}
	}
	hcm["http_filters"] = filters
	out, err := yaml.Marshal(root)
	return string(out), err
}

// Filters returns a bootstrap with other HTTP filters in front of the router: what
// Bootstrap makes, with the filter left out or native ones in its place.
func Filters(text string, filters ...map[string]any) (string, error) {
	var root map[string]any
	if err := yaml.Unmarshal([]byte(text), &root); err != nil {
		return "", fmt.Errorf("read the bootstrap: %w", err)
	}
	hcm := manager(root)
	old := hcm["http_filters"].([]any)
	var list []any
	for _, f := range filters {
		list = append(list, f)
	}
	hcm["http_filters"] = append(list, old[len(old)-1])
	out, err := yaml.Marshal(root)
	return string(out), err
}

// manager is the HTTP connection manager of a bootstrap.
func manager(root map[string]any) map[string]any {
	listener := root["static_resources"].(map[string]any)["listeners"].([]any)[0].(map[string]any)
	chain := listener["filter_chains"].([]any)[0].(map[string]any)
	return chain["filters"].([]any)[0].(map[string]any)["typed_config"].(map[string]any)
}

// Routes returns a bootstrap with more routes, before those that are there.
func Routes(text string, routes ...map[string]any) (string, error) {
	var root map[string]any
	if err := yaml.Unmarshal([]byte(text), &root); err != nil {
		return "", fmt.Errorf("read the bootstrap: %w", err)
	}
	host := manager(root)["route_config"].(map[string]any)["virtual_hosts"].([]any)[0].(map[string]any)
	var list []any
	for _, r := range routes {
		list = append(list, r)
	}
	host["routes"] = append(list, host["routes"].([]any)...)
	out, err := yaml.Marshal(root)
	return string(out), err
}
