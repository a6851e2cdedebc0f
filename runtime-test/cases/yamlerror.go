package cases

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// innerLine is a line that is counted from the start of a part of the file.
var innerLine = regexp.MustCompile(`line \d+: `)

var (
	unknownKey = regexp.MustCompile(`^line (\d+): field (.*) not found in type .*$`)
	repeated   = regexp.MustCompile(`^line (\d+): mapping key (.*) already defined at line (\d+)$`)
	wrongKind  = regexp.MustCompile("^line (\\d+): cannot unmarshal !!(\\w+)(?: `(.*)`)? into (.*)$")
)

// kindNames is what YAML's kinds and Go's are called here.
var kindNames = map[string]string{
	"map": "a mapping", "seq": "a list", "str": "text", "int": "a whole number", "float": "a number", "bool": "true or false", "null": "nothing",
}

// explain says what is wrong with a file in its own terms: the decoder speaks of Go's.
func explain(err error) error {
	var list *yaml.TypeError
	if !errors.As(err, &list) {
		return errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	var out []string
	for _, text := range list.Errors {
		switch {
		case unknownKey.MatchString(text):
			m := unknownKey.FindStringSubmatch(text)
			text = fmt.Sprintf("line %s: found the unknown key %q", m[1], m[2])
		case repeated.MatchString(text):
			m := repeated.FindStringSubmatch(text)
			text = fmt.Sprintf("line %s: found the key %s again, it stands at line %s", m[1], m[2], m[3])
		case wrongKind.MatchString(text):
			m := wrongKind.FindStringSubmatch(text)
			found := kindNames[m[2]]
			if m[3] != "" {
				found = fmt.Sprintf("%q", m[3])
			}
			text = fmt.Sprintf("line %s: found %s, want %s", m[1], found, wantedKind(m[4]))
		}
		out = append(out, text)
	}
	return errors.New(strings.Join(out, "; "))
}

// wantedKind is what a Go type is written as.
func wantedKind(typ string) string {
	switch t := strings.TrimLeft(typ, "*"); {
	case strings.HasPrefix(t, "[]"):
		return "a list"
	case t == "string":
		return "text"
	case t == "bool":
		return "true or false"
	case strings.HasPrefix(t, "int"), strings.HasPrefix(t, "uint"):
		return "a whole number"
	}
	return "a mapping"
}
