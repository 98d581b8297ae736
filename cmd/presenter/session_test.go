package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pindesk/internal/handout"
	"pindesk/internal/presenter"
)

// scripted is a guest who answers as told.
type scripted struct {
	yes, mute bool
	lines     []string
	asked     []string
}

func (s *scripted) Ask(_ context.Context, q presenter.Question) bool {
	s.asked = append(s.asked, "connect to "+q.Broker+"?")
	return s.yes
}

func (s *scripted) canAsk() bool { return !s.mute }

func (s *scripted) askLine(_ context.Context, question string) (string, error) {
	s.asked = append(s.asked, question)
	if len(s.lines) == 0 {
		return "", errors.New("nothing was typed")
	}
	line := s.lines[0]
	s.lines = s.lines[1:]
	return line, nil
}

func TestWhichSession(t *testing.T) {
	const (
		pin   = "7W2-97-8570"
		file  = "PinDesk_7W2-97-8570_support.example.com (1).exe"
		there = "https://support.example.com"
	)
	for name, c := range map[string]struct {
		list        string
		known       handout.Known
		guest       scripted
		broker, pin string
		err         string
		asked       string
	}{
		"confirmed":                   {known: handout.Known{File: file}, guest: scripted{yes: true}, broker: there, pin: pin, asked: "connect to support.example.com?"},
		"not confirmed":               {known: handout.Known{File: file}, err: "did not say yes", asked: "connect to support.example.com?"},
		"nobody to ask":               {known: handout.Known{File: file}, guest: scripted{yes: true, mute: true}, err: "--broker https://support.example.com"},
		"released":                    {list: "*.example.com", known: handout.Known{File: file}, broker: there, pin: pin},
		"released, for others":        {list: "*.example.org", known: handout.Known{File: file}, guest: scripted{yes: true}, err: "not made for support.example.com"},
		"by arguments":                {known: handout.Known{Broker: "support.example.com", PIN: pin, File: "AAA-11-1111.exe"}, broker: there, pin: pin},
		"by arguments, for others":    {list: "*.example.org", known: handout.Known{Broker: there, PIN: pin}, err: "not made for support.example.com"},
		"typed":                       {known: handout.Known{File: "presenter"}, guest: scripted{lines: []string{"support.example.com", pin}}, broker: there, pin: pin, asked: "Address of the broker, Session PIN"},
		"typed, no address":           {known: handout.Known{File: "presenter"}, guest: scripted{lines: []string{"a b"}}, err: "must look like", asked: "Address of the broker"},
		"typed, for others":           {list: "*.example.org,a.example", known: handout.Known{File: "presenter"}, guest: scripted{lines: []string{there}}, err: "not made for support.example.com", asked: "Address of the broker"},
		"typed, a region of the list": {list: "*.example.com", known: handout.Known{File: "presenter"}, guest: scripted{lines: []string{"us-east-1.example.com", pin}}, broker: "https://us-east-1.example.com", pin: pin, asked: "Address of the broker, Session PIN"},
		"only the PIN is typed":       {list: "support.example.com", known: handout.Known{File: "PinDesk.exe"}, guest: scripted{lines: []string{pin}}, broker: there, pin: pin, asked: "Session PIN"},
		"nothing":                     {known: handout.Known{File: "presenter"}, err: "nothing was typed", asked: "Address of the broker"},
	} {
		list, err := handout.ParseBrokers(c.list)
		if err != nil {
			t.Fatal(err)
		}
		broker, pin, err := whichSession(t.Context(), c.known, list, &c.guest)
		if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: %v; want %q", name, err, c.err)
		}
		if broker != c.broker || pin != c.pin || strings.Join(c.guest.asked, ", ") != c.asked {
			t.Errorf("%s: %q %q, asked %q; want %q %q, %q", name, broker, pin, c.guest.asked, c.broker, c.pin, c.asked)
		}
	}
}

func TestReadMark(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.exe:Zone.Identifier")
	if readMark(file) != nil {
		t.Error("there is none")
	}
	want := "[ZoneTransfer]\r\nZoneId=3\r\n"
	if err := os.WriteFile(file, []byte(want), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := readMark(file); string(got) != want {
		t.Errorf("%q", got)
	}
	if err := os.WriteFile(file, []byte(strings.Repeat("x", 2*handout.MaxZone)), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := readMark(file); len(got) != handout.MaxZone+1 || handout.ParseZone(got) != (handout.Bearings{}) {
		t.Errorf("%d bytes of a mark without end were read", len(got))
	}
}
