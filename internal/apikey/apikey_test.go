package apikey

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"pindesk/internal/fault"
)

// broken is a store that fails, with text that nobody must be told.
type broken struct{}

var errBroken = errors.New("disk is full")

func (broken) Now() time.Time                                     { return time.Unix(1_800_000_000, 0) }
func (broken) AddKey(context.Context, Key, string) error          { return errBroken }
func (broken) FindKey(context.Context, string) (Key, error)       { return Key{}, errBroken }
func (broken) Keys(context.Context) ([]Key, error)                { return nil, errBroken }
func (broken) RevokeKey(context.Context, string, time.Time) error { return errBroken }
func (broken) UseKey(context.Context, string, time.Time) error    { return errBroken }

// The rules on real databases are tested in package store.

func TestCreateRefuses(t *testing.T) {
	s := Service{broken{}}
	for name, c := range map[string]struct {
		organisation string
		quota        int
	}{
		"no name": {" ", 0}, "control": {"Help\nLtd", 0}, "bidi": {"Help \u202eLtd", 0}, "broken": {"Help \xff", 0},
		"long": {strings.Repeat("ä", MaxOrganisation+1), 0}, "negative quota": {"Help Ltd", -1}, "large quota": {"Help Ltd", MaxQuota + 1},
	} {
		if _, _, err := s.Create(t.Context(), c.organisation, c.quota); err == nil || errors.Is(err, errBroken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, full, err := s.Create(t.Context(), strings.Repeat("ä", MaxOrganisation), MaxQuota); !errors.Is(err, errBroken) || full != "" {
		t.Errorf("%v, %q", err, full)
	}
}

// TestCheckFails: a database that does not answer is no bad key.
func TestCheckFails(t *testing.T) {
	good := Prefix + strings.Repeat("a", idChars) + "_" + strings.Repeat("a", 32)
	s := Service{broken{}}
	if _, err := s.Check(t.Context(), good); !errors.Is(err, errBroken) || fault.Code(err) != fault.Internal {
		t.Error(err)
	}
	if _, err := s.Check(t.Context(), good+"a"); fault.Code(err) != fault.BadKey {
		t.Error(err)
	}
}

func FuzzWellFormed(f *testing.F) {
	f.Add(Prefix + strings.Repeat("a", idChars) + "_" + strings.Repeat("7", 32))
	f.Add("pdk_")
	f.Fuzz(func(t *testing.T, s string) {
		if wellFormed(s) && (len(s) != allChars || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz234567_") != "" || strings.Count(s, "_") != 2) {
			t.Errorf("%q passes", s)
		}
	})
}
