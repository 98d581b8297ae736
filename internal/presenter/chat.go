package presenter

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"pindesk/internal/wire"
)

// maxUnheard is how many lines may wait for the relay to send them back.
const maxUnheard = 16

// talk is the guest's side of the chat. It outlives connections: what did not come back is said
// again on the next one, by the same client id, and stored once.
type talk struct {
	wake   chan struct{} // capacity 1: there is something to send
	prefix string        // of this process's client ids

	mu      sync.Mutex
	count   int        // lines said so far; guarded by mu, as all below
	unheard []saidLine // oldest first
	last    uint32     // id of the newest line that was shown
}

// saidLine is a line that did not come back yet.
type saidLine struct {
	wire.Control
	sent bool // on the present connection
}

func newTalk() *talk { return &talk{wake: make(chan struct{}, 1), prefix: rand.Text()[:16]} }

// Tell says a text to all technicians that may see the screen, or with viewer != 0 to the one with
// this number, whom the guest has not let in. It is sent when there is a connection. The error is
// for the guest. It may be called by any goroutine.
func (p *Presenter) Tell(text string, viewer uint16) error {
	text = wire.CleanChat(text)
	if text == "" {
		return errors.New("there is nothing to say in this line")
	}
	t := p.talk
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.unheard) >= maxUnheard {
		return errors.New("your last lines have not arrived yet: wait until there is a connection")
	}
	t.count++
	t.unheard = append(t.unheard, saidLine{Control: wire.Control{Type: wire.TypeChat, Client: fmt.Sprint(t.prefix, "-", t.count), Text: text, Viewer: viewer}})
	select {
	case t.wake <- struct{}{}:
	default:
	}
	return nil
}

// connected makes all that did not come back due again.
func (t *talk) connected() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.unheard {
		t.unheard[i].sent = false
	}
}

// due returns the lines that are to be sent now.
func (t *talk) due() (all []wire.Control) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.unheard {
		if u := &t.unheard[i]; !u.sent {
			u.sent = true
			all = append(all, u.Control)
		}
	}
	return all
}

// heard forgets the line of a client id, and reports whether it was one of ours.
func (t *talk) heard(client string) bool {
	if !strings.HasPrefix(client, t.prefix+"-") {
		return false
	}
	for i, u := range t.unheard {
		if u.Client == client {
			t.unheard = append(t.unheard[:i], t.unheard[i+1:]...)
			break
		}
	}
	return true
}

// lines is news as texts.
func (t *talk) lines(all []wire.ChatLine) (show []string) {
	for _, l := range t.news(all) {
		show = append(show, spoken(l))
	}
	return show
}

// news takes what was said and returns what the guest has not seen yet, cleaned.
func (t *talk) news(all []wire.ChatLine) (show []wire.ChatLine) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, l := range all {
		mine := l.Viewer == 0 && t.heard(l.Client) // the guest has typed it here
		if l.ID <= t.last {
			continue
		}
		t.last = l.ID
		if l.Text = wire.CleanChat(l.Text); !mine && l.Text != "" {
			l.Name = shortName(l.Name)
			show = append(show, l)
		}
	}
	return show
}

// spoken is a line for a terminal.
func spoken(l wire.ChatLine) string { return speaker(l) + strings.ReplaceAll(l.Text, "\n", "\n    ") }

// shortName is a name as it may be shown.
func shortName(name string) string {
	name = oneLine(name)
	for utf8.RuneCountInString(name) > 40 {
		_, n := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-n]
	}
	return name
}

// speaker begins a line for the guest.
func speaker(l wire.ChatLine) string {
	name := l.Name
	switch {
	case l.Viewer == 0:
		return "This computer said: "
	case name == "":
		name = "Somebody without a name"
	}
	if l.Waiting != 0 {
		return fmt.Sprintf("%s (not let in; answer by /tell %d TEXT) says: ", name, l.Waiting)
	}
	return name + " says: "
}

// unsaid forgets a line that was not stored and returns what to tell the guest.
func (t *talk) unsaid(c wire.Control) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.heard(c.Client) {
		return ""
	}
	why := map[string]string{
		wire.UnsaidFlood:  "that was too much at once; say it again in some seconds",
		wire.UnsaidFull:   "this session's chat is full",
		wire.UnsaidAbsent: "nobody with that number is here",
	}[c.Reason]
	if why == "" {
		why = "the broker could not store it; say it again"
	}
	return "Your line was not sent: " + why + "."
}

// sendChat sends what is due.
func (s *sharing) sendChat() error {
	if s.epoch == 0 {
		return nil // welcome comes first
	}
	for _, c := range s.p.talk.due() {
		if err := s.tell(c); err != nil {
			return err
		}
	}
	return nil
}

// chat takes a control message of the chat.
func (s *sharing) chat(c wire.Control) {
	switch c.Type {
	case wire.TypeChat:
		for _, l := range s.p.talk.news(c.Lines) {
			s.p.cfg.Observer.Heard(Heard{Own: l.Viewer == 0, Name: l.Name, Text: l.Text, Waiting: l.Waiting != 0})
			s.p.cfg.Say("%s", spoken(l))
		}
	case wire.TypeUnsaid:
		if text := s.p.talk.unsaid(c); text != "" {
			s.p.cfg.Say("%s", text)
		}
	}
}

// oneLine makes a text of the relay fit for one line of the guest's terminal.
func oneLine(text string) string {
	return strings.Join(strings.Fields(wire.CleanChat(text)), " ")
}
