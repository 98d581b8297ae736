// Package bidi drives a real Firefox for tests, by WebDriver BiDi (https://w3c.github.io/webdriver-bidi/),
// which Firefox speaks over a WebSocket without any program between. Only internal/e2e imports it.
//
// Everything fails its test by itself, so nothing returns an error. A Browser and its Pages are
// for one goroutine.
package bidi

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// commandLimit is how long Firefox may take for one command on a busy machine.
const commandLimit = 60 * time.Second

// Browser is one running Firefox.
type Browser struct {
	tb   testing.TB
	ws   *websocket.Conn
	next int
}

// message is what either side sends: a command, its result, or an event.
type message struct {
	ID      int             `json:"id"`
	Type    string          `json:"type"` // "success", "error" or "event"
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
	Result  json.RawMessage `json:"result"`
	Error   string          `json:"error"`
	Message string          `json:"message"`
}

// Start runs a Firefox of its own, which ends with the test.
func Start(tb testing.TB) *Browser {
	tb.Helper()
	return StartOn(tb, "", nil)
}

// StartOn is Start with windows on an X display, and with more preferences (about:config).
func StartOn(tb testing.TB, display string, more map[string]any) *Browser {
	tb.Helper()
	url := launch(tb, display, more)
	ws, _, err := websocket.DefaultDialer.Dial(url+"/session", nil)
	if err != nil {
		tb.Fatal(err)
	}
	b := &Browser{tb: tb, ws: ws}
	tb.Cleanup(func() { ws.Close() })
	var session struct {
		Capabilities struct{ BrowserName, BrowserVersion string }
	}
	b.call("session.new", map[string]any{"capabilities": map[string]any{}}, &session)
	tb.Logf("%s %s", session.Capabilities.BrowserName, session.Capabilities.BrowserVersion)
	b.call("session.subscribe", map[string]any{"events": []string{"log.entryAdded"}}, nil)
	return b
}

// call sends a command and waits for its result. What a page throws meanwhile fails the test.
func (b *Browser) call(method string, params, result any) {
	b.tb.Helper()
	b.next++
	if err := b.ws.WriteJSON(map[string]any{"id": b.next, "method": method, "params": params}); err != nil {
		b.tb.Fatal(err)
	}
	if err := b.ws.SetReadDeadline(time.Now().Add(commandLimit)); err != nil {
		b.tb.Fatal(err)
	}
	for {
		var m message
		if err := b.ws.ReadJSON(&m); err != nil {
			b.tb.Fatalf("%s: %v", method, err)
		}
		switch {
		case m.Type == "event":
			b.heard(m)
		case m.ID != b.next: // of a command that was given up
		case m.Type != "success":
			b.tb.Fatalf("%s: %s: %s", method, m.Error, m.Message)
		default:
			if result != nil {
				if err := json.Unmarshal(m.Result, result); err != nil {
					b.tb.Fatalf("%s: %v in %s", method, err, m.Result)
				}
			}
			return
		}
	}
}

// heard takes an event: an error of a page's script is the test's.
func (b *Browser) heard(m message) {
	var entry struct{ Level, Text, Type string }
	if err := json.Unmarshal(m.Params, &entry); err == nil && entry.Level == "error" && entry.Type == "javascript" {
		b.tb.Errorf("the page threw: %s", entry.Text)
	}
}

// Page is one tab.
type Page struct {
	b       *Browser
	context string
}

// NewPage opens a tab in a window of the given size in CSS pixels.
func (b *Browser) NewPage(width, height int) *Page {
	b.tb.Helper()
	var made struct{ Context string }
	b.call("browsingContext.create", map[string]any{"type": "tab"}, &made)
	p := &Page{b: b, context: made.Context}
	b.call("browsingContext.setViewport", map[string]any{"context": p.context, "viewport": map[string]int{"width": width, "height": height}}, nil)
	return p
}

// Open goes to a URL and waits until it is loaded.
func (p *Page) Open(url string) {
	p.b.tb.Helper()
	p.b.call("browsingContext.navigate", map[string]any{"context": p.context, "url": url, "wait": "complete"}, nil)
}

// Eval evaluates JavaScript in the page, awaits a promise, and decodes the value from JSON.
func Eval[T any](p *Page, js string) (value T) {
	p.b.tb.Helper()
	var got struct {
		Type             string
		Result           struct{ Value json.RawMessage }
		ExceptionDetails struct{ Text string }
	}
	p.b.call("script.evaluate", map[string]any{
		"expression": "(async () => JSON.stringify(await (" + js + ")))()", "target": map[string]string{"context": p.context}, "awaitPromise": true,
		"userActivation": true,
	}, &got)
	var text string
	if got.Type != "success" || json.Unmarshal(got.Result.Value, &text) != nil {
		p.b.tb.Fatalf("%s: %s %s", js, got.ExceptionDetails.Text, got.Result.Value)
	}
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		p.b.tb.Fatalf("%s: %v in %s", js, err, text)
	}
	return value
}

// Screenshot is a PNG of what the window shows.
func (p *Page) Screenshot() []byte {
	p.b.tb.Helper()
	var shot struct{ Data string }
	p.b.call("browsingContext.captureScreenshot", map[string]any{"context": p.context}, &shot)
	png, err := base64.StdEncoding.DecodeString(shot.Data)
	if err != nil {
		p.b.tb.Fatal(err)
	}
	return png
}

// Click moves the mouse to a place of the window, in CSS pixels, and clicks there.
func (p *Page) Click(x, y float64) {
	p.b.tb.Helper()
	p.perform(map[string]any{"type": "pointer", "id": "mouse", "parameters": map[string]string{"pointerType": "mouse"}, "actions": []map[string]any{
		{"type": "pointerMove", "x": int(x), "y": int(y)},
		{"type": "pointerDown", "button": 0},
		{"type": "pointerUp", "button": 0},
	}})
}

// ClickOn clicks on the middle of the first element that a CSS selector names.
func (p *Page) ClickOn(selector string) {
	p.b.tb.Helper()
	at := Eval[[2]float64](p, fmt.Sprintf(`(() => { const r = document.querySelector(%q).getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()`, selector))
	p.Click(at[0], at[1])
}

// Keys of WebDriver that are no characters.
const (
	Control = '\ue009'
	Enter   = '\ue007'
	Tab     = '\ue004'
)

// Type presses and releases a key for each character, as a keyboard that has them all would.
func (p *Page) Type(text string) {
	p.b.tb.Helper()
	var actions []map[string]any
	for _, r := range text {
		actions = append(actions, keyDown(r), keyUp(r))
	}
	p.keys(actions)
}

// Chord presses keys in their order and releases them in the opposite one.
func (p *Page) Chord(keys ...rune) {
	p.b.tb.Helper()
	var actions []map[string]any
	for _, r := range keys {
		actions = append(actions, keyDown(r))
	}
	for i := range keys {
		actions = append(actions, keyUp(keys[len(keys)-1-i]))
	}
	p.keys(actions)
}

func keyDown(r rune) map[string]any { return map[string]any{"type": "keyDown", "value": string(r)} }
func keyUp(r rune) map[string]any   { return map[string]any{"type": "keyUp", "value": string(r)} }

func (p *Page) keys(actions []map[string]any) {
	p.b.tb.Helper()
	p.perform(map[string]any{"type": "key", "id": "keyboard", "actions": actions})
}

func (p *Page) perform(source map[string]any) {
	p.b.tb.Helper()
	p.b.call("input.performActions", map[string]any{"context": p.context, "actions": []any{source}}, nil)
}
