package main

import (
	"errors"
	"fmt"
	"testing"

	"pindesk/internal/handout"
	"pindesk/internal/platform"
	"pindesk/internal/presenter"
	"pindesk/internal/window"
)

func TestEnding(t *testing.T) {
	for _, c := range []struct {
		err  error
		want window.Ending
	}{
		{nil, window.Stopped},
		{fmt.Errorf("%w: it was not used any more", presenter.ErrEnded), window.Ended},
		{presenter.ErrReplaced, window.Replaced},
		{presenter.ErrMoved, window.Moved},
		{presenter.ErrNoSession, window.NoSession},
		{&handout.ForeignError{}, window.Foreign},
		{errNotConfirmed, window.Unsaid},
		{handout.ErrManySessions, window.BadFile},
		{fmt.Errorf("it: %w", handout.ErrPlace), window.BadFile},
		{&platform.Error{Kind: platform.ErrWayland}, window.Wayland},
		{&platform.Error{Kind: platform.ErrNoDisplay}, window.Desktop},
		{&platform.Error{Kind: platform.ErrGone}, window.Desktop},
		{errors.New("anything"), window.Failed},
	} {
		if got := ending(c.err); got != c.want {
			t.Errorf("%v: %q, want %q", c.err, got, c.want)
		}
	}
}

func TestBeginAnew(t *testing.T) {
	k := handout.Known{File: "PinDesk_7W2-97-8570.exe", Mark: []byte("[ZoneTransfer]")}
	if got := beginAnew(k, "https://help.example.com", "7W2-97-8570", true); got.PIN != "" || got.File != "" || got.Mark != nil || got.Broker != "https://help.example.com" {
		t.Errorf("another PIN: %+v", got)
	}
	if got := beginAnew(k, "https://help.example.com", "7W2-97-8570", false); got.PIN != "7W2-97-8570" || got.Broker != "https://help.example.com" {
		t.Errorf("the same PIN: %+v", got)
	}
	if got := beginAnew(k, "", "", false); got.File != k.File || got.PIN != "" {
		t.Errorf("nothing found out: %+v", got)
	}
}
