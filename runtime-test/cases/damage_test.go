package cases

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"testing"
	"time"

	"portcullis/filter/table"
)

// damaging is Native with tables that somebody has changed by hand: some words of a
// good one are others, and its checksum is right.
type damaging struct {
	rnd    *rand.Rand
	loaded int
	slow   time.Duration // of the slowest request
	broken []string      // what panicked, and the words that made it
	change string
}

// Name is native, so that cases for it run.
func (*damaging) Name() string { return "native" }

// Load changes the table until the verifier takes it.
func (e *damaging) Load(ctx context.Context, s Setup) (Instance, error) {
	good := s.Table
	for range 400 {
		s.Table, e.change = e.damage(good)
		if _, bad, _ := table.Open(s.Table); bad != table.ErrNone {
			continue
		}
		inst, err := e.native(ctx, s)
		if err != nil || inst == nil {
			continue // limits that can't be counted, secrets that nobody has
		}
		e.loaded++
		return damaged{inst, e}, nil
	}
	return nil, errors.New("no change of 400 was taken")
}

func (e *damaging) native(ctx context.Context, s Setup) (inst Instance, err error) {
	defer e.catch("load", time.Now())
	return Native{}.Load(ctx, s)
}

// damage is a copy of good with one to three other words.
func (e *damaging) damage(good []byte) ([]byte, string) {
	b := append([]byte(nil), good...)
	change := ""
	words := (len(b) - table.HeaderSize) / 4
	for range 1 + e.rnd.IntN(3) {
		at := table.HeaderSize + 4*e.rnd.IntN(words)
		old := binary.LittleEndian.Uint32(b[at:])
		w := old
		switch e.rnd.IntN(7) {
		case 0:
			w++
		case 1:
			w--
		case 2:
			w ^= 1 << e.rnd.IntN(32)
		case 3:
			w = binary.LittleEndian.Uint32(good[table.HeaderSize+4*e.rnd.IntN(words):])
		case 4:
			w = uint32(e.rnd.IntN(64))
		case 5:
			w = [...]uint32{0, 1 << 31, 1<<32 - 1, 1 << 16, 1<<31 - 1}[e.rnd.IntN(5)]
		case 6:
			w = w&^0xff | e.rnd.Uint32()&0xff
		}
		binary.LittleEndian.PutUint32(b[at:], w)
		change += fmt.Sprintf(" %#x: %#x -> %#x;", at, old, w)
	}
	binary.LittleEndian.PutUint64(b[24:], table.Checksum(b[table.HeaderSize:]))
	return b, change
}

// catch notes a panic, and how long it took.
func (e *damaging) catch(what string, begin time.Time) {
	e.slow = max(e.slow, time.Since(begin))
	if p := recover(); p != nil && len(e.broken) < 10 {
		e.broken = append(e.broken, fmt.Sprintf("%s: %v after%s\n%s", what, p, e.change, debug.Stack()))
	}
}

// damaged is an instance of a damaged table.
type damaged struct {
	Instance
	e *damaging
}

func (d damaged) Do(r *Request) (o *Outcome, err error) {
	o, err = &Outcome{}, errors.New("panicked")
	defer d.e.catch("request", time.Now())
	return d.Instance.Do(r)
}

// TestDamagedTables: whatever the verifier takes judges requests without a panic, and in
// bounded time. PORTCULLIS_DAMAGE_ROUNDS sets how many tables of each file are damaged.
func TestDamagedTables(t *testing.T) {
	rounds := 1
	if n, err := strconv.Atoi(os.Getenv("PORTCULLIS_DAMAGE_ROUNDS")); err == nil {
		rounds = n
	}
	files, err := filepath.Glob("../../examples/*/cases/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no case files under examples: %v", err)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	e := &damaging{rnd: rand.New(rand.NewPCG(seed, 0))}
	for _, path := range files {
		f, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		for range rounds {
			r := Runner{Engines: []Engine{e}}
			_, _ = r.Run(context.Background(), f) // what is judged wrongly is the table's fault
		}
	}
	for _, b := range e.broken {
		t.Error(b)
	}
	if e.loaded < rounds {
		t.Errorf("%d damaged tables were taken, want at least %d", e.loaded, rounds)
	}
	if e.slow > 5*time.Second {
		t.Errorf("the slowest request took %v, want at most 5 s", e.slow)
	}
	t.Logf("%d damaged tables, slowest request %v", e.loaded, e.slow)
}
