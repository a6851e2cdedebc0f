package config

const (
	maxSecrets     = 256
	maxSecretBytes = 16 << 10
	// base64Prefix marks a secret that is not text.
	base64Prefix = "base64:"
	// EnvironPrefix begins the names of environment variables that hold secrets;
	// the secret's name follows in capitals, other bytes than letters and digits
	// as "_".
	EnvironPrefix = "PORTCULLIS_SECRET_"
	// PreviousSuffix ends the names of those that hold previous values.
	PreviousSuffix = "_PREVIOUS"
)

// readSecrets reads the value of "secrets".
func (c *Config) readSecrets(r *reader) {
	if b, ok := r.space(); r.err == nil && (!ok || b != '{') {
		r.fail(r.offset(), "secrets: found "+found(b, ok)+", want an object of names and strings")
		return
	}
	r.members(func(name string, at uint32) {
		for i := range c.secrets {
			if c.secrets[i].name == name {
				r.fail(at, "secrets: name "+quote(name)+" stands twice")
				return
			}
		}
		if name == "" || len(c.secrets) == maxSecrets {
			r.fail(at, "secrets: empty name or more than "+decimal(maxSecrets)+" secrets")
			return
		}
		s := secret{name: name}
		if b, ok := r.space(); !ok || b != '[' {
			s.value = r.secret(name, at)
		} else {
			r.expect('[')
			s.value = r.secret(name, at)
			if b, ok := r.space(); ok && b == ',' {
				r.expect(',')
				s.previous = r.secret(name, at)
			}
			if b, ok := r.space(); r.err == nil && (!ok || b != ']') {
				r.fail(r.offset(), "secrets."+name+": found "+found(b, ok)+`, want "]" after at most two strings`)
				return
			}
			r.expect(']')
		}
		c.secrets = append(c.secrets, s)
	})
}

// secret reads one value of the secret name, which stands at.
func (r *reader) secret(name string, at uint32) []byte {
	if !r.isString("secrets."+name, "a string, or an array of the value in force and the previous one") {
		return nil
	}
	raw, ok := r.text(maxSecretBytes)
	if !ok {
		return nil
	}
	value, good := secretValue(raw)
	if !good {
		r.fail(at, "secrets."+name+`: empty, or bad base64 after "base64:"`)
	}
	return value
}

// secretValue decodes a secret: text, or base64 after its prefix.
func secretValue(raw []byte) (value []byte, ok bool) {
	if len(raw) < len(base64Prefix) || string(raw[:len(base64Prefix)]) != base64Prefix {
		return raw, len(raw) > 0
	}
	var d decoder
	for _, c := range raw[len(base64Prefix):] {
		d.add(rune(c))
	}
	return d.dst, d.end() && len(d.dst) > 0
}

// Secret finds a secret by name: in the configuration, else in the VM's
// environment (entries NAME=VALUE, each ended by NUL). ok is false when there is
// none, or what the environment holds is empty or bad base64.
func (c *Config) Secret(name, environ []byte) (value []byte, ok bool) {
	for i := range c.secrets {
		if c.secrets[i].name == string(name) {
			return c.secrets[i].value, true
		}
	}
	return fromEnviron(EnvironName(name)+"=", environ)
}

// PreviousSecret finds the value that a secret had before, which is still good:
// the second one in the configuration, else the environment variable of the
// secret's with _PREVIOUS behind. One secret never takes both from different places.
func (c *Config) PreviousSecret(name, environ []byte) (value []byte, ok bool) {
	for i := range c.secrets {
		if c.secrets[i].name == string(name) {
			return c.secrets[i].previous, c.secrets[i].previous != nil
		}
	}
	return fromEnviron(EnvironName(name)+PreviousSuffix+"=", environ)
}

// fromEnviron is the value of the entry that starts with key.
func fromEnviron(key string, environ []byte) (value []byte, ok bool) {
	for len(environ) > 0 {
		n := 0
		for n < len(environ) && environ[n] != 0 {
			n++
		}
		if entry := environ[:n]; n > len(key) && string(entry[:len(key)]) == key {
			return secretValue(entry[len(key):])
		}
		environ = environ[min(n+1, len(environ)):]
	}
	return nil, false
}

// EnvironName is the environment variable that may hold the secret name.
func EnvironName(name []byte) string {
	b := []byte(EnvironPrefix)
	for _, c := range name {
		switch {
		case 'a' <= c && c <= 'z':
			c -= 'a' - 'A'
		case 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		default:
			c = '_'
		}
		b = append(b, c)
	}
	return string(b)
}
