//go:build !windows

package platform

import (
	"log/slog"
	"net/http"
	"net/url"
)

// Proxies returns what says through which proxy a call goes; nil: through none. Here that is the environment (HTTP_PROXY,
// HTTPS_PROXY, NO_PROXY). What it returns may hold a password: it is for no log.
func Proxies(*slog.Logger) func(*http.Request) (*url.URL, error) { return http.ProxyFromEnvironment }
