package emit

import (
	"slices"
	"strings"

	"portcullis/filter/table"
	"portcullis/schemagen/ir"
)

// extra writes what few operations have, after the operation itself.
func (w *writer) extra(op *ir.Operation, index uint32) {
	if op.CORS == nil && len(op.ContentEncodings)+len(op.Upgrades) == 0 || op.Deny {
		return
	}
	c := op.CORS
	limit, flags := table.NoIndex, uint32(0)
	if c == nil {
		c = &ir.CORS{}
	}
	if c.Limit != nil {
		limit = w.limit(c.Limit)
	}
	if c.Credentials {
		flags |= table.ExtraFlagCredentials
	}
	w.record(table.SecExtras, []uint32{index, flags}, w.list(c.Origins), w.list(corsHeaders(op, c)), []uint32{c.MaxAgeSeconds, limit},
		w.list(op.ContentEncodings), w.list(op.Upgrades))
}

// list is names for lists that many operations share.
func (w *writer) list(l []string) []uint32 {
	key := strings.Join(l, "\n")
	r, ok := w.lists[key]
	if !ok {
		r = w.names(l)
		w.lists[key] = r
	}
	return r
}

// corsHeaders is the fields that requests of op may have: those that the policy
// names, declared parameters, credentials, and the type of a body.
func corsHeaders(op *ir.Operation, c *ir.CORS) []string {
	if op.CORS == nil {
		return nil
	}
	out := slices.Clone(c.Headers)
	for _, p := range op.Params {
		if p.In == ir.InHeader {
			out = append(out, p.Name)
		}
	}
	for _, r := range op.Security {
		for _, u := range r.Uses {
			switch {
			case u.Scheme.Kind == ir.SchemeBearer || u.Scheme.Kind == ir.SchemeBasic:
				out = append(out, "authorization")
				if slices.ContainsFunc(u.Scheme.Providers, func(p *ir.Provider) bool { return p.Proofs != nil }) {
					out = append(out, "dpop")
				}
			case u.Scheme.Kind == ir.SchemeAPIKey && u.Scheme.In == ir.InHeader:
				out = append(out, u.Scheme.ParamName)
			}
		}
	}
	if op.Body != nil {
		out = append(out, "content-type")
	}
	slices.Sort(out)
	return slices.Compact(out)
}
