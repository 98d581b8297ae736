package session

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"pindesk/internal/fault"
)

// MaxHookURL is the longest hook URL, in bytes.
const MaxHookURL = 2048

// CheckHook says whether a hook may be stored: one of the four types, and an absolute http
// or https URL with a host, without user name and password, of at most MaxHookURL bytes.
// It judges the form only: where a delivery may go is decided when it is sent, because names
// change their addresses. The error is fault.BadHook and does not repeat the URL, which may
// carry a secret of the receiver.
func CheckHook(t HookType, rawURL string) error {
	switch t {
	case ViewerStarted, PresenterStarted, ViewerOffline, PresenterOffline:
	default:
		return fault.New(fault.BadHook, "The hook's type must be one of viewer_started, presenter_started, viewer_offline, presenter_offline.")
	}
	if !goodHookURL(rawURL) {
		return fault.New(fault.BadHook, "The hook's URL must be absolute, such as https://example.com/path: "+
			"http or https, with a host, without user name and password, without spaces or control characters, at most 2048 bytes.")
	}
	return nil
}

func goodHookURL(s string) bool {
	if s == "" || len(s) > MaxHookURL || !utf8.ValidString(s) {
		return false
	}
	if strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }) {
		return false
	}
	u, err := url.Parse(s)
	return err == nil &&
		(u.Scheme == "http" || u.Scheme == "https") &&
		u.Opaque == "" && u.User == nil && u.Hostname() != ""
}
