// Package presenter is the party that shares its screen: it joins a session, asks its
// guest for consent, streams the desktop to the viewers that were granted it, and puts their
// input into it. The desktop itself is behind Capturer and Injector, the guest behind Asker.
// cmd/presenter and end-to-end tests import it; it imports wire, screen and
// transfer.
//
// # Goroutines
//
// Run joins and reconnects. Each connection has a reader, a writer, and the loop, which is
// the goroutine that Run was called in and owns the capturer, the encoder and the pacing.
// Input goes from the reader straight to one injecting goroutine, so that it never waits for
// pixels; the grants that it needs are behind a mutex. All goroutines end before Run returns.
//
// # Chat
//
// Tell may be called by any goroutine; its lines wait in a talk, which outlives connections, and
// the loop sends them. What others say is shown by Config.Say.
//
// # Files
//
// Files are package transfer's: it has a goroutine of its own, which outlives connections. The loop
// tells it who may see the screen and has the guest asked for it; the reader gives it chunks and
// acks; the writer takes its chunks when there is nothing else to write.
//
// # Streams
//
// The whole desktop is a stream, and each monitor is one (stream.go, monitors.go): a rectangle of the
// picture with an encoder and a pace of its own. One Grab feeds all streams, each of which takes
// what of the damage lies in its rectangle. A stream that nobody watches encodes nothing and keeps no
// memory, and what no watched stream shows is not captured. Input is moved from its stream's
// origin to the desktop.
//
// # Pacing
//
// See pace.go and flow.go: the loop encodes only when the lead viewer's acks leave credit, and
// then the newest pixels, as many as the measured link takes in some 40 ms. So latency is bounded
// by one update and a round trip. slowlink_test.go simulates it from 100 kbit/s to 100 Mbit/s.
package presenter

import (
	"context"

	"pindesk/internal/screen"
	"pindesk/internal/transfer"
	"pindesk/internal/wire"
)

// Capturer reads one desktop's picture. Its methods but Close are called by one goroutine.
type Capturer interface {
	// Size is that of the desktop, as far as it is known before the first Grab.
	Size() (w, h int)
	// Changed (capacity 1) is signalled when Grab, Cursor or Pointer may have something new.
	Changed() <-chan struct{}
	// Grab brings the capturer's own picture up to date with all damage since the last call
	// and returns it with the damaged rectangles. Both stay valid until the next Grab. After a
	// change of the desktop's size the whole picture is damaged.
	Grab() (screen.Picture, []screen.Rect, error)
	// Monitors are rectangles of the picture, as the last Grab found them (before the first: as
	// far as they are known), without streams. Changed is signalled when a Grab will find others. A
	// returned slice is never changed.
	Monitors() []wire.Monitor
	// Watch says what is of interest from now on; none means all, as in the beginning. Of the rest
	// Grab need not read anything, and tells its damage when it becomes of interest.
	Watch(areas []screen.Rect)
	// Cursor returns the pointer's shape, and a serial that changes with it.
	Cursor() (wire.Cursor, uint32, error)
	// Pointer returns the pointer's place in the picture.
	Pointer() (x, y int, err error)
	Close() error
}

// Waker keeps a desktop from going to sleep, and its screen from being blanked or locked for want of input. Its method
// is called by the loop, every awakeEvery while somebody sees the screen, and must not wait.
type Waker interface {
	// KeepAwake counts as an input of the guest does: for the system's usual time.
	KeepAwake()
}

// Injector puts input into the desktop. Its methods are called by one goroutine, not the
// capturer's.
type Injector interface {
	Move(x, y int) error
	Button(b wire.Button, down bool) error
	Wheel(dx, dy int) error // in 1/120 of a notch
	Key(e wire.Event) error
	Text(s string) error
	ReleaseAll() error // what this injector holds down
	Close() error
}

// Clipboard is the text of a desktop's clipboard. Its methods are called by several goroutines.
type Clipboard interface {
	// Changed (capacity 1) is signalled when another program has put something there.
	Changed() <-chan struct{}
	// Copies counts how often other programs have put something there, all that happened before
	// the call included.
	Copies(ctx context.Context) (uint64, error)
	// Read returns the text that another program has put there; "" when there is none, when it came from
	// Write, or when it is marked as a secret. One of more than limit bytes does not fit.
	Read(ctx context.Context, limit int) (text string, fits bool, err error)
	// Write puts a text there; "" takes away what the last Write has put there, if it still is.
	Write(text string) error
}

// Question is what a guest is asked.
type Question struct {
	Name    string       // self-declared, may be empty
	Twin    bool         // another viewer has the same name
	Control bool         // to control, else only to see
	Hand    bool         // it controls, and wants to hand control to To
	To      string       // self-declared, may be empty
	ToTwin  bool         // another viewer has the same name as To
	Share   ClipboardUse // of the clipboard, with who gets control

	// Broker is not empty when the question is of no viewer: may this program connect to that broker, of which
	// only the name of its file says that the session is there?
	Broker string

	Elevate bool // it controls, and wants this program to go on as administrator

	File *transfer.Wish // it wants to send this file, or to be given one; nil: the question is of something else
}

// Asker asks the guest. Only one question is open at a time.
type Asker interface {
	// Ask returns the guest's answer, or false when ctx ends. It must take no notice of input
	// from before its first 500 ms: it may be a viewer's.
	Ask(ctx context.Context, q Question) bool
}

// FilePicker is an Asker that can have the guest choose a file.
type FilePicker interface {
	// PickFile returns the path of the file that the guest gives to who asks for one (q.File.Give), or ""
	// for no, also when ctx ends. What Ask says of early input holds here, too.
	PickFile(ctx context.Context, q Question) (path string)
}
