package e2e

import (
	"bytes"
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/gorilla/websocket"
	"github.com/jezek/xgb/xproto"

	"pindesk/internal/wire"
)

// TestEveryEngine: the page does the same wherever its engine runs, and by whatever way the
// pixels reach the canvas (web/viewer/host.js).
func TestEveryEngine(t *testing.T) {
	b := startBroker(t, "")
	d := startDesktop(t, "800x600")
	typed := d.typewriter()
	pad := d.clickPad(500, 400, 200, 150)
	pin := b.newPIN()
	presentDesktop(t, b, d, pin)
	v := startChromium(t, 1000, 800)
	noise := d.noise(t)
	for _, engine := range []struct{ name, query string }{{"worker", ""}, {"copy", "?engine=copy"}, {"page", "?engine=page"}, {"no worker", ""}} {
		if engine.name == "no worker" {
			v.beforePages(`(W => { window.Worker = function(url, o) { return new W('/static/no-such-file.js', o); }; })(Worker)`)
		}
		v.open("about:blank")
		v.open(b.url + "/view" + engine.query + "#" + pin)
		v.wantState("live  control=yes")
		if inWorker := v.text("document.documentElement.dataset.engine") == "worker"; inWorker != (engine.name == "worker" || engine.name == "copy") {
			t.Errorf("%s: in a worker: %t", engine.name, inWorker)
		}
		if !eval[bool](v, "crossOriginIsolated") {
			t.Error("the page may not have shared memory")
		}
		v.exactWithin(d, stillness)
		noise(300, 200) // JPEG first
		v.exact(d)
		for _, at := range [][2]int{{30, 40}, {310, 222}, {311, 222}, {30, 40}} {
			x, y := v.at(at[0], at[1])
			v.do(command(input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: input.DispatchMouseEventTypeMouseMoved, X: x, Y: y}))
			eventually(t, "the pointer follows: "+engine.name, func() bool {
				p, err := xproto.QueryPointer(d.c, d.root).Reply()
				return err == nil && [2]int{int(p.RootX), int(p.RootY)} == at
			})
		}
		v.click(600, 470)
		select {
		case <-pad.clicks:
		case <-time.After(waitLimit):
			t.Fatalf("%s: a click did not arrive", engine.name)
		}
		v.click(100, 100)
		before := typed()
		v.typeText("ab c")
		eventually(t, "typing: "+engine.name, func() bool { return typed() == before+"ab c" })

		v.window(browser.WindowStateMinimized)
		eventually(t, "the page is hidden", func() bool { return v.text("document.visibilityState") == "hidden" })
		for i := range 8 { // more than may be on its way without acks
			d.fill(50+10*i, 60, 200, 200, uint32(0x123456*(i+1)))
			<-time.After(50 * time.Millisecond)
		}
		v.window(browser.WindowStateNormal)
		v.exact(d)
	}
}

// beforePages runs a script in every page that is opened from now on, before the page's own.
func (p *page) beforePages(script string) {
	p.t.Helper()
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: script})
		return err
	}))
}

// hostileBlock is a zstd frame of 65 kB that would decompress to 4 GB inside of one block. A
// block may hold 128 KiB, but who takes it to hold more is busy with this one for minutes.
func hostileBlock() []byte {
	const (
		sequences  = 0x7f00 + 10 // each copies 131,074 bytes
		compressed = 2
		onlyRLE    = 0x54 // one code for all literal lengths, offsets and match lengths
		longest    = 52   // the code of the longest matches: 16 bits more
	)
	block := append([]byte{byte(len(wire.Preamble) << 3)}, wire.Preamble...) // raw literals
	block = append(block, 255, (sequences-0x7f00)&255, (sequences-0x7f00)>>8, onlyRLE, 0, 0, longest)
	block = append(block, bytes.Repeat([]byte{0xff}, 2*sequences)...)
	block = append(block, 1) // the end of the bits
	head := 1 | compressed<<1 | len(block)<<3
	return append([]byte{0x28, 0xb5, 0x2f, 0xfd, 0, 0x50, byte(head), byte(head >> 8), byte(head >> 16)}, block...)
}

// hostilePresenter lets everybody see, and sends what freezes decoders until it is told to
// be good.
func hostilePresenter(t *testing.T, s *site, pin string, good *atomic.Bool) {
	ws, err := s.open(pin, "presenter", "")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { ws.Close(); <-done })
	go func() {
		defer close(done)
		var epoch uint16
		var part uint32
		for {
			_, msg, err := ws.ReadMessage()
			if err != nil {
				return
			}
			h, body, err := wire.ParseHeader(msg)
			if err != nil {
				t.Error("the relay sent", err)
				return
			}
			var answer []byte
			switch h.Kind {
			case wire.KindNeedKey:
				part++
				head := wire.UpdateHead{Layout: 1, Width: 320, Height: 200, Part: part}
				var packed []byte
				if !good.Load() {
					packed = hostileBlock()
					head.Raw, head.Packed = 1000, uint32(len(packed))
				}
				answer = wire.AppendHeader(nil, wire.Header{Kind: wire.KindUpdate, Flags: wire.FlagKey | wire.FlagCatchUp | wire.FlagDone, Epoch: epoch})
				answer = append(wire.AppendUpdateHead(answer, head), packed...)
			case wire.KindControl:
				c, err := wire.ParseControl(body)
				if err != nil {
					t.Error("the relay sent", err)
					return
				}
				if c.Type == wire.TypeWelcome {
					epoch = c.Epoch
				}
				if c.Type == wire.TypeAsk {
					answer = wire.AppendControl(nil, epoch, 0, wire.Control{Type: wire.TypeGrant, Viewer: h.Viewer, View: true})
				}
			}
			if answer != nil && ws.WriteMessage(websocket.BinaryMessage, answer) != nil {
				return
			}
		}
	}()
}

// TestHostileDataDoesNotFreezeThePage: the page answers all the time, ends the worker that is
// stuck, says so, and can connect again.
func TestHostileDataDoesNotFreezeThePage(t *testing.T) {
	s := startSite(t, nil)
	pin := s.newPIN()
	var good atomic.Bool
	hostilePresenter(t, s, pin, &good)
	v := startChromium(t, 1000, 800)
	v.open(s.url + "/view#" + pin)
	v.wantState("waiting picture")
	start, slowest := time.Now(), time.Duration(0)
	eventually(t, "the page says what happened", func() bool {
		asked := time.Now()
		st := v.state()
		slowest = max(slowest, time.Since(asked))
		return strings.HasPrefix(st, "error data")
	})
	t.Logf("after %v; the page's slowest answer took %v", time.Since(start).Round(time.Millisecond), slowest.Round(time.Millisecond))
	if slowest > 2*time.Second {
		t.Errorf("the page did not answer for %v", slowest)
	}
	if time.Since(start) < 3*time.Second {
		t.Error("it ended before the worker can have been stuck: this test proves nothing")
	}
	v.screenshot("data")
	good.Store(true)
	v.do(clicks("#panel-actions button"))
	v.wantState("live")
}
