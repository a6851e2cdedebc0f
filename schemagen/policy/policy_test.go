package policy

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"portcullis/schemagen/diag"
	"portcullis/schemagen/source"
)

const schemaPath = "../../examples/policy.schema.json"

func readSchema(t *testing.T) *source.Node {
	t.Helper()
	data, err := os.ReadFile(schemaPath)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := source.Parse(schemaPath, "", data)
	if err != nil {
		t.Fatal(err)
	}
	return doc.Root
}

// names is the member names that the schema at ptr has of its own and through
// $ref.
func memberNames(root *source.Node, ptr string) (out []string) {
	n := source.AtPointer(root, ptr)
	for _, k := range n.Get("properties").Keys {
		out = append(out, k.Name)
	}
	if ref := n.Str("$ref"); ref != "" {
		out = append(out, memberNames(root, strings.TrimPrefix(ref, "#"))...)
	}
	return out
}

// TestSchemaNames: the schema and this package know the same names, at every
// level.
func TestSchemaNames(t *testing.T) {
	root := readSchema(t)
	levels := []struct{ ptr, frame string }{ // frame: YAML around {NAME: null}
		{"", "%s"},
		{"/$defs/api", "apis: [%s]"},
		{"/$defs/provider", "providers: {p: %s}"},
		{"/$defs/provider/properties/denied", "providers: {p: {denied: %s}}"},
		{"/$defs/provider/properties/dpop", "providers: {p: {dpop: %s}}"},
		{"/$defs/provider/properties/jwks", "providers: {p: {jwks: %s}}"},
		{"/$defs/key", "providers: {p: {keys: [%s]}}"},
		{"/$defs/limit", "limits: {l: %s}"},
		{"/$defs/rate", "limits: {l: {requests: 1, per: 1s, planBy: 'claim:p', plans: {x: %s}}}"},
		{"/$defs/rateLimitService", "rateLimitServices: {s: %s}"},
		{"/$defs/rule", "operations: [%s]"},
		{"/$defs/settings", "defaults: %s"},
		{"/$defs/settings/properties/security", "defaults: {security: %s}"},
		{"/$defs/settings/properties/bodies", "defaults: {bodies: %s}"},
		{"/$defs/waive/items", "waive: [%s]"},
	}
	unknown := func(frame, name string) bool {
		diags := readPolicy(t, fmt.Sprintf(frame, "{"+name+": null}"))
		for _, d := range diags {
			if d.Code == "policy-unknown-name" && strings.Contains(d.Message, `"`+name+`"`) {
				return true
			}
		}
		return false
	}
	all := map[string]bool{}
	for _, l := range levels {
		for _, name := range memberNames(root, l.ptr) {
			all[name] = true
		}
	}
	for _, l := range levels {
		here := map[string]bool{}
		for _, name := range memberNames(root, l.ptr) {
			here[name] = true
		}
		for name := range all {
			if got := unknown(l.frame, name); got == here[name] {
				t.Errorf("%q in %s: reader knows it: %v, schema knows it: %v", name, l.frame, !got, here[name])
			}
		}
	}
}

func readPolicy(t *testing.T, text string) diag.List {
	t.Helper()
	_, diags := readWhole(t, text)
	return diags
}

func readWhole(t *testing.T, text string) (*Policy, diag.List) {
	t.Helper()
	doc, err := source.Parse("policy.yaml", "file:///policy.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var diags diag.List
	p := Read(doc, &diags)
	return p, diags
}

// TestSchemaAgrees: what the schema accepts this package accepts, and what it
// refuses this package refuses, as far as a schema can tell.
func TestSchemaAgrees(t *testing.T) {
	data, err := os.ReadFile(schemaPath)
	if err != nil {
		t.Fatal(err)
	}
	schema, err := jsonschema.CompileString("policy.schema.json", string(data))
	if err != nil {
		t.Fatal(err)
	}
	const key = `keys: [{jwk: {kty: OKP, crv: Ed25519, x: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo}}]`
	const fleet = "version: 1\nrateLimitServices: {s: {cluster: c, secret: k}}\nlimits: {"
	tests := []struct {
		text string
		ok   bool
	}{
		{"version: 1", true},
		{"{}", false},
		{"version: '1'", false},
		{"version: 1\nmode: monitor\nunknown: pass\nwaive: [{code: a-b, reason: r, action: pass}]", true},
		{"version: 1\nmode: true", false},
		{"version: 1\nunknown: enforce", false},
		{"version: 1\nwaive: [{code: A, reason: r}]", false},
		{"version: 1\nwaive: [{code: a, reason: r, action: deny}]", false},
		{"version: 1\nwaive: [{code: a}]", false},
		{"version: 1\nlimits: {a: {requests: 1, per: 1s}}", true},
		{`{version: 1, defaults: {ambiguous: {methodOverride: true, rawSemicolon: false, bracketNames: true}}}`, true},
		{`{version: 1, defaults: {ambiguous: {semicolon: true}}}`, false},
		{`{version: 1, defaults: {ambiguous: true}}`, false},
		{`{version: 1, defaults: {cors: {origins: ["https://a.example", "https://*.b.example:8443"], headers: [X-A], maxAgeSeconds: 0, credentials: true}}}`, true},
		{`{version: 1, defaults: {cors: "off"}}`, true},
		{`{version: 1, defaults: {cors: {origins: ["*"]}}}`, true},
		{`{version: 1, defaults: {cors: {}}}`, false},
		{`{version: 1, defaults: {cors: {origins: []}}}`, false},
		{`{version: 1, defaults: {cors: {origins: [a.example]}}}`, false},
		{`{version: 1, defaults: {cors: {origins: ["https://A.example"]}}}`, false},
		{`{version: 1, defaults: {cors: {origins: ["https://a.example/"]}}}`, false},
		{`{version: 1, defaults: {cors: {origins: ["https://a.*.example"]}}}`, false},
		{`{version: 1, defaults: {cors: {origins: ["*"], maxAgeSeconds: 86401}}}`, false},
		{`{version: 1, defaults: {cors: {origins: ["*"], headers: ["a b"]}}}`, false},
		{`{version: 1, defaults: {contentEncodings: [gzip, br]}}`, true},
		{`{version: 1, defaults: {contentEncodings: []}}`, false},
		{`{version: 1, defaults: {contentEncodings: gzip}}`, false},
		{`{version: 1, defaults: {upgrade: websocket}}`, true},
		{`{version: 1, defaults: {upgrade: [websocket, chat/1]}}`, true},
		{`{version: 1, defaults: {upgrade: []}}`, false},
		{`{version: 1, defaults: {upgrade: "web socket"}}`, false},
		{"version: 1\nlimits: {a: {requests: 1, per: 1s, burst: 1, by: 'header:X-A', scope: worker, mode: 'off'}}", true},
		{"version: 1\nlimits: {a: {requests: 1000000001, per: 1s}}", false},
		{"version: 1\nlimits: {a: {requests: 1}}", false},
		{"version: 1\nlimits: {a: {requests: 1, per: 1w}}", false},
		{"version: 1\nlimits: {a: {requests: 1, per: 1s, by: 'header:'}}", false},
		{"version: 1\nlimits: {a: {requests: 1, per: 31d, by: 'claim:/org/id', cost: 'items:/a~1b/0', planBy: 'header:X-Plan', plans: {gold: {requests: 2, per: 1s, burst: 3}}, overrides: {acme: {requests: 3, per: 1s}}}}", true},
		{"version: 1\nlimits: {a: {requests: 1, per: 1s, cost: 3, announce: true, legacyFields: true, by: certificate}}", true},
		{"version: 1\nlimits: {a: {requests: 1, per: 1s, cost: 0}}", false},
		{"version: 1\nlimits: {a: {requests: 1, per: 1s, cost: items}}", true},
		{"version: 1\nlimits: {a: {requests: 1, per: 1s, cost: 'items:x~2'}}", false},
		{"version: 1\nlimits: {a: {requests: 1, per: 1s, cost: 'body:x'}}", false},
		{"version: 1\nlimits: {a: {requests: 1, per: 1s, by: 'claim:/a~'}}", false},
		{"version: 1\nlimits: {a: {requests: 1, per: 1s, by: consumer, planBy: consumer, plans: {gold: {requests: 2, per: 1s}}, overrides: {acme: {requests: 9, per: 1s}}}}", true},
		{"version: 1\nlimits: {a: {requests: 1, per: 1s, by: consumers}}", false},
		{"version: 1\nlimits: {a: {requests: 1, per: 1s, by: consumer, count: failures}}", false},
		{"version: 1\nlimits: {a: {requests: 1, per: 1s, planBy: 'claim:plan'}}", false},
		{"version: 1\nlimits: {a: {requests: 1, per: 1s, plans: {gold: {requests: 1, per: 1s}}}}", false},
		{"version: 1\nlimits: {a: {requests: 1, per: 1s, planBy: 'query:plan', plans: {}}}", false},
		{"version: 1\nlimits: {a: {requests: 1, per: 1s, planBy: 'claim:plan', plans: {gold: {requests: 1, per: 1s, by: group}}}}", false},
		{"version: 1\nlimits: {a: {requests: 1, per: 1s, planBy: 'claim:plan', plans: {gold: {requests: 1}}}}", false},
		{"version: 1\nlimits: {a: {requests: 1, per: 1s, overrides: {x: {requests: 1, per: 1s}}}}", false},
		{"version: 1\nlimits: {a: {requests: 1, per: 1s, by: group, overrides: {x: {requests: 1, per: 1s}}}}", false},
		{"version: 1\nlimits: {a: {requests: 1, per: 1s, by: subject, overrides: {'': {requests: 1, per: 1s}}}}", false},
		{"version: 1\nlimits: {a: {requests: 1, per: 1s, count: failures, by: address}}", true},
		{"version: 1\nlimits: {a: {requests: 1, per: 1s, count: failures, by: subject}}", false},
		{"version: 1\nlimits: {a: {requests: 1, per: 1s, count: failures, cost: 2}}", false},
		{"version: 1\nlimits: {a: {requests: 1, per: 1s, count: some}}", false},
		{"version: 1\ndefaults: {allow: {cel: 'true', message: '" + strings.Repeat("\u00e9", 200) + "'}}", true},
		{"version: 1\ndefaults: {allow: {cel: 'true', message: '" + strings.Repeat("x", 201) + "'}}", false},
		{"version: 1\ndefaults: {allow: false}", true},
		{"version: 1\ndefaults: {allow: true}", false},
		{"version: 1\ndefaults: {allow: ''}", false},
		{"version: 1\ndefaults: {allow: {cel: ''}}", false},
		{"version: 1\ndefaults: {allow: {message: x}}", false},
		{"version: 1\ndefaults: {allow: {cel: 'true', text: x}}", false},
		{"version: 1\ndefaults: {allow: ['true']}", false},
		{"version: 1\nlimits: {a: {concurrent: 5}}", true},
		{"version: 1\nlimits: {a: {concurrent: 5, by: group, scope: worker, mode: monitor}}", true},
		{"version: 1\nlimits: {a: {concurrent: 0}}", false},
		{"version: 1\nlimits: {a: {concurrent: 5, by: subject}}", false},
		{"version: 1\nlimits: {a: {concurrent: 5, scope: proxy}}", false},
		{"version: 1\nlimits: {a: {concurrent: 5, requests: 1, per: 1s}}", false},
		{fleet + "a: {requests: 1, per: 1s, scope: fleet}}", true},
		{fleet + "a: {requests: 1, per: 24h, scope: fleet, service: s, by: subject, planBy: 'claim:p', plans: {g: {requests: 2, per: 1m}}, overrides: {x: {requests: 1, per: 1h}}}}", true},
		{fleet + "a: {requests: 1, per: 10s, scope: fleet}}", false},
		{fleet + "a: {requests: 1, per: 1s, scope: fleet, by: subject, overrides: {x: {requests: 1, per: 2s}}}}", false},
		{fleet + "a: {requests: 1, per: 1s, scope: fleet, planBy: 'claim:p', plans: {g: {requests: 2, per: 7d}}}}", false},
		{fleet + "a: {requests: 1, per: 1s, service: s}}", false},
		{fleet + "a: {requests: 1, per: 1s, scope: worker, service: s}}", false},
		{fleet + "a: {requests: 1, per: 1s, scope: fleet, count: failures}}", false},
		{fleet + "a: {requests: 1, per: 1s, scope: fleet, cost: 'items:/a'}}", false},
		{fleet + "a: {requests: 1, per: 1s, scope: fleet, cost: 'header:items'}}", true},
		{fleet + "a: {concurrent: 1, scope: fleet}}", false},
		{fleet + "a: {concurrent: 1, service: s}}", false},
		{"version: 1\nrateLimitServices: {s: {cluster: c, domain: d, deadline: 20ms, onError: local, callers: plain}}", true},
		{"version: 1\nrateLimitServices: {s: {domain: d}}", false},
		{"version: 1\nrateLimitServices: {s: {cluster: ''}}", false},
		{"version: 1\nrateLimitServices: {s: {cluster: 'a b'}}", false},
		{"version: 1\nrateLimitServices: {s: {cluster: c, onError: allow}}", false},
		{"version: 1\nrateLimitServices: {s: {cluster: c, callers: plain, secret: k}}", false},
		{"version: 1\nrateLimitServices: {s: {cluster: c, callers: sha1}}", false},
		{"version: 1\nrateLimitServices: [s]", false},
		{"version: 1\nlimits: {'a b': {requests: 1, per: 1s}}", false},
		{"version: 1\nlimits: []", false},
		{"version: 1\nproviders: {p: {issuer: i, audiences: [a], " + key + "}}", true},
		{"version: 1\nproviders: {p: {issuer: i, anyAudience: true, skew: 0s, maxAge: 1h, requiredClaims: [sub], tokenTypes: [JWT], scopeClaim: s, " + key + "}}", true},
		{"version: 1\nproviders: {p: {issuer: i, anyAudience: false, " + key + "}}", false},
		{"version: 1\nproviders: {p: {issuer: i, anyAudience: true, audiences: [a], " + key + "}}", false},
		{"version: 1\nproviders: {p: {issuer: i, audiences: [], " + key + "}}", false},
		{"version: 1\nproviders: {p: {issuer: i, audiences: [a, a], " + key + "}}", false},
		{"version: 1\nproviders: {p: {issuer: '', audiences: [a], " + key + "}}", false},
		{"version: 1\nproviders: {p: {issuer: i, audiences: [a], keys: []}}", false},
		{"version: 1\nproviders: {p: {issuer: i, audiences: [a], keys: [{secret: s, alg: HS256, pem: x}]}}", false},
		{"version: 1\nproviders: {p: {issuer: i, audiences: [a], keys: [{secret: s, alg: none}]}}", false},
		{"version: 1\nproviders: {p: {issuer: i, audiences: [a], jwks: {uri: 'https://idp.example/keys?v=1', cluster: idp}}}", true},
		{"version: 1\nproviders: {p: {issuer: i, audiences: [a], jwks: {uri: 'http://[::1]:8080/', cluster: idp, refresh: 1s, maxStale: 30d, timeout: 100ms, cooldown: 60s, algorithms: [PS256]}}}", true},
		{"version: 1\nproviders: {p: {issuer: i, audiences: [a], jwks: {uri: 'https://idp.example/keys'}}}", false},
		{"version: 1\nproviders: {p: {issuer: i, audiences: [a], jwks: {cluster: idp}}}", false},
		{"version: 1\nproviders: {p: {issuer: i, audiences: [a], jwks: {uri: 'ftp://idp.example/keys', cluster: idp}}}", false},
		{"version: 1\nproviders: {p: {issuer: i, audiences: [a], jwks: {uri: 'https://idp.example', cluster: idp}}}", false},
		{"version: 1\nproviders: {p: {issuer: i, audiences: [a], jwks: {uri: 'https://me@idp.example/keys', cluster: idp}}}", false},
		{"version: 1\nproviders: {p: {issuer: i, audiences: [a], jwks: {uri: 'https://idp.example/keys#x', cluster: idp}}}", false},
		{"version: 1\nproviders: {p: {issuer: i, audiences: [a], jwks: {uri: 'https://idp.example/keys', cluster: 'a b'}}}", false},
		{"version: 1\nproviders: {p: {issuer: i, audiences: [a], jwks: {uri: 'https://idp.example/keys', cluster: idp, algorithms: [HS256]}}}", false},
		{"version: 1\nproviders: {p: {issuer: i, audiences: [a], jwks: {uri: 'https://idp.example/keys', cluster: idp, algorithms: []}}}", false},
		{"version: 1\nproviders: {p: {issuer: i, audiences: [a], jwks: {uri: 'https://idp.example/keys', cluster: idp}, " + key + "}}", false},
		{"version: 1\nproviders: {p: {issuer: i, audiences: [a], " + key + ", bound: dpop, dpop: {origins: ['https://a:8443', 'http://b/'], maxAge: 1s, future: 0s, algorithms: [ES256], remembered: 512}}}", true},
		{"version: 1\nproviders: {p: {issuer: i, audiences: [a], " + key + ", bound: any}}", true},
		{"version: 1\nproviders: {p: {issuer: i, audiences: [a], " + key + ", bound: true}}", false},
		{"version: 1\nproviders: {p: {issuer: i, audiences: [a], " + key + ", dpop: {maxAge: 1s}}}", false},
		{"version: 1\nproviders: {p: {issuer: i, audiences: [a], " + key + ", dpop: {origins: ['https://a/b']}}}", false},
		{"version: 1\nproviders: {p: {issuer: i, audiences: [a], " + key + ", dpop: {origins: ['https://a'], remembered: 1}}}", false},
		{"version: 1\nproviders: {p: {issuer: i, audiences: [a]}}", false},
		{"version: 1\nproviders: {p: {issuer: i, audiences: [a], denied: {jti: [x], sha256: [" + strings.Repeat("aB", 32) + "]}, " + key + "}}", true},
		{"version: 1\nproviders: {p: {issuer: i, audiences: [a], denied: {}, " + key + "}}", false},
		{"version: 1\nproviders: {p: {issuer: i, audiences: [a], denied: {jti: ['']}, " + key + "}}", false},
		{"version: 1\nproviders: {p: {issuer: i, audiences: [a], denied: {sha256: [aB]}, " + key + "}}", false},
		{"version: 1\ndefaults: {limits: [], maxDepth: 65535, maxBodyBytes: 4294967295, allowDuplicateNames: true, unknownQuery: monitor, inspect: headers, mediaTypes: {text/xml: deny}}", true},
		{"version: 1\ndefaults: {inspect: {level: parameters, sensitive: true, raise: [{when: anonymous, to: body}, {when: sensitive, to: deep}, {when: {sample: 0.5%}, to: deep}, {when: {refusals: 3, within: 60s}, to: deep}]}}", true},
		{"version: 1\ndefaults: {inspect: {}, responses: {mode: block, at: deep}}", true},
		{"version: 1\ndefaults: {responses: {mode: block, at: headers}}", false},
		{"version: 1\ndefaults: {inspect: {levels: body}}", false},
		{"version: 1\ndefaults: {inspect: {raise: [{when: anonymous}]}}", false},
		{"version: 1\ndefaults: {inspect: {raise: [{when: anonymous, to: headers}]}}", false},
		{"version: 1\ndefaults: {inspect: {raise: [{when: {sample: 5}, to: body}]}}", false},
		{"version: 1\ndefaults: {inspect: {raise: [{when: {refusals: 3}, to: body}]}}", false},
		{"version: 1\ndefaults: {forward: {headers: {x-r: risk, x-a: reasons, x-b: inspect, x-c: decision}}}", true},
		{"version: 1\ndefaults: {operation: x}", false},
		{"version: 1\ndefaults: {maxDepth: 65536}", false},
		{"version: 1\ndefaults: {maxBodyBytes: 1.5}", false},
		{"version: 1\ndefaults: {limits: [a, a]}", false},
		{"version: 1\ndefaults: {limits: [a, b, c, d, e, f, g, h, i]}", false},
		{"version: 1\ndefaults: {mediaTypes: {text/xml: monitor}}", false},
		{"version: 1\ndefaults: {security: {public: true}}", true},
		{"version: 1\ndefaults: {security: {public: false}}", false},
		{"version: 1\ndefaults: {security: {}}", false},
		{"version: 1\ndefaults: {security: {providers: [a], scopes: [b]}}", true},
		{"version: 1\ndefaults: {security: {public: true, scopes: [b]}}", false},
		{"version: 1\ndefaults: {security: {consumers: all, keyIn: 'header:X-Key', scopes: [b]}}", true},
		{"version: 1\ndefaults: {security: {consumers: [a], keyIn: basic}}", true},
		{"version: 1\ndefaults: {security: {consumers: all}}", false},
		{"version: 1\ndefaults: {security: {keyIn: bearer}}", false},
		{"version: 1\ndefaults: {security: {consumers: all, keyIn: path:x}}", false},
		{"version: 1\ndefaults: {security: {consumers: all, keyIn: 'header:'}}", false},
		{"version: 1\ndefaults: {security: {consumers: all, keyIn: header}}", false},
		{"version: 1\ndefaults: {security: {consumers: all, keyIn: basic, providers: [p]}}", false},
		{"version: 1\ndefaults: {security: {consumers: all, keyIn: basic, public: true}}", false},
		{"version: 1\noperations: [{operation: '*', mode: 'off'}, {tag: x, allow: 'true'}, {operation: [a, b]}]", true},
		{"version: 1\noperations: [{operation: '*', tag: x}]", false},
		{"version: 1\noperations: [{mode: 'off'}]", false},
		{"version: 1\noperations: [{operation: []}]", false},
		{"version: 1\napis: [{spec: a, name: n, hosts: ['*', a.b, '*.c:1', '[::1]:80'], basePath: /x}]", true},
		{"version: 1\napis: [{name: n}]", false},
		{"version: 1\napis: [{spec: a, hosts: []}]", false},
		{"version: 1\napis: [{spec: a, hosts: ['a/b']}]", false},
		{"version: 1\napis: [{spec: a, basePath: x}]", false},
		{"version: 1\nschemes: {a: [b]}", true},
		{"version: 1\nschemes: {a: []}", false},
		{"version: 1\nschemes: {a: b}", false},
		{"version: 1\nschemes: {a: {}}", false},
		{"version: 1\nschemes: {a: {consumers: all}, b: {providers: [x]}, c: {consumers: [x, y]}}", true},
		{"version: 1\nschemes: {a: {consumers: some}}", false},
		{"version: 1\nschemes: {a: {consumers: []}}", false},
		{"version: 1\nschemes: {a: {consumers: all, providers: [x]}}", false},
		{"version: 1\nschemes: {a: {certificates: any}, b: {certificates: [{uri: 'spiffe://a/b/*'}, {dns: '*.a.b'}], forwardedBy: [{subject: CN=lb}], consumers: all}}", true},
		{"version: 1\nschemes: {a: {certificates: some}}", false},
		{"version: 1\nschemes: {a: {forwardedBy: [{dns: a.b}]}}", false},
		{"version: 1\nschemes: {a: {providers: [a], certificates: any}}", false},
		{"version: 1\nschemes: {a: {certificates: []}}", false},
		{"version: 1\nschemes: {a: {certificates: [{}]}}", false},
		{"version: 1\nschemes: {a: {certificates: [{uri: 'a://b', dns: c.d}]}}", false},
		{"version: 1\nschemes: {a: {certificates: [{fingerprint: 'sha256:" + digest + "'}, {fingerprint: '" + strings.ToUpper(digest) + "1'}]}}", false},
		{"version: 1\nschemes: {a: {certificates: [{fingerprint: 'sha256:" + digest + "'}]}}", true},
		{"version: 1\nschemes: {a: {certificates: [{fingerprint: '" + strings.Repeat("0A:", 31) + "0A'}]}}", true},
		{"version: 1\nschemes: {a: {certificates: [{uri: 'spiffe://*'}]}}", false},
		{"version: 1\nschemes: {a: {certificates: [{uri: 'spiffe://a/*/b'}]}}", false},
		{"version: 1\nschemes: {a: {certificates: [{dns: 'a.*.b'}]}}", false},
		{"version: 1\nschemes: {a: {certificates: [{dns: 'a..b'}]}}", false},
		{"version: 1\nschemes: {a: {certificates: [{subject: orders}]}}", false},
		{"version: 1\nconsumers: {a: {certificates: [{dns: orders.example.com}]}}", true},
		{"version: 1\nconsumers: {acme: {}, b.c: {plan: gold, scopes: ['a:b'], attributes: {x: ''}, keys: []}}", true},
		{"version: 1\nconsumers: {'': {}}", false},
		{"version: 1\nconsumers: {a: {keys: [{id: k, digest: 'sha256:" + digest + "'}]}}", true},
		{"version: 1\nkeyPepper: p\nconsumers: {a: {keys: [{id: a_B-1, digest: 'hmac-sha256:" + digest + "', expires: 2027-03-31, note: x}]}}", true},
		{"version: 1\nconsumers: {a: {keys: [{id: k, digest: 'sha256:" + digest + "', expires: 2027-03-31T10:00:00Z}]}}", true},
		{"version: 1\nconsumers: {a: {keys: [{id: k, digest: 'sha256:" + digest + "', expires: 10d}]}}", false},
		{"version: 1\nconsumers: {a: {keys: [{id: k, digest: '" + digest + "'}]}}", false},
		{"version: 1\nconsumers: {a: {keys: [{id: k, digest: 'sha256:" + strings.ToUpper(digest) + "'}]}}", false},
		{"version: 1\nconsumers: {a: {keys: [{id: k, digest: 'sha256:aa'}]}}", false},
		{"version: 1\nconsumers: {a: {keys: [{id: k, digest: '$2y$05$abcdefghijklmnopqrstuv'}]}}", false},
		{"version: 1\nconsumers: {a: {keys: [{id: 'a:b', digest: 'sha256:" + digest + "'}]}}", false},
		{"version: 1\nconsumers: {a: {keys: [{id: _b, digest: 'sha256:" + digest + "'}]}}", false},
		{"version: 1\nconsumers: {a: {keys: [{id: k}]}}", false},
		{"version: 1\nconsumers: {a: {keys: [{id: k, digest: 'sha256:" + digest + "', secret: x}]}}", false},
		{"version: 1\nconsumers: {a: {scopes: ['a b']}}", false},
		{"version: 1\nconsumers: {a: {attributes: {x: 1}}}", false},
	}
	for _, tt := range tests {
		doc, err := source.Parse("policy.yaml", "file:///policy.yaml", []byte(tt.text))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(plain(doc.Root)); (err == nil) != tt.ok {
			t.Errorf("the schema on %q: %v, want ok %v", tt.text, err, tt.ok)
		}
		if diags := readPolicy(t, tt.text); (len(diags) == 0) != tt.ok {
			t.Errorf("Read(%q) = %v, want ok %v", tt.text, diags, tt.ok)
		}
	}
}

// plain is what encoding/json makes of the same value.
func plain(n *source.Node) any {
	switch n.Kind {
	case source.Bool:
		return n.Bool
	case source.Number:
		return json.Number(n.Text)
	case source.String:
		return n.Text
	case source.Array:
		out := []any{}
		for _, c := range n.Items {
			out = append(out, plain(c))
		}
		return out
	case source.Object:
		out := map[string]any{}
		for i, c := range n.Items {
			out[n.Keys[i].Name] = plain(c)
		}
		return out
	}
	return nil
}

func TestNearest(t *testing.T) {
	known := []string{"limits", "mode", "operations"}
	for in, want := range map[string]string{"limit": "limits", "Mode": "mode", "operation": "operations", "xyzzy": "", "": ""} {
		if got := nearest(in, known); got != want {
			t.Errorf("nearest(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestBrowserErrors: what a schema can't tell of cors, codings and protocols is refused
// all the same.
func TestBrowserErrors(t *testing.T) {
	tests := []struct{ text, want string }{
		{"cors: {origins: ['*'], credentials: true}", "credentials for the origin *"},
		{"cors: {origins: ['*', 'https://a.example']}", "the origin * beside others"},
		{"cors: {origins: ['null']}", `the origin "null"`},
		{"cors: {origins: ['https://a.example:443']}", "as an origin"},
		{"contentEncodings: [identity]", "identity in contentEncodings"},
		{"upgrade: h2c", `the protocol "h2c"`},
		{"upgrade: [websocket, TLS/1.0]", `the protocol "tls/1.0"`},
	}
	for _, tt := range tests {
		diags := readPolicy(t, "version: 1\ndefaults: {"+tt.text+"}\n")
		if len(diags) != 1 || !strings.Contains(diags[0].Message, tt.want) {
			t.Errorf("%s: %v, want one finding with %q", tt.text, diags, tt.want)
		}
	}
}
