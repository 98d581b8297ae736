package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"pindesk/internal/fault"
	"pindesk/internal/puzzle"
)

// lines are the log's lines so far.
func (d *desk) lines() []map[string]any {
	d.Helper()
	var all []map[string]any
	for line := range bytes.Lines(d.log.Bytes()) {
		var m map[string]any
		if err := json.Unmarshal(line, &m); err != nil {
			d.Fatalf("log line %q: %v", line, err)
		}
		all = append(all, m)
	}
	return all
}

// TestLogHasNoSecret makes every kind of call with a PIN wherever a caller could put one
// and then looks for it in the log, in any spelling, with the other secrets.
func TestLogHasNoSecret(t *testing.T) {
	d := open(t, func(c *Config) {
		c.Ready = func(context.Context) error { return errors.New("cannot read " + testPIN) }
		c.CreatesPerMinute = 1000
		c.Keys = fakeKeys{testKey: {ID: "aaaaaaaa", Organisation: "Help Ltd"}}
	})
	targets := []string{"/", "/view", "/healthz", "/readyz", "/openapi.yaml", "/static/shared/wire.js", "/nothing", "/api/v1/nothing"}
	for _, call := range []string{"regions", "session_pin", "session_url", "hook", "session", "join", "relay"} {
		targets = append(targets, "/api/v1/"+call)
	}
	calls := 0
	for _, pin := range []string{testPIN, "7w2-97-8570", "7W2978570", brokenPIN, panicPIN} {
		for _, method := range append([]string{"7W2-97-8570"}, methods...) {
			for _, target := range targets {
				for _, tail := range []string{"?session_pin=" + pin, "/?session_pin=" + pin + "&session_pin=" + pin, "/" + pin, "?" + pin, "?%" + pin} {
					for _, body := range []string{"", joinBody(pin, `,"resume":"resume-secret"`), hookBody(pin), pin, `{"session_pin":{"` + pin + `":1}}`, `{"name":` + strings.ReplaceAll(pin, "-", "")} {
						calls++
						d.from = "[2001:db8:" + strconv.FormatInt(int64(calls), 16) + "::1]:1" // no limit in the way,
						d.gate.strain = 0                                                      // and no puzzle
						if calls > 0xffff {
							t.Fatal("too many calls for the addresses")
						}
						d.call(method, target+tail, body, "X-Request-Id", pin, "User-Agent", pin, "Referer", pin, "X-Forwarded-For", pin, "Cookie", pin,
							"Authorization", "Bearer "+testKey, tokenHeader, testToken, puzzle.Header, pin)
					}
				}
			}
		}
	}
	text := strings.ToLower(d.log.String())
	for _, secret := range []string{testPIN, "7W2978570", brokenPIN, "BAD000000", panicPIN, "BAD000001", testToken, "one-use-ticket", "resume-secret", testKey} {
		if at := strings.Index(text, strings.ToLower(secret)); at >= 0 {
			t.Errorf("the log has %q: ...%s...", secret, text[max(0, at-200):min(len(text), at+100)])
		}
	}
	for _, want := range []string{`"internal error"`, `"panic"`, `"not ready"`, `"http request"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the log has no line %s, so this test tried too little", want)
		}
	}
}

// TestLogLine holds what a line says.
func TestLogLine(t *testing.T) {
	for _, tc := range []struct {
		method, target, wantMethod, route string
		status, bytes                     int
		code                              any
		level                             string
	}{
		{"GET", "/api/v1/session_pin", "GET", "/api/v1/session_pin", 200, 44, nil, "INFO"},
		{"GET", "/api/v1/session/" + pinQuery, "GET", "/api/v1/session", 200, 187, nil, "INFO"},
		{"HEAD", "/api/v1/session/" + pinQuery, "HEAD", "/api/v1/session", 200, 0, nil, "INFO"},
		{"GET", "/static/shared/wire.js", "GET", "/static/*", 200, 19, nil, "INFO"},
		{"GET", "/", "GET", "/", 200, 34, nil, "INFO"},
		{"GET", "/api/v1/" + testPIN, "GET", "none", 404, 119, "not_found", "INFO"},
		{"POST", "/api/v1/regions", "POST", "/api/v1/regions", 405, 103, "method_not_allowed", "INFO"},
		{testPIN, "/api/v1/regions", "other", "/api/v1/regions", 405, 103, "method_not_allowed", "INFO"},
		{"GET", "/api/v1/session?session_pin=" + panicPIN, "GET", "/api/v1/session", 500, 188, "internal", "INFO"},
		{"GET", "/healthz", "GET", "/healthz", 200, 3, nil, "DEBUG"},
	} {
		d := open(t, nil)
		w := d.call(tc.method, tc.target, "")
		all := d.lines()
		line := all[len(all)-1]
		want := map[string]any{
			"msg": "http request", "level": tc.level, "method": tc.wantMethod, "route": tc.route, "status": float64(tc.status),
			"bytes": float64(w.Body.Len()), "client": "192.0.2.1", "request": w.Header().Get("X-Request-Id"), "error": tc.code,
		}
		for k, v := range want {
			if line[k] != v {
				t.Errorf("%s %s: %s is %v, want %v", tc.method, tc.target, k, line[k], v)
			}
		}
		if took, is := line["took_ms"].(float64); !is || took < 0 {
			t.Errorf("took_ms is %v", line["took_ms"])
		}
		for k := range line {
			if _, known := want[k]; !known && k != "took_ms" && k != "time" {
				t.Errorf("%s %s: the line also says %s", tc.method, tc.target, k)
			}
		}
	}
}

// TestInternal: the caller gets a constant, the log the details under the same id.
func TestInternal(t *testing.T) {
	for pin, msg := range map[string]string{brokenPIN: "internal error", panicPIN: "panic"} {
		d := open(t, nil)
		w := d.call("GET", "/api/v1/session?session_pin="+pin, "")
		want := `{"success":false,"error":"internal","message":"Something went wrong here, not with your request. Try again; if it stays, tell the operator the X-Request-Id of this answer."}`
		if w.Code != 500 || w.Body.String() != want {
			t.Errorf("%s: status %d body %s", pin, w.Code, w.Body)
		}
		line := d.lines()[0]
		if line["msg"] != msg || line["level"] != "ERROR" || line["request"] != w.Header().Get("X-Request-Id") {
			t.Errorf("first log line %v", line)
		}
		switch msg {
		case "internal error":
			if line["error"] != "database: no page for '[PIN?]'" {
				t.Errorf("details %v", line["error"])
			}
		case "panic":
			if line["value"] != "index out of range at [PIN?]" || !strings.Contains(line["stack"].(string), "(*fake).find") {
				t.Errorf("value %v, stack %v", line["value"], line["stack"])
			}
		}
	}
}

// TestUnknownCodeIsInternal: a fault that the table lacks must not be shown.
func TestUnknownCodeIsInternal(t *testing.T) {
	d := open(t, nil)
	h := d.serve(func(http.ResponseWriter, *http.Request) error { return fault.New("new_code", "details") })
	w := httptest.NewRecorder()
	d.logged(h).ServeHTTP(w, httptest.NewRequest("GET", "/api/x", nil).WithContext(withRoute(t)))
	d.wantFailure(w, 500, fault.Internal)
	if strings.Contains(w.Body.String(), "details") {
		t.Errorf("body %s", w.Body)
	}
}

// TestPanicAfterHeader: what is half out is cut off, not finished as if it were good.
func TestPanicAfterHeader(t *testing.T) {
	d := open(t, func(c *Config) {
		c.Relay = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat("half", 4096))
			if r.URL.RawQuery == "abort" {
				panic(http.ErrAbortHandler)
			}
			panic("boom")
		})
	})
	srv := httptest.NewServer(d.mux)
	defer srv.Close()
	srv.Config.ErrorLog = nil
	for _, query := range []string{"", "?abort"} {
		resp, err := http.Get(srv.URL + "/api/v1/relay" + query)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(resp.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("reading a cut answer: %v", err)
		}
		resp.Body.Close()
	}
}

// TestRelayUpgrades: a WebSocket library can take the connection over through all of
// our wrapping, and the log says so when the socket is over.
func TestRelayUpgrades(t *testing.T) {
	up := websocket.Upgrader{Subprotocols: []string{"pindesk.v1"}}
	d := open(t, func(c *Config) {
		c.Relay = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			conn, err := up.Upgrade(w, r, nil)
			if err != nil {
				return
			}
			defer conn.Close()
			_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
			if kind, msg, err := conn.ReadMessage(); err == nil {
				_ = conn.WriteMessage(kind, msg)
			}
		})
	})
	done := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(done)
		d.mux.ServeHTTP(w, r)
	}))
	defer srv.Close()
	conn, resp, err := (&websocket.Dialer{NetDial: func(_, _ string) (net.Conn, error) {
		return net.Dial("tcp", srv.Listener.Addr().String())
	}, Subprotocols: []string{"pindesk.v1", "ticket.one-use-ticket"}}).Dial("ws://help.example.com/api/v1/relay", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if resp.StatusCode != 101 || conn.Subprotocol() != "pindesk.v1" {
		t.Errorf("status %d, subprotocol %q", resp.StatusCode, conn.Subprotocol())
	}
	if err := conn.WriteMessage(websocket.BinaryMessage, []byte("ping")); err != nil {
		t.Fatal(err)
	}
	if _, msg, err := conn.ReadMessage(); err != nil || string(msg) != "ping" {
		t.Errorf("echo %q, %v", msg, err)
	}
	<-done
	if line := d.lines()[0]; line["status"] != float64(101) || line["route"] != "/api/v1/relay" {
		t.Errorf("log line %v", line)
	}
	if strings.Contains(d.log.String(), "one-use-ticket") {
		t.Error("the ticket is in the log")
	}
}

func TestReady(t *testing.T) {
	var said error
	d := open(t, func(c *Config) {
		c.Ready = func(ctx context.Context) error {
			if deadline, has := ctx.Deadline(); !has || time.Until(deadline) > readyTimeout {
				t.Errorf("deadline %v, %t", deadline, has)
			}
			return said
		}
	})
	if w := d.call("GET", "/readyz", ""); w.Code != 200 || w.Body.String() != "ok\n" {
		t.Errorf("status %d body %q", w.Code, w.Body)
	}
	said = errors.New("draining")
	if w := d.call("GET", "/readyz", ""); w.Code != 503 || w.Body.String() != "not ready\n" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("status %d body %q headers %v", w.Code, w.Body, w.Header())
	}
	if w := d.call("GET", "/healthz", ""); w.Code != 200 {
		t.Errorf("healthz while not ready: %d", w.Code)
	}
	if !strings.Contains(d.log.String(), `"error":"draining"`) {
		t.Errorf("the log does not say why: %s", d.log)
	}
}

// faultCodes reads the codes from package fault's source.
func faultCodes(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../fault/fault.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, is := n.(*ast.ValueSpec); is && len(spec.Values) == 1 {
			if lit, is := spec.Values[0].(*ast.BasicLit); is && lit.Kind == token.STRING {
				code, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Fatal(err)
				}
				codes = append(codes, code)
			}
		}
		return true
	})
	return codes
}

func TestEveryFaultHasAnAnswer(t *testing.T) {
	codes := faultCodes(t)
	if len(codes) != len(answers) {
		t.Errorf("%d codes, %d answers", len(codes), len(answers))
	}
	for _, code := range codes {
		if ans, known := answers[code]; !known || ans.status < 400 || ans.status > 599 {
			t.Errorf("%s: %+v, %t", code, ans, known)
		}
	}
}
