package wsconn

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"pindesk/internal/relay"
	"pindesk/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// served opens a broker's end and a party's end of a WebSocket over TCP. serve has ours.
func served(tb testing.TB, serve func(relay.Conn)) *websocket.Conn {
	tb.Helper()
	return servedBy(tb, httptest.NewServer, serve)
}

func servedBy(tb testing.TB, start func(http.Handler) *httptest.Server, serve func(relay.Conn)) *websocket.Conn {
	tb.Helper()
	h := &Handler{
		Allowed: func(*http.Request) bool { return true },
		Admit:   func(context.Context, string) (relay.Party, error) { return relay.Party{Epoch: 1}, nil },
		Serve:   func(_ context.Context, _ relay.Party, c relay.Conn) error { serve(c); return nil },
		Log:     slog.New(slog.DiscardHandler),
	}
	s := start(h)
	tb.Cleanup(func() { s.Close(); h.Wait() })
	return dial(tb, s.URL)
}

func dial(tb testing.TB, url string) *websocket.Conn {
	tb.Helper()
	d := websocket.Dialer{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // of a test's own server
		Subprotocols: []string{wire.Protocol, wire.TicketPrefix + "x"}, ReadBufferSize: 1 << 10, WriteBufferSize: 1 << 10}
	ws, resp, err := d.Dial("ws"+strings.TrimPrefix(url, "http"), nil)
	if err != nil {
		tb.Fatal(err)
	}
	_ = resp.Body.Close()
	tb.Cleanup(func() { _ = ws.Close() })
	return ws
}

// raceEnabled says that memory is not what it is without the race detector.
var raceEnabled = func() bool {
	info, _ := debug.ReadBuildInfo()
	return info != nil && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}()

// double is what the relay's grow does, without its pool.
func double(b []byte) []byte { return append(make([]byte, 0, 2*cap(b)+1), b...) }

// All sizes around the edges of frame heads and of the memory that is read into, both ways, and
// below TLS as well: what would be written past it the other end would not understand.
func TestSizes(t *testing.T) {
	t.Run("TCP", func(t *testing.T) { testSizes(t, httptest.NewServer) })
	t.Run("TLS", func(t *testing.T) { testSizes(t, httptest.NewTLSServer) })
}

func testSizes(t *testing.T, start func(http.Handler) *httptest.Server) {
	sizes := []int{0, 1, 125, 126, 127, 128, 4096, 65535, 65536, aheadSize - 8, aheadSize - 7, aheadSize, aheadSize + 1, 300_000}
	content := func(n int) []byte { return bytes.Repeat([]byte{byte(n), byte(n >> 8), 3}, n/3+1)[:n] }
	ws := servedBy(t, start, func(c relay.Conn) {
		for range sizes { // echo; several at once go in order, too
			if err := c.Wait(); err != nil {
				t.Error(err)
				return
			}
			b, err := c.Read(nil, double)
			if err != nil {
				t.Error(err)
				return
			}
			more, err := c.Write([][]byte{b, b[:len(b)/2], b})
			if more && err == nil {
				err = c.Flush()
			}
			if err != nil {
				t.Error(err)
				return
			}
		}
		_ = c.Wait() // answers the close
	})
	for _, n := range sizes {
		if err := ws.WriteMessage(websocket.BinaryMessage, content(n)); err != nil {
			t.Fatal(err)
		}
		for _, want := range [][]byte{content(n), content(n)[:n/2], content(n)} {
			if kind, got, err := ws.ReadMessage(); err != nil || kind != websocket.BinaryMessage || !bytes.Equal(got, want) {
				t.Fatalf("of %d bytes came back %d, %v", len(want), len(got), err)
			}
		}
	}
}

// A message that comes in several frames, with pings between, byte by byte.
func TestFragmentsInSmallPieces(t *testing.T) {
	got := make(chan []byte, 1)
	ws := served(t, func(c relay.Conn) {
		defer close(got)
		if err := c.Wait(); err != nil {
			t.Error(err)
			return
		}
		b, err := c.Read(nil, double)
		if err != nil {
			t.Error(err)
			return
		}
		got <- b
		_ = c.Wait()
	})
	ponged := make(chan string, 1)
	ws.SetPongHandler(func(s string) error { ponged <- s; return nil })
	ws.SetPingHandler(func(string) error { return nil }) // only the test writes
	go func() { _, _, _ = ws.ReadMessage() }()           // pongs
	nc := ws.NetConn()
	for _, b := range []byte("\x02\x83\x00\x00\x00\x00one" + "\x89\x82\x00\x00\x00\x00hi" + "\x80\x83\x00\x00\x00\x00two") {
		if _, err := nc.Write([]byte{b}); err != nil {
			t.Fatal(err)
		}
	}
	if b := <-got; string(b) != "onetwo" {
		t.Errorf("got %q", b)
	}
	if s := <-ponged; s != "hi" {
		t.Errorf("the pong carried %q", s)
	}
}

// Write never waits, whatever the peer does not read, and nothing is lost or torn: not
// messages, and not the pongs and the close code between them.
func TestWriteDoesNotWait(t *testing.T) {
	const size, most = 100 << 10, 1000
	ready, go1 := make(chan int), make(chan struct{})
	ws := served(t, func(c relay.Conn) {
		var reading sync.WaitGroup
		defer reading.Wait()
		reading.Go(func() {
			for c.Wait() == nil { // answers pings
			}
		})
		for n := 1; n <= most; n++ {
			began := time.Now()
			more, err := c.Write([][]byte{bytes.Repeat([]byte{byte(n)}, size)})
			if took := time.Since(began); took > closeTimeout {
				t.Errorf("Write took %v", took)
			}
			if err != nil {
				t.Error(err)
				break
			}
			if more {
				ready <- n
				<-go1
				if err := c.Flush(); err != nil {
					t.Error(err)
				}
				break
			}
		}
		c.Close(wire.CloseFull, "full")
	})
	n := <-ready // the network is full
	if err := ws.WriteControl(websocket.PingMessage, []byte("behind"), time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	var pongs []string
	ws.SetPongHandler(func(s string) error { pongs = append(pongs, s); return nil })
	close(go1)
	for i := 1; i <= n; i++ {
		_, b, err := ws.ReadMessage()
		if err != nil || len(b) != size || b[0] != byte(i) || b[size-1] != byte(i) {
			t.Fatalf("message %d of %d: %d bytes, %v", i, n, len(b), err)
		}
	}
	_, _, err := ws.ReadMessage()
	if !websocket.IsCloseError(err, wire.CloseFull) {
		t.Errorf("ended with %v, want the code %d", err, wire.CloseFull)
	}
	if len(pongs) > 0 && pongs[0] != "behind" {
		t.Errorf("pongs %q", pongs)
	}
}

// What a write has left over when the connection is closed has no longer than the close code, however
// large it is: who serves the connection waits for it.
func TestCloseBeforeFlush(t *testing.T) {
	took := make(chan time.Duration, 1)
	ws := served(t, func(c relay.Conn) {
		large := make([]byte, 1<<20)
		for {
			more, err := c.Write([][]byte{large})
			if err != nil {
				t.Error(err)
				break
			}
			if more {
				break
			}
		}
		c.Close(wire.CloseReconnect, "going down")
		began := time.Now()
		if c.Flush() == nil {
			t.Error("a peer that reads nothing took it all")
		}
		took <- time.Since(began)
	})
	defer ws.Close()
	select {
	case d := <-took:
		if d > 2*closeTimeout {
			t.Errorf("Flush took %v", d)
		}
	case <-time.After(writeTimeout):
		t.Error("Flush still waits for a peer that reads nothing")
		_ = ws.Close()
		<-took
	}
}

// A peer that reads nothing and sends pings without end costs no memory for pongs.
func TestFloodOfPings(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	s := newSocket(a)
	pong := append([]byte{0x8a, 125}, make([]byte, 125)...)
	for range 10_000 {
		if _, err := s.Write(pong); err != nil {
			t.Fatal(err)
		}
	}
	s.mu.Lock()
	n := 0
	for _, p := range s.out {
		n += len(p)
	}
	s.mu.Unlock()
	if n > maxControl+len(pong) {
		t.Errorf("%d bytes of pongs wait", n)
	}
	_ = a.Close()
	if err := s.flush(); err == nil { // the second one: it waits for the first
		t.Error("a closed pipe took the pongs")
	}
}

// What a message costs through two real WebSockets and the relay: an update of 20 kB there,
// its ack back.
func BenchmarkPair(b *testing.B) {
	p := newRelayed(b)
	b.SetBytes(int64(len(p.update)))
	b.ReportAllocs()
	for b.Loop() {
		p.once(b)
	}
}

// The benchmark's allocations, held: gorilla makes one of 8 bytes for each message read.
func TestAllocationsOfAMessage(t *testing.T) {
	p := newRelayed(t)
	for range 50 {
		p.once(t)
	}
	const rounds = 500
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range rounds {
		p.once(t)
	}
	runtime.ReadMemStats(&after)
	// Two messages a round. The race detector's pools lose a part of what they are given.
	allocs, size := float64(after.Mallocs-before.Mallocs)/rounds, float64(after.TotalAlloc-before.TotalAlloc)/rounds
	if !raceEnabled && (allocs > 2.5 || size > 128) {
		t.Errorf("%.1f allocations and %.0f bytes for an update and its ack, want at most 2.5 and 128", allocs, size)
	}
	if allocs < 1 {
		t.Errorf("%.1f allocations a round: gorilla alone makes more, so nothing was measured", allocs)
	}
}

// An idle connection holds neither buffers nor a stack that has grown.
func TestMemoryOfAnIdleConnection(t *testing.T) {
	const conns = 200
	h := &Handler{
		Allowed: func(*http.Request) bool { return true },
		Admit:   func(context.Context, string) (relay.Party, error) { return relay.Party{Epoch: 1}, nil },
		Log:     slog.New(slog.DiscardHandler),
	}
	var waiting sync.WaitGroup
	waiting.Add(conns)
	h.Serve = func(_ context.Context, _ relay.Party, c relay.Conn) error {
		waiting.Done()
		return c.Wait()
	}
	s := httptest.NewServer(h)
	defer s.Close()
	held := func() uint64 {
		runtime.GC()
		runtime.GC() // the first one empties pools only half
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc + m.StackInuse
	}
	before := held()
	all := make([]net.Conn, conns)
	for i := range all {
		nc, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		_, err = fmt.Fprintf(nc, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
			"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: %s, %sx\r\n\r\n", wire.Protocol, wire.TicketPrefix)
		if err != nil {
			t.Fatal(err)
		}
		all[i] = nc
	}
	waiting.Wait()
	each := (held() - before) / conns
	t.Logf("%d bytes", each)
	if limit := uint64(16 << 10); !raceEnabled && each > limit || each < 500 {
		t.Errorf("%d bytes of heap and stack for an idle connection, want at most %d", each, limit)
	}
	for _, nc := range all {
		_ = nc.Close()
	}
	h.Wait()
}
