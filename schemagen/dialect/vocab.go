package dialect

// Vocab is a set of vocabularies (JSON Schema 2019-09 section 8.1.2). The bits
// are shared by 2019-09 and 2020-12; what 2019-09 has in fewer vocabularies is
// several bits there.
type Vocab uint16

// The vocabularies.
const (
	VocabCore Vocab = 1 << iota
	VocabApplicator
	VocabUnevaluated
	VocabValidation
	VocabMetaData
	VocabFormatAnnotation
	VocabFormatAssertion
	VocabContent
	VocabOpenAPI

	AllVocab = 1<<iota - 1
)

// vocabularies is every vocabulary URI that is understood. In 2019-09 the one
// format vocabulary annotates unless an implementation is told otherwise
// (2019-09 validation section 7.2), and unevaluated* are applicators.
var vocabularies = map[string]Dialect{
	"https://json-schema.org/draft/2019-09/vocab/core":       {Draft201909, VocabCore},
	"https://json-schema.org/draft/2019-09/vocab/applicator": {Draft201909, VocabApplicator | VocabUnevaluated},
	"https://json-schema.org/draft/2019-09/vocab/validation": {Draft201909, VocabValidation},
	"https://json-schema.org/draft/2019-09/vocab/meta-data":  {Draft201909, VocabMetaData},
	"https://json-schema.org/draft/2019-09/vocab/format":     {Draft201909, VocabFormatAnnotation},
	"https://json-schema.org/draft/2019-09/vocab/content":    {Draft201909, VocabContent},

	"https://json-schema.org/draft/2020-12/vocab/core":              {Draft202012, VocabCore},
	"https://json-schema.org/draft/2020-12/vocab/applicator":        {Draft202012, VocabApplicator},
	"https://json-schema.org/draft/2020-12/vocab/unevaluated":       {Draft202012, VocabUnevaluated},
	"https://json-schema.org/draft/2020-12/vocab/validation":        {Draft202012, VocabValidation},
	"https://json-schema.org/draft/2020-12/vocab/meta-data":         {Draft202012, VocabMetaData},
	"https://json-schema.org/draft/2020-12/vocab/format-annotation": {Draft202012, VocabFormatAnnotation},
	"https://json-schema.org/draft/2020-12/vocab/format-assertion":  {Draft202012, VocabFormatAssertion},
	"https://json-schema.org/draft/2020-12/vocab/content":           {Draft202012, VocabContent},

	"https://spec.openapis.org/oas/3.1/vocab/base":       {OpenAPI31, VocabOpenAPI},
	"https://spec.openapis.org/oas/3.2/vocab/2025-09-17": {OpenAPI32, VocabOpenAPI},
}

// Vocabulary looks a vocabulary up by its URI: the version it belongs to and
// its bits.
func Vocabulary(uri string) (Version, Vocab, bool) {
	d, ok := vocabularies[uri]
	return d.Version, d.Vocab, ok
}

// WithVocabularies builds the dialect of a metaschema from its $vocabulary.
// base is the dialect of the metaschema itself and decides what no vocabulary
// says. The core vocabulary is always in force (2020-12 section 8.1.2.1).
// A vocabulary that is known is in force whether it is required or optional;
// unknown holds the required ones that are not known.
func WithVocabularies(base Dialect, uris []string, required []bool) (d Dialect, unknown []string) {
	d = Dialect{Version: base.Version, Vocab: VocabCore}
	for i, uri := range uris {
		version, bits, ok := Vocabulary(uri)
		if !ok {
			if required[i] {
				unknown = append(unknown, uri)
			}
			continue
		}
		d.Vocab |= bits
		switch {
		case rules[version].OpenAPI: // comes on top of 2020-12
			d.Version = version
		case !rules[d.Version].OpenAPI:
			d.Version = version
		}
	}
	return d, unknown
}

// Asserts reports whether the format-assertion vocabulary is in force.
func (d Dialect) Asserts() bool {
	return d.Vocab&VocabFormatAssertion != 0
}
