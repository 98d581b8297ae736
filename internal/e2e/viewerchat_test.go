package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"

	"pindesk/internal/presenter"
)

// downloads lets the tab save files into a folder and returns it.
func (p *page) downloads() string {
	p.t.Helper()
	dir := p.t.TempDir()
	p.do(command(browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir}))
	return dir
}

// TestChatAcrossAReload: a technician who waits writes to the guest and is answered; lines that
// come while the chat is closed show as a badge, in the title and as a notice; after a reload all
// lines are there, the own ones are still own, and what was read stays read; the log can be saved.
func TestChatAcrossAReload(t *testing.T) {
	s := startSite(t, nil)
	pin, desk, g := s.newPIN(), newFakeDesktop(640, 400), newGuest()
	guest := s.present(pin, presenter.Config{Screen: desk, Input: desk, Guest: g, Consent: presenter.Ask, Name: "Ann"})
	v := startChromium(t, 1100, 800)
	dir := v.downloads()
	v.open(s.url + "/view#" + pin)
	g.wantQuestion(t.Fatal)
	v.wantState("waiting asking")
	lines := func() string {
		return v.text(`Array.from(document.querySelectorAll('.chat .line'), l => (l.dataset.mine ? 'me' : l.querySelector('.from .name').textContent) + ': ' +
			l.querySelector('.text').textContent + (l.dataset.unheard ? '?' : '')).join(' | ')`)
	}
	wantLines := func(want string) {
		t.Helper()
		got := ""
		eventually(t, "the chat says "+want, func() bool { got = lines(); return got == want || got == "" && want == "" })
	}
	unread := func() string {
		return v.text(`(document.querySelector('#chat-button .badge')?.textContent ?? '') + ' ' + (document.title.match(/^\(\d+\)/)?.[0] ?? '')`)
	}

	v.do(clicks("#chat-button"), chromedp.WaitVisible("#chat-field"))
	v.insert("is it you?")
	v.press("Enter", "Enter", "\r", 8) // with Shift: a line break
	v.insert("see <b>https://example.org/a.</b>")
	v.press("Enter", "Enter", "\r", 0)
	eventually(t, "the guest reads it", func() bool {
		return strings.Contains(s.log.String(), "says: is it you?\n    see <b>https://example.org/a.</b>\n")
	})
	guest.tell(t, "yes", 1)
	wantLines("me: is it you?\nsee <b>https://example.org/a.</b> | Ann (guest): yes")
	if got := v.text(`Array.from(document.querySelectorAll('.chat .text a'), a => a.href + ' ' + a.rel).join()`); got != "https://example.org/a noopener noreferrer nofollow" {
		t.Errorf("links: %q", got)
	}
	v.screenshot("waiting")
	v.do(clicks("#side-close"))

	g.answers <- true
	v.wantState("live")
	guest.tell(t, "do you see my screen?", 0)
	guest.tell(t, "hello?", 0)
	eventually(t, "two unread lines", func() bool { return unread() == "2 (2)" })
	if got := v.text(`document.querySelector('#notice-chat p').textContent`); got != "Ann (guest) says: hello?" {
		t.Errorf("the notice is %q", got)
	}
	v.screenshot("unread")
	v.open("about:blank")
	v.open(s.url + "/view#" + pin)
	v.wantState("live")
	eventually(t, "still unread after a reload", func() bool { return unread() == "2 (2)" })
	v.do(clicks("#notice-chat .act"), chromedp.WaitVisible("#chat-field"))
	wantLines("me: is it you?\nsee <b>https://example.org/a.</b> | Ann (guest): yes | Ann (guest): do you see my screen? | Ann (guest): hello?")
	if got := unread(); got != " " {
		t.Errorf("unread while the chat is open: %q", got)
	}

	// What is said while there is no broker is said when there is one again.
	s.stop()
	v.wantState("joining reconnecting")
	v.do(chromedp.Focus("#chat-field"))
	v.insert("yes I do")
	v.do(clicks("#chat-send"))
	eventually(t, "it waits", func() bool { return strings.HasSuffix(lines(), "| me: yes I do?") })
	v.screenshot("reconnecting")
	s.start()
	wantLines("me: is it you?\nsee <b>https://example.org/a.</b> | Ann (guest): yes | Ann (guest): do you see my screen? | Ann (guest): hello? | me: yes I do")
	v.screenshot("talk")
	v.do(clicks(`.chat .foot .plain`))
	text := savedFile(t, dir, ".txt")
	if n := strings.Count(text, "\n"); n != 6 || !strings.Contains(text, "[technician 1, not let in]: is it you?\n    see <b>") || !strings.Contains(text, "[guest] Ann: hello?\n") {
		t.Errorf("the saved log:\n%s", text)
	}
}
