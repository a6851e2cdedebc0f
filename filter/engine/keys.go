package engine

import (
	"portcullis/filter/json"
	"portcullis/filter/table"
	"portcullis/filter/token"
	"portcullis/filter/verdict"
)

// initKeys makes an empty key set for each provider that fetches its keys, and what
// reads them.
func (e *Engine) initKeys() {
	n := e.t.NumProviders()
	for i := range n {
		r, ok := e.t.Remote(i)
		if !ok {
			continue
		}
		if e.sets == nil {
			e.sets = make([]*token.KeySet, n)
			e.reader = token.SetReader{Parser: e.parser, Tape: &e.tape, Verifier: e.opt.KeySig}
			if e.reader.Verifier == nil {
				e.reader.Verifier = e.opt.Sig
			}
			if e.opt.MaxNodes < token.SetNodes || e.opt.MaxDepth < token.SetDepth {
				e.reader.Parser, e.reader.Tape = json.NewParser(token.SetNodes, token.SetDepth), json.NewTape(token.SetNodes)
			}
		}
		e.sets[i] = token.NewKeySet(r.MaxStaleSeconds)
	}
}

// KeySet is the fetched keys of a provider, nil where they stand in the table. They are
// put in force by its Install.
func (e *Engine) KeySet(provider uint32) *token.KeySet {
	if provider >= uint32(len(e.sets)) {
		return nil
	}
	return e.sets[provider]
}

// ReadKeys appends the compiled form of a provider's JSON Web Key Set to dst (see
// token.SetReader). It may be called between requests only.
func (e *Engine) ReadKeys(dst, doc []byte, provider, generation uint32, fetched int64) ([]byte, token.SetReport) {
	r, ok := e.t.Remote(provider)
	if !ok {
		return dst, token.SetReport{Problem: token.SetNoKeys}
	}
	dst, report := e.reader.Read(dst, doc, r.Algorithms, generation, fetched)
	e.reader.Tape.Reset(nil)
	return dst, report
}

// ReadMetadata is where the metadata of a provider says that its keys are, a view of doc or
// of scratch (see token.SetReader). It may be called between requests only.
func (e *Engine) ReadMetadata(scratch, doc []byte, provider uint32) ([]byte, token.MetadataProblem) {
	r, ok := e.t.Remote(provider)
	if !ok || len(r.KeysOrigin) == 0 {
		return nil, token.MetadataForm
	}
	uri, problem := e.reader.ReadMetadata(scratch, doc, e.t.Provider(provider).Issuer, r.KeysOrigin)
	e.reader.Tape.Reset(nil)
	return uri, problem
}

// askKeys asks for the keys that may make a refused token a good one, if a check of this
// request wanted any and they were not asked for yet.
func (e *Engine) askKeys(r *Request, d *Decision, code verdict.Code) verdict.Code {
	p := e.wants
	if p == table.NoIndex || r.Answers.Keys>>(p&63)&1 != 0 {
		return code
	}
	return r.ask(d, Wait{For: WaitKeys, Index: p}, verdict.TokenKeysUnavailable)
}

// noteWants remembers the first provider whose keys a check wanted, and the first one that
// it wanted to ask.
func (e *Engine) noteWants() {
	if e.wants == table.NoIndex {
		e.wants = e.tokens.Wants()
	}
	if e.asks == table.NoIndex {
		e.asks, e.inquiry, _ = e.tokens.Asks() // checks by other schemes may follow
	}
}
