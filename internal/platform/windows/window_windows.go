package windows

import (
	"context"
	"image"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"

	sys "golang.org/x/sys/windows"

	"pindesk/internal/platform/desktop"
	"pindesk/internal/window"
)

var (
	comdlg32 = sys.NewLazySystemDLL("comdlg32.dll")

	procAdjustWindowRectEx  = user32.NewProc("AdjustWindowRectEx")
	procCreateFont          = gdi32.NewProc("CreateFontW")
	procEnableWindow        = user32.NewProc("EnableWindow")
	procFlashWindow         = user32.NewProc("FlashWindow")
	procGetDC               = user32.NewProc("GetDC")
	procGetDeviceCaps       = gdi32.NewProc("GetDeviceCaps")
	procGetDpiForWindow     = user32.NewProc("GetDpiForWindow")
	procGetFocus            = user32.NewProc("GetFocus")
	procGetOpenFileName     = comdlg32.NewProc("GetOpenFileNameW")
	procGetSysColor         = user32.NewProc("GetSysColor")
	procGetSysColorBrush    = user32.NewProc("GetSysColorBrush")
	procGetTextExtentPoint  = gdi32.NewProc("GetTextExtentPoint32W")
	procGetWindowText       = user32.NewProc("GetWindowTextW")
	procGetWindowTextLength = user32.NewProc("GetWindowTextLengthW")
	procIsDialogMessage     = user32.NewProc("IsDialogMessageW")
	procIsIconic            = user32.NewProc("IsIconic")
	procLoadCursor          = user32.NewProc("LoadCursorW")
	procLoadIcon            = user32.NewProc("LoadIconW")
	procRegisterHotKey      = user32.NewProc("RegisterHotKey")
	procUnregisterHotKey    = user32.NewProc("UnregisterHotKey")
	procSetTimer            = user32.NewProc("SetTimer")
	procReleaseDC           = user32.NewProc("ReleaseDC")
	procSendMessage         = user32.NewProc("SendMessageW")
	procSetBkColor          = gdi32.NewProc("SetBkColor")
	procSetFocus            = user32.NewProc("SetFocus")
	procSetTextColor        = gdi32.NewProc("SetTextColor")
	procSetWindowPos        = user32.NewProc("SetWindowPos")
	procSetWindowText       = user32.NewProc("SetWindowTextW")
	procShowWindow          = user32.NewProc("ShowWindow")
	procTranslateMessage    = user32.NewProc("TranslateMessage")
)

// Messages and styles, as in winuser.h.
const (
	wmDestroy, wmClose, wmSetFont, wmKeyDown, wmCommand, wmHotKey    = 0x02, 0x10, 0x30, 0x100, 0x111, 0x312
	wmCtlColorEdit, wmCtlColorStatic, wmNCHitTest, wmDPIChanged      = 0x133, 0x138, 0x84, 0x2e0
	wmTimer, wmModel, wmOver                                         = 0x113, 0x8000 + 1, 0x8000 + 2
	wmActivate, wmSetFocus                                           = 0x06, 0x07
	wsChild, wsVisible, wsTabStop, wsVScroll                         = 0x40000000, 0x10000000, 0x10000, 0x200000
	wsPopup, wsBorder, wsCaption, wsSysMenu, wsMinimize              = 0x80000000, 0x800000, 0xc00000, 0x80000, 0x20000
	exTopmost, exToolWindow, exNoActivate, exClientEdge, exAppWindow = 0x8, 0x80, 0x8000000, 0x200, 0x40000
	esMultiLine, esReadOnly, esAutoHScroll, bsDefault, ssNoPrefix    = 0x4, 0x800, 0x80, 1, 0x80
	swpNoSize, swpNoMove, swpNoZOrder, swpNoActivate, swpShow        = 1, 2, 4, 0x10, 0x40
	enChange, vkReturn, vkEscape, vkEnd, vkPause                     = 0x300, 0x0d, 0x1b, 0x23, 0x13
	modAlt, modControl, modShift, modWin                             = 1, 2, 4, 8
	colourWindow, colourText                                         = 5, 8
	emSetSel, emScrollCaret, emLimitText                             = 0xb1, 0xb7, 0xc5
	htClient, htCaption                                              = 1, 2
	logPixelsX                                                       = 88
)

// Window shows a window.Model with Windows' own controls, which programs that read the screen out, input
// methods and high-contrast colours know. Its keys differ from a dialog's in one thing: Enter is what the
// scene says it is, not what has the focus (keys.go of this package's Run).
type Window struct {
	log   *slog.Logger
	model *window.Model

	// Owned by Run's thread:
	scene        window.Scene
	main, banner uintptr
	controls     map[string]*control // of the main window, by the place of the item, and of labels
	strip        map[string]*control // of the banner
	fonts        map[window.Kind]uintptr
	scale        float64
	begun        bool
	shape        string    // which controls there are
	left         window.ID // the item that had the keyboard when another window took it
	size, place  image.Point
	urgent       bool
	filling      bool // texts of controls are being set: their changes are not the guest's
	bannerText   string
	alarm        bool
	panicRank    int // of the keys that it has, len(panicKeys) the best, 0 none
}

// control is one child window.
type control struct {
	hwnd uintptr
	id   window.ID
	kind window.Kind
	text string
	at   image.Rectangle
	off  bool
}

// shown is the one Window of this process, for the window procedure.
var (
	shown     *Window
	shownOnce sync.Mutex
	ownProc   = sys.NewCallback(func(hwnd, msg, wp, lp uintptr) uintptr {
		if w := shown; w != nil {
			if r, done := w.message(hwnd, uint32(msg), wp, lp); done {
				return r
			}
		}
		r, _ := callWith(procDefWindowProc, hwnd, msg, wp, lp)
		return r
	})
)

// OpenWindow prepares a window, of which there is one at a time in a process; Run shows it.
func OpenWindow(model *window.Model, log *slog.Logger) (*Window, error) {
	if err := missing(procIsDialogMessage, procSetWindowPos, procCreateFont); err != nil {
		return nil, &desktop.Error{Kind: desktop.ErrUnsupported, Message: "This version of Windows is too old for the window.", Err: err}
	}
	return &Window{log: log, model: model, controls: map[string]*control{}, strip: map[string]*control{}, fonts: map[window.Kind]uintptr{}, scale: 1}, nil
}

// Close implements platform.Window.
func (w *Window) Close() error { return nil }

// Run shows the model until ctx ends. It is called once.
func (w *Window) Run(ctx context.Context) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	shownOnce.Lock()
	defer shownOnce.Unlock()
	shown = w
	defer func() { shown = nil }()
	if err := w.create(); err != nil {
		return err
	}
	w.model.Browses()
	w.grabPanic()
	callWith(procSetTimer, w.main, 1, panicAgain, 0)
	w.refresh()
	stop := make(chan struct{})
	var beside sync.WaitGroup
	beside.Go(func() { w.watch(ctx, stop) })
	defer beside.Wait()
	defer close(stop)
	for {
		var m message
		r, errno := callWith(procGetMessage, uintptr(unsafe.Pointer(&m)), 0, 0, 0)
		switch {
		case int32(r) < 0:
			return errno
		case r == 0 || m.message == wmOver:
			callWith(procDestroyWindow, w.banner)
			callWith(procDestroyWindow, w.main)
			return nil
		}
		if m.message == wmKeyDown && w.key(m.w) {
			continue
		}
		if r, _ := callWith(procIsDialogMessage, w.main, uintptr(unsafe.Pointer(&m))); r != 0 {
			continue
		}
		callWith(procTranslateMessage, uintptr(unsafe.Pointer(&m)))
		callWith(procDispatchMessage, uintptr(unsafe.Pointer(&m)))
	}
}

// watch wakes Run's thread when the model has changed.
func (w *Window) watch(ctx context.Context, stop <-chan struct{}) {
	for {
		wait := time.Hour
		if d := w.model.Wait(); d > 0 {
			wait = d + time.Millisecond
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			callWith(procPostMessage, w.main, wmOver, 0, 0)
			timer.Stop()
			return
		case <-stop:
			timer.Stop()
			return
		case <-w.model.Changed():
		case <-timer.C:
		}
		timer.Stop()
		callWith(procPostMessage, w.main, wmModel, 0, 0)
	}
}

// callWith is call for what has pointers among its arguments: these live until it returns.
//
//go:uintptrescapes
func callWith(p *sys.LazyProc, a ...uintptr) (uintptr, syscall.Errno) { return call(p, a...) }

func moduleHandle() uintptr {
	var h sys.Handle
	_ = sys.GetModuleHandleEx(0, nil, &h) // of this program: it cannot be missing
	return uintptr(h)
}

// text16 makes a text for Windows; where it is converted in the arguments of call it lives long enough.
func text16(s string) *uint16 {
	p, err := sys.UTF16PtrFromString(strings.ReplaceAll(s, "\x00", ""))
	if err != nil {
		return new(uint16)
	}
	return p
}

func (w *Window) create() error {
	icon, _ := callWith(procLoadIcon, moduleHandle(), 1)
	arrow, _ := callWith(procLoadCursor, 0, 32512)
	name, _ := sys.UTF16PtrFromString("PinDesk.Window")
	class := windowClass{proc: ownProc, instance: moduleHandle(), icon: icon, cursor: arrow, background: colourWindow + 1, name: name}
	class.size = uint32(unsafe.Sizeof(class))
	callWith(procRegisterClassEx, uintptr(unsafe.Pointer(&class))) // a second time it is there already
	var errno error
	w.main, errno = callWith(procCreateWindowEx, exAppWindow, uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(text16("PinDesk"))), wsCaption|wsSysMenu|wsMinimize, 0x80000000, 0x80000000, 100, 100, 0, 0, moduleHandle(), 0)
	if w.main == 0 {
		return errno
	}
	w.banner, errno = callWith(procCreateWindowEx, exTopmost|exToolWindow|exNoActivate, uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(text16("PinDesk"))), wsPopup|wsBorder, 0, 0, 10, 10, 0, 0, moduleHandle(), 0)
	if w.banner == 0 {
		return errno
	}
	w.rescale()
	return nil
}

// rescale makes fonts for the monitor that the window is on.
func (w *Window) rescale() {
	dpi := uintptr(0)
	if procGetDpiForWindow.Find() == nil {
		dpi, _ = callWith(procGetDpiForWindow, w.main)
	}
	if dpi == 0 {
		dc, _ := callWith(procGetDC, 0)
		dpi, _ = callWith(procGetDeviceCaps, dc, logPixelsX)
		callWith(procReleaseDC, 0, dc)
	}
	w.scale = min(max(float64(dpi)/96, 1), 4)
	for kind, of := range map[window.Kind]struct {
		size   float64
		weight uintptr
	}{window.Heading: {19, 700}, window.Small: {13, 400}, window.Text: {15, 400}} {
		if old := w.fonts[kind]; old != 0 {
			callWith(procDeleteObject, old)
		}
		w.fonts[kind], _ = callWith(procCreateFont, uintptr(-int(of.size*w.scale+0.5)), 0, 0, 0, of.weight, 0, 0, 0, 1, 0, 0, 5, 0, uintptr(unsafe.Pointer(text16("Segoe UI"))))
	}
	w.shape = ""
}

func (w *Window) font(k window.Kind) uintptr {
	if f, ok := w.fonts[k]; ok {
		return f
	}
	return w.fonts[window.Text]
}

func (w *Window) px(n int) int { return int(float64(n)*w.scale + 0.5) }

// Width implements window.Measure.
func (w *Window) Width(k window.Kind, text string) int {
	if text == "" {
		return 0
	}
	dc, _ := callWith(procGetDC, w.main)
	defer callWith(procReleaseDC, w.main, dc)
	callWith(procSelectObject, dc, w.font(k))
	u, err := sys.UTF16FromString(text)
	if err != nil {
		return 0
	}
	var size [2]int32
	callWith(procGetTextExtentPoint, dc, uintptr(unsafe.Pointer(&u[0])), uintptr(len(u)-1), uintptr(unsafe.Pointer(&size)))
	return int(size[0]) + 1
}

// Line implements window.Measure.
func (w *Window) Line(k window.Kind) int {
	switch k {
	case window.Heading:
		return w.px(26)
	case window.Small:
		return w.px(18)
	}
	return w.px(20)
}

// panicKeys are those that take control back at once, best first; other programs may have them.
var panicKeys = []struct {
	name string
	key  uintptr
}{{"Ctrl+Alt+Esc", vkEscape}, {"Ctrl+Alt+End", vkEnd}, {"Ctrl+Alt+Pause", vkPause}}

// panicAgain is how often better ones are tried for, in ms: a process that goes on as administrator begins while its forerunner
// has them, and the guest has learnt those.
const panicAgain = 2000

// grabPanic takes the first keys that nobody else has, if they are better than what it has. Shift and the Windows key
// may be held with them: a viewer that holds one does not keep the guest from it.
func (w *Window) grabPanic() {
	for n, k := range panicKeys[:len(panicKeys)-w.panicRank] {
		if r, _ := callWith(procRegisterHotKey, w.main, uintptr(4*n+1), modControl|modAlt, k.key); r == 0 {
			continue
		}
		for i, more := range []uintptr{modShift, modWin, modShift | modWin} {
			callWith(procRegisterHotKey, w.main, uintptr(4*n+2+i), modControl|modAlt|more, k.key) // what is missing is taken elsewhere
		}
		if had := len(panicKeys) - w.panicRank; w.panicRank > 0 {
			for i := range 4 {
				callWith(procUnregisterHotKey, w.main, uintptr(4*had+1+i))
			}
		}
		w.panicRank = len(panicKeys) - n
		w.model.PanicKeys(k.name)
		return
	}
}
