package transfer

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"pindesk/internal/wire"
)

// find returns a viewer's transfer, or nil.
func (p *peer) find(number uint32) *move {
	for _, m := range p.moves {
		if m.number == number {
			return m
		}
	}
	return nil
}

// waiting counts what is before the guest.
func (p *peer) waiting() (n int) {
	for _, m := range p.moves {
		if m.state == asked {
			n++
		}
	}
	return n
}

// control takes what a viewer says of a transfer.
func (f *Files) control(viewer uint16, s *wire.File) {
	p := f.peers[viewer]
	if p == nil || !p.Here {
		return // its right has just ended
	}
	if s.Op == wire.FileCancel && s.Number == 0 {
		for _, m := range slices.Clone(p.moves) {
			f.ended(m, s.Reason)
		}
		return
	}
	m := p.find(s.Number)
	switch {
	case s.Op == wire.FileAsk:
		f.asksFor(p, m, s)
	case s.Op == wire.FileOffer:
		f.offers(p, m, s)
	case m == nil:
		if s.Op == wire.FileAccept || s.Op == wire.FileAck || s.Op == wire.FileDone {
			f.sayTo(viewer, wire.File{Op: wire.FileCancel, Number: s.Number, Reason: wire.FileLost})
		}
	case s.Op == wire.FileCancel, s.Op == wire.FileRefuse && m.out:
		f.ended(m, s.Reason)
	case m.out:
		f.received(m, s)
	case s.Op == wire.FileDone:
		f.finish(m, s.SHA256)
	}
}

// ended takes the news that the other side has ended a transfer.
func (f *Files) ended(m *move, reason string) {
	switch {
	case m.state == asked:
		m.p.takenBack++
		f.withdraw(m)
	case m.state != stored:
		text := ended[reason]
		if text == "" {
			text = "the technician's side has ended it"
		}
		f.cfg.Say("“%s”: %s.", m.name, text)
	}
	f.forget(m)
}

// admit says why a wish is not even put before the guest; "": it is.
func (f *Files) admit(p *peer, allowed bool) string {
	for len(p.moves) >= maxMoves && p.moves[0].state == stored { // may be forgotten
		f.forget(p.moves[0])
	}
	switch {
	case !allowed:
		return wire.FileOff
	case p.refused >= maxRefused, p.takenBack >= maxTakenBack:
		return wire.FileBlocked
	case p.waiting() >= maxWaiting, len(p.moves) >= maxMoves:
		return wire.FileBusy
	}
	return ""
}

// asksFor takes a viewer's wish for a file.
func (f *Files) asksFor(p *peer, m *move, s *wire.File) {
	if m != nil {
		return // said again
	}
	if why := f.admit(p, f.cfg.Policy.out()); why != "" {
		f.sayTo(p.Number, wire.File{Op: wire.FileRefuse, Number: s.Number, Reason: why})
		return
	}
	p.moves = append(p.moves, &move{p: p, number: s.Number, out: true, state: asked, said: time.Now()})
	f.asks = append(f.asks, Wish{Viewer: p.Number, Number: s.Number, Give: true})
}

// offers takes a viewer's offer, which may be said again after an interruption.
func (f *Files) offers(p *peer, m *move, s *wire.File) {
	refuse := func(why string) {
		f.sayTo(p.Number, wire.File{Op: wire.FileRefuse, Number: s.Number, Reason: why})
	}
	name := wire.CleanFileName(s.Name)
	if m != nil {
		f.offersAgain(m, name, s)
		return
	}
	why := f.admit(p, f.cfg.Policy.in())
	if why == "" && s.Size > uint64(f.cfg.MaxSize) {
		why = wire.FileTooLarge
		f.cfg.Say("%s wants to send “%s”, which is larger (%s) than this computer takes (%s).", p.Name, name, Size(int64(s.Size)), Size(f.cfg.MaxSize))
	}
	if why != "" {
		refuse(why)
		return
	}
	m = &move{p: p, number: s.Number, name: name, size: int64(s.Size), state: asked, said: time.Now()}
	p.moves = append(p.moves, m)
	if f.cfg.Free != nil && f.cfg.Free() {
		f.take(m)
		return
	}
	f.asks = append(f.asks, Wish{Viewer: p.Number, Number: s.Number, Name: name, Size: m.size,
		Folder: f.cfg.Folder.String(), Program: isProgram(name)})
}

func (f *Files) offersAgain(m *move, name string, s *wire.File) {
	switch {
	case m.out || m.name != name || m.size != int64(s.Size):
		f.say(m, wire.File{Op: wire.FileCancel, Reason: wire.FileLost}) // one number of two transfers
		if !m.out && m.state != stored {
			f.ended(m, wire.FileLost)
		}
	case m.state == moving:
		m.back = time.Time{}
		f.say(m, wire.File{Op: wire.FileAccept, Offset: uint64(m.recv.At())})
	case m.state == stored:
		f.say(m, wire.File{Op: wire.FileDone, SHA256: m.result})
	}
}

// answer takes the guest's answer.
func (f *Files) answer(w Wish, a Answer) {
	p := f.peers[w.Viewer]
	if p == nil {
		return
	}
	m := p.find(w.Number)
	if m == nil || m.state != asked {
		return
	}
	if !a.Yes {
		p.refused++
		f.say(m, wire.File{Op: wire.FileRefuse, Reason: wire.FileNo})
		f.forget(m)
		return
	}
	p.refused, p.takenBack = 0, 0
	if !w.Give {
		f.take(m)
		return
	}
	src, err := openSource(a.Path)
	if err == nil {
		f.forget(m)
		err = f.give(src, w.Viewer, w.Number)
	}
	if err != nil {
		f.cfg.Say("It was not sent: %v.", err)
		f.sayTo(w.Viewer, wire.File{Op: wire.FileRefuse, Number: w.Number, Reason: wire.FileFailed})
		f.forget(m)
	}
}

// take begins to take a file.
func (f *Files) take(m *move) {
	file, err := f.cfg.Folder.Create(m.name)
	if err != nil {
		f.cfg.Say("“%s”: %s.", m.name, failure(err))
		f.say(m, wire.File{Op: wire.FileRefuse, Reason: reasonOf(err)})
		f.forget(m)
		return
	}
	m.file, m.recv, m.sum, m.state, m.said = file, NewReceiver(m.size), sha256.New(), moving, time.Now()
	f.say(m, wire.File{Op: wire.FileAccept})
}

// chunk takes a part of a file.
func (f *Files) chunk(viewer uint16, number uint32, offset int64, data []byte) {
	p := f.peers[viewer]
	if p == nil {
		return
	}
	m := p.find(number)
	if m == nil || m.out || m.state != moving {
		return
	}
	take, again := m.recv.Take(offset, len(data))
	if take {
		if _, err := m.file.Write(data); err != nil {
			f.fail(m, err)
			return
		}
		m.sum.Write(data)
	}
	m.due, m.again = true, m.again || again
}

// finish takes the sender's word that this was all.
func (f *Files) finish(m *move, sum string) {
	if m.state == stored {
		f.say(m, wire.File{Op: wire.FileDone, SHA256: m.result})
		return
	}
	if m.state != moving || !m.recv.Done() {
		return
	}
	m.result = hex.EncodeToString(m.sum.Sum(nil))
	if m.result != sum {
		f.end(m, wire.FileChecksum)
		return
	}
	path, err := m.file.Keep()
	if err != nil {
		f.fail(m, err)
		return
	}
	m.state = stored
	f.say(m, wire.File{Op: wire.FileDone, SHA256: sum})
	f.cfg.Say("“%s” of %s has arrived: %s", m.name, m.p.Name, path)
}

// give offers a file to a viewer (0: the only one); number is that of its ask, or 0.
func (f *Files) give(src *source, viewer uint16, number uint32) error {
	if viewer == 0 {
		switch len(f.peers) {
		case 0:
			return errors.New("nobody sees this screen")
		case 1:
		default:
			return ErrChoose
		}
		for n := range f.peers {
			viewer = n
		}
	}
	p := f.peers[viewer]
	switch {
	case p == nil:
		return errors.New("nobody with this number sees this screen")
	case len(p.moves) >= maxMoves && p.moves[0].state != stored:
		return errors.New("too many files are on their way already")
	}
	_ = f.admit(p, true) // makes room
	for number == 0 || p.find(number) != nil {
		number = randomNumber()
	}
	m := &move{p: p, number: number, name: src.name, size: src.size, out: true, state: offered, src: src, sum: sha256.New(), said: time.Now()}
	m.send = NewSender(src.size, &p.win)
	p.moves = append(p.moves, m)
	if p.Here {
		f.offer(m)
	}
	f.cfg.Say("“%s” (%s) is offered to %s.", m.name, Size(m.size), p.Name)
	return nil
}

func (f *Files) offer(m *move) {
	f.say(m, wire.File{Op: wire.FileOffer, Name: m.name, Size: uint64(m.size)})
}

// received takes what who gets a file says of it.
func (f *Files) received(m *move, s *wire.File) {
	now := time.Now()
	switch s.Op {
	case wire.FileAccept:
		f.begin(m, int64(s.Offset), now)
	case wire.FileAck:
		if m.state == moving {
			m.send.Acked(int64(s.Offset), s.Again, now)
		}
	case wire.FileDone:
		if m.state == verifying {
			f.cfg.Say("“%s” has been sent to %s.", m.name, m.p.Name)
			m.state = stored
			f.forget(m)
		}
	}
	if m.state == moving && m.send.Done() {
		if err := m.src.unchanged(); err != nil {
			f.fail(m, err)
			return
		}
		m.state = verifying
		f.say(m, wire.File{Op: wire.FileDone, SHA256: hex.EncodeToString(m.sum.Sum(nil))})
	}
}

// begin starts to send, or goes on, from what the other side has.
func (f *Files) begin(m *move, offset int64, now time.Time) {
	if m.state == asked || offset > m.size || offset > m.hashed || m.send.moving {
		return
	}
	if err := m.src.unchanged(); err != nil {
		f.fail(m, err)
		return
	}
	if offset == 0 { // it begins anew, as a page that was loaded anew may
		m.sum.Reset()
		m.hashed = 0
	}
	if f.ready != nil && f.ready.m == m {
		f.ready = nil
	}
	m.state = moving
	m.send.Begin(offset, now)
}

// randomNumber names a transfer: nobody can guess it, and two never meet.
func randomNumber() uint32 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.LittleEndian.Uint32(b[:])
}
