package wire

// Condition is what stands in the way of seeing or controlling a presenter's computer: Control.Condition and
// PresenterState.Condition.
type Condition string

// The conditions.
const (
	ConditionFree     Condition = ""         // nothing does
	ConditionLocked   Condition = "locked"   // it is locked: the picture is from before
	ConditionSecure   Condition = "secure"   // it shows what only its person may see and answer: the picture is from before
	ConditionElevated Condition = "elevated" // the program in front has more rights than the presenter: it takes no input
)

// Valid reports whether it is one of these.
func (c Condition) Valid() bool {
	switch c {
	case ConditionFree, ConditionLocked, ConditionSecure, ConditionElevated:
		return true
	}
	return false
}
