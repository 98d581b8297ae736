package brand

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pindesk/web"
)

func TestNames(t *testing.T) {
	for s, want := range map[string]string{
		" Hilfe & Söhne <GmbH> ": "Hilfe & Söhne <GmbH>", "مساعدة": "مساعدة", strings.Repeat("n", MaxName): strings.Repeat("n", MaxName),
		"  ": "", strings.Repeat("n", MaxName+1): "", "a\nb": "", "a\u202eb": "", "a\u2066b": "", "a\u200bb": "", "a\x00": "", "\xff": "", "a\u2028b": "", "a\u00adb": "a\u00adb",
	} {
		b, err := New(Settings{Name: s})
		if (err == nil) != (want != "") || err == nil && b.Name != want {
			t.Errorf("%q became %+v (%v), want %q", s, b, err, want)
		}
	}
	if b, err := New(Settings{}); err != nil || *b != *Default() {
		t.Errorf("nothing set is %+v (%v)", b, err)
	}
}

func TestContacts(t *testing.T) {
	for s, want := range map[string]string{
		"help@example.com": "mailto:help@example.com", "https://example.com/help?x=1": "https://example.com/help?x=1", "tel:+49-30-1234": "tel:+49-30-1234",
		"javascript:alert(1)": "", "data:text/html,x": "", "//example.com": "", "help": "", "Ann <help@example.com>": "", "https://": "",
		"https://u:p@example.com": "", "tel:": "", "tel:abc": "", "https://exa mple.com": "", `https://example.com/"><script>`: "", "a@b\r\nc": "", "mailto:help@example.com?bcc=x": "",
	} {
		b, err := New(Settings{Support: s})
		_, err2 := New(Settings{Abuse: s})
		if (err == nil) != (want != "") || (err2 == nil) != (err == nil) || err == nil && b.Support != want {
			t.Errorf("%q became %+v (%v, %v), want %q", s, b, err, err2, want)
		}
	}
}

func TestColours(t *testing.T) {
	for s, want := range map[string]string{
		"#2257d6": "#2257d6", "#FFF": "#ffffff", "#0aF": "#00aaff", "": "", "2257d6": "", "#2257d": "", "#gggggg": "", "red": "", "#2257d6;}": "", "#+1234f": "",
	} {
		if c, err := ParseColour(s); (err == nil) != (want != "") || err == nil && c.String() != want {
			t.Errorf("%q is %v (%v), want %q", s, c, err, want)
		}
	}
}

// TestReadable tries a grid of all colours: whatever an operator likes, people can read.
func TestReadable(t *testing.T) {
	for r := 0; r < 256; r += 17 {
		for g := 0; g < 256; g += 17 {
			for b := 0; b < 256; b += 17 {
				asked := Colour{uint8(r), uint8(g), uint8(b)}
				c := coloursOf(asked)
				for scheme, a := range map[string]Accent{"light": c.Light, "dark": c.Dark} {
					grounds := []Colour{{0xff, 0xff, 0xff}, {0xf3, 0xf5, 0xf9}}
					if scheme == "dark" {
						grounds = []Colour{{0x12, 0x15, 0x1b}, {0x1c, 0x20, 0x29}}
					}
					for _, ground := range append(grounds, a.Chosen) {
						if got := Contrast(a.Colour, ground); got < Readable {
							t.Errorf("%v %s: %v on %v has contrast %.2f", asked, scheme, a.Colour, ground, got)
						}
					}
					for _, of := range []Colour{a.Colour, a.Strong} {
						if got := Contrast(a.On, of); got < Readable {
							t.Errorf("%v %s: letters %v on %v have contrast %.2f", asked, scheme, a.On, of, got)
						}
					}
				}
			}
		}
	}
	// What is readable already stays.
	c := coloursOf(Colour{0x22, 0x57, 0xd6})
	if light, dark := c.Corrected(); light || !dark {
		t.Errorf("%+v", c)
	}
	if got, want := Contrast(Colour{}, Colour{255, 255, 255}), 21.0; got != want {
		t.Errorf("black on white: %v", got)
	}
}

// TestGrounds holds that the pages have the grounds that colours are judged by.
func TestGrounds(t *testing.T) {
	css, err := web.Files.ReadFile("shared/base.css")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"--ground: " + lightGround.String(), "--surface: " + darkGround.String(), "--surface: #ffffff", "--ground: #12151b"} {
		if !bytes.Contains(css, []byte(want)) {
			t.Errorf("base.css has no %s: colours are judged by another ground than people see", want)
		}
	}
}

func pngOf(w, h int) []byte {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	img.Set(0, 0, color.White)
	var b bytes.Buffer
	_ = png.Encode(&b, img)
	return b.Bytes()
}

const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 8 8">`

func TestLogos(t *testing.T) {
	good := map[string]string{
		"plain":    svg + `<defs><linearGradient id="g"><stop offset="0" style="stop-color:#fff"/></linearGradient></defs><rect fill="url(#g)" width="8" height="8"/><use xlink:href="#g"/></svg>`,
		"prologue": `<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd"><!-- by hand -->` + svg + `<path d="M0 0h8v8z"/></svg>`,
		"style":    svg + `<style><![CDATA[ .a { fill: url( "#g" ); } @media (prefers-color-scheme: dark) { .a { fill: red } } ]]></style><path class="a" d="M0 0h8v8z"/></svg>`,
		"inkscape": `<svg xmlns="http://www.w3.org/2000/svg" xmlns:i="http://www.inkscape.org/namespaces/inkscape" i:version="1"><metadata/><path d="M0 0"/></svg>`,
		"ours":     ours(t),
	}
	for name, body := range good {
		if l, err := ParseLogo([]byte(body)); err != nil || l.Type != "image/svg+xml" || string(l.Body) != body {
			t.Errorf("%s: %v", name, err)
		}
	}
	bad := map[string]string{
		"empty": "", "text": "logo", "html": "<!doctype html><script>alert(1)</script>", "no namespace": "<svg><path/></svg>", "half": svg + "<path/>",
		"script": svg + "<script>alert(1)</script></svg>", "script elsewhere": svg + `<script href="https://evil.example/x.js"/></svg>`,
		"html inside": svg + `<foreignObject><body xmlns="http://www.w3.org/1999/xhtml"/></foreignObject></svg>`, "html in metadata": svg + `<metadata><script xmlns="http://www.w3.org/1999/xhtml"/></metadata></svg>`,
		"handler": `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`, "handler in capitals": svg + `<path ONCLICK="x"/></svg>`,
		"link": svg + `<a xlink:href="javascript:alert(1)"><path/></a></svg>`, "use elsewhere": svg + `<use href="https://evil.example/x.svg#a"/></svg>`,
		"image": svg + `<image href="https://evil.example/x.png"/></svg>`, "animation": svg + `<animate attributeName="href" to="javascript:alert(1)"/></svg>`,
		"set": svg + `<set attributeName="onload" to="alert(1)"/></svg>`, "entity": `<!DOCTYPE svg [<!ENTITY x "y">]>` + svg + `&x;</svg>`,
		"unknown entity": svg + "&x;</svg>", "sheet": `<?xml-stylesheet href="https://evil.example/x.css"?>` + svg + "</svg>",
		"import": svg + `<style>@import "https://evil.example/x.css";</style></svg>`, "url": svg + `<style>a{fill:url(https://evil.example/x)}</style></svg>`,
		"url in attribute": svg + `<path fill="URL( 'https://evil.example/x')"/></svg>`, "escape": svg + `<style>a{fill:u\72l(https://evil.example/x)}</style></svg>`,
		"split by a comment": svg + `<style>a{fill:url(<!-- x -->https://evil.example/x)}</style></svg>`, "base": svg + `<g xml:base="https://evil.example/"/></svg>`,
		"latin": "<?xml version=\"1.0\" encoding=\"latin1\"?>" + svg + "</svg>", "not utf-8": svg + "<title>\xff</title></svg>",
		"deep": svg + strings.Repeat("<g>", 200) + strings.Repeat("</g>", 200) + "</svg>", "large": svg + strings.Repeat(" ", MaxLogo) + "</svg>",
		"broken png": "\x89PNG\r\n\x1a\n\x00", "wide png": string(pngOf(maxSide+1, 1)), "jpeg": "\xff\xd8\xff\xe0",
	}
	for name, body := range bad {
		if _, err := ParseLogo([]byte(body)); err == nil {
			t.Errorf("%s is taken", name)
		} else {
			t.Logf("%s: %v", name, err)
		}
	}
	// What is hidden behind a PNG does not get out.
	l, err := ParseLogo(append(pngOf(3, 2), "<script>alert(1)</script>"...))
	if err != nil || l.Type != "image/png" || bytes.Contains(l.Body, []byte("script")) {
		t.Errorf("PNG: %v", err)
	}
}

func ours(t *testing.T) string {
	b, err := web.Files.ReadFile("shared/icon.svg")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestLogoFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "logo.png")
	if err := os.WriteFile(file, pngOf(4, 4), 0o600); err != nil {
		t.Fatal(err)
	}
	if b, err := New(Settings{Logo: file}); err != nil || b.Logo == nil {
		t.Errorf("%+v (%v)", b, err)
	}
	for _, missing := range []string{filepath.Join(dir, "none.svg"), dir} {
		if _, err := New(Settings{Logo: missing}); err == nil || !strings.Contains(err.Error(), missing) {
			t.Errorf("%s: %v", missing, err)
		}
	}
}

// FuzzParseLogo: whatever is taken has nothing in it that could run.
func FuzzParseLogo(f *testing.F) {
	f.Add([]byte(svg + "<path/></svg>"))
	f.Add([]byte(svg + `<style>a{fill:url(#a)}</style></svg>`))
	f.Add(pngOf(2, 2))
	f.Fuzz(func(t *testing.T, body []byte) {
		l, err := ParseLogo(body)
		if err != nil {
			return
		}
		if l.Type == "image/svg+xml" {
			low := strings.ToLower(string(l.Body))
			for _, bad := range []string{"<script", "<foreignobject", "<iframe", "<!entity"} {
				if at := strings.Index(low, bad); at >= 0 && !strings.Contains(low, "<!--") && !strings.Contains(low, "cdata") {
					t.Errorf("taken: %q", l.Body)
				}
			}
		}
	})
}

func FuzzParseColour(f *testing.F) {
	f.Add("#2257d6")
	f.Fuzz(func(t *testing.T, s string) {
		if c, err := ParseColour(s); err == nil && !strings.EqualFold(c.String(), s) && len(s) != 4 {
			t.Errorf("%q is %v", s, c)
		}
	})
}
