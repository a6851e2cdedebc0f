package regex

import (
	_ "embed"
	"encoding/binary"
	"strings"
	"sync"
)

// propertyData is written by gen/properties.js, which describes it. Unicode 17.
//
//go:embed properties.bin
var propertyData string

// properties maps kind and name, such as "gNd" or "bAlphabetic", to the spans
// of the property, still encoded.
var properties = sync.OnceValue(func() map[string]string {
	m := make(map[string]string)
	data := propertyData
	number := func() int {
		v, n := binary.Uvarint([]byte(data[:min(len(data), binary.MaxVarintLen64)]))
		data = data[n:]
		return int(v)
	}
	for data != "" {
		kind := data[:1]
		data = data[1:]
		names := make([]string, number())
		for i := range names {
			n := number()
			names[i], data = data[:n], data[n:]
		}
		start := data
		for range number() {
			number()
			number()
		}
		for _, name := range names {
			m[kind+name] = start[:len(start)-len(data)]
		}
	}
	return m
})

// lookupProperty returns the code points of a property as written between the
// braces of \p{...}: a General_Category or a binary property by its name, or
// name=value. Names are matched exactly, as ECMA-262 wants.
func lookupProperty(text string) (set, bool) {
	key, ok := "g"+text, false
	if name, value, hasValue := strings.Cut(text, "="); hasValue {
		switch name {
		case "General_Category", "gc":
			key = "g" + value
		case "Script", "sc":
			key = "s" + value
		case "Script_Extensions", "scx":
			key = "x" + value
		default:
			return nil, false
		}
	}
	data, ok := properties()[key]
	if !ok {
		data, ok = properties()["b"+text]
	}
	if !ok {
		return nil, false
	}
	return decodeSpans([]byte(data)), true
}

func decodeSpans(data []byte) set {
	number := func() rune {
		v, n := binary.Uvarint(data)
		data = data[n:]
		return rune(v)
	}
	s := make(set, number())
	next := rune(0)
	for i := range s {
		lo := next + number()
		hi := lo + number()
		s[i] = span{lo, hi}
		next = hi + 1
	}
	return s
}
