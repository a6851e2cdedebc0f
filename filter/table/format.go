// Package table is the compiled form of API descriptions and policy: one
// immutable little-endian blob that the filter reads in place.
//
// The package owns the layout (this file and inst.go), the verifier (Open) and
// the views. The writer is schemagen/emit. Open checks every offset, range,
// enumeration and loop once; after that no accessor can fail, allocate or read
// outside the blob. FORMAT.md describes the layout in words.
//
//	+--------+-----------+---------+---------+-----
//	| header | directory | section | section | ...
//	+--------+-----------+---------+---------+-----
//
// Record sections are arrays of fixed-size records of 32-bit words. A string
// is two words, offset and length, into the pool of section Strings; a range
// is two words, first record and number of records, of another section.
package table

// Magic opens every table: "PCLT".
const Magic = 0x544c4350

// Version is the format version this package reads. A table of another version
// is refused: tables are cheap to make again, and a wrong reading is not.
const Version = 1

// Header layout, in bytes.
//
//	 0 magic u32        4 version u32
//	 8 required u32    12 optional u32   feature bits, none defined yet
//	16 length u32      20 sections u32   of the whole table; directory entries
//	24 checksum u64                      Checksum of all bytes after the header
//	32 digest [32]byte                   SHA-256 over the compiler's inputs
const (
	HeaderSize    = 64
	offMagic      = 0
	offVersion    = 4
	offRequired   = 8
	offOptional   = 12
	offLength     = 16
	offSections   = 20
	offChecksum   = 24
	offDigest     = 32
	DirectorySize = 16 // bytes of a directory entry: id, offset, length, flags
)

// FlagOptional in a directory entry lets a reader that does not know the
// section skip it.
const FlagOptional = 1

// MaxSize bounds a table, in bytes.
const MaxSize = 64 << 20

// NoIndex stands for "none" where a word holds an index.
const NoIndex = ^uint32(0)

// Section identifies a section in the directory. Numbers are append-only.
type Section uint32

// The sections. 32 to 47 belong to schemas (inst.go).
const (
	SecStrings Section = iota + 1
	SecAPIs
	SecHosts
	SecNodes
	SecLiterals
	SecTemplates
	SecParts
	SecMethods
	SecOps
	SecParams
	SecProps
	SecMedia
	SecRequirements
	SecUses
	SecSchemes
	SecProviders
	SecKeys
	SecSecrets
	SecLimits
	SecIndexes   // lists of indexes into other sections
	SecNames     // lists of strings
	SecMeta      // one record: settings of the whole table
	SecShapes    // what texts may become
	SecFields    // how single fields of forms are written
	SecResponses // what operations may be answered with
	SecConsumers
	SecCredentials
	SecExprs // allow expressions (expr.go)
	SecExprNodes
	SecForwards // what upstreams are told of who calls
	SecServices // rate limit services
	schemasStart
)

// More sections, above those of schemas.
const (
	SecExtras         Section = iota + schemasEnd // what few operations have (extras.go)
	SecDenied                                     // tokens that count no more (denied.go)
	SecInspections                                // how deep requests are looked at, and why deeper (inspection.go)
	SecIntrospections                             // how tokens are asked about (introspection.go)
	secEnd
)

// schemasEnd is the first number behind those that belong to schemas, which begin at
// 32.
const schemasEnd = 48

// No number of the first sections is one of the schemas'.
var _ [32 - int(schemasStart)]struct{}

// Words per record, by section; 0 for sections that are no records.
const (
	wordsAPI         = 8
	wordsHost        = 6
	wordsNode        = 8
	wordsLiteral     = 4
	wordsTemplate    = 4
	wordsPart        = 3
	wordsMethod      = 4
	wordsOp          = 32
	wordsParam       = 10
	wordsProp        = 4
	wordsMedia       = 12
	wordsRequirement = 2
	wordsUse         = 3
	wordsScheme      = 8
	wordsProvider    = 32
	wordsKey         = 8
	wordsSecret      = 2
	wordsLimit       = 30
	wordsIndex       = 1
	wordsName        = 2
	wordsMeta        = 4
	wordsShape       = 8
	wordsField       = 8
	wordsResponse    = 8
	wordsExtra       = 12
	wordsDenied      = 8
	wordsInspection  = 8
	wordsConsumer    = 12
	wordsCredential  = 10
	wordsExpr        = 16
	wordsExprNode    = 4
	wordsForward     = 14
	wordsService     = 10

	wordsIntrospection = 12
)

// Words of an API record.
//
//	name(2) title(2) mode ops(2) zero
const (
	APIName  = 0
	APITitle = 2
	APIMode  = 4
	APIOps   = 5
)

// Words of a host record: one place where a trie of paths answers. Records are
// sorted: exact hosts by name, then wildcards longest first, then any host.
//
//	host(2) kind port root zero
const (
	HostName = 0
	HostKind = 2
	HostPort = 3 // 0 = any
	HostRoot = 4 // node
)

// Kinds of host.
const (
	HostExact    = 1
	HostWildcard = 2 // name holds the suffix with its dot: ".example.com"
	HostAny      = 3
	hostKindEnd  = 4
)

// Words of a trie node. Children come after their parent, so that a walk ends.
//
//	literals(2) templates(2) methods(2) zero(2)
const (
	NodeLiterals  = 0
	NodeTemplates = 2
	NodeMethods   = 4
)

// Words of a literal edge; the edges of a node are sorted by hash, then text.
//
//	text(2) hash child
const (
	LiteralText  = 0
	LiteralHash  = 2
	LiteralChild = 3
)

// Words of a template edge; the edges of a node are in order of preference.
//
//	parts(2) child zero
const (
	TemplateParts = 0
	TemplateChild = 2
)

// Words of a part: literal text, or an expression.
//
//	text(2) kind
const (
	PartText  = 0
	PartKind  = 2
	PartLit   = 1
	PartExpr  = 2
	partsKind = 3
)

// Words of a method of a node.
//
//	name(2) op zero
const (
	MethodName = 0
	MethodOp   = 2
)

// Words of an operation.
//
//	id(2) method(2) path(2) api mode|inspect<<8|unknownQuery<<16|responseMode<<24 flags
//	params(2) media(2) requirements(2) limits(2: indexes) captures
//	maxBody maxDepth maxString maxItems maxName zero(3) responses(2) expr forward inspection zero
const (
	OpID           = 0
	OpMethod       = 2
	OpPath         = 4
	OpAPI          = 6
	OpModes        = 7
	OpFlags        = 8
	OpParams       = 9
	OpMedia        = 11
	OpRequirements = 13
	OpLimits       = 15
	OpCaptures     = 17 // number of template expressions on the path
	OpMaxBody      = 18 // bytes, 0 = the plugin's limit
	OpMaxDepth     = 19 // 0 = the plugin's limit
	OpMaxString    = 20 // bytes of a string of a JSON body as written, 0 = none
	OpMaxItems     = 21 // children of an array or object of a JSON body, 0 = none
	OpMaxName      = 22 // bytes of a name of a JSON body as written, 0 = none
	OpResponses    = 26
	OpExpr         = 28
	OpForward      = 29 // NoIndex = the upstream is told nothing
	OpInspection   = 30 // index and one of its inspection record, 0 for none
)

// Flags of an operation.
const (
	OpFlagDeny            = 1 << 0 // refused with operation_unenforceable
	OpFlagHasBody         = 1 << 1 // the description declares a request body
	OpFlagBodyRequired    = 1 << 2
	OpFlagDeprecated      = 1 << 3
	OpFlagAllowDuplicates = 1 << 4 // duplicate member names pass
	OpFlagUpgrade         = 1 << 5 // upgrades are allowed
	OpFlagEncodedSlash    = 1 << 6 // what the path may hold although it is not canonical
	OpFlagSemicolon       = 1 << 7
	OpFlagEmptySegment    = 1 << 8
	OpFlagBackslash       = 1 << 9
	OpFlagTrailingSlash   = 1 << 10 // a slash at the path's end makes no difference
	OpFlagHeadAsGet       = 1 << 11 // HEAD is judged by this operation, a GET
	OpFlagPreflight       = 1 << 12 // CORS preflight requests for it pass
	OpFlagAnyBody         = 1 << 13 // a body passes where none is declared
	OpFlagMethodOverride  = 1 << 14 // what asks for another method or path passes
	OpFlagRawSemicolon    = 1 << 15 // a raw ';' passes in queries and forms
	OpFlagBracketNames    = 1 << 16 // "a[]" passes beside a declared "a"
	opFlagsAll            = 1<<17 - 1
)

// Words of a parameter.
//
//	name(2) in|style<<8|flags<<16 shape entry capture nameHash zero(3)
const (
	ParamName    = 0
	ParamHow     = 2
	ParamShape   = 3 // NoIndex = text alone
	ParamEntry   = 4 // schema entry, NoIndex = anything
	ParamCapture = 5 // index of the path expression, NoIndex elsewhere
	ParamHash    = 6
)

// Flags of a parameter (bits 16.. of ParamHow, shifted down).
const (
	ParamFlagRequired      = 1 << 0
	ParamFlagExplode       = 1 << 1
	ParamFlagAllowReserved = 1 << 2
	ParamFlagAllowEmpty    = 1 << 3
	ParamFlagDeprecated    = 1 << 4
	// ParamFlagTypeOnly marks a schema that asks for the shape's types and for
	// nothing else.
	ParamFlagTypeOnly = 1 << 5
	paramFlagsAll     = 1<<6 - 1
)

// Words of a shape: what a text, or several under one name, may become.
//
//	types|flags<<16 items additional props(2) prefix(2: indexes of shapes) separator
const (
	ShapeTypes      = 0
	ShapeItems      = 1 // shape of an array's elements, NoIndex = text alone
	ShapeAdditional = 2 // shape of members that props does not name, NoIndex = text alone
	ShapeProps      = 3 // sorted by the hash of their names
	ShapePrefix     = 5 // shapes of an array's first elements
	ShapeSeparator  = 7 // byte between the elements of an array inside another, 0 = none
)

// Flags of a shape (bits 16.. of ShapeTypes, shifted down).
const (
	// ShapeFlagOpen marks an object that says that it has members of any name.
	ShapeFlagOpen   = 1 << 0
	ShapeFlagBinary = 1 << 1 // strings are bytes, and need not be UTF-8
	shapeFlagsAll   = 1<<2 - 1
)

// Words of a member of a shape.
//
//	name(2) hash shape
const (
	PropName  = 0
	PropHash  = 2
	PropShape = 3
)

// Words of a field of a form: what an Encoding Object says of it.
//
//	name(2) hash style|flags<<8 contentTypes(2: names) headers(2: params)
const (
	FieldName    = 0
	FieldHash    = 2
	FieldHow     = 3 // style 0: by the content type
	FieldTypes   = 4
	FieldHeaders = 6
)

// Flags of a field (bits 8.. of FieldHow, shifted down).
const (
	FieldFlagExplode = 1 << 0
	fieldFlagsAll    = 1<<1 - 1
)

// Words of a media type.
//
//	type(2) suffix(2) kind|match<<8|action<<16|flags<<24 entry shape fields(2)
//	bloom(2: u64) zero
//
// bloom has bit json.HashName(name)&63 for each member of the shape that may be
// something else than a string, and all bits where members of any name may.
//
// match: MediaExact compares the whole type; MediaSuffix the main type "x/"
// and the structured suffix "+json"; MediaType the main type; MediaAny all.
const (
	MediaType   = 0
	MediaSuffix = 2
	MediaHow    = 4
	MediaEntry  = 5
	MediaShape  = 6
	MediaFields = 7
	MediaBloom  = 9
)

// Flags of a media type (bits 24.. of MediaHow, shifted down).
const (
	// MediaFlagSequence marks a sequence that is judged as one array.
	MediaFlagSequence = 1 << 0
	// MediaFlagRecords marks a sequence with record separators (RFC 7464).
	MediaFlagRecords = 1 << 1
	mediaFlagsAll    = 1<<2 - 1
)

// How a media range matches.
const (
	MatchExact    = 1
	MatchSuffix   = 2
	MatchMainType = 3
	MatchAny      = 4
	matchEnd      = 5
)

// Words of a security requirement and of a use in it.
//
//	uses(2)
//	scheme scopes(2: names)
const (
	RequirementUses = 0
	UseScheme       = 0
	UseScopes       = 1
)

// Words of a security scheme.
//
//	name(2) kind|in<<8|flags<<16 param(2) list(2: indexes) zero
//
// list is providers for a scheme of kind SchemeBearer, consumers for the others.
const (
	SchemeName      = 0
	SchemeHow       = 2
	SchemeParam     = 3
	SchemeProviders = 5
	SchemeConsumers = SchemeProviders
)

// Words of an identity provider.
//
//	name(2) issuer(2) audiences(2: names) keys(2) skew maxAge claims(2: names)
//	types(2: names) scopeClaim(2) remote(8: remote.go) binding(6: binding.go) discovery introspection
const (
	ProviderName       = 0
	ProviderIssuer     = 2
	ProviderAudiences  = 4
	ProviderKeys       = 6
	ProviderSkew       = 8
	ProviderMaxAge     = 9
	ProviderClaims     = 10
	ProviderTypes      = 12
	ProviderScopeClaim = 14
)

// Words of a key.
//
//	id(2) alg spki(2) secret zero(2)
const (
	KeyID     = 0
	KeyAlg    = 2
	KeySPKI   = 3
	KeySecret = 5
)

// Words of a secret and of a name: one string.
const (
	SecretName = 0
	NameText   = 0
)

// Words of the meta record.
//
//	unknown zero(3)
//
// unknown: what happens to requests that no operation matches.
const MetaUnknown = 0

// Checksum is the table's error-detecting code: every change of a single
// 8-byte word changes it, because each step is a bijection of the state. It
// protects against accidents; who may change a table may change its checksum.
func Checksum(b []byte) uint64 {
	h := uint64(len(b)) ^ 0x9e3779b97f4a7c15
	for len(b) >= 8 {
		w := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
			uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
		h = (h ^ w) * 0xff51afd7ed558ccd
		h ^= h >> 29
		b = b[8:]
	}
	for _, c := range b {
		h = (h ^ uint64(c)) * 0xff51afd7ed558ccd
		h ^= h >> 29
	}
	return h
}
