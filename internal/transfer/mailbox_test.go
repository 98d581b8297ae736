package transfer

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"pindesk/internal/wire"
)

// TestFloodedMailbox: while the disk is slow a viewer says more than is kept. What this computer's
// own side says must count all the same: the end of a right, and the guest's word.
func TestFloodedMailbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := New(Config{Policy: Both, Folder: Dir(t.TempDir()), Say: func(string, ...any) {}, Free: func() bool { return true }})
		f.Viewers([]Viewer{{Number: viewerNumber, Here: true, Attach: 1}})
		f.Control(viewerNumber, wire.File{Op: wire.FileOffer, Number: 1, Name: "a", Size: 9})
		for range 2 * maxJobs {
			f.Control(viewerNumber, wire.File{Op: wire.FileOffer, Number: 1, Name: "a", Size: 9})
		}
		f.Viewers(nil)
		for range 2 * maxJobs { // as a broker may repeat it
			f.Viewers(nil)
		}
		if n := len(f.mail.jobs); n > maxJobs+1 {
			t.Errorf("%d jobs wait", n)
		}
		ctx, cancel := context.WithCancel(context.Background())
		defer synctest.Wait()
		defer cancel()
		go func() {
			synctest.Wait() // Cancel is waiting
			f.Run(ctx)
		}()
		cancelled := make(chan int, 1)
		go func() { cancelled <- f.Cancel() }()
		select {
		case n := <-cancelled:
			if n != 0 {
				t.Errorf("%d transfers outlived their viewer's right", n)
			}
		case <-time.After(time.Minute):
			t.Error("the guest's word was lost")
		}
	})
}

// TestFloodOfAnswers: on a slow link a viewer that asks without end makes no queue without end.
func TestFloodOfAnswers(t *testing.T) {
	f := New(Config{Policy: Both, Folder: Dir(t.TempDir()), Say: func(string, ...any) {}})
	f.connect(&Link{})
	f.setViewers([]Viewer{{Number: viewerNumber, Here: true, Attach: 1}, {Number: viewerNumber + 1, Here: true, Attach: 1}})
	for range 10 * maxOut {
		f.control(viewerNumber, &wire.File{Op: wire.FileDone, Number: 5})
	}
	if len(f.out) > maxOut {
		t.Errorf("%d answers wait", len(f.out))
	}
	before := len(f.out)
	f.control(viewerNumber+1, &wire.File{Op: wire.FileDone, Number: 5})
	if len(f.out) != before+1 {
		t.Error("another viewer's answer was lost")
	}
}

// TestOffersTakenBack: an open question stops everybody's input, so that a viewer must not open and
// close questions without end.
func TestOffersTakenBack(t *testing.T) {
	f := New(Config{Policy: Both, Folder: Dir(t.TempDir()), Say: func(string, ...any) {}})
	f.connect(&Link{})
	f.setViewers([]Viewer{{Number: viewerNumber, Here: true, Attach: 1}})
	asked := func(number uint32) int {
		f.control(viewerNumber, &wire.File{Op: wire.FileOffer, Number: number, Name: "a"})
		return len(f.asks)
	}
	for n := range uint32(maxTakenBack) {
		if asked(n+1) != 1 {
			t.Fatalf("the guest is not asked after %d", n)
		}
		f.control(viewerNumber, &wire.File{Op: wire.FileCancel, Number: n + 1, Reason: wire.FileStopped})
	}
	if asked(1000) != 0 || f.out[len(f.out)-1].file.Reason != wire.FileBlocked {
		t.Errorf("the guest is asked for ever; said %+v", f.out)
	}
}
