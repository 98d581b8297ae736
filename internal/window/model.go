package window

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// deaf is how long a question takes no notice of anything after it was drawn.
const deaf = 500 * time.Millisecond

// Bounds of what is shown.
const (
	maxSaid     = 500 // lines of the chat that are kept
	maxPeople   = 6   // that are listed
	maxField    = 4096
	maxLine     = 4096 // runes of a line of the chat
	maxReceived = 300  // runes of a reason or a name of others
)

// Watcher is a viewer as the guest may know it.
type Watcher struct {
	Viewer  uint16
	Name    string // self-declared, may be empty
	Twin    bool   // another one has the same name
	View    bool
	Control bool
	May     bool
}

// Question is what the guest is asked.
type Question struct {
	Name    string // self-declared, may be empty
	Twin    bool
	Control bool
	Hand    bool // the one who controls wants To to
	To      string
	ToTwin  bool
	Clip    string // "both", "in" or "off": of the clipboard, with control
	Broker  string // whether to connect to this one, of which only this file's name speaks
	Elevate bool   // this program shall go on as administrator
	File    *File
}

// File is one that a question is about.
type File struct {
	Give         bool // the guest is asked for a file, else offered this one:
	Name         string
	Size, Folder string
	Program      bool
}

// Actions is what the guest can bring about. The methods are called without the model's lock on the
// drawer's goroutine, and must not wait for anything.
type Actions interface {
	Stop()              // sharing
	Quit()              // the program
	Begin(another bool) // anew after it was over, with another PIN or the same
	TakeControl()
	EndView(viewer uint16)
	Say(text string) error
	SendFile(path string, viewer uint16) error
	CancelFiles()
}

// Options of a Model.
type Options struct {
	Texts *Texts
	Do    Actions
	// Sendable says whether there is a file that can be sent; the error is for the guest.
	Sendable func(path string) error
	Now      func() time.Time // nil: time.Now
}

type phase uint8

const (
	connecting phase = iota
	entering
	sharing
	over
)

// open is a question before the guest.
type open struct {
	Question
	drawn  time.Time // zero: not yet
	answer chan reply
}

type reply struct {
	yes  bool
	path string
}

// Model is what the window knows. Its methods may be called by any goroutine.
type Model struct {
	o       Options
	changed chan struct{}

	mu       sync.Mutex
	phase    phase // guarded by mu, as all below
	number   int
	host     string // of the broker; "": not known yet
	pin      string
	wants    ID // the field that is to be filled in while entering
	typed    chan string
	problem  string  // with what the guest did last
	lost     Trouble // why there is no connection now; "": there is one
	seconds  int     // to the next try
	verified string
	panic    string // keys; "": there are none
	people   []Watcher
	said     []string
	question *open
	picking  bool // a file to be sent
	browses  bool // the drawer lets a file be chosen
	field    map[ID]string
	ending   Ending
	why      string // of ending or lost, in the words of others
}

// New returns a model that connects.
func New(o Options) *Model {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Model{o: o, changed: make(chan struct{}, 1), field: map[ID]string{}, typed: make(chan string, 1)}
}

// Changed (capacity 1) is signalled when Scene or Banner may be another one.
func (m *Model) Changed() <-chan struct{} { return m.changed }

// change runs f and signals. about says that the scene is about something else from now on.
func (m *Model) change(about bool, f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f()
	if about {
		m.number++
		m.problem = ""
	}
	m.signal()
}

func (m *Model) signal() {
	select {
	case m.changed <- struct{}{}:
	default:
	}
}

// Enter has the guest fill in a field, PIN or Address, and returns what it is then; a PIN as 7W2-97-8570. refused
// says that the broker knew no such PIN last time. The error is ctx's.
func (m *Model) Enter(ctx context.Context, what ID, refused bool) (string, error) {
	m.change(true, func() {
		m.phase, m.wants = entering, what
		if what == PIN {
			m.field[what] = cmp.Or(m.field[what], m.pin)
		}
	})
	if refused {
		m.change(false, func() { m.problem = m.o.Texts.T("pin.refused", "host", m.host) })
	}
	select {
	case text := <-m.typed:
		return text, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// Session notes which one it is.
func (m *Model) Session(host, pin string) {
	m.change(false, func() { m.host, m.pin = short(host), pin })
}

// Connected notes that there is a connection.
func (m *Model) Connected() {
	m.mu.Lock()
	about := m.phase != sharing
	m.mu.Unlock()
	m.change(about, func() {
		if m.phase != over {
			m.phase, m.lost = sharing, ""
		}
	})
}

// Verified notes whose session it is.
func (m *Model) Verified(organisation string) {
	m.change(false, func() { m.verified = short(organisation) })
}

// PanicKeys notes which keys take control back at once; "" for none.
func (m *Model) PanicKeys(keys string) { m.change(false, func() { m.panic = keys }) }

// Browses notes that the drawer lets a file be chosen when Browse is pressed, and then calls Edit.
func (m *Model) Browses() { m.change(false, func() { m.browses = true }) }

// People notes who is here.
func (m *Model) People(all []Watcher) {
	m.change(false, func() { m.people = slices.Clone(all) })
}

// Heard adds a line to the chat. Waiting says that its writer has not been let in.
func (m *Model) Heard(name, text string, waiting bool) {
	key := "chat.them"
	if waiting {
		key = "chat.waiting"
	}
	m.Note(m.o.Texts.T(key, "name", m.who(name), "text", text))
}

// Said adds a line of the guest's own.
func (m *Model) Said(text string) { m.Note(m.o.Texts.T("chat.me", "text", text)) }

// Note adds a line: what became of a file, or of a line of the guest's. It stays one line, so that nobody can
// write one that seems to be another's.
func (m *Model) Note(text string) {
	m.change(false, func() {
		m.said = append(m.said, cut(clean(text), maxLine))
		m.said = m.said[max(0, len(m.said)-maxSaid):]
	})
}

// Ask puts a question and returns the guest's answer, or no when ctx ends. One question is open at a
// time. Path is that of a file that is given.
func (m *Model) Ask(ctx context.Context, q Question) (yes bool, path string) {
	o := &open{Question: q, answer: make(chan reply, 1)}
	m.change(true, func() { m.question = o; delete(m.field, Path) })
	defer m.change(true, func() { m.question = nil; delete(m.field, Path) })
	select {
	case r := <-o.answer:
		return r.yes && ctx.Err() == nil, r.path
	case <-ctx.Done():
		return false, ""
	}
}

// Drawn notes that a scene is in front of the guest: from now on a question's first half second runs.
func (m *Model) Drawn(number int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if q := m.question; q != nil && number == m.number && q.drawn.IsZero() {
		q.drawn = m.o.Now()
		m.signal() // who waits has another Wait now
	}
}

// Wait is how long until Scene is another one by itself; 0 for never.
func (m *Model) Wait() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	if q := m.question; q != nil && !q.drawn.IsZero() {
		return max(0, q.drawn.Add(deaf).Sub(m.o.Now()))
	}
	return 0
}

// armed reports whether an open question listens.
func (m *Model) armedLocked() bool {
	q := m.question
	return q != nil && !q.drawn.IsZero() && m.o.Now().Sub(q.drawn) >= deaf
}

// Edit takes what is typed in a field, as a whole.
func (m *Model) Edit(id ID, text string) {
	m.change(false, func() { m.field[id] = cut(text, maxField) })
}

func (m *Model) who(name string) string {
	if name = short(name); name == "" {
		return m.o.Texts.T("nobody")
	}
	return m.o.Texts.T("says", "name", name)
}
