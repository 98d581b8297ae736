package windows

import (
	"log/slog"

	sys "golang.org/x/sys/windows"

	"pindesk/internal/platform/desktop"
)

// Open opens the desktop of this session. Errors are *desktop.Error where they are of use to the guest. The
// caller closes both results. With duplicate the screen is read through desktop duplication where that is there and
// shows the same as GDI.
func Open(log *slog.Logger, duplicate bool) (*Capturer, *Injector, error) {
	Aware()
	capturer, err := openCapturer(log, duplicate)
	if err != nil {
		return nil, nil, err
	}
	injector, err := openInjector(log)
	if err != nil {
		capturer.Close()
		return nil, nil, err
	}
	return capturer, injector, nil
}

// Downloads is the folder that Windows saves downloads in; "" if it does not say.
func Downloads() string {
	dir, err := sys.KnownFolderPath(sys.FOLDERID_Downloads, sys.KF_FLAG_DONT_VERIFY)
	if err != nil {
		return ""
	}
	return dir
}

var (
	_ desktop.Capturer  = (*Capturer)(nil)
	_ desktop.Injector  = (*Injector)(nil)
	_ desktop.Clipboard = (*Clipboard)(nil)
)
