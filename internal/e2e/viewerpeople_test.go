package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"pindesk/internal/presenter"
	"pindesk/internal/wire"
)

// people reads the tab People: what stands at each viewer.
func (p *page) people() string {
	p.t.Helper()
	return p.text(`Array.from(document.querySelectorAll('.person[data-viewer]'), (li) => li.querySelector('.name').textContent.trim() + ': ' +
		li.querySelector('.does').textContent.trim() + Array.from(li.querySelectorAll('button'), (b) => ' [' + b.textContent + ']').join('')).join(' | ')`)
}

func (p *page) wantPeople(want string) {
	p.t.Helper()
	got := ""
	deadline := time.Now().Add(waitLimit)
	for got = p.people(); got != want; got = p.people() {
		if time.Now().After(deadline) {
			p.screenshot("wrong-people")
			p.t.Fatalf("the people are %q, want %q", got, want)
		}
	}
}

func (p *page) wantNotice(want string) {
	p.t.Helper()
	eventually(p.t, "the notice "+want, func() bool {
		return p.text(`document.getElementById('notices').textContent`) != "" && strings.Contains(p.text(`document.getElementById('notices').textContent`), want)
	})
}

// TestHandOver: control goes from one technician to another, with the guest's yes, and back
// without one; the guest takes it back, and ends a view; everybody sees what happened. Then one
// takes a name, which the guest is asked about; and the ended page says what was.
func TestHandOver(t *testing.T) {
	s := startSite(t, nil)
	pin, desk, g := s.newPIN(), newFakeDesktop(640, 400), newGuest()
	guest := s.present(pin, presenter.Config{Screen: desk, Input: desk, Guest: g, Consent: presenter.Ask, Name: "Ann"})
	yes := func() presenter.Question {
		t.Helper()
		q := g.wantQuestion(t.Fatal)
		g.answers <- true
		return q
	}
	v := startChromium(t, 1100, 800)
	v.open(s.url + "/view#" + pin)
	yes()
	v.wantState("live")
	v.do(clicks("#request"))
	yes()
	v.wantState("live  control=yes")
	w := newTab(v.ctx, t)
	w.open(s.url + "/view#" + pin)
	yes()
	w.wantState("live  control=no")
	for _, p := range []*page{v, w} {
		p.do(clicks("#people-button"), chromedp.WaitVisible(".people"))
	}
	v.wantPeople("Viewer 1 (you): Controls [Give control back] | Viewer 2: Watches [Hand over]")
	w.wantPeople("Viewer 2 (you): Watches [Ask for control] | Viewer 1: Controls")

	v.do(clicks(`.person[data-viewer="2"] button`))
	if q := yes(); !q.Hand {
		t.Errorf("the guest was asked %+v", q)
	}
	w.wantState("live  control=yes")
	w.wantNotice("Viewer 1 has handed control to you")
	v.wantState("live  control=no")
	v.wantNotice("You have handed control to Viewer 2")
	v.wantPeople("Viewer 1 (you): Watches, may control [Take control] | Viewer 2: Controls")
	v.screenshot("handed")

	v.do(clicks("#request")) // says "Take control": the guest has allowed it before
	v.wantState("live  control=yes")
	w.wantNotice("Viewer 1 has taken control")
	w.screenshot("taken")
	never(t, "the guest is asked again", func() bool { return len(g.asked) > 0 })

	if err := guest.TakeControl(); err != nil {
		t.Fatal(err)
	}
	v.wantNotice("The other person has taken control back")
	v.wantState("live  control=no")
	if err := guest.EndView(2); err != nil {
		t.Fatal(err)
	}
	w.wantState("waiting revoked")
	w.screenshot("revoked")
	w.do(clicks(`[data-action="again"]`))
	yes()
	w.wantState("live")

	// Another name is another person for the guest.
	w.do(chromedp.WaitVisible("#own-name"), chromedp.SetValue("#own-name", "Eve"), clicks(`.own-name [type="submit"]`))
	if q := yes(); q.Name != "Eve" {
		t.Errorf("the guest was asked about %q", q.Name)
	}
	w.wantState("live")
	v.wantPeople("Viewer 1 (you): Watches [Ask for control] | Eve: Watches")
	v.screenshot("named")

	guest.tell(t, "goodbye", 0)
	eventually(t, "the goodbye", func() bool { return v.text(`document.querySelector('#chat-button .badge')?.textContent`) == "1" })
	s.call("DELETE", "/api/v1/session?session_pin="+pin, nil)
	v.wantState("ended ended")
	said := v.text(`document.getElementById('card').textContent`)
	for _, want := range []string{"The session has ended", "closed for everybody", "You were here for", "New session", "Save the chat"} {
		if !strings.Contains(said, want) {
			t.Errorf("the ended page lacks %q: %s", want, said)
		}
	}
	v.screenshot("ended")
}

// TestOrganisationIsTold: whoever joins a session that was made with an API key is told whose it
// is: the technician on the page, the guest in the terminal.
func TestOrganisationIsTold(t *testing.T) {
	s := startSite(t, nil)
	req, _ := http.NewRequest("GET", s.url+"/api/v1/session_pin", nil)
	req.Header.Set("Authorization", "Bearer "+newKey(t, s, "Help & Söhne"))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var made struct {
		PIN string `json:"session_pin"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&made); err != nil || made.PIN == "" {
		t.Fatalf("session_pin: %d %v", resp.StatusCode, err)
	}
	desk := newFakeDesktop(320, 200)
	s.present(made.PIN, presenter.Config{Screen: desk, Input: desk, Consent: presenter.ControlFree})
	eventually(t, "the guest is told", func() bool {
		return strings.Contains(s.log.String(), "presenter: This session was made by Help & Söhne, whom the operator of ")
	})
	for pin, want := range map[string]string{made.PIN: "Help & Söhne", s.newPIN(): ""} {
		ws, err := s.open(pin, "viewer", "")
		if err != nil {
			t.Fatal(err)
		}
		_, msg, err := ws.ReadMessage()
		ws.Close()
		if err != nil {
			t.Fatal(err)
		}
		if welcome, err := wire.ParseControl(msg[wire.HeaderSize:]); err != nil || welcome.Type != wire.TypeWelcome || welcome.Organisation != want {
			t.Errorf("the first message is %+v (%v), want a welcome to a session of %q", welcome, err, want)
		}
	}
}

// TestKeyboardStays: a pause of the connection takes nobody out of a field, whose rest would else
// be typed on the remote screen; and when what has the keyboard goes, the remote screen gets it.
func TestKeyboardStays(t *testing.T) {
	s := startSite(t, nil)
	pin, desk := s.newPIN(), newFakeDesktop(640, 400)
	s.present(pin, presenter.Config{Screen: desk, Input: desk, Consent: presenter.ControlFree})
	v := startChromium(t, 1100, 800)
	v.open(s.url + "/view#" + pin)
	v.wantState("live  control=yes")
	wantFocus := func(when, want string) {
		t.Helper()
		got := ""
		eventually(t, when+": the keyboard is at "+want, func() bool {
			got = v.text(`document.activeElement.id || document.activeElement.tagName`)
			return got == want
		})
	}
	for _, c := range []struct{ tab, field string }{{"people-button", "own-name"}, {"chat-button", "chat-field"}} {
		v.clickByScript(c.tab)
		v.do(chromedp.Focus("#" + c.field))
		s.stop()
		v.wantState("joining reconnecting")
		// No Fatal between these two: a broker that is stopped cannot be stopped by the clean-up.
		if got := v.text(`document.activeElement.id`); got != c.field {
			t.Errorf("without a connection the keyboard is at %q, not at %s", got, c.field)
		}
		s.start()
		v.wantState("live  control=yes")
		wantFocus("with a connection again", c.field)
	}
	v.clickByScript("side-close")
	wantFocus("the side panel is closed", "keys")

	v.clickByScript("keys-button")
	v.do(chromedp.WaitVisible(".menu"))
	v.clickByScript("request") // gives control back, by which the menu's button goes
	v.wantState("live  control=no")
	if eval[bool](v, `document.querySelector('.menu') !== null`) {
		t.Error("a menu without its button")
	}
}
