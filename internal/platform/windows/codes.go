package windows

import "unicode"

// extended marks the scan codes that keyboards send with the prefix E0.
const extended = 0xe000

// scanCodes are the scan codes (set 1) of the keys named by KeyboardEvent.code, from the USB HID to PS/2
// translation table that Windows' own keyboard driver uses.
var scanCodes = map[string]uint16{
	"Escape": 0x01, "Digit1": 0x02, "Digit2": 0x03, "Digit3": 0x04, "Digit4": 0x05, "Digit5": 0x06, "Digit6": 0x07,
	"Digit7": 0x08, "Digit8": 0x09, "Digit9": 0x0a, "Digit0": 0x0b, "Minus": 0x0c, "Equal": 0x0d, "Backspace": 0x0e,
	"Tab": 0x0f, "KeyQ": 0x10, "KeyW": 0x11, "KeyE": 0x12, "KeyR": 0x13, "KeyT": 0x14, "KeyY": 0x15, "KeyU": 0x16,
	"KeyI": 0x17, "KeyO": 0x18, "KeyP": 0x19, "BracketLeft": 0x1a, "BracketRight": 0x1b, "Enter": 0x1c,
	"ControlLeft": 0x1d, "KeyA": 0x1e, "KeyS": 0x1f, "KeyD": 0x20, "KeyF": 0x21, "KeyG": 0x22, "KeyH": 0x23,
	"KeyJ": 0x24, "KeyK": 0x25, "KeyL": 0x26, "Semicolon": 0x27, "Quote": 0x28, "Backquote": 0x29, "ShiftLeft": 0x2a,
	"Backslash": 0x2b, "KeyZ": 0x2c, "KeyX": 0x2d, "KeyC": 0x2e, "KeyV": 0x2f, "KeyB": 0x30, "KeyN": 0x31,
	"KeyM": 0x32, "Comma": 0x33, "Period": 0x34, "Slash": 0x35, "ShiftRight": 0x36, "NumpadMultiply": 0x37,
	"AltLeft": 0x38, "Space": 0x39, "CapsLock": 0x3a,
	"F1": 0x3b, "F2": 0x3c, "F3": 0x3d, "F4": 0x3e, "F5": 0x3f, "F6": 0x40, "F7": 0x41, "F8": 0x42, "F9": 0x43, "F10": 0x44,
	"F11": 0x57, "F12": 0x58, "F13": 0x64, "F14": 0x65, "F15": 0x66, "F16": 0x67, "F17": 0x68, "F18": 0x69, "F19": 0x6a,
	"F20": 0x6b, "F21": 0x6c, "F22": 0x6d, "F23": 0x6e, "F24": 0x76,
	"Pause": 0x45, "ScrollLock": 0x46, "NumLock": extended | 0x45,
	"Numpad7": 0x47, "Numpad8": 0x48, "Numpad9": 0x49, "NumpadSubtract": 0x4a, "Numpad4": 0x4b, "Numpad5": 0x4c,
	"Numpad6": 0x4d, "NumpadAdd": 0x4e, "Numpad1": 0x4f, "Numpad2": 0x50, "Numpad3": 0x51, "Numpad0": 0x52,
	"NumpadDecimal": 0x53, "NumpadEnter": extended | 0x1c, "NumpadDivide": extended | 0x35, "NumpadEqual": 0x59, "NumpadComma": 0x7e,
	"IntlBackslash": 0x56, "IntlRo": 0x73, "IntlYen": 0x7d, "KanaMode": 0x70, "Lang1": 0x72, "Lang2": 0x71,
	"Lang3": 0x78, "Lang4": 0x77, "Convert": 0x79, "NonConvert": 0x7b,
	"ControlRight": extended | 0x1d, "AltRight": extended | 0x38, "PrintScreen": extended | 0x37,
	"Home": extended | 0x47, "ArrowUp": extended | 0x48, "PageUp": extended | 0x49, "ArrowLeft": extended | 0x4b,
	"ArrowRight": extended | 0x4d, "End": extended | 0x4f, "ArrowDown": extended | 0x50, "PageDown": extended | 0x51,
	"Insert": extended | 0x52, "Delete": extended | 0x53,
	"MetaLeft": extended | 0x5b, "MetaRight": extended | 0x5c, "OSLeft": extended | 0x5b, "OSRight": extended | 0x5c,
	"ContextMenu": extended | 0x5d, "Power": extended | 0x5e, "Sleep": extended | 0x5f, "WakeUp": extended | 0x63,
	"AudioVolumeMute": extended | 0x20, "AudioVolumeDown": extended | 0x2e, "AudioVolumeUp": extended | 0x30,
	"MediaTrackNext": extended | 0x19, "MediaTrackPrevious": extended | 0x10, "MediaStop": extended | 0x24,
	"MediaPlayPause": extended | 0x22, "MediaSelect": extended | 0x6d, "LaunchMail": extended | 0x6c,
	"LaunchApp1": extended | 0x6b, "LaunchApp2": extended | 0x21,
	"BrowserHome": extended | 0x32, "BrowserSearch": extended | 0x65, "BrowserFavorites": extended | 0x66,
	"BrowserRefresh": extended | 0x67, "BrowserStop": extended | 0x68, "BrowserForward": extended | 0x69, "BrowserBack": extended | 0x6a,
	"Help": extended | 0x3b, "Undo": extended | 0x08, "Cut": extended | 0x17, "Copy": extended | 0x18, "Paste": extended | 0x0a,
	"Eject": extended | 0x2c,
}

// unlocked are the keys that do what keypad keys do while NumLock is off.
var unlocked = map[string]string{
	"Numpad0": "Insert", "Numpad1": "End", "Numpad2": "ArrowDown", "Numpad3": "PageDown", "Numpad4": "ArrowLeft",
	"Numpad6": "ArrowRight", "Numpad7": "Home", "Numpad8": "ArrowUp", "Numpad9": "PageUp", "NumpadDecimal": "Delete",
}

// isModifier reports whether a code's key changes what others do while it is held.
func isModifier(code string) bool { //nolint:unused // by what is built for Windows only
	switch code {
	case "ShiftLeft", "ShiftRight":
		return true
	}
	return lifted(code)
}

// lifted reports whether a modifier must not be down while a character is typed: with it the
// character would be a shortcut.
func lifted(code string) bool { //nolint:unused // by what is built for Windows only
	switch code {
	case "ControlLeft", "ControlRight", "AltLeft", "AltRight", "MetaLeft", "MetaRight", "OSLeft", "OSRight":
		return true
	}
	return false
}

// shortcutLetter is the letter that a shortcut means whose technician's own layout gives r on the key of code:
// with a layout of other letters Ctrl+C is meant by the place of C.
func shortcutLetter(r rune, code string) rune {
	r = unicode.ToLower(r)
	if unicode.IsLetter(r) && !unicode.Is(unicode.Latin, r) && len(code) == 4 && code[:3] == "Key" {
		return rune(code[3]) - 'A' + 'a'
	}
	return r
}
