package compile

import (
	"portcullis/schemagen/ir"
	"portcullis/schemagen/policy"
)

// Profile is a set of defaults.
type Profile uint8

// The profiles. ProfileOpenAPI refuses only what the text of OpenAPI forbids:
// undeclared query parameters and bodies pass, paths are read as RFC 3986 has
// them, nobody has to show who he is, and what can't be judged passes.
const (
	ProfileStrict Profile = iota
	ProfileOpenAPI
)

// hooks is what the walker asks the policy.
type hooks struct {
	settle      func(op *ir.Operation)
	mediaAction func(op *ir.Operation, mediaType string) ir.Action
	security    func(op *ir.Operation) ([]ir.Requirement, bool)
}

func (p Profile) hooks(s *policy.Scope) hooks {
	h := hooks{s.Settle, s.MediaAction, s.Security}
	if p != ProfileOpenAPI {
		return h
	}
	h.settle = func(op *ir.Operation) {
		s.Settle(op)
		op.UnknownQuery, op.AnyBody, op.AllowDuplicateNames = ir.ActionPass, true, true
		op.Ambiguous = ir.Ambiguous{MethodOverride: true, RawSemicolon: true, BracketNames: true}
		op.PathRules.EncodedSlash, op.PathRules.Semicolon, op.PathRules.Backslash = true, true, true
	}
	h.mediaAction = func(op *ir.Operation, mediaType string) ir.Action {
		if a := s.MediaAction(op, mediaType); a != 0 {
			return a
		}
		return ir.ActionPass
	}
	h.security = func(*ir.Operation) ([]ir.Requirement, bool) { return nil, true }
	return h
}
