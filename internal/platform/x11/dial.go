//go:build linux

package x11

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jezek/xgb"

	"pindesk/internal/platform/desktop"
)

// openTimeout bounds connecting to a server and its first answer.
const openTimeout = 10 * time.Second

// address is a parsed display name.
type address struct {
	network string   // "unix" or "tcp"
	places  []string // in the order to try
	number  string   // display number
	screen  int
}

// parseDisplay parses a display name such as ":0", ":0.1", "unix:0", "host:10.0",
// "tcp/host:0" or the path of a socket followed by ":0".
func parseDisplay(name string) (address, error) {
	bad := fmt.Errorf("bad display name %q", name)
	colon := strings.LastIndexByte(name, ':')
	if colon < 0 {
		return address{}, bad
	}
	host, number := name[:colon], name[colon+1:]
	var a address
	if dot := strings.IndexByte(number, '.'); dot >= 0 {
		s, err := strconv.ParseUint(number[dot+1:], 10, 8)
		if err != nil {
			return address{}, bad
		}
		a.screen, number = int(s), number[:dot]
	}
	n, err := strconv.ParseUint(number, 10, 16)
	if err != nil || n > 65535-6000 {
		return address{}, bad
	}
	a.number = number
	switch {
	case strings.HasPrefix(host, "/"):
		a.network, a.places = "unix", []string{host + ":" + number, host}
	case host == "" || host == "unix":
		socket := "/tmp/.X11-unix/X" + number
		a.network, a.places = "unix", []string{socket, "@" + socket}
	default:
		host = strings.TrimPrefix(host, "tcp/")
		host = strings.Trim(host, "[]")
		a.network, a.places = "tcp", []string{net.JoinHostPort(host, strconv.Itoa(6000+int(n)))}
	}
	return a, nil
}

// dial connects to a display and shakes hands with the server. Errors are *desktop.Error.
func dial(ctx context.Context, display string) (*xgb.Conn, *link, address, error) {
	fail := func(kind error, message string, err error) (*xgb.Conn, *link, address, error) {
		return nil, nil, address{}, &desktop.Error{Kind: kind, Message: message, Err: err}
	}
	a, err := parseDisplay(display)
	if err != nil {
		return fail(desktop.ErrNoDisplay, fmt.Sprintf("%q is not the name of an X display; it should look like \":0\".", display), nil)
	}
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	var nc net.Conn
	var dialer net.Dialer
	for _, place := range a.places {
		if nc, err = dialer.DialContext(ctx, a.network, place); err == nil {
			break
		}
	}
	if err != nil {
		return fail(desktop.ErrNoDisplay, fmt.Sprintf("The desktop %q does not answer.", display), err)
	}
	stop := context.AfterFunc(ctx, func() { nc.Close() })
	setup, err := handshake(nc, a.number)
	if err == nil && !stop() {
		err = context.Cause(ctx)
	}
	if err != nil {
		stop()
		nc.Close()
		var refused refusedError
		if errors.As(err, &refused) {
			return fail(desktop.ErrRefused, fmt.Sprintf("The desktop %q does not let this program in. Please start it as the user "+
				"who is logged in there, or point XAUTHORITY to that user's file.", display), err)
		}
		return fail(desktop.ErrNoDisplay, fmt.Sprintf("The desktop %q did not answer as an X server does.", display), err)
	}
	l := &link{Conn: nc, setup: setup, in: bufio.NewReaderSize(nc, 64<<10)}
	x, err := xgb.NewConnNet(l)
	if err != nil {
		nc.Close()
		return fail(desktop.ErrNoDisplay, fmt.Sprintf("The desktop %q could not be opened.", display), err)
	}
	return x, l, a, nil
}

// refusedError is the server's reason not to let us in.
type refusedError string

func (e refusedError) Error() string { return "the X server says: " + string(e) }

// handshake opens the X protocol and returns the server's whole answer.
func handshake(nc net.Conn, number string) ([]byte, error) {
	key := cookieFor(nc.RemoteAddr(), number)
	name := ""
	if key != nil {
		name = cookieName
	}
	le := binary.LittleEndian
	b := []byte{'l', 0, 11, 0, 0, 0} // little-endian, version 11.0
	b = le.AppendUint16(b, uint16(len(name)))
	b = le.AppendUint16(b, uint16(len(key)))
	b = append(b, 0, 0)
	b = append(append(b, name...), make([]byte, xgb.Pad(len(name))-len(name))...)
	b = append(append(b, key...), make([]byte, xgb.Pad(len(key))-len(key))...)
	if _, err := nc.Write(b); err != nil {
		return nil, err
	}
	head := make([]byte, 8)
	if _, err := io.ReadFull(nc, head); err != nil {
		return nil, err
	}
	setup := make([]byte, 8+4*int(le.Uint16(head[6:])))
	copy(setup, head)
	if _, err := io.ReadFull(nc, setup[8:]); err != nil {
		return nil, err
	}
	switch {
	case head[0] == 0: // failed: byte 1 is the length of the reason
		n := min(int(head[1]), len(setup)-8)
		return nil, refusedError(strings.TrimSpace(string(setup[8 : 8+n])))
	case head[0] == 2:
		return nil, refusedError("further authentication is needed")
	case head[0] != 1 || le.Uint16(head[2:]) != 11 || len(setup) < 40:
		return nil, errors.New("the answer is not X11")
	}
	return setup, nil
}

// link is the connection below xgb. xgb's own handshake knows no deadline and tells
// refusal from failure by text only; so it is done beforehand, and link answers xgb's with
// what the server said. It also buffers reads, because xgb asks for 32 bytes at a time, and cuts
// generic events (those of XInput 2) to 32 bytes, because xgb takes all events for that long.
// Read and Write are each used by one goroutine of xgb only, except during NewConnNet.
type link struct {
	net.Conn
	in      *bufio.Reader
	setup   []byte // rest of the server's answer; owned by the reader
	left    int64  // of a message: bytes still to be read; owned by the reader
	cut     int64  // and after these, bytes that xgb must not see
	greeted bool   // xgb's own opening was swallowed; owned by the writer
	held    []byte // requests kept back; owned by the writer

	// hold keeps requests back until the next one that is written without it, and these go to
	// the server in one piece: it wakes once. Who sets it sends such a request soon.
	hold atomic.Bool
}

// messageHead is the length of events, errors, and of the first part of answers.
const messageHead = 32

func (l *link) Read(p []byte) (int, error) {
	if len(l.setup) > 0 {
		n := copy(p, l.setup)
		l.setup = l.setup[n:]
		return n, nil
	}
	if l.left == 0 {
		head, err := l.in.Peek(messageHead)
		if err != nil {
			return 0, err
		}
		more := 4 * int64(binary.LittleEndian.Uint32(head[4:]))
		l.left, l.cut = messageHead, 0
		switch {
		case head[0] == 1: // an answer
			l.left += more
		case head[0]&127 == genericEvent:
			l.cut = more
		}
	}
	n, err := l.in.Read(p[:min(int64(len(p)), l.left)])
	l.left -= int64(n)
	if l.left == 0 && l.cut > 0 && err == nil {
		_, err = l.in.Discard(int(l.cut))
	}
	return n, err
}

func (l *link) Write(p []byte) (int, error) {
	if !l.greeted {
		l.greeted = true
		return len(p), nil
	}
	if l.hold.Load() {
		l.held = append(l.held, p...)
		return len(p), nil
	}
	if len(l.held) == 0 {
		return l.Conn.Write(p)
	}
	l.held = append(l.held, p...)
	_, err := l.Conn.Write(l.held)
	l.held = l.held[:0]
	return len(p), err
}
