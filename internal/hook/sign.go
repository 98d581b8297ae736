package hook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"time"
)

// Secret is what a session's deliveries are signed with, 32 bytes, made from the broker's key so
// that it needs no row; whoever made the session is told it (SecretText).
func Secret(key []byte, sessionID string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(sessionID))
	return h.Sum(nil)
}

// SecretText is a Secret in the form of Standard Webhooks.
func SecretText(secret []byte) string { return "whsec_" + base64.StdEncoding.EncodeToString(secret) }

// sign adds the headers of Standard Webhooks (github.com/standard-webhooks/standard-webhooks,
// spec 1.0.0): HMAC-SHA256 over id, time of the attempt in Unix seconds, and body.
func sign(h http.Header, secret []byte, id string, at time.Time, body []byte) {
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(id + "." + stamp + "."))
	mac.Write(body)
	h.Set("Webhook-Id", id)
	h.Set("Webhook-Timestamp", stamp)
	h.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}
