package ir

// BodyRules is how much stricter than the description the bodies of an operation's
// requests are judged.
type BodyRules struct {
	Closed     bool // objects hold what their schemas name and nothing else
	NoReadOnly bool // readOnly properties must not be there
}
