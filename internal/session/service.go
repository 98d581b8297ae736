package session

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"pindesk/internal/fault"
)

// Defaults of Limits.
const (
	DefaultUnclaimed = time.Hour
	DefaultIdle      = 4 * time.Hour
	DefaultTicket    = 30 * time.Second
	DefaultKeepPIN   = 30 * 24 * time.Hour

	DefaultKeepAudit      = 30 * 24 * time.Hour
	DefaultKeepDeliveries = 7 * 24 * time.Hour
	// MinKeepDeliveries lets every delivery be tried for its 24 h after the session's end.
	MinKeepDeliveries = 25 * time.Hour
)

// Caps of one session. They bound what somebody who has the PIN can make the database hold.
const (
	MaxParties = 200 // presenters and viewers, also those that are away
	MaxTickets = 50  // unspent and not yet expired

	// forgetAfter is how long a party must be away before a full session may forget it: long
	// past the 60 s for which its grants outlive a drop.
	forgetAfter = 10 * time.Minute

	// maxPINTries bounds the search for a free PIN. With a billion PINs kept, a try still
	// fails only once in 46.
	maxPINTries = 20

	// sweepBatch is how many sessions one statement of Sweep ends or erases, so that it
	// holds no lock for long.
	sweepBatch = 200
)

// Config is what a Service is made of.
type Config struct {
	Store   Store
	Keys    *Keyring
	Region  string           // the broker's own
	Regions []string         // all in which a session can be made; nil: just Region
	Limits  Limits           // fields that are 0 take their defaults
	Clock   func() time.Time // nil: Store.Now
}

// Service holds the rules of sessions over a Store. It starts no goroutines and is safe for
// use by several; whoever owns it calls Sweep from time to time.
type Service struct {
	store   Store
	keys    *Keyring
	region  string
	regions []string
	limits  Limits
	clock   func() time.Time
	random  io.Reader // of PINs; a field so that a test can make them collide
}

var _ API = (*Service)(nil)

// New makes a Service. The error says which setting is wrong.
func New(c Config) (*Service, error) {
	if c.Store == nil || c.Keys == nil {
		return nil, errors.New("session: Store and Keys are needed")
	}
	if c.Region == "" {
		return nil, errors.New("a broker needs a region")
	}
	s := &Service{store: c.Store, keys: c.Keys, region: c.Region, regions: slices.Clone(c.Regions),
		limits: c.Limits, clock: c.Clock, random: rand.Reader}
	if !slices.Contains(s.regions, s.region) {
		s.regions = append(s.regions, s.region)
	}
	if s.clock == nil {
		s.clock = c.Store.Now
	}
	for _, l := range []struct {
		value    *time.Duration
		standard time.Duration
		name     string
	}{
		{&s.limits.Unclaimed, DefaultUnclaimed, "unclaimed"},
		{&s.limits.Idle, DefaultIdle, "idle"},
		{&s.limits.Ticket, DefaultTicket, "ticket"},
		{&s.limits.KeepPIN, DefaultKeepPIN, "keep PIN"},
		{&s.limits.KeepAudit, DefaultKeepAudit, "keep audit"},
		{&s.limits.KeepDeliveries, DefaultKeepDeliveries, "keep deliveries"},
	} {
		if *l.value < 0 {
			return nil, fmt.Errorf("the session limit %q must not be negative", l.name)
		}
		if *l.value == 0 {
			*l.value = l.standard
		}
	}
	switch l := s.limits; {
	case l.KeepDeliveries < MinKeepDeliveries:
		return nil, fmt.Errorf("deliveries must be kept for %v at least: they are tried for 24 hours", MinKeepDeliveries)
	case l.KeepAudit < l.KeepDeliveries:
		return nil, fmt.Errorf("the log (%v) cannot be kept shorter than deliveries (%v): they go with their events", l.KeepAudit, l.KeepDeliveries)
	case l.KeepAudit > l.KeepPIN || l.KeepDeliveries > l.KeepPIN:
		return nil, errors.New("the log and deliveries cannot be kept longer than the PIN: all of a session goes with it")
	}
	return s, nil
}

// now is the present in whole milliseconds, which is what a Store keeps.
func (s *Service) now() time.Time { return s.clock().UTC().Truncate(time.Millisecond) }

// CheckKey notes the Keyring's key as the one of this database at the first call ever, and
// later fails if it is another one. Without this check a node with a wrong secret file would
// know no PIN of the other nodes, and tell people that their PINs are wrong. Call it at start.
func (s *Service) CheckKey(ctx context.Context) error {
	id, err := s.store.ClaimKey(ctx, s.keys.ID(), s.now())
	if err != nil {
		return fmt.Errorf("check secret key: %w", err)
	}
	if id != s.keys.ID() {
		return fmt.Errorf("the secret file has key %s, but the PINs in this database were made with key %s: "+
			"copy the secret file from another broker of this database, or from your backup", s.keys.ID(), id)
	}
	return nil
}

// Regions implements API.
func (s *Service) Regions(context.Context) ([]string, error) { return slices.Clone(s.regions), nil }

// Create implements API. fault.UnknownRegion for a region that Regions does not list.
func (s *Service) Create(ctx context.Context, region string, by Maker) (Created, error) {
	if region == "" {
		region = s.region
	}
	if !slices.Contains(s.regions, region) {
		return Created{}, fault.New(fault.UnknownRegion, "There is no such region. GET /api/v1/regions lists those that there are.")
	}
	token := NewSecret()
	for range maxPINTries {
		pin, err := NewPIN(s.random)
		if err != nil {
			return Created{}, fmt.Errorf("make PIN: %w", err)
		}
		now := s.now()
		n := NewSession{
			ID:        newID(),
			Region:    region,
			KeyID:     s.keys.ID(),
			PINMAC:    s.keys.MAC(pin),
			TokenHash: HashSecret(token),
			Maker:     by,
			CreatedAt: now,
			ExpiresAt: now.Add(s.limits.Unclaimed),
		}
		n.PINSealed = s.keys.Seal(pin, n.ID)
		switch err := s.store.Create(ctx, n); {
		case errors.Is(err, ErrTaken):
			continue
		case err != nil:
			return Created{}, fmt.Errorf("create session: %w", err)
		}
		return Created{
			Session: Session{ID: n.ID, PIN: pin, Region: region, CreatedAt: n.CreatedAt, ExpiresAt: n.ExpiresAt, Maker: by},
			Token:   token,
		}, nil
	}
	return Created{}, fmt.Errorf("create session: %w", errNoPIN)
}

// Lookup implements API.
func (s *Service) Lookup(ctx context.Context, pin string) (Session, error) {
	pin, err := ParsePIN(pin)
	if err != nil {
		return Session{}, err
	}
	found, err := s.store.Find(ctx, s.keys.MAC(pin), s.now())
	if err != nil {
		return Session{}, sessionError("find session", err)
	}
	found.PIN = pin
	return found, nil
}

// Kept implements API. An ended session is fault.UnknownSession like any other to those who
// only have its PIN: whoever asks decides by EndedAt.
func (s *Service) Kept(ctx context.Context, pin string) (Kept, error) {
	pin, err := ParsePIN(pin)
	if err != nil {
		return Kept{}, err
	}
	found, err := s.store.Kept(ctx, s.keys.MAC(pin))
	if err != nil {
		return Kept{}, sessionError("find session", err)
	}
	if found.EndedAt.IsZero() && !found.ExpiresAt.After(s.now()) {
		found.EndedAt = found.ExpiresAt // the sweep has not come yet
	}
	found.PIN = pin
	return found, nil
}

// Guest implements API.
func (s *Service) Guest(ctx context.Context, pin, resume string) (Guest, error) {
	if s.Returning(pin, resume) {
		pin, _ = ParsePIN(pin) // or it were not returning
		secret, _ := splitResume(resume)
		found, err := s.store.Guest(ctx, s.keys.MAC(pin), HashSecret(secret))
		if err == nil {
			return found, nil
		}
		if !errors.Is(err, ErrNotFound) {
			return Guest{}, fmt.Errorf("find guest: %w", err)
		}
	}
	return Guest{}, fault.New(fault.NotAllowed, "This call asks for the newest resume secret of the presenter that shares in this session.")
}

// State implements API.
func (s *Service) State(ctx context.Context, pin string) (State, error) {
	pin, err := ParsePIN(pin)
	if err != nil {
		return State{}, err
	}
	st, err := s.store.State(ctx, s.keys.MAC(pin), s.now())
	if err != nil {
		return State{}, sessionError("read session", err)
	}
	st.Session.PIN = pin
	return st, nil
}

// SetHook implements API.
func (s *Service) SetHook(ctx context.Context, pin string, t HookType, url string) error {
	pin, err := ParsePIN(pin)
	if err != nil {
		return err
	}
	if err := CheckHook(t, url); err != nil {
		return err
	}
	if err := s.store.PutHook(ctx, s.keys.MAC(pin), t, url, s.now()); err != nil {
		return sessionError("store hook", err)
	}
	return nil
}

// End implements API.
func (s *Service) End(ctx context.Context, pin string) (Session, error) {
	pin, err := ParsePIN(pin)
	if err != nil {
		return Session{}, err
	}
	ended, err := s.store.End(ctx, s.keys.MAC(pin), s.now())
	if err != nil {
		return Session{}, sessionError("end session", err)
	}
	ended.PIN = pin
	return ended, nil
}

// Join implements API. A resumed party keeps the name of its first join, because that is the
// name to which a guest has consented. A new ticket of a resumed party voids its earlier ones.
// fault.BadRequest for a role that there is not, fault.TooMany above MaxParties or MaxTickets.
func (s *Service) Join(ctx context.Context, r JoinRequest) (Joined, error) {
	pin, err := ParsePIN(r.PIN)
	if err != nil {
		return Joined{}, err
	}
	if r.Role != Presenter && r.Role != Viewer {
		return Joined{}, fault.New(fault.BadRequest, "The role must be presenter or viewer.")
	}
	ticket, now := NewSecret(), s.now()
	t := NewTicket{
		PINMAC:       s.keys.MAC(pin),
		Role:         r.Role,
		Name:         CleanName(r.Name),
		PartyID:      newID(),
		TicketHash:   HashSecret(ticket),
		Now:          now,
		ExpiresAt:    now.Add(s.limits.Ticket),
		MaxTickets:   MaxTickets,
		MaxParties:   MaxParties,
		ForgetBefore: now.Add(-forgetAfter),
	}
	if s.Returning(pin, r.Resume) {
		secret, _ := splitResume(r.Resume)
		t.ResumeHash = HashSecret(secret)
	}
	found, resumed, err := s.store.Join(ctx, t)
	if err != nil {
		return Joined{}, sessionError("join session", err)
	}
	found.PIN = pin
	return Joined{Session: found, Ticket: ticket, Resumed: resumed}, nil
}

// resumeDot stands in a resume secret between the random part, of which the hash is stored, and
// the proof that it was made for this session's PIN, which needs no look-up: see Returning.
const resumeDot = "."

func splitResume(resume string) (secret, proof string) {
	secret, proof, _ = strings.Cut(resume, resumeDot)
	return secret, proof
}

// Returning implements API.
func (s *Service) Returning(pin, resume string) bool {
	pin, err := ParsePIN(pin)
	if err != nil {
		return false
	}
	secret, proof := splitResume(resume)
	want := s.keys.returning(secret, s.keys.MAC(pin))
	return subtle.ConstantTimeCompare([]byte(proof), []byte(want)) == 1
}

// Admit implements API. Session.PIN of the Admission is empty: nobody needs it from here on.
//
// Resumed of a viewer means that the ticket was got with the resume secret. Of a presenter it
// also means that no other presenter was admitted in between: else the viewers saw another
// computer meanwhile, so the grants are void and they must be told of this change as well.
//
// Admit does not count as presence: call Online for the new party at once.
func (s *Service) Admit(ctx context.Context, ticket string) (Admission, error) {
	resume, handover, now := NewSecret(), NewSecret(), s.now()
	a, pinMAC, err := s.store.Admit(ctx, NewAdmission{
		TicketHash:   HashSecret(ticket),
		ResumeHash:   HashSecret(resume),
		HandoverHash: HashSecret(handover),
		Now:          now,
		ExpiresAt:    now.Add(s.limits.Idle),
	})
	if errors.Is(err, ErrNotFound) {
		return Admission{}, fault.New(fault.BadTicket, "This ticket is unknown, spent or too old, or its session has ended. Join again with the PIN to get a new one.")
	}
	if err != nil {
		return Admission{}, sessionError("admit party", err)
	}
	a.Resume = resume + resumeDot + s.keys.returning(resume, pinMAC)
	if a.Role == Presenter {
		a.Handover = handover + resumeDot + s.keys.returning(handover, pinMAC)
	}
	return a, nil
}

// Online implements API.
func (s *Service) Online(ctx context.Context, parties []string, until time.Time) error {
	until = until.UTC().Truncate(time.Millisecond)
	if err := s.store.Online(ctx, parties, until, until.Add(s.limits.Idle), s.now()); err != nil {
		return fmt.Errorf("extend presence: %w", err)
	}
	return nil
}

// Offline implements API.
func (s *Service) Offline(ctx context.Context, party string) error {
	if err := s.store.Offline(ctx, party, s.limits.Idle, s.now()); err != nil {
		return fmt.Errorf("end presence: %w", err)
	}
	return nil
}

// Restarted implements API.
func (s *Service) Restarted(ctx context.Context) error {
	if err := s.store.HoldAbsences(ctx, s.now().Add(OfflineAfter)); err != nil {
		return fmt.Errorf("hold absences: %w", err)
	}
	return nil
}

// Absences implements API.
func (s *Service) Absences(ctx context.Context) error {
	for {
		n, err := s.store.Absences(ctx, s.now(), sweepBatch)
		if err != nil {
			return fmt.Errorf("look for absences: %w", err)
		}
		if n < sweepBatch {
			return nil
		}
	}
}

// Sweep implements API. Ids are returned also when a later part of the sweep failed.
func (s *Service) Sweep(ctx context.Context) (ended []string, err error) {
	now := s.now()
	for {
		ids, err := s.store.EndExpired(ctx, now, sweepBatch)
		if err != nil {
			return ended, fmt.Errorf("end expired sessions: %w", err)
		}
		ended = append(ended, ids...)
		if len(ids) < sweepBatch {
			break
		}
	}
	for {
		n, err := s.store.Purge(ctx, PurgeLimits{
			Now:              now,
			DeliveriesBefore: now.Add(-s.limits.KeepDeliveries),
			AuditBefore:      now.Add(-s.limits.KeepAudit),
			EndedBefore:      now.Add(-s.limits.KeepPIN),
			// Twice, so that no ticket that is still being spent loses its party.
			UnclaimedBefore: now.Add(-2 * s.limits.Ticket),
			Limit:           sweepBatch,
		})
		if err != nil {
			return ended, fmt.Errorf("erase old sessions: %w", err)
		}
		if n < sweepBatch {
			return ended, nil
		}
	}
}

// sessionError makes of a Store's error what the caller is told.
func sessionError(doing string, err error) error {
	switch {
	case errors.Is(err, ErrNotFound):
		return unknown()
	case errors.Is(err, ErrFull):
		return fault.New(fault.TooMany, "Too many people have joined this session. Wait a minute, or go on in a new session.")
	}
	return fmt.Errorf("%s: %w", doing, err)
}
