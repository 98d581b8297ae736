//go:build portable && !windows

// Package portable is the backend for systems without a native one, such as macOS: kbinani/screenshot reads
// the screen, robotgo moves the pointer and types. It needs cgo, is built by -tags portable only, and is
// tested on X11. Only package platform imports it.
//
// It does less than the native ones. The screen is polled and compared (package pixels). The pointer's shape is
// always an arrow, buttons beyond three are refused, and there is no clipboard: what these libraries offer
// cannot tell a secret, nor stop before a text that is too long.
// Characters of which robotgo knows no key may be lost on X11.
//
// Coordinates are those of the system: on macOS points, not the pixels of a Retina display.
package portable
