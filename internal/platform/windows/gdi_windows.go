package windows

import (
	"errors"
	"fmt"
	"unsafe"

	sys "golang.org/x/sys/windows"

	"pindesk/internal/platform/pixels"
	"pindesk/internal/screen"
)

// gdi reads through GDI: BitBlt into a bitmap of our own, which is memory that both sides see.
type gdi struct {
	at            virtual
	screen, mem   uintptr // device contexts
	bitmap, stock uintptr
	bits          []byte
}

// errHidden: the desktop cannot be read now, as it is not the one that is shown.
var errHidden = errors.New("windows: the desktop is not shown now")

var displayDriver = sys.StringToUTF16("DISPLAY")

func openGDI(at virtual) (source, error) {
	g := &gdi{at: at}
	// Unlike that of GetDC this one may be given back by any thread.
	g.screen, _ = call(procCreateDC, uintptr(unsafe.Pointer(unsafe.SliceData(displayDriver))), 0, 0, 0)
	if g.screen == 0 {
		return nil, fmt.Errorf("%w: CreateDC", errHidden)
	}
	info := bitmapOf(at.w, at.h)
	var bits unsafe.Pointer
	g.mem, _ = call(procCreateCompatibleDC, g.screen)
	bitmap, errno := call(procCreateDIBSection, g.screen, uintptr(unsafe.Pointer(&info)), 0, uintptr(unsafe.Pointer(&bits)), 0, 0)
	if g.mem == 0 || bitmap == 0 || bits == nil {
		g.bitmap = bitmap
		g.close()
		return nil, fmt.Errorf("%w: CreateDIBSection: %w", errHidden, errno)
	}
	g.bitmap, g.bits = bitmap, unsafe.Slice((*byte)(bits), 4*at.w*at.h)
	g.stock, _ = call(procSelectObject, g.mem, bitmap)
	return g, nil
}

func (g *gdi) read(rects []screen.Rect, into *pixels.Differ) error {
	// SRCCOPY. Not CAPTUREBLT, which makes the pointer flicker: since Windows 8 layered windows are there without.
	const copyAll = 0x00cc0020
	for _, r := range rects {
		ok, errno := call(procBitBlt, g.mem, uintptr(r.X), uintptr(r.Y), uintptr(r.W), uintptr(r.H),
			g.screen, uintptr(g.at.x+r.X), uintptr(g.at.y+r.Y), copyAll)
		if ok == 0 {
			return fmt.Errorf("%w: BitBlt: %w", errHidden, errno)
		}
	}
	_, _ = call(procGdiFlush)
	stride := 4 * g.at.w
	for _, r := range rects {
		into.Take(r, g.bits[r.Y*stride+4*r.X:], stride)
	}
	return nil
}

func (g *gdi) close() {
	if g.stock != 0 {
		_, _ = call(procSelectObject, g.mem, g.stock)
	}
	if g.bitmap != 0 {
		_, _ = call(procDeleteObject, g.bitmap)
	}
	if g.mem != 0 {
		_, _ = call(procDeleteDC, g.mem)
	}
	if g.screen != 0 {
		_, _ = call(procDeleteDC, g.screen)
	}
	*g = gdi{}
}
