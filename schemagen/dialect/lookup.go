package dialect

import "strings"

// latest is what "the current version" means in a $schema that names none.
const latest = Draft202012

var byURI = map[string]Version{
	"json-schema.org/draft-04/schema":              Draft4,
	"json-schema.org/draft-06/schema":              Draft6,
	"json-schema.org/draft-07/schema":              Draft7,
	"json-schema.org/draft/2019-09/schema":         Draft201909,
	"json-schema.org/draft/2020-12/schema":         Draft202012,
	"json-schema.org/schema":                       latest,
	"spec.openapis.org/oas/3.1/dialect/base":       OpenAPI31,
	"spec.openapis.org/oas/3.1/dialect/2022-02-27": OpenAPI31,
	"spec.openapis.org/oas/3.1/dialect/2024-10-25": OpenAPI31,
	"spec.openapis.org/oas/3.1/dialect/2024-11-10": OpenAPI31,
	"spec.openapis.org/oas/3.2/dialect/base":       OpenAPI32,
	"spec.openapis.org/oas/3.2/dialect/2025-09-17": OpenAPI32,
	"spec.openapis.org/oas/3.0/schema/2021-09-28":  OpenAPI30,
	"swagger.io/v2/schema.json":                    OpenAPI20,
	"spec.openapis.org/oas/2.0/schema/2017-08-27":  OpenAPI20,
}

// Lookup finds a dialect by the URI in $schema or jsonSchemaDialect. An empty
// fragment and the choice between http and https do not matter.
func Lookup(uri string) (Dialect, bool) {
	uri = strings.TrimSuffix(uri, "#")
	rest, ok := strings.CutPrefix(uri, "https://")
	if !ok {
		rest, ok = strings.CutPrefix(uri, "http://")
	}
	v, known := byURI[rest]
	if !ok || !known {
		return Dialect{}, false
	}
	return Of(v), true
}

// ByName finds a dialect by the name that Rules and the commands use, however
// its draft is spelled ("draft4", "draft-04", "2020-12", "openapi3.0").
func ByName(name string) (Dialect, bool) {
	short := strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(name, "draft"), "-"), "0")
	for v := Draft4; v < numVersions; v++ {
		if full := rules[v].Name; name == full || "draft"+short == full {
			return Of(v), true
		}
	}
	return Dialect{}, false
}

// Names returns the names that ByName takes, oldest first.
func Names() []string {
	var names []string
	for v := Draft4; v < numVersions; v++ {
		names = append(names, rules[v].Name)
	}
	return names
}

// ForOpenAPI finds the dialect of a description by the value of its `openapi`
// or `swagger` member.
func ForOpenAPI(version string) (Dialect, bool) {
	for _, e := range []struct {
		prefix string
		v      Version
	}{{"2.0", OpenAPI20}, {"3.0", OpenAPI30}, {"3.1", OpenAPI31}, {"3.2", OpenAPI32}} {
		rest, ok := strings.CutPrefix(version, e.prefix)
		if ok && (rest == "" || rest[0] == '.' || rest[0] == '-') {
			return Of(e.v), true
		}
	}
	return Dialect{}, false
}
