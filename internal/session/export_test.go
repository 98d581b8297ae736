package session

import "io"

// SetRandom replaces the source of PINs.
func (s *Service) SetRandom(r io.Reader) { s.random = r }
