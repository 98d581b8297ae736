package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Control is a control message: JSON with a field "type" that is one of the constants
// below. One struct serves all types; the comment at each type names the fields that count.
// Unknown fields are ignored, so that a newer peer may add some; unknown types are dropped.
type Control struct {
	Type string `json:"type"`

	Role    string `json:"role,omitempty"`    // welcome: "presenter" or "viewer"
	Viewer  uint16 `json:"viewer,omitempty"`  // welcome (one's own), grant, refuse, lead, hand (to whom), chat (to a waiting viewer)
	Epoch   uint16 `json:"epoch,omitempty"`   // welcome, state: the present attach; 0 = none
	Resume  string `json:"resume,omitempty"`  // welcome: the new resume secret
	Resumed bool   `json:"resumed,omitempty"` // welcome: the old resume secret was accepted
	// welcome of a presenter: a secret with which another program of the same person joins in its
	// place, once: shown as a resume secret. This one is closed by CloseMoved then, and comes back by
	// its own resume secret.
	Handover string `json:"handover,omitempty"`
	// welcome: whose API key has made the session, as the operator has checked it; unlike a name
	// it is not self-declared. "" if none has.
	Organisation string `json:"organisation,omitempty"`

	View      bool   `json:"view,omitempty"`      // grant
	Control   bool   `json:"control,omitempty"`   // grant, ask, refuse, refused
	Elevate   bool   `json:"elevate,omitempty"`   // refuse, refused: the wish that the presenter goes on as administrator
	May       bool   `json:"may,omitempty"`       // grant
	To        uint16 `json:"to,omitempty"`        // refuse, refused: to whom control was to be handed; else 0
	Open      bool   `json:"open,omitempty"`      // question
	Blocked   bool   `json:"blocked,omitempty"`   // refused: no further request is heard
	Reason    string `json:"reason,omitempty"`    // ended, bye, unsaid; refuse, refused: ReasonViewOnly, ReasonDeclined, ReasonFailed or nothing
	ViewOnly  bool   `json:"view_only,omitempty"` // shares
	Clipboard string `json:"clipboard,omitempty"` // clipboard
	// condition: what stands in the way.
	Condition  Condition  `json:"condition,omitempty"`
	Privileges Privileges `json:"privileges,omitempty"` // privileges
	Stream     uint8      `json:"stream,omitempty"`     // lead, watch: 0 = all monitors together
	Stamp      uint32     `json:"stamp,omitempty"`      // ping, pong: the viewer's own
	Queue      int        `json:"queue,omitempty"`      // pong: bytes on their way to the viewer

	Text   string     `json:"text,omitempty"`   // chat, from a party
	Client string     `json:"client,omitempty"` // chat from a party, unsaid: the sender's own name of the line
	Before uint32     `json:"before,omitempty"` // chat_log: ids below this; 0 = the newest
	Lines  []ChatLine `json:"lines,omitempty"`  // chat, from the relay: oldest first
	More   bool       `json:"more,omitempty"`   // chat, from the relay: there are lines before the first of lines

	Monitors []Monitor `json:"monitors,omitempty"` // monitors

	File *File `json:"file,omitempty"` // file

	Presenter *PresenterState `json:"presenter,omitempty"` // state
	Viewers   []ViewerState   `json:"viewers,omitempty"`   // state
	Question  bool            `json:"question,omitempty"`  // state: the guest is being asked
}

// Types of control messages.
const (
	// From the relay.
	TypeWelcome = "welcome" // first message on every socket: role, viewer, epoch, resume, resumed, handover, organisation
	TypeState   = "state"   // to all on every change: epoch, presenter, viewers, question
	TypeLead    = "lead"    // to the presenter: viewer whose acks pace stream; 0 = none
	TypeRefused = "refused" // to a viewer: control, elevate or else view was refused; blocked, to, reason
	TypeEnded   = "ended"   // to all, before the close: reason
	TypePong    = "pong"    // to a viewer, answers its ping at once: stamp, queue

	// The chat: see the package documentation.
	TypeChat    = "chat"     // from a party: text, client, viewer; from the relay: lines, more
	TypeChatLog = "chat_log" // from a party: asks for lines before one; answered by chat
	TypeUnsaid  = "unsaid"   // from the relay: the line of client was not stored; reason

	// TypeFile is about a transfer between the presenter and one viewer: file, viewer. The
	// relay writes viewer; see the package documentation.
	TypeFile = "file"

	// From a viewer, to the presenter (stamped by the relay).
	TypeAsk      = "ask"      // asks for view, or with control=true for control
	TypeYield    = "yield"    // gives control and the permission for it back; handled by the relay
	TypeHand     = "hand"     // the controller wishes that viewer controls in its place
	TypeElevate  = "elevate"  // the controller wishes that the presenter goes on as administrator
	TypePing     = "ping"     // measures the way to the relay: stamp; handled by the relay
	TypeWatch    = "watch"    // wants the picture of stream from now on; handled by the relay
	TypeContinue = "continue" // the person goes on with the computer of epoch; handled by the relay

	// From the presenter, to the relay.
	TypeGrant      = "grant"      // viewer now has just these: view, control, may
	TypeShares     = "shares"     // how it shares: view_only
	TypeRefuse     = "refuse"     // viewer's wish for view, or control=true, or elevate=true, is refused; to, reason
	TypeMonitors   = "monitors"   // all monitors that there are now: see the package documentation
	TypeQuestion   = "question"   // open: a question is before the guest, input is stopped
	TypeClipboard  = "clipboard"  // what its clipboard is there for: clipboard, a constant Clipboard; else ""
	TypeCondition  = "condition"  // what stands in the way of seeing or controlling: condition
	TypePrivileges = "privileges" // what rights its program has on its computer: privileges
	TypeBye        = "bye"        // from either: leaves on purpose; reason
)

// ReasonViewOnly says in refuse and refused that nobody was asked: what shares the screen is a
// browser, which cannot give control.
const ReasonViewOnly = "view_only"

// PresenterState is what everybody may know of the presenter.
type PresenterState struct {
	Name     string `json:"name,omitempty"` // self-declared
	Attached bool   `json:"attached"`       // false while it is away or was never there
	Left     bool   `json:"left,omitempty"` // it went away on purpose
	Changed  bool   `json:"changed"`        // another computer than before: see ViewerState.Held
	// Monitors are told to the presenter and to viewers that have the view grant.
	Monitors   []Monitor  `json:"monitors,omitempty"`
	Clipboard  string     `json:"clipboard,omitempty"`  // see Control.Clipboard
	ViewOnly   bool       `json:"view_only,omitempty"`  // it is a browser: nobody controls it, see the package documentation
	Condition  Condition  `json:"condition,omitempty"`  // what stands in the way now
	Privileges Privileges `json:"privileges,omitempty"` // what rights its program has on its computer
}

// ViewerState is what everybody may know of a viewer.
type ViewerState struct {
	Viewer  uint16 `json:"viewer"`
	Name    string `json:"name,omitempty"` // self-declared
	Twin    bool   `json:"twin,omitempty"` // another viewer has the same name
	Online  bool   `json:"online"`
	Attach  uint32 `json:"attach"` // counts this viewer's sockets: its input counter starts anew
	View    bool   `json:"view"`
	Control bool   `json:"control"`
	May     bool   `json:"may,omitempty"`    // gets control by asking, without a question; control includes it
	Asking  string `json:"asking,omitempty"` // "view", "control", "hand" or "elevate": a wish not answered yet
	To      uint16 `json:"to,omitempty"`     // asking is "hand": to whom
	Why     string `json:"why,omitempty"`    // why its control or, without view, its view has ended: see Why
	Held    bool   `json:"held,omitempty"`   // must send "continue" before its input counts
	Lead    bool   `json:"lead,omitempty"`   // of its stream
	Stream  uint8  `json:"stream,omitempty"` // whose picture it is sent
}

// Reasons in ViewerState.Why. They stand until the viewer gets that right again.
const (
	WhyGuest  = "guest"  // the guest has taken it back
	WhyHanded = "handed" // it has handed control to another viewer
	WhyTaken  = "taken"  // another viewer has taken control over, by a permission or a yes of the guest
	WhyGave   = "gave"   // it has given control back itself
)

// AppendControl appends a whole control message, header included, to b.
func AppendControl(b []byte, epoch, viewer uint16, c Control) []byte {
	body, err := json.Marshal(c)
	if err != nil { // no field of Control can fail to marshal
		panic(err)
	}
	b = AppendHeader(b, Header{Kind: KindControl, Epoch: epoch, Viewer: viewer})
	return append(b, body...)
}

// ParseControl parses the body of a control message. Caps: MaxControl bytes.
func ParseControl(body []byte) (Control, error) {
	var c Control
	if len(body) > MaxControl {
		return c, fmt.Errorf("%w: control of %d bytes", ErrMalformed, len(body))
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	if err := dec.Decode(&c); err != nil || c.Type == "" || dec.More() {
		return Control{}, fmt.Errorf("%w: control is not one JSON object with a type", ErrMalformed)
	}
	if !c.File.valid() {
		return Control{}, fmt.Errorf("%w: control of a file that cannot be", ErrMalformed)
	}
	return c, nil
}
