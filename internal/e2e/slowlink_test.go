package e2e

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"pindesk/internal/presenter"
	"pindesk/internal/screen"
)

// slowLink is a way to the broker with a bandwidth and a delay toward the caller, whose connections
// share it.
type slowLink struct {
	rate  int // bytes a second
	delay time.Duration

	mu    sync.Mutex
	free  time.Time // when all that came so far has been sent
	total int
}

// through returns a site whose sockets go over the link.
func (s *site) through(t *testing.T, l *slowLink) *site {
	t.Helper()
	over := *s
	over.url = l.listen(t, strings.TrimPrefix(s.url, "http://"))
	return &over
}

// listen opens the link's near end and returns its URL.
func (l *slowLink) listen(t *testing.T, to string) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() { cancel(); ln.Close(); all.Wait() })
	all.Go(func() {
		for {
			near, err := ln.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				near.Close()
				continue
			}
			far.(*net.TCPConn).SetReadBuffer(16 << 10) // else the kernel is a fast link of its own
			stop := context.AfterFunc(ctx, func() { near.Close(); far.Close() })
			all.Go(func() { defer stop(); defer far.Close(); io.Copy(far, near) })
			all.Go(func() { defer near.Close(); l.carry(near, far) })
		}
	})
	return "http://" + ln.Addr().String()
}

// carry copies at the link's rate, each piece after the delay.
func (l *slowLink) carry(to io.Writer, from io.Reader) {
	type piece struct {
		b  []byte
		at time.Time
	}
	pieces := make(chan piece, 1024)
	var wg sync.WaitGroup
	wg.Go(func() {
		for p := range pieces {
			<-time.After(time.Until(p.at))
			if _, err := to.Write(p.b); err != nil {
				break
			}
		}
		for range pieces {
		}
	})
	for {
		b := make([]byte, 2<<10)
		n, err := from.Read(b)
		if err != nil {
			break
		}
		l.mu.Lock()
		l.total += n
		if now := time.Now(); l.free.Before(now) {
			l.free = now
		}
		l.free = l.free.Add(time.Duration(n) * time.Second / time.Duration(l.rate))
		free := l.free
		l.mu.Unlock()
		pieces <- piece{b[:n], free.Add(l.delay)}
		<-time.After(time.Until(free))
	}
	close(pieces)
	wg.Wait()
}

func (l *slowLink) carried() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total
}

// photo fills a rectangle with what no palette holds.
func photo(r *rand.Rand) func(p screen.Picture) screen.Rect {
	return func(p screen.Picture) screen.Rect {
		q := screen.Rect{W: p.W, H: p.H}
		a, b := r.IntN(256), r.IntN(256)
		for y := range q.H {
			for x := range q.W {
				px := p.Pix[y*p.Stride+4*x:]
				px[0], px[1], px[2] = byte(x/3+a+r.IntN(24)), byte(y/3+b+r.IntN(24)), byte((x+y)/5+r.IntN(24))
			}
		}
		return q
	}
}

// A technician behind 4 Mbit/s and 150 ms more on the way sees each change of the whole screen, and in the
// end the exact picture, by one keyframe.
func TestSlowLink(t *testing.T) {
	s := startSite(t, nil)
	pin := s.newPIN()
	r := rand.New(rand.NewPCG(3, 3))
	desk := newFakeDesktop(800, 600)
	desk.draw(photo(r))
	s.present(pin, presenter.Config{Screen: desk, Input: desk, Consent: presenter.ControlFree})
	link := &slowLink{rate: 500_000, delay: 150 * time.Millisecond}
	v := s.through(t, link).view(pin, "")
	start := time.Now()
	eventually(t, "a picture", func() bool {
		n, _ := v.got()
		return n > 0
	})
	t.Logf("first picture after %v", time.Since(start))
	for range 3 {
		<-time.After(700 * time.Millisecond)
		desk.draw(photo(r))
	}
	within(t, 60*time.Second, "the exact picture", func() bool { return v.differs(desk) == 0 })
	t.Logf("exact after %v and %d kB; %d updates; drops %v", time.Since(start), link.carried()>>10, v.updates, s.b.Stats().Drops)
	if n := s.b.Stats().Drops["lag"]; n > 0 {
		t.Errorf("%d updates were dropped for lag", n)
	}
}
