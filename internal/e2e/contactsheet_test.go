package e2e

import (
	"context"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

// contactSheet makes pictures of scenes, and a page on which a person can look them through.
type contactSheet struct {
	dir  string // "": none are made
	mu   sync.Mutex
	rows map[string]sheetRow // by scene
}

type sheetRow struct {
	Name, Shows, Made string
	Pictures          []string // file names
}

// photographed are the renderings of the pictures.
var photographed = []rendering{
	phone.in("light"), phone.in("dark"), laptop.in("light"), laptop.in("dark"), large.in("light"), large.in("dark"), vast.in("light"),
	{screen: "laptop", width: 1440, height: 900, ratio: 1, scheme: "forced", forced: true},
}

func newContactSheet(t *testing.T, dir string) *contactSheet {
	t.Helper()
	c := &contactSheet{dir: dir, rows: map[string]sheetRow{}}
	if dir == "" {
		return c
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		f, err := os.Create(filepath.Join(dir, "index.html"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		var rows []sheetRow
		for _, sc := range scenes {
			if row, taken := c.rows[sc.name]; taken { // -run may have left some out
				rows = append(rows, row)
			}
		}
		if err := sheetPage.Execute(f, rows); err != nil {
			t.Error(err)
		}
	})
	return c
}

// take photographs a scene: the page as it stands in its language, then anew in English.
func (c *contactSheet) take(t *testing.T, german *act, sc scene) {
	t.Helper()
	if c.dir == "" {
		return
	}
	row := sheetRow{Name: sc.name, Shows: sc.shows, Made: sc.made}
	shoot := func(a *act, r rendering, language string) {
		t.Helper()
		a.v.render(r)
		file := fmt.Sprintf("%s-%s%s.png", sc.name, r.name(), language)
		a.v.photograph(filepath.Join(c.dir, file))
		row.Pictures = append(row.Pictures, file)
	}
	for _, r := range []rendering{phone.in("light"), laptop.in("dark")} {
		shoot(german, r, "-de")
	}
	english := german.stage.begin(t, "en-GB")
	english.play(sc)
	for _, r := range photographed {
		shoot(english, r, "")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rows[sc.name] = row
}

// photograph writes what the page shows into a file.
func (p *page) photograph(file string) {
	p.t.Helper()
	var png []byte
	p.limited(func(ctx context.Context) (err error) {
		png, err = chromedp.Run(ctx, chromedp.CaptureScreenshot())
		return err
	})
	if err := os.WriteFile(file, png, 0o644); err != nil {
		p.t.Error(err)
	}
}

var sheetPage = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>PinDesk: every page and state</title>
<style>
body { font: 15px/1.4 system-ui, sans-serif; margin: 24px; background: #777; color: #fff; }
section > div { display: flex; flex-wrap: wrap; gap: 12px; align-items: start; margin-bottom: 32px; }
img { max-height: 420px; max-width: 680px; display: block; }
figure { margin: 0; }
a { color: inherit; }
</style>
<h1>Every page and state</h1>
{{range .}}<section id="{{.Name}}"><h2>{{.Name}}{{with .Shows}} <small>({{.}})</small>{{end}}{{with .Made}} <small>made: {{.}}</small>{{end}}</h2>
<div>{{range .Pictures}}<figure><a href="{{.}}"><img loading="lazy" src="{{.}}" alt="{{.}}"></a><figcaption>{{.}}</figcaption></figure>
{{end}}</div></section>
{{end}}</html>
`))
