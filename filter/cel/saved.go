package cel

// Saved is the values that an expression needs beside the body.
type Saved struct{}

func (s *Saved) at(i uint32) value { return value{} }
