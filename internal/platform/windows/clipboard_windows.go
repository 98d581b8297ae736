package windows

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf16"
	"unsafe"

	sys "golang.org/x/sys/windows"

	"pindesk/internal/platform/desktop"
)

const (
	formatUnicode   = 13     // CF_UNICODETEXT
	messageCopied   = 0x031d // WM_CLIPBOARDUPDATE
	messageWork     = 0x8001 // something is in Clipboard.work
	messageOnly     = ^uintptr(2)
	clipboardTries  = 20 // another program has it open for a moment
	clipboardPause  = 10 * time.Millisecond
	clipboardAnswer = 3 * time.Second // for Write; a program that owns the clipboard may not answer
)

// Formats by which password managers say that a text is nobody's business; what Write puts there bears them, too,
// so that a technician's text gets into no history and no cloud.
var secretFormats = []string{"ExcludeClipboardContentFromMonitorProcessing", "Clipboard Viewer Ignore"}

// Clipboard is the clipboard of this session. See desktop.Clipboard for the rules. One thread has a hidden
// window, and does all that touches the clipboard: other programs may be slow to give what they have put there.
type Clipboard struct {
	log     *slog.Logger
	changed chan struct{}
	work    chan func() // for the thread; capacity 16
	ended   chan struct{}
	closing sync.Once
	window  atomic.Uintptr
	copies  atomic.Uint64

	// Of the thread:
	last    uint32 // number of the clipboard's content, as Windows counts
	secrets []uintptr
}

// OpenClipboard opens the clipboard. Errors are *desktop.Error where they are of use to the guest.
func OpenClipboard(log *slog.Logger) (*Clipboard, error) {
	if err := missing(procAddClipboardFormatListener); err != nil {
		return nil, &desktop.Error{Kind: desktop.ErrUnsupported, Message: "The clipboard of this version of Windows cannot be shared.", Err: err}
	}
	b := &Clipboard{log: log, changed: make(chan struct{}, 1), work: make(chan func(), 16), ended: make(chan struct{})}
	opened := make(chan error)
	go b.run(opened)
	if err := <-opened; err != nil {
		return nil, &desktop.Error{Kind: desktop.ErrUnsupported, Message: "The clipboard cannot be shared.", Err: err}
	}
	return b, nil
}

// clipboards are the open ones by their windows: a window's procedure is one function for all.
var clipboards sync.Map // uintptr -> *Clipboard

type windowClass struct {
	size, style                        uint32
	proc                               uintptr
	classExtra, windowExtra            int32
	instance, icon, cursor, background uintptr
	menu, name                         *uint16
	smallIcon                          uintptr
}

type message struct {
	window  uintptr
	message uint32
	w, l    uintptr
	time    uint32
	at      point
	_       uint32
}

// clipboardClass registers the class of the windows, once.
var clipboardClass = sync.OnceValue(func() *uint16 {
	name := sys.StringToUTF16Ptr("PinDeskClipboard")
	class := windowClass{proc: sys.NewCallback(clipboardWindow), name: name}
	class.size = uint32(unsafe.Sizeof(class))
	_, _ = call(procRegisterClassEx, uintptr(unsafe.Pointer(&class)))
	return name
})

func clipboardWindow(window, message, w, l uintptr) uintptr {
	if b, ok := clipboards.Load(window); ok {
		switch message {
		case messageCopied:
			b.(*Clipboard).look()
			return 0
		case messageWork:
			b.(*Clipboard).doWork()
			return 0
		}
	}
	r, _ := call(procDefWindowProc, window, message, w, l)
	return r
}

func (b *Clipboard) run(opened chan<- error) {
	runtime.LockOSThread() // and never unlocked: the thread ends with the window
	defer close(b.ended)
	window, errno := call(procCreateWindowEx, 0, uintptr(unsafe.Pointer(clipboardClass())), 0, 0, 0, 0, 0, 0, messageOnly, 0, 0, 0)
	if window == 0 {
		opened <- fmt.Errorf("CreateWindowEx: %w", errno)
		return
	}
	clipboards.Store(window, b)
	defer func() {
		clipboards.Delete(window)
		_, _ = call(procDestroyWindow, window)
	}()
	b.window.Store(window)
	b.last = sequenceNumber()
	for _, name := range secretFormats {
		f, _ := call(procRegisterClipboardFormat, uintptr(unsafe.Pointer(sys.StringToUTF16Ptr(name))))
		b.secrets = append(b.secrets, f)
	}
	if ok, errno := call(procAddClipboardFormatListener, window); ok == 0 {
		opened <- fmt.Errorf("AddClipboardFormatListener: %w", errno)
		return
	}
	opened <- nil
	var m message
	for {
		if got, _ := call(procGetMessage, uintptr(unsafe.Pointer(&m)), 0, 0, 0); int32(got) <= 0 {
			return
		}
		_, _ = call(procDispatchMessage, uintptr(unsafe.Pointer(&m)))
	}
}

func sequenceNumber() uint32 {
	n, _ := call(procGetClipboardSequenceNumber)
	return uint32(n)
}

// look counts what other programs have put there since the last look.
func (b *Clipboard) look() {
	n := sequenceNumber()
	if n == b.last {
		return
	}
	b.last = n
	if b.own() {
		return
	}
	b.copies.Add(1)
	select {
	case b.changed <- struct{}{}:
	default:
	}
}

// own reports whether what is there came from Write.
func (b *Clipboard) own() bool {
	owner, _ := call(procGetClipboardOwner)
	return owner == b.window.Load()
}

func (b *Clipboard) doWork() {
	for {
		select {
		case f := <-b.work:
			f()
		default:
			return
		}
	}
}

// do has the thread run f, and waits for it.
func (b *Clipboard) do(ctx context.Context, f func()) error {
	done := make(chan struct{})
	select {
	case b.work <- func() { defer close(done); f() }:
	case <-b.ended:
		return desktop.ErrGone
	case <-ctx.Done():
		return ctx.Err()
	}
	_, _ = call(procPostMessage, b.window.Load(), messageWork, 0, 0)
	select {
	case <-done:
		return nil
	case <-b.ended:
		return desktop.ErrGone
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Changed implements desktop.Clipboard.
func (b *Clipboard) Changed() <-chan struct{} { return b.changed }

// Copies implements desktop.Clipboard.
func (b *Clipboard) Copies(ctx context.Context) (uint64, error) {
	if err := b.do(ctx, b.look); err != nil {
		return 0, err
	}
	return b.copies.Load(), nil
}

// Read implements desktop.Clipboard.
func (b *Clipboard) Read(ctx context.Context, limit int) (string, bool, error) {
	type result struct {
		text string
		fits bool
		err  error
	}
	got := make(chan result, 1) // who has stopped waiting gets nothing
	if err := b.do(ctx, func() {
		text, fits, err := b.read(limit)
		got <- result{text, fits, err}
	}); err != nil {
		return "", false, err
	}
	r := <-got
	return r.text, r.fits, r.err
}

func (b *Clipboard) read(limit int) (text string, fits bool, err error) {
	if b.own() {
		return "", true, nil
	}
	if err := b.open(); err != nil {
		return "", false, err
	}
	defer func() { _, _ = call(procCloseClipboard) }()
	for _, f := range b.secrets {
		if there, _ := call(procIsClipboardFormatAvailable, f); there != 0 {
			return "", true, nil
		}
	}
	if there, _ := call(procIsClipboardFormatAvailable, formatUnicode); there == 0 {
		return "", true, nil
	}
	memory, errno := call(procGetClipboardData, formatUnicode)
	if memory == 0 {
		return "", false, fmt.Errorf("GetClipboardData: %w", errno)
	}
	size, _ := call(procGlobalSize, memory)
	start, errno := call(procGlobalLock, memory)
	if start == 0 {
		return "", false, fmt.Errorf("GlobalLock: %w", errno)
	}
	defer func() { _, _ = call(procGlobalUnlock, memory) }()
	// A character of UTF-16 is at least a byte of UTF-8: of more than limit units nothing is looked at.
	units := unsafe.Slice((*uint16)(pointerTo(start)), min(int(size/2), limit+1))
	for n, u := range units {
		if u == 0 {
			units = units[:n]
			break
		}
	}
	text = strings.ReplaceAll(string(utf16.Decode(units)), "\r\n", "\n")
	if len(units) > limit || len(text) > limit {
		return "", false, nil
	}
	return text, true, nil
}

// Write implements desktop.Clipboard.
func (b *Clipboard) Write(text string) error {
	ctx, cancel := context.WithTimeout(context.Background(), clipboardAnswer)
	defer cancel()
	got := make(chan error, 1)
	if err := b.do(ctx, func() { got <- b.write(text) }); err != nil {
		return err
	}
	return <-got
}

func (b *Clipboard) write(text string) error {
	if text == "" && !b.own() {
		return nil
	}
	if err := b.open(); err != nil {
		return err
	}
	defer func() {
		_, _ = call(procCloseClipboard)
		b.last = sequenceNumber()
	}()
	if ok, errno := call(procEmptyClipboard); ok == 0 {
		return fmt.Errorf("EmptyClipboard: %w", errno)
	}
	if text == "" {
		return nil
	}
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n")
	if err := setData(formatUnicode, append(utf16.Encode([]rune(text)), 0)); err != nil {
		return err
	}
	_ = setData(b.secrets[0], []uint16{0, 0}) // it is no less there without
	return nil
}

// setData gives the open clipboard a copy of data.
func setData(format uintptr, data []uint16) error {
	const moveable = 2
	memory, errno := call(procGlobalAlloc, moveable, uintptr(2*len(data)))
	if memory == 0 {
		return fmt.Errorf("GlobalAlloc: %w", errno)
	}
	start, _ := call(procGlobalLock, memory)
	if start != 0 {
		copy(unsafe.Slice((*uint16)(pointerTo(start)), len(data)), data)
		_, _ = call(procGlobalUnlock, memory)
		var ok uintptr
		if ok, errno = call(procSetClipboardData, format, memory); ok != 0 {
			return nil // the memory is Windows' now
		}
	}
	_, _ = call(procGlobalFree, memory)
	return fmt.Errorf("SetClipboardData: %w", errno)
}

// pointerTo makes a pointer of an address that Windows has given: memory that Go does not move.
func pointerTo(address uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&address)) }

// open opens the clipboard, which only one program can at a time.
func (b *Clipboard) open() error {
	for try := 1; ; try++ {
		ok, errno := call(procOpenClipboard, b.window.Load())
		if ok != 0 {
			return nil
		}
		if try == clipboardTries {
			return errors.Join(errors.New("windows: another program keeps the clipboard open"), errno)
		}
		time.Sleep(clipboardPause)
	}
}

// Close implements desktop.Clipboard.
func (b *Clipboard) Close() error {
	b.closing.Do(func() {
		_ = b.Write("") // what a technician has put there goes with the sharing
		ctx, cancel := context.WithTimeout(context.Background(), clipboardAnswer)
		defer cancel()
		if b.do(ctx, func() { _, _ = call(procPostQuitMessage, 0) }) == nil {
			<-b.ended
		}
	})
	return nil
}
