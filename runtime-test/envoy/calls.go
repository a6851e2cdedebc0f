package envoy

import (
	"fmt"
	"net"
	"net/http"
	"time"

	"go.yaml.in/yaml/v3"

	"portcullis/runtime-test/cases"
)

// called is the servers behind the clusters that a case file's calls go to.
type called struct{ servers []*http.Server }

// startCalls serves each of calls on a free port, and adds a cluster for it to a
// bootstrap.
func startCalls(text string, calls map[string]cases.Call) (*called, string, error) {
	c := &called{}
	for name, call := range calls {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			c.Close()
			return nil, "", err
		}
		s := &http.Server{Handler: answerCall(call)}
		c.servers = append(c.servers, s)
		go s.Serve(l)
		if text, err = AddCluster(text, name, l.Addr().String()); err != nil {
			c.Close()
			return nil, "", err
		}
	}
	return c, text, nil
}

func answerCall(call cases.Call) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(time.Duration(call.Delay))
		if call.Reset {
			panic(http.ErrAbortHandler)
		}
		for _, h := range call.Headers {
			w.Header().Add(h.Name, h.Value)
		}
		w.WriteHeader(max(call.Status, http.StatusOK))
		w.Write([]byte(call.Body))
	}
}

// Close ends the servers.
func (c *called) Close() {
	for _, s := range c.servers {
		s.Close()
	}
}

// AddCluster returns a bootstrap with one more cluster, at an IP address and port.
func AddCluster(text, name, address string) (string, error) {
	var root map[string]any
	if err := yaml.Unmarshal([]byte(text), &root); err != nil {
		return "", fmt.Errorf("read the bootstrap: %w", err)
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", err
	}
	var number int
	if _, err := fmt.Sscan(port, &number); err != nil {
		return "", err
	}
	static := root["static_resources"].(map[string]any)
	static["clusters"] = append(static["clusters"].([]any), map[string]any{
		"name": name, "type": "STATIC", "connect_timeout": "1s",
		"load_assignment": map[string]any{"cluster_name": name, "endpoints": []any{map[string]any{"lb_endpoints": []any{map[string]any{
			"endpoint": map[string]any{"address": map[string]any{"socket_address": map[string]any{"address": host, "port_value": number}}},
		}}}}},
	})
	out, err := yaml.Marshal(root)
	return string(out), err
}
