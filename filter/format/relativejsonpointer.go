package format

// isRelativeJSONPointer is relative-json-pointer of
// draft-bhutton-relative-json-pointer-00 section 3, without the index
// manipulation that later drafts add.
func isRelativeJSONPointer(s []byte) bool {
	n := skipDigits(s, 0)
	if n == 0 || s[0] == '0' && n > 1 {
		return false
	}
	rest := s[n:]
	return len(rest) == 1 && rest[0] == '#' || isJSONPointer(rest)
}
