// Package format checks the `format` of JSON Schema drafts 4 to 2020-12 and of
// OpenAPI's format registry against strings and numbers, one file a format.
//
// Checkers read the raw, unescaped UTF-8 of a string (or the text of a number)
// and say yes or no. They allocate nothing, take time linear in the text and
// keep no state. A format is exactly what its specification's grammar says;
// where a grammar leaves room, the file says which side was taken. The package
// holds no Unicode library: what the IDN formats need stands in compact tables
// made by gen/.
//
// A format applies to some JSON types (Applies) and says nothing of others.
package format

// ID names a format within compiled tables. Numbers are append-only: a new
// format takes the next one, and none is ever reused.
type ID uint8

// The formats. 0 is none, and unknown to every function here.
const (
	DateTime ID = iota + 1
	Date
	Time
	Duration
	Email
	IDNEmail
	Hostname
	IDNHostname
	IPv4
	IPv6
	URI
	URIReference
	IRI
	IRIReference
	UUID
	URITemplate
	JSONPointer
	RelativeJSONPointer
	Regex
	Int8
	Int16
	Int32
	Int64
	UInt8
	UInt16
	UInt32
	UInt64
	Float
	Double
	DoubleInt
	Decimal
	Decimal128
	Byte
	Base64URL
	Binary
	Password
	Char
	CommonMark
	HTML
	ETag
	HTTPDate
	MediaRange
	SFBinary
	SFBoolean
	SFDecimal
	SFInteger
	SFString
	SFToken
	DateTimeLocal
	TimeLocal
	UnixTime
	IPv4CIDR
	IPv6CIDR
	Language

	// Last is the highest ID there is, for verifiers.
	Last = Language
)

// names gives the name of each ID; names[0] is none.
var names = [Last + 1]string{
	"", "date-time", "date", "time", "duration", "email", "idn-email", "hostname", "idn-hostname",
	"ipv4", "ipv6", "uri", "uri-reference", "iri", "iri-reference", "uuid", "uri-template",
	"json-pointer", "relative-json-pointer", "regex", "int8", "int16", "int32", "int64",
	"uint8", "uint16", "uint32", "uint64", "float", "double", "double-int", "decimal", "decimal128",
	"byte", "base64url", "binary", "password", "char", "commonmark", "html", "etag", "http-date",
	"media-range", "sf-binary", "sf-boolean", "sf-decimal", "sf-integer", "sf-string", "sf-token",
	"date-time-local", "time-local", "unixtime", "ipv4-cidr", "ipv6-cidr", "language",
}

// Lookup returns the ID of the format called name, exactly as it is written in
// a schema. It is false for a name that no specification here defines.
func Lookup(name string) (ID, bool) {
	for id := ID(1); id <= Last; id++ {
		if names[id] == name {
			return id, true
		}
	}
	return 0, false
}

// Name returns the name of id, or "" when there is no such format.
func (id ID) Name() string {
	if id > Last {
		return ""
	}
	return names[id]
}

// TypeMask is a set of the JSON types that a format can speak about.
type TypeMask uint8

const (
	// TypeString is set when CheckString can refuse.
	TypeString TypeMask = 1 << iota
	// TypeNumber is set when CheckNumber can refuse; integers are numbers.
	TypeNumber
)

// Applies returns the JSON types whose values format id can refuse. It is 0
// for the formats that only describe: binary, password, commonmark, html.
func Applies(id ID) TypeMask {
	switch id {
	case Int8, Int16, Int32, UInt8, UInt16, UInt32, Float, Double, DoubleInt, SFInteger, SFDecimal:
		return TypeNumber
	case Int64, UInt64, Decimal128, UnixTime:
		return TypeString | TypeNumber
	case 0, Binary, Password, CommonMark, HTML:
		return 0
	}
	if id > Last {
		return 0
	}
	return TypeString
}

// CheckString reports whether s, the unescaped UTF-8 of a JSON string, is in
// format id. It is true for formats that say nothing of strings.
//
// It is long because it is a table.
func CheckString(id ID, s []byte) bool {
	switch id {
	case DateTime:
		return isDateTime(s)
	case Date:
		return isDate(s)
	case Time:
		return isTime(s)
	case Duration:
		return isDuration(s)
	case Email:
		return isEmail(s, false)
	case IDNEmail:
		return isEmail(s, true)
	case Hostname:
		return isHostname(s)
	case IDNHostname:
		return isIDNHostname(s)
	case IPv4:
		return isIPv4(s)
	case IPv6:
		return isIPv6(s)
	case URI:
		return isURI(s, false, false)
	case URIReference:
		return isURI(s, true, false)
	case IRI:
		return isURI(s, false, true)
	case IRIReference:
		return isURI(s, true, true)
	case UUID:
		return isUUID(s)
	case URITemplate:
		return isURITemplate(s)
	case JSONPointer:
		return isJSONPointer(s)
	case RelativeJSONPointer:
		return isRelativeJSONPointer(s)
	case Regex:
		return isRegex(s)
	case Int64, UInt64, UnixTime:
		return isIntegerText(s) && CheckNumber(id, s)
	case Decimal:
		return isNumberText(s)
	case Decimal128:
		return isDecimal128Text(s)
	case Byte:
		return isBase64(s)
	case Base64URL:
		return isBase64URL(s)
	case Char:
		return isChar(s)
	case ETag:
		return isETag(s)
	case HTTPDate:
		return isHTTPDate(s)
	case MediaRange:
		return isMediaRange(s)
	case SFBinary:
		return isSFBinary(s)
	case SFBoolean:
		return isSFBoolean(s)
	case SFString:
		return isSFString(s)
	case SFToken:
		return isSFToken(s)
	case DateTimeLocal:
		return isDateTimeLocal(s)
	case TimeLocal:
		return isTimeLocal(s)
	case IPv4CIDR:
		return isIPv4CIDR(s)
	case IPv6CIDR:
		return isIPv6CIDR(s)
	case Language:
		return isLanguage(s)
	}
	return true
}

// CheckNumber reports whether text, a JSON number as RFC 8259 section 6 spells
// it, is in format id. It is true for formats that say nothing of numbers.
// Values count, not spellings: 1e2 and 100.0 are in int8.
func CheckNumber(id ID, text []byte) bool {
	switch id {
	case Int8:
		return isInteger(text, 1<<7, 1<<7-1)
	case Int16:
		return isInteger(text, 1<<15, 1<<15-1)
	case Int32:
		return isInteger(text, 1<<31, 1<<31-1)
	case Int64:
		return isInteger(text, 1<<63, 1<<63-1)
	case UInt8:
		return isInteger(text, 0, 1<<8-1)
	case UInt16:
		return isInteger(text, 0, 1<<16-1)
	case UInt32:
		return isInteger(text, 0, 1<<32-1)
	case UInt64:
		return isInteger(text, 0, 1<<64-1)
	case DoubleInt:
		return isInteger(text, 1<<53-1, 1<<53-1)
	case SFInteger:
		return isInteger(text, 1e15-1, 1e15-1)
	case UnixTime:
		return isUnixTime(text)
	case SFDecimal:
		return isSFDecimal(text)
	case Float:
		return isFloat(text)
	case Double:
		return isDouble(text)
	case Decimal128:
		return isDecimal128(text)
	}
	return true
}
