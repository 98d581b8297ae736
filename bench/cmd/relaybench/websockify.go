package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"pindesk/bench/internal/group"
	"pindesk/bench/internal/ws"
)

// pairTimeout bounds the joining of a pair's two ends.
const pairTimeout = 30 * time.Second

// websockify is noVNC's relay. The viewer is a WebSocket client; the presenter is the TCP
// server that websockify dials for it, as a VNC server would be. The viewer sends its number
// first, so that the two ends of a pair find each other.
type websockify struct {
	process
	addr string
	ln   net.Listener
	wait sync.WaitGroup

	mu   sync.Mutex
	want map[uint64]chan net.Conn // guarded by mu
}

func (w *websockify) start(ctx context.Context) (pids []int, err error) {
	if w.ln, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	w.want = map[uint64]chan net.Conn{}
	w.wait.Go(w.accept)
	port, err := group.FreePort()
	if err != nil {
		return nil, err
	}
	w.addr = fmt.Sprintf("127.0.0.1:%d", port)
	return w.run(ctx, "", w.addr, "websockify", w.addr, w.ln.Addr().String())
}

func (w *websockify) accept() {
	for {
		c, err := w.ln.Accept()
		if err != nil {
			return
		}
		w.wait.Go(func() { w.introduce(c) })
	}
}

// introduce hands a connection of websockify to the pair that it is for.
func (w *websockify) introduce(c net.Conn) {
	var number [8]byte
	_ = c.SetReadDeadline(time.Now().Add(pairTimeout))
	if _, err := io.ReadFull(c, number[:]); err != nil {
		_ = c.Close()
		return
	}
	_ = c.SetReadDeadline(time.Time{})
	id := binary.BigEndian.Uint64(number[:])
	w.mu.Lock()
	ch := w.want[id]
	delete(w.want, id)
	w.mu.Unlock()
	if ch == nil {
		_ = c.Close()
		return
	}
	ch <- c
}

func (w *websockify) pair(i int) (io.WriteCloser, io.ReadCloser, error) {
	ch := make(chan net.Conn, 1)
	id := uint64(i) + 1
	w.mu.Lock()
	w.want[id] = ch
	w.mu.Unlock()
	viewer, err := ws.Dial("ws://"+w.addr+"/websockify", http.Header{"Sec-Websocket-Protocol": {"binary"}})
	if err != nil {
		return nil, nil, err
	}
	if _, err := viewer.Write(binary.BigEndian.AppendUint64(nil, id)); err != nil {
		_ = viewer.Close()
		return nil, nil, err
	}
	select {
	case presenter := <-ch:
		return presenter, viewer, nil
	case <-time.After(pairTimeout):
		_ = viewer.Close()
		return nil, nil, errors.New("websockify did not dial its target")
	}
}

func (w *websockify) stop() {
	w.process.stop()
	if w.ln != nil {
		_ = w.ln.Close()
	}
	w.wait.Wait()
}
