package plugin

import (
	"portcullis/filter/config"
	"portcullis/filter/engine"
	"portcullis/filter/table"
	"portcullis/filter/text"
	"portcullis/filter/token"
)

// secrets fills in the values of the secrets that t names, and those they had
// before. What is missing or unfit is a line.
func secrets(t *table.Table, cfg *config.Config, environ []byte, opt *engine.Options) (problem string) {
	opt.Secrets = make([][]byte, t.NumSecrets())
	opt.PreviousSecrets = make([][]byte, t.NumSecrets())
	for i := range opt.Secrets {
		name := t.Secret(uint32(i))
		value, ok := cfg.Secret(name, environ)
		if !ok {
			b := text.Quote(text.Append(nil, "the table needs the secret "), string(name))
			b = text.Append(b, `: neither "secrets" nor the environment variable `)
			b = text.Append(b, config.EnvironName(name))
			return string(text.Append(b, " has it"))
		}
		if problem := secretProblem(t, uint32(i), value, "the secret "); problem != "" {
			return problem
		}
		opt.Secrets[i] = value
		if named(t, config.EnvironName(name)+config.PreviousSuffix) {
			value, ok = cfg.PreviousSecret(name, nil)
		} else {
			value, ok = cfg.PreviousSecret(name, environ)
		}
		if !ok {
			continue
		}
		if problem := secretProblem(t, uint32(i), value, "the previous value of the secret "); problem != "" {
			return problem
		}
		opt.PreviousSecrets[i] = value
	}
	return ""
}

// named reports a secret of t whose value an environment variable would hold.
func named(t *table.Table, variable string) bool {
	for i := range t.NumSecrets() {
		if config.EnvironName(t.Secret(i)) == variable {
			return true
		}
	}
	return false
}

// secretProblem says why value can't be the i-th secret, or nothing.
func secretProblem(t *table.Table, i uint32, value []byte, what string) string {
	problem := token.SecretProblem(t, i, value)
	if problem == "" {
		problem = engine.PepperProblem(t, i, value)
	}
	if problem == "" {
		problem = engine.ForwardSecretProblem(t, i, value)
	}
	if problem == "" {
		return ""
	}
	b := text.Quote(text.Append(nil, what), string(t.Secret(i)))
	return string(text.Append(text.Append(b, " can't be used: "), problem))
}
