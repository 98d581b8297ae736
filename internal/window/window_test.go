package window

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// done writes down what the guest has brought about.
type done struct{ got []string }

func (d *done) note(s string)         { d.got = append(d.got, s) }
func (d *done) Stop()                 { d.note("stop") }
func (d *done) Quit()                 { d.note("quit") }
func (d *done) Begin(another bool)    { d.note(map[bool]string{false: "again", true: "another"}[another]) }
func (d *done) TakeControl()          { d.note("take") }
func (d *done) EndView(v uint16)      { d.note("end " + itoa(int(v))) }
func (d *done) Say(text string) error { d.note("say " + text); return nil }
func (d *done) SendFile(path string, v uint16) error {
	d.note("send " + path + " " + itoa(int(v)))
	return nil
}
func (d *done) CancelFiles() { d.note("cancel") }

// stage is a model with its guest.
type stage struct {
	*Hands
	m   *Model
	did *done
	now time.Time
}

func newStage() *stage {
	s := &stage{did: &done{}, now: time.Unix(1000, 0)}
	s.m = New(Options{Texts: LoadTexts("en"), Do: s.did, Now: func() time.Time { return s.now }, Sendable: func(path string) error {
		if path != "/tmp/a" {
			return errors.New("there is no such file")
		}
		return nil
	}})
	s.m.Session("help.example.com", "7W2-97-8570")
	s.m.Connected()
	s.Hands = &Hands{Model: s.m}
	s.Refresh()
	return s
}

// ask opens a question and returns when it is before the guest.
func (s *stage) ask(t *testing.T, q Question) (answer chan bool, path *string) {
	t.Helper()
	answer, path = make(chan bool, 1), new(string)
	before := s.m.Scene().Number
	go func() {
		yes, p := s.m.Ask(t.Context(), q)
		*path = p
		answer <- yes
	}()
	for s.m.Scene().Number == before {
		<-s.m.Changed()
	}
	s.Refresh()
	return answer, path
}

func (s *stage) draws() { s.m.Drawn(s.Scene.Number) }

func (s *stage) passes(d time.Duration) { s.now = s.now.Add(d); s.Refresh() }

func (s *stage) all() string {
	var b strings.Builder
	for _, i := range s.Scene.Items {
		b.WriteString(i.Text + "\n")
	}
	return b.String()
}

func TestPIN(t *testing.T) {
	for typed, want := range map[string]string{
		"7W2-97-8570": "7W2-97-8570", "7w2978570": "7W2-97-8570", " 7w2 97 8570\r\n": "7W2-97-8570", "7W2\u00a097\u20138570": "7W2-97-8570", "7-W-2-9.7-8_5-7-0": "7W2-97-8570",
		"": "!pin.empty", " - ": "!pin.empty", "7W2-97-857": "!pin.length", "7W2-97-85701": "!pin.length", "7Ä2-97-8570": "!pin.sign", "7W2-97-857O": "!pin.digits", "7W2/97/8570": "!pin.sign",
	} {
		pin, what, _ := readPIN(typed)
		if what != "" {
			pin = "!" + what
		}
		if pin != want {
			t.Errorf("%q: %q, want %q", typed, pin, want)
		}
	}
}

func TestEntry(t *testing.T) {
	s := newStage()
	got := make(chan string, 1)
	before := s.m.Scene().Number
	go func() {
		pin, _ := s.m.Enter(t.Context(), PIN, false)
		got <- pin
	}()
	for s.m.Scene().Number == before {
		<-s.m.Changed()
	}
	s.m.Edit(PIN, "") // without the one from before
	s.Refresh()
	if s.Focus != PIN {
		t.Errorf("the focus is on %q", s.Focus)
	}
	for _, r := range "7w2 97 857" {
		s.Press(Typed, string(r))
	}
	s.Press(Enter, "")
	s.Refresh()
	if !strings.Contains(s.all(), "What you have typed has 8") {
		t.Errorf("shown: %s", s.all())
	}
	s.Press(Typed, "0")
	s.Press(Enter, "")
	if pin := <-got; pin != "7W2-97-8570" {
		t.Errorf("the PIN is %q", pin)
	}
	s.Refresh()
	s.Press(Enter, "") // once is enough
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.m.Enter(ctx, PIN, true); err == nil {
		t.Error("no end")
	}
	s.Refresh()
	s.Press(Escape, "")
	s.Shut()
	if !slices.Equal(s.did.got, []string{"quit", "quit"}) || !strings.Contains(s.all(), "help.example.com knows no session") {
		t.Errorf("did %q, shows %s", s.did.got, s.all())
	}
}

// Only a click, or Tab and the space bar, on Allow is a yes, and only after the first half second.
func TestQuestion(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(s *stage)
		want bool
	}{
		"Enter":                      {func(s *stage) { s.Press(Enter, "") }, false},
		"Esc":                        {func(s *stage) { s.Press(Escape, "") }, false},
		"close":                      {func(s *stage) { s.Shut() }, false},
		"space":                      {func(s *stage) { s.Press(Space, " ") }, false},
		"a click on Deny":            {func(s *stage) { s.Click(Deny) }, false},
		"a click on Allow":           {func(s *stage) { s.Click(Allow) }, true},
		"Tab and space":              {func(s *stage) { s.Press(Tab, ""); s.Press(Space, " ") }, true},
		"Tab and Enter":              {func(s *stage) { s.Press(Tab, ""); s.Press(Enter, "") }, false},
		"typing, then Enter":         {func(s *stage) { s.Press(Typed, "y"); s.Press(Enter, "") }, false},
		"Tab, back, space":           {func(s *stage) { s.Press(Tab, ""); s.Press(BackTab, ""); s.Press(Space, " ") }, false},
		"of what is not there, then": {func(s *stage) { s.Click(Connect); s.Click(ChatSend); s.Click(Allow) }, true},
	} {
		for _, q := range []Question{{Name: "Eve"}, {Name: "Eve", Control: true, Clip: "both"}, {Hand: true, Control: true, To: "Bob"}, {File: &File{Name: "x.exe", Program: true}}, {Broker: "b.example"}} {
			s := newStage()
			answer, _ := s.ask(t, q)
			if s.Focus != Deny {
				t.Fatalf("%s: the focus is on %q", name, s.Focus)
			}
			c.do(s) // not drawn yet
			for len(s.m.Changed()) > 0 {
				<-s.m.Changed()
			}
			s.draws()
			if len(s.m.Changed()) != 1 {
				t.Fatal("who waits is not told that a question will listen")
			}
			s.passes(deaf - 1)
			c.do(s)
			select {
			case <-answer:
				t.Fatalf("%s: answered too early", name)
			default:
			}
			if d := s.m.Wait(); d != 1 {
				t.Errorf("%s: it listens in %v", name, d)
			}
			s.passes(1)
			s.Focus = Deny
			c.do(s)
			if yes := <-answer; yes != c.want {
				t.Errorf("%s: the answer to %+v is %v", name, q, yes)
			}
			if len(s.did.got) != 0 {
				t.Errorf("%s: did %q", name, s.did.got)
			}
		}
	}
}

func TestQuestionEnds(t *testing.T) {
	s := newStage()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if yes, _ := s.m.Ask(ctx, Question{}); yes || len(s.m.Scene().Items) == 0 || s.m.Scene().Urgent {
		t.Error("a question outlives who asked")
	}
}

func TestWhatIsAsked(t *testing.T) {
	for want, q := range map[string]Question{
		"Says: Eve, from help.example.com, wants to see this screen.":                         {Name: "Eve"},
		"Somebody without a name, from help.example.com, wants to control this computer.":     {Control: true},
		"Says: Ann wants to hand control of this computer over to another person: Says: Bob.": {Name: "Ann", Hand: true, Control: true, To: "Bob"},
		"uses the same name":                          {Name: "Eve", Twin: true},
		"goes to that person’s clipboard":             {Control: true, Clip: "both"},
		"nothing that is copied here":                 {Control: true, Clip: "in"},
		"“fix.exe” (12 MB). It is saved in /home/ann": {File: &File{Name: "fix.exe", Size: "12 MB", Folder: "/home/ann"}},
		"can be a program":                            {File: &File{Program: true}},
		"Connect to b.example?":                       {Broker: "b.example"},
		"Says: Eve, from help.example.com, wants this program to go on as administrator": {Name: "Eve", Elevate: true},
		"Who controls it can then change everything here":                                {Elevate: true},
	} {
		s := newStage()
		s.ask(t, q)
		if !strings.Contains(s.all(), want) || !s.Scene.Urgent {
			t.Errorf("%+v: %q is not in %s", q, want, s.all())
		}
	}
}

func TestGiveAFile(t *testing.T) {
	s := newStage()
	answer, path := s.ask(t, Question{Name: "Eve", File: &File{Give: true}})
	s.draws()
	s.passes(deaf)
	s.Click(Allow) // without a path
	for _, p := range []string{"/no/such", "/tmp/a"} {
		s.Click(Path)
		s.m.Edit(Path, p)
		s.Refresh()
		s.Click(Allow)
		s.Refresh()
		if p == "/no/such" && !strings.Contains(s.all(), "there is no such file") {
			t.Error(s.all())
		}
	}
	if !<-answer || *path != "/tmp/a" {
		t.Errorf("gave %q", *path)
	}
}

func TestMain_(t *testing.T) {
	s := newStage()
	if _, on := s.m.Banner(); on {
		t.Error("a banner although nobody sees the screen")
	}
	s.m.People([]Watcher{{Viewer: 3, Name: "Eve", View: true, Control: true, May: true}, {Viewer: 4, View: true}, {Viewer: 5, Name: "Eve", Twin: true}})
	s.Refresh()
	for _, want := range []string{"This computer is being controlled", "Says: Eve sees and controls it", "Somebody without a name sees this screen", "number 5"} {
		if !strings.Contains(s.all(), want) {
			t.Errorf("%q is not in %s", want, s.all())
		}
	}
	b, on := s.m.Banner()
	if !on || !b.Alarm || !strings.Contains(b.Text, "Eve controls") || len(b.Buttons) != 2 {
		t.Errorf("banner %+v", b)
	}
	s.m.Press(TakeBack)
	s.Click(of(End, 4))
	s.Click(of(End, 5)) // sees nothing: there is no such button
	s.m.Edit(ChatText, " hello ")
	s.Refresh()
	s.Press(Enter, "")
	s.m.Heard("Eve", "hi", false)
	s.Refresh()
	log, _ := s.Scene.Item(Log)
	if log.Text != "You: hello\nSays: Eve: hi" {
		t.Errorf("the log is %q", log.Text)
	}
	s.Click(Files)
	s.Refresh()
	s.m.Edit(Path, "/tmp/a")
	s.Refresh()
	s.Press(Enter, "") // to whom?
	s.Click(of(SendTo, 4))
	s.Refresh()
	s.Press(Escape, "")
	s.m.Panic()
	s.m.Lost(Dropped, "the connection was lost", 1400*time.Millisecond)
	s.Refresh()
	if !strings.Contains(s.all(), "Trying again in 1 s.") || !strings.Contains(s.all(), "The connection was lost") {
		t.Error(s.all())
	}
	s.m.Connected()
	s.Refresh()
	s.Click(Stop)
	s.m.Over(Replaced, "")
	s.Refresh()
	if !strings.Contains(s.all(), "Another computer") {
		t.Error(s.all())
	}
	s.Press(Enter, "")
	want := []string{"take", "end 4", "say hello", "send /tmp/a 4", "take", "stop", "quit"}
	if !slices.Equal(s.did.got, want) {
		t.Errorf("did %q, want %q", s.did.got, want)
	}
}

func TestEdit(t *testing.T) {
	s := newStage()
	s.Focus = ChatText
	for _, k := range []struct {
		k    Key
		text string
	}{{Typed, "ä"}, {Typed, "b"}, {Space, " "}, {Typed, "日"}, {Left, ""}, {Left, ""}, {Backspace, ""}, {Home, ""}, {Typed, "x\n\x00y"}, {EndKey, ""}, {Backspace, ""}, {Left, ""}, {Right, ""}, {Home, ""}, {Delete, ""}} {
		s.Press(k.k, k.text)
	}
	if item, _ := s.Scene.Item(ChatText); item.Text != " yä " {
		t.Errorf("%q", item.Text)
	}
}

// Editing keys do in a field what people know them to do.
func TestEditingKeys(t *testing.T) {
	for name, c := range map[string]struct {
		keys     []Key
		shift    bool // for all but the last
		want     string
		from, to int
	}{
		"all, then delete":     {keys: []Key{SelectAll, Delete}, want: ""},
		"all, then type":       {keys: []Key{SelectAll, Typed}, want: "x", from: 1, to: 1},
		"word back":            {keys: []Key{WordBack}, want: "one zwö ", from: 9, to: 9},
		"to a word, back":      {keys: []Key{WordLeft, WordLeft, WordBack}, want: "zwö three"},
		"word forward":         {keys: []Key{Home, WordRight, WordDelete}, want: "one three", from: 3, to: 3},
		"select two, type":     {keys: []Key{Left, Left, Typed}, shift: true, want: "one zwö thrx", from: 13, to: 13},
		"select home, delete":  {keys: []Key{Home, Backspace}, shift: true, want: ""},
		"select word, to left": {keys: []Key{WordLeft, Left}, shift: true, want: "one zwö three", from: 9, to: 9},
		"at the end":           {keys: []Key{EndKey, Right, WordRight, Delete, WordDelete}, want: "one zwö three", from: 14, to: 14},
		"at the start":         {keys: []Key{Home, Left, WordLeft, Backspace, WordBack}, want: "one zwö three"},
	} {
		s := newStage()
		s.m.Edit(ChatText, "one zwö three")
		s.Refresh()
		s.Click(ChatText)
		for i, k := range c.keys {
			s.Shift = c.shift && i < len(c.keys)-1
			s.Press(k, "x")
		}
		item, _ := s.Scene.Item(ChatText)
		if from, to := s.Selected(); item.Text != c.want || from != c.from || to != c.to {
			t.Errorf("%s: %q, selected %d to %d", name, item.Text, from, to)
		}
	}
}

func TestElide(t *testing.T) {
	for width, want := range map[int]string{100: "Ann ö sees", 90: "Ann ö se…", 60: "Ann ö…", 50: "Ann…", 10: "…", 0: "…"} {
		if got := Elide("Ann ö sees", width, func(s string) int { return fixed{}.Width(Text, s) }); got != want {
			t.Errorf("%d: %q, want %q", width, got, want)
		}
	}
}

// fixed is a font whose characters are all 10 by 20.
type fixed struct{}

func (fixed) Width(_ Kind, s string) int { return 10 * utf8.RuneCountInString(s) }
func (fixed) Line(Kind) int              { return 20 }

// In every language, and at every scale, what is shown lies inside the window and nothing on anything else.
func TestLayout(t *testing.T) {
	for _, tag := range []string{"en", "de"} {
		for _, scale := range []float64{1, 1.5, 2} {
			s := newStage()
			s.m.o.Texts = LoadTexts(tag)
			s.m.People([]Watcher{{Viewer: 1, Name: strings.Repeat("W", 40), View: true, Control: true}, {Viewer: 2, Twin: true, View: true}})
			s.m.Note(strings.Repeat("long", 400))
			for _, about := range []func(){func() {}, func() { s.Click(Files) }, func() {
				s.m.Press(Back)
				s.ask(t, Question{Name: strings.Repeat("W", 40), Control: true, Clip: "both", Twin: true})
			}, func() { s.m.Over(Failed, strings.Repeat("x", 400)) }} {
				about()
				s.Refresh()
				width := int(Wide * scale)
				placed, height := Layout(s.Scene, width, 1<<15, scale, fixed{})
				for i, p := range placed {
					if p.At.Min.X < 0 || p.At.Max.X > width || p.At.Max.Y > height || p.At.Empty() {
						t.Errorf("%s %v: %q is at %v of %dx%d", tag, scale, p.Text, p.At, width, height)
					}
					for _, o := range placed[:i] {
						if p.At.Overlaps(o.At) {
							t.Errorf("%s %v: %q at %v lies on %q at %v", tag, scale, p.Text, p.At, o.Text, o.At)
						}
					}
				}
			}
		}
	}
}

func TestLoadTexts(t *testing.T) {
	for want, wanted := range map[string][]string{"de": {"de_AT.UTF-8", "en"}, "en": {"C", "xx-YY", ""}} {
		if got := LoadTexts(wanted...).Tag; got != want {
			t.Errorf("%q: %q", wanted, got)
		}
	}
	if got := LoadTexts("de").T("says", "name", "Jörg"); got != "Nach eigener Angabe: Jörg" {
		t.Errorf("%q", got)
	}
}

// The texts of the catalogue are those that the code names, with the gaps that it fills.
func TestEveryTextIsUsed(t *testing.T) {
	en, de := readTexts("en"), readTexts("de")
	gaps := regexp.MustCompile(`\{\w+\}`)
	for key, text := range en.of {
		if other, there := de.of[key]; !there || !slices.Equal(sorted(gaps.FindAllString(text, -1)), sorted(gaps.FindAllString(other, -1))) {
			t.Errorf("%s is another text in German", key)
		}
	}
	named, err := namedTexts()
	if err != nil {
		t.Fatal(err)
	}
	for key := range named {
		if _, there := en.of["window."+key]; !there {
			t.Errorf("%s is not in the catalogue", key)
		}
	}
	for key := range en.of {
		if !named[strings.TrimPrefix(key, "window.")] {
			t.Errorf("%s is not used", key)
		}
	}
	if len(en.of) < 50 || len(en.of) != len(de.of) {
		t.Errorf("%d texts, %d in German", len(en.of), len(de.of))
	}
}
