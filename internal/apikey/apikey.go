// Package apikey holds the rules of API keys: what one looks like, how it is made, found and
// revoked. A key stands for an organisation that the operator has checked, which is what makes
// its name "verified". Storage is behind Store. The broker's packages may import it.
package apikey

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"pindesk/internal/fault"
)

const (
	// Prefix begins every key, so that people and secret scanners recognise one.
	Prefix = "pdk_"

	idSize     = 5  // bytes: 8 characters
	secretSize = 20 // bytes: 160 bits, 32 characters
	idChars    = 8
	allChars   = len(Prefix) + idChars + 1 + 32

	// MaxOrganisation is the longest name of an organisation, in runes.
	MaxOrganisation = 80
	// MaxQuota is the largest number of sessions a minute that a key may be given.
	MaxQuota = 1_000_000

	// useEvery is how coarse LastUsedAt is: a busy key writes one row an hour.
	useEvery = time.Hour
)

// letters has no capital, no dash and nothing that needs quoting: a key is one word to a
// double click and to a shell. It is the alphabet of RFC 4648's base32.
var letters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// ErrNotFound is a Store's error for a key that it does not have. It may wrap it.
var ErrNotFound = errors.New("no such key")

// Key is what is known of an API key. The key itself is shown once, by Create.
type Key struct {
	ID           string // the part after Prefix; opens nothing, may stand in logs
	Organisation string
	Quota        int // sessions a minute; 0: what the broker is set to
	CreatedAt    time.Time
	LastUsedAt   time.Time // at most an hour old while the key is in use; zero: never
	RevokedAt    time.Time // zero: good
}

// Store keeps keys durably. Only hashes come here, never a key.
type Store interface {
	// Now is the clock that all nodes on the same database share.
	Now() time.Time
	// AddKey adds a key.
	AddKey(ctx context.Context, k Key, hash string) error
	// FindKey returns the key with this hash, revoked or not. ErrNotFound.
	FindKey(ctx context.Context, hash string) (Key, error)
	// Keys lists all keys, the oldest first.
	Keys(ctx context.Context) ([]Key, error)
	// RevokeKey revokes a key; one that is revoked stays so since then. ErrNotFound.
	RevokeKey(ctx context.Context, id string, now time.Time) error
	// UseKey notes that a key is used now, unless something later is noted.
	UseKey(ctx context.Context, id string, now time.Time) error
}

// Service holds the rules over a Store. It remembers nothing, so what one process changes
// holds for the next request at all others. It is safe for use by several goroutines.
type Service struct{ Store Store }

// Create makes a key and returns it in full: it cannot be had again. The error names what is
// wrong with organisation or quota.
func (s Service) Create(ctx context.Context, organisation string, quota int) (k Key, full string, err error) {
	name, err := cleanOrganisation(organisation)
	if err != nil {
		return Key{}, "", err
	}
	if quota < 0 || quota > MaxQuota {
		return Key{}, "", fmt.Errorf("the quota must be from 0 (the broker's setting) to %d sessions a minute", MaxQuota)
	}
	k = Key{ID: random(idSize), Organisation: name, Quota: quota, CreatedAt: now(s.Store)}
	full = Prefix + k.ID + "_" + random(secretSize)
	if err := s.Store.AddKey(ctx, k, hash(full)); err != nil {
		return Key{}, "", fmt.Errorf("store key: %w", err)
	}
	return k, full, nil
}

// List returns all keys, the oldest first.
func (s Service) List(ctx context.Context) ([]Key, error) {
	keys, err := s.Store.Keys(ctx)
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	return keys, nil
}

// Revoke ends a key for good, given its id, with or without Prefix. Sessions made with it go
// on; the calls that ask for their key are closed from now on.
func (s Service) Revoke(ctx context.Context, id string) error {
	id = strings.TrimPrefix(strings.TrimSpace(id), Prefix)
	if len(id) == allChars-len(Prefix) {
		id = id[:idChars] // somebody pasted the whole key, for instance because it has leaked
	}
	err := s.Store.RevokeKey(ctx, id, now(s.Store))
	if errors.Is(err, ErrNotFound) {
		return errors.New("there is no key with this id: broker key list shows all ids")
	}
	if err != nil {
		return fmt.Errorf("revoke key: %w", err)
	}
	return nil
}

// Check finds the key that a caller shows. fault.BadKey if it is malformed, unknown or
// revoked. Its use is noted, once an hour.
func (s Service) Check(ctx context.Context, full string) (Key, error) {
	if !wellFormed(full) {
		return Key{}, bad()
	}
	k, err := s.Store.FindKey(ctx, hash(full))
	switch {
	case errors.Is(err, ErrNotFound), err == nil && !k.RevokedAt.IsZero():
		return Key{}, bad()
	case err != nil:
		return Key{}, fmt.Errorf("find key: %w", err)
	}
	if t := now(s.Store); t.Sub(k.LastUsedAt) >= useEvery {
		if err := s.Store.UseKey(ctx, k.ID, t); err != nil {
			return Key{}, fmt.Errorf("note use of key: %w", err)
		}
		k.LastUsedAt = t
	}
	return k, nil
}

func bad() error {
	return fault.New(fault.BadKey, "This API key is unknown or was revoked. Check the header Authorization, or ask the operator for another key.")
}

// now is the present in whole milliseconds, which is what a Store keeps.
func now(s Store) time.Time { return s.Now().UTC().Truncate(time.Millisecond) }

func random(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails: crypto/rand ends the program instead
	return letters.EncodeToString(b)
}

// hash is plain SHA-256: keys are random and long, so there is nothing to try out.
func hash(full string) string {
	h := sha256.Sum256([]byte(full))
	return base64.RawURLEncoding.EncodeToString(h[:])
}

// wellFormed spares the database what cannot be a key.
func wellFormed(s string) bool {
	if len(s) != allChars || !strings.HasPrefix(s, Prefix) || s[len(Prefix)+idChars] != '_' {
		return false
	}
	for i, r := range s[len(Prefix):] {
		if i != idChars && (r < 'a' || r > 'z') && (r < '2' || r > '7') {
			return false
		}
	}
	return true
}

// cleanOrganisation accepts a name of one line that shows as it is written. It is the
// operator's own input, so what does not fit is an error and not made to fit.
func cleanOrganisation(s string) (string, error) {
	s = strings.TrimSpace(s)
	switch {
	case s == "":
		return "", errors.New("name the organisation that gets the key")
	case !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }):
		return "", errors.New("the organisation's name has characters that cannot be seen")
	case utf8.RuneCountInString(s) > MaxOrganisation:
		return "", fmt.Errorf("the organisation's name is longer than %d characters", MaxOrganisation)
	}
	return s, nil
}
