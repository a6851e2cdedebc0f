package main

import "regexp"

// difference is a verdict that is not what the description says.
type difference struct {
	engine, spec, operation, what, want, got, request, answer string
}

// row explains differences. Empty members match everything; the others are
// regular expressions.
type row struct {
	engine, spec, got, what, request, answer, reason string
}

// explain returns the reason of a difference, "" when there is none known.
func explain(d difference) string {
	for _, r := range rows {
		if match(r.engine, d.engine) && match(r.spec, d.spec) && match(r.got, d.got) && match(r.what, d.what) && match(r.request, d.request) && match(r.answer, d.answer) {
			return r.reason
		}
	}
	return ""
}

func match(pattern, text string) bool {
	return pattern == "" || regexp.MustCompile(pattern).MatchString(text)
}

// rows are the reasons that are known, first match first: what was seen in the
// peer's answer or behaviour, not a guess about its code. Strict settings are
// this filter's own; all else is what OpenAPI and the RFCs say.
var rows = []row{
	// Requests made from descriptions.
	{got: "accept", what: "query parameter that is not described", reason: "undescribed query parameters are not looked at; strict settings refuse them"},
	{got: "accept", what: "^[^ ]+ twice$", reason: "of a repeated scalar parameter one value is judged, the others pass; strict settings refuse them"},
	{got: "accept", what: "^a member twice$", reason: "the last of duplicate member names counts, without a word"},
	{engine: "kin", got: "accept", what: "^(text behind the body|JSON and more)", reason: "the decoder stops after the first JSON value: what follows it passes"},
	{engine: "lib", got: "accept", what: "^a body that is not described$", reason: "a body that the operation does not describe is not looked at"},
	{engine: "lib", answer: "schema failed to compile|failed schema compilation|JSON schema compile failed", reason: "patterns are compiled by Go's regexp: one with a lookahead leaves the operation unusable"},
	{engine: "kin", answer: "error parsing regexp|cannot compile pattern", reason: "patterns are compiled by Go's regexp: one with a lookahead leaves the operation unusable"},
	{engine: "kin", got: "refuse", what: "an integer with (an exponent|a fraction of zero)", reason: "integers in parameters are read by strconv: 2.0 and 20e-1 are refused, though JSON Schema has them as integers"},
	{got: "accept", what: "not in the format|color=2023|d=2023", reason: "formats are not asserted, or only some, unless a program registers them"},
	{got: "accept", spec: "shop", what: "^(userId|cartId|orderId|idempotency-key): |at \"/email\"", reason: "formats are not asserted, or only some, unless a program registers them"},
	{engine: "lib", got: "accept", spec: "shop", what: "^status: ", reason: "the enum of an array's items is not judged in query parameters"},
	{got: "accept", spec: "museum|Adyen", what: "(ticketId|[dD]ate|eventId|email)\"?: |at \"/(.*[dD]ates?|email|eventId|ticketId)", reason: "formats are not asserted, or only some, unless a program registers them"},
	{got: "accept", what: "number of (33|65) bits", reason: "int32 and int64 are not asserted, or numbers are float64"},
	{engine: "kin", got: "refuse", answer: "in cookie has an error: invalid serialization method", reason: "arrays and objects in cookies with explode are not supported: every request of the operation is refused"},

	// Case files: whole areas.
	{engine: "lib", spec: "spec31", got: "refuse", answer: "Path '[^']*' not found", reason: "server URLs with variables are not resolved: the path is not found"},
	{spec: "spec31", got: "accept", what: "the base path is part of the path", reason: "the base path of the servers is optional"},
	{engine: "lib", got: "accept", request: "x-www-form-urlencoded", reason: "form bodies are not judged in 3.0 descriptions"},
	{engine: "lib", got: "accept", what: "JSON that says it is a form", reason: "form bodies are not judged in 3.0 descriptions"},
	{engine: "lib", got: "accept", what: "multipart", reason: "multipart bodies are not judged"},
	{engine: "lib", got: "accept", what: "^(text/plain|application/octet-stream|text of another)", reason: "text and binary bodies are not judged"},
	{engine: "lib", got: "accept", what: "range", reason: "bodies of a media type range are not judged"},
	{engine: "lib", got: "accept", what: "^application/json(l|-seq)", reason: "sequences of JSON values are not judged"},
	{engine: "lib", got: "refuse", what: "ndjson", reason: "newline-delimited JSON is read as one JSON value"},
	{engine: "lib", spec: "spec32", what: "^(the method QUERY|an additional operation)", reason: "the method QUERY and additionalOperations of 3.2 are not found"},
	{engine: "lib", spec: "spec32", got: "accept", request: "^/qs/", reason: "querystring parameters of 3.2 are not judged"},
	{engine: "kin", spec: "spec32", got: "refuse", answer: "unsupported parameter.in: .querystring", reason: "querystring parameters of 3.2 are not supported: every request of the operation is refused"},
	{engine: "kin", got: "refuse", request: "x-www-form-urlencoded", answer: "unsupported schema of request body's property", reason: "a form with a member that is an object is refused, whatever the request has"},
	{engine: "kin", got: "refuse", what: "multipart: an object is JSON", reason: "an object in a multipart body is not read as JSON by default (3.0.4 section 4.7.15)"},
	{engine: "kin", got: "accept", what: "multipart", reason: "header fields of parts, repeated parts and the framing of RFC 2046 are not judged"},
	{engine: "kin", got: "refuse", answer: "unsupported content type", reason: "the media type has no decoder until a program registers one"},
	{engine: "kin", got: "refuse", what: "^text/plain", reason: "text is always a string: a schema of an integer refuses it"},
	{engine: "kin", got: "accept", what: "^text of another charset", reason: "the charset is not looked at"},
	{engine: "kin", got: "accept", what: "^application/json(l|-seq)", reason: "sequences of JSON values are not judged"},
	{engine: "kin", got: "refuse", what: "^a range \\(RFC 9110", reason: "of overlapping media type ranges a less specific one is taken"},

	// Case files: parameters.
	{engine: "lib", got: "refuse", what: "as (label|matrix)-", reason: "label and matrix are not understood for all types"},
	{engine: "lib", got: "accept", what: "as (label|matrix)-", reason: "label and matrix: malformed values pass"},
	{engine: "kin", got: "refuse", what: "as matrix-str", reason: "matrix without a value (;color), which RFC 6570 section 3.2.7 writes for an empty one, is refused"},
	{engine: "kin", got: "accept", what: "as matrix-", reason: "matrix: members that are not described, or repeated, pass"},
	{got: "accept", what: "(05|5.0|True|1|color=1) (as (simple-)?(int|bool)|is no integer)|True as simple-bool|1 as simple-bool", reason: "numbers and booleans in parameters are read by strconv: 05, True and 1 for true pass"},
	{got: "accept", what: "simple-array \\(|form-array \\(", reason: "arrays are split after percent-decoding, or a repeated name's first value is taken: an encoded comma is read as a delimiter"},
	{got: "accept", what: "as (simple|form|spaceDelimited|deepObject)(-x)?-(object|nested)|as x-object|as object|R=1,R=2 as", reason: "odd, repeated or undescribed members of objects in parameters pass"},
	{got: "accept", what: "X-Color: [35]; X-Color: ", reason: "of a repeated header field the first value alone is judged"},
	{engine: "lib", got: "accept", what: "as content", reason: "content of header parameters is not judged"},
	{got: "accept", what: "color=1; color=2", reason: "of a repeated cookie the first value alone is judged"},
	{got: "accept", what: "form-x-int|form-x-object", reason: "of a repeated parameter the first value alone is judged"},
	{got: "accept", what: "encoded NUL|no UTF-8|color=%FF|color=%0|dot segment|a=1;b=X", reason: "NUL, octets that are no UTF-8, broken percent-encoding, encoded dot segments and ';' pass: the next reader decides"},
	{engine: "lib", got: "accept", what: "a path without the slash", reason: "trailing slashes are ignored"},
	{engine: "lib", got: "accept", what: "as (union|bounds)", reason: "enum, oneOf and bounds are not judged in all query parameters"},
	{engine: "kin", got: "refuse", what: "as union", reason: "a text of several types is read as the last of them alone"},
	{got: "refuse", what: "as required \\(", reason: "header parameters named Accept, Content-Type and Authorization are judged, which OpenAPI ignores (3.0.4 section 4.7.12.1)"},
	{engine: "kin", got: "refuse", what: "%35 as simple-int", reason: "path parameters of numbers are not percent-decoded"},
	{engine: "kin", got: "refuse", what: "filter\\[tags\\]\\[\\]", reason: "arrays in deepObject need indexes: name[] is refused"},
	{engine: "lib", got: "refuse", what: "deepObject-nested", reason: "arrays in deepObject are not understood"},
	{engine: "lib", got: "refuse", answer: "reserved values", reason: "reserved characters that a query may hold raw (RFC 3986 section 3.4) are refused without allowReserved"},
	{engine: "lib", got: "refuse", what: "as empty", reason: "allowEmptyValue is not looked at"},
	{engine: "lib", got: "refuse", what: "3, 4 as array|R=100, G=200|color=3&color=4 as x-array", reason: "optional white space in header fields, and exploded arrays in cookies, are not understood"},
	{engine: "lib", got: "refuse", what: "form-x-strings|form-x-object", reason: "commas inside values, and fields beside an exploded object, are refused"},
	{engine: "lib", got: "refuse", what: "1.0 is an integer", reason: "server URLs with variables are not resolved: the path is not found"},
	{engine: "kin", spec: "spec31", got: "refuse", what: "another value of a server variable", reason: "only the default of a server variable is asked for here (peer.go)"},
	{engine: "lib", got: "refuse", what: "^an encoded unreserved character", reason: "encoded unreserved characters, which are the same as plain ones (RFC 3986 section 6.2.2.2), are not decoded in literal segments"},
	{engine: "kin", spec: "spec31", what: "as (prefix|null|many|mixed)", reason: "prefixItems, null, contains and unions of types are not understood in parameters"},
	{engine: "lib", spec: "spec31", what: "as (prefix|null|many|mixed)", reason: "prefixItems, null, contains and unions of types are not understood in parameters"},
	{engine: "kin", got: "refuse", what: "^a body that the operation does not describe", reason: "asked to refuse bodies that are not described (RejectWhenRequestBodyNotSpecified), as this filter's strict settings do"},
	{engine: "kin", got: "refuse", what: "^multipart: style in encoding", reason: "a style in the encoding of a multipart body is not understood"},
	{engine: "kin", got: "refuse", answer: "an invalid integer", what: "is an integer", reason: "integers in parameters are read by strconv: 2.0 and 20e-1 are refused, though JSON Schema has them as integers"},
	{engine: "kin", got: "refuse", what: "^an encoded unreserved character", reason: "encoded unreserved characters, which are the same as plain ones (RFC 3986 section 6.2.2.2), are not decoded in literal segments"},
}
