//go:build linux

package x11

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"

	"pindesk/internal/platform/desktop"
	"pindesk/internal/platform/xvfb"
)

const clipLimit = 256 << 10

func testClipboard(t testing.TB, display string) *Clipboard {
	t.Helper()
	b, err := OpenClipboard(context.Background(), display, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// xclip runs the program of that name to its end.
func xclip(t testing.TB, display string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, mustFind(t, "xclip"), append([]string{"-display", display, "-selection", "clipboard", "-o"}, args...)...).Output()
	return string(out), err
}

// copies has xclip own the selection until the test or the result ends it.
func copies(t testing.TB, display, text string, args ...string) (end func()) {
	t.Helper()
	cmd := exec.Command(mustFind(t, "xclip"), append([]string{"-display", display, "-selection", "clipboard", "-i", "-quiet"}, args...)...)
	cmd.Stdin = strings.NewReader(text)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	end = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	t.Cleanup(end)
	return end
}

func mustFind(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is missing: install it", name)
	}
	return path
}

// awaitCopies waits until other programs have put something there n times.
func awaitCopies(t testing.TB, b *Clipboard, n uint64) {
	t.Helper()
	until(t, fmt.Sprintf("%d copies", n), func() bool {
		got, err := b.Copies(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return got == n
	})
}

// texts are what goes both ways with real programs.
func texts() map[string]string {
	unicode := "tab\tline\nemoji 👩‍💻, right to left שלום مرحبا, marks e\u0301, 中文\n"
	return map[string]string{
		"short":                    "x",
		"unicode":                  unicode,
		"200 kB":                   strings.Repeat(unicode, 200<<10/len(unicode)),
		"a piece":                  strings.Repeat("p", pieceBytes),
		"a byte more than a piece": strings.Repeat("q", pieceBytes+1),
		"the limit":                strings.Repeat("l", clipLimit),
	}
}

func TestClipboardOfRealPrograms(t *testing.T) {
	display := xvfb.Start(t, "640x480")
	b := testClipboard(t, display)
	n := uint64(0)
	for name, text := range texts() {
		t.Run(name, func(t *testing.T) {
			end := copies(t, display, text)
			defer end()
			n++
			awaitCopies(t, b, n)
			select {
			case <-b.Changed():
			default:
				t.Error("no news of the copy")
			}
			got, fits, err := b.Read(context.Background(), clipLimit)
			if err != nil || got != text || !fits {
				t.Fatalf("read %d bytes, %v, %v; want %d", len(got), fits, err, len(text))
			}
			if got, fits, err := b.Read(context.Background(), len(text)-1); got != "" || fits || err != nil {
				t.Errorf("with a limit one byte too small: %d bytes, %v, %v", len(got), fits, err)
			}
			if err := b.Write(text); err != nil {
				t.Fatal(err)
			}
			if got, err := xclip(t, display); err != nil || got != text {
				t.Errorf("xclip pasted %d bytes, %v; want %d", len(got), err, len(text))
			}
			if got, _, err := b.Read(context.Background(), clipLimit); err != nil || got != "" {
				t.Errorf("our own text is read as another program's: %d bytes, %v", len(got), err)
			}
			if m, err := b.Copies(context.Background()); err != nil || m != n || len(b.changed) > 0 {
				t.Errorf("%d copies (%v) after a Write, want %d; news: %d", m, err, n, len(b.changed))
			}
		})
	}
}

func TestClipboardFormats(t *testing.T) {
	display := xvfb.Start(t, "640x480")
	b := testClipboard(t, display)
	if err := b.Write("grün 😀"); err != nil {
		t.Fatal(err)
	}
	for format, want := range map[string]string{
		"UTF8_STRING": "grün 😀", "text/plain;charset=utf-8": "grün 😀", "text/plain": "grün 😀", "TEXT": "grün 😀",
		"STRING": "gr\xfcn ?",
	} {
		if got, err := xclip(t, display, "-t", format); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", format, got, err, want)
		}
	}
	if got, err := xclip(t, display, "-t", "TARGETS"); err != nil || !slices.Contains(strings.Fields(got), "UTF8_STRING") || !strings.Contains(got, "TIMESTAMP") {
		t.Errorf("TARGETS: %q, %v", got, err)
	}
	if _, err := xclip(t, display, "-t", "image/png"); err == nil {
		t.Error("the text can be pasted as a picture")
	}
	// Taking it away works once, and never takes another program's.
	if err := b.Write(""); err != nil {
		t.Fatal(err)
	}
	if got, err := xclip(t, display); err == nil && got != "" {
		t.Errorf("after taking it away xclip still pastes %q", got)
	}
	b.Write("ours")
	copies(t, display, "another program's")
	awaitCopies(t, b, 1)
	if err := b.Write(""); err != nil {
		t.Fatal(err)
	}
	if got, err := xclip(t, display); err != nil || got != "another program's" {
		t.Errorf("xclip pastes %q, %v", got, err)
	}
}

// xterm sets the clipboard by an escape sequence, and is asked as any program is.
func TestClipboardOfXterm(t *testing.T) {
	display := xvfb.Start(t, "640x480")
	b := testClipboard(t, display)
	const text = "from xterm: ü 😀"
	script := fmt.Sprintf(`printf '\033]52;c;%s\007'; sleep 60`, base64.StdEncoding.EncodeToString([]byte(text)))
	cmd := exec.Command(mustFind(t, "xterm"), "-display", display, "-u8", "-xrm", "*allowWindowOps: true", "-e", "sh", "-c", script)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	awaitCopies(t, b, 1)
	if got, _, err := b.Read(context.Background(), clipLimit); err != nil || got != text {
		t.Errorf("read %q, %v", got, err)
	}
}

// owner is a program that owns the clipboard and answers as the test wants.
type owner struct {
	*program
	window xproto.Window
	atoms  map[string]xproto.Atom
}

// newOwner takes the clipboard and calls answer for each request, and piece whenever a property of
// who asked was deleted.
func newOwner(t testing.TB, display string, answer func(o *owner, e xproto.SelectionRequestEvent), piece func(o *owner, e xproto.PropertyNotifyEvent)) *owner {
	t.Helper()
	o := &owner{program: newProgram(t, display), atoms: map[string]xproto.Atom{}}
	for _, name := range []string{"CLIPBOARD", "TARGETS", "UTF8_STRING", "INCR", "x-kde-passwordManagerHint", "image/png"} {
		reply, err := xproto.InternAtom(o.x, false, uint16(len(name)), name).Reply()
		if err != nil {
			t.Fatal(err)
		}
		o.atoms[name] = reply.Atom
	}
	o.window, _ = xproto.NewWindowId(o.x)
	xproto.CreateWindow(o.x, 0, o.window, o.root, 0, 0, 1, 1, 0, xproto.WindowClassInputOnly, 0, 0, nil)
	if err := xproto.SetSelectionOwnerChecked(o.x, o.window, o.atoms["CLIPBOARD"], 0).Check(); err != nil {
		t.Fatal(err)
	}
	go func() { // ends with the program's connection
		for {
			event, xerr := o.x.WaitForEvent()
			switch e := event.(type) {
			case xproto.SelectionRequestEvent:
				answer(o, e)
			case xproto.PropertyNotifyEvent:
				if piece != nil && e.State == xproto.PropertyDelete {
					piece(o, e)
				}
			case nil:
				if xerr == nil {
					return
				}
			}
		}
	}()
	return o
}

// put answers with a property; kind "" refuses.
func (o *owner) put(e xproto.SelectionRequestEvent, kind string, format byte, data []byte) {
	if kind == "" {
		e.Property = xproto.AtomNone
	} else {
		atom, ok := o.atoms[kind]
		if !ok {
			atom = xproto.AtomString
		}
		xproto.ChangeProperty(o.x, xproto.PropModeReplace, e.Requestor, e.Property, atom, format, uint32(len(data)*8/int(format)), data)
	}
	o.notify(e)
}

func (o *owner) notify(e xproto.SelectionRequestEvent) {
	xproto.SendEvent(o.x, false, e.Requestor, 0, string(xproto.SelectionNotifyEvent{Time: e.Time, Requestor: e.Requestor,
		Selection: e.Selection, Target: e.Target, Property: e.Property}.Bytes()))
}

// has makes the answer to TARGETS.
func (o *owner) has(e xproto.SelectionRequestEvent, names ...string) {
	data := make([]byte, 4*len(names))
	for i, name := range names {
		atom, ok := o.atoms[name]
		if !ok {
			atom = xproto.AtomString
		}
		xgb.Put32(data[4*i:], uint32(atom))
	}
	o.put(e, "TARGETS", 32, data)
}

func TestClipboardOfHostileOwners(t *testing.T) {
	endless := func(o *owner, e xproto.PropertyNotifyEvent) {
		xproto.ChangeProperty(o.x, xproto.PropModeReplace, e.Window, e.Atom, o.atoms["UTF8_STRING"], 8, 4096, make([]byte, 4096))
	}
	begin := func(o *owner, e xproto.SelectionRequestEvent) {
		xproto.ChangeWindowAttributes(o.x, e.Requestor, xproto.CwEventMask, []uint32{xproto.EventMaskPropertyChange})
		o.put(e, "INCR", 32, []byte{0xff, 0xff, 0xff, 0x7f})
	}
	late := context.DeadlineExceeded
	for name, c := range map[string]struct {
		answer func(o *owner, e xproto.SelectionRequestEvent)
		piece  func(o *owner, e xproto.PropertyNotifyEvent)
		text   string
		long   bool
		err    error
	}{
		"never answers":      {answer: func(*owner, xproto.SelectionRequestEvent) {}, err: late},
		"refuses all":        {answer: func(o *owner, e xproto.SelectionRequestEvent) { o.put(e, "", 8, nil) }},
		"has only a picture": {answer: func(o *owner, e xproto.SelectionRequestEvent) { o.has(e, "image/png") }},
		"has a secret": {answer: func(o *owner, e xproto.SelectionRequestEvent) {
			if e.Target == o.atoms["TARGETS"] {
				o.has(e, "UTF8_STRING", "x-kde-passwordManagerHint")
			} else {
				o.put(e, "UTF8_STRING", 8, []byte("hunter2"))
			}
		}},
		"old, without TARGETS": {answer: func(o *owner, e xproto.SelectionRequestEvent) {
			if e.Target == xproto.AtomString {
				o.put(e, "STRING", 8, []byte("gr\xfcn"))
			} else {
				o.put(e, "", 8, nil)
			}
		}, text: "grün"},
		"pieces without end": {answer: func(o *owner, e xproto.SelectionRequestEvent) {
			if e.Target == o.atoms["TARGETS"] {
				o.has(e, "UTF8_STRING")
			} else {
				begin(o, e)
			}
		}, piece: endless, long: true},
		"formats without end":     {answer: begin, piece: endless, long: true},
		"pieces that do not come": {answer: begin, err: late},
		"too much at once": {answer: func(o *owner, e xproto.SelectionRequestEvent) {
			if e.Target == o.atoms["TARGETS"] {
				o.has(e, "UTF8_STRING")
				return
			}
			piece := make([]byte, 128<<10)
			for range 3 {
				xproto.ChangeProperty(o.x, xproto.PropModeAppend, e.Requestor, e.Property, o.atoms["UTF8_STRING"], 8, uint32(len(piece)), piece)
			}
			o.notify(e)
		}, long: true},
		"answers something else first": {answer: func(o *owner, e xproto.SelectionRequestEvent) {
			other := e
			other.Target, other.Property = o.atoms["image/png"], 1
			o.notify(other)
			if e.Target == o.atoms["TARGETS"] {
				o.has(e, "UTF8_STRING")
			} else {
				o.put(e, "UTF8_STRING", 8, []byte("text"))
			}
		}, text: "text"},
		"says it has put what it has not": {answer: func(o *owner, e xproto.SelectionRequestEvent) { o.notify(e) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			display := xvfb.Start(t, "64x64")
			b := testClipboard(t, display)
			newOwner(t, display, c.answer, c.piece)
			awaitCopies(t, b, 1)
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			if got, fits, err := b.Read(ctx, clipLimit); got != c.text || fits == c.long || !errors.Is(err, c.err) {
				t.Errorf("read %q, %v, %v; want %q, %v, %v", got, fits, err, c.text, !c.long, c.err)
			}
			// It does no harm to the next one.
			copies(t, display, "next")
			awaitCopies(t, b, 2)
			if got, _, err := b.Read(context.Background(), clipLimit); err != nil || got != "next" {
				t.Errorf("the next program's: %q, %v", got, err)
			}
		})
	}
}

// A secret that is copied between the two questions, for the formats and for the text, is not read by
// the word of the program before.
func TestClipboardOfAnotherOwnerMeanwhile(t *testing.T) {
	display := xvfb.Start(t, "64x64")
	b := testClipboard(t, display)
	secret := false
	newOwner(t, display, func(o *owner, e xproto.SelectionRequestEvent) {
		switch {
		case e.Target == o.atoms["TARGETS"] && secret:
			o.has(e, "UTF8_STRING", "x-kde-passwordManagerHint")
		case e.Target == o.atoms["TARGETS"]:
			o.has(e, "UTF8_STRING")
			secret = true
			xproto.SetSelectionOwner(o.x, o.window, o.atoms["CLIPBOARD"], 0)
		default:
			o.put(e, "UTF8_STRING", 8, []byte("hunter2"))
		}
	}, nil)
	awaitCopies(t, b, 1)
	<-b.Changed()
	for range 2 {
		if got, fits, err := b.Read(context.Background(), clipLimit); got != "" || !fits || err != nil {
			t.Errorf("read %q, %v, %v", got, fits, err)
		}
		if _, err := b.Copies(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case <-b.Changed():
	default:
		t.Error("no news of the second copy")
	}
}

// Programs that begin to paste a long text and go away hold nothing for ever, and others' pastes go on.
func TestClipboardOfIdlePasters(t *testing.T) {
	display := xvfb.Start(t, "64x64")
	b := testClipboard(t, display)
	text := strings.Repeat("long ", 40<<10)
	if err := b.Write(text); err != nil {
		t.Fatal(err)
	}
	p := newProgram(t, display)
	window, _ := xproto.NewWindowId(p.x)
	xproto.CreateWindow(p.x, 0, window, p.root, 0, 0, 1, 1, 0, xproto.WindowClassInputOnly, 0, 0, nil)
	for i := range 3 * maxSending { // each into another property, none is taken
		xproto.ConvertSelection(p.x, window, b.atoms.clipboard, b.atoms.utf8, xproto.Atom(1+i), 0)
	}
	refused := 0
	for range 3 * maxSending {
		if e, ok := must(p.x.WaitForEvent()).(xproto.SelectionNotifyEvent); ok && e.Property == xproto.AtomNone {
			refused++
		}
	}
	if refused != 2*maxSending {
		t.Errorf("%d pastes were refused, want %d", refused, 2*maxSending)
	}
	if err := b.Write("short"); err != nil {
		t.Fatal(err)
	}
	if got, err := xclip(t, display); err != nil || got != "short" {
		t.Errorf("another program pasted %q, %v", got, err)
	}
}

func must(e xgb.Event, _ xgb.Error) xgb.Event { return e }

func TestClipboardOfAServerThatEnds(t *testing.T) {
	server := xvfb.StartServer(t, "64x64")
	b := testClipboard(t, server.Display)
	newOwner(t, server.Display, func(*owner, xproto.SelectionRequestEvent) {}, nil)
	awaitCopies(t, b, 1)
	<-b.Changed()
	failed := make(chan error, 1)
	go func() {
		_, _, err := b.Read(context.Background(), clipLimit)
		failed <- err
	}()
	server.Kill()
	<-b.Changed() // tells that there is an end
	if err := <-failed; !errors.Is(err, desktop.ErrGone) {
		t.Errorf("the Read that waited: %v", err)
	}
	_, _, read := b.Read(context.Background(), clipLimit)
	_, count := b.Copies(context.Background())
	for what, err := range map[string]error{"Read": read, "Copies": count, "Write": b.Write("x")} {
		if !errors.Is(err, desktop.ErrGone) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
