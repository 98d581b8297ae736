package e2e

import (
	"context"
	"fmt"
	"net/http"
	"runtime"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"pindesk/internal/presenter"
	"pindesk/internal/wire"
)

const madeScreen = "a canvas stands in for the screen that the browser captures"

// guestScenes are those of the guest's page: each of STATES of web/guest/course.js is shown.
var guestScenes = []scene{
	{name: "guest", play: func(a *act) { a.open("/help#" + a.pin); a.helped("start") }},
	{name: "guest-waited-for", play: func(a *act) {
		a.other("Sofia (support)", false)
		a.open("/help#" + a.pin)
		a.wait("somebody waits", `/1|Eine|One/.test(document.querySelector('.pin-card [role=status]')?.textContent)`)
	}},
	{name: "guest-download", made: madeScreen + "; the gate serves a list of programs", play: func(a *act) {
		a.gate.answer("/resources/programs.json", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprintf(w, `[{"os": "linux", "arch": %q, "bytes": 9123456}]`, runtime.GOARCH)
		})
		a.help(canvasScreen)
		a.wait("it can be downloaded", `document.querySelector('#download')`)
	}},
	{name: "guest-occupied", play: func(a *act) {
		a.share("Anna's laptop", presenter.Ask)
		a.open("/help#" + a.pin)
		a.wait("it says so", `document.querySelector('.pin-card [role=status]')?.textContent.length > 60`)
	}},
	{name: "guest-phone", made: "the browser says that it is a phone's", play: func(a *act) {
		a.system("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)", "delete MediaDevices.prototype.getDisplayMedia")
		a.helped("start cannot")
	}},
	{name: "guest-mac", made: "the browser says that it is a Mac's", play: func(a *act) { a.system("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", "") }},
	{name: "guest-insecure", made: "the page is told that it came by plain http", play: func(a *act) {
		a.system("Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "delete MediaDevices.prototype.getDisplayMedia; Object.defineProperty(window, 'isSecureContext', {value: false})")
		a.helped("start cannot")
	}},
	{name: "guest-picking", made: madeScreen, play: func(a *act) {
		a.help("new Promise(() => {})")
		a.click("#share")
		a.helped("picking")
	}},
	{name: "guest-refused", made: madeScreen, play: func(a *act) {
		a.help("Promise.reject(new DOMException('Permission denied', 'NotAllowedError'))")
		a.click("#share")
		a.wait("it says so", `document.querySelector('.error')?.textContent`)
	}},
	{name: "guest-connecting", made: madeScreen, play: func(a *act) {
		a.gate.holdJoin()
		a.screenShared("connecting")
	}},
	{name: "guest-reconnecting", made: madeScreen, play: func(a *act) {
		a.screenShared("alone")
		a.gate.cut()
		a.helped("sharing reconnecting")
	}},
	{name: "guest-alone", made: madeScreen, play: func(a *act) { a.screenShared("alone") }},
	{name: "guest-asked", made: madeScreen, play: func(a *act) { a.asked() }},
	{name: "guest-denied", made: madeScreen, play: func(a *act) {
		a.asked()
		a.says("#deny")
		a.helped("sharing waiting")
	}},
	{name: "guest-watched", made: madeScreen, play: func(a *act) {
		v := a.asked()
		a.says("#allow")
		a.helped("sharing watched")
		v.control(wire.Control{Type: wire.TypeChat, Text: "Hello, this is Sofia. Please open the printer's settings.", Client: "s-1"})
		a.wait("the line has come", `document.querySelector('.line')`)
		a.wait("the picture is there", `document.querySelector('.frame svg')`)
	}},
	{name: "guest-again", made: "what a sharing page keeps for its reload is put there: TestGuestShares reloads one", play: func(a *act) {
		a.open("/help#" + a.pin)
		a.helped("start")
		eval[bool](a.v, fmt.Sprintf("import('/static/shared/stored.js').then((m) => (m.saveShared(%q, {resume: 'r', granted: [1], on: true}), true))", a.pin))
		a.v.do(chromedp.Reload())
		a.helped("start again")
	}},
	{name: "guest-stopped", made: madeScreen, play: func(a *act) {
		a.asked()
		a.says("#allow")
		a.helped("sharing watched")
		a.click("#stop")
		a.helped("ended stopped")
	}},
	{name: "guest-ended", made: madeScreen, play: func(a *act) {
		a.screenShared("alone")
		a.stage.site.call("DELETE", "/api/v1/session?session_pin="+a.pin, nil)
		a.helped("ended ended")
	}},
	{name: "guest-taken", made: madeScreen, play: func(a *act) {
		a.screenShared("alone")
		a.share("Anna's other computer", presenter.Ask)
		a.helped("ended taken")
	}},
	{name: "guest-moved", made: madeScreen + "; " + madeRelay, play: func(a *act) {
		a.gate.playRelay(closes(wire.CloseMoved))
		a.help(canvasScreen)
		a.click("#share")
		a.helped("ended moved")
	}},
	{name: "guest-left", made: madeScreen, play: func(a *act) {
		a.screenShared("alone")
		program := a.share("Anna's other computer", presenter.Ask)
		a.helped("ended taken")
		_ = program.stop()
		a.helped("ended left")
	}},
	{name: "guest-failed", made: madeScreen + "; the gate serves a worker that breaks", play: func(a *act) {
		a.gate.answer("/guest/worker.js", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/javascript")
			w.Header().Set("Cross-Origin-Embedder-Policy", "require-corp")
			_, _ = fmt.Fprint(w, "throw new Error('broken')")
		})
		a.help(canvasScreen)
		a.click("#share")
		a.helped("ended failed")
	}},
	{name: "guest-unknown", play: func(a *act) { a.open("/help#000-00-0000"); a.helped("error unknown") }},
	{name: "guest-no-pin", play: func(a *act) { a.open("/help"); a.helped("error pin") }},
}

func init() {
	for _, sc := range guestScenes {
		play := sc.play
		sc.play = func(a *act) { play(a); a.v.classified() }
		scenes = append(scenes, sc)
	}
}

// canvasScreen is a promise of a stream of a picture that looks a little like a desktop.
const canvasScreen = `(async () => {
	const c = Object.assign(document.createElement('canvas'), {width: 1280, height: 720}), g = c.getContext('2d');
	g.fillStyle = '#336699'; g.fillRect(0, 0, 1280, 720);
	g.fillStyle = '#fbfaf6'; g.fillRect(90, 70, 700, 520);
	g.fillStyle = '#1d2330'; g.font = '24px monospace';
	['Printer: Label', 'State: paused since Monday', '', 'Jobs waiting: 12'].forEach((line, i) => g.fillText(line, 130, 130 + 40 * i));
	const stream = c.captureStream(10);
	setInterval(() => g.fillRect(0, 0, 1, 1), 200);
	return stream;
})()`

// helped waits until the guest's page is in a state, "STATE DETAIL".
func (a *act) helped(want string) {
	a.t.Helper()
	a.wait("the guest's page is "+want, "(document.documentElement.dataset.state + ' ' + document.documentElement.dataset.detail).trim().startsWith('"+want+"') && document.querySelector('h1')")
}

// help opens the guest's page, through the act's own gate, where the browser gives this promise of a stream.
func (a *act) help(stream string) {
	a.t.Helper()
	a.v.open(a.gate.url + "/help#" + a.pin)
	a.helped("start")
	eval[bool](a.v, "navigator.mediaDevices.getDisplayMedia = () => "+stream+", true")
}

// screenShared shares from the guest's page, and waits for what comes of it.
func (a *act) screenShared(detail string) {
	a.t.Helper()
	a.help(canvasScreen)
	a.click("#share")
	a.helped("sharing " + detail)
}

// asked ends with a guest's page that asks whether a technician may see.
func (a *act) asked() *goViewer {
	a.t.Helper()
	a.screenShared("alone")
	v := a.other("Sofia (support)", false)
	a.helped("sharing")
	v.control(wire.Control{Type: wire.TypeAsk})
	a.helped("sharing asked")
	return v
}

// says answers the question.
func (a *act) says(button string) {
	a.t.Helper()
	a.wait("answers count", "!document.querySelector('"+button+"').ariaDisabled")
	a.click(button)
}

// system opens the guest's page in a browser that says what it is, after a script.
func (a *act) system(agent, script string) {
	a.t.Helper()
	a.v.do(command(emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: agent, AcceptLanguage: "de-DE",
		UserAgentMetadata: &emulation.UserAgentMetadata{}}),
		chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			_, err := cdp.Call(ctx, t, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: script})
			return err
		}))
	a.open("/help#" + a.pin)
	a.helped("start")
}
