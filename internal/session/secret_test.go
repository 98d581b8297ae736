package session

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"
)

func TestSecrets(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		s := NewSecret()
		b, err := base64.RawURLEncoding.Strict().DecodeString(s)
		if err != nil || len(b) < 16 || seen[s] {
			t.Fatalf("secret of %d bytes (%v), seen %v", len(b), err, seen[s])
		}
		seen[s] = true
	}
	if HashSecret("a") == HashSecret("b") || !regexp.MustCompile(`^[0-9A-Za-z_-]{43}$`).MatchString(HashSecret("a")) {
		t.Errorf("hash %q", HashSecret("a"))
	}
}

// TestNothingPrinted prints every type that holds a secret in every way in which it could
// get into a log.
func TestNothingPrinted(t *testing.T) {
	s := Session{ID: "the-id", PIN: "7W2-97-8570"}
	for _, v := range []any{
		s, &s, Created{Session: s, Token: "token7W2"}, State{Session: s},
		JoinRequest{PIN: s.PIN, Role: Viewer, Resume: "resume7W2"}, Joined{Session: s, Ticket: "ticket7W2"},
		Admission{Session: s, Party: "p", Resume: "resume7W2"}, []Session{s}, map[string]Joined{"j": {Session: s, Ticket: "ticket7W2"}},
	} {
		var out bytes.Buffer
		fmt.Fprintf(&out, "%v %+v %#v %s", v, v, v, v)
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
		switch v.(type) {
		case []Session, map[string]Joined: // JSON goes into these by itself: nobody logs lists
		default:
			slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
		}
		if strings.Contains(out.String(), "7W2") {
			t.Errorf("%T prints as %s", v, out.String())
		}
	}
	if b, err := json.Marshal(s); err != nil || !strings.Contains(string(b), s.PIN) {
		t.Errorf("an answer must still hold the PIN: %s, %v", b, err)
	}
}
