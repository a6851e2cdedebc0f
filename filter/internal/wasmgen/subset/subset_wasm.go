package subset

//go:noescape
func arithAsm(x, y uint64, s int64) (sum uint64, diff int64)

//go:noescape
func narrowAsm(a, b uint32, c int8, d uint16) uint64

//go:noescape
func flowAsm(b []byte, n uint64) uint64

//go:noescape
func chooseAsm(op uint64, x int64) int64

//go:noescape
func memoryAsm(s *state, i uint64) uint64

//go:noescape
func callsAsm(b []byte, x uint64) (uint64, bool)

//go:noescape
func manyAsm(x uint64) uint64
