package session

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

const (
	secretSize = 20 // bytes of a ticket, resume secret or token: 160 bits
	idSize     = 16 // bytes of an id
)

// NewSecret makes a ticket, resume secret or token: 160 random bits in base64url without
// padding, so that it fits a header, a URL and Sec-WebSocket-Protocol as it is.
func NewSecret() string { return randomText(secretSize) }

// HashSecret is how a secret is stored and looked up: SHA-256, in base64url without padding.
// Plain SHA-256 is enough because the secrets are random and long; a look-up by hash also
// leaves nothing to measure by time.
func HashSecret(secret string) string {
	h := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(h[:])
}

// newID makes the id of a session or a party. It opens nothing, so it may stand in logs.
func newID() string { return randomText(idSize) }

func randomText(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(b)
}
