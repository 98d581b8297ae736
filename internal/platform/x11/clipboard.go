//go:build linux

package x11

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xfixes"
	"github.com/jezek/xgb/xproto"

	"pindesk/internal/platform/desktop"
)

// Clipboard is the selection CLIPBOARD of an X display, over a connection of its own: other
// programs answer for it as slowly as they like. See desktop.Clipboard for the rules.
//
// Nothing of X is trusted here: the owner of the selection and who asks for it are programs
// like any other. What they send is bounded in bytes and time (clipread.go), and so is what is
// kept for them (clipserve.go).
type Clipboard struct {
	c       *conn
	window  xproto.Window // owns the selection and gets others' answers
	fixes   extension
	atoms   clipAtoms
	changed chan struct{}
	copies  atomic.Uint64 // set by the event loop
	gone    chan struct{} // closed when the connection has ended
	closing sync.Once

	reading sync.Mutex                       // held by Read
	round   uint32                           // of Read: counts fetches; guarded by reading
	notify  chan xproto.SelectionNotifyEvent // answers for Read; capacity 1
	grown   chan xproto.Atom                 // properties of window that have got a value; capacity 16
	marking sync.Mutex                       // held by Copies
	marked  chan struct{}                    // the mark of Copies has come back; capacity 1

	mu    sync.Mutex
	text  string           // of the last Write; guarded by mu
	owner bool             // the selection is ours; guarded by mu
	since xproto.Timestamp // when it became ours; guarded by mu

	sending []transfer // to other programs, in pieces; owned by the event loop
}

var _ desktop.Clipboard = (*Clipboard)(nil)

// clipAtoms are the names that the clipboard's protocol has in one server.
type clipAtoms struct {
	clipboard, targets, timestamp, incr, utf8, mime, plain, text, secret, mark xproto.Atom
	// Each fetch gets its answer in another property than the last ones: an answer that comes too
	// late is not taken for that of a later question.
	answers [4]xproto.Atom
}

// OpenClipboard opens the clipboard of an X display. ctx bounds the opening only. Errors are
// *desktop.Error where they are of use to the guest.
func OpenClipboard(ctx context.Context, display string, log *slog.Logger) (*Clipboard, error) {
	c, err := connect(ctx, display, log)
	if err != nil {
		return nil, err
	}
	b := &Clipboard{c: c, changed: make(chan struct{}, 1), notify: make(chan xproto.SelectionNotifyEvent, 1),
		grown: make(chan xproto.Atom, 16), marked: make(chan struct{}, 1), gone: make(chan struct{})}
	if err := opening(ctx, c, b.setUp); err != nil {
		return nil, err
	}
	c.listen(b.handle, func() {
		close(b.gone)
		b.signal()
	})
	return b, nil
}

func (b *Clipboard) setUp() error {
	c := b.c
	var ok bool
	var err error
	if b.fixes, ok, err = c.extend("XFIXES"); err != nil {
		return err
	}
	if !ok {
		return &desktop.Error{Kind: desktop.ErrUnsupported, Message: "The clipboard of this desktop cannot be shared: its X server lacks the extension XFIXES."}
	}
	if _, err := xfixes.QueryVersion(c.x, 5, 0).Reply(); err != nil {
		return c.wrap(err)
	}
	a := &b.atoms
	for name, atom := range map[string]*xproto.Atom{
		"CLIPBOARD": &a.clipboard, "TARGETS": &a.targets, "TIMESTAMP": &a.timestamp, "INCR": &a.incr, "UTF8_STRING": &a.utf8,
		"text/plain;charset=utf-8": &a.mime, "text/plain": &a.plain, "TEXT": &a.text, "x-kde-passwordManagerHint": &a.secret,
		"PINDESK_MARK": &a.mark, "PINDESK_0": &a.answers[0], "PINDESK_1": &a.answers[1], "PINDESK_2": &a.answers[2], "PINDESK_3": &a.answers[3],
	} {
		reply, err := xproto.InternAtom(c.x, false, uint16(len(name)), name).Reply()
		if err != nil {
			return c.wrap(err)
		}
		*atom = reply.Atom
	}
	if b.window, err = xproto.NewWindowId(c.x); err != nil {
		return c.wrap(err)
	}
	if err := xproto.CreateWindowChecked(c.x, 0, b.window, c.screen.Root, -1, -1, 1, 1, 0, xproto.WindowClassInputOnly, 0,
		xproto.CwOverrideRedirect|xproto.CwEventMask, []uint32{1, xproto.EventMaskPropertyChange}).Check(); err != nil {
		return c.wrap(err)
	}
	err = xfixes.SelectSelectionInputChecked(c.x, b.window, a.clipboard, xfixes.SelectionEventMaskSetSelectionOwner).Check()
	return c.wrap(err)
}

// Changed implements desktop.Clipboard.
func (b *Clipboard) Changed() <-chan struct{} { return b.changed }

func (b *Clipboard) signal() {
	select {
	case b.changed <- struct{}{}:
	default:
	}
}

// handle takes one event. It waits for nothing: answers come through the same connection.
func (b *Clipboard) handle(event xgb.Event) {
	switch e := event.(type) {
	case rawEvent:
		if e.code() == b.fixes.firstEvent+xfixes.SelectionNotify {
			b.owned(xproto.Window(xgb.Get32(e[8:])), xproto.Timestamp(xgb.Get32(e[20:])))
		}
	case xproto.SelectionRequestEvent:
		b.serve(e)
	case xproto.SelectionNotifyEvent:
		if e.Requestor == b.window && e.Selection == b.atoms.clipboard {
			offer(b.notify, e)
		}
	case xproto.PropertyNotifyEvent:
		switch {
		case e.Window == b.window && e.State == xproto.PropertyNewValue:
			if e.Atom == b.atoms.mark {
				offer(b.marked, struct{}{})
			} else {
				offer(b.grown, e.Atom)
			}
		case e.Window != b.window && e.State == xproto.PropertyDelete:
			b.sendPiece(e.Window, e.Atom)
		}
	}
}

// offer gives a value to whoever waits for it; the newest counts.
func offer[T any](to chan T, v T) {
	for {
		select {
		case to <- v:
			return
		default:
		}
		select {
		case <-to:
		default:
		}
	}
}

// owned takes that somebody has taken the selection.
func (b *Clipboard) owned(by xproto.Window, at xproto.Timestamp) {
	b.mu.Lock()
	if b.owner = by == b.window; b.owner {
		b.since = at
	}
	b.mu.Unlock()
	if by != b.window && by != xproto.WindowNone {
		b.copies.Add(1)
		b.signal()
	}
}

// Copies implements desktop.Clipboard.
func (b *Clipboard) Copies(ctx context.Context) (uint64, error) {
	b.marking.Lock()
	defer b.marking.Unlock()
	select {
	case <-b.marked:
	default:
	}
	// The event of this change comes after those of all that has happened before.
	xproto.ChangeProperty(b.c.x, xproto.PropModeAppend, b.window, b.atoms.mark, xproto.AtomInteger, 8, 0, nil)
	select {
	case <-b.marked:
		return b.copies.Load(), b.c.alive()
	case <-b.gone:
		return 0, gone(nil)
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// Write implements desktop.Clipboard.
func (b *Clipboard) Write(text string) error {
	if err := b.c.alive(); err != nil {
		return err
	}
	b.mu.Lock()
	ours, since := b.owner, b.since
	b.text = text
	b.mu.Unlock()
	switch {
	case text != "":
		return b.c.wrap(xproto.SetSelectionOwnerChecked(b.c.x, b.window, b.atoms.clipboard, xproto.TimeCurrentTime).Check())
	case ours: // of that time: it has no effect when another program has taken the selection since
		return b.c.wrap(xproto.SetSelectionOwnerChecked(b.c.x, xproto.WindowNone, b.atoms.clipboard, since).Check())
	}
	return nil
}

// Close implements desktop.Clipboard.
func (b *Clipboard) Close() error {
	b.closing.Do(b.c.close)
	return nil
}
