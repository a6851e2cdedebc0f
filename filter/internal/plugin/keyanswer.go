package plugin

import (
	"portcullis/filter/internal/abi"
	"portcullis/filter/text"
	"portcullis/filter/token"
)

// fetchProblem says why a fetch gave no keys. The zero value is that it did.
type fetchProblem uint8

const (
	fetchNone fetchProblem = iota
	fetchCall              // the host does not call: no such cluster, or it can't
	fetchNoAnswer
	fetchUnavailable // 502, 503, 504: the proxy's own, or as good as none
	fetchStatus
	fetchType
	fetchEncoding
	fetchSize
	fetchBody
	fetchDocument // and after it those of token.SetProblem
)

// fetchMetadata is followed by those of token.MetadataProblem.
const fetchMetadata = fetchDocument + fetchProblem(token.SetNoKeys) + 1

var fetchTexts = [...]string{
	fetchCall:        "the proxy does not make the call: found no such cluster, wanted the one of the policy",
	fetchNoAnswer:    "found no answer, wanted status 200",
	fetchUnavailable: "found status 502, 503 or 504, wanted 200",
	fetchStatus:      "found another status, wanted 200; redirects are not followed",
	fetchType:        "found an answer that is no JSON by its content-type, wanted application/json or application/jwk-set+json",
	fetchEncoding:    "found an encoded answer, wanted none: accept-encoding asked for identity",
	fetchSize:        "found an answer of more than 512 KiB, wanted less",
	fetchBody:        "found an answer without a body that can be read, wanted a key set",
	fetchDocument + fetchProblem(token.SetJSON):        "found no well-formed JSON without doubled members, wanted a key set",
	fetchDocument + fetchProblem(token.SetLarge):       "found more values than a key set has, wanted at most 4096",
	fetchDocument + fetchProblem(token.SetForm):        "found JSON that is no key set, wanted an object with an array keys",
	fetchDocument + fetchProblem(token.SetNoKeys):      "found no key that can be used, wanted at least one",
	fetchMetadata + fetchProblem(token.MetadataJSON):   "found no well-formed JSON without doubled members, wanted metadata of a provider",
	fetchMetadata + fetchProblem(token.MetadataForm):   "found metadata without issuer or jwks_uri, wanted both",
	fetchMetadata + fetchProblem(token.MetadataIssuer): "found metadata of another issuer, wanted that of the policy to the byte",
	fetchMetadata + fetchProblem(token.MetadataURI):    "found a jwks_uri that does not begin with the scheme and host that the policy names (keysOrigin), wanted one that does",
}

// keyAnswer is what a call for keys was answered with.
type keyAnswer struct {
	problem fetchProblem
	body    []byte
}

// keyAnswer reads the answer to the call whose callback runs. headers is 0 when there is
// none, size that of the body.
func (v *VM) keyAnswer(headers, size uint32) keyAnswer {
	if headers == 0 {
		return keyAnswer{problem: fetchNoAnswer}
	}
	a, ok := v.callHead()
	switch {
	case !ok:
		return keyAnswer{problem: fetchNoAnswer}
	case string(a.status) == "200":
	case string(a.status) == "502", string(a.status) == "503", string(a.status) == "504":
		return keyAnswer{problem: fetchUnavailable}
	default:
		return keyAnswer{problem: fetchStatus}
	}
	switch {
	case !isJSON(a.kind):
		return keyAnswer{problem: fetchType}
	case a.encoded():
		return keyAnswer{problem: fetchEncoding}
	case size > maxKeyDocument:
		return keyAnswer{problem: fetchSize}
	}
	body, st := v.host.Bytes(abi.BufferCallBody, 0, size)
	if st != abi.StatusOK || uint32(len(body)) != size || size == 0 {
		return keyAnswer{problem: fetchBody}
	}
	return keyAnswer{body: body}
}

// callHead is what counts of the header fields of an answer: views.
type callHead struct{ status, kind, encoding []byte }

// encoded reports a body that is not as it is read.
func (a *callHead) encoded() bool {
	return len(a.encoding) != 0 && !text.EqualFold("identity", a.encoding)
}

// callHead reads the header fields of the answer to the call whose callback runs; ok is
// false when there are none.
func (v *VM) callHead() (a callHead, ok bool) {
	raw, st := v.host.Pairs(abi.MapCallHeaders)
	if st != abi.StatusOK {
		return a, false
	}
	p, fault := abi.OpenPairs(raw, maxAnswerHeaders)
	if fault != abi.PairsGood {
		return a, false
	}
	for {
		name, value, more := p.Next()
		if !more {
			return a, true
		}
		switch string(name) {
		case ":status":
			a.status = value
		case "content-type":
			a.kind = value
		case "content-encoding":
			a.encoding = value
		}
	}
}

// isJSON reports application/json and structured suffixes of it, whatever parameters
// they have.
func isJSON(kind []byte) bool {
	for i, c := range kind {
		if c == ';' || c == ' ' || c == '\t' {
			kind = kind[:i]
			break
		}
	}
	const suffix = "+json"
	return text.EqualFold("application/json", kind) ||
		len(kind) > len("application/")+len(suffix) && text.EqualFold("application/", kind[:len("application/")]) && text.EqualFold(suffix, kind[len(kind)-len(suffix):])
}

// tell logs how a fetch ended, when it ended otherwise than the one before.
func (k *keyring) tell(m *remote, why fetchProblem, report token.SetReport) {
	if why == fetchNone {
		m.gauge(m.leftOut, uint64(report.Left))
		left := report.Left<<8 | uint32(report.First)
		if m.told == fetchNone && m.toldLeft == left+1 {
			return
		}
		m.told, m.toldLeft = fetchNone, left+1
	} else {
		if m.told == why {
			return
		}
		m.told = why
	}
	l := &k.v.log
	b := text.Append(text.Append(l.buf[:0], logPrefix), "keys of ")
	b = text.Append(text.Append(b, m.name), ": ")
	level := abi.LevelInfo
	switch {
	case why != fetchNone:
		level = abi.LevelWarn
		b = text.Append(b, fetchTexts[why])
		if m.set.Len() == 0 {
			b = text.Append(b, "; there are no keys yet")
		} else {
			b = text.Append(b, "; those in use stay")
		}
	default:
		b = text.Append(text.Uint(b, uint64(report.Keys)), " in use")
		if report.Left != 0 {
			level = abi.LevelWarn
			b = text.Append(text.Uint(text.Append(b, ", "), uint64(report.Left)), " left out, the first one ")
			b = text.Append(b, report.First.String())
		}
	}
	k.v.host.Log(level, clip(b, lineRoom))
}
