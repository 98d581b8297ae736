// Package x11 is the backend for X11 desktops, without cgo. A Capturer and an Injector
// have a connection to the X server each, so that neither waits for the other.
//
// Capturing: the server collects damage (DAMAGE) in one region; Grab takes that region,
// reads its rectangles through shared memory (MIT-SHM) and copies them into a picture of
// ordinary memory. A server without MIT-SHM is read in bands over the connection; without
// DAMAGE (or XFIXES, which it builds on) the screen is read as a whole at a moderate rate
// and compared. The picture is the root window: all monitors together. Where these are says RANDR (1.5,
// or what 1.2 knows of outputs; without it the desktop is one monitor).
//
// Injecting: XTEST. Keys go by position; characters are looked for in the keyboard
// mapping, and those that no key gives are bound to spare keycodes for a while.
//
// The clipboard is the selection CLIPBOARD, on a third connection: other programs take their
// time to answer, and are not trusted.
//
// Process-wide effects: xgb's logger is silenced, and xgb's tables of extension events and
// errors are filled with decoders of this package. xgb writes these tables without a lock
// in the Init functions of its extension packages, so no code of the same process may call
// those; events of other connections are not affected.
//
// Only package platform imports x11.
package x11
