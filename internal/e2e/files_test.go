package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"pindesk/internal/broker"
	"pindesk/internal/presenter"
	"pindesk/internal/transfer"
	"pindesk/internal/wire"
)

// cutter is a way to a broker that breaks.
type cutter struct {
	t    *testing.T
	url  string
	left atomic.Int64 // bytes until all connections are cut; below 0: they are not
	cuts atomic.Int32

	mu   sync.Mutex
	open map[net.Conn]bool
}

func startCutter(t *testing.T, to string) *cutter {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{t: t, url: "http://" + l.Addr().String(), open: map[net.Conn]bool{}}
	c.left.Store(-1)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				in.Close()
				continue
			}
			c.mu.Lock()
			c.open[in], c.open[out] = true, true
			c.mu.Unlock()
			all.Go(func() { c.carry(in, out) })
			all.Go(func() { c.carry(out, in) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		c.cut()
		all.Wait()
	})
	return c
}

func (c *cutter) carry(to, from net.Conn) {
	defer to.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
		if before := c.left.Add(-int64(n)) + int64(n); before >= 0 && before < int64(n) {
			c.cuts.Add(1)
			c.cut()
		}
	}
}

func (c *cutter) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.open {
		conn.Close()
	}
	clear(c.open)
}

// giver is a guest that has files to give.
type giver struct {
	*guest
	path string
}

func (g *giver) PickFile(ctx context.Context, q presenter.Question) string {
	if !g.Ask(ctx, q) {
		return ""
	}
	return g.path
}

// fileSize is how large the files of these tests are: large enough to be cut in the middle.
func fileSize() int {
	if os.Getenv("PINDESK_LONG") != "" {
		return 200 << 20
	}
	return 20 << 20
}

// randomFile makes a file and returns its path and SHA-256.
func randomFile(t *testing.T, name string, size int) (string, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := io.CopyN(f, rand.NewChaCha8([32]byte{1}), int64(size)); err != nil {
		t.Fatal(err)
	}
	return path, sumOf(path)
}

// sumOf is a file's SHA-256; "" if there is none.
func sumOf(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return ""
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// shared is a page with the view grant, a guest that may give files, and the way between.
type shared struct {
	s     *site
	guest *sharing
	g     *giver
	v     *page
	way   *cutter
	dir   string // the guest's downloads
}

func shareFiles(t *testing.T, c transfer.Config) *shared {
	t.Helper()
	listen := "127.0.0.1:" + freePort(t)
	w := &shared{g: &giver{guest: newGuest()}, dir: filepath.Join(t.TempDir(), "Downloads"), way: startCutter(t, listen)}
	s := startSite(t, func(c *broker.Config) { c.Listen, c.PublicURL = listen, w.way.url })
	w.s = s
	c.Folder = transfer.Dir(w.dir)
	pin, desk := s.newPIN(), newFakeDesktop(640, 400)
	w.guest = s.present(pin, presenter.Config{Screen: desk, Input: desk, Guest: w.g, Consent: presenter.ViewOnly, Files: c, Name: "Ann"})
	w.v = startChromium(t, 1280, 800)
	w.v.open(w.way.url + "/view#" + pin)
	w.v.wantState("live")
	w.v.do(clicks("#files-button"), chromedp.WaitVisible("#files-send"))
	return w
}

// move is the state of the newest transfer of a name, with what the page says of it.
func (w *shared) move(name string) string {
	return w.v.text(fmt.Sprintf(`(m => m ? m.dataset.state + ': ' + m.querySelector('.does').textContent : '')(document.querySelector('.move[data-name=%q]'))`, name))
}

// moveLimit is for what may have to wait until all of a file has moved.
const moveLimit = 3 * time.Minute

func (w *shared) wantMove(t *testing.T, name, prefix string) {
	t.Helper()
	got := ""
	defer func() {
		if t.Failed() {
			t.Logf("the page says %q of %s", got, name)
		}
	}()
	within(t, moveLimit, name+" is "+prefix, func() bool { got = w.move(name); return strings.HasPrefix(got, prefix) })
}

func (w *shared) act(name, what string) {
	w.v.do(clicks(fmt.Sprintf(`.move[data-name=%q] [data-act=%s]`, name, what)))
}

func (w *shared) said(text string) bool { return strings.Contains(w.s.log.String(), text) }

// TestFilesOverABrokenConnection sends a file each way; the connections of both parties break in its middle.
func TestFilesOverABrokenConnection(t *testing.T) {
	w := shareFiles(t, transfer.Config{Policy: transfer.Both})
	saved := w.v.downloads()
	size := fileSize()

	path, sum := randomFile(t, "to the guest.bin", size)
	w.v.do(chromedp.SetUploadFiles("#files-choose", []string{path}))
	q := w.g.wantQuestion(t.Fatal)
	if q.File == nil || q.File.Name != "to the guest.bin" || q.File.Size != int64(size) || q.File.Give {
		t.Fatalf("the guest was asked %+v", q.File)
	}
	w.wantMove(t, "to the guest.bin", "asking")
	w.v.screenshot("asking")
	w.way.left.Store(int64(size)) // both parties' bytes count: half of it
	start := time.Now()
	w.g.answers <- true
	within(t, moveLimit, "the cut", func() bool { return w.way.cuts.Load() == 1 })
	w.v.screenshot("cut")
	w.wantMove(t, "to the guest.bin", "done")
	t.Logf("up: %.1f MB/s, with the cut", float64(size)/1e6/time.Since(start).Seconds())
	if got := sumOf(filepath.Join(w.dir, "to the guest.bin")); got != sum {
		t.Errorf("the guest has %s, want %s", got, sum)
	}

	path, sum = randomFile(t, "from the guest.bin", size)
	if err := w.guest.SendFile(path, 0); err != nil {
		t.Fatal(err)
	}
	w.wantMove(t, "from the guest.bin", "offered")
	w.v.screenshot("offered")
	w.way.left.Store(int64(size))
	start = time.Now()
	w.act("from the guest.bin", "accept")
	within(t, moveLimit, "the cut", func() bool { return w.way.cuts.Load() == 2 })
	w.wantMove(t, "from the guest.bin", "done")
	t.Logf("down: %.1f MB/s, with the cut", float64(size)/1e6/time.Since(start).Seconds())
	w.v.screenshot("done")
	w.act("from the guest.bin", "save")
	within(t, moveLimit, "the saved file is the same", func() bool { return sumOf(filepath.Join(saved, "from the guest.bin")) == sum })
	eventually(t, "the guest is told", func() bool { return w.said("has been sent to") })

	select {
	case q := <-w.g.asked:
		t.Errorf("the guest was asked again: %+v", q.File)
	default:
	}
	if n := w.s.b.Stats().Drops["forged_file"]; n > 0 {
		t.Errorf("the relay took %d messages for forged", n)
	}
}

// TestFilesSmall: drag and drop with a name that leads elsewhere, a folder, an ask, refusals, the cap, and
// cancelling from both sides.
func TestFilesSmall(t *testing.T) {
	w := shareFiles(t, transfer.Config{Policy: transfer.Both, MaxSize: 512 << 20})
	drop := func(files string) {
		eval[bool](w.v, `(() => {
			const carried = new DataTransfer();
			for (const f of `+files+`) carried.items.add(f);
			const fire = (on, type) => on.dispatchEvent(new DragEvent(type, {bubbles: true, cancelable: true, dataTransfer: carried}));
			fire(document.body, 'dragenter');
			if (document.getElementById('drop').hidden) throw new Error('no place to drop on');
			return fire(document.getElementById('drop'), 'drop'), document.getElementById('drop').hidden;
		})()`)
	}
	eval[bool](w.v, `(() => { const d = new DataTransfer(); d.items.add(new File(['x'], 'x')); return document.body.dispatchEvent(new DragEvent('dragenter', {bubbles: true, cancelable: true, dataTransfer: d})); })()`)
	w.v.screenshot("drop")
	drop(`[new File(['hello'], '..\\..\\\u202etxt.exe'), new File(['two'], 'two.txt')]`)
	q := w.g.wantQuestion(t.Fatal)
	if q.File.Name != "txt.exe" || !q.File.Program {
		t.Errorf("the guest was asked %+v", q.File)
	}
	w.g.answers <- true
	q = w.g.wantQuestion(t.Fatal)
	w.g.answers <- false
	w.wantMove(t, "txt.exe", "done")
	w.wantMove(t, "two.txt", "failed: The other person does not want that.")
	if b, err := os.ReadFile(filepath.Join(w.dir, "txt.exe")); err != nil || string(b) != "hello" {
		t.Errorf("the guest has %q, %v", b, err)
	}
	if info, err := os.Stat(filepath.Join(w.dir, "txt.exe")); err != nil || info.Mode().Perm()&0o111 != 0 {
		t.Errorf("%v, %v", info, err)
	}

	drop(`[new File([new Blob(Array(600).fill(new Uint8Array(1 << 20)))], 'huge.iso')]`)
	w.wantMove(t, "huge.iso", "failed: It is larger than is allowed.")

	given, _ := randomFile(t, "log.txt", 1000)
	w.g.path = given
	w.v.do(clicks("#files-ask"))
	if q := w.g.wantQuestion(t.Fatal); !q.File.Give {
		t.Errorf("the guest was asked %+v", q.File)
	}
	w.g.answers <- true
	w.wantMove(t, "log.txt", "done")
	w.v.do(clicks("#files-ask"))
	w.g.wantQuestion(t.Fatal)
	w.g.answers <- false
	w.wantMove(t, "", "failed: The other person does not want that.")
	w.v.screenshot("list")

	parts := func() int {
		all, _ := filepath.Glob(filepath.Join(w.dir, "*.part"))
		return len(all)
	}
	const large = `[new File([new Blob(Array(100).fill(new Uint8Array(1 << 20)))], 'large.bin')]`
	drop(large)
	w.g.wantQuestion(t.Fatal)
	w.g.answers <- true
	w.wantMove(t, "large.bin", "moving: ")
	eventually(t, "a part", func() bool { return parts() == 1 })
	w.v.screenshot("moving")
	w.act("large.bin", "cancel")
	w.wantMove(t, "large.bin", "failed: Cancelled.")
	eventually(t, "the part is gone", func() bool { return parts() == 0 })
	w.act("large.bin", "forget")
	drop(large)
	w.g.wantQuestion(t.Fatal)
	w.g.answers <- true
	eventually(t, "a part", func() bool { return parts() == 1 })
	if n := w.guest.CancelFiles(); n != 1 {
		t.Errorf("%d transfers were cancelled", n)
	}
	w.wantMove(t, "large.bin", "failed: Cancelled.")
	eventually(t, "the part is gone", func() bool { return parts() == 0 })
}

// TestFilesNeedTheViewGrant: what a viewer without it says of files reaches nobody.
func TestFilesNeedTheViewGrant(t *testing.T) {
	s := startSite(t, nil)
	pin, desk, g := s.newPIN(), newFakeDesktop(320, 200), newGuest()
	dir := t.TempDir()
	s.present(pin, presenter.Config{Screen: desk, Input: desk, Guest: g, Consent: presenter.Ask,
		Files: transfer.Config{Policy: transfer.Both, Folder: transfer.Dir(dir)}})
	v := s.view(pin, "")
	g.wantQuestion(t.Fatal)
	v.meets()
	v.control(wire.Control{Type: wire.TypeFile, File: &wire.File{Op: wire.FileOffer, Number: 1, Name: "x", Size: 3}})
	v.send(wire.KindChunk, 1, wire.AppendChunk(nil, 0, []byte("abc")))
	eventually(t, "two drops", func() bool { return s.b.Stats().Drops["no_view"] == 2 })
	g.answers <- true
	eventually(t, "the view", func() bool { return v.me().View })
	v.send(wire.KindChunk, 1, wire.AppendChunk(nil, 0, []byte("abc")))
	v.control(wire.Control{Type: wire.TypeFile, File: &wire.File{Op: wire.FileOffer, Number: 1, Name: "x", Size: 3}})
	if q := g.wantQuestion(t.Fatal); q.File == nil || q.File.Name != "x" {
		t.Errorf("the guest was asked %+v", q)
	}
	v.send(wire.KindChunk, 1, wire.AppendChunk(nil, 0, []byte("abc")))
	eventually(t, "chunks before the yes are dropped", func() bool { return s.b.Stats().Drops["forged_file"] == 2 })
	g.answers <- true
	eventually(t, "the yes", func() bool {
		v.mu.Lock()
		defer v.mu.Unlock()
		return slices.Contains(v.files, "accept 1")
	})
	if _, err := os.Stat(filepath.Join(dir, "x.part")); err != nil {
		t.Error(err)
	}
	v.send(wire.KindChunk, 1, wire.AppendChunk(nil, 1, []byte("abc"))) // beyond its end
	v.send(wire.KindChunk, 1, wire.AppendChunk(nil, 0, []byte("abc")))
	sum := sha256.Sum256([]byte("abc"))
	v.control(wire.Control{Type: wire.TypeFile, File: &wire.File{Op: wire.FileDone, Number: 1, SHA256: fmt.Sprintf("%x", sum)}})
	eventually(t, "the file", func() bool {
		b, _ := os.ReadFile(filepath.Join(dir, "x"))
		return bytes.Equal(b, []byte("abc"))
	})
	if n := s.b.Stats().Drops["forged_file"]; n != 3 {
		t.Errorf("%d messages were taken for forged, want 3", n)
	}
}
