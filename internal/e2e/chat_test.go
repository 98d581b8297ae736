package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pindesk/internal/presenter"
	"pindesk/internal/wire"
)

func (v *goViewer) hears() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.heard)
}

func (r *sharing) tell(t *testing.T, text string, viewer uint16) {
	t.Helper()
	if err := r.Tell(text, viewer); err != nil {
		t.Fatal(err)
	}
}

// TestChatBeforeAndAfterTheYes: a technician who waits talks with the guest and hears nothing
// else until the guest says yes; a line that is said while the broker is away is said later, once.
func TestChatBeforeAndAfterTheYes(t *testing.T) {
	s := startSite(t, nil)
	pin, desk, g := s.newPIN(), newFakeDesktop(320, 200), newGuest()
	guest := s.present(pin, presenter.Config{Screen: desk, Input: desk, Guest: g, Consent: presenter.Ask})
	v := s.view(pin, "")
	g.wantQuestion(t.Fatal)
	v.control(wire.Control{Type: wire.TypeChat, Client: "1", Text: "it is me\x1b[2J\nreally"})
	eventually(t, "the guest reads it", func() bool {
		return strings.Contains(s.log.String(), "presenter: viewer (not let in; answer by /tell 1 TEXT) says: it is me[2J\n    really\n")
	})
	guest.tell(t, "my secret", 0)
	guest.tell(t, "who are you?", 1)
	eventually(t, "the answer", func() bool { return slices.Contains(v.hears(), "who are you?") })
	if got := v.hears(); slices.Contains(got, "my secret") {
		t.Fatalf("who was not let in hears %q", got)
	}
	g.answers <- true
	eventually(t, "the log after the yes", func() bool { return slices.Contains(v.hears(), "my secret") })

	s.stop()
	guest.tell(t, "are you still there?", 0)
	s.start()
	again := s.view(pin, v.resume)
	within(t, 30*time.Second, "what was said meanwhile", func() bool { return slices.Contains(again.hears(), "are you still there?") })
	status, a := s.call("GET", "/api/v1/chat_log?session_pin="+pin, nil)
	lines, _ := a["chat_log"].([]any)
	if status != 200 || len(lines) != 4 {
		t.Errorf("the log has %d lines (%d): %v", len(lines), status, lines)
	}
}
