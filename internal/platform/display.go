//go:build linux || (portable && !windows)

package platform

import "pindesk/internal/platform/desktop"

// chooseDisplay finds out whether there is an X desktop that shows what the guest sees.
func chooseDisplay(cfg Config, getenv func(string) string) (string, error) {
	if cfg.Display != "" {
		return cfg.Display, nil
	}
	display := getenv("DISPLAY")
	wayland := getenv("XDG_SESSION_TYPE") == "wayland" || getenv("WAYLAND_DISPLAY") != ""
	const wayOut = " Please share your screen from the browser instead: open the link that you were given, or the " +
		`support page, and choose to share from there. Or log out, choose the session "Xorg" (or "X11") at the login screen, and try again.`
	switch {
	case wayland && display == "":
		return "", &desktop.Error{Kind: desktop.ErrWayland,
			Message: "This is a Wayland desktop, and sharing from Wayland is not supported yet." + wayOut}
	case wayland && !cfg.AllowXWayland:
		return "", &desktop.Error{Kind: desktop.ErrWayland,
			Message: "This is a Wayland desktop, of which this program could show a black screen or some windows only." + wayOut}
	case display == "":
		return "", &desktop.Error{Kind: desktop.ErrNoDisplay,
			Message: "No desktop was found: the environment variable DISPLAY is not set. " +
				"Please start the program from a terminal or a menu of the desktop that is to be shared."}
	}
	return display, nil
}
