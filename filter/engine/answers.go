package engine

import "portcullis/filter/verdict"

// WaitFor is a kind of answer from outside that a request waits for.
type WaitFor uint8

// Kinds. The zero value waits for nothing.
const (
	WaitNone          WaitFor = iota
	WaitKeys                  // the keys of a provider
	WaitLimits                // a rate limit service
	WaitIntrospection         // an authorization server's word on the token
)

// Wait says what a Decision with verdict.NeedAnswer asks for.
type Wait struct {
	For   WaitFor
	Index uint32 // WaitKeys, WaitIntrospection: the provider; WaitLimits: the service
	Asked uint8  // WaitLimits: a bit for each of the operation's limits
}

// Answers is what a request that waited was answered so far. The plugin keeps
// it while the request waits, hands it in when the request is judged again from the
// top, and stages look into it before they ask: what was asked once is not asked
// again, and what was charged is not charged twice. It is a value of fixed size
// that holds nothing of the request. The zero value is a request that has not
// waited.
type Answers struct {
	// Late ends all waiting: what is not known by now is refused.
	Late bool
	// Keys has a bit for each provider (its index modulo 64) whose keys were asked
	// for.
	Keys uint64
	// Proved says that the request's own DPoP proof was used up by this very request:
	// it is judged again, and is no second use.
	Proved bool
	// Risk is what was settled of it before it waited.
	Risk Risk
	// Introspections counts the times that an authorization server was asked about the
	// token. Its word is the engine's (Introspected) for as long as it is not to be asked
	// again; Introspection is why there is none, a code of its own.
	Introspections uint8
	Introspection  verdict.Code
	// Limits is what a rate limit service said.
	Limits LimitAnswers
}

// ask makes d a decision that waits, or is the code that the request is refused with
// when it may not wait any longer.
func (r *Request) ask(d *Decision, w Wait, late verdict.Code) verdict.Code {
	if r.Answers.Late {
		return late
	}
	d.Wait = w
	return verdict.NeedAnswer
}
