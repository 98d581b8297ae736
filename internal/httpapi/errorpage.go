package httpapi

import (
	"bytes"
	"cmp"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"pindesk/internal/brand"
	"pindesk/internal/fault"
)

// A person who comes to a page that cannot be shown gets a page that says so and what to do, in
// their language, and without any script. Its words are those of the pages' own catalogue, so
// that another language is one more file for it, too.

const (
	errorTemplate = "site/error.html"
	languageList  = "shared/texts/languages.js"
	textsFolder   = "shared/texts"
)

// told are the codes with words of their own: fault.CODE.title and .text in the catalogue. Others
// are told by those of other.
var told = []string{fault.NotFound, fault.BadMethod, fault.TooMany, fault.Internal, fault.Draining}

const other = "other"

// errorPages makes the pages. It does not change after newErrorPages.
type errorPages struct {
	form      *template.Template
	languages []language // English first
}

type language struct {
	tag, dir string
	texts    map[string]string
}

// errorPage is what the template sees.
type errorPage struct {
	App, Language, Dir string
	Status             int
	Title, Text, Home  string
	Again              string // "" where that is of no use
	Request            string // for the operator; "" if it tells nothing
	Support            template.URL
	SupportLabel       string
}

// Lines of the catalogue's modules. They are kept so simple that this is all there is to read.
var (
	listedLine = regexp.MustCompile(`(?m)^  '?([\w-]+)'?: \{ name: '[^']*'(, dir: 'rtl')? \},$`)
	textLine   = regexp.MustCompile(`(?m)^  '((?:[^'\\]|\\.)*)': '((?:[^'\\]|\\.)*)',$`)
	unescape   = strings.NewReplacer(`\'`, `'`, `\\`, `\`)
)

// newErrorPages reads the template and the words of every language.
func newErrorPages(web fs.FS, b *brand.Brand) (*errorPages, error) {
	form, err := fs.ReadFile(web, errorTemplate)
	if err != nil {
		return nil, err
	}
	list, err := fs.ReadFile(web, languageList)
	if err != nil {
		return nil, err
	}
	p := &errorPages{}
	if p.form, err = template.New(errorTemplate).Parse(strings.NewReplacer(dress(b)...).Replace(string(form))); err != nil {
		return nil, err
	}
	for _, m := range listedLine.FindAllSubmatch(list, -1) {
		l := language{tag: string(m[1]), dir: "ltr"}
		if len(m[2]) > 0 {
			l.dir = "rtl"
		}
		text, err := fs.ReadFile(web, path.Join(textsFolder, l.tag+".js"))
		if err != nil {
			return nil, err
		}
		l.texts = readTexts(text)
		if l.tag == "en" {
			p.languages = slices.Insert(p.languages, 0, l)
		} else {
			p.languages = append(p.languages, l)
		}
	}
	if len(p.languages) == 0 || p.languages[0].tag != "en" {
		return nil, fmt.Errorf("%s does not list English", languageList)
	}
	return p, nil
}

// readTexts reads the texts of a catalogue.
func readTexts(module []byte) map[string]string {
	texts := map[string]string{}
	for _, m := range textLine.FindAllSubmatch(module, -1) {
		texts[unescape.Replace(string(m[1]))] = unescape.Replace(string(m[2]))
	}
	return texts
}

// choose returns the language that r asks for first; English if there is none of its.
func (p *errorPages) choose(r *http.Request) language {
	type wish struct {
		tag string
		q   float64
	}
	var wishes []wish
	for part := range strings.SplitSeq(strings.Join(r.Header["Accept-Language"], ","), ",") {
		tag, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		q := 1.0
		if v, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			q, _ = strconv.ParseFloat(v, 64)
		}
		if q > 0 && len(wishes) < 20 {
			wishes = append(wishes, wish{strings.ToLower(tag), q})
		}
	}
	slices.SortStableFunc(wishes, func(a, b wish) int { return cmp.Compare(b.q, a.q) })
	for _, w := range wishes {
		for tag := w.tag; tag != ""; tag = tag[:max(0, strings.LastIndexByte(tag, '-'))] {
			for _, l := range p.languages {
				if strings.ToLower(l.tag) == tag {
					return l
				}
			}
		}
	}
	return p.languages[0]
}

// text is a text in l, else in English.
func (p *errorPages) text(l language, key string) string {
	return cmp.Or(l.texts[key], p.languages[0].texts[key], key)
}

// wantsPage reports whether a person's browser asks, who is to see a page.
func wantsPage(r *http.Request) bool {
	for part := range strings.SplitSeq(strings.Join(r.Header["Accept"], ","), ",") {
		if kind, params, _ := strings.Cut(strings.TrimSpace(part), ";"); kind == "text/html" {
			return !strings.HasPrefix(strings.ReplaceAll(params, " ", ""), "q=0") || strings.Contains(params, "q=0.")
		}
	}
	return false
}

// failPage answers a fault as a page. seconds is how long to wait, "" if it is not that.
func (a *api) failPage(w http.ResponseWriter, r *http.Request, code string, status int, seconds string) {
	p := a.errors
	l := p.choose(r)
	if !slices.Contains(told, code) {
		code = other
	}
	fill := strings.NewReplacer("{app}", a.Brand.Name, "{seconds}", cmp.Or(seconds, "10"))
	text := func(key string) string { return fill.Replace(p.text(l, key)) }
	page := errorPage{
		App: a.Brand.Name, Language: l.tag, Dir: l.dir, Status: status, Title: text("fault." + code + ".title"), Text: text("fault." + code + ".text"),
		Home: text("fault.home"), SupportLabel: text("foot.support"),
		Support: template.URL(a.Brand.Support), //nolint:gosec // brand.New made the URL fit for links
	}
	if status >= 500 || status == http.StatusTooManyRequests {
		page.Again = text("action.retry")
		page.Request = strings.ReplaceAll(text("fault.request"), "{id}", traceOf(r).id)
	}
	var b bytes.Buffer
	if err := p.form.Execute(&b, page); err != nil { // newAPI has tried it
		panic(err)
	}
	w.Header().Add("Vary", "Accept")
	w.Header().Add("Vary", "Accept-Language")
	w.Header().Set("Content-Language", l.tag)
	writeBody(w, r, status, "text/html; charset=utf-8", b.Bytes())
}
