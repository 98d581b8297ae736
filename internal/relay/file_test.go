package relay

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pindesk/internal/wire"
)

func (p *peer) file(viewer uint16, s wire.File) {
	p.control(wire.Control{Type: wire.TypeFile, Viewer: viewer, File: &s})
}

// chunk sends a part of a file.
func (p *peer) chunk(viewer uint16, number uint32, offset uint64, n int) {
	msg := wire.AppendHeader(nil, wire.Header{Kind: wire.KindChunk, Epoch: p.epoch, Viewer: viewer, Seq: number})
	p.c.in <- wire.AppendChunk(msg, offset, make([]byte, n))
	synctest.Wait()
}

// files are the ops that a party has heard of, with their numbers.
func (p *peer) files() (all []string) {
	for _, c := range p.said(wire.TypeFile) {
		all = append(all, fmt.Sprint(c.File.Op, " ", c.File.Number))
	}
	return all
}

func (p *peer) wantFiles(want ...string) {
	p.t.Helper()
	if got := p.files(); !slices.Equal(got, want) {
		p.t.Errorf("heard %q, want %q", got, want)
	}
}

// filed is a presenter with two viewers that may see and one that may not, and the events.
func filed(w *world) (pres, eve, bob, out *peer, seen *[]Event) {
	seen = &[]Event{}
	w.h.observe = func(e Event) {
		if e.File != "" || e.What == FileAsked {
			*seen = append(*seen, e)
		}
	}
	pres = w.presenter(1)
	eve, bob, out = w.viewer(7, 1), w.viewer(8, 1), w.viewer(9, 1)
	pres.grant(7, true, false)
	pres.grant(8, true, false)
	return pres, eve, bob, out, seen
}

const sum = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

func TestFileToTheGuest(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		pres, eve, bob, _, seen := filed(w)
		eve.file(8, wire.File{Op: wire.FileOffer, Number: 5, Name: `..\a.txt`, Size: 10})
		offer := pres.said(wire.TypeFile)
		if len(offer) != 1 || offer[0].Viewer != 7 || offer[0].File.Name != "a.txt" || offer[0].File.Size != 10 {
			t.Fatalf("the presenter heard %+v", offer)
		}
		eve.chunk(8, 5, 0, 10)
		w.wantDrops("forged_file", 1) // before the yes
		pres.file(7, wire.File{Op: wire.FileAccept, Number: 5})
		eve.chunk(8, 5, 0, 6)
		eve.chunk(8, 5, 6, 4)
		got := pres.take(wire.KindChunk)
		if len(got) != 2 || got[0].Viewer != 7 || got[1].Seq != 5 {
			t.Fatalf("the presenter got %+v", got)
		}
		pres.file(7, wire.File{Op: wire.FileAck, Number: 5, Offset: 10})
		eve.file(0, wire.File{Op: wire.FileDone, Number: 5, SHA256: sum})
		pres.file(7, wire.File{Op: wire.FileDone, Number: 5, SHA256: sum})
		eve.wantFiles("accept 5", "ack 5", "done 5")
		bob.wantFiles()
		eve.chunk(0, 5, 0, 1) // it is over
		w.wantDrops("forged_file", 2)
		var what []string
		for _, e := range *seen {
			what = append(what, fmt.Sprint(e.What, " ", e.Viewer, " ", e.File, " ", e.Size, " ", e.Up))
		}
		want := []string{"file_offered 7 a.txt 10 true", "file_accepted 7 a.txt 10 true", "file_stored 7 a.txt 10 true"}
		if !slices.Equal(what, want) {
			t.Errorf("seen %q, want %q", what, want)
		}
	})
}

func TestFileToAViewer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		pres, eve, bob, out, _ := filed(w)
		eve.file(0, wire.File{Op: wire.FileAsk, Number: 3})
		pres.wantFiles("ask 3")
		pres.file(7, wire.File{Op: wire.FileOffer, Number: 3, Name: "log", Size: 4})
		pres.file(9, wire.File{Op: wire.FileOffer, Number: 4, Name: "log", Size: 4})
		w.wantDrops("no_view", 1)
		eve.file(0, wire.File{Op: wire.FileAccept, Number: 3})
		pres.chunk(7, 3, 0, 4)
		pres.chunk(8, 3, 0, 4) // of another viewer's transfer
		pres.chunk(9, 3, 0, 4)
		pres.chunk(77, 3, 0, 4)
		w.wantDrops("no_view", 3)
		w.wantDrops("forged_file", 1)
		if got := len(eve.take(wire.KindChunk)); got != 1 {
			t.Errorf("the viewer got %d chunks", got)
		}
		if len(bob.take(wire.KindChunk))+len(out.take(wire.KindChunk)) > 0 {
			t.Error("others got chunks")
		}
		// The end of the right ends what is on its way, but the viewer may hear why.
		pres.grant(7, false, false)
		pres.chunk(7, 3, 0, 4)
		pres.file(7, wire.File{Op: wire.FileCancel, Number: 3, Reason: wire.FileRevoked})
		eve.wantFiles("offer 3", "cancel 3")
		eve.file(0, wire.File{Op: wire.FileOffer, Number: 6, Name: "x"})
		w.wantDrops("no_view", 5)
		pres.wantFiles("ask 3", "accept 3")
	})
}

func TestForgedFiles(t *testing.T) {
	for name, c := range map[string]struct {
		viewer bool // says it; else the presenter
		say    wire.File
		want   string
	}{
		"accepting one's own offer":     {true, wire.File{Op: wire.FileAccept, Number: 1}, "forged_file"},
		"acking one's own offer":        {true, wire.File{Op: wire.FileAck, Number: 1}, "forged_file"},
		"an ack beyond the end":         {false, wire.File{Op: wire.FileAck, Number: 2, Offset: 101}, "forged_file"},
		"an accept beyond the end":      {false, wire.File{Op: wire.FileAccept, Number: 2, Offset: 101}, "forged_file"},
		"an ack of nothing":             {true, wire.File{Op: wire.FileAck, Number: 99}, "forged_file"},
		"an ask of a presenter":         {false, wire.File{Op: wire.FileAsk, Number: 50}, "forged_file"},
		"another file of a number":      {true, wire.File{Op: wire.FileOffer, Number: 1, Name: "b", Size: 9}, "forged_file"},
		"an offer of the other's":       {false, wire.File{Op: wire.FileOffer, Number: 1, Name: "a", Size: 100}, "forged_file"},
		"a refusal of one's own":        {true, wire.File{Op: wire.FileRefuse, Number: 1}, "forged_file"},
		"done without a checksum":       {true, wire.File{Op: wire.FileDone, Number: 2}, "forged_file"},
		"a checksum of something":       {true, wire.File{Op: wire.FileDone, Number: 2, SHA256: "<b>"}, "malformed"},
		"a reason with words":           {true, wire.File{Op: wire.FileCancel, Number: 1, Reason: "call 555-0100"}, "malformed"},
		"number 0":                      {true, wire.File{Op: wire.FileOffer, Name: "b"}, "malformed"},
		"all of a presenter's":          {false, wire.File{Op: wire.FileCancel}, "malformed"},
		"an op that there is not":       {true, wire.File{Op: "own", Number: 1}, "forged_file"},
		"an op of nothing that is said": {false, wire.File{Op: "own", Number: 77}, "forged_file"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld(t)
				pres, eve, _, _, _ := filed(w)
				eve.file(0, wire.File{Op: wire.FileOffer, Number: 1, Name: "a", Size: 100})
				eve.file(0, wire.File{Op: wire.FileOffer, Number: 2, Name: "a", Size: 100})
				pres.file(7, wire.File{Op: wire.FileAccept, Number: 2})
				from, to := pres, eve
				if c.viewer {
					from, to = eve, pres
				}
				before := len(to.files())
				from.file(7, c.say)
				if n := len(to.files()); n != before {
					t.Error("it was passed on")
				}
				w.wantDrops(c.want, 1)
			})
		})
	}
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		pres, eve, _, _, _ := filed(w)
		eve.file(0, wire.File{Op: wire.FileOffer, Number: 1, Name: "a", Size: 100})
		pres.file(7, wire.File{Op: wire.FileAccept, Number: 1})
		eve.chunk(0, 1, 99, 2)
		pres.chunk(7, 1, 0, 2) // the wrong way
		w.wantDrops("forged_file", 2)
		eve.send(wire.KindChunk, 0, 1, make([]byte, 8))
		w.wantDrops("malformed", 1)
		eve.epoch++
		eve.chunk(0, 1, 0, 2)
		w.wantDrops("epoch", 1)
		eve.epoch--
		eve.file(0, wire.File{Op: wire.FileCancel, Number: 0, Reason: wire.FileReload})
		eve.chunk(0, 1, 0, 2)
		w.wantDrops("forged_file", 3)
		pres.wantFiles("offer 1", "cancel 0")
	})
}

func TestFileFlood(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		pres, eve, bob, _, _ := filed(w)
		for n := range uint32(offerBurst + 5) {
			eve.file(0, wire.File{Op: wire.FileOffer, Number: n + 1, Name: "x"})
		}
		w.wantDrops("flood", 5)
		if n := len(pres.files()); n != offerBurst {
			t.Errorf("the presenter heard %d offers", n)
		}
		if got := eve.said(wire.TypeFile); len(got) != 5 || got[0].File.Op != wire.FileRefuse || got[0].File.Reason != wire.FileBusy {
			t.Errorf("the viewer heard %+v", got)
		}
		eve.file(0, wire.File{Op: wire.FileOffer, Number: 1, Name: "x"}) // after a new socket
		w.wantDrops("flood", 5)
		bob.file(0, wire.File{Op: wire.FileAsk, Number: 1})
		w.wantDrops("flood", 5) // another viewer has its own
		for n := range uint32(2 * maxFiles) {
			eve.file(0, wire.File{Op: wire.FileCancel, Number: n + 1})
			time.Sleep(offerEvery)
			eve.file(0, wire.File{Op: wire.FileAsk, Number: 1000 + n})
			eve.file(0, wire.File{Op: wire.FileCancel, Number: 1000 + n})
		}
		f := w.h.feeds["s"]
		f.mu.Lock()
		defer f.unlock()
		if n := len(f.viewers[7].files); n > maxFiles {
			t.Errorf("%d transfers are remembered", n)
		}
	})
}

// TestFileFloodOfOneNumber: a transfer that is over and begins again asks a person again, so it counts.
func TestFileFloodOfOneNumber(t *testing.T) {
	for _, op := range []wire.FileOp{wire.FileOffer, wire.FileAsk} {
		bubble(t, func(t *testing.T) {
			w := newWorld(t)
			pres, eve, _, _, _ := filed(w)
			for range offerBurst + 5 {
				eve.file(0, wire.File{Op: op, Number: 1, Name: "x"})
				eve.file(0, wire.File{Op: wire.FileCancel, Number: 1})
			}
			w.wantDrops("flood", 5)
			n := 0
			for _, c := range pres.said(wire.TypeFile) {
				if c.File.Op == op {
					n++
				}
			}
			if n != offerBurst {
				t.Errorf("%s: the presenter heard %d", op, n)
			}
		})
	}
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		pres, eve, _, _, seen := filed(w)
		for range 2 {
			eve.file(0, wire.File{Op: wire.FileOffer, Number: 1, Name: "x", Size: 2})
			eve.chunk(0, 1, 0, 2) // not by the last one's yes
			pres.file(7, wire.File{Op: wire.FileAccept, Number: 1})
			eve.chunk(0, 1, 0, 2)
			eve.file(0, wire.File{Op: wire.FileCancel, Number: 1})
		}
		w.wantDrops("forged_file", 2)
		if n := len(pres.take(wire.KindChunk)); n != 2 {
			t.Errorf("%d chunks were passed on", n)
		}
		if n := len(*seen); n != 6 {
			t.Errorf("seen %+v", *seen)
		}
	})
}

// TestChunksWaitForAllElse: input, acks and updates go before chunks, however many wait, and
// chunks never fill the queue of the others.
func TestChunksWaitForAllElse(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		pres, eve, _, _, _ := filed(w)
		pres.grant(7, true, true)
		eve.file(0, wire.File{Op: wire.FileOffer, Number: 1, Name: "a", Size: 1 << 30})
		pres.file(7, wire.File{Op: wire.FileAccept, Number: 1})
		pres.c.freeze(true)
		const size, n = wire.MaxChunkData, 2 * maxChunks / wire.MaxChunkData
		for i := range uint64(n) {
			eve.chunk(0, 1, i*size, size)
		}
		if w.drops("chunk") == 0 {
			t.Error("more chunks wait than may")
		}
		eve.send(wire.KindInput, 0, 1, wire.AppendInput(nil, 0))
		pres.c.freeze(false)
		synctest.Wait()
		all := pres.take(wire.KindInput, wire.KindChunk)
		i := slices.IndexFunc(all, func(h wire.Header) bool { return h.Kind == wire.KindInput })
		if i < 0 || i > 2 { // what was being written, and what was begun with it
			t.Errorf("the input came as number %d of %d", i, len(all))
		}
		if n := uint64(len(all)-1) + w.drops("chunk"); n != 2*maxChunks/wire.MaxChunkData {
			t.Errorf("%d chunks were passed on or dropped", n)
		}
		w.wantDrops("full", 0)
	})
}

// TestFilesAfterARestart: the relay that knows nothing any more learns of a transfer by the offer
// that is said again; a replaced presenter's transfers are gone.
func TestFilesAfterARestart(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		pres, eve, _, _, _ := filed(w)
		eve.file(0, wire.File{Op: wire.FileOffer, Number: 1, Name: "a", Size: 100})
		pres.file(7, wire.File{Op: wire.FileAccept, Number: 1, Offset: 50})
		eve.chunk(0, 1, 50, 50)
		if len(pres.take(wire.KindChunk)) != 1 {
			t.Error("a transfer does not go on")
		}
		other := w.join(Party{Epoch: 2, Name: "other", Replaced: true})
		other.epoch = 2
		eve.epoch = 2
		eve.file(0, wire.File{Op: wire.FileOffer, Number: 1, Name: "a", Size: 100})
		w.wantDrops("no_view", 1)
		other.grant(7, true, false)
		eve.file(0, wire.File{Op: wire.FileOffer, Number: 1, Name: "a", Size: 100})
		w.wantDrops("no_view", 2) // held: its person has not gone on with that computer
		eve.control(wire.Control{Type: wire.TypeContinue, Epoch: 2})
		eve.chunk(0, 1, 50, 50)
		w.wantDrops("forged_file", 1)
		other.wantFiles()
	})
}
