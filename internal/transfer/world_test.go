package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"pindesk/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a presenter and a technician, whose page is a Files as well, and the way between them.
type world struct {
	t         *testing.T
	guest     *Files
	page      *Files
	dir       string // the guest's downloads
	pageDir   string
	asked     []Wish
	answer    func(Wish) Answer
	down, up  *way
	cut       context.CancelFunc // of the present connection
	attach    uint32
	mu        sync.Mutex
	said      []string
	pageSaid  []string
	passed    []wire.File // controls of both directions; guarded by mu, as said
	onControl func(up bool, s *wire.File) bool
}

// way carries messages in one direction, as fast as rate bytes a second (0: at once) and delay allow.
type way struct {
	mu    sync.Mutex
	rate  float64
	delay time.Duration
	lose  func() bool
	busy  time.Time
	bytes int
}

// arrives is when what is sent now is there.
func (w *way) arrives(n int) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	if w.busy.Before(now) {
		w.busy = now
	}
	if w.rate > 0 {
		w.busy = w.busy.Add(time.Duration(float64(n) / w.rate * float64(time.Second)))
	}
	w.bytes += n
	return w.busy.Add(w.delay)
}

const viewerNumber = 7

// bubble runs a test in a world with a virtual clock.
func bubble(t *testing.T, policy Policy, f func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, dir: filepath.Join(t.TempDir(), "down"), pageDir: t.TempDir(), down: &way{}, up: &way{},
			answer: func(Wish) Answer { return Answer{Yes: true} }}
		say := func(to *[]string) func(string, ...any) {
			return func(format string, a ...any) {
				w.mu.Lock()
				defer w.mu.Unlock()
				*to = append(*to, fmt.Sprintf(format, a...))
			}
		}
		w.guest = New(Config{Policy: policy, MaxSize: 64 << 20, Folder: Dir(w.dir), Say: say(&w.said)})
		w.page = New(Config{Policy: Both, Folder: Dir(w.pageDir), Say: say(&w.pageSaid), Free: func() bool { return true }})
		ctx, cancel := context.WithCancel(context.Background())
		var all sync.WaitGroup
		all.Go(func() { w.guest.Run(ctx) })
		all.Go(func() { w.page.Run(ctx) })
		all.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case wish := <-w.guest.Wishes():
					w.mu.Lock()
					w.asked = append(w.asked, wish)
					answer := w.answer
					w.mu.Unlock()
					if !wish.Withdrawn {
						if a := answer(wish); a.Yes || a.Path != "wait" {
							w.guest.Answer(wish, a)
						}
					}
				}
			}
		})
		w.connect()
		f(w)
		w.disconnect()
		cancel()
		all.Wait()
	})
}

// answers sets what the guest says; a Path "wait" without a Yes is no answer yet.
func (w *world) answers(f func(Wish) Answer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer = f
}

// connect opens a new connection of both.
func (w *world) connect() {
	ctx, cut := context.WithCancel(context.Background())
	w.cut = cut
	w.attach++
	w.up = &way{rate: w.up.rate, delay: w.up.delay, lose: w.up.lose, bytes: w.up.total()}
	w.down = &way{rate: w.down.rate, delay: w.down.delay, lose: w.down.lose, bytes: w.down.total()}
	w.wire(ctx, w.guest, w.page, w.down, false)
	w.wire(ctx, w.page, w.guest, w.up, true)
	w.viewers(true)
	synctest.Wait()
}

func (w *world) viewers(here bool) {
	for _, f := range []*Files{w.guest, w.page} {
		f.Viewers([]Viewer{{Number: viewerNumber, Name: "somebody", Here: here, Attach: w.attach}})
	}
}

func (w *world) disconnect() {
	w.cut()
	w.guest.Disconnected()
	w.page.Disconnected()
	synctest.Wait()
}

// queued is how long what is sent now would wait.
func (w *way) queued() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return max(time.Until(w.busy), 0)
}

// total is how many bytes went so far.
func (w *way) total() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.bytes
}

// wire carries what from sends to to.
func (w *world) wire(ctx context.Context, from, to *Files, by *way, up bool) {
	controls, chunks := make(chan []byte), make(chan []byte)
	from.Connected(Link{Epoch: 1, Controls: controls, Chunks: chunks, Buffer: func() []byte { return nil }})
	deliver := func(msg []byte) {
		h, body, err := wire.ParseHeader(msg)
		if err != nil {
			w.t.Error(err)
			return
		}
		if h.Kind == wire.KindChunk {
			to.Chunk(viewerNumber, h.Seq, body)
			return
		}
		c, err := wire.ParseControl(body)
		if err != nil {
			w.t.Error(err)
			return
		}
		w.mu.Lock()
		w.passed = append(w.passed, *c.File)
		w.mu.Unlock()
		if w.onControl == nil || w.onControl(up, c.File) {
			to.Control(viewerNumber, *c.File)
		}
	}
	go func() {
		for {
			var msg []byte
			select {
			case <-ctx.Done():
				return
			case msg = <-controls:
			case msg = <-chunks:
				if by.lose != nil && by.lose() {
					continue
				}
			}
			wait := time.Until(by.arrives(len(msg)))
			if wait <= 0 {
				deliver(msg)
				continue
			}
			time.AfterFunc(wait, func() { // in order: the clock of a bubble is exact
				if ctx.Err() == nil {
					deliver(msg)
				}
			})
		}
	}()
}

// file makes a file with random bytes.
func (w *world) file(name string, size int) (path string, data []byte) {
	w.t.Helper()
	data = make([]byte, size)
	r := rand.NewChaCha8([32]byte{byte(size)})
	_, _ = r.Read(data)
	path = filepath.Join(w.t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o755); err != nil {
		w.t.Fatal(err)
	}
	return path, data
}

// until waits in virtual time.
func (w *world) until(what string, ok func() bool) {
	w.t.Helper()
	for start := time.Now(); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Since(start) > 10*time.Minute {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.t.Fatalf("not in time: %s\nthe guest was told %q\nthe page was told %q", what, w.said, w.pageSaid)
		}
	}
}

func (w *world) heard(all *[]string, text string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range *all {
		if strings.Contains(s, text) {
			return true
		}
	}
	return false
}

func (w *world) has(dir, name string, data []byte) {
	w.t.Helper()
	got, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil || !bytes.Equal(got, data) {
		w.t.Errorf("%s has %d bytes, want %d: %v", name, len(got), len(data), err)
	}
}

// holds reports whether a folder has just these files.
func (w *world) holds(dir string, names ...string) {
	w.t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		w.t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, "|") != strings.Join(names, "|") {
		w.t.Errorf("the folder has %q, want %q", got, names)
	}
}

func (w *world) reasons(op wire.FileOp) (all []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.passed {
		if s.Op == op {
			all = append(all, s.Reason)
		}
	}
	return all
}
