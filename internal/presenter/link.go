package presenter

import (
	"errors"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"pindesk/internal/wire"
)

// Times of a connection; the relay pings every 5 s.
const (
	linkSilence  = 20 * time.Second
	writeTimeout = 10 * time.Second // for one message, and more for a large one:
	slowest      = 8 << 10          // bytes a second that a link must carry at least
	byeTimeout   = 2 * time.Second
)

// errOverrun ends a connection whose broker has read nothing for very long.
var errOverrun = errors.New("the broker takes nothing any more")

// linkQueue bounds the messages that wait for the writer. Pacing keeps updates far below.
const linkQueue = 256

// link is one connection to the relay: a writer goroutine, and the reader's calls.
type link struct {
	ws     *websocket.Conn
	out    chan []byte // updates; owned by the writer once sent
	first  chan []byte // all else: small, and never behind pixels that wait
	files  chan []byte // the same, of files
	chunks chan []byte // of files, when there is nothing else; without a buffer, so that the newest measure counts
	free   chan []byte // written messages, for reuse
	pongs  chan string // to be written; the reader must not wait for the writer
	done   chan struct{}
	ended  chan struct{} // closed by the writer
	once   sync.Once
}

func newLink(ws *websocket.Conn) *link {
	l := &link{ws: ws, out: make(chan []byte, linkQueue), first: make(chan []byte, linkQueue),
		files: make(chan []byte), chunks: make(chan []byte), free: make(chan []byte, 8), pongs: make(chan string, 1),
		done: make(chan struct{}), ended: make(chan struct{})}
	l.alive()
	ws.SetPingHandler(func(data string) error {
		l.alive()
		select {
		case l.pongs <- data:
		default: // an older one still waits: it says as much
		}
		return nil
	})
	go l.write()
	return l
}

func (l *link) alive() { _ = l.ws.SetReadDeadline(time.Now().Add(linkSilence)) }

func (l *link) write() {
	defer close(l.ended)
	for {
		var err error
		select { // nothing more of the screen once it is done
		case <-l.done:
			return
		default:
		}
		select {
		case data := <-l.pongs:
			err = l.pong(data)
		case msg := <-l.first:
			err = l.put(msg)
		case msg := <-l.files:
			err = l.put(msg)
		default:
			select {
			case msg := <-l.out:
				err = l.put(msg)
			default:
				err = l.idle()
			}
		}
		if errors.Is(err, errDone) {
			return
		}
		if err != nil && !errors.Is(err, websocket.ErrCloseSent) { // the reader has the code of a close
			_ = l.ws.Close() // the reader reports it
			return
		}
	}
}

// errDone is that of a link that was closed.
var errDone = errors.New("the link was closed")

// idle writes whatever comes first. Chunks get their turn only here: when nothing else waits.
func (l *link) idle() error {
	select {
	case <-l.done:
		return errDone
	case data := <-l.pongs:
		return l.pong(data)
	case msg := <-l.first:
		return l.put(msg)
	case msg := <-l.files:
		return l.put(msg)
	case msg := <-l.out:
		return l.put(msg)
	case msg := <-l.chunks:
		return l.put(msg)
	}
}

func (l *link) pong(data string) error {
	return l.ws.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(writeTimeout))
}

func (l *link) put(msg []byte) error {
	_ = l.ws.SetWriteDeadline(time.Now().Add(writeTimeout + time.Duration(len(msg))*time.Second/slowest))
	err := l.ws.WriteMessage(websocket.BinaryMessage, msg)
	l.recycle(msg)
	return err
}

// buffer returns an empty buffer for a message that will be given to send.
func (l *link) buffer() []byte {
	select {
	case b := <-l.free:
		return b
	default:
		return nil
	}
}

// recycle takes back a buffer that was not sent, or has been written.
func (l *link) recycle(b []byte) {
	select {
	case l.free <- b[:0]:
	default:
	}
}

// send queues a message, which has a header, and takes its memory. What is no update overtakes
// the updates that wait: it neither builds on them nor they on it. (What the kernel holds
// is bounded by what pacing lets be on its way.)
func (l *link) send(msg []byte) error {
	queue := l.first
	switch wire.Kind(msg[0]) {
	case wire.KindUpdate, wire.KindClip: // a clip may be as large as an update
		queue = l.out
	}
	select {
	case queue <- msg:
		return nil
	default:
		return errOverrun
	}
}

// read returns the next message in b's memory where it fits.
func (l *link) read(b []byte) ([]byte, error) {
	kind, r, err := l.ws.NextReader()
	if err != nil {
		return nil, err
	}
	if kind != websocket.BinaryMessage {
		return nil, wire.ErrMalformed
	}
	l.alive()
	b = b[:0]
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err != nil {
			if isEOF(err) {
				return b, nil
			}
			return nil, err
		}
	}
}

// close ends the connection; with bye it says so first, unless what is being written takes
// too long. What is queued is dropped.
func (l *link) close(bye []byte) {
	l.once.Do(func() {
		close(l.done)
		deadline := time.Now().Add(byeTimeout)
		if bye != nil {
			select {
			case <-l.ended:
				_ = l.ws.SetWriteDeadline(deadline)
				_ = l.ws.WriteMessage(websocket.BinaryMessage, bye)
				_ = l.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), deadline)
			case <-time.After(byeTimeout):
			}
		}
		_ = l.ws.Close()
		<-l.ended
	})
}
