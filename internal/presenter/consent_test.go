package presenter

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"pindesk/internal/screen"
	"pindesk/internal/wire"
)

// hearing is a guest that answers by a channel.
type hearing struct {
	asked   int
	answers chan bool
}

func (h *hearing) Ask(ctx context.Context, _ Question) bool {
	h.asked++
	select {
	case yes := <-h.answers:
		return yes
	case <-ctx.Done():
		return false
	}
}

// A viewer that drops while the guest is asked about it, and is back before the question is
// withdrawn, is asked about again: else it would wait for ever.
func TestWishOfAViewerThatIsBackAtOnce(t *testing.T) {
	frozen(t, func(*websocket.Conn) {}, func(l *link) {
		guest, desk := &hearing{answers: make(chan bool)}, &recorder{}
		p, err := New(Config{Broker: "http://x", Consent: Ask, Guest: guest, Input: desk, Screen: noScreen{}})
		if err != nil {
			t.Fatal(err)
		}
		s := newSharing(p, l)
		defer s.stop()
		say := func(viewer uint16, c wire.Control) {
			t.Helper()
			if err := s.note(note{kind: wire.KindControl, head: wire.Header{Viewer: viewer}, control: c}, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		state := func(online bool, attach uint32) {
			say(0, wire.Control{Type: wire.TypeState, Viewers: []wire.ViewerState{{Viewer: 1, Online: online, Attach: attach}}})
		}
		state(true, 1)
		say(1, wire.Control{Type: wire.TypeAsk})
		synctest.Wait()
		state(false, 1)
		state(true, 2)
		say(1, wire.Control{Type: wire.TypeAsk})
		if err := s.consent.answered(<-s.consent.answers); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if guest.asked != 2 || s.consent.open == nil {
			t.Fatalf("the guest was asked %d times, want once more", guest.asked)
		}
		guest.answers <- true
		if err := s.consent.answered(<-s.consent.answers); err != nil {
			t.Fatal(err)
		}
		if !p.grants.get(1).view {
			t.Error("the yes did not count")
		}
	})
}

// A desktop that the protocol cannot show must be an answer to a person, not a broken
// connection again and again.
func TestDesktopThatIsTooLarge(t *testing.T) {
	frozen(t, func(*websocket.Conn) {}, func(l *link) {
		p, err := New(Config{Broker: "http://x", Consent: ControlFree, Input: &recorder{}, Screen: wideScreen{}})
		if err != nil {
			t.Fatal(err)
		}
		s := newSharing(p, l)
		defer s.stop()
		p.grants.set(1, rights{view: true})
		p.grants.state([]wire.ViewerState{{Viewer: 1, Online: true}})
		s.epoch, p.streams[0].wantKey = 1, true
		if _, err := s.pump(time.Now()); !errors.Is(err, errDesktop) || !strings.Contains(err.Error(), "20000x100") {
			t.Errorf("got %v", err)
		}
	})
}

// wideScreen is a desktop of five large monitors side by side.
type wideScreen struct{ Capturer }

func (wideScreen) Grab() (screen.Picture, []screen.Rect, error) {
	return screen.Picture{W: 20000, H: 100, Stride: 80000, Pix: make([]byte, 100*80000)}, nil, nil
}

// noScreen is a capturer that nobody asks.
type noScreen struct{ Capturer }

func (noScreen) Monitors() []wire.Monitor { return nil }
func (noScreen) Watch([]screen.Rect)      {}
