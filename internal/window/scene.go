package window

// ID names what can be pressed, or typed into. Buttons about a viewer have its number behind a colon.
type ID string

// What can be pressed or typed into.
const (
	PIN      ID = "pin"    // a field
	Address  ID = "broker" // a field
	Connect  ID = "connect"
	Quit     ID = "quit"
	Deny     ID = "deny"
	Allow    ID = "allow"
	Stop     ID = "stop"
	TakeBack ID = "take"
	End      ID = "end" // of one viewer
	ChatText ID = "chat.text"
	ChatSend ID = "chat.send"
	Files    ID = "files"
	Path     ID = "path" // a field
	Browse   ID = "browse"
	SendTo   ID = "send" // to one viewer
	NoFiles  ID = "files.cancel"
	Back     ID = "back"
	Close    ID = "close"
	Again    ID = "again"   // what did not work
	Another  ID = "another" // PIN
	Log      ID = "log"     // what is said; it can be scrolled
)

// Kind of an Item.
type Kind uint8

// The kinds of items.
const (
	Heading Kind = iota
	Text
	Small   // a text of less weight
	Warning // a text that must not be overlooked
	Button
	Field
	Lines // of a log, the newest last, in a box that can be scrolled
)

// Look of a button.
type Look uint8

// The looks of buttons.
const (
	Plain Look = iota
	Primary
	Danger
)

// Item is one thing in a window.
type Item struct {
	ID    ID // "" for what cannot be pressed
	Kind  Kind
	Text  string // of a Field: what is typed in it
	Label string // for people who do not see it; of a Field it is shown above, too
	Look  Look
	Off   bool // cannot be pressed now
	Row   int  // items after each other with the same number but 0 stand side by side
}

// Scene is all that a window shows.
type Scene struct {
	Title string
	Items []Item
	Focus ID // has it when the scene is new
	// Enter is pressed by the Enter key; it is "" where that presses what has the focus. Always says that
	// it is so wherever the focus is. In a field it is that of the field's own button.
	Enter  ID
	Always bool
	Escape ID // is pressed by Esc; "" for nothing
	Shut   ID // is pressed by closing the window
	// Number changes when this is about something else than before: a drawer forgets where the focus was.
	Number int
	Urgent bool // must be seen: comes to the front, without taking the keyboard
}

// Item returns the item of an ID.
func (s *Scene) Item(id ID) (Item, bool) {
	for _, i := range s.Items {
		if i.ID == id && id != "" {
			return i, true
		}
	}
	return Item{}, false
}

// Banner is the strip on top of everything while the screen is shared.
type Banner struct {
	Text    string
	Label   string // the window's name, for people who do not see it
	Buttons []Item
	Alarm   bool // somebody controls
}
