package host

import (
	"encoding/binary"
	"fmt"
	"sort"
)

// wasiFunc is one function of wasi_snapshot_preview1 as proxy-wasm-cpp-host offers it: no files, no sockets, stdout and stderr are logs.
type wasiFunc struct {
	name   string
	params string // i = i32, I = i64
	newer  bool   // not in Envoy136
	fn     func(v *VM, a []uint64) uint32
}

// wasiFuncs returns the functions in the order of exports.h.
func wasiFuncs() []wasiFunc {
	answer := func(errno uint32) func(*VM, []uint64) uint32 {
		return func(*VM, []uint64) uint32 { return errno }
	}
	stdio := func(good, bad uint32) func(*VM, []uint64) uint32 {
		return func(_ *VM, a []uint64) uint32 {
			if fd := uint32(a[0]); fd == 1 || fd == 2 {
				return good
			}
			return bad
		}
	}
	return []wasiFunc{
		{"fd_write", "iiii", false, wasiWrite},
		{"fd_read", "iiii", false, answer(errnoNosys)},
		{"fd_seek", "iIii", false, answer(errnoSuccess)},
		{"fd_close", "i", false, answer(errnoSuccess)},
		{"fd_fdstat_get", "ii", false, wasiFdstat},
		{"fd_fdstat_set_flags", "ii", false, stdio(errnoNosys, errnoBadf)},
		{"fd_fdstat_set_rights", "iII", true, stdio(errnoSuccess, errnoBadf)},
		{"environ_get", "ii", false, wasiEnviron},
		{"environ_sizes_get", "ii", false, wasiEnvironSizes},
		{"args_get", "ii", false, answer(errnoSuccess)},
		{"args_sizes_get", "ii", false, wasiArgsSizes},
		{"clock_time_get", "iIi", false, wasiClock},
		{"clock_res_get", "ii", true, wasiClockRes},
		{"fd_advise", "iIIi", true, answer(errnoNotsup)},
		{"fd_allocate", "iII", true, answer(errnoNotsup)},
		{"fd_datasync", "i", true, answer(errnoNotsup)},
		{"fd_filestat_set_size", "iI", true, stdio(errnoSuccess, errnoBadf)},
		{"fd_filestat_set_times", "iIIi", true, stdio(errnoSuccess, errnoBadf)},
		{"fd_pread", "iiiIi", true, answer(errnoNosys)},
		{"fd_pwrite", "iiiIi", true, answer(errnoNosys)},
		{"fd_readdir", "iiiIi", true, answer(errnoNotdir)},
		{"fd_renumber", "ii", true, stdio(errnoNotsup, errnoBadf)},
		{"fd_sync", "i", true, stdio(errnoSuccess, errnoBadf)},
		{"fd_tell", "ii", true, stdio(errnoSuccess, errnoBadf)},
		{"path_create_directory", "iii", true, answer(errnoNotsup)},
		{"path_filestat_set_times", "iiiiIIi", true, answer(errnoNotsup)},
		{"path_link", "iiiiiii", true, answer(errnoNotsup)},
		{"path_readlink", "iiiiii", true, answer(errnoNotsup)},
		{"path_remove_directory", "iii", true, answer(errnoNotsup)},
		{"path_rename", "iiiiii", true, answer(errnoNotsup)},
		{"path_symlink", "iiiii", true, answer(errnoNotsup)},
		{"path_unlink_file", "iii", true, answer(errnoNotsup)},
		{"sock_accept", "iii", true, answer(errnoNotsup)},
		{"sock_recv", "iiiiii", true, answer(errnoNotsup)},
		{"sock_send", "iiiii", true, answer(errnoNotsup)},
		{"sock_shutdown", "ii", true, answer(errnoNotsup)},
		{"random_get", "ii", false, wasiRandom},
		{"sched_yield", "", false, answer(errnoSuccess)},
		{"poll_oneoff", "iiii", false, wasiPoll},
		{"proc_exit", "i", false, wasiExit},
		{"path_open", "iiiiiIIii", false, answer(errnoNoent)},
		{"fd_prestat_get", "ii", false, answer(errnoBadf)},
		{"fd_prestat_dir_name", "iii", false, answer(errnoNosys)},
		{"path_filestat_get", "iiiii", true, answer(errnoNotsup)},
		{"fd_filestat_get", "ii", true, answer(errnoBadf)},
	}
}

// wasiWrite logs: stdout at info, stderr at error, without the final newline.
func wasiWrite(v *VM, a []uint64) uint32 {
	var level Level
	switch uint32(a[0]) {
	case 1:
		level = LevelInfo
	case 2:
		level = LevelError
	default:
		return errnoBadf
	}
	mem := v.mod.Memory()
	var text []byte
	for i := range uint32(a[2]) {
		iov, ok := mem.Read(uint32(a[1])+i*8, 8)
		if !ok {
			return errnoFault
		}
		part, ok := mem.Read(binary.LittleEndian.Uint32(iov), binary.LittleEndian.Uint32(iov[4:]))
		if !ok {
			return errnoFault
		}
		text = append(text, part...)
	}
	n := len(text)
	if n > 0 && text[n-1] == '\n' {
		text = text[:n-1]
	}
	if n > 0 {
		v.host.log(v.index, level, string(text))
	}
	if !v.putU32(a[3], uint32(n)) {
		return errnoFault
	}
	return errnoSuccess
}

// wasiFdstat describes stdout and stderr as something that can be written.
//
//	 0        1       2            4       8                16               24
//	+--------+-------+------------+-------+----------------+----------------+
//	| type   | pad   | fdflags u16| pad   | rights u64     | inheriting u64 |
//	+--------+-------+------------+-------+----------------+----------------+
func wasiFdstat(v *VM, a []uint64) uint32 {
	if fd := uint32(a[0]); fd != 1 && fd != 2 {
		return errnoBadf
	}
	stat := make([]byte, 24)
	stat[8] = 0x40 // right to fd_write
	if !v.mod.Memory().Write(uint32(a[1]), stat) {
		return errnoFault
	}
	return errnoSuccess
}

func (v *VM) environ() []string {
	env := v.host.cfg.Env
	out := make([]string, 0, len(env))
	for k, val := range env {
		out = append(out, k+"="+val)
	}
	sort.Strings(out)
	return out
}

func wasiEnviron(v *VM, a []uint64) uint32 {
	ptrs, buf := a[0], uint32(a[1])
	for i, e := range v.environ() {
		if !v.putU32(ptrs+uint64(i)*4, buf) || !v.mod.Memory().Write(buf, append([]byte(e), 0)) {
			return errnoFault
		}
		buf += uint32(len(e)) + 1
	}
	return errnoSuccess
}

func wasiEnvironSizes(v *VM, a []uint64) uint32 {
	size := 0
	env := v.environ()
	for _, e := range env {
		size += len(e) + 1
	}
	if !v.putU32(a[0], uint32(len(env))) || !v.putU32(a[1], uint32(size)) {
		return errnoFault
	}
	return errnoSuccess
}

func wasiArgsSizes(v *VM, a []uint64) uint32 {
	if !v.putU32(a[0], 0) || !v.putU32(a[1], 0) {
		return errnoFault
	}
	return errnoSuccess
}

// wasiClock answers both clocks with the host's time, as Envoy's monotonic clock is not the module's to see either.
func wasiClock(v *VM, a []uint64) uint32 {
	if id := uint32(a[0]); id > 1 {
		return errnoNotsup
	}
	if !v.putU64(a[2], uint64(v.host.clock.Now())) {
		return errnoFault
	}
	return errnoSuccess
}

func wasiClockRes(v *VM, a []uint64) uint32 {
	if !v.putU64(a[1], 1) {
		return errnoFault
	}
	return errnoSuccess
}

func wasiRandom(v *VM, a []uint64) uint32 {
	size := uint32(a[1])
	if size > randomMaxBytes {
		return errnoInval
	}
	b, ok := v.mod.Memory().Read(uint32(a[0]), size)
	if !ok {
		return errnoFault
	}
	for i := range b {
		b[i] = byte(v.rand.Uint32())
	}
	return errnoSuccess
}

// pollsMax is how often a callback may poll under a virtual clock before it is taken for a sleep without an end.
const pollsMax = 100_000

// wasiPoll never waits: 1.40 reports no event, 1.36 does not know the call.
func wasiPoll(v *VM, a []uint64) uint32 {
	if v.host.cfg.Profile == Envoy136 {
		return errnoNosys
	}
	if v.polls++; v.polls > pollsMax && !v.host.clock.real {
		panic(fmt.Errorf("poll_oneoff called %d times in one callback: the module waits, and virtual time stands still", v.polls))
	}
	if !v.putU32(a[3], 0) {
		return errnoFault
	}
	return errnoSuccess
}

// wasiExit only logs; the module goes on, and Go's runtime then traps.
func wasiExit(v *VM, _ []uint64) uint32 {
	v.host.log(v.index, LevelError, "wasi_unstable proc_exit")
	return errnoSuccess
}
