// Package transfer moves files between a presenter and its viewers: the presenter's side of the
// chapter "Files" of package wire. Files does it all: it takes what the relay sends, asks for
// the guest's answers, reads and writes the disk, and gives messages to a connection when that
// has nothing else to do. The presenter imports it.
//
// # Goroutines
//
// Files.Run is one goroutine, which outlives connections and owns all transfers: a slow disk
// delays files and nothing else. Everything else of Files may be called by any goroutine and
// never waits; what it brings waits in a mailbox. What comes from viewers is bounded there, and what
// finds it full is lost, as a chunk that the relay had no room for; what this computer's side says
// never is.
//
// # Not to be in the way
//
// Window is how much may be on its way. It measures the delay of its own chunks and stays so
// small that they wait some 60 ms at most, wherever on the way that is (LEDBAT, RFC 6817);
// so a picture and a click wait no longer than that behind them.
package transfer

import "time"

// Policy is which way files may go at all.
type Policy string

// The policies.
const (
	Both Policy = "both"
	In   Policy = "in"  // from technicians to this computer
	Out  Policy = "out" // from this computer to technicians
	Off  Policy = "off"
)

// Valid reports whether p is one of them.
func (p Policy) Valid() bool { return p == Both || p == In || p == Out || p == Off }

func (p Policy) in() bool  { return p == Both || p == In }
func (p Policy) out() bool { return p == Both || p == Out }

// DefaultMaxSize is the largest file that is taken where nothing else is said.
const DefaultMaxSize = 4 << 30

// Config of Files.
type Config struct {
	Policy  Policy
	MaxSize int64  // of a file that is taken, in bytes
	Folder  Folder // where they go
	// Free reports whether every file that is not too large is taken without asking now; nil: never.
	// Files of this computer are given by somebody's hand only.
	Free func() bool
	Say  func(format string, arg ...any) // tells the guest one line
}

// Viewer is who may have a share in transfers: it may see the screen.
type Viewer struct {
	Number uint16
	Name   string // as it is to be shown: says what it is
	Here   bool   // connected, and not held
	Attach uint32 // counts its sockets
}

// Wish is what the guest is asked.
type Wish struct {
	Viewer  uint16
	Number  uint32 // of the transfer
	Give    bool   // the technician asks for a file; else it wants to send this one:
	Name    string // clean
	Size    int64
	Folder  string // where it will be
	Program bool   // who opens it may start a program
	// Withdrawn says that this wish is void.
	Withdrawn bool
}

// Answer is the guest's. Path is the file that is given.
type Answer struct {
	Yes  bool
	Path string
}

// Link is a connection as Files uses it. Both channels may be unbuffered; who reads them sends
// controls before anything else but input's kind, and chunks when there is nothing else.
type Link struct {
	Epoch    uint16
	Controls chan<- []byte
	Chunks   chan<- []byte
	Buffer   func() []byte // empty, maybe with memory
}

// Times of transfers.
const (
	returnTime = 30 * time.Second // for a sender that is here again to offer again
	sayEvery   = 10 * time.Second
)
