package windows

import (
	"syscall"
	"unsafe"

	sys "golang.org/x/sys/windows"
)

// What x/sys does not have of Windows' API. Calls that the picture or the input need each time go
// through SyscallN by call, which allocates nothing.
var (
	user32   = sys.NewLazySystemDLL("user32.dll")
	gdi32    = sys.NewLazySystemDLL("gdi32.dll")
	kernel32 = sys.NewLazySystemDLL("kernel32.dll")
	wtsapi32 = sys.NewLazySystemDLL("wtsapi32.dll")
	shell32  = sys.NewLazySystemDLL("shell32.dll")
	winhttp  = sys.NewLazySystemDLL("winhttp.dll")

	procAddClipboardFormatListener    = user32.NewProc("AddClipboardFormatListener")
	procCloseClipboard                = user32.NewProc("CloseClipboard")
	procCloseDesktop                  = user32.NewProc("CloseDesktop")
	procCreateWindowEx                = user32.NewProc("CreateWindowExW")
	procDefWindowProc                 = user32.NewProc("DefWindowProcW")
	procDestroyWindow                 = user32.NewProc("DestroyWindow")
	procDispatchMessage               = user32.NewProc("DispatchMessageW")
	procEmptyClipboard                = user32.NewProc("EmptyClipboard")
	procEnumDisplayMonitors           = user32.NewProc("EnumDisplayMonitors")
	procGetAncestor                   = user32.NewProc("GetAncestor")
	procGetClipboardData              = user32.NewProc("GetClipboardData")
	procGetClipboardOwner             = user32.NewProc("GetClipboardOwner")
	procGetClipboardSequenceNumber    = user32.NewProc("GetClipboardSequenceNumber")
	procGetCursorInfo                 = user32.NewProc("GetCursorInfo")
	procGetCursorPos                  = user32.NewProc("GetCursorPos")
	procGetIconInfo                   = user32.NewProc("GetIconInfo")
	procGetKeyState                   = user32.NewProc("GetKeyState")
	procGetMessage                    = user32.NewProc("GetMessageW")
	procGetMonitorInfo                = user32.NewProc("GetMonitorInfoW")
	procGetSystemMetrics              = user32.NewProc("GetSystemMetrics")
	procGetThreadDesktop              = user32.NewProc("GetThreadDesktop")
	procGetUserObjectInformation      = user32.NewProc("GetUserObjectInformationW")
	procIsClipboardFormatAvailable    = user32.NewProc("IsClipboardFormatAvailable")
	procMapVirtualKeyEx               = user32.NewProc("MapVirtualKeyExW")
	procOpenClipboard                 = user32.NewProc("OpenClipboard")
	procOpenInputDesktop              = user32.NewProc("OpenInputDesktop")
	procPostMessage                   = user32.NewProc("PostMessageW")
	procPostQuitMessage               = user32.NewProc("PostQuitMessage")
	procRegisterClassEx               = user32.NewProc("RegisterClassExW")
	procRegisterClipboardFormat       = user32.NewProc("RegisterClipboardFormatW")
	procSendInput                     = user32.NewProc("SendInput")
	procSetClipboardData              = user32.NewProc("SetClipboardData")
	procSetProcessDpiAwarenessContext = user32.NewProc("SetProcessDpiAwarenessContext")
	procVkKeyScanEx                   = user32.NewProc("VkKeyScanExW")
	procWindowFromPoint               = user32.NewProc("WindowFromPoint")

	procBitBlt             = gdi32.NewProc("BitBlt")
	procCreateDC           = gdi32.NewProc("CreateDCW")
	procCreateCompatibleDC = gdi32.NewProc("CreateCompatibleDC")
	procCreateDIBSection   = gdi32.NewProc("CreateDIBSection")
	procDeleteDC           = gdi32.NewProc("DeleteDC")
	procDeleteObject       = gdi32.NewProc("DeleteObject")
	procGdiFlush           = gdi32.NewProc("GdiFlush")
	procGetDIBits          = gdi32.NewProc("GetDIBits")
	procGetObject          = gdi32.NewProc("GetObjectW")
	procSelectObject       = gdi32.NewProc("SelectObject")

	procGlobalAlloc             = kernel32.NewProc("GlobalAlloc")
	procGlobalFree              = kernel32.NewProc("GlobalFree")
	procGlobalLock              = kernel32.NewProc("GlobalLock")
	procGlobalSize              = kernel32.NewProc("GlobalSize")
	procGlobalUnlock            = kernel32.NewProc("GlobalUnlock")
	procSetThreadExecutionState = kernel32.NewProc("SetThreadExecutionState")

	procShellExecuteEx = shell32.NewProc("ShellExecuteExW")

	procWinHTTPCloseHandle      = winhttp.NewProc("WinHttpCloseHandle")
	procWinHTTPGetIEProxyConfig = winhttp.NewProc("WinHttpGetIEProxyConfigForCurrentUser")
	procWinHTTPGetProxyForURL   = winhttp.NewProc("WinHttpGetProxyForUrl")
	procWinHTTPOpen             = winhttp.NewProc("WinHttpOpen")
	procWinHTTPSetTimeouts      = winhttp.NewProc("WinHttpSetTimeouts")

	procWTSFreeMemory              = wtsapi32.NewProc("WTSFreeMemory")
	procWTSQuerySessionInformation = wtsapi32.NewProc("WTSQuerySessionInformationW")
)

// call calls a procedure. err is what GetLastError says, and only means something when the result says
// that the call has failed. What the arguments point to is on the heap and stays there: a callback may move the
// stack. So what is called often hands over fields of something that lives.
//
//go:uintptrescapes
func call(p *sys.LazyProc, a ...uintptr) (uintptr, syscall.Errno) {
	r, _, errno := syscall.SyscallN(p.Addr(), a...)
	return r, errno
}

// missing is the first of some procedures that this Windows does not have; Addr would panic.
func missing(procs ...*sys.LazyProc) error {
	for _, p := range procs {
		if err := p.Find(); err != nil {
			return err
		}
	}
	return nil
}

type monitorInfo struct {
	size          uint32
	monitor, work rect
	flags         uint32
	device        [32]uint16
}

type bitmapInfo struct {
	size                   uint32
	width, height          int32 // a negative height: the first row is the top one
	planes, bits           uint16
	compression, sizeImage uint32
	xPerMeter, yPerMeter   int32
	used, important        uint32
	colours                [4]uint32
}

func bitmapOf(w, h int) bitmapInfo {
	return bitmapInfo{size: 40, width: int32(w), height: int32(-h), planes: 1, bits: 32}
}

type bitmap struct {
	kind, width, height, widthBytes int32
	planes, bitsPixel               uint16
	bits                            uintptr
}

type cursorInfo struct {
	size, flags uint32
	cursor      uintptr
	at          point
}

type iconInfo struct {
	icon         int32
	hotX, hotY   uint32
	mask, colour uintptr
}

// Of GetSystemMetrics.
const (
	smSwapButton = 23
	smXVirtual   = 76 // and the three after it: y, width, height
)

func metric(n uintptr) int {
	r, _ := call(procGetSystemMetrics, n)
	return int(int32(r))
}

func virtualScreen() virtual {
	return virtual{metric(smXVirtual), metric(smXVirtual + 1), metric(smXVirtual + 2), metric(smXVirtual + 3)}
}

// listDisplays asks Windows for the monitors.
func listDisplays() (list []display) {
	collected = collected[:0]
	_, _ = call(procEnumDisplayMonitors, 0, 0, collectMonitor, 0)
	for _, handle := range collected {
		info := monitorInfo{size: uint32(unsafe.Sizeof(monitorInfo{}))}
		if ok, _ := call(procGetMonitorInfo, handle, uintptr(unsafe.Pointer(&info))); ok == 0 {
			continue // it is gone already
		}
		m := info.monitor
		list = append(list, display{sys.UTF16ToString(info.device[:]), int(m.left), int(m.top), int(m.right), int(m.bottom), info.flags&1 != 0})
	}
	return list
}

// collected is what EnumDisplayMonitors has told; of the capturer's one goroutine.
var collected []uintptr

// collectMonitor is its callback; Windows has room for few, so it is made once.
var collectMonitor = sys.NewCallback(func(handle, _, _, _ uintptr) uintptr {
	collected = append(collected, handle)
	return 1
})

// Aware has Windows speak of physical pixels, for builds whose manifest does not say so already. It comes before the
// first window.
func Aware() {
	const perMonitorV2 = ^uintptr(3) // -4
	if procSetProcessDpiAwarenessContext.Find() == nil {
		_, _ = call(procSetProcessDpiAwarenessContext, perMonitorV2) // refused: the manifest has said so
	}
}
