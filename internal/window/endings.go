package window

import (
	"maps"
	"slices"
	"time"
)

// Ending says how it ended, or why it did not begin; a part of keys of the catalogue.
type Ending string

// The ways in which sharing ends.
const (
	Stopped   Ending = "stopped"   // by the guest
	Ended     Ending = "ended"     // the session is over
	Replaced  Ending = "replaced"  // another computer shares
	Moved     Ending = "moved"     // to the guest's browser, or to this program started anew
	NoSession Ending = "nosession" // with this PIN
	Spent     Ending = "spent"     // what the browser gave works once
	Refused   Ending = "refused"   // by the broker
	Foreign   Ending = "foreign"   // a broker that this program was not made for
	Unsaid    Ending = "unsaid"    // the guest did not want to connect
	BadFile   Ending = "badfile"   // its name does not say which session
	Desktop   Ending = "desktop"   // the screen cannot be shown
	Wayland   Ending = "wayland"
	Failed    Ending = "failed" // by anything else
)

// Trouble is why there is no connection at the moment; a part of keys of the catalogue.
type Trouble string

// What keeps a connection from being. It is tried again after each.
const (
	Dropped     Trouble = "lost"
	Unreachable Trouble = "unreachable"
	Silent      Trouble = "silent"
	Busy        Trouble = "busy"
	Proxy       Trouble = "proxy"
	Clock       Trouble = "clock"
	Certificate Trouble = "certificate"
)

// troubles are all of them; another one is shown as Dropped.
var troubles = []Trouble{Dropped, Unreachable, Silent, Busy, Proxy, Clock, Certificate}

// ways are the buttons of each ending besides Close, the best one first, and whether details help.
var ways = map[Ending]struct {
	next   []ID
	detail bool
}{
	Stopped: {}, Replaced: {}, Moved: {}, Spent: {},
	Ended:     {next: []ID{Another}},
	NoSession: {next: []ID{Another}},
	Refused:   {next: []ID{Again, Another}, detail: true},
	Foreign:   {next: []ID{Another}, detail: true},
	Unsaid:    {next: []ID{Again}},
	BadFile:   {next: []ID{Another}, detail: true},
	Desktop:   {next: []ID{Again}, detail: true},
	Wayland:   {next: []ID{Again}},
	Failed:    {next: []ID{Again, Another}, detail: true},
}

// Endings are all of them.
func Endings() []Ending { return slices.Sorted(maps.Keys(ways)) }

// Over notes that sharing has ended. An ending that there is not is Failed.
func (m *Model) Over(how Ending, why string) {
	if _, there := ways[how]; !there {
		how = Failed
	}
	m.change(true, func() {
		m.phase, m.ending, m.why, m.people, m.lost, m.picking = over, how, short(why), nil, "", false
	})
}

// Lost notes that there is no connection, why, and when the next try is.
func (m *Model) Lost(how Trouble, why string, pause time.Duration) {
	if !slices.Contains(troubles, how) {
		how = Dropped
	}
	m.change(false, func() { m.lost, m.why, m.seconds = how, short(why), max(1, int((pause+time.Second/2)/time.Second)) })
}

// begin has it start anew after it was over; another says that it is with another PIN.
func (m *Model) begin(another bool) {
	m.mu.Lock()
	was := m.phase == over
	if was {
		m.phase, m.ending, m.why, m.problem, m.verified = connecting, "", "", "", ""
		if another {
			m.pin = ""
			delete(m.field, PIN)
		}
		m.number++
		m.signal()
	}
	m.mu.Unlock()
	if was {
		m.o.Do.Begin(another)
	}
}

// lostItems say why there is no connection, and what the guest can do about it.
func (m *Model) lostItems() []Item {
	t := m.o.Texts
	items := []Item{
		{Kind: Text, Text: t.T("lost."+string(m.lost)+".text", "host", m.host) + " " + t.T("lost.again", "n", itoa(m.seconds))},
		{Kind: Text, Text: t.T("lost." + string(m.lost) + ".do")},
	}
	if m.why != "" && m.lost != Dropped && m.lost != Silent {
		items = append(items, Item{Kind: Small, Text: t.T("detail", "why", m.why)})
	}
	return items
}

// overScene says what has happened, then what can be done about it.
func (m *Model) overScene() Scene {
	t, key, way := m.o.Texts, "over."+string(m.ending), ways[m.ending]
	s := Scene{Focus: Close, Enter: Close, Escape: Close, Shut: Close, Items: []Item{
		{Kind: Heading, Text: t.T(key)},
		{Kind: Text, Text: t.T(key+".text", "host", m.host)},
		{Kind: Text, Text: t.T(key + ".do")},
	}}
	if way.detail && m.why != "" {
		s.Items = append(s.Items, Item{Kind: Small, Text: t.T("detail", "why", m.why)})
	}
	last := Item{Kind: Button, ID: Close, Text: t.T("close"), Row: 1}
	if len(way.next) == 0 {
		last.Look = Primary
	}
	var buttons []Item
	for i, id := range way.next {
		b := Item{Kind: Button, ID: id, Text: t.T(string(id)), Row: 1}
		if i == 0 {
			b.Look = Primary
			s.Focus, s.Enter = id, ""
		}
		buttons = append(buttons, b)
	}
	s.Items = append(s.Items, last)
	slices.Reverse(buttons)
	s.Items = append(s.Items, buttons...)
	return s
}
