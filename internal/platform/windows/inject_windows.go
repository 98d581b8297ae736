package windows

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"unsafe"

	sys "golang.org/x/sys/windows"

	"pindesk/internal/platform/desktop"
	"pindesk/internal/wire"
)

// errOwn refuses input that would go to this program's own windows: nobody approves oneself.
var errOwn = errors.New("windows: input is never put into this program's own windows")

// mouseInput and keyInput are INPUT for a mouse and for a keyboard.
type mouseInput struct {
	kind, _           uint32
	dx, dy            int32
	data, flags, time uint32
	_                 uint32
	extra             uintptr
}

type keyInput struct {
	kind, _     uint32
	vk, scan    uint16
	flags, time uint32
	_           uint32
	extra       uintptr
	_           uint64
}

// Flags of a mouseInput.
const (
	mouseMove        = 0x0001
	mouseWheel       = 0x0800
	mouseHWheel      = 0x1000
	mouseVirtualDesk = 0x4000
	mouseAbsolute    = 0x8000
)

// Injector puts input into the desktop by SendInput. See desktop.Injector for the rules.
type Injector struct {
	log *slog.Logger

	mu      sync.Mutex // held by every method
	closed  bool
	buttons [256]bool
	held    []heldKey // in the order of pressing
	keys    []keyInput
	mouse   mouseInput
}

// heldKey is a key that the technician holds down.
type heldKey struct {
	code string
	scan uint16 // down here too; 0: it was typed at once
	char rune   // that it types again when it repeats; 0: none
}

func openInjector(log *slog.Logger) (*Injector, error) {
	if err := missing(procSendInput, procVkKeyScanEx, procMapVirtualKeyEx); err != nil {
		return nil, &desktop.Error{Kind: desktop.ErrUnsupported, Message: "This version of Windows is too old to be controlled.", Err: err}
	}
	return &Injector{log: log}, nil
}

// enter begins a method.
func (i *Injector) enter() (leave func(), err error) {
	i.mu.Lock()
	if i.closed {
		i.mu.Unlock()
		return nil, desktop.ErrGone
	}
	return i.mu.Unlock, nil
}

// Move implements desktop.Injector.
func (i *Injector) Move(x, y int) error {
	leave, err := i.enter()
	if err != nil {
		return err
	}
	defer leave()
	ax, ay := virtualScreen().absolute(x, y)
	return i.sendMouse(ax, ay, 0, mouseMove|mouseAbsolute|mouseVirtualDesk)
}

// buttonFlags are the flags of pressing each button, those of its release are twice that; and its data.
var buttonFlags = map[wire.Button]struct{ flags, data uint32 }{
	wire.ButtonLeft: {0x0002, 0}, wire.ButtonRight: {0x0008, 0}, wire.ButtonMiddle: {0x0020, 0},
	wire.ButtonBack: {0x0080, 1}, wire.ButtonForward: {0x0080, 2},
}

// Button implements desktop.Injector.
func (i *Injector) Button(b wire.Button, down bool) error {
	leave, err := i.enter()
	if err != nil {
		return err
	}
	defer leave()
	if i.buttons[b] == down {
		return nil
	}
	if down && ownWindow(windowAtPointer()) {
		return errOwn
	}
	i.buttons[b] = down
	return i.button(b, down)
}

func (i *Injector) button(b wire.Button, down bool) error {
	if metric(smSwapButton) != 0 { // Windows swaps what comes in; the technician means the first button
		switch b {
		case wire.ButtonLeft:
			b = wire.ButtonRight
		case wire.ButtonRight:
			b = wire.ButtonLeft
		}
	}
	f := buttonFlags[b]
	if !down {
		f.flags *= 2
	}
	return i.sendMouse(0, 0, f.data, f.flags)
}

// Wheel implements desktop.Injector. Windows' units are those of the wire, and programs add up fractions.
func (i *Injector) Wheel(dx, dy int) error {
	leave, err := i.enter()
	if err != nil {
		return err
	}
	defer leave()
	if ownWindow(windowAtPointer()) {
		return errOwn
	}
	if dy != 0 { // Windows' is positive up
		err = i.sendMouse(0, 0, uint32(int32(-dy)), mouseWheel)
	}
	if dx != 0 {
		err = errors.Join(err, i.sendMouse(0, 0, uint32(int32(dx)), mouseHWheel))
	}
	return err
}

func (i *Injector) sendMouse(dx, dy int32, data, flags uint32) error {
	i.mouse = mouseInput{dx: dx, dy: dy, data: data, flags: flags}
	if n, errno := call(procSendInput, 1, uintptr(unsafe.Pointer(&i.mouse)), unsafe.Sizeof(i.mouse)); n != 1 {
		return fmt.Errorf("windows: the system takes no mouse input now: %w", errno)
	}
	return nil
}

// ReleaseAll implements desktop.Injector.
func (i *Injector) ReleaseAll() error {
	leave, err := i.enter()
	if err != nil {
		return err
	}
	defer leave()
	return i.releaseAll()
}

func (i *Injector) releaseAll() (errs error) {
	for b, down := range i.buttons {
		if down {
			i.buttons[b] = false
			errs = errors.Join(errs, i.button(wire.Button(b), false))
		}
	}
	for n := len(i.held) - 1; n >= 0; n-- {
		i.add(i.held[n].scan, false)
	}
	i.held = i.held[:0]
	return errors.Join(errs, i.flush())
}

// Close implements desktop.Injector.
func (i *Injector) Close() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return nil
	}
	err := i.releaseAll()
	i.closed = true
	return err
}

// windowAtPointer is the window that a click would go to.
func windowAtPointer() uintptr {
	var p point
	_, _ = call(procGetCursorPos, uintptr(unsafe.Pointer(&p)))
	at := uintptr(uint32(p.x)) | uintptr(uint32(p.y))<<32 // a POINT, by value
	window, _ := call(procWindowFromPoint, at)
	return window
}

// ownWindow reports whether a window is this program's.
func ownWindow(window uintptr) bool {
	if window == 0 {
		return false
	}
	var pid uint32
	_, _ = sys.GetWindowThreadProcessId(sys.HWND(window), &pid)
	return pid == sys.GetCurrentProcessId()
}
