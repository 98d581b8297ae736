package presenter

import "pindesk/internal/wire"

// conditionIs takes what stands in the way now.
func (s *sharing) conditionIs(c wire.Condition) error {
	if c == s.p.condition {
		return nil
	}
	s.p.condition = c
	if s.epoch == 0 {
		return nil // welcome comes first
	}
	return s.tell(wire.Control{Type: wire.TypeCondition, Condition: c})
}

// tellCondition tells it to a relay that does not know yet.
func (s *sharing) tellCondition() error {
	if s.p.condition == wire.ConditionFree {
		return nil
	}
	return s.tell(wire.Control{Type: wire.TypeCondition, Condition: s.p.condition})
}
