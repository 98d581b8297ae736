package session

import (
	"net/url"
	"strings"
	"testing"

	"pindesk/internal/fault"
)

func TestCheckHook(t *testing.T) {
	for _, typ := range []HookType{ViewerStarted, PresenterStarted, ViewerOffline, PresenterOffline} {
		if err := CheckHook(typ, "https://example.com/"); err != nil {
			t.Errorf("type %q: %v", typ, err)
		}
	}
	for _, typ := range []HookType{"", "viewer", "VIEWER_STARTED", "viewer_started "} {
		if err := CheckHook(typ, "https://example.com/"); fault.Code(err) != fault.BadHook || !strings.Contains(err.Error(), "presenter_offline") {
			t.Errorf("type %q: %v", typ, err)
		}
	}
	long := "https://example.com/" + strings.Repeat("a", MaxHookURL)
	for _, good := range []string{
		"http://example.com", "HTTPS://example.com/x?y=z#w", "https://www.example.com/api/v1/email/a@example.com",
		"http://127.0.0.1:8080/", "http://[::1]:8080/", "https://exämple.com/ü", long[:MaxHookURL],
	} {
		if err := CheckHook(ViewerStarted, good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "/path", "example.com/path", "//example.com/", "https:example.com", "https://", "https:///path", "http://:80/",
		"ftp://example.com/", "javascript:alert(1)", "file:///etc/passwd", "https://me:s3cret@example.com/", "https://me@example.com/",
		"https://example.com/\r\nHost: x", "https://example.com/\x00", "https://example.com/a b", "https://example.com/\u202e",
		"https://example.com/\xff", "https://example.com/%zz", "https://example.com:port/", "https://[::1/", long[:MaxHookURL+1],
	} {
		err := CheckHook(ViewerStarted, bad)
		if fault.Code(err) != fault.BadHook || !strings.Contains(err.Error(), "http or https") || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func FuzzCheckHook(f *testing.F) {
	for _, s := range []string{"https://example.com/a?b=c", "http://[::1]:80/", "https://a@b/", "//x", "https://\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		if CheckHook(ViewerStarted, in) != nil {
			return
		}
		u, err := url.Parse(in)
		if err != nil || u.Host == "" || u.User != nil || len(in) > MaxHookURL || !strings.HasPrefix(u.Scheme, "http") {
			t.Fatalf("%q was accepted", in)
		}
	})
}
