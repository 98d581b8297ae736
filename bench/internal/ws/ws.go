// Package ws is a lean WebSocket client for load generators: one buffer a connection, and
// payloads that are read where they lie. It is no general client: it masks with a fixed key,
// which keeps the generator cheap, and trusts the server.
package ws

import (
	"bufio"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

const (
	dialTimeout = 30 * time.Second
	readBuffer  = 32 << 10
	// maxSmall bounds what is read as a whole: text, and control frames.
	maxSmall = 1 << 20
)

// Opcodes of RFC 6455.
const (
	opContinue = 0
	opText     = 1
	opBinary   = 2
	opClose    = 8
	opPing     = 9
	opPong     = 10
)

// Conn is a connection. One goroutine reads, any may write.
type Conn struct {
	c net.Conn
	r *bufio.Reader
	// left is what of the present binary message has not been read.
	left int

	mu  sync.Mutex
	buf []byte // guarded by mu
}

// Dial opens a ws:// or wss:// URL with more headers. Certificates are not checked: it
// measures servers on loopback, which sign their own.
func Dial(address string, headers http.Header) (*Conn, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: dialTimeout}
	var c net.Conn
	if u.Scheme == "wss" {
		c, err = tls.DialWithDialer(dialer, "tcp", u.Host, &tls.Config{InsecureSkipVerify: true})
	} else {
		c, err = dialer.Dial("tcp", u.Host)
	}
	if err != nil {
		return nil, err
	}
	w := &Conn{c: c, r: bufio.NewReaderSize(c, readBuffer)}
	if err := w.upgrade(u, headers); err != nil {
		_ = c.Close()
		return nil, err
	}
	return w, nil
}

func (w *Conn) upgrade(u *url.URL, headers http.Header) error {
	if err := w.c.SetDeadline(time.Now().Add(dialTimeout)); err != nil {
		return err
	}
	key := make([]byte, 16)
	_, _ = rand.Read(key) // it never fails
	req := &http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"},
		"Sec-Websocket-Key": {base64.StdEncoding.EncodeToString(key)}}}
	for k, v := range headers {
		req.Header[k] = v
	}
	if err := req.Write(w.c); err != nil {
		return err
	}
	answer, err := http.ReadResponse(w.r, req)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusSwitchingProtocols {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 200)) // to say what it says
		return fmt.Errorf("no WebSocket: %s %s", answer.Status, text)
	}
	return w.c.SetDeadline(time.Time{})
}

// Close ends the connection at once.
func (w *Conn) Close() error { return w.c.Close() }

// Write sends one binary message.
func (w *Conn) Write(p []byte) (int, error) {
	if err := w.send(opBinary, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// WriteParts sends one binary message that is made of two parts.
func (w *Conn) WriteParts(a, b []byte) error { return w.send(opBinary, a, b) }

// WriteText sends one text message.
func (w *Conn) WriteText(s string) error { return w.send(opText, []byte(s)) }

func (w *Conn) send(op byte, parts ...[]byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	b := append(w.buf[:0], 0x80|op)
	switch {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	const mask = 0x5ac3917e
	b = binary.LittleEndian.AppendUint32(b, mask)
	payload := len(b)
	for _, p := range parts {
		b = append(b, p...)
	}
	q := b[payload:]
	for len(q) >= 8 {
		binary.LittleEndian.PutUint64(q, binary.LittleEndian.Uint64(q)^(mask|mask<<32))
		q = q[8:]
	}
	for i := range q {
		q[i] ^= byte(uint32(mask) >> (8 * (i & 3)))
	}
	w.buf = b
	_, err := w.c.Write(b)
	return err
}

// errText says that a text message came; it is returned by next, with the text.
var errText = errors.New("ws: a text message")

// next reads frame headers until a binary frame with a payload begins. Pings are answered.
func (w *Conn) next() (text string, err error) {
	for {
		var h [8]byte
		if _, err := io.ReadFull(w.r, h[:2]); err != nil {
			return "", err
		}
		op, n := h[0]&15, uint64(h[1]&127)
		switch n {
		case 126:
			if _, err := io.ReadFull(w.r, h[:2]); err != nil {
				return "", err
			}
			n = uint64(binary.BigEndian.Uint16(h[:2]))
		case 127:
			if _, err := io.ReadFull(w.r, h[:]); err != nil {
				return "", err
			}
			n = binary.BigEndian.Uint64(h[:])
		}
		if op == opBinary || op == opContinue {
			if n > 0 {
				w.left = int(n)
				return "", nil
			}
			continue
		}
		if n > maxSmall {
			return "", fmt.Errorf("ws: %d bytes of text", n)
		}
		p := make([]byte, n)
		if _, err := io.ReadFull(w.r, p); err != nil {
			return "", err
		}
		switch op {
		case opClose:
			return "", fmt.Errorf("ws: closed by the server: %q", p)
		case opPing:
			if err := w.send(opPong, p); err != nil {
				return "", err
			}
		case opText:
			return string(p), errText
		}
	}
}

// Next begins the next binary message and returns its length: what of the present one is left
// is skipped. Only for servers that do not cut messages into several frames.
func (w *Conn) Next() (int, error) {
	if _, err := w.r.Discard(w.left); err != nil {
		return 0, err
	}
	w.left = 0
	for {
		_, err := w.next()
		if !errors.Is(err, errText) {
			return w.left, err
		}
	}
}

// Left is how much of the present message has not been read.
func (w *Conn) Left() int { return w.left }

// Read gives the payload of binary messages as one stream; text messages are skipped.
func (w *Conn) Read(p []byte) (int, error) {
	for w.left == 0 {
		if _, err := w.next(); err != nil && !errors.Is(err, errText) {
			return 0, err
		}
	}
	n, err := w.r.Read(p[:min(len(p), w.left)])
	w.left -= n
	return n, err
}

// ReadText waits for one text message.
func (w *Conn) ReadText(patience time.Duration) (string, error) {
	if err := w.c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	text, err := w.next()
	switch {
	case errors.Is(err, errText):
		return text, w.c.SetReadDeadline(time.Time{})
	case err == nil:
		return "", errors.New("ws: a binary message instead of text")
	}
	return "", err
}
