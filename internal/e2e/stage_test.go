package e2e

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/jezek/xgb/xproto"

	"pindesk/internal/broker"
	"pindesk/internal/platform"
	"pindesk/internal/platform/xvfb"
	"pindesk/internal/presenter"
	"pindesk/internal/smtp"
	"pindesk/internal/smtp/smtptest"
	"pindesk/internal/transfer"
	"pindesk/internal/wire"
)

// stage is what every scene is played on: a broker, a desktop as people have them, a browser.
type stage struct {
	t       *testing.T
	site    *site
	front   *gate // the broker's public address
	desk    *xdesktop
	browser *page
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, front: newGate(t)}
	own := func() string { return s.site.url }
	hosts := map[string]string{"eu-central-1": regionAt(t, own, 20*time.Millisecond), "us-east-1": regionAt(t, own, 100*time.Millisecond)}
	mails := (&smtptest.Catcher{}).Start(t, "plain")
	listen := "127.0.0.1:" + freePort(t)
	s.site = startSite(t, func(c *broker.Config) {
		c.Listen, c.PublicURL, c.Region, c.RegionHosts = listen, s.front.url, "eu-central-1", hosts
		c.Mail.SMTP = smtp.Config{URL: "smtp+plain://" + mails.Addr, From: "PinDesk <help@example.com>"}
	})
	s.site.url = "http://" + listen
	s.front.answer("/resources/latency_hosts.json", func(w http.ResponseWriter, _ *http.Request) { // one broker has one region
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(hosts)
	})
	s.front.through(s.site.url, s.front.url)
	s.desk, s.browser = believable(t), startChromium(t, 1440, 900)
	return s
}

// act is one scene while it is played: a session, a way to the broker, and a page of a browser
// profile of its own.
type act struct {
	t     *testing.T
	stage *stage
	v     *page
	pin   string
	desk  *xdesktop
	gate  *gate // between the page and the broker
	guest *guest
	edit  func(*presenter.Config) // what a presenter differs in; nil: nothing
}

// begin prepares a scene for pages in a language.
func (s *stage) begin(t *testing.T, language string) *act {
	t.Helper()
	a := &act{t: t, stage: s, pin: s.site.newPIN(), desk: s.desk, gate: newGate(t), guest: newGuest()}
	a.gate.through(s.site.url, s.front.url)
	a.v = s.browser.profile(t)
	agent := a.v.text("navigator.userAgent")
	a.v.do(command(emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: agent, AcceptLanguage: language}))
	return a
}

// open shows a page at the broker's public address.
func (a *act) open(path string) { a.t.Helper(); a.v.open(a.stage.front.url + path) }

// view opens the viewer, through the act's own gate.
func (a *act) view() { a.t.Helper(); a.v.open(a.gate.url + "/view#" + a.pin) }

// share shares the desktop; straight to the broker, unless way says else.
func (a *act) share(name string, consent presenter.Consent, way ...*gate) *sharing {
	a.t.Helper()
	capture, inject, err := platform.Open(context.Background(), platform.Config{Display: a.desk.display, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() { capture.Close(); inject.Close() })
	to := *a.stage.site
	to.t = a.t
	if len(way) > 0 {
		to.url = way[0].url
	}
	c := presenter.Config{Name: name, Screen: capture, Input: inject, Guest: a.guest, Consent: consent,
		Files: transfer.Config{Policy: transfer.Both, Folder: transfer.Dir(a.t.TempDir())}}
	if a.edit != nil {
		a.edit(&c)
	}
	return to.present(a.pin, c)
}

// finds has the presenter say what one on Windows would; somebody there says no to Windows' own question.
func (a *act) finds(condition wire.Condition) {
	conditions := make(chan wire.Condition, 1)
	conditions <- condition
	a.edit = func(c *presenter.Config) {
		c.Conditions, c.Privileges = conditions, wire.PrivilegesUser
		c.Elevate = func(context.Context, func() presenter.Succession) error { return presenter.ErrDeclined }
	}
}

// live shows the desktop, with control if consent is presenter.ControlFree.
func (a *act) live(consent presenter.Consent) *sharing {
	a.t.Helper()
	s := a.share("Anna's laptop", consent)
	a.view()
	a.v.wantState("live")
	a.shown()
	return s
}

// shown waits until the desktop's picture is sharp on the page.
func (a *act) shown() {
	a.t.Helper()
	a.v.exact(a.desk)
}

// answer waits for a question to the guest and answers it.
func (a *act) answer(yes bool) {
	a.t.Helper()
	a.guest.wantQuestion(a.t.Fatal)
	a.guest.answers <- yes
}

// click clicks on what a CSS selector names, when it is there.
func (a *act) click(selector string) {
	a.t.Helper()
	a.v.do(clicks(selector))
}

// believable is a desktop with a window manager, a letter and a terminal on it. It does not
// change by itself, so that pictures of it can be compared.
func believable(t *testing.T) *xdesktop {
	t.Helper()
	d := startDesktop(t, "1600x900")
	dir := t.TempDir()
	for name, text := range map[string]string{"letter.txt": letter, "log.txt": diagnosis} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d.managed()
	d.wallpaper()
	window := func(title, geometry, file, ink, paper string) {
		run(t, d.env(), "xterm", "-u8", "-T", title, "-geometry", geometry, "-fa", "DejaVu Sans Mono", "-fs", "12", "-fg", ink, "-bg", paper,
			"-b", "14", "-uc", "-xrm", "*cursorBlink: false", "-e", "cat "+dir+"/"+file+"; : > "+dir+"/"+file+".shown; exec cat")
		eventually(t, title, func() bool { _, err := os.Stat(dir + "/" + file + ".shown"); return err == nil })
	}
	window("Letter to the landlord.txt", "72x30+60+50", "letter.txt", "#1d2330", "#fbfaf6")
	window("Terminal", "82x22+690+390", "log.txt", "#dfe7f1", "#10151c")
	return d
}

// twoMonitors is a believable desktop that is spread over two monitors.
func twoMonitors(t *testing.T) *xdesktop {
	t.Helper()
	d := believable(t)
	for name, place := range map[string]string{"eDP-1": "1000x900+0+0", "HDMI-1": "600x900+1000+0"} {
		if err := xvfb.SetMonitor(d.display, name, place); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// wallpaper gives the root window a quiet gradient.
func (d *xdesktop) wallpaper() {
	d.t.Helper()
	const steps = 60
	w, h, _ := d.pixels()
	pixmap, err := xproto.NewPixmapId(d.c)
	if err != nil {
		d.t.Fatal(err)
	}
	gc, err := xproto.NewGcontextId(d.c)
	if err != nil {
		d.t.Fatal(err)
	}
	xproto.CreatePixmap(d.c, xproto.Setup(d.c).DefaultScreen(d.c).RootDepth, pixmap, xproto.Drawable(d.root), uint16(w), uint16(h))
	xproto.CreateGC(d.c, gc, xproto.Drawable(pixmap), 0, nil)
	for i := range steps {
		mix := func(a, b int) uint32 { return uint32(a + (b-a)*i/steps) }
		xproto.ChangeGC(d.c, gc, xproto.GcForeground, []uint32{mix(0x2b, 0x6b)<<16 | mix(0x4a, 0x8f)<<8 | mix(0x7d, 0xa8)})
		xproto.PolyFillRectangle(d.c, xproto.Drawable(pixmap), gc, []xproto.Rectangle{{Y: int16(i * h / steps), Width: uint16(w), Height: uint16(h/steps + 1)}})
	}
	xproto.ChangeWindowAttributes(d.c, d.root, xproto.CwBackPixmap, []uint32{uint32(pixmap)})
	if err := xproto.ClearAreaChecked(d.c, false, d.root, 0, 0, 0, 0).Check(); err != nil {
		d.t.Fatal(err)
	}
}

const letter = `
  Anna Bergmann
  Lindenstraße 14
  20099 Hamburg                                      14 October


  Subject: heating in flat 3b


  Dear Mr Okafor,

  since Monday the radiators in the living room stay cold. I have
  bled them twice, as you suggested on the telephone:

     room            set to      measured     since
     living room     21 °C       16.5 °C      Monday
     kitchen         20 °C       17.0 °C      Monday
     bedroom         18 °C       17.5 °C      Wednesday

  Could somebody have a look at it this week? I am at home on
  Thursday from 2 pm, and on Friday all day.

  Kind regards,

  Anna Bergmann

`

const diagnosis = `anna@laptop:~$ nmcli -t -f NAME,DEVICE,STATE connection show --active
Home 5 GHz:wlp2s0:activated
anna@laptop:~$ ping -c 3 printer.local
PING printer.local (192.168.178.31) 56(84) bytes of data.
64 bytes from 192.168.178.31: icmp_seq=1 ttl=64 time=3.21 ms
64 bytes from 192.168.178.31: icmp_seq=2 ttl=64 time=2.98 ms
64 bytes from 192.168.178.31: icmp_seq=3 ttl=64 time=3.05 ms

--- printer.local ping statistics ---
3 packets transmitted, 3 received, 0% packet loss, time 2003ms
anna@laptop:~$ lpstat -p
printer Office is idle.  enabled since Tue 14 Oct 2025 09:12:44
printer Label  disabled since Mon 13 Oct 2025 17:40:02 -
        Paused
anna@laptop:~$ cupsenable Label
anna@laptop:~$ `
