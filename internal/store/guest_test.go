package store_test

import (
	"testing"

	"pindesk/internal/fault"
	"pindesk/internal/session"
)

// TestGuest: whose secrets open what the guest's side may know, while its tab, its program and another
// computer share.
func TestGuest(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		pin := b.create(t).PIN
		opens := func(when string, yes, no []string) {
			t.Helper()
			for i, s := range yes {
				if g, err := b.Guest(t.Context(), pin, s); err != nil || g.ID == "" || g.Since.IsZero() {
					t.Errorf("%s, secret %d: %+v %v", when, i, g, err)
				}
			}
			for i, s := range append(no, "", "x") {
				if g, err := b.Guest(t.Context(), pin, s); fault.Code(err) != fault.NotAllowed || g != (session.Guest{}) {
					t.Errorf("%s, secret %d: %+v %v, want %s", when, i, g, err, fault.NotAllowed)
				}
			}
		}
		viewer := b.admit(t, pin, session.Viewer, "").Resume
		other := b.admit(t, b.create(t).PIN, session.Presenter, "").Resume
		tab := b.admit(t, pin, session.Presenter, "")
		opens("the tab shares", []string{tab.Resume}, []string{tab.Handover, viewer, other})
		program := b.admit(t, pin, session.Presenter, tab.Handover)
		opens("the program shares", []string{tab.Resume, program.Resume}, []string{tab.Handover, program.Handover, viewer})
		back := b.admit(t, pin, session.Presenter, tab.Resume)
		opens("the tab shares again", []string{back.Resume}, []string{program.Resume, program.Handover})
		stranger := b.admit(t, pin, session.Presenter, "")
		opens("another computer shares", []string{stranger.Resume}, []string{back.Resume, tab.Resume, program.Resume})
		if _, err := b.End(t.Context(), pin); err != nil {
			t.Fatal(err)
		}
		opens("the session has ended", []string{stranger.Resume}, []string{back.Resume})
	})
}
