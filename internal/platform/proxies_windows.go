package platform

import (
	"log/slog"
	"net/http"
	"net/url"
	"os"

	"pindesk/internal/platform/windows"
)

// Proxies returns what says through which proxy a call goes; nil: through none. The environment counts if it says
// anything (HTTP_PROXY, HTTPS_PROXY, NO_PROXY), else the system's settings. What it returns may hold a password: it
// is for no log.
func Proxies(log *slog.Logger) func(*http.Request) (*url.URL, error) {
	if environmentSays() {
		return http.ProxyFromEnvironment
	}
	system := windows.NewProxies(log)
	return func(r *http.Request) (*url.URL, error) { return system.For(r.Context(), r.URL), nil }
}

// environmentSays reports whether the environment speaks of proxies.
func environmentSays() bool {
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"} {
		if os.Getenv(name) != "" {
			return true
		}
	}
	return false
}
