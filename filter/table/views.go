package table

// Views read one record each. They are small values made on the stack; the
// index given to a constructor must come from this table (a trie walk, a range
// of another view), as every index in a verified table is in bounds.

// Range is a run of records of one section.
type Range struct{ Start, Count uint32 }

// End is the index after the last record.
func (r Range) End() uint32 { return r.Start + r.Count }

func rangeAt(w []uint32, at uint32) Range { return Range{w[at], w[at+1]} }

// Names is a list of strings.
type Names struct {
	t *Table
	r Range
}

// Len is the number of strings.
func (n Names) Len() uint32 { return n.r.Count }

// At is the i-th string, i < Len.
func (n Names) At(i uint32) []byte {
	return n.t.str(n.t.names[(n.r.Start+i)*wordsName:], NameText)
}

// PlaceAt is where the i-th string stands in the pool of strings.
func (n Names) PlaceAt(i uint32) (off, size uint32) {
	w := n.t.names[(n.r.Start+i)*wordsName:]
	return w[NameText], w[NameText+1]
}

// Unknown is what happens to requests that no operation matches (ActionDeny..).
func (t *Table) Unknown() uint8 {
	if len(t.meta) < wordsMeta {
		return ActionDeny
	}
	return uint8(t.meta[MetaUnknown])
}

// API is one description.
type API struct {
	t *Table
	w *[wordsAPI]uint32
}

// NumAPIs is the number of APIs.
func (t *Table) NumAPIs() uint32 { return uint32(len(t.apis)) / wordsAPI }

// API is the i-th API.
func (t *Table) API(i uint32) API { return API{t, (*[wordsAPI]uint32)(t.apis[i*wordsAPI:])} }

// Name is the API's name in the policy or its file's.
func (a API) Name() []byte { return a.t.str(a.w[:], APIName) }

// Title is info.title.
func (a API) Title() []byte { return a.t.str(a.w[:], APITitle) }

// Mode is ModeEnforce, ModeMonitor or ModeOff.
func (a API) Mode() uint8 { return uint8(a.w[APIMode]) }

// Ops is the API's operations.
func (a API) Ops() Range { return rangeAt(a.w[:], APIOps) }

// Host is one place where paths are looked up.
type Host struct {
	t *Table
	w *[wordsHost]uint32
}

// NumHosts is the number of host records.
func (t *Table) NumHosts() uint32 { return uint32(len(t.hosts)) / wordsHost }

// Host is the i-th host record.
func (t *Table) Host(i uint32) Host { return Host{t, (*[wordsHost]uint32)(t.hosts[i*wordsHost:])} }

// Name is the host, the suffix of a wildcard (".example.com"), or nothing.
func (h Host) Name() []byte { return h.t.str(h.w[:], HostName) }

// Kind is HostExact, HostWildcard or HostAny.
func (h Host) Kind() uint32 { return h.w[HostKind] }

// Port is the port asked for, 0 for any.
func (h Host) Port() uint32 { return h.w[HostPort] }

// Root is the trie's first node.
func (h Host) Root() uint32 { return h.w[HostRoot] }

// Node is a trie node.
type Node struct{ w *[wordsNode]uint32 }

// NumNodes is the number of trie nodes.
func (t *Table) NumNodes() uint32 { return uint32(len(t.nodes)) / wordsNode }

// Node is the i-th trie node.
func (t *Table) Node(i uint32) Node { return Node{(*[wordsNode]uint32)(t.nodes[i*wordsNode:])} }

// Literals is the node's literal edges, sorted by hash.
func (n Node) Literals() Range { return Range{n.w[NodeLiterals], n.w[NodeLiterals+1]} }

// Templates is the node's template edges, preferred first.
func (n Node) Templates() Range { return Range{n.w[NodeTemplates], n.w[NodeTemplates+1]} }

// Methods is the methods of the path that ends here.
func (n Node) Methods() Range { return Range{n.w[NodeMethods], n.w[NodeMethods+1]} }

// Literal is an edge for one segment text: its text, hash and child.
func (t *Table) Literal(i uint32) (text []byte, hash, child uint32) {
	w := (*[wordsLiteral]uint32)(t.literals[i*wordsLiteral:])
	return t.String(w[0], w[1]), w[LiteralHash], w[LiteralChild]
}

// LiteralHashAt is the hash of the i-th literal edge, for binary search.
func (t *Table) LiteralHashAt(i uint32) uint32 { return t.literals[i*wordsLiteral+LiteralHash] }

// Template is an edge for a segment with expressions: its parts and child.
func (t *Table) Template(i uint32) (parts Range, child uint32) {
	w := (*[wordsTemplate]uint32)(t.templates[i*wordsTemplate:])
	return Range{w[0], w[1]}, w[TemplateChild]
}

// Part is a literal run, or an expression with the parameter's name.
func (t *Table) Part(i uint32) (text []byte, expr bool) {
	w := (*[wordsPart]uint32)(t.parts[i*wordsPart:])
	return t.String(w[0], w[1]), w[PartKind] == PartExpr
}

// Method is a method of a path: its name and operation.
func (t *Table) Method(i uint32) (name []byte, op uint32) {
	w := (*[wordsMethod]uint32)(t.methods[i*wordsMethod:])
	return t.String(w[0], w[1]), w[MethodOp]
}

// Op is an operation.
type Op struct {
	t *Table
	w *[wordsOp]uint32
}

// NumOps is the number of operations.
func (t *Table) NumOps() uint32 { return uint32(len(t.ops)) / wordsOp }

// Op is the i-th operation.
func (t *Table) Op(i uint32) Op { return Op{t, (*[wordsOp]uint32)(t.ops[i*wordsOp:])} }

// ID is the operationId, or nothing.
func (o Op) ID() []byte { return o.t.str(o.w[:], OpID) }

// Method is the method, upper case.
func (o Op) Method() []byte { return o.t.str(o.w[:], OpMethod) }

// Path is the path template as the description writes it.
func (o Op) Path() []byte { return o.t.str(o.w[:], OpPath) }

// API is the index of the operation's API.
func (o Op) API() uint32 { return o.w[OpAPI] }

// Mode is ModeEnforce, ModeMonitor or ModeOff.
func (o Op) Mode() uint8 { return uint8(o.w[OpModes]) }

// Inspect is how deep requests are looked at (InspectHeaders..InspectDeep).
func (o Op) Inspect() uint8 { return uint8(o.w[OpModes] >> 8) }

// UnknownQuery is what happens to undeclared query parameters (ActionDeny..).
func (o Op) UnknownQuery() uint8 { return uint8(o.w[OpModes] >> 16) }

// Flags is the OpFlag bits.
func (o Op) Flags() uint32 { return o.w[OpFlags] }

// Params is the parameters.
func (o Op) Params() Range { return rangeAt(o.w[:], OpParams) }

// Media is the media types of the body.
func (o Op) Media() Range { return rangeAt(o.w[:], OpMedia) }

// Requirements is the alternatives of `security`; none means public.
func (o Op) Requirements() Range { return rangeAt(o.w[:], OpRequirements) }

// NumLimits is the number of limits on the operation.
func (o Op) NumLimits() uint32 { return o.w[OpLimits+1] }

// LimitAt is the index of the i-th limit on the operation, i < NumLimits.
func (o Op) LimitAt(i uint32) uint32 { return o.t.indexes[o.w[OpLimits]+i] }

// Captures is the number of template expressions on the path.
func (o Op) Captures() uint32 { return o.w[OpCaptures] }

// MaxBody is the limit of the body in bytes, 0 for the plugin's.
func (o Op) MaxBody() uint32 { return o.w[OpMaxBody] }

// MaxDepth is the limit of nesting, 0 for the plugin's.
func (o Op) MaxDepth() uint32 { return o.w[OpMaxDepth] }

// MaxString bounds the strings of a JSON body, MaxItems its arrays and objects,
// MaxName its names; 0: not at all.
func (o Op) MaxString() uint32 { return o.w[OpMaxString] }

// MaxItems is described at MaxString.
func (o Op) MaxItems() uint32 { return o.w[OpMaxItems] }

// MaxName is described at MaxString.
func (o Op) MaxName() uint32 { return o.w[OpMaxName] }

// Param is a parameter.
type Param struct {
	t *Table
	w *[wordsParam]uint32
}

// Param is the i-th parameter.
func (t *Table) Param(i uint32) Param {
	return Param{t, (*[wordsParam]uint32)(t.params[i*wordsParam:])}
}

// Name is the parameter's name; header names are lower case.
func (p Param) Name() []byte { return p.t.str(p.w[:], ParamName) }

// Hash is HashSegment of the name.
func (p Param) Hash() uint32 { return p.w[ParamHash] }

// In is where it stands (InPath..InQuerystring).
func (p Param) In() uint8 { return uint8(p.w[ParamHow]) }

// Style is how it is serialised (StyleSimple..).
func (p Param) Style() uint8 { return uint8(p.w[ParamHow] >> 8) }

// Flags is the ParamFlag bits.
func (p Param) Flags() uint32 { return p.w[ParamHow] >> 16 }

// Shape is what its text may become, NoIndex when it stays a string.
func (p Param) Shape() uint32 { return p.w[ParamShape] }

// Entry is the schema entry, NoIndex when anything goes.
func (p Param) Entry() uint32 { return p.w[ParamEntry] }

// Capture is the path expression it takes, NoIndex for other places.
func (p Param) Capture() uint32 { return p.w[ParamCapture] }

// Shape is what a text may become.
type Shape struct {
	t *Table
	w *[wordsShape]uint32
}

// Shape is the i-th shape.
func (t *Table) Shape(i uint32) Shape {
	return Shape{t, (*[wordsShape]uint32)(t.shapes[i*wordsShape:])}
}

// Types is the JSON types (TypeNull.. bits); 0 is a string.
func (s Shape) Types() uint16 { return uint16(s.w[ShapeTypes]) }

// Flags is the ShapeFlag bits.
func (s Shape) Flags() uint32 { return s.w[ShapeTypes] >> 16 }

// Item is the shape of the i-th element of an array, NoIndex for a string.
func (s Shape) Item(i uint32) uint32 {
	if i < s.w[ShapePrefix+1] {
		return s.t.indexes[s.w[ShapePrefix]+i]
	}
	return s.w[ShapeItems]
}

// Member is the shape of an object's member with that name, whose hash is
// hash; named reports whether the shape names it.
func (s Shape) Member(name []byte, hash uint32) (shape uint32, named bool) {
	lo, hi := s.w[ShapeProps], s.w[ShapeProps]+s.w[ShapeProps+1]
	for lo < hi {
		mid := (lo + hi) / 2
		if s.t.props[mid*wordsProp+PropHash] < hash {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	for end := s.w[ShapeProps] + s.w[ShapeProps+1]; lo < end; lo++ {
		w := (*[wordsProp]uint32)(s.t.props[lo*wordsProp:])
		if w[PropHash] != hash {
			break
		}
		if string(s.t.str(w[:], PropName)) == string(name) {
			return w[PropShape], true
		}
	}
	return s.w[ShapeAdditional], false
}

// MemberWithBrackets reports a member whose name is name and "[]"; hash is that of
// name.
func (s Shape) MemberWithBrackets(hash uint32, name []byte) bool {
	const prime = 16777619 // as HashSegment
	hash = ((hash^'[')*prime ^ ']') * prime
	lo, hi := s.w[ShapeProps], s.w[ShapeProps]+s.w[ShapeProps+1]
	for lo < hi {
		mid := (lo + hi) / 2
		if s.t.props[mid*wordsProp+PropHash] < hash {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	n := len(name)
	for end := s.w[ShapeProps] + s.w[ShapeProps+1]; lo < end; lo++ {
		w := (*[wordsProp]uint32)(s.t.props[lo*wordsProp:])
		if w[PropHash] != hash {
			break
		}
		if m := s.t.str(w[:], PropName); len(m) == n+2 && m[n] == '[' && m[n+1] == ']' && string(m[:n]) == string(name) {
			return true
		}
	}
	return false
}

// Separator divides the elements of an array inside another, 0 where it has one.
func (s Shape) Separator() byte { return byte(s.w[ShapeSeparator]) }

// Props is the named members.
func (s Shape) Props() Range { return rangeAt(s.w[:], ShapeProps) }

// Prop is a named member of a shape.
func (t *Table) Prop(i uint32) (name []byte, shape uint32) {
	w := (*[wordsProp]uint32)(t.props[i*wordsProp:])
	return t.String(w[0], w[1]), w[PropShape]
}

// Field is what is said of one field of a form.
type Field struct {
	t *Table
	w *[wordsField]uint32
}

// Field is the i-th field.
func (t *Table) Field(i uint32) Field {
	return Field{t, (*[wordsField]uint32)(t.fields[i*wordsField:])}
}

// Name is the field's name.
func (f Field) Name() []byte { return f.t.str(f.w[:], FieldName) }

// Hash is HashSegment of the name.
func (f Field) Hash() uint32 { return f.w[FieldHash] }

// Style is how its value is serialised, 0 when its content type says.
func (f Field) Style() uint8 { return uint8(f.w[FieldHow]) }

// Explode says that every element and member stands under a name of its own.
func (f Field) Explode() bool { return f.w[FieldHow]>>8&FieldFlagExplode != 0 }

// ContentTypes is the media ranges that its value may have; none: any.
func (f Field) ContentTypes() Names { return Names{f.t, rangeAt(f.w[:], FieldTypes)} }

// Headers is the header fields of its part.
func (f Field) Headers() Range { return rangeAt(f.w[:], FieldHeaders) }

// Media is a media type of a body.
type Media struct {
	t *Table
	w *[wordsMedia]uint32
}

// NumMedia is the number of media types of all bodies.
func (t *Table) NumMedia() uint32 { return uint32(len(t.media)) / wordsMedia }

// Media is the i-th media type.
func (t *Table) Media(i uint32) Media { return Media{t, (*[wordsMedia]uint32)(t.media[i*wordsMedia:])} }

// Type is the media type, or main type with its slash, lower case.
func (m Media) Type() []byte { return m.t.str(m.w[:], MediaType) }

// Suffix is the structured suffix ("+json") of a MatchSuffix range.
func (m Media) Suffix() []byte { return m.t.str(m.w[:], MediaSuffix) }

// Kind is how the body is read (BodyJSON..).
func (m Media) Kind() uint8 { return uint8(m.w[MediaHow]) }

// Match is how the range matches (MatchExact..).
func (m Media) Match() uint8 { return uint8(m.w[MediaHow] >> 8) }

// Action is what happens to a body of kind BodyOpaque.
func (m Media) Action() uint8 { return uint8(m.w[MediaHow] >> 16) }

// Flags is the MediaFlag bits.
func (m Media) Flags() uint32 { return m.w[MediaHow] >> 24 }

// Shape is what the texts in it may become, NoIndex for strings alone.
func (m Media) Shape() uint32 { return m.w[MediaShape] }

// Bloom has a bit for each member of Shape that may be no string.
func (m Media) Bloom() uint64 { return uint64(m.w[MediaBloom]) | uint64(m.w[MediaBloom+1])<<32 }

// Fields is what is said of single fields.
func (m Media) Fields() Range { return rangeAt(m.w[:], MediaFields) }

// Entry is the schema entry, NoIndex when anything goes.
func (m Media) Entry() uint32 { return m.w[MediaEntry] }

// Requirement is the uses of one security alternative; none is anonymous.
func (t *Table) Requirement(i uint32) Range {
	return rangeAt(t.requirements[i*wordsRequirement:], RequirementUses)
}

// Use is a scheme with the scopes asked of it.
func (t *Table) Use(i uint32) (scheme uint32, scopes Names) {
	w := (*[wordsUse]uint32)(t.uses[i*wordsUse:])
	return w[UseScheme], Names{t, Range{w[UseScopes], w[UseScopes+1]}}
}

// Scheme is a security scheme.
type Scheme struct {
	t *Table
	w *[wordsScheme]uint32
}

// NumSchemes is the number of security schemes.
func (t *Table) NumSchemes() uint32 { return uint32(len(t.schemes)) / wordsScheme }

// Scheme is the i-th security scheme.
func (t *Table) Scheme(i uint32) Scheme {
	return Scheme{t, (*[wordsScheme]uint32)(t.schemes[i*wordsScheme:])}
}

// Name is the scheme's name in the description.
func (s Scheme) Name() []byte { return s.t.str(s.w[:], SchemeName) }

// Kind is SchemeBearer, SchemeBasic, SchemeAPIKey or SchemeMutualTLS.
func (s Scheme) Kind() uint8 { return uint8(s.w[SchemeHow]) }

// In is where an API key stands; 0 for other kinds.
func (s Scheme) In() uint8 { return uint8(s.w[SchemeHow] >> 8) }

// ParamName is the header, query parameter or cookie of an API key.
func (s Scheme) ParamName() []byte { return s.t.str(s.w[:], SchemeParam) }

// NumProviders is the number of providers whose tokens are accepted.
func (s Scheme) NumProviders() uint32 {
	if s.Kind() != SchemeBearer {
		return 0
	}
	return s.w[SchemeProviders+1]
}

// Providers is where the list of them lies: two schemes with one range have one list.
func (s Scheme) Providers() Range { return rangeAt(s.w[:], SchemeProviders) }

// ProviderAt is the index of the i-th of them.
func (s Scheme) ProviderAt(i uint32) uint32 { return s.t.indexes[s.w[SchemeProviders]+i] }

// Provider is an identity provider.
type Provider struct {
	Name, Issuer  []byte
	Audiences     Names // any of them; empty: not checked
	Claims        Names // must be there
	Types         Names // accepted `typ`; empty: the defaults
	Keys          Range
	SkewSeconds   uint32
	MaxAgeSeconds uint32 // 0: none
	ScopeClaim    []byte // nothing: scope, then scp
}

// NumProviders is the number of identity providers.
func (t *Table) NumProviders() uint32 { return uint32(len(t.providers)) / wordsProvider }

// Provider is the i-th identity provider.
func (t *Table) Provider(i uint32) Provider {
	w := (*[wordsProvider]uint32)(t.providers[i*wordsProvider:])
	return Provider{
		Name: t.str(w[:], ProviderName), Issuer: t.str(w[:], ProviderIssuer),
		Audiences: Names{t, rangeAt(w[:], ProviderAudiences)},
		Claims:    Names{t, rangeAt(w[:], ProviderClaims)},
		Types:     Names{t, rangeAt(w[:], ProviderTypes)},
		Keys:      rangeAt(w[:], ProviderKeys), SkewSeconds: w[ProviderSkew], MaxAgeSeconds: w[ProviderMaxAge],
		ScopeClaim: t.str(w[:], ProviderScopeClaim),
	}
}

// Key is a verification key; it pins its algorithm.
type Key struct {
	ID     []byte // kid; nothing: for tokens without one
	Alg    uint8  // AlgHS256..
	SPKI   []byte // DER SubjectPublicKeyInfo; nothing for HS
	Secret uint32 // index of the secret for HS, else NoIndex
}

// Key is the i-th key.
func (t *Table) Key(i uint32) Key {
	w := (*[wordsKey]uint32)(t.keys[i*wordsKey:])
	return Key{ID: t.str(w[:], KeyID), Alg: uint8(w[KeyAlg]), SPKI: t.str(w[:], KeySPKI), Secret: w[KeySecret]}
}

// NumSecrets is the number of secrets that the table names.
func (t *Table) NumSecrets() uint32 { return uint32(len(t.secrets)) / wordsSecret }

// Secret is the name of the i-th secret.
func (t *Table) Secret(i uint32) []byte { return t.str(t.secrets[i*wordsSecret:], SecretName) }
