package window

import (
	"strconv"
	"strings"
)

// Press takes a press of a button. One that is not there, or is off, is nothing.
func (m *Model) Press(id ID) {
	scene := m.Scene()
	item, there := scene.Item(id)
	if id != scene.Escape && id != scene.Shut && id != scene.Enter && (!there || item.Kind != Button) || item.Off {
		if !m.onBanner(id) {
			return
		}
	}
	what, number := split(id)
	switch what {
	case Connect:
		m.connect()
	case Deny, Allow:
		m.decide(what == Allow)
	case Stop:
		m.o.Do.Stop()
	case Quit, Close:
		m.o.Do.Quit()
	case Again, Another:
		m.begin(what == Another)
	case TakeBack:
		m.o.Do.TakeControl()
	case End:
		m.o.Do.EndView(number)
	case ChatSend:
		m.say()
	case Files:
		m.change(true, func() { m.picking = true; delete(m.field, Path) })
	case Back:
		m.change(true, func() { m.picking = false })
	case SendTo:
		m.send(number)
	case NoFiles:
		m.o.Do.CancelFiles()
	}
}

// Panic takes control back, whatever the window shows: the keys for it were pressed.
func (m *Model) Panic() { m.o.Do.TakeControl() }

func (m *Model) onBanner(id ID) bool {
	b, there := m.Banner()
	if !there {
		return false
	}
	for _, i := range b.Buttons {
		if i.ID == id {
			return true
		}
	}
	return false
}

func (m *Model) connect() {
	m.mu.Lock()
	defer m.mu.Unlock()
	defer m.signal()
	text, what, gaps := strings.TrimSpace(m.field[m.wants]), "", []string(nil)
	if m.wants == PIN {
		text, what, gaps = readPIN(text)
	} else if text == "" {
		what = "address.empty"
	}
	if what != "" {
		m.problem = m.o.Texts.T(what, gaps...)
		return
	}
	m.phase, m.problem = connecting, ""
	m.number++
	m.typed <- text
}

// decide answers the open question, if it listens yet.
func (m *Model) decide(yes bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	q := m.question
	if q == nil || !m.armedLocked() {
		return
	}
	r := reply{yes: yes}
	if yes && q.File != nil && q.File.Give {
		r.path = m.field[Path]
		if err := m.o.Sendable(r.path); err != nil {
			m.problem = m.o.Texts.T("nofile", "path", r.path, "why", err.Error())
			m.signal()
			return
		}
	}
	select {
	case q.answer <- r:
	default: // answered already
	}
}

func (m *Model) say() {
	m.mu.Lock()
	text := strings.TrimSpace(m.field[ChatText])
	m.mu.Unlock()
	if text == "" {
		return
	}
	if err := m.o.Do.Say(text); err != nil {
		m.Note(m.o.Texts.T("chat.failed", "why", err.Error()))
		return
	}
	m.change(false, func() { delete(m.field, ChatText) })
	m.Said(text)
}

func (m *Model) send(viewer uint16) {
	m.mu.Lock()
	path := m.field[Path]
	m.mu.Unlock()
	err := m.o.Sendable(path)
	if err == nil {
		err = m.o.Do.SendFile(path, viewer)
	}
	if err != nil {
		m.change(false, func() { m.problem = m.o.Texts.T("nofile", "path", path, "why", err.Error()) })
		return
	}
	m.change(true, func() { m.picking = false })
}

// of names a button about a viewer.
func of(id ID, viewer uint16) ID { return id + ":" + ID(strconv.Itoa(int(viewer))) }

func split(id ID) (what ID, viewer uint16) {
	head, tail, _ := strings.Cut(string(id), ":")
	n, _ := strconv.ParseUint(tail, 10, 16) // our own
	return ID(head), uint16(n)
}

func itoa(n int) string { return strconv.Itoa(n) }
