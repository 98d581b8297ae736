package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"pindesk/internal/brand"
	"pindesk/internal/broker"
	"pindesk/internal/smtp"
	"pindesk/internal/smtp/smtptest"
	"pindesk/internal/store/pgtest"
	"pindesk/internal/wire"
)

// example is a curl command of openapi.yaml.
type example struct{ name, method, source string }

func examples(t *testing.T) (all []example) {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../httpapi/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for path, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			samples, _ := o.Extensions["x-codeSamples"].([]any)
			for _, sample := range samples {
				all = append(all, example{o.OperationID + " " + path, method, sample.(map[string]any)["source"].(string)})
			}
		}
	}
	return all
}

// What the examples in openapi.yaml have, and a test has to replace.
const (
	exampleHost     = "https://help.example.com"
	examplePIN      = "7W2-97-8570"
	exampleToken    = "dG9rZW4gdG9rZW4gdG9rZQ"
	exampleResume   = "cmVzdW1lIHJlc3VtZSByZX"
	exampleRegion   = "region=us-east-1"
	exampleDelivery = "4T2SBQX6MPJ7DEMQKVFZN5CHAY"
)

// TestExamples runs every curl command that /docs shows, against a broker on each engine that has
// a mail server and a brand. The session of each is its own, and has a delivery.
func TestExamples(t *testing.T) {
	received := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(received.Close)
	mails := (&smtptest.Catcher{User: "robot@example.com"}).Start(t, "starttls")
	for name, database := range map[string]func(*testing.T) string{"sqlite": func(*testing.T) string { return "" }, "postgres": func(t *testing.T) string { return pgtest.Start(t) }} {
		t.Run(name, func(t *testing.T) {
			s := startSite(t, func(c *broker.Config) {
				c.DatabaseURL, c.HookAllowPrivate, c.Brand = database(t), true, look(t, brand.Settings{Colour: "#0a7d5a"})
				c.Programs = handOut(t)
				c.Mail = broker.Mail{SMTP: smtp.Config{URL: "smtp://robot%40example.com@" + mails.Addr, Password: smtptest.Password, From: "help@example.com", RootCAs: mails.Roots}}
			})
			for _, e := range examples(t) {
				pin, token := s.made(t)
				source := strings.NewReplacer(exampleHost, s.url, examplePIN, pin,
					exampleToken, token, exampleRegion, "region=test", "arch=amd64", "arch="+runtime.GOARCH).Replace(e.source)
				if strings.Contains(source, exampleResume) {
					source = strings.ReplaceAll(source, exampleResume, s.shared(t, pin))
				}
				if strings.Contains(source, exampleDelivery) {
					source = strings.ReplaceAll(source, exampleDelivery, s.delivered(t, pin, token, received.URL))
				}
				out := curl(t, source)
				if strings.HasPrefix(e.name, "getExe ") {
					if want := "PinDesk_" + pin + "_127.0.0.1+"; !strings.Contains(string(out), want) {
						t.Errorf("%s:\n%s\nsaves %s, want %s...", e.name, source, out, want)
					}
				} else if strings.Contains(e.name, " /api/") && !strings.Contains(e.name, "regions") {
					var answer struct{ Success bool }
					if err := json.Unmarshal(out, &answer); err != nil || !answer.Success {
						t.Errorf("%s:\n%s\nanswers %s (%v)", e.name, source, out, err)
					}
				} else if len(out) == 0 {
					t.Errorf("%s:\n%s\nanswers nothing", e.name, source)
				}
			}
			eventually(t, "the invitation is mailed", func() bool { return len(mails.Mails()) > 0 })
		})
	}
}

// made makes a session.
func (s *site) made(t *testing.T) (pin, token string) {
	t.Helper()
	resp, err := http.Get(s.url + "/api/v1/session_pin")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var a struct {
		PIN string `json:"session_pin"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
		t.Fatal(err)
	}
	return a.PIN, resp.Header.Get("Session-Token")
}

// shared joins as a presenter, leaves, and returns its resume secret.
func (s *site) shared(t *testing.T, pin string) string {
	t.Helper()
	ws, err := s.open(pin, "presenter", "")
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	for {
		_, msg, err := ws.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		if h, body, err := wire.ParseHeader(msg); err != nil {
			t.Fatal(err)
		} else if h.Kind != wire.KindControl {
			continue
		} else if c, err := wire.ParseControl(body); err != nil {
			t.Fatal(err)
		} else if c.Type == wire.TypeWelcome {
			return c.Resume
		}
	}
}

// delivered lets a hook of the session fire and returns its delivery's id.
func (s *site) delivered(t *testing.T, pin, token, to string) (id string) {
	t.Helper()
	if status, a := s.call("PUT", "/api/v1/hook/", map[string]string{"type": "viewer_started", "url": to, "session_pin": pin}); status != 200 {
		t.Fatal(status, a)
	}
	ws, err := s.open(pin, "viewer", "")
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	eventually(t, "the hook has fired", func() bool {
		req, err := http.NewRequest("GET", s.url+"/api/v1/deliveries?session_pin="+pin, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Session-Token", token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var a struct{ Deliveries []struct{ ID string } }
		if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
			t.Fatal(err)
		}
		if len(a.Deliveries) > 0 {
			id = a.Deliveries[0].ID
		}
		return id != ""
	})
	return id
}

// curl runs a command of the shell that fails where the answer is an error.
func curl(t *testing.T, source string) []byte {
	t.Helper()
	home := t.TempDir()
	if err := os.WriteFile(home+"/.curlrc", []byte("silent\nshow-error\nfail-with-body\nmax-time = 20\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-euc", source)
	cmd.Dir = home
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "CURL_HOME=" + home}
	var out, bad bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &bad
	if err := cmd.Run(); err != nil {
		t.Errorf("%s\n%v %s %s", source, err, out.Bytes(), bad.Bytes())
	}
	return out.Bytes()
}

// TestPostmanCollection runs docs/pindesk.postman_collection.json by newman against the real
// program on each engine. make test-long installs newman.
func TestPostmanCollection(t *testing.T) {
	if os.Getenv("PINDESK_LONG") == "" {
		t.Skip("needs newman, which make test-long installs; PINDESK_LONG=1 runs it")
	}
	for name, database := range map[string]func(*testing.T) string{"sqlite": func(*testing.T) string { return "" }, "postgres": func(t *testing.T) string { return pgtest.Start(t) }} {
		t.Run(name, func(t *testing.T) {
			b := startBroker(t, database(t), "--region", "us-east-1")
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, "../../tools/newman/node_modules/.bin/newman", "run", "../../docs/pindesk.postman_collection.json",
				"--env-var", "base_url="+b.url, "--color", "off", "--disable-unicode", "--timeout-request", "20000")
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("newman (is it installed? see make test-long): %v\n%s", err, out)
			}
			t.Logf("%s", out)
		})
	}
}
