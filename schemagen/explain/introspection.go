package explain

// askedTokens is by the bits table.TokensOpaque and TokensJWT.
var askedTokens = []string{"", "opaque tokens", "JWTs", "tokens"}

// asked is which tokens of the i-th provider a server is asked about; nothing where none.
func (r *reader) asked(i uint32) []string {
	in, ok := r.t.Introspection(i)
	if !ok {
		return nil
	}
	return []string{string(r.t.Provider(i).Name) + "'s " + name(askedTokens, in.Tokens) + " asked about at " + string(in.URI)}
}
