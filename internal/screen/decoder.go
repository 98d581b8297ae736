package screen

import (
	"fmt"

	"pindesk/internal/wire"
)

// Verdict is what a viewer does with a message.
type Verdict uint8

// The verdicts.
const (
	Applied    Verdict = iota // the picture is that of the message
	Dropped                   // nothing changed and nothing is to be done
	NeedResync                // the viewer must send Resync, once; a Key will come
)

// Result of one message.
type Result struct {
	Verdict Verdict
	Changed []Rect // what was painted, in order; may overlap; valid until the next Apply
}

// Decoder is a viewer of one stream, by the rules of wire's documentation; the caller hands
// it the messages of that stream only. It takes hostile bytes: it never panics and allocates
// nothing that the caps of wire do not allow. It is not safe for concurrent use and starts
// no goroutine.
type Decoder struct {
	epoch  uint16
	seq    uint32
	layout uint16
	part   uint32
	done   bool
	holds  bool // a Key was applied and nothing has gone wrong since
	inStep bool // stream continues the frame of the last numbered update

	picture Picture
	stream  unpacker
	alone   unpacker
	changed []Rect

	maxPixels int // wire.MaxPixels; fuzzers lower it
}

// NewDecoder returns a decoder that holds nothing; call Begin before anything else.
func NewDecoder() *Decoder { return &Decoder{maxPixels: wire.MaxPixels} }

// Begin empties everything: messages of the epoch will follow, a Key first.
func (d *Decoder) Begin(epoch uint16) {
	d.epoch, d.seq, d.layout, d.part = epoch, 0, 0, 0
	d.done, d.holds, d.inStep = false, false, false
	d.picture.resize(0, 0)
}

// Picture is what is shown, of size 0 before the first Key. It aliases the decoder's memory.
func (d *Decoder) Picture() Picture { return d.picture }

// Seq is the number of the last update applied, as acks and Resync carry it.
func (d *Decoder) Seq() uint32 { return d.seq }

// Layout is the picture's layout, as pointer input carries it.
func (d *Decoder) Layout() uint16 { return d.layout }

// Part is that of the newest CatchUp update applied.
func (d *Decoder) Part() uint32 { return d.part }

// Done reports whether a message since the last Key for catching up said that the picture is
// as exact as everybody's.
func (d *Decoder) Done() bool { return d.done }

// Apply takes one message, header included. An error says what was wrong with it, and the
// verdict then is NeedResync, or Dropped if a Key is being waited for already.
func (d *Decoder) Apply(msg []byte) (Result, error) {
	h, body, err := wire.ParseHeader(msg)
	if err == nil && h.Kind != wire.KindUpdate {
		return Result{Verdict: Dropped}, nil
	}
	if err != nil {
		return d.broken(0, err)
	}
	if h.Epoch != d.epoch {
		return Result{Verdict: Dropped}, nil
	}
	key, catchUp := h.Flags&wire.FlagKey != 0, h.Flags&wire.FlagCatchUp != 0
	switch {
	case key && catchUp:
	case key:
		if h.Seq <= d.seq {
			return Result{Verdict: Dropped}, nil
		}
	case !d.holds:
		return Result{Verdict: Dropped}, nil
	case catchUp:
		if h.Seq != d.seq {
			return Result{Verdict: Dropped}, nil
		}
	case h.Seq <= d.seq:
		return Result{Verdict: Dropped}, nil
	case h.Seq != d.seq+1:
		return d.broken(h.Flags, nil)
	}
	u, packed, blobs, err := wire.ParseUpdate(body)
	if err != nil {
		return d.broken(h.Flags, err)
	}
	if err := d.apply(h, u, packed, blobs); err != nil {
		return d.broken(h.Flags, err)
	}
	return Result{Verdict: Applied, Changed: d.changed}, nil
}

// broken gives up what the decoder holds. A Key that is wrong asks again, anything else only
// if this was not known yet.
func (d *Decoder) broken(flags uint8, err error) (Result, error) {
	v := NeedResync
	if !d.holds && flags&wire.FlagKey == 0 {
		v = Dropped
	}
	d.holds, d.inStep = false, false
	return Result{Verdict: v}, err
}

// apply executes a message whose number is right.
func (d *Decoder) apply(h wire.Header, u wire.UpdateHead, packed, blobs []byte) error {
	key, catchUp := h.Flags&wire.FlagKey != 0, h.Flags&wire.FlagCatchUp != 0
	reset := h.Flags&wire.FlagReset != 0
	w, hh := int(u.Width), int(u.Height)
	switch {
	case w*hh > d.maxPixels:
		return fmt.Errorf("%w: picture of %dx%d", wire.ErrMalformed, w, hh)
	case !key && (w != d.picture.W || hh != d.picture.H || u.Layout != d.layout):
		return fmt.Errorf("%w: another picture than the one held", wire.ErrMalformed)
	case catchUp && reset, key && !catchUp && !reset, reset && u.Raw == 0:
		return fmt.Errorf("%w: flags %d", wire.ErrMalformed, h.Flags)
	case !catchUp && !reset && u.Raw > 0 && !d.inStep:
		return fmt.Errorf("%w: no frame goes on", wire.ErrMalformed)
	}
	ops, err := []byte(nil), error(nil)
	if u.Raw > 0 {
		from := &d.stream
		if catchUp {
			from = &d.alone
		}
		if ops, err = from.unpack(packed, int(u.Raw), catchUp || reset, catchUp); err != nil {
			return err
		}
	}
	if key {
		d.picture.resize(w, hh)
	}
	if err := d.paint(ops, blobs, int(u.Ops)); err != nil {
		return err
	}
	switch {
	case key && catchUp:
		d.inStep, d.done = false, false
	case !catchUp && reset:
		d.inStep = true
		d.done = d.done || key // a resize gives everybody the same
	}
	if catchUp {
		d.part = u.Part
	}
	d.done = d.done || h.Flags&wire.FlagDone != 0
	d.holds, d.seq, d.layout = true, h.Seq, u.Layout
	return nil
}
