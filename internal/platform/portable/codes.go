//go:build portable && !windows

package portable

import (
	"strings"
	"unicode"

	"pindesk/internal/wire"
)

// names are robotgo's of the keys that KeyboardEvent.code names; letters, digits and F keys are not listed.
var names = map[string]string{
	"Escape": "escape", "Backspace": "backspace", "Tab": "tab", "Enter": "enter", "Space": "space", "CapsLock": "capslock",
	"ShiftLeft": "lshift", "ShiftRight": "rshift", "ControlLeft": "lctrl", "ControlRight": "rctrl", "AltLeft": "lalt",
	"AltRight": "ralt", "MetaLeft": "lcmd", "MetaRight": "rcmd", "OSLeft": "lcmd", "OSRight": "rcmd",
	"ArrowUp": "up", "ArrowDown": "down", "ArrowLeft": "left", "ArrowRight": "right", "Home": "home", "End": "end",
	"PageUp": "pageup", "PageDown": "pagedown", "Insert": "insert", "Delete": "delete", "PrintScreen": "printscreen",
	"ContextMenu": "menu", "Minus": "-", "Equal": "=", "BracketLeft": "[", "BracketRight": "]", "Backslash": "\\",
	"Semicolon": ";", "Quote": "'", "Backquote": "`", "Comma": ",", "Period": ".", "Slash": "/",
	"NumLock": "num_lock", "NumpadEnter": "num_enter", "NumpadAdd": "num+", "NumpadSubtract": "num-", "NumpadMultiply": "num*",
	"NumpadDivide": "num/", "NumpadDecimal": "num.", "NumpadEqual": "num_equal",
	"AudioVolumeMute": "audio_mute", "AudioVolumeDown": "audio_vol_down", "AudioVolumeUp": "audio_vol_up",
	"MediaTrackNext": "audio_next", "MediaTrackPrevious": "audio_prev", "MediaStop": "audio_stop", "MediaPlayPause": "audio_play",
}

// keyName is robotgo's name of a key that is meant as a key; "" if it has none. The letter says which key is
// meant, also where the layouts differ; else its place does.
func keyName(e wire.Event) string {
	if text := []rune(e.Text); len(text) == 1 && !isModifier(e.Code) {
		if r := unicode.ToLower(text[0]); r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return string(r)
		}
	}
	if name := names[e.Code]; name != "" {
		return name
	}
	for prefix, to := range map[string]string{"Key": "", "Digit": "", "Numpad": "num", "F": "f"} {
		rest, is := strings.CutPrefix(e.Code, prefix)
		switch {
		case !is || rest == "":
		case prefix == "Key" && len(rest) == 1, strings.Trim(rest, "0123456789") == "" && prefix != "Key":
			return to + strings.ToLower(rest)
		}
	}
	return ""
}

// isModifier reports whether a code's key changes what others do while it is held.
func isModifier(code string) bool {
	for _, prefix := range []string{"Shift", "Control", "Alt", "Meta", "OS"} {
		if strings.HasPrefix(code, prefix) {
			return true
		}
	}
	return false
}
