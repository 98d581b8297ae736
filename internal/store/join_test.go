package store_test

import (
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"pindesk/internal/fault"
	"pindesk/internal/session"
	"pindesk/internal/store"
)

const racers = 20

// race runs f in many goroutines at once and returns their errors.
func race(n int, f func(i int) error) []error {
	errs := make([]error, n)
	begin := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-begin
			errs[i] = f(i)
		})
	}
	close(begin)
	all.Wait()
	return errs
}

func TestTicketAge(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		pin := b.create(t).PIN
		good, late := b.join(t, pin, session.Viewer, "").Ticket, b.join(t, pin, session.Viewer, "").Ticket
		b.clock.pass(30*time.Second - time.Millisecond)
		if _, err := b.Admit(t.Context(), good); err != nil {
			t.Errorf("a ticket of 29.999 s: %v", err)
		}
		b.clock.pass(time.Millisecond)
		_, err := b.Admit(t.Context(), late)
		wantCode(t, err, fault.BadTicket)
		for _, bad := range []string{good, "", "no ticket", pin} {
			_, err := b.Admit(t.Context(), bad)
			wantCode(t, err, fault.BadTicket)
		}
	})
}

func TestTicketSpentOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		second := open(t, b.config) // as another node has it
		other, err := session.New(session.Config{Store: second, Keys: b.keys, Region: "eu-west-2", Clock: b.clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		pin := b.create(t).PIN
		for range 5 {
			ticket := b.join(t, pin, session.Viewer, "").Ticket
			errs := race(racers, func(i int) error {
				by := b.Service
				if i%2 == 1 {
					by = other
				}
				_, err := by.Admit(t.Context(), ticket)
				return err
			})
			spent := 0
			for _, err := range errs {
				if err == nil {
					spent++
				} else {
					wantCode(t, err, fault.BadTicket)
				}
			}
			if spent != 1 {
				t.Fatalf("the ticket was spent %d times", spent)
			}
		}
	})
}

func TestViewerNumbers(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		pin := b.create(t).PIN
		got := make([]session.Admission, racers)
		for _, err := range race(racers, func(i int) error {
			j, err := b.Join(t.Context(), session.JoinRequest{PIN: pin, Role: session.Viewer})
			if err == nil {
				got[i], err = b.Admit(t.Context(), j.Ticket)
			}
			return err
		}) {
			if err != nil {
				t.Fatal(err)
			}
		}
		seen := map[uint16]bool{}
		for _, a := range got {
			if a.Number < 1 || a.Number > racers || seen[a.Number] || a.Epoch != 0 || a.Resumed {
				t.Errorf("number %d, epoch %d, resumed %v", a.Number, a.Epoch, a.Resumed)
			}
			seen[a.Number] = true
		}
		again := b.admit(t, pin, session.Viewer, got[0].Resume)
		if !again.Resumed || again.Number != got[0].Number || again.Party != got[0].Party {
			t.Errorf("resumed as %v, number %d, want %v, %d", again, again.Number, got[0], got[0].Number)
		}
		if other := b.admit(t, b.create(t).PIN, session.Viewer, ""); other.Number != 1 {
			t.Errorf("the first viewer of another session has number %d", other.Number)
		}
		// A ticket that nobody spends takes no number.
		b.join(t, pin, session.Viewer, "")
		if a := b.admit(t, pin, session.Viewer, ""); a.Number != racers+1 {
			t.Errorf("number %d, want %d", a.Number, racers+1)
		}
		b.exec(t, `UPDATE sessions SET viewers = 65535`)
		_, err := b.Admit(t.Context(), b.join(t, pin, session.Viewer, "").Ticket)
		wantCode(t, err, fault.TooMany)
	})
}

func TestPresenterEpoch(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		s := b.create(t)
		got := make([]session.Admission, racers)
		for _, err := range race(racers, func(i int) error {
			j, err := b.Join(t.Context(), session.JoinRequest{PIN: s.PIN, Role: session.Presenter})
			if err == nil {
				got[i], err = b.Admit(t.Context(), j.Ticket)
			}
			return err
		}) {
			if err != nil {
				t.Fatal(err)
			}
		}
		seen := map[uint16]bool{}
		for _, a := range got {
			if a.Epoch < 1 || a.Epoch > racers || seen[a.Epoch] || a.Number != 0 || a.Resumed {
				t.Errorf("epoch %d, number %d, resumed %v", a.Epoch, a.Number, a.Resumed)
			}
			seen[a.Epoch] = true
		}
		b.exec(t, `UPDATE sessions SET attach_epoch = ? WHERE id = ?`, math.MaxUint16-1, s.ID)
		for _, want := range []uint16{math.MaxUint16, 1, 2} {
			if a := b.admit(t, s.PIN, session.Presenter, ""); a.Epoch != want {
				t.Errorf("epoch %d, want %d", a.Epoch, want)
			}
		}
	})
}

// TestPresenterReplaced checks that a presenter that was replaced comes back as another
// computer, although it is known.
func TestPresenterReplaced(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		pin := b.create(t).PIN
		first := b.admit(t, pin, session.Presenter, "")
		again := b.admit(t, pin, session.Presenter, first.Resume)
		if !again.Resumed || again.Party != first.Party || first.Replaced || again.Replaced {
			t.Fatalf("resumed %v as %v, want %v; replaced %v, %v", again.Resumed, again, first, first.Replaced, again.Replaced)
		}
		stranger := b.admit(t, pin, session.Presenter, "")
		if stranger.Resumed || stranger.Party == first.Party || !stranger.Replaced {
			t.Fatalf("the stranger resumed: %v, replaced %v", stranger, stranger.Replaced)
		}
		if stranger = b.admit(t, pin, session.Presenter, stranger.Resume); !stranger.Resumed || !stranger.Replaced {
			t.Fatalf("the stranger came back: resumed %v, replaced %v", stranger.Resumed, stranger.Replaced)
		}
		back := b.admit(t, pin, session.Presenter, again.Resume)
		if back.Resumed || back.Party != first.Party {
			t.Errorf("after a stranger: resumed %v as %v, want not resumed as %v", back.Resumed, back, first)
		}
		if now := b.admit(t, pin, session.Presenter, back.Resume); !now.Resumed || now.Epoch != 6 || !now.Replaced {
			t.Errorf("resumed %v in epoch %d, want true in 6", now.Resumed, now.Epoch)
		}
	})
}

// TestHandover: the guest's program goes on in the place of the guest's tab, which comes back; each
// secret opens just what it should, once.
func TestHandover(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		pin := b.create(t).PIN
		is := func(what string, a session.Admission, of session.Admission, resumed bool) session.Admission {
			t.Helper()
			if a.Resumed != resumed || (a.Party == of.Party) != resumed {
				t.Errorf("%s: resumed %v, the same party %v, want %v", what, a.Resumed, a.Party == of.Party, resumed)
			}
			return a
		}
		tab := b.admit(t, pin, session.Presenter, "")
		if tab.Handover == "" || tab.Handover == tab.Resume || !b.Returning(pin, tab.Handover) {
			t.Fatal("no handover secret of its own")
		}
		if v := b.admit(t, pin, session.Viewer, tab.Handover); v.Resumed || v.Handover != "" {
			t.Errorf("a viewer: %+v", v)
		}
		if b.join(t, b.create(t).PIN, session.Presenter, tab.Handover).Resumed {
			t.Error("it opens another session")
		}
		// A join that is not followed by a socket spends nothing.
		b.join(t, pin, session.Presenter, tab.Handover)
		program := is("the program", b.admit(t, pin, session.Presenter, tab.Handover), tab, true)
		if program.Replaced || program.Name != tab.Name {
			t.Errorf("the program is %+v", program)
		}
		if b.join(t, pin, session.Presenter, tab.Handover).Resumed {
			t.Error("the handover secret works twice")
		}
		program = is("the program again", b.admit(t, pin, session.Presenter, program.Resume), tab, true)
		before := program.Resume
		program = is("the program, its answer lost", b.admit(t, pin, session.Presenter, program.Resume), tab, true)
		program = is("the program, once more", b.admit(t, pin, session.Presenter, before), tab, true)

		back := is("the tab", b.admit(t, pin, session.Presenter, tab.Resume), tab, true)
		if b.join(t, pin, session.Presenter, program.Resume).Resumed || b.join(t, pin, session.Presenter, program.Handover).Resumed {
			t.Error("the program's secrets outlive the tab's return")
		}
		back = is("the tab, its answer lost", b.admit(t, pin, session.Presenter, tab.Resume), tab, true)
		again := is("up again", b.admit(t, pin, session.Presenter, back.Handover), tab, true)
		if b.join(t, pin, session.Presenter, tab.Resume).Resumed {
			t.Error("an old secret of the tab works")
		}

		// Somebody with the PIN alone is another computer, and then so are they.
		stranger := is("a stranger", b.admit(t, pin, session.Presenter, ""), tab, false)
		if !stranger.Replaced {
			t.Error("the stranger replaced nobody")
		}
		late := b.admit(t, pin, session.Presenter, again.Handover)
		if late.Resumed || late.Party != tab.Party || !late.Replaced {
			t.Errorf("after a stranger: %+v", late)
		}
	})
}

// TestHandoverRace: of several programs that are given the same secret at once, one goes on.
func TestHandoverRace(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		pin := b.create(t).PIN
		tab := b.admit(t, pin, session.Presenter, "")
		got := make([]session.Admission, racers)
		race(racers, func(i int) error {
			j, err := b.Join(t.Context(), session.JoinRequest{PIN: pin, Role: session.Presenter, Resume: tab.Handover})
			if err == nil && j.Resumed {
				got[i], err = b.Admit(t.Context(), j.Ticket)
			}
			return err
		})
		same := 0
		for _, a := range got {
			if a.Party == tab.Party {
				same++
			}
		}
		if same != 1 {
			t.Errorf("%d programs go on as the tab", same)
		}
	})
}

// TestResume goes through the ways in which answers get lost. Each step joins with a secret
// and says whether that must find the party; admit also spends the ticket.
func TestResume(t *testing.T) {
	type step struct {
		show    int // number of the secret: 0 is the one of the first admission
		resumed bool
		admit   bool // gives out the next secret
	}
	tests := map[string][]step{
		"one after the other":        {{0, true, true}, {1, true, true}, {2, true, true}},
		"admission's answer lost":    {{0, true, true}, {0, true, true}, {2, true, true}},
		"lost twice":                 {{0, true, true}, {0, true, true}, {0, true, true}, {3, true, true}},
		"join's answer lost":         {{0, true, false}, {0, true, false}, {0, true, true}, {1, true, true}},
		"old one after newest shown": {{0, true, true}, {1, true, false}, {0, false, false}},
		"old one after next":         {{0, true, true}, {1, true, true}, {0, false, false}},
		"the lost one is void":       {{0, true, true}, {0, true, true}, {1, false, false}, {2, true, true}},
	}
	onBoth(t, func(t *testing.T, b *bench) {
		for name, steps := range tests {
			for _, role := range []session.Role{session.Presenter, session.Viewer} {
				t.Run(fmt.Sprintf("%s/%s", name, role), func(t *testing.T) {
					pin := b.create(t).PIN
					first := b.admit(t, pin, role, "")
					secrets := []string{first.Resume}
					for i, s := range steps {
						j := b.join(t, pin, role, secrets[s.show])
						if j.Resumed != s.resumed {
							t.Fatalf("step %d: join resumed %v, want %v", i, j.Resumed, s.resumed)
						}
						if !s.admit {
							continue
						}
						a, err := b.Admit(t.Context(), j.Ticket)
						if err != nil {
							t.Fatalf("step %d: %v", i, err)
						}
						if !a.Resumed || a.Party != first.Party || a.Number != first.Number {
							t.Fatalf("step %d: resumed %v as %v number %d, want %v number %d", i, a.Resumed, a, a.Number, first, first.Number)
						}
						secrets = append(secrets, a.Resume)
					}
				})
			}
		}
	})
}

func TestResumeFits(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		pin, other := b.create(t).PIN, b.create(t).PIN
		a := b.admit(t, pin, session.Viewer, "")
		for why, j := range map[string]session.Joined{
			"another session": b.join(t, other, session.Viewer, a.Resume),
			"another role":    b.join(t, pin, session.Presenter, a.Resume),
			"a wrong secret":  b.join(t, pin, session.Viewer, a.Resume+"x"),
		} {
			if j.Resumed {
				t.Errorf("resumed with %s", why)
			}
			got, err := b.Admit(t.Context(), j.Ticket)
			if err != nil {
				t.Fatal(err)
			}
			if got.Resumed || got.Party == a.Party {
				t.Errorf("with %s admitted as %v, resumed %v", why, got, got.Resumed)
			}
		}
		_, err := b.Join(t.Context(), session.JoinRequest{PIN: pin, Role: "operator"})
		wantCode(t, err, fault.BadRequest)
	})
}

// TestResumeVoidsTickets checks that a party has one ticket at most: an older one would
// bring back an older secret.
func TestResumeVoidsTickets(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		pin := b.create(t).PIN
		a := b.admit(t, pin, session.Viewer, "")
		old, fresh := b.join(t, pin, session.Viewer, a.Resume).Ticket, b.join(t, pin, session.Viewer, a.Resume).Ticket
		_, err := b.Admit(t.Context(), old)
		wantCode(t, err, fault.BadTicket)
		if _, err := b.Admit(t.Context(), fresh); err != nil {
			t.Error(err)
		}
	})
}

func TestNames(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		pin := b.create(t).PIN
		admit := func(name, resume string) session.Admission {
			t.Helper()
			j, err := b.Join(t.Context(), session.JoinRequest{PIN: pin, Role: session.Viewer, Name: name, Resume: resume})
			if err != nil {
				t.Fatal(err)
			}
			a, err := b.Admit(t.Context(), j.Ticket)
			if err != nil {
				t.Fatal(err)
			}
			return a
		}
		a := admit(" Åsa\u202e 'O\"; DROP TABLE 本 😀\x00\n", "")
		if want := "Åsa 'O\"; DROP TABLE 本 😀"; a.Name != want {
			t.Errorf("name %q, want %q", a.Name, want)
		}
		// Consent was given to the name of the first join.
		if again := admit("Your Bank", a.Resume); again.Name != a.Name {
			t.Errorf("name %q after a resume, want %q", again.Name, a.Name)
		}
	})
}

func TestTicketCap(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		pin := b.create(t).PIN
		full := 0
		for _, err := range race(session.MaxTickets+10, func(int) error {
			_, err := b.Join(t.Context(), session.JoinRequest{PIN: pin, Role: session.Viewer})
			return err
		}) {
			if err != nil {
				wantCode(t, err, fault.TooMany)
				full++
			}
		}
		if full != 10 {
			t.Errorf("%d joins were refused, want 10", full)
		}
		b.join(t, b.create(t).PIN, session.Viewer, "") // others have their own cap
		b.clock.pass(30 * time.Second)
		b.join(t, pin, session.Viewer, "")
	})
}

func TestPartyCap(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		s := b.create(t)
		presenter := b.admit(t, s.PIN, session.Presenter, "")
		var viewers []session.Admission
		for range session.MaxParties - 1 {
			viewers = append(viewers, b.admit(t, s.PIN, session.Viewer, ""))
		}
		online := func(a session.Admission) {
			t.Helper()
			if err := b.Online(t.Context(), []string{a.Party}, b.clock.Now().Add(time.Second)); err != nil {
				t.Fatal(err)
			}
		}
		refused := func() {
			t.Helper()
			_, err := b.Join(t.Context(), session.JoinRequest{PIN: s.PIN, Role: session.Viewer})
			wantCode(t, err, fault.TooMany)
		}
		refused()
		b.clock.pass(5 * time.Minute)
		online(viewers[0])
		b.clock.pass(5*time.Minute + time.Millisecond)
		// All but the first have been away for ten minutes: one of them makes room, but the
		// presenter never does.
		for range session.MaxParties - 2 {
			if a := b.admit(t, s.PIN, session.Viewer, ""); a.Number < session.MaxParties {
				t.Fatalf("number %d is used again", a.Number)
			}
		}
		refused()
		if n := b.count(t, `SELECT COUNT(*) FROM parties WHERE session_id = ?`, s.ID); n != session.MaxParties {
			t.Errorf("%d parties, want %d", n, session.MaxParties)
		}
		for _, known := range []session.Admission{presenter, viewers[0]} {
			if a := b.admit(t, s.PIN, known.Role, known.Resume); !a.Resumed {
				t.Errorf("%v was forgotten", known)
			}
		}
	})
}

// TestAllAtOnce has two nodes do everything to a few sessions at once. Nothing may fail but
// by the rules; a deadlock would be an error, or hang.
func TestAllAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		nodes := []*session.Service{b.Service, nil}
		stores := []*store.Store{b.store, open(t, b.config)}
		var err error
		nodes[1], err = session.New(session.Config{Store: stores[1], Keys: b.keys, Region: "eu-west-2", Clock: b.clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		pins, parties := make([]string, 4), make([]string, 4)
		for i := range pins {
			pins[i] = b.create(t).PIN
			parties[i] = b.admit(t, pins[i], session.Presenter, "").Party
		}
		backwards := []string{parties[3], parties[2], parties[1], parties[0]}
		for _, err := range race(24, func(i int) error {
			ctx, n := t.Context(), nodes[i%2]
			resume := ""
			for round := range 8 {
				pin := pins[(i+round)%len(pins)]
				var err error
				switch i % 6 {
				case 0:
					err = n.Online(ctx, parties, b.clock.Now().Add(time.Second))
				case 1:
					err = n.Online(ctx, backwards, b.clock.Now().Add(time.Second))
				case 2:
					err = n.Offline(ctx, parties[round%len(parties)])
				case 3:
					_, err = n.Sweep(ctx)
				default:
					var j session.Joined
					if j, err = n.Join(ctx, session.JoinRequest{PIN: pins[i%len(pins)], Role: session.Viewer, Resume: resume}); err == nil {
						var a session.Admission
						a, err = n.Admit(ctx, j.Ticket)
						resume = a.Resume
					}
				}
				if err == nil {
					_, err = n.State(ctx, pin)
				}
				if err != nil {
					return fmt.Errorf("kind %d, round %d: %w", i%6, round, err)
				}
			}
			return nil
		}) {
			if err != nil {
				t.Error(err)
			}
		}
	})
}
