package presenter

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"pindesk/internal/transfer"
	"pindesk/internal/wire"
)

// filesIn has the files of a room go into a folder, and runs what moves them.
func filesIn(dir string) func(*Config) {
	return func(c *Config) { c.Files = transfer.Config{Policy: transfer.Both, Folder: transfer.Dir(dir)} }
}

// filing runs what moves files; the result ends it.
func (r *room) filing() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() {
		defer close(over)
		r.p.files.Run(ctx)
	}()
	return func() {
		cancel()
		<-over
	}
}

// offers puts a viewer's offer before the loop, and lets the loop take what comes of it.
func (r *room) offers(viewer uint16, number uint32) {
	r.t.Helper()
	r.says(viewer, wire.Control{Type: wire.TypeFile, File: &wire.File{Op: wire.FileOffer, Number: number, Name: "../a.txt", Size: 3}})
}

// wishes takes what the files want to have asked.
func (r *room) wishes(want int) {
	r.t.Helper()
	for range want {
		synctest.Wait()
		select {
		case w := <-r.p.files.Wishes():
			if err := r.s.consent.file(w); err != nil {
				r.t.Fatal(err)
			}
		default:
			r.t.Fatal("there is no wish")
		}
	}
	synctest.Wait()
	select {
	case w := <-r.p.files.Wishes():
		r.t.Errorf("one wish too many: %+v", w)
	default:
	}
}

func TestFileQuestions(t *testing.T) {
	dir := t.TempDir()
	inRoom(t, Ask, func(r *room) {
		defer r.filing()()
		r.offers(1, 5)
		r.wishes(0) // it may not see
		if err := r.s.grant(1, rights{view: true}); err != nil {
			t.Fatal(err)
		}
		r.offers(1, 5)
		r.wishes(1)
		q := r.question()
		if q.File == nil || q.File.Name != "a.txt" || q.File.Size != 3 || q.Name != "A" || q.Control {
			t.Errorf("the guest is asked %+v", q)
		}
		if _, ok := r.p.grants.mayControl(1); ok {
			t.Error("input counts while the guest is asked")
		}
		r.answer(false)
		if c := r.last(wire.TypeFile); c.File == nil || c.File.Op != wire.FileRefuse || c.File.Reason != wire.FileNo || c.Viewer != 1 {
			t.Errorf("the relay was told %+v", c)
		}
		// A refused file is no refused viewer.
		if got := r.has(1); got != (rights{view: true}) {
			t.Errorf("the viewer has %+v", got)
		}
		r.offers(1, 6)
		r.wishes(1)
		r.question()
		r.answer(true)
		synctest.Wait()
		if _, err := os.Stat(filepath.Join(dir, "a.txt.part")); err != nil {
			t.Error(err)
		}
		// The end of the view ends the question, and what is on its way.
		r.offers(1, 7)
		r.wishes(1)
		r.question()
		if err := r.s.grant(1, rights{}); err != nil {
			t.Fatal(err)
		}
		r.answered()
		synctest.Wait()
		if _, err := os.Stat(filepath.Join(dir, "a.txt.part")); err == nil {
			t.Error("a part stays behind")
		}
	}, filesIn(dir))
}

func TestFilesOfConsentControl(t *testing.T) {
	dir := t.TempDir()
	inRoom(t, ControlFree, func(r *room) {
		defer r.filing()()
		if err := r.s.grant(1, rights{view: true}); err != nil {
			t.Fatal(err)
		}
		r.offers(1, 5)
		r.wishes(0)
		if _, err := os.Stat(filepath.Join(dir, "a.txt.part")); err != nil {
			t.Error("it is not taken unasked:", err)
		}
		// Who has taken control back wants to be asked again.
		if err := r.s.grant(1, rights{view: true, control: true}); err != nil {
			t.Fatal(err)
		}
		if err := r.p.TakeControl(); err != nil {
			t.Fatal(err)
		}
		r.offers(1, 6)
		r.wishes(1)
		r.question()
		r.answer(false)
	}, filesIn(dir))
}
