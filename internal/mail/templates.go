package mail

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	html "html/template"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	text "text/template"
	"unicode"
)

//go:embed templates
var ours embed.FS

// The files of a set of templates. An operator's folder may have any of them; what it lacks is
// ours.
//
//	LANGUAGE.tmpl  text/template: the words. For each kind it defines KIND.subject, KIND.title,
//	               KIND.text and KIND.button, and for all of them label.pin, label.download,
//	               label.link, warning.guest, warning.technician and footer. Their dot is Fields.
//	mail.html      html/template, mail.txt text/template: the form. Their dot is Page.
const (
	htmlFile = "mail.html"
	textFile = "mail.txt"
	wordsExt = ".tmpl"
)

// Languages are those that we have words in.
var Languages = []string{"en", "de"}

const (
	maxTemplate = 128 << 10 // bytes of one file
	maxRendered = 256 << 10 // bytes of one text
	maxSubject  = 150       // runes
)

// Fields are what the words may use.
type Fields struct {
	Name    string // of who waits or invites, as CleanName leaves it; often ""
	PIN     string // such as 7W2-97-8570
	Region  string
	Host    string // the broker's, such as help.example.com
	Service string // what the operator calls it
	Links
}

// Page is what the form may use: Fields, and the words of the mail's kind and language.
type Page struct {
	Fields
	Kind     Kind
	Language string
	Colours  Colours
	Subject  string
	Title    string
	Text     string
	Button   string // "" if the mail leads nowhere
	Link     string // of the button
	Warning  string
	Footer   string
	Labels   Labels
}

// Colours are those of links and buttons, and of the letters on these, as #rrggbb, on light and on
// dark pages.
type Colours struct{ Light, OnLight, Dark, OnDark string }

// OwnColours are those of our templates.
var OwnColours = Colours{Light: "#1a5fd6", OnLight: "#ffffff", Dark: "#7fb0ff", OnDark: "#0b1220"}

// Labels are the words of the mail's parts.
type Labels struct{ PIN, Download, Link string }

// Templates make mails. They do not change after LoadTemplates.
type Templates struct {
	Colours  Colours // set before the first mail is made, if at all; OwnColours
	language string
	words    *text.Template
	html     *html.Template
	text     *text.Template
}

// LoadTemplates reads our templates in a language, with what the operator's folder dir ("" for
// none) has instead, and tries all of them: a mistake shows at the start and not with the first
// mail. The error names the file and says what to do.
func LoadTemplates(dir, language string) (*Templates, error) {
	own := map[string]string{}
	if dir != "" {
		var err error
		if own, err = readDir(dir, language); err != nil {
			return nil, fmt.Errorf("mail templates: %w", err)
		}
	}
	name := language + wordsExt
	if _, err := fs.Stat(ours, "templates/"+name); err != nil && own[name] == "" {
		return nil, fmt.Errorf("mail templates: there are no words in %q: choose one of %s, or put %s into the templates' folder",
			language, strings.Join(Languages, ", "), name)
	}
	t := &Templates{language: language, Colours: OwnColours}
	read := func(name string) string {
		if s, ok := own[name]; ok {
			return s
		}
		b, err := ours.ReadFile("templates/" + name)
		if err != nil { // only the words of a language that we lack, whose file was checked above
			return ""
		}
		return string(b)
	}
	var err error
	if t.words, err = text.New(name).Option("missingkey=error").Parse(read(name)); err == nil {
		if t.html, err = html.New(htmlFile).Option("missingkey=error").Parse(read(htmlFile)); err == nil {
			t.text, err = text.New(textFile).Option("missingkey=error").Parse(read(textFile))
		}
	}
	if err == nil {
		err = t.try()
	}
	if err != nil {
		return nil, fmt.Errorf("mail templates: %w", err)
	}
	return t, nil
}

// readDir reads an operator's folder. A name that we do not know is a typo that would otherwise
// leave our own template in force.
func readDir(dir, language string) (map[string]string, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	own := map[string]string{}
	for _, e := range entries {
		name := e.Name()
		if strings.HasPrefix(name, ".") {
			continue
		}
		if name != htmlFile && name != textFile && filepath.Ext(name) != wordsExt || e.IsDir() {
			return nil, fmt.Errorf("%s has %s, which is none of %s, %s and LANGUAGE%s: rename or remove it", dir, name, htmlFile, textFile, wordsExt)
		}
		info, err := root.Stat(name)
		if err != nil {
			return nil, err
		}
		if info.Size() > maxTemplate {
			return nil, fmt.Errorf("%s is larger than %d KiB", filepath.Join(dir, name), maxTemplate>>10)
		}
		b, err := fs.ReadFile(root.FS(), name)
		if err != nil {
			return nil, err
		}
		own[name] = string(b)
	}
	if len(own) == 0 {
		return nil, fmt.Errorf("%s has no templates: it may have %s, %s and %s%s", dir, htmlFile, textFile, language, wordsExt)
	}
	return own, nil
}

// try makes every mail there is, with and without what may be missing.
func (t *Templates) try() error {
	full := Fields{Name: "Ann", PIN: "7W2-97-8570", Region: "us-east-1", Host: "help.example.com", Service: "PinDesk", Links: Links{
		Guest: "https://help.example.com/#7W2-97-8570", Viewer: "https://help.example.com/view#7W2-97-8570", Download: "https://help.example.com/get"}}
	bare, long := full, full
	bare.Name, bare.Download = "", ""
	long.Name = strings.Repeat("n", maxName) // as it may come, for the subject's bound
	for _, k := range Kinds {
		for _, f := range []Fields{full, bare, long} {
			m, err := t.Compose(k, f)
			if err != nil {
				return err
			}
			link := f.Viewer
			if k.ForGuest() {
				link = f.Guest
			}
			for form, s := range map[string]string{textFile: m.Text, htmlFile: m.HTML} {
				if (k == Invite || k == InviteViewer) && !strings.Contains(s, link) {
					return fmt.Errorf("%s does not show the link (.Link) in a mail of kind %s", form, k)
				}
			}
		}
	}
	return nil
}

// Compose makes the subject and both texts of a mail.
func (t *Templates) Compose(k Kind, f Fields) (Message, error) {
	p := Page{Fields: f, Kind: k, Language: t.language, Colours: t.Colours, Link: f.Viewer}
	warning := "warning.technician"
	if k.ForGuest() {
		p.Link, warning = f.Guest, "warning.guest"
	} else {
		p.Download = "" // is the guest's
	}
	var err error
	for _, w := range []struct {
		name  string
		to    *string
		empty bool // may be
	}{
		{string(k) + ".subject", &p.Subject, false}, {string(k) + ".title", &p.Title, false}, {string(k) + ".text", &p.Text, false},
		{string(k) + ".button", &p.Button, true}, {warning, &p.Warning, true}, {"footer", &p.Footer, true},
		{"label.pin", &p.Labels.PIN, false}, {"label.download", &p.Labels.Download, false}, {"label.link", &p.Labels.Link, false},
	} {
		if *w.to, err = t.word(w.name, f); err != nil {
			return Message{}, err
		}
		if *w.to == "" && !w.empty {
			return Message{}, fmt.Errorf("%s%s gives no text for %q", t.language, wordsExt, w.name)
		}
	}
	m := Message{Subject: p.Subject}
	if n := len([]rune(m.Subject)); n > maxSubject || strings.ContainsFunc(m.Subject, unicode.IsControl) {
		return Message{}, fmt.Errorf("%s%s: the subject of %s must be one line of at most %d characters", t.language, wordsExt, k, maxSubject)
	}
	if m.Text, err = render(t.text, p); err != nil {
		return Message{}, err
	}
	if m.HTML, err = render(t.html, p); err != nil {
		return Message{}, err
	}
	return m, nil
}

// word renders one of the words; white space at its ends and line breaks in it are the file's own
// form, and mean a space.
func (t *Templates) word(name string, f Fields) (string, error) {
	tmpl := t.words.Lookup(name)
	if tmpl == nil {
		return "", fmt.Errorf("%s%s does not define %q", t.language, wordsExt, name)
	}
	s, err := render(tmpl, f)
	return strings.Join(strings.Fields(s), " "), err
}

// executer is what both template packages have in common.
type executer interface {
	Execute(w io.Writer, data any) error
}

func render(t executer, data any) (string, error) {
	var b capped
	err := t.Execute(&b, data)
	return b.String(), err
}

// capped is a buffer that takes no more than maxRendered bytes.
type capped struct{ bytes.Buffer }

func (c *capped) Write(p []byte) (int, error) {
	if c.Len()+len(p) > maxRendered {
		return 0, errors.New("a template gives too long a text")
	}
	return c.Buffer.Write(p)
}
