package window

// Scene returns what the window shows now.
func (m *Model) Scene() Scene {
	m.mu.Lock()
	defer m.mu.Unlock()
	var s Scene
	switch {
	case m.phase == over:
		s = m.overScene()
	case m.question != nil:
		s = m.questionScene()
	case m.phase == entering:
		s = m.entryScene()
	case m.picking:
		s = m.fileScene()
	default:
		s = m.mainScene()
	}
	s.Number = m.number
	if s.Title == "" {
		s.Title = m.o.Texts.T("title")
	}
	return s
}

func (m *Model) entryScene() Scene {
	t, what := m.o.Texts, "pin"
	if m.wants == Address {
		what = "address"
	}
	s := Scene{Focus: m.wants, Enter: Connect, Escape: Quit, Shut: Quit, Items: []Item{
		{Kind: Heading, Text: t.T("pin.heading")},
		{Kind: Text, Text: t.T(what + ".text")},
		{Kind: Field, ID: m.wants, Label: t.T(what + ".label"), Text: m.field[m.wants]},
	}}
	s.trouble(m.problem)
	s.Items = append(s.Items,
		Item{Kind: Small, Text: t.T("beware")},
		Item{Kind: Button, ID: Quit, Text: t.T("quit"), Row: 1},
		Item{Kind: Button, ID: Connect, Text: t.T("pin.go"), Look: Primary, Row: 1})
	return s
}

// trouble shows what was wrong with what the guest did last.
func (s *Scene) trouble(text string) {
	if text != "" {
		s.Items = append(s.Items, Item{Kind: Warning, Text: text})
	}
}

func (m *Model) questionScene() Scene {
	t, q := m.o.Texts, m.question
	who, deaf := m.who(q.Name), !m.armedLocked()
	s := Scene{Title: t.T("title.asked"), Focus: Deny, Enter: Deny, Always: true, Escape: Deny, Shut: Deny, Urgent: true}
	say := func(kind Kind, text string) { s.Items = append(s.Items, Item{Kind: kind, Text: text}) }
	allow := Item{Kind: Button, ID: Allow, Text: t.T("asks.allow"), Off: deaf, Row: 1}
	switch {
	case q.File != nil && q.File.Give:
		say(Heading, t.T("asks.give", "who", who))
		s.Items = append(s.Items, m.path(deaf)...)
		s.trouble(m.problem)
		allow.Text, allow.Off = t.T("give"), deaf || m.field[Path] == ""
	case q.File != nil:
		say(Heading, t.T("asks.file", "who", who, "name", short(q.File.Name), "size", q.File.Size, "folder", clean(q.File.Folder)))
		if q.File.Program {
			say(Warning, t.T("asks.program"))
		}
	case q.Broker != "":
		say(Heading, t.T("asks.broker", "host", short(q.Broker)))
		say(Warning, t.T("asks.broker.means"))
		allow.Text = t.T("asks.connect")
	case q.Elevate:
		say(Heading, t.T("asks.elevate", "who", who, "host", m.host))
		say(Warning, t.T("asks.elevate.means"))
		say(Text, t.T("asks.elevate.next"))
	case q.Hand:
		say(Heading, t.T("asks.hand", "who", who, "to", m.who(q.To)))
	case q.Control:
		say(Heading, t.T("asks.control", "who", who, "host", m.host))
	default:
		say(Heading, t.T("asks.view", "who", who, "host", m.host))
	}
	if q.Twin || q.ToTwin {
		say(Warning, t.T("asks.twin"))
	}
	switch {
	case q.File != nil, q.Broker != "", q.Elevate:
	case q.Control:
		say(Warning, t.T("asks.control.means"))
		if q.Clip == "both" || q.Clip == "in" {
			say(Text, t.T("asks.clip."+q.Clip))
		}
	default:
		say(Text, t.T("asks.view.means"))
	}
	say(Small, t.T("asks.keys"))
	s.Items = append(s.Items, allow, Item{Kind: Button, ID: Deny, Text: t.T("asks.deny"), Look: Primary, Off: deaf, Row: 1})
	return s
}

// path is where a file is named.
func (m *Model) path(deaf bool) []Item {
	items := []Item{{Kind: Field, ID: Path, Label: m.o.Texts.T("path"), Text: m.field[Path], Row: 4}}
	if m.browses {
		items = append(items, Item{Kind: Button, ID: Browse, Text: m.o.Texts.T("browse"), Off: deaf, Row: 4})
	}
	return items
}

// state says in one line how things are.
func (m *Model) state() string {
	t := m.o.Texts
	switch {
	case m.lost != "":
		return t.T("lost." + string(m.lost))
	case m.phase == connecting:
		if m.host == "" {
			return t.T("starting")
		}
		return t.T("connecting", "host", m.host)
	}
	view, control := m.seen()
	switch {
	case control != nil:
		return t.T("controlled")
	case len(view) > 0:
		return t.T("shared")
	}
	return t.T("ready")
}

// seen returns who sees the screen, and who controls it.
func (m *Model) seen() (view []Watcher, control *Watcher) {
	for i, w := range m.people {
		if w.View {
			view = append(view, w)
		}
		if w.Control {
			control = &m.people[i]
		}
	}
	return view, control
}

func (m *Model) mainScene() Scene {
	t := m.o.Texts
	heading := m.state()
	s := Scene{Focus: ChatText, Enter: ChatSend, Shut: Quit, Items: []Item{{Kind: Heading, Text: heading}}}
	if m.lost != "" {
		s.Items = append(s.Items, m.lostItems()...)
	}
	if m.host != "" {
		s.Items = append(s.Items, Item{Kind: Small, Text: t.T("session", "pin", m.pin, "host", m.host)})
	}
	if m.verified != "" {
		s.Items = append(s.Items, Item{Kind: Text, Text: t.T("verified", "name", m.verified, "host", m.host)})
	}
	may := false
	for i, w := range m.people {
		may = may || w.May || w.Control
		if i >= maxPeople {
			continue
		}
		key := "waits"
		switch {
		case w.Control:
			key = "controls"
		case w.May:
			key = "may"
		case w.View:
			key = "sees"
		}
		who := m.watcher(w)
		s.Items = append(s.Items, Item{Kind: Text, Text: t.T(key, "who", who), Row: 100 + i})
		if w.View {
			s.Items = append(s.Items, Item{Kind: Button, ID: of(End, w.Viewer), Text: t.T("end"), Label: t.T("end.label", "who", who), Row: 100 + i})
		}
	}
	if more := len(m.people) - maxPeople; more > 0 {
		s.Items = append(s.Items, Item{Kind: Text, Text: t.T("more", "n", itoa(more))})
	}
	view, _ := m.seen()
	if len(view) > 0 {
		s.Title = t.T("title.shared")
	}
	keys := t.T("nopanic")
	if m.panic != "" {
		keys = t.T("panic", "keys", m.panic)
	}
	log := ""
	for i, line := range m.said {
		if i > 0 {
			log += "\n"
		}
		log += line
	}
	s.Items = append(s.Items,
		Item{Kind: Lines, ID: Log, Label: t.T("chat"), Text: log},
		Item{Kind: Field, ID: ChatText, Label: t.T("chat.field"), Text: m.field[ChatText], Row: 2},
		Item{Kind: Button, ID: ChatSend, Text: t.T("chat.send"), Row: 2})
	if len(view) == 0 && m.phase == sharing && m.field[ChatText] != "" {
		s.Items = append(s.Items, Item{Kind: Small, Text: t.T("chat.to")})
	}
	s.Items = append(s.Items,
		Item{Kind: Button, ID: Files, Text: t.T("files"), Off: len(view) == 0, Row: 3},
		Item{Kind: Button, ID: TakeBack, Text: t.T("take"), Off: !may, Row: 3},
		Item{Kind: Button, ID: Stop, Text: t.T("stop"), Look: Danger},
		Item{Kind: Small, Text: keys})
	return s
}

// watcher names somebody in a list.
func (m *Model) watcher(w Watcher) string {
	if w.Twin {
		return m.o.Texts.T("twin", "name", m.who(w.Name), "n", itoa(int(w.Viewer)))
	}
	return m.who(w.Name)
}

func (m *Model) fileScene() Scene {
	t := m.o.Texts
	s := Scene{Focus: Path, Escape: Back, Shut: Quit, Items: []Item{
		{Kind: Heading, Text: t.T("files.heading")},
	}}
	s.Items = append(s.Items, m.path(false)...)
	s.trouble(m.problem)
	view, _ := m.seen()
	if len(view) == 0 {
		s.Items = append(s.Items, Item{Kind: Text, Text: t.T("files.none")})
	}
	for i, w := range view[:min(len(view), maxPeople)] {
		who := m.watcher(w)
		s.Items = append(s.Items, Item{Kind: Text, Text: who, Row: 200 + i},
			Item{Kind: Button, ID: of(SendTo, w.Viewer), Text: t.T("give"), Label: t.T("files.to", "who", who), Off: m.field[Path] == "", Row: 200 + i})
		if i == 0 {
			s.Enter = of(SendTo, w.Viewer)
		}
	}
	if len(view) > 1 { // who shall get it is to be said, not guessed
		s.Enter = ""
	}
	s.Items = append(s.Items, Item{Kind: Button, ID: NoFiles, Text: t.T("files.cancel"), Row: 1}, Item{Kind: Button, ID: Back, Text: t.T("back"), Row: 1})
	return s
}

// Banner returns the strip that is on top while somebody sees this screen; ok is false when there is none.
func (m *Model) Banner() (b Banner, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	view, control := m.seen()
	if m.phase != sharing || len(view) == 0 {
		return Banner{}, false
	}
	t := m.o.Texts
	b.Label = t.T("banner.label")
	b.Buttons = []Item{{Kind: Button, ID: Stop, Text: t.T("stop"), Look: Danger}}
	switch {
	case m.lost != "":
		b.Text = t.T("banner.lost")
	case control != nil:
		b.Alarm, b.Text = true, t.T("banner.controlled", "who", m.who(control.Name))
	case len(view) > 1:
		b.Text = t.T("banner.seen.more", "n", itoa(len(view)))
	default:
		b.Text = t.T("banner.seen", "who", m.who(view[0].Name))
	}
	if control != nil && m.lost == "" {
		b.Buttons = append([]Item{{Kind: Button, ID: TakeBack, Text: t.T("take")}}, b.Buttons...)
	}
	return b, true
}
