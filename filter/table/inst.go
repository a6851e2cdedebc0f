package table

// SchemaSections is the views of the schema sections (ids 32 to 47).
type SchemaSections struct {
	program []byte
}

// place takes the data of a schema section; false when id is none.
func (s *SchemaSections) place(id uint32, data []byte) bool {
	if id == 32 {
		s.program = data
		return true
	}
	return false
}

// verify checks the schema sections; strs is the string pool. It returns the
// defect and the byte offset in the program.
func (s *SchemaSections) verify(strs []byte) (Err, uint32) {
	if len(s.program) != 0 {
		return ErrSchema, 0
	}
	return ErrNone, 0
}

// ValidEntry reports whether e is the first instruction of a program.
func (s *SchemaSections) ValidEntry(e uint32) bool { return false }
