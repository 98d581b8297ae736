package transfer

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"pindesk/internal/wire"
)

func TestBothWays(t *testing.T) {
	for _, size := range []int{0, 1, wire.MaxChunkData, 3_000_001} {
		bubble(t, Both, func(w *world) {
			path, data := w.file("to the guest.sh", size)
			if err := w.page.Send(path, 0); err != nil {
				t.Fatal(err)
			}
			w.until("it arrives", func() bool { return w.heard(&w.said, "has arrived") })
			w.has(w.dir, "to the guest.sh", data)
			w.holds(w.dir, "to the guest.sh")
			if info, err := os.Stat(filepath.Join(w.dir, "to the guest.sh")); err != nil || info.Mode().Perm()&0o111 != 0 {
				t.Errorf("its mode is %v, %v", info.Mode(), err)
			}
			if q := w.asked[0]; q.Give || q.Name != "to the guest.sh" || q.Size != int64(size) || q.Folder != w.dir || !q.Program {
				t.Errorf("the guest was asked %+v", q)
			}
			path, data = w.file("from the guest.bin", size)
			if err := w.guest.Send(path, viewerNumber); err != nil {
				t.Fatal(err)
			}
			w.until("it arrives", func() bool { return w.heard(&w.said, "has been sent") })
			w.has(w.pageDir, "from the guest.bin", data)
		})
	}
}

func TestAnAsk(t *testing.T) {
	bubble(t, Both, func(w *world) {
		path, data := w.file("log.txt", 100_000)
		w.answers(func(q Wish) Answer { return Answer{Yes: q.Give, Path: path} })
		w.guest.Control(viewerNumber, wire.File{Op: wire.FileAsk, Number: 5})
		w.until("it has been sent", func() bool { return w.heard(&w.said, "has been sent") })
		w.has(w.pageDir, "log.txt", data)
		if w.passed[0].Number != 5 || w.passed[0].Op != wire.FileOffer {
			t.Errorf("the ask was answered by %+v", w.passed[0])
		}
		missing := filepath.Join(w.dir, "not there")
		w.answers(func(q Wish) Answer { return Answer{Yes: q.Give, Path: missing} })
		w.guest.Control(viewerNumber, wire.File{Op: wire.FileAsk, Number: 6})
		w.until("a refusal", func() bool { return len(w.reasons(wire.FileRefuse)) == 1 })
		if !w.heard(&w.said, "no such file") {
			t.Errorf("the guest was told %q", w.said)
		}
	})
}

// TestResume cuts the connection again and again, and changes its length meanwhile.
func TestResume(t *testing.T) {
	for name, guest := range map[string]bool{"to the guest": false, "from the guest": true} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Both, func(w *world) {
				w.up.rate, w.down.rate = 1e6, 1e6
				w.up.delay, w.down.delay = 20*time.Millisecond, 20*time.Millisecond
				path, data := w.file("big", 5_000_000)
				from, dir := w.page, w.dir
				if guest {
					from, dir = w.guest, w.pageDir
				}
				if err := from.Send(path, 0); err != nil {
					t.Fatal(err)
				}
				for range 4 {
					time.Sleep(700 * time.Millisecond)
					w.disconnect()
					time.Sleep(5 * time.Second)
					w.connect()
				}
				done := func() bool { _, err := os.Stat(filepath.Join(dir, "big")); return err == nil }
				w.until("it arrives", done)
				w.has(dir, "big", data)
				if n := w.up.total() + w.down.total(); n > 7_000_000 {
					t.Errorf("%d bytes were sent for 5,000,000", n)
				}
				questions := 0
				for _, q := range w.asked {
					if !q.Withdrawn {
						questions++
					}
				}
				if want := map[bool]int{true: 0, false: 1}[guest]; questions != want {
					t.Errorf("the guest was asked %d times, want %d", questions, want)
				}
			})
		})
	}
}

// TestLossyWay: a relay that drops chunks, which the sender must notice.
func TestLossyWay(t *testing.T) {
	bubble(t, Both, func(w *world) {
		w.up.rate, w.up.delay = 4e6, 10*time.Millisecond
		n := 0
		w.up.lose = func() bool { n++; return n%17 == 0 || n > 100 && n < 120 }
		path, data := w.file("x", 2_000_000)
		if err := w.page.Send(path, 0); err != nil {
			t.Fatal(err)
		}
		w.until("it arrives", func() bool { return w.heard(&w.said, "has arrived") })
		w.has(w.dir, "x", data)
	})
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name   string
		policy Policy
		size   int
		answer bool
		want   string
	}{
		{"the guest says no", Both, 10, false, wire.FileNo},
		{"no files at all", Off, 10, true, wire.FileOff},
		{"only to technicians", Out, 10, true, wire.FileOff},
		{"too large", In, 64<<20 + 1, true, wire.FileTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, c.policy, func(w *world) {
				w.answers(func(Wish) Answer { return Answer{Yes: c.answer} })
				path, _ := w.file("x", 0)
				if err := os.Truncate(path, int64(c.size)); err != nil {
					t.Fatal(err)
				}
				if err := w.page.Send(path, 0); err != nil {
					t.Fatal(err)
				}
				w.until("a refusal", func() bool { return len(w.reasons(wire.FileRefuse)) == 1 })
				if got := w.reasons(wire.FileRefuse)[0]; got != c.want {
					t.Errorf("refused for %q, want %q", got, c.want)
				}
				w.holds(w.dir)
			})
		})
	}
	bubble(t, In, func(w *world) {
		path, _ := w.file("x", 1)
		if err := w.guest.Send(path, 0); err == nil || !strings.Contains(err.Error(), "--files=in") {
			t.Errorf("sent although files go one way only: %v", err)
		}
		w.guest.Control(viewerNumber, wire.File{Op: wire.FileAsk, Number: 5})
		w.until("a refusal", func() bool { return len(w.reasons(wire.FileRefuse)) == 1 })
		if len(w.asked) > 0 {
			t.Error("the guest was asked")
		}
	})
}

func TestWhoIsRefusedOftenIsNotHeard(t *testing.T) {
	bubble(t, Both, func(w *world) {
		w.answers(func(Wish) Answer { return Answer{} })
		for n := range uint32(5) {
			w.guest.Control(viewerNumber, wire.File{Op: wire.FileOffer, Number: n + 1, Name: "x"})
			time.Sleep(time.Second)
		}
		if got := strings.Join(w.reasons(wire.FileRefuse), " "); got != "no no no blocked blocked" || len(w.asked) != 3 {
			t.Errorf("refused for %s, asked %d times", got, len(w.asked))
		}
	})
}

// TestHostileViewer: many offers, names that lead elsewhere, wrong offsets, a wrong checksum.
func TestHostileViewer(t *testing.T) {
	bubble(t, Both, func(w *world) {
		w.onControl = func(bool, *wire.File) bool { return false } // the page is this test
		w.answers(func(Wish) Answer { return Answer{Path: "wait"} })
		for n := range uint32(40) {
			w.guest.Control(viewerNumber, wire.File{Op: wire.FileOffer, Number: n + 1, Name: "x"})
		}
		time.Sleep(time.Second)
		if n := len(w.reasons(wire.FileRefuse)); n != 40-maxWaiting {
			t.Errorf("%d of 40 offers at once were refused", n)
		}
		w.guest.Control(viewerNumber, wire.File{Op: wire.FileCancel, Number: 0, Reason: wire.FileReload})
		w.answers(func(Wish) Answer { return Answer{Yes: true} })
		w.guest.Control(viewerNumber, wire.File{Op: wire.FileOffer, Number: 50, Name: "../../../.ssh/authorized_keys", Size: 4})
		time.Sleep(time.Second)
		w.holds(w.dir, "authorized_keys.part")
		for _, offset := range []uint64{1, 4, 5, 1 << 40} {
			w.guest.Chunk(viewerNumber, 50, wire.AppendChunk(nil, offset, []byte("zz")))
		}
		w.guest.Chunk(viewerNumber, 50, wire.AppendChunk(nil, 0, []byte("too long")))
		w.guest.Chunk(3, 50, wire.AppendChunk(nil, 0, []byte("evil")))
		w.guest.Control(viewerNumber, wire.File{Op: wire.FileDone, Number: 50, SHA256: strings.Repeat("0", 64)})
		w.guest.Control(viewerNumber, wire.File{Op: wire.FileAck, Number: 50, Offset: 1 << 40})
		w.guest.Control(viewerNumber, wire.File{Op: wire.FileAccept, Number: 50, Offset: 1 << 40})
		w.guest.Chunk(viewerNumber, 50, wire.AppendChunk(nil, 0, []byte("good")))
		time.Sleep(time.Second)
		w.holds(w.dir, "authorized_keys.part")
		w.guest.Control(viewerNumber, wire.File{Op: wire.FileDone, Number: 50, SHA256: strings.Repeat("0", 64)})
		time.Sleep(time.Second)
		w.holds(w.dir)
		if got := w.reasons(wire.FileCancel); len(got) != 1 || got[0] != wire.FileChecksum {
			t.Errorf("a wrong checksum was answered by %q", got)
		}
	})
}

func TestCancel(t *testing.T) {
	for name, cancel := range map[string]func(*world){
		"by the guest":                func(w *world) { w.guest.Cancel() },
		"by the page":                 func(w *world) { w.page.Cancel() },
		"because the view has ended":  func(w *world) { w.guest.Viewers(nil) },
		"because the page was loaded": func(w *world) { w.page.Viewers(nil) },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Both, func(w *world) {
				w.up.rate, w.down.rate = 1e5, 1e5
				up, _ := w.file("up", 3_000_000)
				down, _ := w.file("down", 3_000_000)
				if err := w.page.Send(up, 0); err != nil {
					t.Fatal(err)
				}
				if err := w.guest.Send(down, 0); err != nil {
					t.Fatal(err)
				}
				time.Sleep(2 * time.Second)
				w.holds(w.dir, "up.part")
				w.holds(w.pageDir, "down.part")
				cancel(w)
				time.Sleep(2 * time.Second)
				w.holds(w.dir)
				w.holds(w.pageDir)
				before := w.up.total() + w.down.total()
				time.Sleep(10 * time.Second)
				if n := w.up.total() + w.down.total() - before; n > 0 {
					t.Errorf("%d bytes went afterwards", n)
				}
			})
		})
	}
}

func TestChangedSource(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"shorter": func(path string) error { return os.Truncate(path, 1000) },
		"touched": func(path string) error { return os.Chtimes(path, time.Now(), time.Now().Add(time.Hour)) },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Both, func(w *world) {
				w.down.rate = 1e6
				path, _ := w.file("x", 2_000_000)
				if err := w.guest.Send(path, 0); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second)
				if err := change(path); err != nil {
					t.Fatal(err)
				}
				w.until("the guest is told", func() bool { return w.heard(&w.said, "was changed while it was sent") })
				time.Sleep(time.Second)
				w.holds(w.pageDir)
			})
		})
	}
}

// fullDisk is a folder with room for so many bytes.
type fullDisk struct {
	Folder
	room int
}

type fullFile struct {
	Incoming
	left int
}

func (d fullDisk) Create(name string) (Incoming, error) {
	f, err := d.Folder.Create(name)
	return &fullFile{f, d.room}, err
}

func (f *fullFile) Write(b []byte) (int, error) {
	if f.left -= len(b); f.left < 0 {
		return 0, &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}
	}
	return f.Incoming.Write(b)
}

func TestFullDisk(t *testing.T) {
	bubble(t, Both, func(w *world) {
		w.guest.cfg.Folder = fullDisk{Dir(w.dir), 100_000}
		path, _ := w.file("x", 1_000_000)
		if err := w.page.Send(path, 0); err != nil {
			t.Fatal(err)
		}
		w.until("both are told", func() bool {
			return w.heard(&w.said, "no room for it on this computer") && w.heard(&w.pageSaid, "has no room for it")
		})
		w.holds(w.dir)
	})
}

func TestNeverOverwrites(t *testing.T) {
	dir := Dir(t.TempDir())
	for _, want := range []string{"a.txt", "a (1).txt", "a (2).txt"} {
		f, err := dir.Create("a.txt")
		if err != nil {
			t.Fatal(err)
		}
		other, err := dir.Create("a.txt") // at the same time
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(want)); err != nil {
			t.Fatal(err)
		}
		path, err := f.Keep()
		if err != nil || filepath.Base(path) != want {
			t.Errorf("kept as %s, %v; want %s", path, err, want)
		}
		other.Discard()
		if b, err := os.ReadFile(path); err != nil || string(b) != want {
			t.Errorf("%s has %q, %v", path, b, err)
		}
	}
	if _, err := dir.Create("../x"); err == nil {
		t.Error("a path was taken as a name")
	}
}

func TestWhatCannotBeSent(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]string{dir: "folder", os.DevNull: "no ordinary file", filepath.Join(dir, "none"): "no such file"} {
		if err := Sendable(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}

func TestQuestionEndsWithItsTransfer(t *testing.T) {
	bubble(t, Both, func(w *world) {
		w.answers(func(Wish) Answer { return Answer{Path: "wait"} })
		w.guest.Control(viewerNumber, wire.File{Op: wire.FileOffer, Number: 9, Name: "x", Size: 1})
		synctest.Wait()
		w.guest.Control(viewerNumber, wire.File{Op: wire.FileCancel, Number: 9})
		synctest.Wait()
		if len(w.asked) != 2 || !w.asked[1].Withdrawn || w.asked[1].Number != 9 {
			t.Errorf("asked %+v", w.asked)
		}
		w.guest.Answer(w.asked[0], Answer{Yes: true})
		synctest.Wait()
		w.holds(w.dir)
	})
}

// TestLink measures what a transfer does to a link, and to what else goes over it.
func TestLink(t *testing.T) {
	for _, c := range []struct {
		name   string
		rate   float64 // bytes a second
		delay  time.Duration
		size   int
		least  float64 // of rate
		queued time.Duration
	}{
		{"10 Mbit/s, 50 ms", 10e6 / 8, 25 * time.Millisecond, 10_000_000, 0.85, 100 * time.Millisecond},
		{"1 Mbit/s, 80 ms", 1e6 / 8, 40 * time.Millisecond, 3_000_000, 0.85, 150 * time.Millisecond},
		{"300 kbit/s, 80 ms", 300e3 / 8, 40 * time.Millisecond, 1_000_000, 0.8, 250 * time.Millisecond},
		{"100 Mbit/s, 20 ms", 100e6 / 8, 10 * time.Millisecond, 30_000_000, 0.8, 100 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, Both, func(w *world) {
				w.down.rate, w.down.delay, w.up.rate, w.up.delay = c.rate, c.delay, c.rate, c.delay
				path, _ := w.file("x", c.size)
				start := time.Now()
				if err := w.guest.Send(path, 0); err != nil {
					t.Fatal(err)
				}
				var worst, sum time.Duration
				n := 0
				for !w.heard(&w.said, "has been sent") {
					time.Sleep(5 * time.Millisecond)
					wait := w.down.queued() // of a click's picture, now
					worst, sum, n = max(worst, wait), sum+wait, n+1
					if time.Since(start) > 10*time.Minute {
						t.Fatal("it does not arrive")
					}
				}
				took := time.Since(start)
				rate := float64(c.size) / took.Seconds()
				t.Logf("%.2f MB/s, %.0f %% of the link; a message waits %v, at most %v",
					rate/1e6, 100*rate/c.rate, (sum / time.Duration(n)).Round(time.Millisecond), worst.Round(time.Millisecond))
				if rate < c.least*c.rate || worst > c.queued {
					t.Errorf("want %.0f %% and at most %v", 100*c.least, c.queued)
				}
			})
		})
	}
}
