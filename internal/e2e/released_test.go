package e2e

import (
	"bytes"
	"image"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"pindesk/internal/wire"
)

// presenters are what a release hands out to guests.
var presenters = []string{"presenter-windows-amd64.exe", "presenter-windows-arm64.exe", "presenter-linux-amd64", "presenter-linux-arm64"}

// oneRelease is for all tests that start something of it.
var oneRelease struct {
	once      sync.Once
	dir, cert string
}

// release makes a signed release for brokers on this computer, once, and returns its folder and the certificate.
func release(t *testing.T) (dir, cert string) {
	t.Helper()
	oneRelease.once.Do(func() {
		cert, key := signer(t)
		kept := filepath.Join(bin, "cert.pem")
		copyFile(t, cert, kept)
		mustScript(t, "../..", nil, "make", "-s", "tools/bin/go-winres", "tools/bin/cyclonedx-gomod")
		t.Log(mustScript(t, "../..", []string{"BROKERS=127.0.0.1:*", "SIGN_CERT=" + cert, "SIGN_KEY=" + key, "OUT=" + filepath.Join(bin, "release"),
			"TARGETS=presenter/windows/amd64 presenter/windows/arm64 presenter/linux/amd64 presenter/linux/arm64"}, "make/release.sh"))
		oneRelease.dir, oneRelease.cert = filepath.Join(bin, "release"), kept
	})
	if oneRelease.dir == "" {
		t.Fatal("the release was not made: see the first test that needed it")
	}
	return oneRelease.dir, oneRelease.cert
}

// TestReleasedSize: a guest waits for the download, on whatever line.
func TestReleasedSize(t *testing.T) {
	if os.Getenv("PINDESK_LONG") == "" {
		t.Skip("compiles for four systems; PINDESK_LONG=1 runs it")
	}
	dir, _ := release(t)
	for _, name := range presenters {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %.2f MB", name, float64(info.Size())/1e6)
		if info.Size() > 12e6 {
			t.Errorf("%s has %d bytes, more than 12 MB", name, info.Size())
		}
	}
}

// guestSystem is the computer of a guest who has downloaded the released program.
type guestSystem struct {
	person
	query       string                      // which program the broker is asked for
	home        string                      // what must be afterwards as it was before
	folder      string                      // where the browser saves, in home
	run         func(file string) *program  // as by a double click: no argument, no terminal
	allow, deny func(id string) image.Point // places in a question, once it listens
	stop        func(banner string) image.Point
	texts       func() string                      // what stands in all windows; nil where they cannot be asked
	editor      func(v *page) (read func() string) // one in front that the viewer types into
}

// save downloads the program of a session and returns its file, named as the broker says.
func (g *guestSystem) save(s *site, pin string) (file string) {
	g.d.t.Helper()
	name, body := s.download(pin, g.query)
	if !strings.HasPrefix(name, "PinDesk_"+pin+"_127.0.0.1+") {
		g.d.t.Fatalf("the file's name is %q", name)
	}
	if _, other := s.download(s.newPIN(), g.query); !bytes.Equal(body, other) {
		g.d.t.Error("two sessions get different bytes")
	}
	file = filepath.Join(g.folder, name)
	if err := os.WriteFile(file, body, 0o755); err != nil {
		g.d.t.Fatal(err)
	}
	return file
}

// files are the names of all that is in the guest's home.
func (g *guestSystem) files() (all []string) {
	g.d.t.Helper()
	err := filepath.WalkDir(g.home, func(path string, _ fs.DirEntry, err error) error {
		all = append(all, path)
		return err
	})
	if err != nil {
		g.d.t.Fatal(err)
	}
	return all
}

// gone holds that a program has ended, and that nothing of it is left: no process, no file but those of before.
func (g *guestSystem) gone(p *program, code int, word string, before []string) {
	t := g.d.t
	t.Helper()
	if got := p.wait(); got != code {
		t.Errorf("it ended with %d, want %d", got, code)
	}
	eventually(t, "no process is left", func() bool { return len(commandLines(t, word)) == 0 })
	for _, file := range g.files() {
		if !slices.Contains(before, file) {
			t.Errorf("%s is left behind", file)
		}
	}
}

// said waits until a window says something, where windows can be asked; keeps a picture of it; and closes it.
func (g *guestSystem) said(what, shot string) {
	g.d.t.Helper()
	id := g.window("^PinDesk$")
	if g.texts != nil {
		eventually(g.d.t, "a window says "+what, func() bool { return strings.Contains(g.texts(), what) })
	} else {
		g.button(id, primeButton) // only an end has one: nothing is to be entered
	}
	g.shot(shot)
	g.do("windowactivate", "--sync", id)
	g.do("key", "Escape")
}

// denies holds that Enter, Esc, closing and the space bar each say no to a viewer.
func (p person) denies(s *site, pin string, listens func(id string)) {
	t := p.d.t
	t.Helper()
	for _, c := range []struct{ name, key string }{{"Enter", "Return"}, {"Esc", "Escape"}, {"close", "alt+F4"}, {"Space", "space"}} {
		v := s.viewAs(c.name, pin, "")
		id := p.window("Somebody asks you")
		p.do("windowfocus", "--sync", id)
		listens(id)
		p.shot("question-" + c.name)
		p.do("key", c.key)
		eventually(t, c.name+" denies", v.wasRefused)
		if v.me().View {
			t.Errorf("%s allows", c.name)
		}
		v.close()
		p.noQuestion()
	}
}

func (p person) noQuestion() {
	p.d.t.Helper()
	eventually(p.d.t, "the question is gone", func() bool { return p.do("search", "--onlyvisible", "--name", "Somebody asks you") == "" })
}

func (v *goViewer) wasRefused() bool { v.mu.Lock(); defer v.mu.Unlock(); return len(v.refused) > 0 }

// releasedSession is a guest's whole session with the released program, from the download until nothing of it is left.
func releasedSession(t *testing.T, g *guestSystem) {
	t.Helper()
	dir, cert := release(t)
	b := startBroker(t, "", "--programs", dir)
	pin := b.newPIN()
	file := g.save(b.site, pin)
	if strings.HasSuffix(file, ".exe") {
		if out := mustScript(t, ".", nil, "osslsigncode", "verify", "-CAfile", cert, "-in", file); !strings.Contains(out, "Signature verification: ok") {
			t.Errorf("osslsigncode says:\n%s", out)
		}
	}
	before := g.files()
	prog := g.run(file)
	g.window("^PinDesk$")
	eventually(t, "it has joined", func() bool {
		_, a := b.call("GET", "/api/v1/session?session_pin="+pin, nil)
		return a["presenter_online"] == true
	})
	g.shot("joined")
	g.denies(b.site, pin, func(id string) { g.allow(id) })

	// Nobody who watches or controls can say yes, only the person.
	eve := b.viewAs("Eve", pin, "")
	g.click(g.allow(g.window("Somebody asks you")))
	eventually(t, "Eve sees", func() bool { return eve.me().View && eve.shows(g.d) })
	g.noQuestion()
	v := startChromium(t, 1400, 1000)
	v.open(b.url + "/view#" + pin)
	v.wantState("waiting")
	asked := func(ask func(), hostile func(at image.Point), wrong func() bool, yes bool) {
		t.Helper()
		ask()
		id := g.window("Somebody asks you")
		at := g.allow(id)
		hostile(at)
		never(t, "a viewer has pressed Allow", wrong)
		if g.area(id).Empty() {
			t.Fatal("a viewer has answered")
		}
		if !yes {
			at = g.deny(id)
		}
		g.click(at)
		g.noQuestion()
	}
	asked(func() {}, eve.press, func() bool { return !strings.HasPrefix(v.state(), "waiting") }, true)
	v.wantState("live  control=no")
	v.exact(g.d)
	asked(func() { v.do(clicks("#request")) }, func(at image.Point) { eve.press(at); v.click(at.X, at.Y) },
		func() bool { return strings.HasSuffix(v.state(), "control=yes") }, true)
	v.wantState("live  control=yes")
	asked(func() { eve.control(wire.Control{Type: wire.TypeAsk, Control: true}) }, func(at image.Point) { v.click(at.X, at.Y) },
		func() bool { return eve.me().Control }, false)
	eventually(t, "the person's no", eve.wasRefused)
	v.wantState("live  control=yes")
	g.shot("controlled")

	noise := g.d.noise(t)
	changes := func() {
		t.Helper()
		for n, colour := range []uint32{0xcc3344, 0x2255ee, 0x11aa77} {
			g.d.fill(100+50*n, 420, 300, 150, colour)
			noise(64, 48)
			v.exact(g.d)
		}
	}
	changes()

	const text = "äß€я漢😀"
	read := g.editor(v)
	v.typeText("äß€я")
	v.insert("漢😀") // as an input method does
	eventually(t, "what was typed has come", func() bool { return read() == text })
	v.exact(g.d)
	v.screenshot("released-typed")

	b.prog.signal(killSignal)
	b.prog.wait()
	v.wantState("joining reconnecting")
	g.shot("reconnecting")
	b.run()
	v.wantState("live  control=yes")
	changes()

	banner := g.window("this screen is shared")
	g.click(g.stop(banner))
	v.wantState("waiting presenter-left")
	eventually(t, "the banner is gone", func() bool { return g.do("search", "--onlyvisible", "--name", "this screen is shared") == "" })
	g.said("", "over")
	g.gone(prog, 0, pin, before)

	// The same file once more, when its session has ended; and one that somebody else has given a name.
	b.call("DELETE", "/api/v1/session?session_pin="+pin, nil)
	prog = g.run(file)
	g.said("ended", "ended")
	g.gone(prog, 0, pin, before)

	foreign := filepath.Join(g.folder, "PinDesk_"+pin+"_support.evil.example"+filepath.Ext(file))
	if err := os.Rename(file, foreign); err != nil {
		t.Fatal(err)
	}
	before = g.files()
	joins := strings.Count(b.prog.out.String(), `"route":"/api/v1/join"`)
	prog = g.run(foreign)
	g.said("does not connect there", "foreign")
	g.gone(prog, 0, pin, before)
	if n := strings.Count(b.prog.out.String(), `"route":"/api/v1/join"`); n != joins {
		t.Errorf("%d calls to join", n-joins)
	}
}

// TestReleasedForLinux is the released program with its window on X11.
func TestReleasedForLinux(t *testing.T) {
	if os.Getenv("PINDESK_LONG") == "" {
		t.Skip("compiles for four systems; PINDESK_LONG=1 runs it")
	}
	d := startDesktop(t, "1024x768")
	d.managed()
	home := t.TempDir()
	p := person{d}
	releasedSession(t, &guestSystem{person: p, query: "&os=linux&arch=amd64", home: home, folder: home,
		run:   func(file string) *program { return run(t, append(d.env(), "HOME="+home, "TMPDIR="+home), file) },
		allow: p.allow, deny: func(id string) image.Point { return p.button(id, primeButton) },
		stop: func(banner string) image.Point { return p.button(banner, stopButton) },
		editor: func(v *page) func() string {
			typed := d.typewriter()
			at := p.area(p.window("^typed$")).Min.Add(image.Pt(40, 40))
			v.click(at.X, at.Y)
			return func() string { v.state(); return typed() }
		}})
}

// TestReleasedForWindows is the released, signed program under wine.
func TestReleasedForWindows(t *testing.T) {
	if os.Getenv("PINDESK_LONG") == "" {
		t.Skip("makes a Windows under wine and compiles for four systems; PINDESK_LONG=1 runs it")
	}
	w := bootWine(t)
	g := w.guest()
	g.editor = func(v *page) func() string {
		w.start(t, "notepad")
		at := g.area(g.window("Notepad")).Min.Add(image.Pt(60, 60))
		v.click(at.X, at.Y)
		return func() string {
			shortcut(v, "KeyA", "a")
			shortcut(v, "KeyC", "c")
			cmd := exec.Command("timeout", "5", "xclip", "-o", "-selection", "clipboard")
			cmd.Env = append(os.Environ(), w.xdesktop.env()...)
			out, _ := cmd.Output() // none if nothing is there yet
			return string(out)
		}
	}
	releasedSession(t, g)
}
