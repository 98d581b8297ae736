package broker

import (
	"bytes"
	"io"
	"log/slog"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"pindesk/internal/smtp"
	"pindesk/internal/smtp/smtptest"
	"pindesk/internal/wire"
)

// plainText is the first part of a mail.
func plainText(t *testing.T, data []byte) (h netmail.Header, text string) {
	t.Helper()
	m, err := netmail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	_, boundary, _ := strings.Cut(strings.ReplaceAll(m.Header.Get("Content-Type"), `"`, ""), "boundary=")
	p, err := multipart.NewReader(m.Body, strings.TrimSpace(boundary)).NextRawPart()
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(quotedprintable.NewReader(p))
	if err != nil {
		t.Fatal(err)
	}
	return m.Header, string(b)
}

// TestMailIsSent: the reference's own example, a hook whose URL is our email call, and an invite;
// both arrive at a real mail server.
func TestMailIsSent(t *testing.T) {
	server := (&smtptest.Catcher{User: "robot@example.com"}).Start(t, "starttls")
	onBoth(t, func(c *Config) {
		c.Mail = Mail{SMTP: smtp.Config{URL: "smtp://robot%40example.com@" + server.Addr, Password: smtptest.Password, From: "help@example.com", RootCAs: server.Roots}, Language: "de"}
	}, func(l *lab) {
		before := len(server.Mails())
		s := l.session()
		if status, a := l.call("PUT", "/api/v1/hook/", map[string]string{"type": "viewer_started", "url": l.b.URL() + "/api/v1/email/loginwithme@example.com", "session_pin": s.pin}); status != 200 {
			l.Fatalf("hook: %d %v", status, a)
		}
		s.join("viewer", "")
		arrived := func(n int) func() bool { return func() bool { return len(server.Mails()) == before+n } }
		l.eventually("the hook's mail", arrived(1))
		m := server.Mails()[before]
		h, text := plainText(l.T, m.Data)
		if !m.TLS || m.User != "robot@example.com" || !slices.Equal(m.To, []string{"loginwithme@example.com"}) || h.Get("Subject") != "Ihr Techniker wartet auf Sie" {
			l.Errorf("%+v %v", m, h)
		}
		for _, want := range []string{s.pin, l.b.URL() + "/#" + s.pin, "„Ann“"} {
			if !strings.Contains(text, want) {
				l.Errorf("the mail lacks %q:\n%s", want, text)
			}
		}
		s.fired("the hook", l.b.URL()+"/api/v1/email/loginwithme@example.com")
		l.eventually("its delivery is done", func() bool { return s.deliveries()[0].State == "done" })

		if status, a := l.call("POST", "/api/v1/email/jane@example.org", map[string]string{"type": "invite", "session_pin": s.pin, "name": "evil.example"}); status != 200 {
			l.Fatalf("email: %d %v", status, a)
		}
		l.eventually("the invite", arrived(2))
		if _, text := plainText(l.T, server.Mails()[before+1].Data); strings.Contains(text, "evil") || !strings.Contains(text, "Ein Techniker möchte Ihnen") {
			l.Errorf("the invite is\n%s", text)
		}
		if n := s.count("mail_asked"); n != 2 {
			l.Errorf("%d mails in the log", n)
		}
		if status, a := l.call("POST", "/api/v1/email/jane@localhost", map[string]string{"type": "invite", "session_pin": s.pin}); status != 400 || a["error"] != "bad_address" {
			l.Errorf("a bad address: %d %v", status, a)
		}
	})
}

// TestMailIsOff: without a mail server the call says so, and a hook to it fails for good.
func TestMailIsOff(t *testing.T) {
	onBoth(t, nil, func(l *lab) {
		s := l.session()
		if status, a := l.call("POST", "/api/v1/email/a@example.com", map[string]string{"type": "invite", "session_pin": s.pin}); status != 501 || a["error"] != "mail_off" {
			l.Errorf("%d %v", status, a)
		}
		if status, a := l.call("PUT", "/api/v1/hook/", map[string]string{"type": "viewer_started", "url": l.b.URL() + "/api/v1/email/a@example.com", "session_pin": s.pin}); status != 200 {
			l.Fatalf("hook: %d %v", status, a)
		}
		s.join("viewer", "")
		l.eventually("the delivery is dead", func() bool {
			d := s.deliveries()
			return len(d) == 1 && d[0].State == "dead" && d[0].Reason == "this broker sends no mail"
		})
	})
}

// talker is a party that hears what is said.
type talker struct {
	s      support
	ws     *websocket.Conn
	done   chan struct{}
	mu     sync.Mutex
	heard  []string // texts, guarded by mu
	viewer uint16   // guarded by mu
	resume string   // guarded by mu
}

func (s support) talker(role, name, resume string) *talker {
	s.l.Helper()
	ws := s.dial(role, name, resume)
	p := &talker{s: s, ws: ws, done: make(chan struct{})}
	go p.listen()
	s.l.Cleanup(p.close)
	s.l.eventually("the welcome", func() bool { p.mu.Lock(); defer p.mu.Unlock(); return p.resume != "" })
	return p
}

func (p *talker) close() { p.ws.Close(); <-p.done }

func (p *talker) listen() {
	defer close(p.done)
	for {
		_, b, err := p.ws.ReadMessage()
		if err != nil {
			return
		}
		_, body, _ := wire.ParseHeader(b)
		c, err := wire.ParseControl(body)
		if err != nil {
			continue
		}
		p.mu.Lock()
		if c.Type == wire.TypeWelcome {
			p.viewer, p.resume = c.Viewer, c.Resume
		}
		for _, line := range c.Lines {
			p.heard = append(p.heard, line.Text)
		}
		if c.Type == wire.TypeUnsaid {
			p.heard = append(p.heard, "unsaid "+c.Reason)
		}
		p.mu.Unlock()
	}
}

func (p *talker) send(c wire.Control) {
	p.s.l.Helper()
	if err := p.ws.WriteMessage(websocket.BinaryMessage, wire.AppendControl(nil, 1, 0, c)); err != nil {
		p.s.l.Fatal(err)
	}
}

func (p *talker) say(client, text string) {
	p.send(wire.Control{Type: wire.TypeChat, Client: client, Text: text})
}

// hears waits until just these texts have come.
func (p *talker) hears(what string, want ...string) {
	p.s.l.Helper()
	var got []string
	deadline := time.After(20 * time.Second)
	for tick := time.NewTicker(5 * time.Millisecond); ; {
		p.mu.Lock()
		got = slices.Clone(p.heard)
		p.mu.Unlock()
		if slices.Equal(got, want) {
			tick.Stop()
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			tick.Stop()
			p.s.l.Fatalf("%s hears %q, want %q", what, got, want)
		}
	}
}

// TestChat: a session's talk over sockets, its log by the API, and what is left after a restart.
func TestChat(t *testing.T) {
	onBoth(t, nil, func(l *lab) {
		s := l.session()
		guest, ann := s.talker("presenter", "reception", ""), s.talker("viewer", "Ann", "")
		ann.say("1", "Hello, this is Ann")
		guest.hears("the guest", "Hello, this is Ann")
		guest.send(wire.Control{Type: wire.TypeGrant, Viewer: ann.viewer, View: true})
		guest.say("1", "come in")
		bob := s.talker("viewer", "Bob", "")
		bob.say("1", "me too")
		all := []string{"Hello, this is Ann", "come in", "me too"}
		guest.hears("the guest", all...)
		ann.hears("Ann", append([]string{"Hello, this is Ann", "Hello, this is Ann"}, all[1:]...)...) // once more with the grant
		bob.hears("who was not let in", "me too")

		// The broker goes down in the middle; Ann does not know whether her line was stored.
		ann.say("2", "wait")
		l.stop()
		l.start()
		ann2 := s.talker("viewer", "Ann", ann.resume)
		guest2 := s.talker("presenter", "reception", guest.resume)
		ann2.say("2", "wait")
		guest2.send(wire.Control{Type: wire.TypeGrant, Viewer: ann2.viewer, View: true})
		ann2.say("3", "back again")
		l.eventually("all is stored", func() bool {
			_, a := l.call("GET", "/api/v1/chat_log?session_pin="+s.pin, nil)
			lines := a["chat_log"].([]any)
			return len(lines) == 5 && lines[4].(map[string]any)["text"] == "back again"
		})
		if n := s.count("chat_line"); n != 5 {
			l.Errorf("%d lines in the log of events", n)
		}
		resp := l.do("GET", "/api/v1/chat_log?session_pin="+s.pin, nil, "Accept", "text/plain")
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		const at = "2026-11-23 12:00:00  "
		if want := at + "[technician 1, not let in] Ann: Hello, this is Ann\n" + at + "[guest] reception: come in\n" + at + "[technician 2, not let in] Bob: me too\n" +
			at + "[technician 1"; !strings.HasPrefix(string(text), want) || !strings.HasSuffix(string(text), ": back again\n") {
			l.Errorf("the log is\n%s", text)
		}
		// The PIN suffices for a day after the end, and no longer.
		if status, _ := l.call("DELETE", "/api/v1/session?session_pin="+s.pin, nil); status != 200 {
			l.Fatalf("end: %d", status)
		}
		for _, want := range []int{200, 404} {
			if status, _ := l.call("GET", "/api/v1/chat_log?session_pin="+s.pin, nil); status != want {
				l.Errorf("chat_log answers %d, want %d", status, want)
			}
			l.pass(24 * time.Hour)
		}
	})
}

// TestKeepChat: a setting that could not be kept is refused at the start.
func TestKeepChat(t *testing.T) {
	for keep, want := range map[time.Duration]bool{0: true, 30 * 24 * time.Hour: true, 31 * 24 * time.Hour: false, -time.Hour: false} {
		b, err := New(t.Context(), Config{Listen: "127.0.0.1:0", Data: t.TempDir(), Region: "eu-west-2", KeepChat: keep, Log: slog.New(slog.DiscardHandler)})
		if (err == nil) != want {
			t.Errorf("%v: %v", keep, err)
		}
		if b != nil {
			if err := b.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}
