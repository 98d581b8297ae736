// Package countproxy is a loopback TCP proxy that counts bytes both ways. The browser talks
// to it instead of the product, so that the counts are what reaches the browser's socket:
// HTTP, WebSocket framing and TLS records, without the headers of TCP and IP.
package countproxy

import (
	"fmt"
	"net"
	"sync"
	"sync/atomic"
)

// Proxy forwards connections. It owns two goroutines a connection until Close.
type Proxy struct {
	// Down are bytes to the browser, Up those from it.
	Down, Up atomic.Int64

	ln     net.Listener
	target func() string
	tap    Tap
	work   sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]bool // guarded by mu; nil once closed
}

// Tap is asked at each connection for who reads along its two directions, before the bytes are
// passed on; nil for nobody.
type Tap func() (down, up func([]byte))

// Listen takes a free loopback port and forwards its connections to target(), a host:port,
// which is asked for at each connection: the product may be started later. Without a tap,
// which is nil, it only counts.
func Listen(target func() string, tap Tap) (*Proxy, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("counting proxy: %w", err)
	}
	if tap == nil {
		tap = func() (down, up func([]byte)) { return nil, nil }
	}
	p := &Proxy{ln: ln, target: target, tap: tap, conns: map[net.Conn]bool{}}
	p.work.Go(p.accept)
	return p, nil
}

// Addr is the host:port that the browser is to use.
func (p *Proxy) Addr() string { return p.ln.Addr().String() }

// Close ends all connections and returns when nothing is left of them.
func (p *Proxy) Close() {
	_ = p.ln.Close()
	p.mu.Lock()
	for c := range p.conns {
		_ = c.Close()
	}
	p.conns = nil
	p.mu.Unlock()
	p.work.Wait()
}

func (p *Proxy) accept() {
	for {
		c, err := p.ln.Accept()
		if err != nil {
			return
		}
		p.work.Go(func() { p.serve(c) })
	}
}

// own enters connections, which Close will end; it fails after Close.
func (p *Proxy) own(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conns == nil {
		return false
	}
	for _, c := range conns {
		p.conns[c] = true
	}
	return true
}

func (p *Proxy) disown(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
}

func (p *Proxy) serve(near net.Conn) {
	defer near.Close()
	far, err := net.Dial("tcp", p.target())
	if err != nil {
		return
	}
	defer far.Close()
	if !p.own(near, far) {
		return
	}
	defer p.disown(near)
	defer p.disown(far)
	tapDown, tapUp := p.tap()
	var up sync.WaitGroup
	up.Go(func() { pump(far, near, &p.Up, tapUp) })
	pump(near, far, &p.Down, tapDown)
	up.Wait()
}

// pump copies until either end is closed, and then closes both.
func pump(to, from net.Conn, n *atomic.Int64, tap func([]byte)) {
	defer to.Close()
	defer from.Close()
	b := make([]byte, 256<<10)
	for {
		k, err := from.Read(b)
		if k > 0 {
			n.Add(int64(k))
			if tap != nil {
				tap(b[:k])
			}
			if _, err := to.Write(b[:k]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
