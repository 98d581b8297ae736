package wire

// Privileges are the rights that a presenter's program has on its computer: Control.Privileges and
// PresenterState.Privileges.
type Privileges string

// The privileges.
const (
	PrivilegesUnsaid Privileges = ""      // it does not say: there is nothing that could be asked for
	PrivilegesUser   Privileges = "user"  // those of its person; it can go on as administrator if the guest lets it
	PrivilegesAdmin  Privileges = "admin" // it runs as administrator
)

// Valid reports whether it is one of these.
func (p Privileges) Valid() bool {
	switch p {
	case PrivilegesUnsaid, PrivilegesUser, PrivilegesAdmin:
		return true
	}
	return false
}

// Reasons in refuse and refused of a wish that the presenter goes on as administrator. Without one the guest has
// said no to the presenter's own question.
const (
	ReasonDeclined = "declined" // the guest, or who else was asked, has said no to the system's question
	ReasonFailed   = "failed"   // it did not work; nobody has denied anything
)
