package explain

import "portcullis/filter/table"

// Caller is a consumer: who calls with keys or certificates.
type Caller struct {
	Name       string
	Plan       string
	Scopes     []string
	Attributes map[string]string
	Known      []Known
}

// Known is what a caller is known by.
type Known struct {
	Text    string // "key ID", "dns NAME"
	Digest  string // of a key; it is compared, not shown
	Expires uint64 // Unix seconds, 0: never
}

// callers are the consumers with a name, in its order.
func (r *reader) callers() (out []*Caller) {
	by := map[uint32]*Caller{}
	for i := range r.t.NumConsumers() {
		c := r.t.Consumer(i)
		if len(c.Name()) == 0 {
			continue
		}
		v := &Caller{Name: string(c.Name()), Plan: string(c.Plan()), Attributes: map[string]string{}}
		for j := range c.Scopes().Len() {
			v.Scopes = append(v.Scopes, string(c.Scopes().At(j)))
		}
		for j := range c.NumAttributes() {
			n, text := c.AttributeAt(j)
			v.Attributes[string(n)] = string(text)
		}
		by[i] = v
		out = append(out, v)
	}
	for i := range r.t.NumCredentials() {
		k := r.t.Credential(i)
		if v := by[k.Consumer]; v != nil {
			digest := string(k.Digest)
			if k.Secret != table.NoIndex {
				digest += " " + string(r.t.Secret(k.Secret))
			}
			v.Known = append(v.Known, Known{name(ruleKinds, k.Kind) + " " + string(k.ID), digest, k.Expires})
		}
	}
	return out
}
