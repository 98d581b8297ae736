package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"pindesk/bench/internal/ws"
)

// meshPort is in the settings that peers/meshcentral-prepare.sh writes; so is the account.
const (
	meshPort     = "127.0.0.1:4495"
	meshUser     = "admin"
	meshPassword = "benchbench1"
)

// meshrelay is MeshCentral's meshrelay.ashx. Both ends are WebSocket clients that name the
// same id; the viewer comes with a cookie of a logged-in user, the presenter with the relay
// cookie that the server hands out for its agents. The server says "c" or "cr" to both when
// they are joined. With tls it is as MeshCentral is by default, without as behind a proxy
// that ends TLS, to compare with relays that were measured without.
type meshrelay struct {
	process
	tls          bool
	base         string
	user, device string // cookies
}

// meshFolder is where peers/meshcentral-prepare.sh installs MeshCentral.
func meshFolder() (string, error) {
	if dir := os.Getenv("MESH_DIR"); dir != "" {
		return dir, nil
	}
	cache, err := os.UserCacheDir()
	return filepath.Join(cache, "pindesk-bench", "meshcentral"), err
}

func (m *meshrelay) start(ctx context.Context) ([]int, error) {
	dir, err := meshFolder()
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(dir, "meshcentral-data", "ready")); err != nil {
		return nil, errors.New("MeshCentral is not set up: run peers/meshcentral-prepare.sh")
	}
	args := []string{"node", "node_modules/meshcentral"}
	m.base = "wss://" + meshPort + "/"
	if !m.tls {
		m.base = "ws://" + meshPort + "/"
		data, err := m.plainSettings(dir)
		if err != nil {
			return nil, err
		}
		args = append(args, "--datapath", data)
	}
	pids, err := m.run(ctx, dir, meshPort, args...)
	if err != nil {
		return pids, err
	}
	time.Sleep(2 * time.Second) // it accepts before it is ready
	return pids, m.login()
}

// plainSettings copies the data folder with TLS switched off.
func (m *meshrelay) plainSettings(dir string) (string, error) {
	data := filepath.Join(m.work, "meshcentral-plain")
	if err := os.RemoveAll(data); err != nil {
		return "", err
	}
	if err := os.CopyFS(data, os.DirFS(filepath.Join(dir, "meshcentral-data"))); err != nil {
		return "", err
	}
	file := filepath.Join(data, "config.json")
	b, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	var config struct {
		Settings map[string]any `json:"settings"`
		Domains  map[string]any `json:"domains"`
	}
	if err := json.Unmarshal(b, &config); err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	config.Settings["tlsOffload"] = "127.0.0.1"
	if b, err = json.Marshal(config); err != nil {
		return "", err
	}
	return data, os.WriteFile(file, b, 0o600)
}

// login asks the control socket for the cookies that MeshCentral's own page would use.
func (m *meshrelay) login() error {
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	c, err := ws.Dial(m.base+"control.ashx", http.Header{"X-Meshauth": {b64(meshUser) + "," + b64(meshPassword)}})
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.WriteText(`{"action":"authcookie"}`); err != nil {
		return err
	}
	for {
		text, err := c.ReadText(pairTimeout)
		if err != nil {
			return fmt.Errorf("control.ashx: %w", err)
		}
		var answer struct{ Action, Cookie, RCookie, Cause, Msg string }
		if err := json.Unmarshal([]byte(text), &answer); err != nil {
			return fmt.Errorf("control.ashx: %w", err)
		}
		switch answer.Action {
		case "close":
			return fmt.Errorf("control.ashx: %s %s", answer.Cause, answer.Msg)
		case "authcookie":
			m.user, m.device = answer.Cookie, answer.RCookie
			return nil
		}
	}
}

func (m *meshrelay) pair(i int) (io.WriteCloser, io.ReadCloser, error) {
	id := fmt.Sprintf("bench%d-%d", os.Getpid(), i)
	viewer, err := ws.Dial(m.base+"meshrelay.ashx?browser=1&id="+id+"&auth="+url.QueryEscape(m.user), nil)
	if err != nil {
		return nil, nil, err
	}
	presenter, err := ws.Dial(m.base+"meshrelay.ashx?id="+id+"&rauth="+url.QueryEscape(m.device), nil)
	if err != nil {
		_ = viewer.Close()
		return nil, nil, err
	}
	for _, c := range []*ws.Conn{viewer, presenter} {
		text, err := c.ReadText(pairTimeout)
		if err == nil && !strings.HasPrefix(text, "c") {
			err = fmt.Errorf("meshrelay said %q", text)
		}
		if err != nil {
			_ = viewer.Close()
			_ = presenter.Close()
			return nil, nil, err
		}
	}
	return presenter, viewer, nil
}
