package presenter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"pindesk/internal/screen"
	"pindesk/internal/transfer"
	"pindesk/internal/wire"
)

// Config of a Presenter.
type Config struct {
	Broker string // address, such as https://help.example.com
	PIN    string
	// Handover is what the guest's own browser tab was given for its successor: with it this
	// presenter goes on in the tab's place, and those that the guest let see there still see. "" for none.
	Handover string
	Name     string // self-declared, may be empty
	Consent  Consent
	Screen   Capturer
	Input    Injector
	Guest    Asker                           // asked where Consent wants it
	Say      func(format string, arg ...any) // tells the guest one line; nil says nothing
	Observer Observer                        // hears what lines say, and more; nil: nobody
	Log      *slog.Logger
	// Clipboard is the desktop's; nil when it has none that can be shared. The caller closes it.
	Clipboard Clipboard
	Share     ClipboardUse    // of the clipboard; "" means ClipboardBoth
	Files     transfer.Config // Say and Free are the presenter's own; without a Policy no files are moved
	Waker     Waker           // keeps the desktop awake; nil where that is not possible
	// Conditions says what stands in the way, each time that it changes; nil where nothing ever does.
	Conditions <-chan wire.Condition
	// Proxy says through which proxy a call to the broker goes, as http.Transport.Proxy does; nil: as the environment says.
	// Its answers may hold a password, and are told to nobody.
	Proxy func(*http.Request) (*url.URL, error)
	// Privileges are those of this process, for all to know. Where they are PrivilegesUser and there is Elevate, who
	// controls can wish for more, and the guest is asked.
	Privileges wire.Privileges
	// Elevate starts this program anew as administrator, for which the system asks by itself, and gives that process what
	// leave returns, so that it goes on by Inherit; leave is called at most once, when it is there. Elevate returns when
	// the other process was not started (ErrDeclined: a person said no) or has ended, or when ctx ends.
	Elevate func(ctx context.Context, leave func() Succession) error
	// Inherit has this presenter go on where another process of the same program was; nil: it begins anew. Broker and PIN are
	// still those above.
	Inherit *Succession
}

// Presenter shares one desktop in one session.
type Presenter struct {
	cfg              Config
	broker           *url.URL
	calls            *http.Client // to the broker's API
	start            time.Time    // of the clock in updates
	grants           *grants
	inject           *injection
	talk             *talk
	clips            *clips
	files            *transfer.Files
	resume           string         // newest resume secret, or before the first connection the inherited one
	toldOrganisation bool           // the guest knows whose session this is
	condition        wire.Condition // owned by the loop
	left             atomic.Bool    // another process has been given what it needs to go on

	monitors numbering
	streams  []*stream // that of the whole desktop, then the monitors'; owned by the loop
}

// Reconnecting: the first try comes almost at once, because most drops are short.
const (
	firstWait = 300 * time.Millisecond
	maxWait   = 15 * time.Second
	calm      = 10 * time.Second // a connection of this length resets the wait
)

// ErrReplaced is returned by Run when another presenter has taken the session over.
var ErrReplaced = errors.New("another computer is sharing in this session now")

// ErrMoved is returned by Run when the guest's own tab has taken over again.
var ErrMoved = errors.New("your browser, or this program started anew, goes on sharing")

// ErrEnded is returned by Run when the session is over.
var ErrEnded = errors.New("the session has ended")

// ErrNoSession is returned by Run when the broker knows no session with the PIN, or none any more.
var ErrNoSession = fmt.Errorf("%w: there is no session with this PIN, or it has ended. Check the PIN, or ask the person who helps you for a new one", errRefused)

// New checks c. It opens nothing.
func New(c Config) (*Presenter, error) {
	u, err := brokerURL(c.Broker)
	if err != nil {
		return nil, err
	}
	switch c.Consent {
	case Ask, ViewOnly, ControlFree:
	default:
		return nil, fmt.Errorf("consent is %s, %s or %s", Ask, ViewOnly, ControlFree)
	}
	if c.Screen == nil || c.Input == nil || c.Guest == nil && c.Consent != ControlFree {
		return nil, errors.New("presenter: a screen, an input and somebody to ask are needed")
	}
	switch c.Share {
	case "":
		c.Share = ClipboardBoth
	case ClipboardBoth, ClipboardIn, ClipboardOff:
	default:
		return nil, fmt.Errorf("the clipboard is shared %s, %s or %s", ClipboardBoth, ClipboardIn, ClipboardOff)
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Say == nil {
		c.Say = func(string, ...any) {}
	}
	if c.Observer == nil {
		c.Observer = unobserved{}
	}
	if c.Proxy == nil {
		c.Proxy = http.ProxyFromEnvironment
	}
	p := &Presenter{cfg: c, broker: u, calls: callsBy(c.Proxy), start: time.Now(), streams: []*stream{newStream(0, screen.NewEncoder(0))}, talk: newTalk()}
	p.resume = p.inherited()
	p.grants = newGrants()
	p.grants.adopt = c.Handover != "" && c.Inherit == nil
	if c.Inherit != nil {
		p.grants.inherit(*c.Inherit)
	}
	p.clips = newClips(c.Clipboard, c.Share, p.grants, c.Log)
	p.inject = newInjection(c.Input, p.clips, p.grants, c.Log)
	if c.Files.Policy == "" {
		c.Files.Policy = transfer.Off
	}
	if !c.Files.Policy.Valid() || c.Files.Policy != transfer.Off && c.Files.Folder == nil {
		return nil, errors.New("presenter: files need a policy and a folder")
	}
	c.Files.Say = c.Say
	c.Files.Free = func() bool { return p.grants.unasked(c.Consent) }
	p.files = transfer.New(c.Files)
	return p, nil
}

// Run shares until ctx is done (then it returns nil), the session ends, another presenter
// takes over, or the desktop is gone. It reconnects by itself and says so.
func (p *Presenter) Run(ctx context.Context) error {
	p.streams[0].enc.Prepare(p.cfg.Screen.Size())
	ctx, cancel := context.WithCancel(ctx)
	var beside sync.WaitGroup
	beside.Go(func() { p.inject.run(ctx) })
	beside.Go(func() { p.clips.run(ctx) })
	beside.Go(func() { p.files.Run(ctx) })
	defer beside.Wait()
	defer cancel()
	defer p.calls.CloseIdleConnections()
	wait := firstWait
	for first := true; ; first = false {
		began := time.Now()
		err := p.connect(ctx, first)
		p.grants.offline()
		p.inject.check()
		if ctx.Err() != nil {
			return nil
		}
		if final, is := terminal(err); is {
			if errors.Is(final, ErrMoved) && p.left.Load() {
				return ErrElevated
			}
			return final
		}
		if p.late() {
			return errLate
		}
		if time.Since(began) > calm {
			wait = firstWait
		}
		pause := wait/2 + rand.N(wait)
		var later *waitError
		if errors.As(err, &later) {
			pause = max(pause, later.wait)
		}
		p.cfg.Observer.Disconnected(lostBy(err), plain(err), pause)
		p.cfg.Say("Not connected (%s). Trying again in %v.", plain(err), pause.Round(100*time.Millisecond))
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil
		}
		wait = min(2*wait, maxWait)
	}
}

// terminal translates an error after which the presenter must not come back.
func terminal(err error) (error, bool) {
	var closed *websocket.CloseError
	switch {
	case errors.Is(err, errRefused), errors.Is(err, errDesktop):
		return err, true
	case !errors.As(err, &closed):
		return nil, false
	case closed.Code == wire.CloseMoved:
		return ErrMoved, true
	case closed.Code == wire.CloseReplaced:
		return ErrReplaced, true
	case closed.Code == wire.CloseEnded:
		if closed.Text == "expired" {
			return fmt.Errorf("%w: it was not used any more", ErrEnded), true
		}
		return ErrEnded, true
	}
	return closed, wire.Terminal(closed.Code)
}

// plain says an error of a connection in the words of the person who shares.
func plain(err error) string {
	var closed *websocket.CloseError
	var slow net.Error
	switch {
	case errors.As(err, &closed) && closed.Code >= wire.CloseReconnect && closed.Text != "":
		return "the broker says: " + closed.Text
	case errors.As(err, &closed), errors.Is(err, net.ErrClosed), isEOF(err):
		return "the connection was lost"
	case errors.As(err, &slow) && slow.Timeout():
		return "the broker does not answer"
	}
	return err.Error()
}

// connect joins once and shares until the connection ends.
func (p *Presenter) connect(ctx context.Context, first bool) error {
	ws, err := p.join(ctx)
	if err != nil {
		return err
	}
	l := newLink(ws)
	s := newSharing(p, l)
	defer s.stop()
	p.cfg.Observer.Connected()
	if first {
		p.cfg.Say("Connected to %s.", p.broker.Host)
	} else {
		p.cfg.Say("Connected to %s again.", p.broker.Host)
	}
	return s.run(ctx)
}

func isEOF(err error) bool { return errors.Is(err, io.EOF) }
