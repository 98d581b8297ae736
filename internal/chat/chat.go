// Package chat is what is said in sessions and kept: how much, for how long, and how it reads
// as a text. Who may say and read what while a session lives is the relay's business; this
// package stores. It is pure domain: storage is behind Store. The broker's packages may import
// it.
package chat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pindesk/internal/wire"
)

const (
	// MaxLines is how many lines one session may hold.
	MaxLines = 2000
	// MaxWaiting is how many of them may be from or for viewers without the view grant: whoever
	// has the PIN can make such lines.
	MaxWaiting = 200

	// DefaultKeep is how long the lines of an ended session are kept.
	DefaultKeep = 30 * 24 * time.Hour

	// sweepBatch is how many sessions' lines one statement of Sweep erases.
	sweepBatch = 50
)

// Errors of Append.
var (
	ErrFull = errors.New("chat: the session holds as many lines as it may")
	ErrGone = errors.New("chat: the session has ended")
)

// Said is a line to be stored: what a party says, after the relay has cleaned and stamped it.
type Said struct {
	Session string // id
	Party   string // id of the party that says it
	Viewer  uint16 // its number; 0: the presenter
	Name    string
	Waiting uint16 // see wire.ChatLine
	Client  string // its own name of the line: the same one is stored once
	Text    string
}

// Query says which lines a party may read and wants.
type Query struct {
	Session string
	Party   string
	Viewer  uint16 // 0: the presenter
	All     bool   // else only lines that are waiting for this viewer
	Before  uint32 // ids below this; 0: no bound
	Limit   int
}

// Store keeps lines; internal/store implements it.
type Store interface {
	// Now is the clock that all nodes on the same database share.
	Now() time.Time
	// AddLine stores a line with the next number and an event of it, or returns the line that
	// the same party has said before by the same client. ErrFull beyond the two caps, ErrGone if
	// the session does not live.
	AddLine(ctx context.Context, s Said, maxLines, maxWaiting int, now time.Time) (wire.ChatLine, error)
	// Lines returns the newest lines that q lets through, at most q.Limit, newest first. A
	// presenter that is not its session's first gets none from before it joined.
	Lines(ctx context.Context, q Query) ([]wire.ChatLine, error)
	// EraseLines erases the lines of at most limit sessions that ended at endedBefore or
	// earlier, and returns their number.
	EraseLines(ctx context.Context, endedBefore time.Time, limit int) (int, error)
}

// Service holds the rules over a Store. It starts no goroutine and is safe for use by several.
type Service struct {
	store Store
	keep  time.Duration
	clock func() time.Time
}

// New makes a Service that keeps the lines of ended sessions for the time keep (>= 0). clock
// nil means Store.Now.
func New(s Store, keep time.Duration, clock func() time.Time) (*Service, error) {
	if keep < 0 {
		return nil, fmt.Errorf("chats cannot be kept for %v: the time must not be negative", keep)
	}
	if clock == nil {
		clock = s.Now
	}
	return &Service{s, keep, clock}, nil
}

// Append stores a line. ErrFull, ErrGone.
func (s *Service) Append(ctx context.Context, said Said) (wire.ChatLine, error) {
	return s.store.AddLine(ctx, said, MaxLines, MaxWaiting, s.clock().UTC().Truncate(time.Millisecond))
}

// Log returns the newest lines that q lets through, oldest first, and whether there are older
// ones.
func (s *Service) Log(ctx context.Context, q Query) (lines []wire.ChatLine, more bool, err error) {
	limit := q.Limit
	q.Limit++ // one more shows that there is more
	newest, err := s.store.Lines(ctx, q)
	if err != nil {
		return nil, false, err
	}
	more = len(newest) > limit
	for i := min(limit, len(newest)) - 1; i >= 0; i-- {
		lines = append(lines, newest[i])
	}
	return lines, more, nil
}

// Transcript returns all lines of a session, oldest first.
func (s *Service) Transcript(ctx context.Context, session string) ([]wire.ChatLine, error) {
	lines, _, err := s.Log(ctx, Query{Session: session, Viewer: 1, All: true, Limit: MaxLines})
	return lines, err
}

// Sweep erases what was kept long enough.
func (s *Service) Sweep(ctx context.Context) error {
	for {
		n, err := s.store.EraseLines(ctx, s.clock().Add(-s.keep), sweepBatch)
		if err != nil {
			return fmt.Errorf("erase old chats: %w", err)
		}
		if n < sweepBatch {
			return nil
		}
	}
}
