// Package cases reads and runs declarative test cases: one file of requests with what must become of them, run on every engine that can
// judge a request. It is how the examples, the tests and the end-to-end suite say what they expect, once.
//
// # Case files
//
// A case file is YAML. Unknown keys are errors with their line. Paths are relative to the file. Durations are Go's (300ms, 16s, 1h).
//
//	specs: [../shop.yaml]         # descriptions, one or many; or
//	table: ../shop.tbl            # a compiled table in their place
//	policy: ../policy.yaml        # policy file, or the policy itself as a mapping; optional
//	strict: false                 # compile with -strict=false; default true
//	config:                       # plugin configuration beside "table": hold, mode, maxBodyBytes, bodyTimeoutMs, secrets, ...
//	  maxBodyBytes: 65536
//	host:                         # what the proxy around the plugin is like; optional
//	  workers: 2                  # default 1
//	  bufferLimit: 1048576        # bytes the proxy buffers of a body; default 1 MiB
//	  stopIteration: true         # allow_on_headers_stop_iteration; default: what config.hold needs
//	  bufferFilter: false         # the buffer filter behind; default: what config.hold needs
//	keys:                         # keys that sign tokens
//	  signer: {file: ../keys/signer.pem, kid: k1}   # PEM: PKCS #8, PKCS #1 or SEC 1
//	  mac:    {secret: text}                        # for HS*; the plugin gets it by config.secrets
//	  made:   {generate: ES256, kid: m1}            # made from the name alone: the same key on every run
//	tokens:                       # named tokens for "auth: NAME"
//	  alice: {key: signer, alg: RS256, claims: {sub: alice, iss: https://issuer.example, exp: +300s}}
//	calls:                        # what clusters answer to proxy_http_call
//	  jwks: {status: 200, body: "{}", delay: 10ms}
//	defaults:                     # merged into every request that does not say otherwise
//	  host: api.shop.example
//	  headers: {accept: application/json}
//	  auth: alice
//	cases:
//	  - name: an order of nothing
//	    request:
//	      method: POST            # default GET, POST with a body
//	      path: /orders
//	      json: {items: []}
//	    expect:
//	      status: 400
//	      code: body_invalid
//	      part: body
//	      pointer: /items
//	      keyword: minItems
//
// In a policy given as a mapping, in config and in the bodies of calls, the text ${jwk:NAME} stands for the public half of a key as a JWK, ${pem:NAME} for the same in
// PEM, ${secret:NAME} for a key's secret and ${dir} for the file's folder: paths in such a policy are not relative to the file.
//
// # Requests
//
//	method path host scheme       # host is the authority; scheme is https by default
//	headers                       # name: value, or name: [value, value]; null drops a default
//	auth                          # a token's name, a token, or none: see below
//	proof                         # a DPoP proof: see below
//	body json bodyFile            # text, a value that is serialized compactly, a file; sends Content-Length. json sets Content-Type as well
//	bodyRepeat: N                 # repeats body N times
//	chunks: [..]                  # text pieces, sent chunked with no Content-Length; [] is an empty chunked body
//	trailers                      # after the body
//	reset: true                   # the client goes away after the last chunk instead of ending the request
//	stall: 16s                    # the client sends the chunks, never ends the request, and waits so long for an answer
//
// auth is {key, alg, kid, typ, header, claims, scheme, in, raw, tamper}: the token is a compact JWS over claims, signed by the key's algorithm or alg,
// and sent as "Authorization: scheme token" (scheme Bearer) or in another header named by in. Times in claims as text with a sign, such as exp: +300s or nbf: -1h,
// are relative to the engine's clock. header adds or, with null, removes header members. raw is sent in place of a token. tamper: signature, payload
// or header changes that part after signing. auth: none sends nothing. bound: KEY binds the token to a key by the claim cnf (RFC 9449 section 6.1).
//
// proof is {key, alg, header, jwk, claims, origin, tamper, twice}: a good proof (RFC 9449) for the request and its token, by the key, with a jti of its own,
// changed as a token is; jwk changes members of the key in the header. origin is scheme and host in htu, by default the request's. twice: fields
// sends it in two fields, twice: joined in one.
//
// # Expectations
//
//	verdict: accept | refuse | none   # default accept, refuse when code or a status of 400 and more is named; none: no answer (reset, stalled)
//	status                            # of the answer; default 200 for accept
//	code part pointer keyword parameter detail   # members of the problem document; detail is a part of its text. pointer: "" is the whole value
//	headers                           # of the answer; null: must not be there; a text that begins with ~ is a regular expression
//	body                              # a part of the answer's text
//	upstream:
//	  requests: 0 | 1                 # default 1 for accept, else 0: a refused request leaves no trace
//	  headers body trailers           # what arrived; body is the whole text
//	  beforeVerdict: true             # the headers arrived before the filter had seen the end (a documented misuse)
//	metrics: {NAME: N}                # how much the metric grew over the step
//	logs: [TEXT]                      # parts of log lines written during the step
//
// A refusal is checked for application/problem+json unless headers says otherwise.
//
// # Steps, repetition and engines
//
// A case has request and expect, or steps: a list of {request, expect, repeat: N, advance: 10s}, run in order. advance moves the clock before the
// request; alone it only moves it. repeat sends the request N times and expects the same of each. A case may override config and host, and
// say fresh: true to run on an instance of its own (limits start full); otherwise cases of one file with the same config and host share one.
// upstream: {status, headers, body} in a case is what the upstream answers; default 200 with a short text.
//
// engines: [wazero, envoy] with why: TEXT restricts a case, or a file's cases, to engines that can run it. An engine that is asked for what it can't do fails the case;
// nothing is skipped in silence. The engines:
//
//	native      filter/engine in this process: no host, so no answers' headers, no metrics, no logs, no stalls or resets
//	wazero      the module in runtime-test/host: everything, virtual time
//	proxytest   the module in the Tetrate SDK's emulator: one worker, the machine's date only in tokens, no buffer limits
//	envoy       the module in a real Envoy: real time, so advance sleeps and is for short times only
package cases
