package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/gorilla/websocket"

	"pindesk/internal/presenter"
	"pindesk/internal/screen"
	"pindesk/internal/wire"
)

// scene is a page in one state. A new state of a page is one more scene.
type scene struct {
	name string
	// shows is "STATE DETAIL" of the viewer's page, see STATES of web/viewer/state.js; "" on other pages.
	shows string
	// play brings the page there. Scenes are played with a real broker, presenter and desktop; made
	// says what stands in for something that a test cannot have, or not soon enough.
	play func(*act)
	made string
}

// What stands in for something real.
const (
	madeJoin      = "the gate answers the join"
	madeRelay     = "the gate plays the relay"
	madeCondition = "the presenter on Linux is told what one on Windows would find"
)

const regionsMeasured = `document.querySelectorAll('.region').length === 2 && !document.getElementById('measured').textContent.includes('…')`

var scenes = []scene{
	{name: "home", play: func(a *act) { a.open("/") }},
	{name: "home-bad-pin", play: func(a *act) { a.open("/#7W2-97") }},
	{name: "elsewhere", play: func(a *act) { a.v.open(a.gate.url + "/") }}, // an address that is not the public one
	{name: "not-found", play: func(a *act) { a.open("/nothing") }},
	{name: "new", play: func(a *act) {
		a.open("/new")
		a.wait("the regions are measured", regionsMeasured)
	}},
	{name: "new-key", play: func(a *act) {
		a.open("/new")
		a.wait("the regions are measured", regionsMeasured) // they take room, and what is below moves
		a.click("#ask-key")
		a.wait("it is asked for", `document.activeElement.id === 'key'`)
	}},
	{name: "new-here", play: func(a *act) { a.share("Anna's laptop", presenter.Ask); a.open("/new#" + a.pin); a.wantPhase("here") }},
	{name: "new-waiting", play: func(a *act) { a.open("/new#" + a.pin); a.wantPhase("waiting") }},
	{name: "new-live", play: func(a *act) {
		a.share("Anna's laptop", presenter.ViewOnly)
		a.other("Björn", false)
		a.open("/new#" + a.pin)
		a.wantPhase("live")
	}},
	{name: "new-end", play: func(a *act) { a.open("/new#" + a.pin); a.wantPhase("waiting"); a.click("#end") }},
	{name: "new-ended", play: func(a *act) {
		a.open("/new#" + a.pin)
		a.wantPhase("waiting")
		a.click("#end")
		a.click("#end-yes")
		a.wait("it says so", `document.documentElement.dataset.step === 'ended'`)
	}},
	{name: "new-bad-mail", play: func(a *act) {
		a.open("/new#" + a.pin)
		a.wantPhase("waiting")
		a.click("#mail [type=submit]")
	}},
	{name: "docs", play: func(a *act) { a.open("/docs") }},
	{name: "latency", play: func(a *act) {
		a.open("/resources/latency_example.html")
		a.wait("the test is over", `document.documentElement.dataset.state === 'done'`)
	}},

	{name: "joining", shows: "joining connecting", made: madeJoin, play: func(a *act) { a.gate.holdJoin(); a.view() }},
	{name: "joining-retrying", shows: "joining retrying", made: madeJoin, play: func(a *act) {
		a.gate.answerJoin(http.StatusBadGateway, "")
		a.view()
	}},
	{name: "joining-busy", shows: "joining busy", made: madeJoin, play: func(a *act) {
		a.gate.answerJoin(http.StatusTooManyRequests, "too_many_requests")
		a.view()
	}},
	{name: "joining-draining", shows: "joining draining", made: madeJoin, play: func(a *act) {
		a.gate.answerJoin(http.StatusServiceUnavailable, "draining")
		a.view()
	}},
	{name: "reconnecting", shows: "joining reconnecting", play: func(a *act) { a.live(presenter.ControlFree); a.gate.cut() }},

	{name: "waiting", shows: "waiting no-presenter", play: (*act).view},
	{name: "waiting-asking", shows: "waiting asking", play: func(a *act) { a.asking() }},
	{name: "waiting-denied", shows: "waiting denied", play: func(a *act) { a.asking(); a.guest.answers <- false }},
	{name: "waiting-refused", shows: "waiting denied", play: func(a *act) {
		a.asking()
		a.guest.answers <- false
		for range 2 {
			a.click("#panel-actions button")
			a.answer(false)
		}
		a.v.wantState("ended blocked")
		a.v.open("about:blank")
		a.view()
		a.wait("it says that nothing more is heard", `document.querySelector('#panel-actions [data-action=home]')`)
	}},
	{name: "waiting-revoked", shows: "waiting revoked", play: func(a *act) {
		guest := a.live(presenter.ControlFree)
		if err := guest.EndView(1); err != nil {
			a.t.Fatal(err)
		}
	}},
	{name: "waiting-picture", shows: "waiting picture", made: madeRelay, play: func(a *act) {
		a.gate.playRelay(controls(
			wire.Control{Type: wire.TypeWelcome, Role: "viewer", Viewer: 1, Epoch: 1, Resume: "r"},
			wire.Control{Type: wire.TypeState, Epoch: 1, Presenter: &wire.PresenterState{Name: "Anna's laptop", Attached: true},
				Viewers: []wire.ViewerState{{Viewer: 1, Online: true, View: true}}},
		))
		a.view()
	}},
	{name: "waiting-away", shows: "waiting presenter-away", play: func(a *act) {
		way := newGate(a.t)
		way.through(a.stage.site.url, a.stage.front.url)
		a.share("Anna's laptop", presenter.ControlFree, way)
		a.view()
		a.v.wantState("live")
		a.shown()
		way.cut()
	}},
	{name: "waiting-left", shows: "waiting presenter-left", play: func(a *act) { s := a.live(presenter.ControlFree); _ = s.stop() }},
	{name: "waiting-replaced", shows: "waiting replaced", play: func(a *act) {
		a.live(presenter.ControlFree)
		a.share("Anna's other computer", presenter.Ask)
	}},

	{name: "waiting-revoked", shows: "waiting revoked", play: func(a *act) {
		if err := a.live(presenter.ViewOnly).EndView(1); err != nil {
			a.t.Error(err)
		}
	}},

	{name: "live", shows: "live ", play: func(a *act) { a.live(presenter.ControlFree) }},
	{name: "live-watching", shows: "live ", play: func(a *act) { a.live(presenter.ViewOnly) }},
	{name: "live-asking", shows: "live asking", play: func(a *act) { a.wantControl() }},
	{name: "live-denied", shows: "live denied", play: func(a *act) { a.wantControl(); a.guest.answers <- false }},
	{name: "live-paused", shows: "live paused", play: func(a *act) {
		a.wantControl()
		a.guest.answers <- true
		a.v.wantState("live  control=yes")
		a.other("Björn", true)
		a.guest.wantQuestion(a.t.Fatal)
	}},
	{name: "live-replaced", shows: "live replaced", made: "the test plays a presenter that grants view without being asked", play: func(a *act) {
		a.live(presenter.ControlFree)
		a.push("Anna's other computer")
	}},

	{name: "locked", shows: "live ", made: madeCondition, play: func(a *act) {
		a.finds(wire.ConditionLocked)
		a.live(presenter.ControlFree)
		a.wait("the notice", `document.querySelector('#notice-condition')`)
	}},
	{name: "elevated-asked", shows: "live paused", made: madeCondition, play: func(a *act) {
		a.finds(wire.ConditionElevated)
		a.live(presenter.ControlFree)
		a.click("#notice-condition .act")
		if q := a.guest.wantQuestion(a.t.Fatal); !q.Elevate {
			a.t.Errorf("the guest was asked %+v", q)
		}
		a.wait("it is said", `document.querySelector('#notice-elevate') && !document.querySelector('#notice-condition')`)
	}},
	{name: "elevated-declined", shows: "live ", made: madeCondition, play: func(a *act) {
		a.finds(wire.ConditionElevated)
		a.live(presenter.ControlFree)
		a.v.menu("keys", "keys-elevate")
		a.answer(true)
		a.wait("it is said, and can be asked for again", `document.querySelector('#notice-elevate[data-mood=bad]') && document.querySelector('#notice-condition .act')`)
	}},

	{name: "menu-screen", shows: "live ", play: func(a *act) { a.live(presenter.ControlFree); a.click("#screen-button") }},
	{name: "menu-keys", shows: "live ", play: func(a *act) { a.live(presenter.ControlFree); a.click("#keys-button") }},
	{name: "keys-strip", shows: "live ", play: func(a *act) { a.live(presenter.ControlFree); a.v.menu("keys", "keys-strip"); a.click("#strip-alt") }},
	{name: "keys-typing", shows: "live ", play: func(a *act) {
		a.live(presenter.ControlFree)
		eval[bool](a.v, noClipboard)
		a.v.menu("keys", "keys-type")
	}},
	{name: "stats", shows: "live ", play: func(a *act) { a.live(presenter.ControlFree); a.click("#stats-button") }},
	{name: "people", shows: "live ", play: func(a *act) {
		a.live(presenter.ControlFree)
		a.other("Björn", false)
		a.other("Björn", false)
		a.other("", true)
		a.click("#people-button")
	}},
	{name: "people-handed", shows: "live ", play: func(a *act) {
		guest := a.live(presenter.ControlFree)
		a.other("Björn", false)
		a.click("#people-button")
		a.wait("the other one", `document.querySelector('.person[data-viewer="2"] button')`)
		if err := guest.TakeControl(); err != nil {
			a.t.Error(err)
		}
		a.wait("the notice", `document.querySelector('#notice-turn')`)
	}},
	{name: "bar-away", shows: "live ", play: func(a *act) {
		a.live(presenter.ControlFree)
		a.click("#screen-button")
		a.click("#screen-pin")
		a.wait("the bar goes", `document.getElementById('bar').dataset.shown === 'no'`)
	}},
	{name: "bar-floating", shows: "live ", play: func(a *act) {
		a.live(presenter.ControlFree)
		a.click("#screen-button")
		a.click("#screen-pin")
		a.wait("the bar goes", `document.getElementById('bar').dataset.shown === 'no'`)
		a.v.press("Home", "Home", "", 1|2)
	}},
	{name: "reconnecting-long", shows: "joining reconnecting", play: func(a *act) {
		a.live(presenter.ControlFree)
		a.gate.cut()
		a.wait("it says since when", `document.querySelector('[data-action=now]')`)
	}},

	{name: "chat-empty", shows: "live ", play: func(a *act) { a.live(presenter.ControlFree); a.click("#chat-button") }},
	{name: "chat", shows: "live ", play: func(a *act) {
		guest := a.live(presenter.ControlFree)
		a.click("#chat-button")
		for i, line := range []string{"Hello, this is Sofia from support. I can see your screen.", "Hi! The label printer does nothing since Monday.",
			"Was its cable moved, or did somebody install an update?", "There was an update on the weekend: https://help.example.com/updates/2025-10"} {
			if i%2 == 0 {
				a.v.insert(line)
				a.v.press("Enter", "Enter", "\r", 0)
			} else {
				guest.tell(a.t, line, 0)
			}
			a.wait("the line is there", fmt.Sprintf(`document.querySelectorAll('.line:not([data-unheard])').length === %d`, i+1))
		}
	}},
	{name: "chat-notice", shows: "live ", play: func(a *act) {
		guest := a.live(presenter.ControlFree)
		guest.tell(a.t, "Hi! The label printer does nothing since Monday.", 0)
		a.wait("the notice", `document.querySelector('#notice-chat')`)
	}},
	{name: "files-empty", shows: "live ", play: func(a *act) { a.live(presenter.ControlFree); a.click("#files-button") }},
	{name: "files", shows: "live ", play: func(a *act) {
		guest := a.live(presenter.ViewOnly)
		a.click("#files-button")
		a.receive(guest, "print-log.txt", "accept", "done")
		a.v.do(chromedp.SetUploadFiles("#files-choose", []string{a.file("printer-driver-3.9.deb")}))
		a.answer(false)
		a.wait("it is refused", `document.querySelector('.move[data-state=failed]')`)
		a.receive(guest, "Rechnung Heizungsreparatur Lindenstraße 14 Endfassung (2).pdf", "", "offered")
		a.v.do(chromedp.SetUploadFiles("#files-choose", []string{a.file("printer-driver-4.2.deb")}))
		a.guest.wantQuestion(a.t.Fatal)
		a.wait("the guest is asked", `document.querySelector('.move[data-state=asking]')`)
	}},
	{name: "people-control", shows: "live paused", play: func(a *act) {
		a.live(presenter.ViewOnly)
		a.click("#request")
		a.answer(true)
		a.v.wantState("live  control=yes")
		a.other("Björn", true)
		a.guest.wantQuestion(a.t.Fatal)
		a.v.wantState("live paused")
		a.click("#people-button")
	}},
	{name: "monitors", shows: "live ", play: func(a *act) {
		a.desk = twoMonitors(a.t)
		a.live(presenter.ControlFree)
		a.click("#screen-button")
	}},
	{name: "zoomed", shows: "live ", play: func(a *act) {
		a.live(presenter.ControlFree)
		a.click("#screen-button")
		a.click("#screen-exact")
	}},

	{name: "live-browser", shows: "live ", made: madeRelay, play: func(a *act) {
		a.gate.playRelay(sharesBrowser(a.t))
		a.view()
		a.v.wantState("live")
		a.click("#point")
		a.click("#people-button")
	}},

	{name: "ended", shows: "ended ended", play: func(a *act) {
		a.live(presenter.ControlFree)
		a.stage.site.call("DELETE", "/api/v1/session?session_pin="+a.pin, nil)
	}},
	{name: "ended-expired", shows: "ended expired", made: madeRelay, play: func(a *act) {
		a.gate.playRelay(controls(wire.Control{Type: wire.TypeEnded, Reason: "expired"}))
		a.view()
	}},
	{name: "ended-blocked", shows: "ended blocked", made: madeRelay, play: func(a *act) { a.gate.playRelay(closes(wire.CloseBlocked)); a.view() }},
	{name: "ended-taken", shows: "ended taken", made: madeRelay, play: func(a *act) { a.gate.playRelay(closes(wire.CloseReplaced)); a.view() }},

	{name: "error-unknown", shows: "error unknown", play: func(a *act) { a.open("/view#000-00-0000") }},
	{name: "error-pin", shows: "error pin", play: func(a *act) { a.open("/view#7W2") }},
	{name: "error-blocked", shows: "error blocked", made: madeJoin, play: func(a *act) { a.gate.answerJoin(http.StatusForbidden, "blocked"); a.view() }},
	{name: "error-full", shows: "error full", made: madeRelay, play: func(a *act) { a.gate.playRelay(closes(wire.CloseFull)); a.view() }},
	{name: "error-data", shows: "error data", made: "the gate serves a worker that gets stuck", play: func(a *act) {
		a.gate.answer("/viewer/worker.js", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/javascript")
			w.Header().Set("Cross-Origin-Embedder-Policy", "require-corp")
			_, _ = io.WriteString(w, "postMessage({type: 'pong'});")
		})
		a.view()
	}},
	{name: "error-other", shows: "error other", made: madeJoin, play: func(a *act) { a.gate.answerJoin(http.StatusTeapot, "no_coffee"); a.view() }},
}

// wait polls a JavaScript condition.
func (a *act) wait(what, condition string) {
	a.t.Helper()
	for deadline := time.Now().Add(waitLimit); a.v.text("Boolean("+condition+")") != "true"; {
		if time.Now().After(deadline) {
			a.v.screenshot("wrong-state")
			a.t.Fatalf("not within %v: %s", waitLimit, what)
		}
	}
}

// wantPhase waits until the page /new says how far the session is.
func (a *act) wantPhase(phase string) {
	a.t.Helper()
	a.wait("phase "+phase, fmt.Sprintf("document.documentElement.dataset.phase === %q", phase))
}

// file makes a file of this name with 300 kB in it.
func (a *act) file(name string) string {
	a.t.Helper()
	path := filepath.Join(a.t.TempDir(), name)
	if err := os.WriteFile(path, make([]byte, 300_000), 0o600); err != nil {
		a.t.Fatal(err)
	}
	return path
}

// receive is offered a file by the guest, uses a button of it (unless that is ""), and waits for
// what becomes of it.
func (a *act) receive(guest *sharing, name, button, state string) {
	a.t.Helper()
	if err := guest.SendFile(a.file(name), 0); err != nil {
		a.t.Fatal(err)
	}
	move := fmt.Sprintf(".move[data-name=%q]", name)
	a.wait("the offer", fmt.Sprintf("document.querySelector(%q)", move+"[data-state=offered]"))
	if button != "" {
		a.click(move + " [data-act=" + button + "]")
	}
	a.wait(state, fmt.Sprintf("document.querySelector(%q)", move+"[data-state="+state+"]"))
}

// asking ends with a guest who is being asked whether the page may see.
func (a *act) asking() {
	a.t.Helper()
	a.share("Anna's laptop", presenter.Ask)
	a.view()
	a.guest.wantQuestion(a.t.Fatal)
	a.v.wantState("waiting asking")
}

// wantControl ends with a guest who is being asked whether the page that sees may control.
func (a *act) wantControl() {
	a.t.Helper()
	a.live(presenter.ViewOnly)
	a.click("#request")
	a.guest.wantQuestion(a.t.Fatal)
	a.v.wantState("live asking")
}

// other is another viewer of the session; with control it asks for that as soon as it sees.
func (a *act) other(name string, control bool) *goViewer {
	a.t.Helper()
	to := *a.stage.site
	to.t = a.t
	v := to.viewAs(name, a.pin, "")
	if control {
		eventually(a.t, name+" sees", func() bool { return v.me().View })
		v.control(wire.Control{Type: wire.TypeAsk, Control: true})
	}
	return v
}

// push shares a picture as no honest presenter does: who watches gets it without having asked.
func (a *act) push(name string) {
	a.t.Helper()
	ws, err := a.stage.site.openAs(name, a.pin, "presenter", "")
	if err != nil {
		a.t.Fatal(err)
	}
	done := make(chan struct{})
	a.t.Cleanup(func() { ws.Close(); <-done })
	w, h, rgb := a.desk.pixels()
	pic := screen.Picture{W: w, H: h, Stride: 4 * w, Pix: make([]byte, 4*w*h)}
	for i := range w * h {
		pic.Pix[4*i], pic.Pix[4*i+1], pic.Pix[4*i+2] = rgb[3*i+2], rgb[3*i+1], rgb[3*i]
	}
	enc := screen.NewEncoder(0)
	go func() {
		defer close(done)
		for {
			_, msg, err := ws.ReadMessage()
			if err != nil {
				return
			}
			h, body, err := wire.ParseHeader(msg)
			if err != nil {
				return
			}
			switch h.Kind {
			case wire.KindControl:
				c, err := wire.ParseControl(body)
				if err != nil || c.Type != wire.TypeState {
					continue
				}
				enc.Begin(c.Epoch)
				enc.Sync(pic, nil)
				for _, v := range c.Viewers {
					if v.View {
						continue
					}
					grant, _ := json.Marshal(wire.Control{Type: wire.TypeGrant, Viewer: v.Viewer, View: true})
					_ = ws.WriteMessage(websocket.BinaryMessage, append(wire.AppendHeader(nil, wire.Header{Kind: wire.KindControl, Epoch: c.Epoch}), grant...))
				}
			case wire.KindNeedKey:
				_ = ws.WriteMessage(websocket.BinaryMessage, enc.Keyframe(nil, screen.Params{}))
			}
		}
	}()
}
