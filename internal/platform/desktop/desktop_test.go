package desktop

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

// The guest reads the message, the log the cause as well, programs ask for the kind.
func TestError(t *testing.T) {
	for _, c := range []struct {
		err  *Error
		text string
	}{
		{&Error{Kind: ErrRefused, Message: "No."}, "No."},
		{&Error{Kind: ErrRefused, Message: "No.", Err: io.EOF}, "No. (EOF)"},
	} {
		if got := c.err.Error(); got != c.text {
			t.Errorf("%q, want %q", got, c.text)
		}
		wrapped := fmt.Errorf("wrapped: %w", c.err)
		if !errors.Is(wrapped, ErrRefused) || errors.Is(wrapped, ErrGone) || errors.Is(wrapped, io.EOF) != (c.err.Err != nil) {
			t.Errorf("kind or cause of %v is lost", wrapped)
		}
	}
}
