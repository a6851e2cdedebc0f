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
		if !r.isString("secrets."+name, "a string") {
			return
		}
		raw, ok := r.text(maxSecretBytes)
		if !ok {
			return
		}
		value, good := secretValue(raw)
		if !good {
			r.fail(at, "secrets."+name+`: empty, or bad base64 after "base64:"`)
			return
		}
		c.secrets = append(c.secrets, secret{name, value})
	})
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
	key := EnvironName(name) + "="
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
