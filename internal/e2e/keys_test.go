package e2e

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"pindesk/internal/store/pgtest"
)

func prefixes(all ...string) (list []netip.Prefix) {
	for _, p := range all {
		list = append(list, netip.MustParsePrefix(p))
	}
	return list
}

// keyCommand runs broker key on the broker's database.
func (b *brokerProgram) keyCommand(databaseURL string, args ...string) string {
	b.t.Helper()
	data := b.args[4]
	cmd := exec.Command(filepath.Join(bin, "broker"), append(append([]string{"key"}, args...), "--data", data)...)
	cmd.Env = environment(b.t)
	if databaseURL != "" {
		cmd.Args = append(cmd.Args, "--database-url", databaseURL)
	}
	out, err := cmd.Output()
	if err != nil {
		b.t.Fatalf("broker key %v: %v %s", args, err, out)
	}
	return string(out)
}

// ask makes a call with a key and returns its status and error code.
func (b *brokerProgram) ask(method, path, key string) (status int, code string, answer http.Header) {
	b.t.Helper()
	req, err := http.NewRequest(method, b.url+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	var body struct{ Error string }
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
		b.t.Fatal(err)
	}
	return resp.StatusCode, body.Error, resp.Header
}

// TestKeyCommand makes, uses, lists and revokes a key while a broker that asks for one runs.
func TestKeyCommand(t *testing.T) {
	for name, database := range map[string]func() string{"SQLite": func() string { return "" }, "Postgres": func() string { return pgtest.Start(t) }} {
		t.Run(name, func(t *testing.T) {
			url := database()
			b := startBroker(t, url, "--require-key")
			if status, code, h := b.ask("GET", "/api/v1/session_pin", ""); status != 401 || code != "key_needed" || h.Get("WWW-Authenticate") == "" {
				t.Errorf("without a key: %d %s %v", status, code, h)
			}
			key := strings.TrimSpace(b.keyCommand(url, "create", "--organisation", "Müller & Söhne", "--quota", "7"))
			if !regexp.MustCompile(`^pdk_[a-z2-7]{8}_[a-z2-7]{32}$`).MatchString(key) {
				t.Fatalf("key of a wrong form: %q", key)
			}
			id := key[4:12]
			if status, code, h := b.ask("GET", "/api/v1/session_pin", key); status != 200 || h.Get("Session-Token") == "" {
				t.Errorf("with a key: %d %s", status, code)
			}
			list := b.keyCommand(url, "list")
			if line := regexp.MustCompile(`(?m)^` + id + `\s+(\S+)\s+(\S+)\s+-\s+7\s+Müller & Söhne$`).FindStringSubmatch(list); line == nil || line[2] == "-" || strings.Contains(list, key) {
				t.Errorf("list:\n%s", list)
			}
			b.keyCommand(url, "revoke", id)
			if status, code, _ := b.ask("GET", "/api/v1/session_pin", key); status != 401 || code != "bad_key" {
				t.Errorf("with a revoked key: %d %s", status, code)
			}
			if strings.Contains(b.prog.out.String(), key) {
				t.Error("the key is in the log")
			}
		})
	}
}
