package main

import (
	"log/slog"
	"time"

	"pindesk/internal/platform"
	"pindesk/internal/screen"
)

// tracedScreen logs when each capture began and what it took, in µs; bench reads it to show where
// the time goes. It is used with --debug only.
type tracedScreen struct {
	platform.Capturer
	log *slog.Logger
}

// Grab implements platform.Capturer.
func (s tracedScreen) Grab() (screen.Picture, []screen.Rect, error) {
	began := time.Now()
	pic, damage, err := s.Capturer.Grab()
	s.log.Debug("grab", "began", began.UnixMicro(), "took", time.Since(began).Microseconds(), "rects", len(damage))
	return pic, damage, err
}
