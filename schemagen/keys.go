package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/peterbourgon/ff/v3/ffcli"

	"portcullis/filter/config"
	"portcullis/schemagen/apikey"
)

const keysHelp = `Makes API keys, and the entries that a policy holds of them: a public id, and a
digest of the secret. The key itself is printed once and stored nowhere.

A key is one text, ID_SECRET. For an apiKey scheme it is sent as it is, for http
bearer as the token, for http basic its id is the user and its secret the password.

EXAMPLES
  schemagen keys new -consumer acme
  schemagen keys hash < keys.txt
  schemagen keys new -help`

const keysNewHelp = `Makes API keys from random bytes: 142 bits of secret, and a checksum by which
scanners and people tell a key from another text. Prints each key, once, and the
entry for the policy.

To replace a key, make another one, add its entry beside the old one, give it to
the caller, and take the old entry out when the caller uses the new one.

EXAMPLES
  schemagen keys new -consumer acme -plan gold -scopes orders:read,orders:write
  schemagen keys new -consumer acme -expires 90d -format json
  schemagen keys new -consumer acme -key-file acme.key > entry.yaml
  PORTCULLIS_SECRET_KEYS=... schemagen keys new -consumer acme -pepper keys`

const keysHashHelp = `Reads keys, one a line, from the standard input and prints their entries for the
policy: to move to another pepper, or when an entry was lost. Keys are never read
from the command line, which other users and the shell's history see. Lines are
ID_SECRET, or ID:SECRET as HTTP Basic has them.

EXAMPLES
  schemagen keys hash -consumer acme < acme.key
  PORTCULLIS_SECRET_KEYS=... schemagen keys hash -pepper keys -format json < keys.txt`

func keysCommand(e env) *ffcli.Command {
	fs := newFlagSet("schemagen keys", e)
	return &ffcli.Command{
		Name:        "keys",
		ShortUsage:  "schemagen keys <new|hash> [flags]",
		ShortHelp:   "make API keys and their entries for a policy",
		LongHelp:    keysHelp,
		FlagSet:     fs,
		Subcommands: []*ffcli.Command{keysNewCommand(e), keysHashCommand(e)},
		Exec: func(_ context.Context, args []string) error {
			if len(args) > 0 {
				return usagef(e, "keys: found %q, wanted new or hash", args[0])
			}
			return flag.ErrHelp
		},
	}
}

// keyOptions is what both commands take.
type keyOptions struct {
	consumer, plan, scopes, expires, note, pepper, format string

	secret []byte // the pepper's value
	until  string // expires as policies write it
}

func (o *keyOptions) flags(fs *flag.FlagSet) {
	fs.StringVar(&o.consumer, "consumer", "NAME", "`name` of the consumer in the policy")
	fs.StringVar(&o.plan, "plan", "", "`plan` of the consumer")
	fs.StringVar(&o.scopes, "scopes", "", "scopes of the consumer, with `commas` between")
	fs.StringVar(&o.expires, "expires", "", "when the key ends: a `time` (RFC 3339), a day, or a number of days from now such as 90d; never by default")
	fs.StringVar(&o.note, "note", "", "`text` for people, kept with the entry")
	fs.StringVar(&o.pepper, "pepper", "", "`name` of the secret that keys the digest, the policy's keyPepper: its value is read from the environment, where the filter would look too")
	fs.StringVar(&o.format, "format", "text", "text, yaml (the policy's entries alone) or json (one object a line)")
}

var consumerRE = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)

// settle checks the options.
func (o *keyOptions) settle(e env, now time.Time) error {
	switch o.format {
	case "text", "yaml", "json":
	default:
		return usagef(e, "keys: found -format %q, wanted text, yaml or json", o.format)
	}
	for what, name := range map[string]string{"-consumer": o.consumer, "-plan": o.plan, "-pepper": o.pepper} {
		if name != "" && !consumerRE.MatchString(name) {
			return usagef(e, "keys: found %s %q, wanted at most 64 letters, digits, '_', '.' and '-'", what, name)
		}
	}
	if o.expires != "" {
		t, err := expiry(o.expires, now)
		if err != nil {
			return usagef(e, "keys: found -expires %q, wanted a time such as 2027-03-31T12:00:00Z, a day such as 2027-03-31, or 1d to 9999d", o.expires)
		}
		if !t.After(now) {
			return usagef(e, "keys: found -expires %q, which is past, wanted a time to come", o.expires)
		}
		o.until = t.UTC().Format(time.RFC3339)
	}
	if o.pepper != "" {
		name := config.EnvironName([]byte(o.pepper))
		value, ok := (&config.Config{}).Secret([]byte(o.pepper), []byte(name+"="+os.Getenv(name)+"\x00"))
		if !ok {
			return usagef(e, "keys: found no value of the secret %q, wanted it in the environment variable %s", o.pepper, name)
		}
		if len(value) < 16 {
			return usagef(e, "keys: found a secret %q of %d bytes, wanted at least 16, as the filter does", o.pepper, len(value))
		}
		o.secret = value
	}
	return nil
}

// expiry reads a point in time.
func expiry(s string, now time.Time) (time.Time, error) {
	var days int
	if _, err := fmt.Sscanf(s, "%dd", &days); err == nil && days > 0 && days < 10000 && s == fmt.Sprintf("%dd", days) {
		return now.AddDate(0, 0, days).Truncate(time.Second), nil
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t.AddDate(0, 0, 1), nil
	}
	return time.Parse(time.RFC3339, s)
}

func keysNewCommand(e env) *ffcli.Command {
	fs := newFlagSet("schemagen keys new", e)
	var o keyOptions
	o.flags(fs)
	prefix := fs.String("prefix", apikey.DefaultPrefix, "what the key's id begins with: a `name` by which people and scanners know whose keys these are")
	number := fs.Int("n", 1, "how many keys to make")
	file := fs.String("key-file", "", "write the keys to this new `file`, for its owner alone, and not to the terminal")
	return &ffcli.Command{
		Name:       "new",
		ShortUsage: "schemagen keys new [flags]",
		ShortHelp:  "make API keys",
		LongHelp:   keysNewHelp,
		FlagSet:    fs,
		Exec: func(_ context.Context, args []string) error {
			if len(args) > 0 {
				return usagef(e, "keys new: found the argument %q, wanted flags alone", args[0])
			}
			if *number < 1 || *number > 1000 {
				return usagef(e, "keys new: found -n %d, wanted 1 to 1000", *number)
			}
			if err := o.settle(e, time.Now()); err != nil {
				return err
			}
			var keys []apikey.Key
			for range *number {
				k, err := apikey.New(nil, *prefix)
				if err != nil {
					return usagef(e, "keys new: %v", err)
				}
				keys = append(keys, k)
			}
			show := *file == ""
			if !show {
				if err := writeKeys(*file, keys); err != nil {
					return err
				}
			}
			return o.print(e.stdout, keys, show)
		},
	}
}

// writeKeys writes keys to a file that is not there yet.
func writeKeys(path string, keys []apikey.Key) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("make the file of keys: %w", err)
	}
	for _, k := range keys {
		if _, err = fmt.Fprintln(f, k.Text()); err != nil {
			break
		}
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("write the keys: %w", err)
	}
	return nil
}

func keysHashCommand(e env) *ffcli.Command {
	fs := newFlagSet("schemagen keys hash", e)
	var o keyOptions
	o.flags(fs)
	return &ffcli.Command{
		Name:       "hash",
		ShortUsage: "schemagen keys hash [flags] < KEYS",
		ShortHelp:  "print the entries of keys that exist",
		LongHelp:   keysHashHelp,
		FlagSet:    fs,
		Exec: func(_ context.Context, args []string) error {
			if len(args) > 0 {
				return usagef(e, "keys hash: found an argument, wanted keys on the standard input: other users see command lines, and the shell keeps them")
			}
			if err := o.settle(e, time.Now()); err != nil {
				return err
			}
			keys, err := readKeys(e.stdin)
			if err != nil {
				return err
			}
			return o.print(e.stdout, keys, false)
		},
	}
}

// readKeys reads one key a line.
func readKeys(r io.Reader) (keys []apikey.Key, err error) {
	s := bufio.NewScanner(r)
	for line := 1; s.Scan(); line++ {
		text := strings.TrimSpace(s.Text())
		if text == "" {
			continue
		}
		k, err := apikey.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		keys = append(keys, k)
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("found no key on the standard input, wanted one a line")
	}
	return keys, nil
}

// keyEntry is a key as JSON. Key and Secret are there when it is new.
type keyEntry struct {
	Consumer string   `json:"consumer"`
	Plan     string   `json:"plan,omitempty"`
	Scopes   []string `json:"scopes,omitempty"`
	Key      string   `json:"key,omitempty"`
	Secret   string   `json:"secret,omitempty"`
	ID       string   `json:"id"`
	Digest   string   `json:"digest"`
	Expires  string   `json:"expires,omitempty"`
	Note     string   `json:"note,omitempty"`
}

// print writes entries, and with show the keys themselves.
func (o *keyOptions) print(w io.Writer, keys []apikey.Key, show bool) error {
	var scopes []string
	for _, s := range strings.Split(o.scopes, ",") {
		if s = strings.TrimSpace(s); s != "" {
			scopes = append(scopes, s)
		}
	}
	if o.format == "json" {
		enc := json.NewEncoder(w)
		for _, k := range keys {
			entry := keyEntry{Consumer: o.consumer, Plan: o.plan, Scopes: scopes, ID: k.ID, Digest: k.Digest(o.secret), Expires: o.until, Note: o.note}
			if show {
				entry.Key, entry.Secret = k.Text(), k.Secret
			}
			if err := enc.Encode(entry); err != nil {
				return err
			}
		}
		return nil
	}
	var b strings.Builder
	if show && o.format == "text" {
		b.WriteString("# Shown once, and stored nowhere. For HTTP Basic the user is the id, the password what follows it.\n")
		for _, k := range keys {
			b.WriteString("#\n#   " + k.Text() + "\n")
		}
		b.WriteString("#\n# For the policy:\n")
	}
	b.WriteString("consumers:\n  " + o.consumer + ":\n")
	if o.plan != "" {
		b.WriteString("    plan: " + o.plan + "\n")
	}
	if len(scopes) > 0 {
		quoted, _ := json.Marshal(scopes)
		b.WriteString("    scopes: " + string(quoted) + "\n")
	}
	b.WriteString("    keys:\n")
	for _, k := range keys {
		b.WriteString("    - {id: " + k.ID + `, digest: "` + k.Digest(o.secret) + `"`)
		if o.until != "" {
			b.WriteString(`, expires: "` + o.until + `"`)
		}
		if o.note != "" {
			quoted, _ := json.Marshal(o.note)
			b.WriteString(", note: " + string(quoted))
		}
		b.WriteString("}\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
