package presenter

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"pindesk/internal/wire"
)

// room is a sharing whose relay is the test, and whose loop the test runs.
type room struct {
	t     *testing.T
	p     *Presenter
	s     *sharing
	guest *asked
	told  chan wire.Control
	clips chan clipTo
	state map[uint16]wire.ViewerState
}

// asked is a guest that answers by a channel and keeps the questions.
type asked struct {
	questions chan Question
	answers   chan bool
}

func (a *asked) Ask(ctx context.Context, q Question) bool {
	a.questions <- q
	select {
	case yes := <-a.answers:
		return yes
	case <-ctx.Done():
		return false
	}
}

// clipTo is a text of the clipboard on its way to a viewer.
type clipTo struct {
	viewer uint16
	text   string
}

// inRoom runs f with viewers 1, 2 and 3 in the room; nobody may do anything yet.
func inRoom(t *testing.T, c Consent, f func(r *room), with ...func(*Config)) {
	t.Helper()
	told, clips := make(chan wire.Control, 100), make(chan clipTo, 100)
	relay := func(ws *websocket.Conn) {
		for {
			_, msg, err := ws.ReadMessage()
			if err != nil {
				return
			}
			h, body, _ := wire.ParseHeader(msg)
			switch h.Kind {
			case wire.KindControl:
				c, _ := wire.ParseControl(body)
				told <- c
			case wire.KindClip:
				text, err := wire.ParseClip(body)
				if err != nil {
					t.Error(err)
				}
				clips <- clipTo{h.Viewer, text}
			}
		}
	}
	frozen(t, relay, func(l *link) {
		time.Sleep(2 * time.Second) // the bubble's clock: the relay reads
		guest := &asked{questions: make(chan Question, 10), answers: make(chan bool)}
		cfg := Config{Broker: "http://x", Consent: c, Guest: guest, Input: &recorder{}, Screen: noScreen{}}
		for _, change := range with {
			change(&cfg)
		}
		p, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		s := newSharing(p, l)
		defer s.stop()
		r := &room{t, p, s, guest, told, clips, map[uint16]wire.ViewerState{}}
		r.says(0, wire.Control{Type: wire.TypeWelcome, Epoch: 1})
		for n := range uint16(3) {
			r.state[n+1] = wire.ViewerState{Viewer: n + 1, Name: string(rune('A' + n)), Online: true, Attach: 1}
		}
		r.tell()
		f(r)
	})
}

func (r *room) says(viewer uint16, c wire.Control) {
	r.t.Helper()
	if err := r.s.note(note{kind: wire.KindControl, head: wire.Header{Viewer: viewer}, control: c}, time.Now()); err != nil {
		r.t.Fatal(err)
	}
}

// tell sends the relay's state.
func (r *room) tell() {
	r.t.Helper()
	c := wire.Control{Type: wire.TypeState, Epoch: 1}
	for _, v := range r.state {
		c.Viewers = append(c.Viewers, v)
	}
	r.says(0, c)
}

func (r *room) online(viewer uint16, online bool) {
	r.t.Helper()
	v := r.state[viewer]
	v.Online = online
	r.state[viewer] = v
	r.tell()
}

// question waits until the guest is asked.
func (r *room) question() Question {
	r.t.Helper()
	synctest.Wait()
	select {
	case q := <-r.guest.questions:
		return q
	default:
		r.t.Fatal("the guest is not asked")
		return Question{}
	}
}

func (r *room) noQuestion(why string) {
	r.t.Helper()
	synctest.Wait()
	select {
	case q := <-r.guest.questions:
		r.t.Errorf("%s: the guest is asked %+v", why, q)
	default:
	}
}

func (r *room) answer(yes bool) {
	r.t.Helper()
	r.guest.answers <- yes
	r.answered()
}

// answered takes an answer, or that the question was withdrawn.
func (r *room) answered() {
	r.t.Helper()
	synctest.Wait()
	if err := r.s.consent.answered(<-r.s.consent.answers); err != nil {
		r.t.Fatal(err)
	}
}

// has is what a viewer may do in the presenter's record.
func (r *room) has(viewer uint16) rights {
	g := r.p.grants.get(viewer)
	return rights{g.view, g.control, g.may}
}

func (r *room) want(what string, of map[uint16]rights) {
	r.t.Helper()
	for viewer, want := range of {
		if got := r.has(viewer); got != want {
			r.t.Errorf("%s: viewer %d has %+v, want %+v", what, viewer, got, want)
		}
	}
}

// last is the newest of the messages of a type that the relay was told.
func (r *room) last(typ string) (c wire.Control) {
	synctest.Wait()
	for {
		select {
		case m := <-r.told:
			if m.Type == typ {
				c = m
			}
		default:
			return c
		}
	}
}

// The rights of a viewer that controls, may control, or only sees.
var (
	controls = rights{true, true, true}
	mayTake  = rights{view: true, may: true}
	sees     = rights{view: true}
	nothing  = rights{}
)

func TestHandOverAsksTheGuest(t *testing.T) {
	inRoom(t, Ask, func(r *room) {
		r.s.grant(1, rights{control: true})
		r.s.grant(2, rights{view: true})
		r.says(1, wire.Control{Type: wire.TypeHand, Viewer: 2})
		if q := r.question(); !q.Hand || !q.Control || q.Name != "A" || q.To != "B" {
			t.Errorf("the question is %+v", q)
		}
		if _, ok := r.p.grants.mayControl(1); ok {
			t.Error("input counts while the guest is asked")
		}
		r.answer(false)
		if c := r.last(wire.TypeRefuse); c.Viewer != 1 || c.To != 2 || !c.Control {
			t.Errorf("the relay heard %+v", c)
		}
		r.want("refused", map[uint16]rights{1: controls, 2: sees})
		r.says(1, wire.Control{Type: wire.TypeHand, Viewer: 2})
		r.question()
		r.answer(true)
		r.want("handed", map[uint16]rights{1: mayTake, 2: controls})
		if c := r.last(wire.TypeGrant); c.Viewer != 2 || !c.Control || !c.May {
			t.Errorf("the relay heard %+v", c)
		}
		// From now on both may: nobody is asked again.
		r.says(1, wire.Control{Type: wire.TypeAsk, Control: true})
		r.want("taken back", map[uint16]rights{1: controls, 2: mayTake})
		r.says(1, wire.Control{Type: wire.TypeHand, Viewer: 2})
		r.want("handed again", map[uint16]rights{1: mayTake, 2: controls})
		r.noQuestion("both have a permission")
		r.says(2, wire.Control{Type: wire.TypeYield})
		r.want("given back", map[uint16]rights{1: mayTake, 2: sees})
		r.says(2, wire.Control{Type: wire.TypeAsk, Control: true})
		if q := r.question(); q.Hand {
			t.Error("who has given control back asks like anybody")
		}
		r.answer(false)
	})
}

// The relay is not trusted: the presenter checks a hand-over by its own record.
func TestHandsThatAreNotAllowed(t *testing.T) {
	for name, c := range map[string]struct {
		from, to uint16
		before   func(r *room)
	}{
		"from who does not control":  {2, 3, nil},
		"from who may, but does not": {2, 3, func(r *room) { r.s.grant(2, rights{may: true}) }},
		"to itself":                  {1, 1, nil},
		"to who does not see":        {1, 3, nil},
		"to the presenter":           {1, 0, nil},
		"to nobody":                  {1, 77, nil},
		"from nobody":                {77, 2, nil},
		"to who is away":             {1, 2, func(r *room) { r.online(2, false) }},
		"while the guest is asked":   {1, 2, func(r *room) { r.says(3, wire.Control{Type: wire.TypeAsk}); r.question() }},
		"from who is held": {1, 2, func(r *room) {
			v := r.state[1]
			v.Held = true
			r.state[1] = v
			r.tell()
		}},
	} {
		t.Run(name, func(t *testing.T) {
			inRoom(t, Ask, func(r *room) {
				r.s.grant(1, rights{control: true})
				r.s.grant(2, rights{may: true})
				if c.from == 2 {
					r.s.grant(2, rights{view: true})
				}
				if c.before != nil {
					c.before(r)
				}
				r.says(c.from, wire.Control{Type: wire.TypeHand, Viewer: c.to})
				r.noQuestion("a hand-over that is not allowed")
				if got := r.has(1); got != controls {
					t.Errorf("viewer 1 has %+v", got)
				}
			})
		})
	}
}

// A question about a hand-over goes when nothing can come of it.
func TestHandOverIsWithdrawn(t *testing.T) {
	for name, end := range map[string]func(r *room){
		"who hands has left":          func(r *room) { r.online(1, false) },
		"who would take it has left":  func(r *room) { r.online(2, false) },
		"control was given back":      func(r *room) { r.says(1, wire.Control{Type: wire.TypeYield}) },
		"another one has control":     func(r *room) { r.s.grant(3, rights{control: true}) },
		"the guest has taken it back": func(r *room) { r.p.TakeControl(); r.s.tellGrants() },
		"the guest ended the view":    func(r *room) { r.p.EndView(2); r.s.tellGrants() },
	} {
		t.Run(name, func(t *testing.T) {
			inRoom(t, Ask, func(r *room) {
				r.s.grant(1, rights{control: true})
				r.s.grant(2, rights{view: true})
				r.says(1, wire.Control{Type: wire.TypeHand, Viewer: 2})
				r.question()
				end(r)
				r.answered()
				if r.has(2).control || r.s.consent.open != nil {
					t.Error("control was handed over without a yes")
				}
				if r.last(wire.TypeRefuse).Type != "" {
					t.Error("a withdrawn question counts as a denial")
				}
			})
		})
	}
}

func TestGuestTakesControlBack(t *testing.T) {
	for _, c := range []Consent{Ask, ViewOnly, ControlFree} {
		t.Run(string(c), func(t *testing.T) {
			inRoom(t, c, func(r *room) {
				if err := r.p.TakeControl(); err == nil {
					t.Error("there was nothing to take")
				}
				r.p.grants.askControl = false
				r.s.grant(1, rights{control: true})
				r.s.grant(2, rights{control: true})
				if err := r.p.TakeControl(); err != nil {
					t.Fatal(err)
				}
				if _, ok := r.p.grants.mayControl(2); ok {
					t.Error("input still counts")
				}
				r.want("taken back", map[uint16]rights{1: sees, 2: sees})
				<-r.p.grants.news
				if err := r.s.tellGrants(); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				heard := map[uint16]wire.Control{}
				for len(r.told) > 0 {
					m := <-r.told
					heard[m.Viewer] = m
				}
				for n := uint16(1); n < 3; n++ {
					if m := heard[n]; m.Type != wire.TypeGrant || !m.View || m.Control || m.May {
						t.Errorf("the relay heard %+v of viewer %d", m, n)
					}
				}
				r.says(1, wire.Control{Type: wire.TypeAsk, Control: true})
				if q := r.question(); !q.Control {
					t.Errorf("the question is %+v", q)
				}
				r.answer(true)
				r.want("after a new yes", map[uint16]rights{1: controls, 2: sees})
			})
		})
	}
}

func TestGuestEndsAView(t *testing.T) {
	inRoom(t, ViewOnly, func(r *room) {
		for n := uint16(1); n < 3; n++ {
			r.says(n, wire.Control{Type: wire.TypeAsk})
		}
		r.noQuestion("seeing is free")
		r.s.grant(1, rights{control: true})
		if err := r.p.EndView(9); err == nil {
			t.Error("viewer 9 does not exist")
		}
		if err := r.p.EndView(3); err == nil {
			t.Error("viewer 3 does not see anything")
		}
		if err := r.p.EndView(1); err != nil {
			t.Fatal(err)
		}
		r.want("ended", map[uint16]rights{1: nothing, 2: sees})
		if err := r.s.tellGrants(); err != nil {
			t.Fatal(err)
		}
		if m := r.last(wire.TypeGrant); m.Viewer != 1 || m.View || m.Control || m.May {
			t.Errorf("the relay heard %+v", m)
		}
		if w := r.p.Watchers(); len(w) != 3 || w[0] != (Watcher{Viewer: 1, Name: "A"}) || w[1] != (Watcher{Viewer: 2, Name: "B", View: true}) {
			t.Errorf("the guest is shown %+v", w)
		}
		r.says(1, wire.Control{Type: wire.TypeAsk})
		r.question()
		r.answer(true)
		r.want("after a yes", map[uint16]rights{1: sees})
	})
}

// What the guest takes back while there is no connection counts at the next one.
func TestTakenBackWithoutAConnection(t *testing.T) {
	inRoom(t, Ask, func(r *room) {
		r.s.grant(1, rights{control: true})
		r.s.grant(2, rights{view: true})
		r.p.grants.offline()
		if err := r.p.TakeControl(); err != nil {
			t.Fatal(err)
		}
		if err := r.p.EndView(2); err != nil {
			t.Fatal(err)
		}
		for len(r.told) > 0 {
			<-r.told
		}
		r.says(0, wire.Control{Type: wire.TypeWelcome, Epoch: 2, Resumed: true})
		synctest.Wait()
		heard := map[uint16]wire.Control{}
		for len(r.told) > 0 {
			m := <-r.told
			heard[m.Viewer] = m
		}
		if one, two := heard[1], heard[2]; !one.View || one.Control || one.May || two.Type != wire.TypeGrant || two.View {
			t.Errorf("the relay heard %+v", heard)
		}
	})
}

// Without anybody to ask, what the guest has taken back is refused.
func TestNobodyToAsk(t *testing.T) {
	inRoom(t, ControlFree, func(r *room) {
		r.p.cfg.Guest = nil
		r.says(1, wire.Control{Type: wire.TypeAsk})
		r.want("the first one", map[uint16]rights{1: controls})
		r.p.TakeControl()
		r.says(1, wire.Control{Type: wire.TypeAsk, Control: true})
		if c := r.last(wire.TypeRefuse); c.Viewer != 1 || !c.Control {
			t.Errorf("the relay heard %+v", c)
		}
		r.want("refused", map[uint16]rights{1: sees})
	})
}
