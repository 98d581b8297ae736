package mail_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pindesk/internal/mail"
)

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestOperatorsTemplates(t *testing.T) {
	dir := folder(t, map[string]string{
		"mail.html": `<html><body>ACME {{.Title}} <a href="{{.Link}}">{{.Button}}</a> {{.PIN}} {{.Name}}</body></html>`,
		".hidden":   "{{",
	})
	m, err := templates(t, dir, "en").Compose(mail.Invite, mail.Fields{Name: "<Ann>", PIN: pin, Links: mail.Links{Guest: "https://h.example/#1"}})
	if err != nil {
		t.Fatal(err)
	}
	if want := `<html><body>ACME You are invited to a support session <a href="https://h.example/#1">Join the session</a> ` + pin + ` &lt;Ann&gt;</body></html>`; m.HTML != want {
		t.Errorf("got %s", m.HTML)
	}
	if !strings.Contains(m.Text, "wants to help you") {
		t.Errorf("what the folder lacks is not ours:\n%s", m.Text)
	}
}

// TestOperatorsMistakes: each shows at the start, with the file's name.
func TestOperatorsMistakes(t *testing.T) {
	words, err := os.ReadFile("templates/en.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	edited := func(from, to string) string {
		s := strings.Replace(string(words), from, to, 1)
		if s == string(words) {
			t.Fatalf("the words have no %q", from)
		}
		return s
	}
	for _, c := range []struct {
		name, language string
		files          map[string]string
		want           string // in the error
	}{
		{"empty folder", "en", nil, "has no templates"},
		{"typo", "en", map[string]string{"mail.htm": "x"}, "mail.htm"},
		{"broken HTML template", "en", map[string]string{"mail.html": "{{.Title"}, "mail.html"},
		{"unknown field", "en", map[string]string{"mail.txt": "{{.Titel}}"}, "Titel"},
		{"no link", "en", map[string]string{"mail.txt": "{{.Title}} {{.PIN}}"}, "does not show the link"},
		{"markup that nothing can be put into safely", "en", map[string]string{"mail.html": `<a href="{{if .Name}}x"{{end}}>`}, "mail.html"},
		{"too large", "en", map[string]string{"mail.html": strings.Repeat("x", 200<<10)}, "larger than"},
		{"endless", "en", map[string]string{"mail.txt": `{{range 1000000}}{{$.Link}}{{end}}`}, "too long"},
		{"words that are missing", "en", map[string]string{"en.tmpl": edited(`{{define "invite.title"}}`, `{{define "invite.titel"}}`)}, "invite.title"},
		{"words that are empty", "en", map[string]string{"en.tmpl": edited("Invitation to a support session", "")}, "invite.subject"},
		{"long subject", "en", map[string]string{"en.tmpl": edited("Invitation", strings.Repeat("Invitation ", 20))}, "subject"},
		{"long subject with a long name", "en", map[string]string{"en.tmpl": edited("Invitation", strings.Repeat("x", 100)+" {{.Name}}")}, "subject"},
		{"language that nobody has", "fr", map[string]string{"mail.txt": "{{.Link}}"}, "fr.tmpl"},
	} {
		_, err := mail.LoadTemplates(folder(t, c.files), c.language)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q in it", c.name, err, c.want)
		}
	}
	if _, err := mail.LoadTemplates(filepath.Join(t.TempDir(), "none"), "en"); err == nil {
		t.Error("a folder that is not there is accepted")
	}
	if _, err := mail.LoadTemplates(folder(t, map[string]string{"fr.tmpl": string(words)}), "fr"); err != nil {
		t.Errorf("a language of the operator's own: %v", err)
	}
}

// TestBrandInMails: the operator's colours and name are in every mail, in both schemes.
func TestBrandInMails(t *testing.T) {
	all := templates(t, "", "de")
	all.Colours = mail.Colours{Light: "#112233", OnLight: "#fefefe", Dark: "#ddeeff", OnDark: "#010203"}
	for _, k := range mail.Kinds {
		m, err := all.Compose(k, mail.Fields{PIN: pin, Host: "h.example", Service: `Hilfe <b>&</b> Söhne`, Links: mail.Links{Guest: "https://h.example/#1", Viewer: "https://h.example/view#1"}})
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{".button { background: #ddeeff !important; color: #010203", "background:#112233;color:#fefefe;", "Hilfe &lt;b&gt;&amp;&lt;/b&gt; Söhne (h.example)"} {
			if !strings.Contains(m.HTML, want) {
				t.Errorf("%s lacks %q:\n%s", k, want, m.HTML)
			}
		}
		if !strings.Contains(m.Text, "Hilfe <b>&</b> Söhne (h.example) hat diese Mail") || strings.Contains(m.Subject, "Hilfe <b>") {
			t.Errorf("%s:\n%s\n%s", k, m.Subject, m.Text)
		}
	}
}
