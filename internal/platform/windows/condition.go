package windows

import "pindesk/internal/wire"

// Integrity levels, as Windows numbers them: a program of a lower one cannot put input into a window of a
// higher one.
const (
	integrityMedium = 0x2000 // of what people start
	integrityHigh   = 0x3000 // of what they have started as administrator
)

// sight is what there is to see of what stands in the way.
type sight struct {
	ours      string // the desktop that this program's windows are on
	active    string // the one that gets input now; "" if it could not be opened
	locked    bool   // Windows says that this session is
	own       uint32 // integrity level of this program
	front     uint32 // that of the program in front; 0: there is none
	frontHide bool   // it may not be looked into, not even so far
}

// condition says what of it a viewer must know.
func (s sight) condition() wire.Condition {
	switch {
	case s.locked:
		return wire.ConditionLocked
	case s.active != s.ours: // UAC's question, Ctrl+Alt+Del, a screen saver
		return wire.ConditionSecure
	case s.own < integrityHigh && (s.frontHide || s.front > s.own):
		return wire.ConditionElevated
	}
	return wire.ConditionFree
}
