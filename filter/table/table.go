package table

import "unsafe"

// MaxCaptures bounds the template expressions on one path.
const MaxCaptures = 32

// Table is a verified table. Slices that its views return point into it and
// live as long as it does; they must not be written.
type Table struct {
	raw    []byte
	strs   []byte
	Schema SchemaSections

	apis, hosts, nodes, literals, templates, parts, methods, ops, params, props []uint32
	media, requirements, uses, schemes, providers, keys, secrets, limits        []uint32
	indexes, names, meta, shapes, fields, responses, consumers, credentials     []uint32
	exprs, exprNodes                                                            []uint32
	extras, forwards, services, denied                                          []uint32
	inspections, introspections                                                 []uint32
}

func (t *Table) place(s *[secEnd][]uint32) {
	t.apis, t.hosts, t.nodes = s[SecAPIs], s[SecHosts], s[SecNodes]
	t.literals, t.templates, t.parts, t.methods = s[SecLiterals], s[SecTemplates], s[SecParts], s[SecMethods]
	t.ops, t.params, t.props, t.media = s[SecOps], s[SecParams], s[SecProps], s[SecMedia]
	t.requirements, t.uses, t.schemes = s[SecRequirements], s[SecUses], s[SecSchemes]
	t.providers, t.keys, t.secrets, t.limits = s[SecProviders], s[SecKeys], s[SecSecrets], s[SecLimits]
	t.indexes, t.names, t.meta = s[SecIndexes], s[SecNames], s[SecMeta]
	t.shapes, t.fields, t.responses = s[SecShapes], s[SecFields], s[SecResponses]
	t.extras, t.denied = s[SecExtras], s[SecDenied]
	t.inspections = s[SecInspections]
	t.introspections = s[SecIntrospections]
	t.consumers, t.credentials = s[SecConsumers], s[SecCredentials]
	t.exprs, t.exprNodes = s[SecExprs], s[SecExprNodes]
	t.forwards, t.services = s[SecForwards], s[SecServices]
}

// Digest is the SHA-256 over the compiler's inputs.
func (t *Table) Digest() []byte { return t.raw[offDigest:HeaderSize] }

// Size is the table's length in bytes.
func (t *Table) Size() int { return len(t.raw) }

// String returns the pool's bytes at (off, n). Both come from a verified
// table; anything else gives nil.
func (t *Table) String(off, n uint32) []byte {
	if !inRange(off, n, uint32(len(t.strs))) {
		return nil
	}
	return t.strs[off : off+n : off+n]
}

func (t *Table) str(w []uint32, at uint32) []byte { return t.String(w[at], w[at+1]) }

// words views b, whose length is a multiple of four and whose start is aligned,
// as 32-bit words. Wasm and every host this runs on are little-endian.
func words(b []byte) []uint32 {
	if len(b) == 0 {
		return nil
	}
	return unsafe.Slice((*uint32)(unsafe.Pointer(&b[0])), len(b)/4)
}

// aligned returns b, or a copy of it that starts at a multiple of four.
func aligned(b []byte) []byte {
	if uintptr(unsafe.Pointer(&b[0]))%4 == 0 {
		return b
	}
	w := make([]uint32, (len(b)+3)/4)
	c := unsafe.Slice((*byte)(unsafe.Pointer(&w[0])), len(w)*4)[:len(b)]
	copy(c, b)
	return c
}

// HashSegment is the hash by which literal path segments and parameter names
// are found: FNV-1a, 32 bits.
func HashSegment(b []byte) uint32 {
	h := uint32(2166136261)
	for _, c := range b {
		h = (h ^ uint32(c)) * 16777619
	}
	return h
}
