package windows

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"sync"
	"syscall"
	"time"
	"unsafe"

	sys "golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"

	"pindesk/internal/platform/proxy"
)

const (
	scriptPatience = 3 * time.Second // that a connection waits for the network's script; what comes later serves the next one
	scriptLasts    = 5 * time.Minute
)

// Proxies knows through which proxy Windows' settings want an address to be reached: those of the person, of the
// organisation's policy, and what a script of the network says (WPAD, PAC). Its methods may be called by any goroutine.
type Proxies struct {
	log *slog.Logger

	mu      sync.Mutex
	scripts map[string]*scripted // by address; guarded by mu
}

// NewProxies opens nothing.
func NewProxies(log *slog.Logger) *Proxies {
	return &Proxies{log: log, scripts: map[string]*scripted{}}
}

// For returns the proxy for an address; nil: it is reached without one. It may take as long as the network's script
// is waited for.
func (p *Proxies) For(ctx context.Context, u *url.URL) *url.URL {
	set, err := proxySettings()
	if err != nil {
		p.log.Debug("no proxy settings", "err", err)
		return nil
	}
	if set.detect || set.script != "" {
		if answer, ok := p.ask(ctx, set, u); ok {
			return answer.For(u)
		}
	}
	return proxy.Parse(set.server, set.bypass).For(u)
}

// scripted is what a script says of one address.
type scripted struct {
	done   chan struct{} // closed when the rest is set
	at     time.Time
	answer proxy.Settings
	err    error
	late   bool // somebody has waited in vain; guarded by Proxies.mu
}

// ask has the network's script say; ok is false if there is none, or it does not answer in time.
func (p *Proxies) ask(ctx context.Context, set settings, u *url.URL) (answer proxy.Settings, ok bool) {
	address := (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/"}).String()
	switch u.Scheme { // scripts know pages
	case "ws":
		address = "http" + address[len("ws"):]
	case "wss":
		address = "https" + address[len("wss"):]
	}
	p.mu.Lock()
	s := p.scripts[address]
	if s == nil || s.over() {
		s = &scripted{done: make(chan struct{})}
		p.scripts[address] = s
		go func() {
			defer close(s.done)
			s.answer, s.err = runScript(set, address)
			s.at = time.Now()
		}()
	}
	wait := scriptPatience
	if s.late {
		wait = 0
	}
	p.mu.Unlock()
	patience := time.NewTimer(wait)
	defer patience.Stop()
	select {
	case <-s.done: // before what else is ready
		return s.said(p.log)
	default:
	}
	select {
	case <-s.done:
		return s.said(p.log)
	case <-patience.C:
		p.mu.Lock()
		s.late = true
		p.mu.Unlock()
		p.log.Warn("the network's script for proxies does not answer; going on without it")
	case <-ctx.Done():
	}
	return proxy.Settings{}, false
}

// said returns the answer, which is there.
func (s *scripted) said(log *slog.Logger) (answer proxy.Settings, ok bool) {
	if s.err != nil {
		log.Debug("no script says which proxy", "err", s.err)
	}
	return s.answer, s.err == nil
}

// over reports whether an answer is too old.
func (s *scripted) over() bool {
	select {
	case <-s.done:
		return time.Since(s.at) > scriptLasts
	default:
		return false
	}
}

// settings are those of Windows' "Internet options".
type settings struct {
	detect                 bool   // ask the network for a script
	script, server, bypass string // the script's address
}

// takeText reads a text that Windows has made, and frees it.
func takeText(p *uint16) string {
	if p == nil {
		return ""
	}
	defer func() { _, _ = call(procGlobalFree, uintptr(unsafe.Pointer(p))) }()
	return sys.UTF16PtrToString(p)
}

// proxySettings reads them. What is asked knows of policies and of each connection's own settings; where it says nothing of
// a server (wine's never does), the registry may.
func proxySettings() (settings, error) {
	set, err := askedSettings()
	if err == nil && set.server == "" && set.script == "" {
		set.script, set.server, set.bypass = writtenSettings()
	}
	return set, err
}

// writtenSettings are those of the person in the registry, unless a policy says that the machine's count.
func writtenSettings() (script, server, bypass string) {
	const where = `Software\Microsoft\Windows\CurrentVersion\Internet Settings`
	if policy, err := registry.OpenKey(registry.LOCAL_MACHINE, `Software\Policies\Microsoft\Windows\CurrentVersion\Internet Settings`, registry.QUERY_VALUE); err == nil {
		defer policy.Close()
		if each, _, err := policy.GetIntegerValue("ProxySettingsPerUser"); err == nil && each == 0 {
			return "", "", ""
		}
	}
	key, err := registry.OpenKey(registry.CURRENT_USER, where, registry.QUERY_VALUE)
	if err != nil {
		return "", "", "" // nothing was ever set
	}
	defer key.Close()
	script, _, _ = key.GetStringValue("AutoConfigURL")
	if on, _, err := key.GetIntegerValue("ProxyEnable"); err != nil || on == 0 {
		return script, "", ""
	}
	server, _, _ = key.GetStringValue("ProxyServer")
	bypass, _, _ = key.GetStringValue("ProxyOverride")
	return script, server, bypass
}

func askedSettings() (settings, error) {
	if err := missing(procWinHTTPGetIEProxyConfig); err != nil {
		return settings{}, err
	}
	// WINHTTP_CURRENT_USER_IE_PROXY_CONFIG
	config := &struct {
		detect                int32
		script, proxy, bypass *uint16
	}{}
	if ok, errno := call(procWinHTTPGetIEProxyConfig, uintptr(unsafe.Pointer(config))); ok == 0 {
		if errno == sys.ERROR_FILE_NOT_FOUND { // nothing was ever set
			return settings{}, nil
		}
		return settings{}, errno
	}
	return settings{config.detect != 0, takeText(config.script), takeText(config.proxy), takeText(config.bypass)}, nil
}

// autoProxyOptions is WINHTTP_AUTOPROXY_OPTIONS.
type autoProxyOptions struct {
	flags, detect uint32
	script        *uint16
	_             uintptr
	_             uint32
	logon         int32
}

// runScript finds and runs the network's script for an address.
func runScript(set settings, address string) (proxy.Settings, error) {
	if err := missing(procWinHTTPOpen, procWinHTTPSetTimeouts, procWinHTTPGetProxyForURL, procWinHTTPCloseHandle); err != nil {
		return proxy.Settings{}, err
	}
	const (
		noProxy     = 1 // WINHTTP_ACCESS_TYPE_NO_PROXY: the script itself is fetched without one
		autoDetect  = 1
		configURL   = 2
		byDHCPorDNS = 3
		millisecond = 20_000 // for each step of fetching it
	)
	session, errno := call(procWinHTTPOpen, 0, noProxy, 0, 0, 0)
	if session == 0 {
		return proxy.Settings{}, errno
	}
	defer func() { _, _ = call(procWinHTTPCloseHandle, session) }()
	_, _ = call(procWinHTTPSetTimeouts, session, millisecond, millisecond, millisecond, millisecond)
	// One after the other, as Windows' own programs do; wine takes no options with both.
	var tries []*autoProxyOptions
	if set.detect {
		tries = append(tries, &autoProxyOptions{flags: autoDetect, detect: byDHCPorDNS})
	}
	if set.script != "" {
		script, err := sys.UTF16PtrFromString(set.script)
		if err != nil {
			return proxy.Settings{}, err
		}
		// The second time its server is told who wants it, if it asks.
		tries = append(tries, &autoProxyOptions{flags: configURL, script: script}, &autoProxyOptions{flags: configURL, script: script, logon: 1})
	}
	err := errors.New("windows: the network's script for proxies")
	for _, options := range tries {
		answer, errno := askScript(session, address, options)
		if errno == 0 {
			return answer, nil
		}
		err = errors.Join(err, errno)
	}
	return proxy.Settings{}, err
}

func askScript(session uintptr, address string, options *autoProxyOptions) (proxy.Settings, syscall.Errno) {
	const namedProxy = 3 // WINHTTP_ACCESS_TYPE_NAMED_PROXY
	// WINHTTP_PROXY_INFO
	info := &struct {
		access        uint32
		proxy, bypass *uint16
	}{}
	ok, errno := call(procWinHTTPGetProxyForURL, session, uintptr(unsafe.Pointer(text16(address))), uintptr(unsafe.Pointer(options)), uintptr(unsafe.Pointer(info)))
	if ok == 0 {
		return proxy.Settings{}, max(errno, 1)
	}
	server, bypass := takeText(info.proxy), takeText(info.bypass)
	if info.access != namedProxy {
		server = ""
	}
	return proxy.Parse(server, bypass), 0
}
