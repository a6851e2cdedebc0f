package engine

import (
	"portcullis/filter/table"
	"portcullis/filter/token"
	"portcullis/filter/verdict"
)

// identify asks the operation's security: any of its requirements, each with
// all of its schemes (OpenAPI 3.1.1 section 4.8.30). A requirement without
// schemes takes anybody, but not somebody who shows a bad credential: that one
// is refused with what is wrong with it.
//
// When no requirement is met the answer is about the one that came furthest:
// a token that is there and wrong says more than one that is not.
func (e *Engine) identify(r *Request, op table.Op, d *Decision) verdict.Code {
	e.authorized = false
	reqs := op.Requirements()
	if reqs.Count == 0 {
		return verdict.Allow
	}
	anonymous := false
	worst := verdict.Code(0)
	for i := reqs.Start; i < reqs.End(); i++ {
		uses := e.t.Requirement(i)
		if uses.Count == 0 {
			anonymous = true
			continue
		}
		code := e.requirement(r, uses, d)
		if code == verdict.Allow {
			return verdict.Allow
		}
		if worst == 0 || missing(worst) {
			worst = code
		}
	}
	if anonymous && (worst == 0 || missing(worst)) {
		return verdict.Allow
	}
	d.Part = verdict.PartSecurity
	return worst
}

func missing(c verdict.Code) bool {
	return c == verdict.TokenMissing || c == verdict.CredentialMissing
}

// requirement asks every scheme of one alternative.
func (e *Engine) requirement(r *Request, uses table.Range, d *Decision) verdict.Code {
	for i := uses.Start; i < uses.End(); i++ {
		index, scopes := e.t.Use(i)
		s := e.t.Scheme(index)
		if s.Kind() != table.SchemeBearer {
			return verdict.CredentialUnsupported
		}
		bearer, present := token.Bearer(r.fields.authorization)
		if !present {
			return verdict.TokenMissing
		}
		if code := e.tokens.Check(e.t, s, bearer, r.NowNanos); code != verdict.Allow {
			return code
		}
		for j := uint32(0); j < scopes.Len(); j++ {
			if !e.tokens.HasScope(scopes.At(j)) {
				return verdict.AuthorizeScope
			}
		}
		e.authorized, d.Provider = true, e.tokens.Provider()
	}
	return verdict.Allow
}

// identity appends whom a limit by subject counts: nothing for a caller
// without a token.
func (e *Engine) identity(dst []byte) []byte {
	if !e.authorized {
		return dst
	}
	return e.tokens.AppendIdentity(dst)
}
