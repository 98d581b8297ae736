package presenter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"pindesk/internal/screen"
	"pindesk/internal/transfer"
	"pindesk/internal/wire"
)

// errDesktop wraps what the desktop could not do: without it there is nothing to share.
var errDesktop = errors.New("the desktop cannot be captured")

// pointerEvery is the least time between two messages about the pointer's place.
const pointerEvery = 33 * time.Millisecond

// pointerMost is how many messages may wait for the writer before the next of those.
const pointerMost = 4

// note is one message of the relay for the loop.
type note struct {
	kind    wire.Kind
	head    wire.Header
	ack     wire.Ack
	control wire.Control
}

// sharing is one connection. Everything is owned by run's goroutine but what says otherwise.
type sharing struct {
	p     *Presenter
	link  *link
	notes chan note     // from the reader
	quit  chan struct{} // closed by stop
	ended sync.WaitGroup
	err   error // why the reader ended; read after notes is closed

	consent consent
	epoch   uint16
	dirty   bool           // the capturer has something new
	desktop screen.Picture // of the last Grab
	areas   []screen.Rect  // of it that are captured; none = all
	wanted  []screen.Rect  // scratch of subscribe

	cursor     uint32 // serial of the shape that was sent
	cursorSent bool
	awakeAt    time.Time // KeepAwake was called
	pointerX   int
	pointerY   int
	pointerAt  time.Time
}

func newSharing(p *Presenter, l *link) *sharing {
	s := &sharing{p: p, link: l, notes: make(chan note, 64), quit: make(chan struct{}), dirty: true}
	for _, st := range p.streams {
		st.viewers, st.wantKey, st.pace = 0, false, newPace()
		st.empty()
		st.stray = false // nothing of an earlier epoch arrives
	}
	s.consent.init(s)
	return s
}

// stop ends the connection and waits for its goroutines.
func (s *sharing) stop() {
	close(s.quit)
	s.p.files.Disconnected()
	s.consent.close()
	s.link.close(nil)
	s.ended.Wait()
}

// read takes what the relay sends. Input goes to the desktop from here: it must not wait
// for the loop, which may be encoding.
func (s *sharing) read() {
	defer close(s.notes)
	var buf []byte
	for {
		msg, err := s.link.read(buf)
		if err != nil {
			s.err = err
			return
		}
		buf = msg
		head, body, err := wire.ParseHeader(msg)
		if err != nil {
			s.err = err
			return
		}
		n := note{kind: head.Kind, head: head}
		switch head.Kind {
		case wire.KindInput:
			layout, events, err := wire.ParseInput(body, nil)
			if err == nil {
				s.p.inject.submit(job{viewer: head.Viewer, epoch: head.Epoch, stream: head.Stream, layout: layout, seq: head.Seq, events: events})
			}
			continue
		case wire.KindClip:
			if text, err := wire.ParseClip(body); err == nil && text != "" {
				s.p.inject.submit(job{viewer: head.Viewer, epoch: head.Epoch, seq: head.Seq, clip: text})
			}
			continue
		case wire.KindAck:
			n.ack, err = wire.ParseAck(body)
		case wire.KindControl:
			n.control, err = wire.ParseControl(body)
			// Acks of files measure the way: they do not wait for the loop, either.
			if f := n.control.File; f != nil && f.Op == wire.FileAck {
				s.p.files.Control(head.Viewer, *f)
				continue
			}
		case wire.KindChunk:
			s.p.files.Chunk(head.Viewer, head.Seq, body)
			continue
		case wire.KindNeedKey:
		default:
			continue
		}
		if err != nil {
			continue // a viewer's garbage must not end the sharing
		}
		select {
		case s.notes <- n:
		case <-s.quit:
			return
		}
	}
}

// clock is the presenter's clock of the updates, in ms.
func (s *sharing) clock(now time.Time) uint32 { return uint32(now.Sub(s.p.start).Milliseconds()) }

// run is the loop: it waits for damage, acks, wishes and time, and then sends what there is
// credit for.
func (s *sharing) run(ctx context.Context) error {
	s.ended.Go(s.read)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		wait, err := s.pump(time.Now())
		if err != nil {
			return err
		}
		clips, wait := s.clipsReady(wait)
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			s.link.close(wire.AppendControl(nil, s.epoch, 0, wire.Control{Type: wire.TypeBye}))
			return nil
		case n, ok := <-s.notes:
			if !ok {
				return s.err
			}
			err = s.note(n, time.Now())
			for more := true; more && err == nil; { // all that is there, before the next encode
				select {
				case n, ok = <-s.notes:
					if !ok {
						return s.err
					}
					err = s.note(n, time.Now())
				default:
					more = false
				}
			}
			if err != nil {
				return err
			}
		case <-s.p.cfg.Screen.Changed():
			s.dirty = true
		case a := <-s.consent.answers:
			if err := s.consent.answered(a); err != nil {
				return err
			}
		case <-s.p.grants.news:
			if err := s.tellGrants(); err != nil {
				return err
			}
		case c := <-s.p.cfg.Conditions:
			if err := s.conditionIs(c); err != nil {
				return err
			}
		case w := <-s.p.files.Wishes():
			if err := s.consent.file(w); err != nil {
				return err
			}
		case <-clips:
			if err := s.sendClip(); err != nil {
				return err
			}
		case <-s.p.talk.wake:
			if err := s.sendChat(); err != nil {
				return err
			}
		case <-timer.C:
		}
	}
}

// note takes one message of the relay.
func (s *sharing) note(n note, now time.Time) error {
	switch n.kind {
	case wire.KindNeedKey:
		if st := s.p.stream(n.head.Stream); st != nil {
			st.wantKey = true
			s.dirty = s.dirty || !st.held // the first picture is of now, whatever was signalled
		}
	case wire.KindAck:
		s.ack(n, now)
	case wire.KindControl:
		return s.control(n, now)
	}
	return nil
}

func (s *sharing) ack(n note, now time.Time) {
	st := s.p.stream(n.head.Stream)
	if st == nil || n.head.Epoch != s.epoch || n.head.Seq > st.enc.Seq() {
		return
	}
	took := time.Duration(n.ack.Took) * 100 * time.Microsecond
	st.pace.ack(n.head.Viewer, n.head.Seq, n.ack.Part, n.head.Flags&wire.FlagCatchUp != 0, took, now)
}

func (s *sharing) control(n note, now time.Time) error {
	c := n.control
	switch c.Type {
	case wire.TypeWelcome:
		return s.welcome(c)
	case wire.TypeState:
		if s.p.grants.state(c.Viewers) {
			s.p.cfg.Say("Whom you let see your screen in the browser sees it here, too. (/who shows who it is, /end NUMBER ends it.)")
		}
		s.p.inject.check()
		s.p.cfg.Observer.People()
		if err := s.tellGrants(); err != nil {
			return err
		}
		s.tellFiles()
		return s.consent.state(c.Viewers)
	case wire.TypeChat, wire.TypeUnsaid:
		s.chat(c)
	case wire.TypeFile:
		if c.File != nil {
			s.p.files.Control(n.head.Viewer, *c.File)
		}
	case wire.TypeLead:
		if st := s.p.stream(c.Stream); st != nil {
			st.pace.setLead(c.Viewer, now)
			s.dirty = s.dirty || st.begins()
		}
	case wire.TypeAsk:
		return s.consent.asked(n.head.Viewer, c.Control)
	case wire.TypeYield:
		return s.grant(n.head.Viewer, rights{view: s.p.grants.get(n.head.Viewer).view})
	case wire.TypeHand:
		return s.consent.handed(n.head.Viewer, c.Viewer)
	case wire.TypeElevate:
		return s.consent.elevate(n.head.Viewer)
	}
	return nil
}

// welcome starts the streams of a new epoch.
func (s *sharing) welcome(c wire.Control) error {
	s.epoch, s.p.resume = c.Epoch, c.Resume
	s.p.left.Store(false) // what another process was given it has not used
	if o := oneLine(c.Organisation); o != "" && !s.p.toldOrganisation {
		s.p.toldOrganisation = true
		s.p.cfg.Observer.Verified(o)
		s.p.cfg.Say("This session was made by %s, whom the operator of %s has verified.", o, s.p.broker.Host)
	}
	s.p.cfg.Screen.Watch(nil)
	s.p.monitors.update(s.p.cfg.Screen.Monitors())
	s.placeStreams()
	for _, st := range s.p.streams {
		st.enc.Begin(c.Epoch)
	}
	if err := s.tellMonitors(); err != nil {
		return err
	}
	if err := s.tellClipboard(); err != nil {
		return err
	}
	if err := s.tellCondition(); err != nil {
		return err
	}
	if err := s.tellPrivileges(); err != nil {
		return err
	}
	for _, viewer := range s.p.grants.begin(c.Resumed) {
		if err := s.tellGrant(viewer); err != nil {
			return err
		}
	}
	s.p.talk.connected()
	s.p.files.Connected(transfer.Link{Epoch: s.epoch, Controls: s.link.files, Chunks: s.link.chunks, Buffer: s.link.buffer})
	return s.sendChat()
}

// grant gives a viewer just these rights, here and at the relay.
func (s *sharing) grant(viewer uint16, r rights) error {
	s.p.grants.set(viewer, r)
	return s.granted(viewer)
}

// granted follows a change of a viewer's grant.
func (s *sharing) granted(viewer uint16) error {
	s.p.inject.check()
	s.p.cfg.Observer.People()
	s.tellFiles()
	s.consent.review()
	return s.tellGrant(viewer)
}

func (s *sharing) tellGrant(viewer uint16) error {
	r := s.p.grants.get(viewer)
	return s.tell(wire.Control{Type: wire.TypeGrant, Viewer: viewer, View: r.view, Control: r.control, May: r.may})
}

func (s *sharing) tell(c wire.Control) error {
	return s.link.send(wire.AppendControl(s.link.buffer(), s.epoch, 0, c))
}

// pump sends what there is something of and credit for, and returns how long it has nothing
// to do unless something happens.
func (s *sharing) pump(now time.Time) (time.Duration, error) {
	const long = time.Minute
	s.subscribe()
	if s.epoch == 0 || !s.watched() {
		return s.idle(now, long) // nobody may see: nothing is captured
	}
	wait := s.keepAwake(now)
	if err := s.look(now); err != nil {
		return 0, err
	}
	s.shareUplink()
	for _, st := range s.p.streams {
		if st.viewers == 0 {
			continue
		}
		more, err := s.sendStream(st, now)
		if err != nil {
			return 0, err
		}
		if more > 0 {
			wait = min(wait, more)
		}
	}
	more, err := s.sendCursor(now)
	if err != nil {
		return 0, err
	}
	if more > 0 {
		wait = min(wait, more)
	}
	return wait, nil
}

// awakeEvery is below the least time after which systems blank a screen, a minute.
const awakeEvery = 30 * time.Second

// keepAwake keeps the desktop awake, and returns when it is to be called again. Where nobody sees the screen any more it is not
// called, and there is nothing to undo.
func (s *sharing) keepAwake(now time.Time) (again time.Duration) {
	if since := now.Sub(s.awakeAt); since < awakeEvery {
		return awakeEvery - since
	}
	s.awakeAt = now
	if s.p.cfg.Waker != nil {
		s.p.cfg.Waker.KeepAwake()
	}
	return awakeEvery
}

// look takes new pixels if there are some and a stream can send them now.
func (s *sharing) look(now time.Time) error {
	// Once is enough but for other monitors, of which something may not have been captured before.
	for range 3 {
		if !s.dirty || !slices.ContainsFunc(s.p.streams, func(st *stream) bool { return st.ready(now) }) {
			return nil
		}
		if err := s.grab(); err != nil {
			return err
		}
	}
	return nil
}

// idle looks now and then whether the desktop is still there, of which only a change tells.
func (s *sharing) idle(now time.Time, long time.Duration) (time.Duration, error) {
	const every = time.Second
	if !s.dirty {
		return long, nil
	}
	if since := now.Sub(s.pointerAt); since < every {
		return every - since, nil
	}
	s.pointerAt = now
	if _, _, err := s.p.cfg.Screen.Pointer(); err != nil {
		return 0, fmt.Errorf("%w: %w", errDesktop, err)
	}
	return long, nil
}

// sendCursor sends the pointer's shape and place if they have changed.
func (s *sharing) sendCursor(now time.Time) (wait time.Duration, err error) {
	if gap := now.Sub(s.pointerAt); gap < pointerEvery {
		return pointerEvery - gap, nil
	}
	s.pointerAt = now
	if len(s.link.first) >= pointerMost { // a large update is being written
		return pointerEvery, nil
	}
	shape, serial, err := s.p.cfg.Screen.Cursor()
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errDesktop, err)
	}
	if !s.cursorSent || serial != s.cursor {
		s.cursor, s.cursorSent = serial, true
		msg := wire.AppendHeader(s.link.buffer(), wire.Header{Kind: wire.KindCursor, Epoch: s.epoch, Seq: serial})
		if err := s.link.send(wire.AppendCursor(msg, shape)); err != nil {
			return 0, err
		}
	}
	x, y, err := s.p.cfg.Screen.Pointer()
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errDesktop, err)
	}
	if x != s.pointerX || y != s.pointerY {
		s.pointerX, s.pointerY = x, y
		msg := wire.AppendHeader(s.link.buffer(), wire.Header{Kind: wire.KindPointer, Epoch: s.epoch})
		return 0, s.link.send(wire.AppendPointer(msg, x, y))
	}
	return 0, nil
}
