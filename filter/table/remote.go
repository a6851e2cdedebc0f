package table

// Words of a provider that fetches its keys; all zero for one whose keys stand in the
// table.
//
//	uri(2) cluster(2) refresh maxStale timeout|cooldown<<16 algorithms
const (
	ProviderKeysURI     = 16 // http or https, without user, query allowed
	ProviderKeysCluster = 18 // of the proxy
	ProviderRefresh     = 20 // seconds
	ProviderMaxStale    = 21 // seconds
	ProviderTimeout     = 22 // milliseconds of a fetch | seconds between fetches<<16
	ProviderAlgorithms  = 23 // bit AlgRS256.. for each that keys may have
)

// remoteAlgs is what public keys may be used with.
const remoteAlgs = 1<<(maxAlg+1) - 1<<AlgRS256

// Remote is how a provider's keys are fetched.
type Remote struct {
	URI, Cluster []byte
	// RefreshSeconds is how old keys may become before they are fetched again,
	// MaxStaleSeconds how old before they count no more.
	RefreshSeconds, MaxStaleSeconds uint32
	TimeoutMs                       uint32 // of a fetch
	CooldownSeconds                 uint32 // between two fetches because of unknown keys
	Algorithms                      uint32 // a bit for each algorithm that keys may have
	// KeysOrigin is nothing where URI is that of the keys. Else it is that of the
	// provider's metadata: the keys' URI is read from there, must begin with this
	// scheme and authority, and is fetched by KeysCluster.
	KeysOrigin, KeysCluster []byte
}

// Remote is how the i-th provider's keys are fetched; ok is false when they stand in
// the table.
func (t *Table) Remote(i uint32) (r Remote, ok bool) {
	w := t.providers[i*wordsProvider : (i+1)*wordsProvider]
	if w[ProviderKeysURI+1] == 0 {
		return Remote{}, false
	}
	origin, cluster := t.discovery(w)
	return Remote{
		KeysOrigin: origin, KeysCluster: cluster,
		URI: t.str(w, ProviderKeysURI), Cluster: t.str(w, ProviderKeysCluster),
		RefreshSeconds: w[ProviderRefresh], MaxStaleSeconds: w[ProviderMaxStale],
		TimeoutMs: w[ProviderTimeout] & 0xffff, CooldownSeconds: w[ProviderTimeout] >> 16, Algorithms: w[ProviderAlgorithms],
	}, true
}

// checkRemote checks the words of the i-th provider that have to do with each other.
func (t *Table) checkRemote(i uint32) (bad Err, at uint32) {
	w := t.providers[i*wordsProvider : (i+1)*wordsProvider]
	r, ok := t.Remote(i)
	if !ok {
		for at := uint32(ProviderKeysURI); at <= ProviderAlgorithms; at++ {
			if w[at] != 0 && at != ProviderKeysURI && at != ProviderKeysCluster {
				return ErrRange, at
			}
		}
		if len(t.str(w, ProviderKeysCluster)) != 0 {
			return ErrRange, ProviderKeysCluster
		}
		if w[ProviderDiscovery] != 0 {
			return ErrRange, ProviderDiscovery
		}
		return ErrNone, 0
	}
	switch {
	case w[ProviderKeys+1] != 0: // two sources of keys
		return ErrRange, ProviderKeys
	case !Visible(r.Cluster):
		return ErrRange, ProviderKeysCluster
	case r.RefreshSeconds == 0 || r.RefreshSeconds > 1<<24:
		return ErrRange, ProviderRefresh
	case r.MaxStaleSeconds < r.RefreshSeconds || r.MaxStaleSeconds > 1<<26:
		return ErrRange, ProviderMaxStale
	case r.TimeoutMs == 0 || r.CooldownSeconds == 0:
		return ErrRange, ProviderTimeout
	case r.Algorithms == 0 || r.Algorithms&^uint32(remoteAlgs) != 0:
		return ErrRange, ProviderAlgorithms
	}
	if !t.checkDiscovery(w, &r) {
		return ErrRange, ProviderDiscovery
	}
	if _, authority, path := SplitURI(r.URI); len(authority) == 0 || len(path) == 0 || !Visible(r.URI) {
		return ErrRange, ProviderKeysURI
	}
	return ErrNone, 0
}

// Visible reports visible ASCII: nothing that could end a header field or a key of the
// shared data.
func Visible(b []byte) bool {
	for _, c := range b {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return len(b) != 0
}

// SplitURI cuts an absolute http or https URI: views of it. path starts with a slash and
// includes the query. All are empty for anything else, and for one with a user or a
// fragment.
func SplitURI(uri []byte) (scheme, authority, path []byte) {
	for i := 0; i+3 <= len(uri); i++ {
		if uri[i] != ':' {
			continue
		}
		if s := string(uri[:i]); s != "http" && s != "https" || string(uri[i:i+3]) != "://" {
			return nil, nil, nil
		}
		rest := uri[i+3:]
		slash := len(rest)
		for j, c := range rest {
			if c == '@' && j < slash || c == '#' || c == '?' && j < slash {
				return nil, nil, nil
			}
			if c == '/' && slash == len(rest) {
				slash = j
			}
		}
		if slash == 0 || slash == len(rest) {
			return nil, nil, nil
		}
		return uri[:i], rest[:slash], rest[slash:]
	}
	return nil, nil, nil
}
