// Package windows is the backend for Windows 10 and later, without cgo. Only package platform imports it.
//
// Capturing: Windows does not say what was drawn, so the capturer looks at a rate that follows what a
// look costs, and compares (package pixels). It reads through GDI into one bitmap of its own (gdi_windows.go).
// The picture is the virtual screen: all monitors together; its origin is that of
// the picture, and may be negative in Windows' coordinates.
//
// Injecting: SendInput. Keys go by scan code, that is by place; shortcuts by the key that has the letter on
// the layout of the program in front; characters by that key if one gives just this character now, else as
// Unicode.
//
// The clipboard is a hidden window, whose thread does all that touches the clipboard.
//
// What stands in the way of seeing or controlling, such as the lock screen, is Watch's.
//
// Coordinates are physical pixels, since the program's manifest says PerMonitorV2 (Aware sees to that
// where it does not). Files without a build tag are pure, and are tested on every system.
package windows
