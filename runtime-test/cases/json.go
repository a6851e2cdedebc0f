package cases

import (
	"encoding/json"
	"regexp"
)

var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

func isJSONNumber(s string) bool { return jsonNumber.MatchString(s) }

// appendText appends s as a JSON string. Text that is not UTF-8 can't come here: YAML has none.
func appendText(dst []byte, s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic("json: string does not marshal: " + err.Error())
	}
	return append(dst, b...)
}

// problem is an RFC 9457 document as the filter writes it.
type problem struct {
	Code   string `json:"code"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Errors []struct {
		In      string  `json:"in"`
		Name    string  `json:"name"`
		Pointer *string `json:"pointer"`
		Keyword string  `json:"keyword"`
		Detail  string  `json:"detail"`
	} `json:"errors"`
}
