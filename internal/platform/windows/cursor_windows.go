package windows

import (
	"math"
	"unsafe"

	"pindesk/internal/platform/desktop"
	"pindesk/internal/platform/pixels"
	"pindesk/internal/wire"
)

// cursor is the pointer's shape as it was last read.
type cursor struct {
	handle uintptr
	shape  wire.Cursor
	serial uint32 // counts shapes
}

// arrowSerial is the serial of the built-in arrow.
const arrowSerial = math.MaxUint32

// Cursor implements desktop.Capturer.
func (c *Capturer) Cursor() (wire.Cursor, uint32, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return wire.Cursor{}, 0, desktop.ErrGone
	}
	info := &c.looked
	*info = cursorInfo{size: uint32(unsafe.Sizeof(cursorInfo{}))}
	if ok, _ := call(procGetCursorInfo, uintptr(unsafe.Pointer(info))); ok == 0 {
		return pixels.Arrow(), arrowSerial, nil // the desktop is not ours now
	}
	const showing = 1
	switch {
	case info.flags&showing == 0: // hidden by its program, or by touch
		return wire.Cursor{}, arrowSerial - 1, nil
	case info.cursor == 0: // shown, but Windows does not say which one
		return pixels.Arrow(), arrowSerial, nil
	case info.cursor != c.cursor.handle || c.cursor.serial == 0:
		shape, ok := readShape(info.cursor)
		if !ok {
			return pixels.Arrow(), arrowSerial, nil
		}
		c.cursor = cursor{info.cursor, shape, c.cursor.serial + 1}
	}
	return c.cursor.shape, c.cursor.serial, nil
}

// Pointer implements desktop.Capturer.
func (c *Capturer) Pointer() (x, y int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return 0, 0, desktop.ErrGone
	}
	p := &c.pointed
	*p = point{}
	_, _ = call(procGetCursorPos, uintptr(unsafe.Pointer(p))) // 0,0 while the desktop is not ours
	x, y = c.at.picture(int(p.x), int(p.y))
	return x, y, nil
}

// readShape reads a pointer's bitmaps.
func readShape(handle uintptr) (wire.Cursor, bool) {
	var info iconInfo
	if ok, _ := call(procGetIconInfo, handle, uintptr(unsafe.Pointer(&info))); ok == 0 {
		return wire.Cursor{}, false
	}
	defer deleteBitmap(info.mask)
	defer deleteBitmap(info.colour)
	w, h, masks := readBitmap(info.mask)
	if masks == nil {
		return wire.Cursor{}, false
	}
	if info.colour == 0 {
		return maskShape(w, h/2, int(info.hotX), int(info.hotY), masks), true
	}
	cw, ch, colours := readBitmap(info.colour)
	if colours == nil || cw != w || ch != h {
		return wire.Cursor{}, false
	}
	return colourShape(w, h, int(info.hotX), int(info.hotY), colours, masks), true
}

func deleteBitmap(handle uintptr) {
	if handle != 0 {
		_, _ = call(procDeleteObject, handle)
	}
}

// readBitmap returns the pixels of a bitmap, B, G, R, A from the top; nil if it is too large or unreadable.
func readBitmap(handle uintptr) (w, h int, pix []byte) {
	var b bitmap
	if n, _ := call(procGetObject, handle, unsafe.Sizeof(b), uintptr(unsafe.Pointer(&b))); n == 0 {
		return 0, 0, nil
	}
	const most = 1024
	w, h = int(b.width), int(b.height)
	if w < 1 || h < 1 || w > most || h > 2*most {
		return 0, 0, nil
	}
	dc, _ := call(procCreateCompatibleDC, 0)
	defer func() { _, _ = call(procDeleteDC, dc) }()
	info := bitmapOf(w, h)
	pix = make([]byte, 4*w*h)
	if n, _ := call(procGetDIBits, dc, handle, 0, uintptr(h), uintptr(unsafe.Pointer(&pix[0])), uintptr(unsafe.Pointer(&info)), 0); int(n) != h {
		return 0, 0, nil
	}
	return w, h, pix
}
