package httpapi

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"pindesk/internal/fault"
	"pindesk/internal/session"
)

// TestGolden holds the bytes of every good answer.
func TestGolden(t *testing.T) {
	for _, tc := range []struct{ method, target, body, want string }{
		{"GET", "/api/v1/regions", "", `["eu-west-2","us-east-1"]`},
		{"GET", "/api/v1/session_pin?region=us-east-1", "", `{"success":true,"session_pin":"7W2-97-8570"}`},
		{"GET", "/api/v1/session_pin", "", `{"success":true,"session_pin":"7W2-97-8570"}`},
		{"GET", "/api/v1/session_url" + pinQuery, "", `{"success":true,"session_url":"https://help.example.com/view#7W2-97-8570","guest_url":"https://help.example.com/#7W2-97-8570"}`},
		{"GET", "/api/v1/session_url?session_pin=7w2978570", "", `{"success":true,"session_url":"https://help.example.com/view#7W2-97-8570","guest_url":"https://help.example.com/#7W2-97-8570"}`},
		{"PUT", "/api/v1/hook", hookBody(testPIN), "{\n    \"success\": true\n}"},
		{"GET", "/api/v1/session" + pinQuery, "", `{"success":true,"state":"waiting","region":"eu-west-2","presenter_online":false,"viewers_online":0,"created_at":"2026-11-23T11:00:00.007Z","expires_at":"2026-11-23T12:00:00.007Z"}`},
		{"POST", "/api/v1/join", joinBody(testPIN, ""), `{"success":true,"ticket":"one-use-ticket","resumed":false,"relay_path":"/api/v1/relay"}`},
		{"POST", "/api/v1/join", joinBody(testPIN, `,"resume":"resume-secret"`), `{"success":true,"ticket":"one-use-ticket","resumed":true,"relay_path":"/api/v1/relay"}`},
		{"DELETE", "/api/v1/session" + pinQuery, "", `{"success":true}`},
		{"GET", "/healthz", "", "ok\n"},
		{"GET", "/readyz", "", "ok\n"},
	} {
		path, query, _ := strings.Cut(tc.target, "?")
		for _, target := range []string{tc.target, path + "/?" + query} {
			d := open(t, nil)
			w := d.call(tc.method, target, tc.body)
			if w.Code != 200 || w.Body.String() != tc.want {
				t.Errorf("%s %s: status %d body %q, want 200 %q", tc.method, target, w.Code, w.Body, tc.want)
			}
			if got, want := w.Header().Get("Content-Length"), fmt.Sprint(len(tc.want)); got != want {
				t.Errorf("%s %s: Content-Length %s, want %s", tc.method, target, got, want)
			}
			if strings.HasPrefix(target, "/api/") && w.Header().Get("Content-Type") != "application/json; charset=utf-8" {
				t.Errorf("%s %s: Content-Type %q", tc.method, target, w.Header().Get("Content-Type"))
			}
		}
	}
}

// TestReferenceOnTheWire makes the reference's own example calls over TCP and compares
// what its page shows: the two lengths, and that no redirect is needed for the slash.
func TestReferenceOnTheWire(t *testing.T) {
	d := open(t, nil)
	srv := httptest.NewServer(d.mux)
	defer srv.Close()
	hook := `{
    "type": "viewer_started",
    "url": "https://www.loginwith.me/api/v1/email/loginwithme@example.com",
    "session_pin": "7W2-97-8570"
}`
	for _, tc := range []struct {
		request string
		length  int64
	}{
		{"GET /api/v1/session_pin?region=us-east-1 HTTP/1.1\r\nHost: x\r\n\r\n", 44},
		{fmt.Sprintf("PUT /api/v1/hook/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", len(hook), hook), 23},
	} {
		conn, err := net.Dial("tcp", srv.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, tc.request); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != 200 || resp.ContentLength != tc.length || int64(len(body)) != tc.length {
			t.Errorf("%.30q: status %d, Content-Length %d, body %q (%v); want 200 and %d bytes", tc.request, resp.StatusCode, resp.ContentLength, body, err, tc.length)
		}
	}
	if got := d.fake.hooks[session.ViewerStarted]; got != "https://www.loginwith.me/api/v1/email/loginwithme@example.com" {
		t.Errorf("hook %q was stored", got)
	}
}

// TestMethods calls every path with every method, and with one that nobody knows.
func TestMethods(t *testing.T) {
	for _, tc := range []struct{ path, query, body, allow string }{
		{"/api/v1/regions", "", "", "GET, HEAD, OPTIONS"},
		{"/api/v1/session_pin", "", "", "GET, OPTIONS"},
		{"/api/v1/session_url", pinQuery, "", "GET, HEAD, OPTIONS"},
		{"/api/v1/hook", "", hookBody(testPIN), "PUT, OPTIONS"},
		{"/api/v1/session", pinQuery, "", "GET, HEAD, DELETE, OPTIONS"},
		{"/api/v1/join", "", joinBody(testPIN, ""), "POST, OPTIONS"},
		{"/api/v1/relay", "", "", "GET, OPTIONS"},
		{"/healthz", "", "", "GET, HEAD, OPTIONS"},
		{"/readyz", "", "", "GET, HEAD, OPTIONS"},
		{"/openapi.yaml", "", "", "GET, HEAD, OPTIONS"},
		{"/", "", "", "GET, HEAD, OPTIONS"},
		{"/view", "", "", "GET, HEAD, OPTIONS"},
		{"/new", "", "", "GET, HEAD, OPTIONS"},
		{"/help", "", "", "GET, HEAD, OPTIONS"},
		{"/static/shared/wire.js", "", "", "GET, HEAD, OPTIONS"},
	} {
		allowed := strings.Split(tc.allow, ", ")
		for _, method := range append(slices.Clone(methods), "TRACE", "CONNECT", "QUERY", "BREW") {
			d := open(t, nil)
			w := d.call(method, tc.path+tc.query, tc.body)
			name := method + " " + tc.path
			switch {
			case method == "OPTIONS":
				if w.Code != 204 || w.Header().Get("Allow") != tc.allow || w.Body.Len() != 0 {
					t.Errorf("%s: status %d Allow %q body %q, want 204 %q", name, w.Code, w.Header().Get("Allow"), w.Body, tc.allow)
				}
			case !slices.Contains(allowed, method):
				if w.Code != 405 || w.Header().Get("Allow") != tc.allow {
					t.Errorf("%s: status %d Allow %q, want 405 %q", name, w.Code, w.Header().Get("Allow"), tc.allow)
				}
				if strings.HasPrefix(tc.path, "/api/") && method != "HEAD" {
					d.wantFailure(w, 405, fault.BadMethod)
				}
				if len(d.fake.created)+len(d.fake.joins)+len(d.fake.hooks)+len(d.ended) > 0 {
					t.Errorf("%s: did something", name)
				}
			case tc.path == "/api/v1/relay":
				if w.Code != http.StatusUpgradeRequired {
					t.Errorf("%s: status %d, want the relay's own answer", name, w.Code)
				}
			default:
				if w.Code != 200 {
					t.Errorf("%s: status %d body %q, want 200", name, w.Code, w.Body)
				}
				if method == "HEAD" && (w.Body.Len() != 0 || w.Header().Get("Content-Length") == "") {
					t.Errorf("%s: body %q, Content-Length %q", name, w.Body, w.Header().Get("Content-Length"))
				}
			}
		}
	}
}

func TestHeadLooksLikeGet(t *testing.T) {
	for _, target := range []string{"/api/v1/regions", "/api/v1/session_url" + pinQuery, "/api/v1/session" + pinQuery, "/", "/static/shared/wire.js", "/healthz", "/openapi.yaml"} {
		d := open(t, nil)
		get, head := d.call("GET", target, "").Header(), d.call("HEAD", target, "").Header()
		get.Del("X-Request-Id")
		head.Del("X-Request-Id")
		if fmt.Sprint(get) != fmt.Sprint(head) {
			t.Errorf("%s: headers of GET %v, of HEAD %v", target, get, head)
		}
	}
}

func TestUnknownPaths(t *testing.T) {
	d := open(t, nil)
	for _, path := range []string{"/api", "/api/", "/api/v1", "/api/v2/regions", "/api/v1/regions/x", "/api//v1/regions", "/api/v1/%72egions%2f", "/api/v1/session_pin/" + testPIN} {
		for _, method := range []string{"GET", "OPTIONS", "PUT", "BREW"} {
			d.wantFailure(d.call(method, path, ""), 404, fault.NotFound)
		}
	}
	for _, path := range []string{"/x", "/view/" + testPIN, "/index.html", "/static", "/static/", "//", "/apis"} {
		w := d.call("GET", path, "")
		if w.Code != 404 || w.Header().Get("Content-Type") != "text/plain; charset=utf-8" || !strings.HasSuffix(w.Body.String(), ".\n") {
			t.Errorf("GET %s: status %d %q %q", path, w.Code, w.Header().Get("Content-Type"), w.Body)
		}
	}
}

func TestCreate(t *testing.T) {
	d := open(t, nil)
	w := d.call("GET", "/api/v1/session_pin?region=us-east-1", "")
	if w.Header().Get("Session-Token") != testToken || w.Header().Get("Access-Control-Expose-Headers") != "Session-Token" {
		t.Errorf("headers %v lack the token", w.Header())
	}
	d.call("GET", "/api/v1/session_pin", "")
	d.call("GET", "/api/v1/session_pin?region=", "")
	if want := []string{"us-east-1", "eu-west-2", "eu-west-2"}; !slices.Equal(d.fake.created, want) {
		t.Errorf("sessions were made in %q, want %q", d.fake.created, want)
	}
	for _, tc := range []struct{ query, code string }{
		{"?region=mars", fault.UnknownRegion},
		{"?region=" + strings.Repeat("x", 65), fault.UnknownRegion},
		{"?region=us-east-1&region=eu-west-2", fault.BadRequest},
		{"?region=%zz", fault.BadRequest},
		{"?a=1;region=us-east-1", fault.BadRequest},
	} {
		w := d.call("GET", "/api/v1/session_pin"+tc.query, "")
		d.wantFailure(w, 400, tc.code)
		if w.Header().Get("Session-Token") != "" {
			t.Errorf("%s: a token was given out", tc.query)
		}
	}
	if len(d.fake.created) != 3 {
		t.Errorf("a refused call made a session: %q", d.fake.created)
	}
}

func TestState(t *testing.T) {
	for _, tc := range []struct {
		presenter bool
		viewers   int
		want      string
	}{
		{false, 0, `"state":"waiting","region":"eu-west-2","presenter_online":false,"viewers_online":0,`},
		{true, 0, `"state":"waiting","region":"eu-west-2","presenter_online":true,"viewers_online":0,`},
		{false, 2, `"state":"waiting","region":"eu-west-2","presenter_online":false,"viewers_online":2,`},
		{true, 2, `"state":"live","region":"eu-west-2","presenter_online":true,"viewers_online":2,`},
	} {
		d := open(t, nil)
		st := d.fake.live[testPIN]
		st.PresenterOnline, st.ViewersOnline = tc.presenter, tc.viewers
		d.fake.live[testPIN] = st
		if w := d.call("GET", "/api/v1/session"+pinQuery, ""); !strings.Contains(w.Body.String(), tc.want) {
			t.Errorf("presenter %t, %d viewers: %s", tc.presenter, tc.viewers, w.Body)
		}
	}
}

func TestEmptyRegionsAreAList(t *testing.T) {
	d := open(t, nil)
	d.fake.regions = nil
	if w := d.call("GET", "/api/v1/regions", ""); w.Body.String() != "[]" {
		t.Errorf("body %s", w.Body)
	}
}

func TestEnd(t *testing.T) {
	d := open(t, nil)
	if w := d.call("DELETE", "/api/v1/session"+pinQuery, ""); w.Code != 200 {
		t.Fatalf("status %d body %s", w.Code, w.Body)
	}
	d.wantFailure(d.call("DELETE", "/api/v1/session"+pinQuery, ""), 404, fault.UnknownSession)
	d.wantFailure(d.call("GET", "/api/v1/session"+pinQuery, ""), 404, fault.UnknownSession)
	if want := []string{"session-1 " + EndedByAPI}; !slices.Equal(d.ended, want) {
		t.Errorf("OnEnd was called with %q, want %q", d.ended, want)
	}
}

func TestJoinPassesOnWhatItGets(t *testing.T) {
	d := open(t, nil)
	d.call("POST", "/api/v1/join", `{"session_pin":"7w2 97 8570","role":"presenter","name":"Zoë \u202e","resume":"r","more":[1,{"x":null}]}`)
	want := session.JoinRequest{PIN: "7w2 97 8570", Role: session.Presenter, Name: "Zoë \u202e", Resume: "r"}
	if len(d.fake.joins) != 1 || d.fake.joins[0] != want {
		t.Errorf("joined with %+v, want %+v", d.fake.joins, want)
	}
}

// TestWrongPINs: whatever is wrong with a PIN, each call answers the same bytes.
func TestWrongPINs(t *testing.T) {
	pins := []string{"7W2-97-8571", "expired", "", " ", "7W2-97-857", "ÄÖÜ-97-8570", strings.Repeat("7", 65), strings.Repeat("7", 4000), "'; DROP TABLE sessions; --", "\x00"}
	want := `{"success":false,"error":"unknown_session","message":"There is no session with this PIN, or it has ended. Check the PIN, or make a new session."}`
	var first http.Header
	for i, pin := range pins {
		for name, call := range map[string]func(d *desk) *httptest.ResponseRecorder{
			"session_url": func(d *desk) *httptest.ResponseRecorder {
				return d.call("GET", "/api/v1/session_url?session_pin="+escape(pin), "")
			},
			"state": func(d *desk) *httptest.ResponseRecorder {
				return d.call("GET", "/api/v1/session?session_pin="+escape(pin), "")
			},
			"end": func(d *desk) *httptest.ResponseRecorder {
				return d.call("DELETE", "/api/v1/session?session_pin="+escape(pin), "")
			},
			"hook": func(d *desk) *httptest.ResponseRecorder {
				return d.call("PUT", "/api/v1/hook/", hookBody(jsonEscape(pin)))
			},
			"join": func(d *desk) *httptest.ResponseRecorder {
				return d.call("POST", "/api/v1/join", joinBody(jsonEscape(pin), ""))
			},
		} {
			d := open(t, nil)
			w := call(d)
			if long := len(pin) > maxName; long != (d.fake.lookups == 0) {
				t.Errorf("%s with a PIN of %d bytes: %d look-ups", name, len(pin), d.fake.lookups)
			}
			if w.Code != 404 || w.Body.String() != want {
				t.Errorf("%s with PIN %q: status %d body %s", name, pin, w.Code, w.Body)
			}
			w.Header().Del("X-Request-Id")
			if name == "state" && i == 0 {
				first = w.Header()
			} else if name == "state" && fmt.Sprint(w.Header()) != fmt.Sprint(first) {
				t.Errorf("PIN %q: headers %v differ from %v", pin, w.Header(), first)
			}
		}
	}
}

func TestBadRequests(t *testing.T) {
	big := strings.Repeat("x", MaxBody)
	for _, tc := range []struct {
		name, method, target, body string
		status                     int
		code                       string
	}{
		{"no PIN", "GET", "/api/v1/session_url", "", 400, fault.BadRequest},
		{"no PIN", "GET", "/api/v1/session?pin=" + testPIN, "", 400, fault.BadRequest},
		{"no PIN", "DELETE", "/api/v1/session", "", 400, fault.BadRequest},
		{"two PINs", "GET", "/api/v1/session" + pinQuery + "&session_pin=x", "", 400, fault.BadRequest},
		{"broken query", "GET", "/api/v1/session" + pinQuery + "&%", "", 400, fault.BadRequest},

		{"no body", "PUT", "/api/v1/hook/", "", 400, fault.BadRequest},
		{"not JSON", "PUT", "/api/v1/hook/", "type=viewer_started", 400, fault.BadRequest},
		{"cut short", "PUT", "/api/v1/hook/", `{"type":"viewer_started"`, 400, fault.BadRequest},
		{"null", "PUT", "/api/v1/hook/", "null", 400, fault.BadRequest},
		{"array", "PUT", "/api/v1/hook/", "[" + hookBody(testPIN) + "]", 400, fault.BadRequest},
		{"trailing brace", "PUT", "/api/v1/hook/", hookBody(testPIN) + "}", 400, fault.BadRequest},
		{"two objects", "PUT", "/api/v1/hook/", hookBody(testPIN) + hookBody(testPIN), 400, fault.BadRequest},
		{"trailing NUL", "PUT", "/api/v1/hook/", hookBody(testPIN) + "\x00", 400, fault.BadRequest},
		{"wrong type", "PUT", "/api/v1/hook/", `{"type":1,"url":"https://example.com","session_pin":"` + testPIN + `"}`, 400, fault.BadRequest},
		{"field null", "PUT", "/api/v1/hook/", `{"type":"viewer_started","url":null,"session_pin":"` + testPIN + `"}`, 400, fault.BadRequest},
		{"no url", "PUT", "/api/v1/hook/", `{"type":"viewer_started","session_pin":"` + testPIN + `"}`, 400, fault.BadRequest},
		{"bad url", "PUT", "/api/v1/hook/", `{"type":"viewer_started","url":"ftp://x","session_pin":"` + testPIN + `"}`, 400, fault.BadHook},
		{"too large", "PUT", "/api/v1/hook/", `{"x":"` + big + `"}`, 413, fault.TooLarge},
		{"too large spaces", "PUT", "/api/v1/hook/", hookBody(testPIN) + strings.Repeat(" ", MaxBody), 413, fault.TooLarge},

		{"no PIN", "POST", "/api/v1/join", `{"role":"viewer"}`, 400, fault.BadRequest},
		{"no role", "POST", "/api/v1/join", `{"session_pin":"` + testPIN + `"}`, 400, fault.BadRequest},
		{"bad role", "POST", "/api/v1/join", `{"session_pin":"` + testPIN + `","role":"host"}`, 400, fault.BadRequest},
		{"deep", "POST", "/api/v1/join", `{"x":` + strings.Repeat("[", 15000), 400, fault.BadRequest},
		{"too large", "POST", "/api/v1/join", joinBody(testPIN, `,"name":"`+big+`"`), 413, fault.TooLarge},
		{"blocked", "POST", "/api/v1/join", joinBody(testPIN, `,"name":"blocked"`), 403, fault.Blocked},
		{"draining", "POST", "/api/v1/join", joinBody(testPIN, `,"name":"draining"`), 503, fault.Draining},
	} {
		t.Run(tc.method+" "+tc.target[:min(len(tc.target), 20)]+" "+tc.name, func(t *testing.T) {
			d := open(t, nil)
			w := d.call(tc.method, tc.target, tc.body)
			d.T = t
			d.wantFailure(w, tc.status, tc.code)
			if len(d.fake.hooks) > 0 {
				t.Error("a hook was set")
			}
			if retry := w.Header().Get("Retry-After"); (tc.status == 503) != (retry != "") {
				t.Errorf("Retry-After %q", retry)
			}
		})
	}
}

// TestBodyLimit: exactly MaxBody bytes pass, whether or not the length is announced.
func TestBodyLimit(t *testing.T) {
	for _, size := range []int{MaxBody, MaxBody + 1} {
		for _, announced := range []bool{true, false} {
			d := open(t, nil)
			body := hookBody(testPIN)
			body += strings.Repeat(" ", size-len(body))
			r := httptest.NewRequest("PUT", "/api/v1/hook/", io.MultiReader(strings.NewReader(body)))
			r.RemoteAddr = d.from
			r.ContentLength = -1
			if announced {
				r.ContentLength = int64(size)
			}
			w := httptest.NewRecorder()
			d.mux.ServeHTTP(w, r)
			want := map[int]int{MaxBody: 200, MaxBody + 1: 413}[size]
			if w.Code != want {
				t.Errorf("%d bytes, announced %t: status %d, want %d", size, announced, w.Code, want)
			}
		}
	}
}

// TestAnnouncedSizeIsEnough: a body that says it is too large is not read at all.
func TestAnnouncedSizeIsEnough(t *testing.T) {
	d := open(t, nil)
	unread := strings.NewReader(strings.Repeat(" ", MaxBody+1))
	r := httptest.NewRequest("POST", "/api/v1/join", unread)
	r.RemoteAddr = d.from
	w := httptest.NewRecorder()
	d.mux.ServeHTTP(w, r)
	d.wantFailure(w, 413, fault.TooLarge)
	if unread.Len() != MaxBody+1 || w.Header().Get("Connection") != "close" {
		t.Errorf("%d bytes were read, Connection is %q", MaxBody+1-unread.Len(), w.Header().Get("Connection"))
	}
}
