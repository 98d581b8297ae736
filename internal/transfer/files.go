package transfer

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"slices"
	"time"

	"pindesk/internal/wire"
)

// Bounds of what one viewer can make this computer remember.
const (
	maxMoves     = 32  // transfers of one viewer
	maxWaiting   = 8   // of them before the guest
	maxRefused   = 3   // offers and asks in a row, after which nobody is asked any more
	maxTakenBack = 32  // of them in a row before the guest could answer: each question stops all input
	maxOut       = 256 // answers that wait for the link: far more than its transfers need
)

// Files is all transfers of a presenter.
type Files struct {
	cfg    Config
	mail   mailbox
	wishes chan Wish
	over   chan struct{} // closed by Run

	// Owned by Run:
	link  *Link // nil without a connection
	peers map[uint16]*peer
	out   []control // that wait for the connection
	asks  []Wish    // that wait for who asks the guest
	ready *parcel   // the next chunk
}

// peer is one viewer and its transfers.
type peer struct {
	Viewer
	win       Window
	moves     []*move // oldest first
	refused   int
	takenBack int
}

// control is what waits to be said.
type control struct {
	viewer uint16
	file   wire.File
}

// parcel is a chunk that was read and not sent yet.
type parcel struct {
	m   *move
	n   int
	msg []byte
}

// state of a move.
type state uint8

const (
	asked     state = iota // the guest is before a question
	offered                // out only: the viewer is
	moving                 // bytes go
	verifying              // out only: all has arrived, and its checksum was said
	stored                 // over, and kept so that it can be said again
)

// move is one transfer.
type move struct {
	p      *peer
	number uint32
	name   string
	size   int64
	out    bool // to the viewer
	state  state
	sum    hash.Hash
	said   time.Time // when the guest was told how far it is
	back   time.Time // in only: when its sender must have offered again; zero while it need not

	// out:
	src    *source
	send   *Sender
	hashed int64

	// in:
	file   Incoming
	recv   *Receiver
	due    bool // an ack
	again  bool
	result string // sum, when it is stored
}

// New makes Files. It is of use only while Run runs.
func New(c Config) *Files {
	if c.MaxSize == 0 {
		c.MaxSize = DefaultMaxSize
	}
	return &Files{cfg: c, mail: mailbox{wake: make(chan struct{}, 1)}, wishes: make(chan Wish), over: make(chan struct{}), peers: map[uint16]*peer{}}
}

// Wishes are what the guest is to be asked; each is answered by Answer, but for withdrawn ones.
func (f *Files) Wishes() <-chan Wish { return f.wishes }

// Connected begins a new connection.
func (f *Files) Connected(l Link) { f.mail.own(func() { f.connect(&l) }) }

// Disconnected ends it.
func (f *Files) Disconnected() { f.mail.own(func() { f.connect(nil) }) }

// Viewers says who may see the screen now: all of them, also those that are away for a moment.
func (f *Files) Viewers(all []Viewer) { f.mail.latest(func() { f.setViewers(all) }) }

// Control takes a "file" of a viewer.
func (f *Files) Control(viewer uint16, s wire.File) {
	f.mail.put(func() { f.control(viewer, &s) }, 0)
}

// Chunk takes a chunk of a viewer, whose body is copied.
func (f *Files) Chunk(viewer uint16, number uint32, body []byte) {
	offset, data, err := wire.ParseChunk(body)
	if err != nil {
		return
	}
	data = append(make([]byte, 0, len(data)), data...)
	f.mail.put(func() { f.chunk(viewer, number, int64(offset), data) }, len(data))
}

// Answer takes the guest's answer to a wish.
func (f *Files) Answer(w Wish, a Answer) { f.mail.own(func() { f.answer(w, a) }) }

// ErrChoose means that several viewers could be meant.
var ErrChoose = errors.New("several technicians see this screen")

// Send gives a file to a viewer (0: the only one). The error is for the guest.
func (f *Files) Send(path string, viewer uint16) error {
	if !f.cfg.Policy.out() {
		return errors.New("files of this computer are not given: it was started with --files=" + string(f.cfg.Policy))
	}
	src, err := openSource(path)
	if err != nil {
		return err
	}
	result := make(chan error, 1)
	f.mail.own(func() { result <- f.give(src, viewer, 0) })
	select {
	case err = <-result:
	case <-f.over:
		err = errors.New("sharing has ended")
	}
	if err != nil {
		_ = src.f.Close()
	}
	return err
}

// Cancel ends all transfers, for the guest, and returns how many there were.
func (f *Files) Cancel() int {
	result := make(chan int, 1)
	f.mail.own(func() { result <- f.cancelAll() })
	select {
	case n := <-result:
		return n
	case <-f.over:
		return 0
	}
}

// Run moves files until ctx is done; what was not whole then is removed.
func (f *Files) Run(ctx context.Context) {
	defer close(f.over)
	defer f.endAll(wire.FileLost)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		timer.Reset(f.tick(time.Now()))
		control, controls := f.nextControl()
		var chunk []byte
		var chunks chan<- []byte
		if f.prepare(); f.ready != nil {
			chunk, chunks = f.ready.msg, f.link.Chunks
		}
		var wish Wish
		var wishes chan<- Wish
		if len(f.asks) > 0 {
			wish, wishes = f.asks[0], f.wishes
		}
		select {
		case <-ctx.Done():
			return
		case <-f.mail.wake:
			for _, job := range f.mail.take() {
				job()
			}
		case controls <- control:
			f.out = f.out[1:]
		case chunks <- chunk:
			r := f.ready
			f.ready = nil
			r.m.send.Sent(r.n, time.Now())
		case wishes <- wish:
			f.asks = f.asks[1:]
		case <-timer.C:
		}
	}
}

// nextControl is what is to be said next: what waits, else an ack that is due.
func (f *Files) nextControl() ([]byte, chan<- []byte) {
	if f.link == nil {
		return nil, nil
	}
	if len(f.out) == 0 {
		f.eachMove(func(m *move) {
			if m.due && len(f.out) == 0 {
				f.say(m, wire.File{Op: wire.FileAck, Offset: uint64(m.recv.At()), Again: m.again})
				m.due, m.again = false, false
			}
		})
	}
	if len(f.out) == 0 {
		return nil, nil
	}
	c := f.out[0]
	return wire.AppendControl(f.link.Buffer(), f.link.Epoch, 0, wire.Control{Type: wire.TypeFile, Viewer: c.viewer, File: &c.file}), f.link.Controls
}

// prepare reads the next chunk if one may go: of each viewer's oldest transfer.
func (f *Files) prepare() {
	if f.ready != nil || f.link == nil {
		return
	}
	for _, p := range f.peers {
		for _, m := range p.moves {
			if !m.out || m.state != moving {
				continue
			}
			if offset, n := m.send.Next(wire.MaxChunkData); n > 0 {
				f.load(m, offset, n)
				return
			}
			break // the next one's turn comes when this has gone
		}
	}
}

// load reads a chunk, and adds it to the checksum if it goes for the first time.
func (f *Files) load(m *move, offset int64, n int) {
	msg := wire.AppendHeader(f.link.Buffer(), wire.Header{Kind: wire.KindChunk, Epoch: f.link.Epoch, Viewer: m.p.Number, Seq: m.number})
	msg = wire.AppendChunk(msg, uint64(offset), nil)
	msg = slices.Grow(msg, n)
	data := msg[len(msg) : len(msg)+n]
	if err := m.src.read(data, offset); err != nil {
		f.fail(m, err)
		return
	}
	if fresh := m.hashed - offset; fresh < int64(n) {
		m.sum.Write(data[fresh:])
		m.hashed = offset + int64(n)
	}
	f.ready = &parcel{m, n, msg[:len(msg)+n]}
}

// tick does what time alone brings about, and returns when to look again.
func (f *Files) tick(now time.Time) time.Duration {
	next := time.Minute
	f.eachMove(func(m *move) {
		wait := time.Duration(0)
		switch {
		case m.out && m.state == moving && m.send.Lost():
			f.end(m, wire.FileLost)
		case m.out && m.state == moving:
			wait = m.send.Expire(now)
			f.progress(m, m.send.At(), now)
		case !m.out && m.state == moving:
			f.progress(m, m.recv.At(), now)
			if !m.back.IsZero() {
				if wait = m.back.Sub(now); wait <= 0 {
					f.end(m, wire.FileLost)
				}
			}
		}
		if wait > 0 {
			next = min(next, wait)
		}
	})
	return next
}

// progress tells the guest now and then how far a transfer is.
func (f *Files) progress(m *move, at int64, now time.Time) {
	if now.Sub(m.said) < sayEvery || m.size == 0 {
		return
	}
	m.said = now
	f.cfg.Say("“%s”: %d %% of %s.", m.name, 100*at/m.size, Size(m.size))
}

// eachMove calls g for all transfers; g may end them.
func (f *Files) eachMove(g func(*move)) {
	for _, p := range f.peers {
		for _, m := range slices.Clone(p.moves) {
			g(m)
		}
	}
}

// say has something said of a transfer.
func (f *Files) say(m *move, s wire.File) {
	s.Number = m.number
	f.sayTo(m.p.Number, s)
}

func (f *Files) sayTo(viewer uint16, s wire.File) {
	if f.link == nil {
		return
	}
	waiting := 0
	for _, c := range f.out {
		if c.viewer == viewer {
			waiting++
		}
	}
	if waiting < maxOut {
		f.out = append(f.out, control{viewer, s})
	}
}

// connect takes over a connection, or the lack of one.
func (f *Files) connect(l *Link) {
	for _, p := range f.peers {
		f.away(p)
	}
	f.link, f.out, f.asks, f.ready = l, nil, nil, nil // open questions end with their connection
}

// away notes that a viewer cannot be reached.
func (f *Files) away(p *peer) {
	p.Here = false
	p.win.Restart()
	for _, m := range slices.Clone(p.moves) {
		if m.state == asked { // it comes again with its viewer
			f.withdraw(m)
			f.forget(m)
			continue
		}
		if m.out {
			m.send.Pause()
		}
		m.due, m.back = false, time.Time{}
		if f.ready != nil && f.ready.m == m {
			f.ready = nil
		}
	}
}

func (f *Files) setViewers(all []Viewer) {
	gone := f.peers
	f.peers = map[uint16]*peer{}
	for _, v := range all {
		p := gone[v.Number]
		if p == nil {
			p = &peer{}
		}
		delete(gone, v.Number)
		f.peers[v.Number] = p
		before := p.Viewer
		if before.Here && (!v.Here || v.Attach != before.Attach) {
			f.away(p)
		}
		back := v.Here && !p.Here
		p.Viewer = v
		if back {
			f.back(p)
		}
	}
	for _, p := range gone { // their right to see the screen has ended, or they left for long
		for _, m := range slices.Clone(p.moves) {
			f.end(m, wire.FileRevoked)
		}
	}
}

// back goes on with a viewer that is here again.
func (f *Files) back(p *peer) {
	for _, m := range p.moves {
		switch {
		case m.out && m.state != asked && m.state != stored:
			f.offer(m)
		case !m.out && m.state == moving:
			m.back = time.Now().Add(returnTime)
		}
	}
}

// fail ends a transfer because of this computer's disk.
func (f *Files) fail(m *move, err error) {
	f.cfg.Say("“%s”: %s.", m.name, failure(err))
	f.say(m, wire.File{Op: wire.FileCancel, Reason: reasonOf(err)})
	f.forget(m)
}

func failure(err error) string {
	switch reasonOf(err) {
	case wire.FileFull:
		return "there is no room for it on this computer"
	case wire.FileChanged:
		return "the file was changed while it was sent, so it was not sent as a whole"
	}
	return fmt.Sprintf("it did not work: %v", err)
}

// end ends a transfer for a reason of this side, and tells both sides.
func (f *Files) end(m *move, reason string) {
	if m.state == stored {
		f.forget(m)
		return
	}
	f.say(m, wire.File{Op: wire.FileCancel, Reason: reason})
	if m.state == asked {
		f.withdraw(m)
	} else if text := ended[reason]; text != "" {
		f.cfg.Say("“%s”: %s.", m.name, text)
	}
	f.forget(m)
}

// ended says why a transfer is over.
var ended = map[string]string{
	wire.FileNo:       "the technician does not want it",
	wire.FileOff:      "the technician's page takes no files",
	wire.FileTooLarge: "it is too large for the technician's page",
	wire.FileBusy:     "too many files at once: try again later",
	wire.FileStopped:  "cancelled",
	wire.FileRevoked:  "ended, because the technician sees this screen no more",
	wire.FileReload:   "the technician's page was closed or loaded anew, so it did not arrive as a whole",
	wire.FileLost:     "the connection was lost for too long, so it did not arrive as a whole",
	wire.FileChanged:  "the file was changed while it was sent, so it did not arrive as a whole",
	wire.FileChecksum: "what arrived is not what was sent: send it again",
	wire.FileFull:     "the technician's browser has no room for it",
	wire.FileFailed:   "it did not work at the technician's side",
}

// forget removes a transfer, and what there is of its file if it is not whole.
func (f *Files) forget(m *move) {
	if m.src != nil {
		_ = m.src.f.Close() // only read
	}
	if m.file != nil && m.state != stored {
		m.file.Discard()
	}
	if f.ready != nil && f.ready.m == m {
		f.ready = nil
	}
	m.p.moves = slices.DeleteFunc(m.p.moves, func(o *move) bool { return o == m })
}

// withdraw takes a question back.
func (f *Files) withdraw(m *move) {
	w := Wish{Viewer: m.p.Number, Number: m.number, Withdrawn: true}
	for i, a := range f.asks {
		if a.Viewer == w.Viewer && a.Number == w.Number {
			f.asks = slices.Delete(f.asks, i, i+1)
			return
		}
	}
	f.asks = append(f.asks, w)
}

func (f *Files) cancelAll() (n int) {
	f.eachMove(func(m *move) {
		if m.state != stored {
			n++
			f.end(m, wire.FileStopped)
		}
	})
	return n
}

func (f *Files) endAll(reason string) {
	f.eachMove(func(m *move) { f.end(m, reason) })
}
