package ir

import "portcullis/schemagen/source"

// Responses is how an operation's responses are judged, and by what.
type Responses struct {
	// Mode is ModeEnforce, so that what is not declared does not leave, or
	// ModeMonitor.
	Mode Mode
	// Closed makes every object whose schema does not speak of other properties
	// hold the declared ones alone.
	Closed bool
	// AtDeep lets responses be judged to requests that are looked at InspectDeep, and
	// to no others.
	AtDeep bool
	List   []*Response // exact statuses, then ranges, then the default
}

// Response is one declared response.
type Response struct {
	From, To uint16   // statuses
	Media    []*Media // empty: it has no body
	Headers  []*Param
	Node     *source.Node
	Loc      Loc
}
