package windows

import (
	"context"
	"errors"
	"time"
	"unsafe"

	sys "golang.org/x/sys/windows"

	"pindesk/internal/wire"
)

// lookEvery is how often is looked at what stands in the way.
const lookEvery = 500 * time.Millisecond

// Watch tells what stands in the way of seeing or controlling, each time that it changes, until ctx is done. The newest
// one replaces one that nobody has taken. It is never closed.
func Watch(ctx context.Context) <-chan wire.Condition {
	news := make(chan wire.Condition, 1)
	own, _ := integrityOf(sys.GetCurrentProcessId())
	go func() {
		tick := time.NewTicker(lookEvery)
		defer tick.Stop()
		said := wire.ConditionFree
		for {
			if now := see(own).condition(); now != said {
				said = now
				select {
				case <-news:
				default:
				}
				news <- now
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return news
}

// see looks at what stands in the way.
func see(own uint32) sight {
	s := sight{own: own, locked: sessionLocked()}
	thread, _ := call(procGetThreadDesktop, uintptr(sys.GetCurrentThreadId()))
	s.ours = desktopName(thread)
	const readObjects = 1
	if input, _ := call(procOpenInputDesktop, 0, 0, readObjects); input != 0 {
		s.active = desktopName(input)
		_, _ = call(procCloseDesktop, input)
	}
	var pid uint32
	if front := sys.GetForegroundWindow(); front != 0 {
		_, _ = sys.GetWindowThreadProcessId(front, &pid)
	}
	if pid != 0 {
		var err error
		s.front, err = integrityOf(pid)
		s.frontHide = errors.Is(err, sys.ERROR_ACCESS_DENIED)
	}
	return s
}

func desktopName(handle uintptr) string {
	const nameOf = 2 // UOI_NAME
	var name [256]uint16
	var needed uint32
	if ok, _ := call(procGetUserObjectInformation, handle, nameOf, uintptr(unsafe.Pointer(&name)), unsafe.Sizeof(name), uintptr(unsafe.Pointer(&needed))); ok == 0 {
		return ""
	}
	return sys.UTF16ToString(name[:])
}

// integrityOf is the integrity level of a process; ERROR_ACCESS_DENIED means that it is a higher one
// than ours.
func integrityOf(pid uint32) (uint32, error) {
	process, err := sys.OpenProcess(sys.PROCESS_QUERY_LIMITED_INFORMATION, false, pid)
	if err != nil {
		return 0, err
	}
	defer func() { _ = sys.CloseHandle(process) }()
	var token sys.Token
	if err := sys.OpenProcessToken(process, sys.TOKEN_QUERY, &token); err != nil {
		return 0, err
	}
	defer token.Close()
	var label struct {
		sys.Tokenmandatorylabel
		sid [68]byte // the longest there is
	}
	var n uint32
	if err := sys.GetTokenInformation(token, sys.TokenIntegrityLevel, (*byte)(unsafe.Pointer(&label)), uint32(unsafe.Sizeof(label)), &n); err != nil {
		return 0, err
	}
	sid := label.Label.Sid
	if sid == nil || sid.SubAuthorityCount() == 0 {
		return 0, errors.New("windows: a token without an integrity level")
	}
	return sid.SubAuthority(uint32(sid.SubAuthorityCount()) - 1), nil
}

// sessionLocked asks whether the lock screen is up. Where Windows does not say, it is not.
func sessionLocked() bool {
	const (
		currentSession = ^uintptr(0)
		infoEx         = 25 // WTSSessionInfoEx
	)
	if missing(procWTSQuerySessionInformation, procWTSFreeMemory) != nil {
		return false
	}
	// WTSINFOEXW, as far as it counts here.
	var info *struct {
		level, _ uint32
		session  uint32
		state    uint32
		flags    uint32 // 0: locked, 1: not, all ones: not known
		_        [4]byte
	}
	var n uint32
	ok, _ := call(procWTSQuerySessionInformation, 0, currentSession, infoEx, uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&n)))
	if ok == 0 || info == nil {
		return false
	}
	defer func() { _, _ = call(procWTSFreeMemory, uintptr(unsafe.Pointer(info))) }()
	return n >= 20 && info.level == 1 && info.flags == 0
}
