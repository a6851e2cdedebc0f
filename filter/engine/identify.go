package engine

import (
	"portcullis/filter/authorize"
	"portcullis/filter/table"
	"portcullis/filter/token"
	"portcullis/filter/verdict"
)

// identify asks the operation's security: any of its requirements, each with
// all of its schemes (OpenAPI 3.1.1 section 4.8.30). A requirement without
// schemes takes anybody, but not somebody who shows a bad credential: that one
// is refused with what is wrong with it.
//
// The same goes for a credential beside those of a requirement that is met: an
// upstream may read the one that nobody looked at. Client certificates are the
// exception, for a connection has one whatever is asked.
//
// When no requirement is met the answer is about the one that came furthest:
// a token that is there and wrong says more than one that is not.
func (e *Engine) identify(r *Request, op table.Op, d *Decision) verdict.Code {
	e.wants, e.asks = table.NoIndex, table.NoIndex
	c := &e.shown
	c.proved = r.Answers.Proved
	reqs := op.Requirements()
	if reqs.Count == 0 {
		return verdict.Allow
	}
	code := e.collect(r, reqs)
	if code == verdict.Allow {
		code = e.anyOf(r, reqs, d)
	}
	if code != verdict.Allow && code != c.badKey {
		if code = e.askServer(r, d, code); e.asks == table.NoIndex {
			code = e.askKeys(r, d, code)
		}
	}
	if code != verdict.Allow {
		c.consumer, c.credential = table.NoIndex, table.NoIndex
		d.Part = verdict.PartSecurity
	} else if e.authorized {
		d.Provider = e.tokens.Provider()
	}
	d.Consumer, d.Proved = c.consumer, c.proved
	return code
}

// anyOf asks the requirements one after the other, those behind one that is met
// too, so that no credential goes unseen.
func (e *Engine) anyOf(r *Request, reqs table.Range, d *Decision) verdict.Code {
	c := &e.shown
	anonymous, met := false, false
	worst := verdict.Code(0)
	for i := reqs.Start; i < reqs.End(); i++ {
		uses := e.t.Requirement(i)
		if uses.Count == 0 {
			anonymous = true
			continue
		}
		code, consumer, credential := e.requirement(r, uses, met)
		switch {
		case met:
		case code == verdict.Allow:
			met = true
			c.consumer, c.credential = consumer, credential
		case worst == 0 || missing(worst):
			worst = code
		}
	}
	c.settleKeys(e.t)
	switch {
	case c.badKey != 0:
		return c.badKey
	case c.badToken != 0 && !c.goodToken:
		return c.badToken
	case met || anonymous && (worst == 0 || missing(worst)):
		return verdict.Allow
	}
	return worst
}

func missing(c verdict.Code) bool {
	return c == verdict.TokenMissing || c == verdict.CredentialMissing
}

// requirement asks every scheme of one alternative: the code of the first that
// fails, and who it is. met is set when an earlier alternative was met.
func (e *Engine) requirement(r *Request, uses table.Range, met bool) (code verdict.Code, consumer, credential uint32) {
	code, consumer, credential = verdict.Allow, table.NoIndex, table.NoIndex
	fail := func(c verdict.Code) {
		if code == verdict.Allow {
			code = c
		}
	}
	for i := uses.Start; i < uses.End(); i++ {
		index, scopes := e.t.Use(i)
		s := e.t.Scheme(index)
		if s.Kind() == table.SchemeBearer {
			fail(e.bearer(r, index, s, scopes, met))
			continue
		}
		j := e.key(r, index, s)
		if j.code != verdict.Allow {
			fail(j.code)
			continue
		}
		if !consumerHas(e.t, j.consumer, scopes) {
			fail(verdict.AuthorizeScope)
			e.shown.lacking = j.consumer
		}
		if credential == table.NoIndex {
			credential = j.credential
		}
		if j.consumer == table.NoIndex || len(e.t.Consumer(j.consumer).Name()) == 0 {
			continue
		}
		if consumer != table.NoIndex && consumer != j.consumer {
			fail(verdict.CredentialAmbiguous) // two people at once are nobody
		}
		consumer, credential = j.consumer, j.credential
	}
	return code, consumer, credential
}

// bearer asks for a token of scheme s with scopes. A token that was accepted for a
// requirement that is met stands, whatever other schemes think of it.
func (e *Engine) bearer(r *Request, index uint32, s table.Scheme, scopes table.Names, met bool) verdict.Code {
	shown, proof, present := token.Shown(r.fields.authorization)
	if !present {
		return verdict.TokenMissing
	}
	c := &e.shown
	if !(met && e.authorized) && c.tokenScheme != index {
		code := e.tokens.Check(e.t, s, shown, r.NowNanos)
		e.noteWants()
		if code == verdict.Allow {
			code = e.holder(r, shown, proof)
		}
		c.tokenScheme, e.authorized = index, code == verdict.Allow
		switch {
		case e.authorized:
			c.goodToken = true
		case c.badToken != verdict.NeedAnswer: // another scheme may be content when the answer is there
			c.badToken = code
		}
	}
	if c.tokenScheme != index {
		return verdict.TokenMissing // met: nothing hangs on it
	}
	if !e.authorized {
		return c.badToken
	}
	return authorize.Scopes(e.tokens, scopes)
}

// identity appends whom a limit by subject counts: nothing for a caller
// without a token.
func (e *Engine) identity(dst []byte) []byte {
	if !e.authorized {
		return dst
	}
	return e.tokens.AppendIdentity(dst)
}

// Principal is who sent the last request, as far as credentials prove it. All of it
// may be known, or nothing.
type Principal struct {
	// Consumer is an index for table.Consumer, table.NoIndex when neither an API
	// key nor a certificate names somebody.
	Consumer uint32
	// Credential is an index for table.Credential: the key or the rule of
	// certificates that was met, table.NoIndex when there was none.
	Credential uint32
	// Token reports a token that was accepted. Its claims are those of the
	// engine's checker.
	Token bool
	// Provider is the index of the token's issuer, table.NoIndex without a token.
	Provider uint32
	// Subject is the token's sub, unescaped; nil when there is none. Valid until
	// the next check.
	Subject []byte
}

// Principal is who sent the request of the last CheckHeaders that passed identify.
func (e *Engine) Principal() Principal {
	p := Principal{Consumer: e.shown.consumer, Credential: e.shown.credential, Provider: table.NoIndex}
	if e.authorized {
		p.Token, p.Provider, p.Subject = true, e.tokens.Provider(), e.tokens.Subject()
	}
	return p
}
