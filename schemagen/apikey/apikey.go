// Package apikey makes API keys and the digests that policies hold of them. What a
// key looks like and what its digest is taken over is filter/credential's.
package apikey

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"strings"

	"portcullis/filter/credential"
)

const (
	alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	// idRandom and secretRandom are characters out of the alphabet: 71 bits, so that
	// ids do not collide, and 142.
	idRandom     = 12
	secretRandom = 24
	// checkSize is the characters of the checksum that ends a secret: scanners tell
	// keys from other texts by it, and people find out that they copied half of one.
	checkSize = 6
)

// DefaultPrefix begins the ids of keys where nobody asks for another.
const DefaultPrefix = "pcl"

// maxPrefix leaves room for the rest of the id.
const maxPrefix = credential.MaxID - 1 - idRandom

// Key is an API key.
type Key struct{ ID, Secret string }

// New makes a key of random bytes; nil is the system's.
func New(random io.Reader, prefix string) (Key, error) {
	if random == nil {
		random = rand.Reader
	}
	if len(prefix) > maxPrefix || !credential.IsID([]byte(prefix)) {
		return Key{}, fmt.Errorf("found the prefix %q, wanted at most %d letters, digits, '-' and '_', that begin and end with a letter or digit", prefix, maxPrefix)
	}
	tail, err := text(random, idRandom)
	if err != nil {
		return Key{}, err
	}
	id := prefix + "_" + tail
	secret, err := text(random, secretRandom)
	if err != nil {
		return Key{}, err
	}
	return Key{id, secret + checksum(id, secret)}, nil
}

// text is n characters of the alphabet, each as likely as the others.
func text(random io.Reader, n int) (string, error) {
	const fair = 256 / len(alphabet) * len(alphabet)
	out := make([]byte, 0, n)
	var b [1]byte
	for len(out) < n {
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return "", fmt.Errorf("read random bytes: %w", err)
		}
		if int(b[0]) < fair {
			out = append(out, alphabet[int(b[0])%len(alphabet)])
		}
	}
	return string(out), nil
}

// checksum is the CRC-32 of "id_secret" in the alphabet's digits.
func checksum(id, secret string) string {
	n := crc32.ChecksumIEEE([]byte(id + "_" + secret))
	out := make([]byte, checkSize)
	for i := range out {
		out[checkSize-1-i] = alphabet[n%uint32(len(alphabet))]
		n /= uint32(len(alphabet))
	}
	return string(out)
}

// Text is the key as callers send it.
func (k Key) Text() string { return k.ID + "_" + k.Secret }

// Parse reads a key, as one text or as "id:secret", and checks that nothing of it is
// missing.
func Parse(s string) (Key, error) {
	one := s
	if id, secret, ok := strings.Cut(s, ":"); ok {
		one = id + "_" + secret
	}
	k, ok := credential.ParseKey([]byte(one))
	if !ok {
		return Key{}, fmt.Errorf("found no key, wanted ID_SECRET as schemagen keys new makes it: a password, or a key of another system, can be guessed or is known elsewhere; make a new one")
	}
	id, secret := string(k.ID), string(k.Secret)
	if body := secret[:len(secret)-checkSize]; secret[len(body):] != checksum(id, body) {
		return Key{}, fmt.Errorf("found a key with the id %s whose checksum is wrong, wanted all of it, and nothing more", id)
	}
	return Key{id, secret}, nil
}

// Digest is what a policy holds of k, keyed by pepper where there is one.
func (k Key) Digest(pepper []byte) string {
	in := credential.Key{ID: []byte(k.ID), Secret: []byte(k.Secret)}.AppendDigested(nil)
	if len(pepper) == 0 {
		sum := sha256.Sum256(in)
		return "sha256:" + hex.EncodeToString(sum[:])
	}
	mac := hmac.New(sha256.New, pepper)
	mac.Write(in)
	return "hmac-sha256:" + hex.EncodeToString(mac.Sum(nil))
}
