//go:build linux

package x11

import (
	"slices"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

const (
	// pieceBytes is the most that is put into one property; longer texts go in pieces.
	pieceBytes = 64 << 10
	// maxSending bounds the transfers in pieces that are under way; more are refused.
	maxSending = 8
	// pieceTimeout is how long a program may take for one piece before its place is given to another.
	pieceTimeout = 10 * time.Second
)

// transfer is a text on its way to another program in pieces.
type transfer struct {
	to    xproto.Window
	place xproto.Atom
	kind  xproto.Atom
	left  []byte
	at    time.Time // of the last piece
}

// serve answers a program that pastes what Write has put into the clipboard.
func (b *Clipboard) serve(e xproto.SelectionRequestEvent) {
	if e.Property == xproto.AtomNone { // a client of before 1988
		e.Property = e.Target
	}
	if e.Requestor == b.window || !b.give(e) {
		e.Property = xproto.AtomNone
	}
	answer := xproto.SelectionNotifyEvent{Time: e.Time, Requestor: e.Requestor, Selection: e.Selection, Target: e.Target, Property: e.Property}
	xproto.SendEvent(b.c.x, false, e.Requestor, 0, string(answer.Bytes()))
}

// give puts what is asked for where it is asked for, and reports whether there is such a thing.
func (b *Clipboard) give(e xproto.SelectionRequestEvent) bool {
	b.mu.Lock()
	text, owner, since := b.text, b.owner, b.since
	b.mu.Unlock()
	if !owner || text == "" || e.Selection != b.atoms.clipboard {
		return false
	}
	a := &b.atoms
	switch e.Target {
	case a.targets:
		list := []xproto.Atom{a.targets, a.timestamp, a.mime, a.utf8, a.plain, a.text, xproto.AtomString}
		data := make([]byte, 4*len(list))
		for i, atom := range list {
			xgb.Put32(data[4*i:], uint32(atom))
		}
		xproto.ChangeProperty(b.c.x, xproto.PropModeReplace, e.Requestor, e.Property, xproto.AtomAtom, 32, uint32(len(list)), data)
		return true
	case a.timestamp:
		data := make([]byte, 4)
		xgb.Put32(data, uint32(since))
		xproto.ChangeProperty(b.c.x, xproto.PropModeReplace, e.Requestor, e.Property, xproto.AtomInteger, 32, 1, data)
		return true
	case a.mime, a.utf8, a.plain:
		return b.giveText(e, e.Target, []byte(text))
	case a.text:
		return b.giveText(e, a.utf8, []byte(text))
	case xproto.AtomString:
		return b.giveText(e, xproto.AtomString, toLatin1(text))
	}
	return false
}

// giveText puts a text there, or begins to send it in pieces.
func (b *Clipboard) giveText(e xproto.SelectionRequestEvent, kind xproto.Atom, text []byte) bool {
	if len(text) <= pieceBytes {
		xproto.ChangeProperty(b.c.x, xproto.PropModeReplace, e.Requestor, e.Property, kind, 8, uint32(len(text)), text)
		return true
	}
	now := time.Now()
	b.sending = slices.DeleteFunc(b.sending, func(t transfer) bool {
		return now.Sub(t.at) > pieceTimeout || t.to == e.Requestor && t.place == e.Property
	})
	if len(b.sending) >= maxSending {
		return false
	}
	b.sending = append(b.sending, transfer{e.Requestor, e.Property, kind, text, now})
	xproto.ChangeWindowAttributes(b.c.x, e.Requestor, xproto.CwEventMask, []uint32{xproto.EventMaskPropertyChange})
	size := make([]byte, 4)
	xgb.Put32(size, uint32(len(text)))
	xproto.ChangeProperty(b.c.x, xproto.PropModeReplace, e.Requestor, e.Property, b.atoms.incr, 32, 1, size)
	return true
}

// sendPiece sends the next piece: a program has deleted a property, so it has taken the last one. The
// piece after the last one is empty.
func (b *Clipboard) sendPiece(to xproto.Window, place xproto.Atom) {
	i := slices.IndexFunc(b.sending, func(t transfer) bool { return t.to == to && t.place == place })
	if i < 0 {
		return
	}
	t := &b.sending[i]
	n := min(len(t.left), pieceBytes)
	xproto.ChangeProperty(b.c.x, xproto.PropModeReplace, to, place, t.kind, 8, uint32(n), t.left[:n])
	t.left, t.at = t.left[n:], time.Now()
	if n > 0 {
		return
	}
	b.sending = slices.Delete(b.sending, i, i+1)
	if !slices.ContainsFunc(b.sending, func(t transfer) bool { return t.to == to }) {
		xproto.ChangeWindowAttributes(b.c.x, to, xproto.CwEventMask, []uint32{0})
	}
}

// toLatin1 makes the format STRING of a text; what it does not have becomes "?".
func toLatin1(text string) []byte {
	out := make([]byte, 0, len(text))
	for _, r := range text {
		if r > 0xff {
			r = '?'
		}
		out = append(out, byte(r))
	}
	return out
}
