package wsconn

import (
	"encoding/binary"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"pindesk/internal/relay"
)

// Times and sizes of a connection.
const (
	pingEvery    = 5 * time.Second
	silence      = 20 * time.Second // without a message or pong, after which the peer is gone
	lateness     = 5 * time.Second  // of noticing it: to move a deadline with each message costs
	writeTimeout = 10 * time.Second // for what send left, and more for large messages: see slowest
	slowest      = 8 << 10          // bytes a second that a link must carry at least
	closeTimeout = time.Second      // for the peer to take the close code

	// notSent keeps what the kernel holds beyond the network's own window small, so that
	// what the relay drops for a lagging viewer is not in the kernel already.
	notSent = 64 << 10
)

var _ relay.Conn = (*conn)(nil)

// conn is a relay.Conn over a WebSocket. It has no goroutine of its own; its timer ends with
// Close.
type conn struct {
	ws    *websocket.Conn
	s     *socket // below ws
	msg   io.Reader
	start time.Time // pings carry the time since
	rtt   atomic.Int64
	once  sync.Once

	mu     sync.Mutex
	closed bool        // no later pong may move the read deadline; guarded by mu, as all below
	until  time.Time   // the read deadline
	pings  *time.Timer // of ping
}

var errText = errors.New("wsconn: a text message")

func newConn(ws *websocket.Conn, s *socket, limit int64) *conn {
	c := &conn{ws: ws, s: s, start: time.Now()}
	ws.SetReadLimit(limit)
	ws.SetPongHandler(c.pong)
	s.setPatient(c.patient)
	c.alive()
	c.ping()
	return c
}

// alive moves the read deadline.
func (c *conn) alive() {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.until.Sub(now) < silence {
		c.untilLocked(now.Add(silence + lateness))
	}
}

// patient has the peer be silent while a large message moves to it, which may take until then.
func (c *conn) patient(until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.until.Before(until) {
		c.untilLocked(until)
	}
}

func (c *conn) untilLocked(t time.Time) {
	if c.closed {
		return
	}
	c.until = t
	_ = c.ws.SetReadDeadline(t)
}

// ping sends one and plans the next.
func (c *conn) ping() {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(time.Since(c.start)))
	if c.ws.WriteControl(websocket.PingMessage, b[:], time.Time{}) != nil { // does not wait: see socket
		return // the reader finds out by itself
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
	case c.pings == nil:
		c.pings = time.AfterFunc(pingEvery, c.ping)
	default:
		c.pings.Reset(pingEvery)
	}
}

// pong takes the round trip from a pong that carries one of our pings.
func (c *conn) pong(data string) error {
	c.alive()
	if len(data) == 8 {
		sent := time.Duration(binary.LittleEndian.Uint64([]byte(data)))
		if rtt := time.Since(c.start) - sent; rtt > 0 && rtt < silence {
			c.rtt.Store(int64(rtt))
		}
	}
	return nil
}

// RTT implements relay.Conn, as all below.
func (c *conn) RTT() time.Duration { return time.Duration(c.rtt.Load()) }

func (c *conn) Wait() error {
	kind, r, err := c.ws.NextReader()
	if err == nil && kind != websocket.BinaryMessage {
		err = errText
	}
	c.msg = r
	return err
}

func (c *conn) Read(b []byte, grow func([]byte) []byte) ([]byte, error) {
	for {
		// With no room left this reads nothing, and finds out whether that was all.
		n, err := c.msg.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		switch {
		case err == nil && n == 0 && len(b) == cap(b):
			b = grow(b)
		case err == nil:
			c.alive() // a large message may take longer than silence
		case isEOF(err):
			return b, nil
		default:
			return nil, err
		}
	}
}

func (c *conn) Write(msgs [][]byte) (more bool, err error) { return c.s.send(msgs) }
func (c *conn) Flush() error                               { return c.s.flush() }

// Close sends the code and gives the peer closeTimeout to take it: closing the socket at
// once could reset it and lose the code. The reader then fails and its owner calls release.
func (c *conn) Close(code int, reason string) {
	c.once.Do(func() {
		deadline := time.Now().Add(closeTimeout)
		_ = c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), time.Time{})
		c.s.hurry(deadline)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.untilLocked(deadline)
		c.closed = true
		if c.pings != nil {
			c.pings.Stop()
		}
	})
}

// release frees the socket. Only for the owner, when nobody reads any more.
func (c *conn) release() {
	c.Close(websocket.CloseNormalClosure, "")
	_ = c.ws.Close()
}
