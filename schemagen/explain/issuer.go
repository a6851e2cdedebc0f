package explain

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"portcullis/filter/table"
)

// Issuer is a provider: whose tokens count, and which of them.
type Issuer struct {
	Name, Issuer string
	Audiences    []string // none: tokens for anybody
	Claims       []string // that must be there
	Skew, MaxAge uint32   // seconds; a MaxAge of 0 is none
	Keys         []string // those in the table: "KID ALG FINGERPRINT"
	// Says is the rest, in words by what it is about: "types", "scopes", "keys" and
	// "fetches" of fetched ones, "bindings", "proofs". Each changes with what it says.
	Says map[string]string
}

// issuers are the providers, in the table's order.
func (r *reader) issuers() (out []*Issuer) {
	for i := range r.t.NumProviders() {
		p := r.t.Provider(i)
		v := &Issuer{Name: string(p.Name), Issuer: string(p.Issuer), Audiences: list(p.Audiences), Claims: list(p.Claims), Skew: p.SkewSeconds, MaxAge: p.MaxAgeSeconds, Says: map[string]string{}}
		for k := p.Keys.Start; k < p.Keys.End(); k++ {
			key := r.t.Key(k)
			what := fmt.Sprintf("%.8x", sha256.Sum256(key.SPKI))
			if key.Secret != table.NoIndex {
				what = "secret " + string(r.t.Secret(key.Secret))
			}
			v.Keys = append(v.Keys, fmt.Sprintf("%q %s %s", key.ID, name(algorithms, key.Alg), what))
		}
		slices.Sort(v.Keys)
		v.Says["types"] = strings.Join(list(p.Types), " or ")
		v.Says["scopes"] = string(p.ScopeClaim)
		if f, ok := r.t.Remote(i); ok {
			v.Says["keys"] = fmt.Sprintf("fetched from %s by the cluster %s", from(&f), f.Cluster)
			if len(f.KeysCluster) != 0 {
				v.Says["keys"] += " and " + string(f.KeysCluster)
			}
			v.Says["algorithms of keys"] = algorithmsOf(f.Algorithms)
			v.Says["fetches"] = fmt.Sprintf("every %ds and %ds apart, in %dms; keys count for %ds", f.RefreshSeconds, f.CooldownSeconds, f.TimeoutMs, f.MaxStaleSeconds)
		}
		b := r.t.Binding(i)
		v.Says["bindings"] = boundTo[b.Bound]
		if b.Proofs() {
			v.Says["proofs"] = fmt.Sprintf("for %s, %s, %ds old and %ds ahead at most, %d remembered", strings.Join(list(b.Origins), " or "), algorithmsOf(b.Algorithms), b.AgeSeconds, b.FutureSeconds, b.Replays*table.ReplaySlots)
			if b.Nonce {
				v.Says["proofs"] += ", with a nonce"
			}
		}
		for about, text := range v.Says {
			if text == "" {
				delete(v.Says, about)
			}
		}
		out = append(out, v)
	}
	return out
}

// from is where keys are fetched from.
func from(r *table.Remote) string {
	if len(r.KeysOrigin) != 0 {
		return string(r.KeysOrigin) + " as " + string(r.URI) + " says"
	}
	return string(r.URI)
}

var algorithms = []string{"", "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// algorithmsOf names the algorithms of a set of bits.
func algorithmsOf(set uint32) string {
	var out []string
	for a := range algorithms {
		if set>>a&1 != 0 {
			out = append(out, algorithms[a])
		}
	}
	return strings.Join(out, " ")
}

// denied is the digests of tokens that count no more.
func (r *reader) denied() (out []string) {
	for i := range r.t.NumDenied() {
		out = append(out, fmt.Sprintf("%x", r.t.DeniedAt(i)))
	}
	return out
}
