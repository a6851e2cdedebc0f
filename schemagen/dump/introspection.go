package dump

// askedTokens is by the bits table.TokensOpaque and TokensJWT.
var askedTokens = []string{"", "opaque tokens", "JWTs", "all tokens"}

// introspection prints how tokens of the i-th provider are asked about.
func (d *dumper) introspection(i uint32) {
	in, ok := d.t.Introspection(i)
	if !ok {
		return
	}
	d.printf("  %s asked about at %s by cluster %s, client %q with secret %s", name(askedTokens, in.Tokens), in.URI, in.Cluster, in.Client, d.t.Secret(in.Secret))
	text := ""
	for bit, claim := range []string{"iss", "aud", "exp"} {
		if in.MayLack>>bit&1 != 0 {
			text += " " + claim
		}
	}
	if text != "" {
		text = ", answers may lack" + text
	}
	d.printf("    timeout %dms cache %ds negative %ds, %d calls at a time, %d a second%s", in.TimeoutMs, in.CacheSeconds, in.NegativeSeconds, in.MaxCalls, in.Rate, text)
}
