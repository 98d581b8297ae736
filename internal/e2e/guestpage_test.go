package e2e

import (
	"strings"
	"testing"
	"time"

	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// wantHelp waits until the guest's page is in a state, "STATE DETAIL".
func (p *page) wantHelp(want string) {
	p.t.Helper()
	p.until("the guest's page is "+want, "(document.documentElement.dataset.state + ' ' + document.documentElement.dataset.detail).startsWith('"+want+"')")
}

// leaves says yes to "leave this page?", which a page that shares asks.
func (p *page) leaves() {
	p.t.Helper()
	asks := make(chan struct{}, 1)
	if err := chromedp.Listen(p.ctx, func(event any) {
		if _, ok := event.(*cdppage.EventJavascriptDialogOpening); ok {
			asks <- struct{}{}
		}
	}); err != nil {
		p.t.Fatal(err)
	}
	go func() {
		select {
		case <-asks:
			p.do(command(cdppage.HandleJavaScriptDialog, cdppage.HandleJavaScriptDialogParams{Accept: true}))
		case <-p.ctx.Done():
		}
	}()
}

// TestGuestShares goes the guest's whole way in a browser with windows: the link, the share, the
// question, the talk, a reload, the stop, and what is left to keep.
func TestGuestShares(t *testing.T) {
	b := startBroker(t, "")
	d := startDesktop(t, "1024x768")
	d.fill(0, 0, 1024, 768, 0x336699)
	pin := b.newPIN()
	v := startChromium(t, 1200, 900)
	v.open(b.url + "/view#" + pin)
	v.wantState("waiting no-presenter")
	g := startHeadful(t, d, "Entire screen")
	g.leaves()
	g.open(b.url + "/#" + pin) // the guest_url
	g.wantHelp("start")
	g.until("the page says who waits", "document.querySelector('#pin').textContent === '"+pin+"' && document.querySelector('.pin-card [role=status]').textContent.includes('One person')")
	g.screenshot("start")
	g.do(chromedp.SendKeys("#name", "Anna"), chromedp.Click("#share"))
	g.wantHelp("sharing asked")
	v.wantState("waiting asking")

	// The focus is on No, and what comes at once counts for nothing.
	if on := g.text("document.activeElement.id"); on != "deny" {
		t.Errorf("the focus is on %q", on)
	}
	g.screenshot("asked")
	g.until("answers count", "!document.querySelector('#allow').ariaDisabled")
	g.do(chromedp.Click("#allow"))
	g.wantHelp("sharing watched")
	v.wantState("live")
	g.until("the title says so", "document.title.startsWith('●') && document.querySelector('link[rel=icon]').href.includes('sharing.svg')")
	v.exactly(g, 20*time.Second)
	g.screenshot("watched")

	v.do(chromedp.Click("#chat-button"))
	v.insert("Hello Anna")
	v.press("Enter", "Enter", "\r", 0)
	g.until("the line has come", "document.querySelector('.line .text')?.textContent === 'Hello Anna'")
	g.do(chromedp.SendKeys("#chat-field", "Hi there"), chromedp.Click("#chat-send"))
	v.until("the answer has come", "[...document.querySelectorAll('.line .text')].some((l) => l.textContent === 'Hi there')")

	g.do(chromedp.Reload())
	g.wantHelp("start again")
	v.wantState("waiting presenter-")
	g.screenshot("again")
	g.do(chromedp.Click("#share"))
	g.wantHelp("sharing watched") // nobody is asked again
	v.wantState("live")
	v.exactly(g, 20*time.Second)

	g.do(chromedp.Click("#stop"))
	g.wantHelp("ended stopped")
	v.wantState("waiting presenter-left")
	g.screenshot("ended")
	if done := g.text("document.querySelector('dl').textContent"); strings.Count(done, "Viewer 1") != 2 || !strings.Contains(done, "2 messages") {
		t.Errorf("what was done: %s", done)
	}
	// Who shares again is asked again.
	g.do(chromedp.Click("#share"))
	g.wantHelp("sharing asked")
	g.until("answers count", "!document.querySelector('#deny').ariaDisabled")
	g.do(chromedp.Click("#deny"))
	v.wantState("waiting denied")
	b.call("DELETE", "/api/v1/session?session_pin="+pin, nil)
	g.wantHelp("ended ended")
}
