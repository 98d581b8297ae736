package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"pindesk/internal/handout"
	"pindesk/internal/platform"
	"pindesk/internal/presenter"
	"pindesk/internal/transfer"
	"pindesk/internal/window"
)

// guestWindow asks the guest in a window, and shows there what happens.
type guestWindow struct {
	model *window.Model
	stop  context.CancelFunc // ends sharing
	quit  context.CancelFunc // ends the program
	gone  chan struct{}      // closed when the window has ended
	begin chan bool          // the guest wants to begin anew, with another PIN or the same; capacity 1

	// Owned by runWindow:
	typed   bool // the guest has typed the PIN
	refused bool // the broker knew no such PIN

	shared atomic.Bool // there was a connection

	mu sync.Mutex
	p  sharing // nil before there is one; guarded by mu
}

var (
	_ presenter.Asker      = (*guestWindow)(nil)
	_ presenter.FilePicker = (*guestWindow)(nil)
	_ presenter.Observer   = (*guestWindow)(nil)
	_ window.Actions       = (*guestWindow)(nil)
)

// wantsWindow decides between the window and the terminal: what the flags say; else where a presenter shows its
// window first that, and elsewhere only for a guest who is to be asked and has started it without a
// terminal, such as from the desktop's menu.
func wantsWindow(c cli, canAsk bool) bool {
	switch {
	case c.Window, c.Terminal:
		return c.Window
	case platform.WindowFirst:
		return true
	}
	return !canAsk && presenter.Consent(c.Consent) != presenter.ControlFree
}

// openGuestWindow shows the window. quit ends the program; it is also called when the desktop has taken the
// window away. end closes it, and waits for that.
func openGuestWindow(ctx context.Context, c cli, log *slog.Logger, quit context.CancelFunc) (g *guestWindow, end func(), err error) {
	g = &guestWindow{quit: quit, stop: quit, gone: make(chan struct{}), begin: make(chan bool, 1)}
	g.model = window.New(window.Options{Texts: window.LoadTexts(languages(c)...), Do: g, Sendable: transfer.Sendable})
	w, err := platform.OpenWindow(ctx, platform.Config{AllowXWayland: c.AllowXWayland, Log: log}, g.model)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		defer close(g.gone)
		if err := w.Run(ctx); err != nil {
			log.Warn("the window has ended", "err", err)
		}
		quit()
	}()
	return g, func() { cancel(); <-g.gone; w.Close() }, nil
}

// languages are those that the guest wants, best first.
func languages(c cli) []string {
	if c.Language != "" && c.Language != "auto" {
		return []string{c.Language}
	}
	return platform.Languages()
}

// runWindow shares with a guest who is asked and told in a window.
func runWindow(ctx context.Context, c cli, list handout.Brokers, log *slog.Logger) error {
	ctx, quit := context.WithCancel(ctx)
	defer quit()
	g, end, err := openGuestWindow(ctx, c, log, quit)
	if err != nil {
		return err
	}
	defer end()
	know := known(c)
	for {
		broker, pin, err := g.share(ctx, c, know, list, log)
		if ctx.Err() != nil || errors.Is(err, presenter.ErrElevated) {
			return nil // the guest has closed the window, the system ends the program, or another process has the window now
		}
		if c.inherit != nil && !g.shared.Load() {
			return err // the process that has started this one still shares, and says so
		}
		c.inherit = nil // it works once
		if !errors.Is(err, presenter.ErrNoSession) || !g.typed {
			another, again := g.over(ctx, err)
			if !again {
				return nil
			}
			know = beginAnew(know, broker, pin, another)
			g.typed, g.refused = false, false
			if another {
				c.Handover = "" // of a session that is over
			}
			continue
		}
		know.Broker, g.refused = broker, true
	}
}

// share shares in one session until that ends, and returns its broker and PIN, as far as they were found out.
func (g *guestWindow) share(ctx context.Context, c cli, know handout.Known, list handout.Brokers, log *slog.Logger) (broker, pin string, err error) {
	broker, pin, err = whichSession(ctx, know, list, g)
	if err != nil {
		return "", "", err
	}
	g.session(broker, pin)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	p, end, err := openPresenter(ctx, c, log, presenter.Config{Broker: broker, PIN: pin, Guest: g, Say: g.say, Observer: g,
		Privileges: platform.Privileges(), Elevate: elevate(c.args)})
	if err != nil {
		return broker, pin, err
	}
	defer end()
	g.shares(p, stop)
	defer g.shares(nil, g.quit)
	return broker, pin, p.Run(ctx)
}

// say shows what becomes of files; the window knows the rest by itself, in the guest's language.
func (g *guestWindow) say(format string, arg ...any) {
	if strings.HasPrefix(format, "“%s”") || strings.HasPrefix(format, "It was not sent") || strings.Contains(format, "“%s”, which is larger") {
		g.model.Note(fmt.Sprintf(format, arg...))
	}
}

// shares takes over what the guest's presses are for; stop ends it.
func (g *guestWindow) shares(p sharing, stop context.CancelFunc) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.p, g.stop = p, stop
}

func (g *guestWindow) sharing() sharing {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.p
}

// session shows whose session it is.
func (g *guestWindow) session(broker, pin string) {
	host := broker
	if u, err := url.Parse(broker); err == nil {
		host = cmp.Or(u.Host, broker)
	}
	g.model.Session(host, pin)
}

// over shows how sharing has ended, and waits until the guest closes the window, or begins again: with
// another PIN, or the same.
func (g *guestWindow) over(ctx context.Context, err error) (another, again bool) {
	why := ""
	if err != nil {
		why = err.Error()
	}
	g.model.Over(ending(err), why)
	select {
	case another = <-g.begin:
		return another, true
	case <-ctx.Done():
		return false, false
	}
}

// ending is how the window says an error of share.
func ending(err error) window.Ending {
	var foreign *handout.ForeignError
	switch {
	case err == nil:
		return window.Stopped
	case errors.As(err, &foreign):
		return window.Foreign
	case errors.Is(err, errNotConfirmed):
		return window.Unsaid
	case errors.Is(err, handout.ErrManySessions), errors.Is(err, handout.ErrPlace):
		return window.BadFile
	case errors.Is(err, platform.ErrWayland):
		return window.Wayland
	case errors.Is(err, platform.ErrGone), errors.Is(err, platform.ErrNoDisplay), errors.Is(err, platform.ErrRefused), errors.Is(err, platform.ErrUnsupported):
		return window.Desktop
	}
	return window.Ending(presenter.ReasonOf(err)) // the same words; one that the window has not is Failed
}

// beginAnew is what is known when the guest begins again. What was confirmed or typed is not asked again;
// for another PIN neither the file nor the command line says anything.
func beginAnew(k handout.Known, broker, pin string, another bool) handout.Known {
	if another {
		return handout.Known{Broker: broker}
	}
	k.Broker, k.PIN = cmp.Or(broker, k.Broker), cmp.Or(pin, k.PIN)
	return k
}

// canAsk implements guest.
func (g *guestWindow) canAsk() bool { return true }

// askLine implements guest.
func (g *guestWindow) askLine(ctx context.Context, question string) (string, error) {
	if question == askBroker {
		return g.model.Enter(ctx, window.Address, false)
	}
	g.typed = true
	return g.model.Enter(ctx, window.PIN, g.refused)
}

// Ask implements presenter.Asker.
func (g *guestWindow) Ask(ctx context.Context, q presenter.Question) bool {
	yes, _ := g.model.Ask(ctx, asked(q))
	return yes
}

// PickFile implements presenter.FilePicker.
func (g *guestWindow) PickFile(ctx context.Context, q presenter.Question) string {
	yes, path := g.model.Ask(ctx, asked(q))
	if !yes {
		return ""
	}
	return path
}

func asked(q presenter.Question) window.Question {
	w := window.Question{Name: q.Name, Twin: q.Twin, Control: q.Control, Hand: q.Hand, To: q.To, ToTwin: q.ToTwin, Clip: string(q.Share), Broker: q.Broker, Elevate: q.Elevate}
	if f := q.File; f != nil {
		w.File = &window.File{Give: f.Give, Name: f.Name, Size: transfer.Size(f.Size), Folder: f.Folder, Program: f.Program}
	}
	return w
}

// Connected implements presenter.Observer, as do the next ones.
func (g *guestWindow) Connected() { g.shared.Store(true); g.model.Connected(); g.People() }

// Disconnected implements presenter.Observer.
func (g *guestWindow) Disconnected(about presenter.Reason, why string, pause time.Duration) {
	g.model.Lost(window.Trouble(about), why, pause)
	g.People()
}

// People implements presenter.Observer.
func (g *guestWindow) People() {
	p := g.sharing()
	if p == nil {
		return
	}
	var all []window.Watcher
	for _, w := range p.Watchers() {
		all = append(all, window.Watcher{Viewer: w.Viewer, Name: w.Name, Twin: w.Twin, View: w.View, Control: w.Control, May: w.May})
	}
	g.model.People(all)
}

// Verified implements presenter.Observer.
func (g *guestWindow) Verified(organisation string) { g.model.Verified(organisation) }

// Heard implements presenter.Observer.
func (g *guestWindow) Heard(l presenter.Heard) {
	if l.Own {
		g.model.Said(l.Text)
		return
	}
	g.model.Heard(l.Name, l.Text, l.Waiting)
}

// Stop implements window.Actions, as do the next ones.
func (g *guestWindow) Stop() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stop()
}

// Quit implements window.Actions.
func (g *guestWindow) Quit() { g.quit() }

// Begin implements window.Actions.
func (g *guestWindow) Begin(another bool) {
	select {
	case g.begin <- another:
	default: // pressed before
	}
}

// TakeControl implements window.Actions.
func (g *guestWindow) TakeControl() {
	if p := g.sharing(); p != nil {
		_ = p.TakeControl() // nothing to take: as the guest wants it
	}
}

// EndView implements window.Actions.
func (g *guestWindow) EndView(viewer uint16) {
	if p := g.sharing(); p != nil {
		_ = p.EndView(viewer) // it has left meanwhile: as the guest wants it
	}
}

// Say implements window.Actions.
func (g *guestWindow) Say(text string) error {
	p := g.sharing()
	if p == nil {
		return errors.New("there is no connection yet")
	}
	return p.Tell(text, 0)
}

// SendFile implements window.Actions.
func (g *guestWindow) SendFile(path string, viewer uint16) error {
	p := g.sharing()
	if p == nil {
		return os.ErrClosed
	}
	return p.SendFile(path, viewer)
}

// CancelFiles implements window.Actions.
func (g *guestWindow) CancelFiles() {
	if p := g.sharing(); p != nil {
		p.CancelFiles()
	}
}
