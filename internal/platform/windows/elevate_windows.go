package windows

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"unsafe"

	sys "golang.org/x/sys/windows"

	"pindesk/internal/platform/desktop"
	"pindesk/internal/wire"
)

// Privileges are those of this process.
func Privileges() wire.Privileges {
	if sys.GetCurrentProcessToken().IsElevated() {
		return wire.PrivilegesAdmin
	}
	return wire.PrivilegesUser
}

// Elevate starts this program anew as administrator, with the one argument flag + a token, for which Windows asks its person. It
// gives that process what leave returns, once it has opened the pipe that the token names (Inherit). It returns when
// the process was not started (desktop.ErrDeclined: a person said no) or has ended, or when ctx ends.
func Elevate(ctx context.Context, flag string, leave func() []byte) error {
	token := make([]byte, tokenSize)
	_, _ = rand.Read(token) // never fails
	p, err := newEstatePipe(hex.EncodeToString(token))
	if err != nil {
		return err
	}
	defer p.close()
	stop := context.AfterFunc(ctx, func() { _ = sys.SetEvent(p.stop) })
	defer stop()

	started := make(chan asked, 1)
	go func() { started <- runAs(flag + hex.EncodeToString(token)) }()
	select {
	case a := <-started:
		if a.err != nil {
			return a.err
		}
		defer func() { _ = sys.CloseHandle(a.process) }()
		if err := p.give(a.process, leave); err != nil {
			return errors.Join(err, ctx.Err())
		}
		return errors.New("windows: the process that runs as administrator has ended")
	case <-ctx.Done(): // whose answer to Windows comes later starts a process that finds no pipe
		go func() {
			if a := <-started; a.err == nil {
				_ = sys.CloseHandle(a.process)
			}
		}()
		return ctx.Err()
	}
}

// asked is what became of Windows' question.
type asked struct {
	process sys.Handle
	err     error
}

// shellExecuteInfo is SHELLEXECUTEINFOW.
type shellExecuteInfo struct {
	size, mask                        uint32
	owner                             uintptr
	verb, file, parameters, directory *uint16
	show                              int32
	instance, idList                  uintptr
	class                             *uint16
	classKey                          uintptr
	hotKey                            uint32
	icon                              uintptr
	process                           sys.Handle
}

// runAs has Windows ask whether this program may be started as administrator, with one argument that needs no quotes. It waits for the answer.
func runAs(argument string) asked {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if sys.CoInitializeEx(0, sys.COINIT_APARTMENTTHREADED|sys.COINIT_DISABLE_OLE1DDE) == nil {
		defer sys.CoUninitialize()
	}
	self, err := os.Executable()
	if err != nil {
		return asked{err: err}
	}
	system, err := sys.GetSystemDirectory() // not the folder of downloads, where anybody may have put something
	if err != nil {
		return asked{err: err}
	}
	file, err := sys.UTF16PtrFromString(self)
	if err != nil {
		return asked{err: err}
	}
	const (
		keepProcess = 0x40
		noAsync     = 0x100 // this thread has no message loop
		noUI        = 0x400 // no window about errors
		showNormal  = 1
	)
	info := &shellExecuteInfo{mask: keepProcess | noAsync | noUI, verb: text16("runas"), file: file,
		parameters: text16(argument), directory: text16(system), show: showNormal}
	info.size = uint32(unsafe.Sizeof(*info))
	if front := sys.GetForegroundWindow(); front != 0 { // else the question may come up behind others
		var pid uint32
		if _, _ = sys.GetWindowThreadProcessId(front, &pid); pid == sys.GetCurrentProcessId() {
			info.owner = uintptr(front)
		}
	}
	ok, errno := call(procShellExecuteEx, uintptr(unsafe.Pointer(info)))
	runtime.KeepAlive(info)
	switch {
	case ok == 0 && errno == sys.ERROR_CANCELLED:
		return asked{err: desktop.ErrDeclined}
	case ok == 0:
		return asked{err: fmt.Errorf("windows: starting as administrator: %w", errno)}
	case info.process == 0:
		return asked{err: errors.New("windows: starting as administrator gave no process")}
	}
	return asked{process: info.process}
}

// Of what a process leaves to the one that runs as administrator.
const (
	tokenSize = 16 // bytes of the pipe's name
	maxEstate = 256 << 10
)

func pipeName(token string) (*uint16, error) {
	return sys.UTF16PtrFromString(`\\.\pipe\pindesk-` + token)
}

// estatePipe is a named pipe with one end, which only this person and administrators can read.
type estatePipe struct{ pipe, stop, done sys.Handle }

func newEstatePipe(token string) (*estatePipe, error) {
	user, err := sys.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return nil, err
	}
	// Nobody else's, and nothing inherited. Where an administrator has answered for somebody else, that one reads it.
	descriptor, err := sys.SecurityDescriptorFromString("D:P(A;;GA;;;" + user.User.Sid.String() + ")(A;;GR;;;BA)")
	if err != nil {
		return nil, err
	}
	security := &sys.SecurityAttributes{SecurityDescriptor: descriptor}
	security.Length = uint32(unsafe.Sizeof(*security))
	name, err := pipeName(token)
	if err != nil {
		return nil, err
	}
	p := &estatePipe{}
	const first = 0x80000 // FILE_FLAG_FIRST_PIPE_INSTANCE: the name is nobody else's
	if p.pipe, err = sys.CreateNamedPipe(name, sys.PIPE_ACCESS_OUTBOUND|first|sys.FILE_FLAG_OVERLAPPED, sys.PIPE_TYPE_BYTE|sys.PIPE_REJECT_REMOTE_CLIENTS, 1, maxEstate, 0, 0, security); err != nil {
		return nil, fmt.Errorf("windows: pipe: %w", err)
	}
	p.stop, err = sys.CreateEvent(nil, 1, 0, nil)
	if err == nil {
		p.done, err = sys.CreateEvent(nil, 1, 0, nil)
	}
	if err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func (p *estatePipe) close() {
	for _, h := range []sys.Handle{p.pipe, p.stop, p.done} {
		if h != 0 {
			_ = sys.CloseHandle(h)
		}
	}
}

var errStopped = errors.New("windows: stopped")

// give waits for the process, gives it what leave returns, and then waits for its end, which is no error, or until stop is set.
func (p *estatePipe) give(process sys.Handle, leave func() []byte) error {
	err := p.overlapped(process, func(o *sys.Overlapped) error {
		if err := sys.ConnectNamedPipe(p.pipe, o); !errors.Is(err, sys.ERROR_PIPE_CONNECTED) {
			return err
		}
		return nil
	})
	if err != nil {
		return err
	}
	var reader, want uint32
	if want, err = sys.GetProcessId(process); err != nil {
		return err
	}
	if err := sys.GetNamedPipeClientProcessId(p.pipe, &reader); err != nil || reader != want {
		return fmt.Errorf("windows: the pipe was opened by process %d, not by %d: %v", reader, want, err)
	}
	estate := leave()
	if len(estate) > maxEstate {
		return errors.New("windows: too much is left")
	}
	message := append([]byte{byte(len(estate)), byte(len(estate) >> 8), byte(len(estate) >> 16), byte(len(estate) >> 24)}, estate...)
	err = p.overlapped(process, func(o *sys.Overlapped) error {
		var n uint32
		return sys.WriteFile(p.pipe, message, &n, o)
	})
	if err != nil {
		return err
	}
	if which, err := sys.WaitForMultipleObjects([]sys.Handle{p.stop, process}, false, sys.INFINITE); err != nil || which == sys.WAIT_OBJECT_0 {
		return errors.Join(errStopped, err)
	}
	return nil
}

// overlapped does something with the pipe that may take time, until it is done, the process has ended, or stop is set.
func (p *estatePipe) overlapped(process sys.Handle, begin func(*sys.Overlapped) error) error {
	_ = sys.ResetEvent(p.done)
	o := &sys.Overlapped{HEvent: p.done}
	err := begin(o)
	if !errors.Is(err, sys.ERROR_IO_PENDING) {
		return err
	}
	which, err := sys.WaitForMultipleObjects([]sys.Handle{p.done, p.stop, process}, false, sys.INFINITE)
	var n uint32
	switch {
	case err == nil && which == sys.WAIT_OBJECT_0:
		return sys.GetOverlappedResult(p.pipe, o, &n, false)
	case err == nil && which == sys.WAIT_OBJECT_0+1:
		err = errStopped
	case err == nil:
		err = errors.New("windows: the process that runs as administrator has ended")
	}
	if sys.CancelIoEx(p.pipe, o) == nil { // o is Windows' until then
		_ = sys.GetOverlappedResult(p.pipe, o, &n, true)
	}
	return err
}

// Inherit reads what the process has left that has started this one by Elevate. Only the same program may have.
func Inherit(token string) ([]byte, error) {
	if raw, err := hex.DecodeString(token); err != nil || len(raw) != tokenSize {
		return nil, errors.New("windows: no such pipe")
	}
	name, err := pipeName(token)
	if err != nil {
		return nil, err
	}
	const anonymous = sys.SECURITY_SQOS_PRESENT | sys.SECURITY_ANONYMOUS // who has made the pipe gets no rights of this process by it
	pipe, err := sys.CreateFile(name, sys.GENERIC_READ, 0, nil, sys.OPEN_EXISTING, anonymous, 0)
	if err != nil {
		return nil, fmt.Errorf("windows: what was left: %w", err)
	}
	defer func() { _ = sys.CloseHandle(pipe) }()
	if err := sameProgram(pipe); err != nil {
		return nil, err
	}
	var size [4]byte
	if err := readAll(pipe, size[:]); err != nil {
		return nil, err
	}
	n := uint32(size[0]) | uint32(size[1])<<8 | uint32(size[2])<<16 | uint32(size[3])<<24
	if n > maxEstate {
		return nil, errors.New("windows: too much is left")
	}
	estate := make([]byte, n)
	return estate, readAll(pipe, estate)
}

func readAll(pipe sys.Handle, b []byte) error {
	for len(b) > 0 {
		var n uint32
		if err := sys.ReadFile(pipe, b, &n, nil); err != nil {
			return fmt.Errorf("windows: what was left: %w", err)
		}
		b = b[n:]
	}
	return nil
}

// sameProgram reports whether a pipe was made by a process of this program's own file.
func sameProgram(pipe sys.Handle) error {
	var pid uint32
	if err := sys.GetNamedPipeServerProcessId(pipe, &pid); err != nil {
		return fmt.Errorf("windows: who has left it: %w", err)
	}
	theirs, err := programOf(pid)
	if err != nil {
		return fmt.Errorf("windows: who has left it: %w", err)
	}
	ours, err := programOf(sys.GetCurrentProcessId())
	if err != nil {
		return err
	}
	if !strings.EqualFold(ours, theirs) {
		return fmt.Errorf("windows: %s has left it, which is not this program", theirs)
	}
	return nil
}

func programOf(pid uint32) (string, error) {
	process, err := sys.OpenProcess(sys.PROCESS_QUERY_LIMITED_INFORMATION, false, pid)
	if err != nil {
		return "", err
	}
	defer func() { _ = sys.CloseHandle(process) }()
	name := make([]uint16, sys.MAX_LONG_PATH)
	n := uint32(len(name))
	if err := sys.QueryFullProcessImageName(process, 0, &name[0], &n); err != nil {
		return "", err
	}
	return sys.UTF16ToString(name[:n]), nil
}
