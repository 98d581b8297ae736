package desktop

import "context"

// Clipboard is the text of the desktop's clipboard. Its methods may be called from any
// goroutine, and for a while each waits for other programs: Read at most for its ctx, the
// others for the desktop only. An error that wraps ErrGone is final.
type Clipboard interface {
	// Changed (capacity 1) is signalled when another program has put something there. It is
	// never closed.
	Changed() <-chan struct{}
	// Copies counts how often other programs have put something there, all that happened before
	// the call included: what is there was put there after an earlier call if the count has
	// grown since.
	Copies(ctx context.Context) (uint64, error)
	// Read returns the text that another program has put there, as that program gives it; "" when
	// there is none, when it came from Write, or when its program marks it as a secret. A text of
	// more than limit bytes is not returned, costs no more memory than limit, and fits is false.
	Read(ctx context.Context, limit int) (text string, fits bool, err error)
	// Write puts a text there. With "" it takes away what the last Write has put there, if it
	// still is.
	Write(text string) error
	// Close frees what it holds in the system; what Write has put there goes with it.
	Close() error
}
