package wsconn

import (
	"encoding/binary"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/sys/unix"

	"pindesk/internal/relay"
)

// Times and sizes of a connection.
const (
	pingEvery    = 5 * time.Second
	silence      = 20 * time.Second // without a message or pong, after which the peer is gone
	writeTimeout = 10 * time.Second // for one message, and more for a large one: see slowest
	slowest      = 8 << 10          // bytes a second that a link must carry at least
	closeTimeout = time.Second      // for the peer to take the close code

	// notSent keeps what the kernel holds beyond the network's own window small, so that
	// what the relay drops for a lagging viewer is not in the kernel already.
	notSent = 64 << 10
)

var _ relay.Conn = (*conn)(nil)

// conn is a relay.Conn over a WebSocket. Its ping goroutine ends with close.
type conn struct {
	ws    *websocket.Conn
	start time.Time // pings carry the time since
	rtt   atomic.Int64
	done  chan struct{} // closed by Close
	once  sync.Once

	mu      sync.Mutex
	closed  bool      // guarded by mu: no later pong may move the read deadline
	writing time.Time // guarded by mu: deadline of the newest Write, behind which pings wait
}

var errText = errors.New("wsconn: a text message")

func newConn(ws *websocket.Conn, limit int64) *conn {
	c := &conn{ws: ws, start: time.Now(), done: make(chan struct{})}
	ws.SetReadLimit(limit)
	ws.SetPongHandler(c.pong)
	c.alive()
	lowWater(ws.NetConn())
	go c.ping()
	return c
}

// lowWater is best effort: without it only lag is noticed later.
func lowWater(nc net.Conn) {
	sc, ok := nc.(syscall.Conn)
	if !ok {
		return // TLS hides the socket
	}
	if raw, err := sc.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) {
			_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, notSent)
		})
	}
}

// alive moves the read deadline.
func (c *conn) alive() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.aliveLocked()
}

func (c *conn) aliveLocked() {
	if c.closed {
		return
	}
	until := time.Now().Add(silence)
	if c.writing.After(until) {
		until = c.writing
	}
	_ = c.ws.SetReadDeadline(until)
}

func (c *conn) ping() {
	t := time.NewTicker(pingEvery)
	defer t.Stop()
	for {
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], uint64(time.Since(c.start)))
		err := c.ws.WriteControl(websocket.PingMessage, b[:], time.Now().Add(writeTimeout))
		var late net.Error
		if err != nil && !(errors.As(err, &late) && late.Timeout()) { // late: behind a large message
			return // the reader finds out by its deadline
		}
		select {
		case <-t.C:
		case <-c.done:
			return
		}
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

func (c *conn) RTT() time.Duration { return time.Duration(c.rtt.Load()) }

// Read returns the next binary message, read into b's memory where it fits.
func (c *conn) Read(b []byte) ([]byte, error) {
	kind, r, err := c.ws.NextReader()
	if err != nil {
		return nil, err
	}
	if kind != websocket.BinaryMessage {
		return nil, errText
	}
	b = b[:0]
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if n > 0 {
			c.alive() // a large message may take longer than silence
		}
		if err != nil {
			if isEOF(err) {
				c.alive()
				return b, nil
			}
			return nil, err
		}
	}
}

// Write sends msg as one frame.
func (c *conn) Write(msg []byte) error {
	now := time.Now()
	deadline := now.Add(writeTimeout + time.Duration(len(msg))*time.Second/slowest)
	_ = c.ws.SetWriteDeadline(deadline)
	c.mu.Lock()
	if c.writing = deadline; deadline.Sub(now) > silence {
		c.aliveLocked()
	}
	c.mu.Unlock()
	return c.ws.WriteMessage(websocket.BinaryMessage, msg)
}

// Close sends the code and gives the peer closeTimeout to take it: closing the socket at
// once could reset it and lose the code. The reader then fails and its owner calls release.
func (c *conn) Close(code int, reason string) {
	c.once.Do(func() {
		close(c.done)
		deadline := time.Now().Add(closeTimeout)
		_ = c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), deadline)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.closed = true
		_ = c.ws.SetReadDeadline(deadline)
	})
}

// release frees the socket. Only for the owner, when nobody reads any more.
func (c *conn) release() {
	c.Close(websocket.CloseNormalClosure, "")
	_ = c.ws.Close()
}
