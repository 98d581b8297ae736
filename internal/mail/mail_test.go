package mail_test

import (
	"context"
	"errors"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"pindesk/internal/fault"
	"pindesk/internal/jobs"
	"pindesk/internal/mail"
)

var start = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const pin = "7W2-97-8570"

// memory is a Store that refuses what it is told to.
type memory struct {
	mu     sync.Mutex
	mails  map[string]mail.Asked
	erased []string
	refuse error
	ended  bool
}

func (*memory) Now() time.Time { return start }

func (m *memory) AddMail(_ context.Context, a mail.Asked, l mail.Limits) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.refuse != nil {
		return m.refuse
	}
	m.mails[a.ID] = a
	return nil
}

func (m *memory) Mail(_ context.Context, id string, _ time.Time) (mail.Stored, error) {
	a, found := m.mails[id]
	if !found {
		return mail.Stored{}, mail.ErrNotFound
	}
	s := mail.Stored{ID: id, Session: a.Session, Kind: a.Kind, Name: a.Name, Address: a.Address.String(), PINSealed: "sealed", Region: "eu-west", Ended: m.ended, At: a.At}
	for _, e := range m.erased {
		if e == id {
			s.Address, s.Name = "", ""
		}
	}
	return s, nil
}

func (m *memory) EraseMail(_ context.Context, id string) error {
	m.erased = append(m.erased, id)
	return nil
}

func (m *memory) EraseMails(context.Context, time.Time) error { return nil }

// outgoing is a Sender that answers what it is told to.
type outgoing struct {
	sent []mail.Message
	err  error
}

func (o *outgoing) Send(_ context.Context, m mail.Message) (int, error) {
	if o.err != nil {
		return 550, o.err
	}
	o.sent = append(o.sent, m)
	return 250, nil
}

func templates(t *testing.T, dir, language string) *mail.Templates {
	t.Helper()
	all, err := mail.LoadTemplates(dir, language)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func service(t *testing.T, perHour int) (*mail.Service, *memory, *outgoing) {
	t.Helper()
	m, o := &memory{mails: map[string]mail.Asked{}}, &outgoing{}
	return mail.New(mail.Config{
		Store: m, Sender: o, Templates: templates(t, "", "en"), Key: []byte("k"), Host: "help.example.com", PerHour: perHour,
		OpenPIN: func(sealed, session string) (string, error) {
			if sealed != "sealed" || session != "s" {
				t.Errorf("opens %q of %q", sealed, session)
			}
			return pin, nil
		},
		Links: func(pin string) mail.Links {
			return mail.Links{Guest: "https://help.example.com/#" + pin, Viewer: "https://help.example.com/view#" + pin}
		},
	}), m, o
}

func TestAskAndSend(t *testing.T) {
	s, m, o := service(t, 0)
	err := s.Ask(t.Context(), mail.Request{ID: "1", Session: "s", Address: "Ann@Example.COM", Kind: mail.ViewerStarted, Name: "Bob\r\nBcc: eve@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	if status, err := s.Do(t.Context(), jobs.Job{Ref: "1"}); status != 250 || err != nil {
		t.Fatalf("status %d, %v", status, err)
	}
	got := o.sent[0]
	if got.ID != "1" || got.To.String() != "Ann@example.com" || got.Subject != "Your technician is waiting for you" || !got.At.Equal(start) {
		t.Errorf("sent %+v", got)
	}
	for form, s := range map[string]string{"text": got.Text, "html": got.HTML} {
		for _, want := range []string{"https://help.example.com/#" + pin, pin, "help.example.com sent this mail"} {
			if !strings.Contains(s, want) {
				t.Errorf("the %s lacks %q:\n%s", form, want, s)
			}
		}
		if strings.Contains(s, "Bcc") || strings.Contains(s, "/view#") {
			t.Errorf("the %s has what it must not have:\n%s", form, s)
		}
	}
	// Once more, after a broker that died before it wrote the success down: nothing is sent.
	if _, err := s.Do(t.Context(), jobs.Job{Ref: "1"}); err != nil || len(o.sent) != 1 {
		t.Errorf("sent %d times, %v", len(o.sent), err)
	}
	if a := m.mails["1"].AddressMAC; a == "" || strings.Contains(strings.ToLower(a), "ann") {
		t.Errorf("the address is counted as %q", a)
	}
}

func TestAskRefuses(t *testing.T) {
	full := func(err error) func(*memory) { return func(m *memory) { m.refuse = err } }
	for _, c := range []struct {
		name  string
		r     mail.Request
		store func(*memory)
		code  string
		after time.Duration
	}{
		{"unknown kind", mail.Request{Address: "a@example.com", Kind: "spam"}, nil, fault.BadRequest, 0},
		{"no kind", mail.Request{Address: "a@example.com"}, nil, fault.BadRequest, 0},
		{"two addresses", mail.Request{Address: "a@example.com,b@example.com", Kind: mail.Invite}, nil, fault.BadAddress, 0},
		{"ended", mail.Request{Address: "a@example.com", Kind: mail.Invite}, full(mail.ErrEnded), fault.UnknownSession, 0},
		{"address", mail.Request{Address: "a@example.com", Kind: mail.Invite}, full(mail.ErrAddressFull), fault.TooMany, time.Hour},
		{"session", mail.Request{Address: "a@example.com", Kind: mail.Invite}, full(mail.ErrSessionFull), fault.TooMany, 24 * time.Hour},
		{"database", mail.Request{Address: "a@example.com", Kind: mail.Invite}, full(errors.New("gone")), fault.Internal, 0},
	} {
		s, m, _ := service(t, 0)
		if c.store != nil {
			c.store(m)
		}
		err := s.Ask(t.Context(), c.r)
		var l *mail.Limited
		if fault.Code(err) != c.code || errors.As(err, &l) != (c.after > 0) || l != nil && l.After != c.after {
			t.Errorf("%s: %v", c.name, err)
		}
		if len(m.mails) != 0 {
			t.Errorf("%s: stored", c.name)
		}
	}
}

func TestNodeCap(t *testing.T) {
	s, m, _ := service(t, 2)
	r := mail.Request{Session: "s", Address: "a@example.com", Kind: mail.Invite}
	m.refuse = mail.ErrAddressFull
	for range 5 { // what is refused costs the node nothing
		_ = s.Ask(t.Context(), r)
	}
	m.refuse = nil
	for i, want := range []string{"", "", fault.TooMany} {
		err := s.Ask(t.Context(), r)
		if fault.Code(err) != want {
			t.Errorf("mail %d: %v, want code %q", i, err, want)
		}
		var l *mail.Limited
		if want != "" && (!errors.As(err, &l) || l.After != 30*time.Minute) {
			t.Errorf("mail %d: %+v", i, err)
		}
	}
}

// TestOneMailboxIsCountedOnce: other spellings of a mailbox do not get it more mails.
func TestOneMailboxIsCountedOnce(t *testing.T) {
	s, m, _ := service(t, 0)
	for id, a := range map[string]string{"1": "ann@example.com", "2": "ANN@EXAMPLE.com", "3": "a.n.n+x@example.com", "4": "bob@example.com"} {
		if err := s.Ask(t.Context(), mail.Request{ID: id, Session: "s", Address: a, Kind: mail.Invite}); err != nil {
			t.Fatal(err)
		}
	}
	if one := m.mails["1"].AddressMAC; m.mails["2"].AddressMAC != one || m.mails["3"].AddressMAC != one || m.mails["4"].AddressMAC == one {
		t.Errorf("counted as %v", m.mails)
	}
}

// TestAfterTheEnd: what says that somebody is gone is sent, what asks for something is not.
func TestAfterTheEnd(t *testing.T) {
	for _, k := range mail.Kinds {
		s, m, o := service(t, 0)
		if err := s.Ask(t.Context(), mail.Request{ID: "1", Session: "s", Address: "a@example.com", Kind: k}); err != nil {
			t.Fatal(err)
		}
		m.ended = true
		_, err := s.Do(t.Context(), jobs.Job{Ref: "1"})
		offline := k == mail.ViewerOffline || k == mail.PresenterOffline
		if (err == nil) != offline || (len(o.sent) == 1) != offline {
			t.Errorf("%s: %v, %d sent", k, err, len(o.sent))
		}
	}
}

func TestSendFails(t *testing.T) {
	s, m, o := service(t, 0)
	if err := s.Ask(t.Context(), mail.Request{ID: "1", Session: "s", Address: "a@example.com", Kind: mail.Invite}); err != nil {
		t.Fatal(err)
	}
	fails := func(what, id string, final bool) {
		t.Helper()
		_, err := s.Do(t.Context(), jobs.Job{Ref: id})
		var f *jobs.Error
		if !errors.As(err, &f) || f.Final != final {
			t.Errorf("%s: %v", what, err)
		}
	}
	fails("no such mail", "2", true)
	o.err = &jobs.Error{Reason: "later"}
	fails("refused for now", "1", false)
	if len(m.erased) != 0 {
		t.Error("the address of a mail that is tried again was erased")
	}
	m.ended = true
	fails("the session has ended", "1", true)
	if len(m.erased) != 1 {
		t.Error("the address was kept")
	}
}

func TestParseAddress(t *testing.T) {
	for in, want := range map[string]string{
		"loginwithme@example.com": "loginwithme@example.com", "a.b+c_d-e@Sub.EXAMPLE.co.uk": "a.b+c_d-e@sub.example.co.uk",
		"o'neil@example.com": "o'neil@example.com", "jörg@bücher.example": "jörg@xn--bcher-kva.example", "用户@例え.jp": "用户@xn--r8jz45g.jp",
		"a@1and1.com": "a@1and1.com", "a@xn--bcher-kva.example": "a@xn--bcher-kva.example",
		strings.Repeat("a", 64) + "@example.com": strings.Repeat("a", 64) + "@example.com",

		"": "", "a": "", "@example.com": "", "a@": "", "a@localhost": "", "a@example.com.": "", "a@.com": "", "a@-a.com": "", "a@a_b.com": "",
		"a@[192.0.2.1]": "", "a@192.0.2.1": "", "a@[IPv6:2001:db8::1]": "", "a@example.123": "",
		"Ann <a@example.com>": "", "a@example.com, b@example.com": "", "a@example.com;b@example.com": "", `"a b"@example.com`: "", "a(b)@example.com": "",
		"a@b@example.com": "", "a b@example.com": "", " a@example.com": "", "a@example.com ": "", ".a@example.com": "", "a.@example.com": "", "a..b@example.com": "",
		"a\r\nBcc: b@example.com": "", "a@example.com\r\nRCPT TO:<b@example.com>": "", "a@example.com\x00": "", "a\u202e@example.com": "", "a\u00a0@example.com": "", "a\xff@example.com": "",
		"victim%example.org@example.com": "", "example.org!victim@example.com": "", "|sh@example.com": "", "`id`@example.com": "", "-oQ/tmp@example.com": "",
		strings.Repeat("a", 65) + "@example.com": "", "a@" + strings.Repeat("a", 64) + ".com": "", "a@" + strings.Repeat("a.", 125) + "com": "",
	} {
		got, err := mail.ParseAddress(in)
		switch {
		case want == "" && fault.Code(err) != fault.BadAddress:
			t.Errorf("%q: %v, %v", in, got, err)
		case want == "" && len(in) > 20 && strings.Contains(err.Error(), in):
			t.Errorf("%q: the error repeats it", in)
		case want != "" && (err != nil || got.String() != want):
			t.Errorf("%q: %v (%v), want %q", in, got, err, want)
		}
	}
}

func TestCleanName(t *testing.T) {
	for in, want := range map[string]string{
		"Ann": "Ann", "  Dr. Ann  O'Neil-Smith (IT), B.": "Dr. Ann O'Neil-Smith (IT), B.", "李小龍": "李小龍", "Zoë\u0308": "Zoë\u0308",
		"http://evil.example": "", "evil.com": "", "call www evil": "", "a@evil.com": "", "Ann\r\nSubject: x": "Ann Subject x", "<b>Ann</b>": "bAnnb",
		"evil\u200b.com": "", "evil。com": "evilcom", "Ann\u202e\u0007": "Ann", "": "", "{{.PIN}}": "", "12345 67890": "12345 67890",
		strings.Repeat("ab ", 99): strings.TrimSpace(strings.Repeat("ab ", 13)) + " a",
	} {
		if got := mail.CleanName(in); got != want && !(in == "{{.PIN}}" && got == ".PIN") {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{"a@example.com", "jörg@bücher.example", "a@[::1]", "a\r\n@b.c", "\"a\"@b.c", "a@b@c.d", "a@xn--a.b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := mail.ParseAddress(s)
		if err != nil {
			return
		}
		out := a.String()
		if strings.ContainsAny(out, " \t\r\n\x00<>(),;:\\\"[]%!|`") || strings.Count(out, "@") != 1 || len(out) > 254 {
			t.Errorf("%q gives %q", s, out)
		}
		if again, err := mail.ParseAddress(out); err != nil || again != a {
			t.Errorf("%q gives %q, and that %v, %v", s, out, again, err)
		}
	})
}

func FuzzCleanName(f *testing.F) {
	for _, s := range []string{"Ann", "evil.com", "a\u0301\u0301\u0301\u0301", " a  b ", "http://x", "a. b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := mail.CleanName(s)
		if again := mail.CleanName(got); again != got {
			t.Errorf("%q became %q and then %q", s, got, again)
		}
		if len([]rune(got)) > 40 || strings.ContainsAny(got, "\r\n\x00<>@:/\\&\"{}%") || got != strings.TrimSpace(got) {
			t.Errorf("%q became %q", s, got)
		}
	})
}

// FuzzCompose: whatever the name, a mail has one line of subject and no markup but ours.
func FuzzCompose(f *testing.F) {
	all, err := mail.LoadTemplates("", "de")
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{"Ann", "<script>", "{{.}}", "a\r\nb", "“"} {
		f.Add(s)
	}
	plain, err := all.Compose(mail.Invite, mail.Fields{PIN: pin, Name: "x"})
	if err != nil {
		f.Fatal(err)
	}
	tags := strings.Count(plain.HTML, "<")
	f.Fuzz(func(t *testing.T, s string) {
		m, err := all.Compose(mail.Invite, mail.Fields{PIN: pin, Name: s + "x"}) // not even cleaned
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(m.Subject, "\r\n") || strings.Count(m.HTML, "<") != tags {
			t.Errorf("%q gives %q\n%s", s, m.Subject, m.HTML)
		}
	})
}

func TestEveryKindInEveryLanguage(t *testing.T) {
	subjects := map[string]bool{}
	for _, language := range mail.Languages {
		all := templates(t, "", language)
		for _, k := range mail.Kinds {
			m, err := all.Compose(k, mail.Fields{Name: "Ann", PIN: pin, Host: "h.example", Links: mail.Links{Guest: "https://h.example/#1", Viewer: "https://h.example/view#1", Download: "https://h.example/get"}})
			if err != nil {
				t.Fatal(err)
			}
			subjects[m.Subject] = true
			for _, s := range []string{m.Text, m.HTML} {
				if !strings.Contains(s, pin) || strings.Contains(s, "<no value>") || strings.Contains(s, "https://h.example/view#1") == k.ForGuest() {
					t.Errorf("%s in %s:\n%s", k, language, s)
				}
			}
			if strings.Contains(m.Subject, pin) { // shown on locked screens
				t.Errorf("%s in %s shows the PIN in its subject", k, language)
			}
		}
	}
	if want := len(mail.Kinds) * len(mail.Languages); len(subjects) != want {
		t.Errorf("%d subjects, want %d: %v", len(subjects), want, maps.Keys(subjects))
	}
}
