package format

import (
	"encoding/base64"
	"math/big"
	"net/netip"
	"net/url"
	"regexp"
	"testing"
	"time"
	"unicode/utf8"
)

// checkAgainstReference holds what a format accepted against a library that
// accepts at least as much.
func checkAgainstReference(t *testing.T, id ID, s []byte) {
	t.Helper()
	ok := true
	switch id {
	case IPv4, IPv6:
		addr, err := netip.ParseAddr(string(s))
		ok = err == nil && addr.Is4() == (id == IPv4) && addr.Zone() == ""
	case IPv4CIDR, IPv6CIDR:
		p, err := netip.ParsePrefix(string(s))
		ok = err == nil && p.Addr().Is4() == (id == IPv4CIDR)
	case Date:
		_, err := time.Parse("2006-01-02", string(s))
		ok = err == nil
	case UUID:
		ok = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`).Match(s)
	case Byte:
		_, err := base64.StdEncoding.DecodeString(string(s))
		ok = err == nil
	case Duration:
		ok = regexp.MustCompile(`^P(\d+W|(\d+Y(\d+M(\d+D)?)?|\d+M(\d+D)?|\d+D)?(T(\d+H(\d+M(\d+S)?)?|\d+M(\d+S)?|\d+S))?)$`).Match(s)
	case URI, URIReference:
		// url.Parse refuses some ports and hosts that the grammar allows.
		if u, err := url.Parse(string(s)); err == nil && id == URI {
			ok = u.Scheme != ""
		}
	case Hostname:
		ok = regexp.MustCompile(`^[0-9A-Za-z]([0-9A-Za-z-]*[0-9A-Za-z])?(\.[0-9A-Za-z]([0-9A-Za-z-]*[0-9A-Za-z])?)*$`).Match(s)
	case Char:
		ok = utf8.RuneCount(s) == 1
	case Int64:
		n, isInt := new(big.Int).SetString(string(s), 10)
		ok = isInt && n.IsInt64()
	case UInt64:
		n, isInt := new(big.Int).SetString(string(s), 10)
		ok = isInt && n.IsUint64()
	case HTTPDate:
		ok = len(s) >= 24
	}
	if !ok {
		t.Errorf("CheckString(%s, %q) = true, the reference refuses it", id.Name(), s)
	}
}

var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,4})?$`)

// FuzzNumber holds the numeric formats against exact rationals.
func FuzzNumber(f *testing.F) {
	for id := Int8; id <= UnixTime; id++ {
		e, _ := readExamples(f, id.Name())
		for _, list := range [][]string{e.ValidNumbers, e.InvalidNumbers} {
			for _, s := range list {
				f.Add(uint8(id), s)
			}
		}
	}
	f.Fuzz(func(t *testing.T, id uint8, s string) {
		if !jsonNumber.MatchString(s) || len(s) > 400 {
			return
		}
		v, ok := new(big.Rat).SetString(s)
		if !ok {
			return
		}
		want, known := referenceNumber(ID(id), v)
		if got := CheckNumber(ID(id), []byte(s)); known && got != want {
			t.Errorf("CheckNumber(%s, %s) = %v, want %v", ID(id).Name(), s, got, want)
		}
	})
}

func referenceNumber(id ID, v *big.Rat) (want, known bool) {
	bounds := map[ID][2]string{
		Int8: {"-128", "127"}, Int16: {"-32768", "32767"}, Int32: {"-2147483648", "2147483647"},
		Int64: {"-9223372036854775808", "9223372036854775807"}, UInt8: {"0", "255"}, UInt16: {"0", "65535"},
		UInt32: {"0", "4294967295"}, UInt64: {"0", "18446744073709551615"},
		DoubleInt: {"-9007199254740991", "9007199254740991"}, SFInteger: {"-999999999999999", "999999999999999"},
	}
	if b, ok := bounds[id]; ok {
		lo, _ := new(big.Rat).SetString(b[0])
		hi, _ := new(big.Rat).SetString(b[1])
		return v.IsInt() && v.Cmp(lo) >= 0 && v.Cmp(hi) <= 0, true
	}
	switch id {
	case UnixTime:
		return v.IsInt(), true
	case Float:
		f, _ := v.Float32()
		return f-f == 0, true
	case Double:
		f, _ := v.Float64()
		return f-f == 0, true
	case SFDecimal:
		limit := new(big.Rat).SetInt64(1e12)
		return new(big.Rat).Mul(v, big.NewRat(1000, 1)).IsInt() && new(big.Rat).Abs(v).Cmp(limit) < 0, true
	}
	return false, false
}
