//go:build linux

package x11

import (
	"context"
	"errors"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// readTimeout bounds one Read, beside its ctx. The owner of the selection may never answer.
const readTimeout = 3 * time.Second

// maxTargets bounds the formats of an owner that are looked at.
const maxTargets = 256

var (
	// errNoText: the owner of the selection does not give this format.
	errNoText = errors.New("x11: no such format in the clipboard")
	// errTooLong: there is more than is wanted.
	errTooLong = errors.New("x11: too much in the clipboard")
)

// Read implements desktop.Clipboard.
func (b *Clipboard) Read(ctx context.Context, limit int) (text string, fits bool, err error) {
	text, err = b.read(ctx, limit)
	if errors.Is(err, errTooLong) {
		return "", false, nil
	}
	return text, true, err
}

func (b *Clipboard) read(ctx context.Context, limit int) (string, error) {
	if err := b.c.alive(); err != nil {
		return "", err
	}
	b.reading.Lock()
	defer b.reading.Unlock()
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	copies := b.copies.Load()
	owner, err := xproto.GetSelectionOwner(b.c.x, b.atoms.clipboard).Reply()
	if err != nil {
		return "", b.c.wrap(err)
	}
	if owner.Owner == xproto.WindowNone || owner.Owner == b.window {
		return "", nil
	}
	formats, err := b.formats(ctx)
	if err != nil {
		return "", err
	}
	for _, format := range formats {
		text, err := b.fetch(ctx, format, limit)
		if errors.Is(err, errNoText) {
			continue
		}
		// Another program may have copied since the formats were named, and what it has may be a secret.
		// News of that came before this answer, and Changed tells the caller.
		if b.copies.Load() != copies {
			return "", nil
		}
		if err == nil && format == xproto.AtomString {
			text = fromLatin1(text)
			if len(text) > limit {
				return "", errTooLong
			}
		}
		return string(text), err
	}
	return "", nil
}

// formats asks the owner what it has and returns those of our formats that it gives, best first;
// none for a secret.
func (b *Clipboard) formats(ctx context.Context) ([]xproto.Atom, error) {
	ours := []xproto.Atom{b.atoms.utf8, b.atoms.mime, xproto.AtomString}
	list, err := b.fetch(ctx, b.atoms.targets, 4*maxTargets)
	if errors.Is(err, errNoText) { // an old program: it is asked for each
		return ours, nil
	}
	if err != nil {
		return nil, err
	}
	there := map[xproto.Atom]bool{}
	for ; len(list) >= 4; list = list[4:] {
		there[xproto.Atom(xgb.Get32(list))] = true
	}
	if there[b.atoms.secret] {
		return nil, nil
	}
	var both []xproto.Atom
	for _, format := range ours {
		if there[format] {
			both = append(both, format)
		}
	}
	return both, nil
}

// fetch asks the owner of the selection for it in one format and returns the bytes, at most limit.
func (b *Clipboard) fetch(ctx context.Context, format xproto.Atom, limit int) ([]byte, error) {
	b.round++
	place := b.atoms.answers[b.round%uint32(len(b.atoms.answers))]
	xproto.DeleteProperty(b.c.x, b.window, place)
	for len(b.notify) > 0 {
		<-b.notify
	}
	xproto.ConvertSelection(b.c.x, b.window, b.atoms.clipboard, format, place, xproto.TimeCurrentTime)
	for {
		select {
		case e := <-b.notify:
			if e.Target != format || e.Property != place && e.Property != xproto.AtomNone {
				continue // of an earlier question
			}
			if e.Property == xproto.AtomNone {
				return nil, errNoText
			}
		case <-b.gone:
			return nil, gone(nil)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		break
	}
	for len(b.grown) > 0 { // pieces are counted from here
		<-b.grown
	}
	reply, err := b.take(place, limit)
	if err != nil {
		return nil, err
	}
	if reply.Type == b.atoms.incr { // deleting it began the transfer
		return b.fetchPieces(ctx, place, limit)
	}
	return reply.Value, nil
}

// take reads and deletes a property.
func (b *Clipboard) take(place xproto.Atom, limit int) (*xproto.GetPropertyReply, error) {
	reply, err := xproto.GetProperty(b.c.x, true, b.window, place, xproto.GetPropertyTypeAny, 0, uint32(limit/4+1)).Reply()
	if err != nil {
		return nil, b.c.wrap(err)
	}
	if reply.BytesAfter > 0 || len(reply.Value) > limit {
		xproto.DeleteProperty(b.c.x, b.window, place) // with bytes left it was not deleted
		return nil, errTooLong
	}
	return reply, nil
}

// fetchPieces takes a transfer in pieces, of which the owner sends the next one when the last
// one has been deleted, and an empty one at the end. One that never ends is left at limit.
func (b *Clipboard) fetchPieces(ctx context.Context, place xproto.Atom, limit int) ([]byte, error) {
	var all []byte
	for {
		select {
		case grown := <-b.grown:
			if grown != place {
				continue
			}
		case <-b.gone:
			return nil, gone(nil)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		reply, err := b.take(place, limit-len(all))
		if err != nil {
			return nil, err
		}
		if reply.Type == xproto.AtomNone {
			continue // the news of a piece that was taken with the one before
		}
		if len(reply.Value) == 0 {
			return all, nil
		}
		all = append(all, reply.Value...)
	}
}

// fromLatin1 makes UTF-8 of the format STRING.
func fromLatin1(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for _, c := range b {
		out = append(out, string(rune(c))...)
	}
	return out
}
