// Package config reads the plugin configuration: one JSON object (RFC 8259) that
// carries the table, the limits of this proxy and the secrets. filter/FORMATS.md
// documents it key by key.
//
// It is read once, in ranges, because it is large: the text is pulled through a
// window of 16 KiB and the table's base64 is decoded into its final buffer as it
// passes, so that a table of 2 MB stands in memory once. It refuses everything it
// does not know: an unknown, doubled or mistyped key fails the load with one line
// that says what was found, what was wanted and where.
package config

// Source is where the configuration's text is read from. Range returns at most max
// bytes from start; ok is false when there are none. The slice is valid until the
// next call.
type Source interface {
	Range(start, max uint32) (b []byte, ok bool)
}

// Hold is how a request is kept from the upstream until its body is judged.
type Hold uint8

// Ways to hold. HoldStop pauses in the header callback and needs
// allow_on_headers_stop_iteration in the proxy; HoldBuffer lets headers go on to a
// buffer filter behind, without which it protects nothing.
const (
	HoldStop Hold = iota + 1
	HoldBuffer
)

// Mode says what a refusal does. The order matters: of two modes that apply to a
// request the greater holds, so the plugin's mode relaxes the table's and never
// tightens it.
type Mode uint8

// Modes. Their numbers are those of the table format.
const (
	ModeEnforce Mode = iota + 1 // refusals are answered
	ModeMonitor                 // refusals are counted and logged, the request passes
	ModeOff                     // nothing is judged
)

// Detail is how much an answer says.
type Detail uint8

// Details. DetailMinimal leaves out everything that comes from the description or
// the request: code, status and title only.
const (
	DetailFull Detail = iota + 1
	DetailMinimal
)

// LogLevel is the level of the line that a refusal writes.
type LogLevel uint8

// Log levels, numbered so that level - 1 is Proxy-Wasm's, but for LogOff.
const (
	LogOff   LogLevel = 1
	LogDebug LogLevel = 2
	LogInfo  LogLevel = 3
	LogWarn  LogLevel = 4
)

// Config is a plugin configuration. Its slices are its own.
type Config struct {
	// Table is the table's bytes, nil when the linked one is to be used.
	Table []byte
	// TableGiven says that the key "table" was there.
	TableGiven bool

	Hold        Hold
	Mode        Mode
	ErrorDetail Detail
	LogRefusals LogLevel

	MaxBodyBytes       uint32 // largest body that is judged
	MaxResponse        uint32 // largest body of a response that is judged
	BodyTimeoutMs      uint32 // how long a held request waits for its body
	MaxHeldRequests    uint32 // held at a time, per worker
	MaxWaitingRequests uint32 // wait for an answer from outside at a time, per worker
	WaitTimeoutMs      uint32 // how long
	VerifyPercent      uint32 // of a worker\'s time, for checks of signatures
	MaxOpenRequests    uint32 // known at a time, per worker
	MaxHeaders         uint32 // header fields, pseudo-headers included
	MaxHeaderBytes     uint32 // serialized header map
	MaxPathBytes       uint32 // request target
	MaxNodes           uint32 // values in a body
	MaxDepth           uint32 // nesting of a body
	MaxTokenBytes      uint32 // longest token
	TokenCacheBytes    uint32 // memory for verified tokens, per worker; 0 keeps none

	secrets []secret
}

// secret is one named secret as the configuration brought it.
type secret struct {
	name     string
	value    []byte
	previous []byte // nil: there is none
}

// number describes a numeric key.
type number struct {
	name          string
	min, max, def uint32
}

// numbers holds every numeric key with its range and default.
var numbers = [...]number{
	{"maxBodyBytes", 1, 64 << 20, 1 << 20},
	{"bodyTimeoutMs", 100, 3600000, 15000},
	{"maxHeldRequests", 1, 65535, 1024},
	{"maxOpenRequests", 1, 65535, 4096},
	{"maxHeaders", 8, 1024, 128},
	{"maxHeaderBytes", 1024, 1 << 20, 64 << 10},
	{"maxPathBytes", 16, 65536, 8192},
	{"maxNodes", 16, 4 << 20, 32 << 10},
	{"maxTokenBytes", 256, 64 << 10, 8 << 10},
	{"tokenCacheBytes", 0, 16 << 20, 64 << 10},
	{"maxDepth", 1, 1024, 64},
	{"maxResponseBodyBytes", 1, 64 << 20, 1 << 20},
	{"maxWaitingRequests", 1, 65535, 256},
	{"waitTimeoutMs", 100, 60000, 5000},
	{"verifyBudgetPercent", 1, 100, 20},
}

// number is the field of the key numbers[i].
func (c *Config) number(i int) *uint32 {
	return [len(numbers)]*uint32{
		&c.MaxBodyBytes, &c.BodyTimeoutMs, &c.MaxHeldRequests, &c.MaxOpenRequests, &c.MaxHeaders, &c.MaxHeaderBytes,
		&c.MaxPathBytes, &c.MaxNodes, &c.MaxTokenBytes, &c.TokenCacheBytes, &c.MaxDepth, &c.MaxResponse,
		&c.MaxWaitingRequests, &c.WaitTimeoutMs, &c.VerifyPercent,
	}[i]
}

// choice describes a key with a fixed set of words. A word's value is its place in
// words, from 1; def is the default.
type choice struct {
	name  string
	def   uint8
	words []string
}

// choices holds every such key.
var choices = [...]choice{
	{"hold", uint8(HoldStop), []string{"stop", "buffer"}},
	{"mode", uint8(ModeEnforce), []string{"enforce", "monitor", "off"}},
	{"errorDetail", uint8(DetailFull), []string{"full", "minimal"}},
	{"logRefusals", uint8(LogInfo), []string{"off", "debug", "info", "warn"}},
}

// choice is the field of the key choices[i].
func (c *Config) choice(i int) *uint8 {
	return [len(choices)]*uint8{(*uint8)(&c.Hold), (*uint8)(&c.Mode), (*uint8)(&c.ErrorDetail), (*uint8)(&c.LogRefusals)}[i]
}

// Error is why a configuration was refused. It never holds a secret's value.
type Error struct {
	Offset uint32 // byte of the configuration's text
	text   string
}

// Error implements error.
func (e *Error) Error() string {
	return "plugin configuration: " + e.text + " (at byte " + decimal(uint64(e.Offset)) + ")"
}

// Default is the configuration that an empty object gives.
func Default() *Config {
	c := new(Config)
	for i := range numbers {
		*c.number(i) = numbers[i].def
	}
	for i := range choices {
		*c.choice(i) = choices[i].def
	}
	return c
}

// Load reads a configuration of size bytes. An empty one is an empty object: every
// key has a default, and the table is the one linked into the module.
func Load(src Source, size uint32) (*Config, *Error) {
	c := Default()
	if size == 0 {
		return c, nil
	}
	r := reader{src: src, size: size}
	c.object(&r)
	r.end()
	if r.err != nil {
		return nil, r.err
	}
	return c, nil
}

// numKeys is the number of keys: numbers, choices, table and secrets.
const numKeys = len(numbers) + len(choices) + 2

// object reads the outermost object.
func (c *Config) object(r *reader) {
	var seen [numKeys]bool
	r.members(func(key string, at uint32) {
		k := keyIndex(key)
		if k < 0 {
			r.fail(at, "unknown key "+quote(key)+", want one of "+keyList())
			return
		}
		if seen[k] {
			r.fail(at, "key "+quote(key)+" stands twice")
			return
		}
		seen[k] = true
		c.member(r, k)
	})
}

// member reads the value of the key with index k.
func (c *Config) member(r *reader, k int) {
	switch {
	case k < len(numbers):
		n := &numbers[k]
		*c.number(k) = r.number(n.name, n.min, n.max)
	case k < len(numbers)+len(choices):
		i := k - len(numbers)
		*c.choice(i) = 1 + uint8(r.word(choices[i].name, choices[i].words))
	case k == numKeys-2:
		c.TableGiven = true
		c.Table = r.table()
	default:
		c.readSecrets(r)
	}
}

// keyIndex numbers the keys; -1 is no key.
func keyIndex(key string) int {
	for i := range numbers {
		if numbers[i].name == key {
			return i
		}
	}
	for i := range choices {
		if choices[i].name == key {
			return len(numbers) + i
		}
	}
	switch key {
	case "table":
		return numKeys - 2
	case "secrets":
		return numKeys - 1
	}
	return -1
}

func keyList() string {
	s := "table, secrets"
	for i := range choices {
		s += ", " + choices[i].name
	}
	for i := range numbers {
		s += ", " + numbers[i].name
	}
	return s
}
