package brand

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"os"
	"regexp"
	"strings"
)

// Bounds of a logo: it is part of every page's first paint.
const (
	MaxLogo = 64 << 10 // bytes of its file
	maxSide = 1024     // pixels of a PNG's side
)

// Logo is a picture that runs nothing and loads nothing.
type Logo struct {
	Type string // image/svg+xml or image/png
	Body []byte
}

func readLogo(file string) (*Logo, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, errors.Unwrap(err) // the caller names the file
	}
	defer f.Close()
	body, err := io.ReadAll(io.LimitReader(f, MaxLogo+1))
	if err != nil {
		return nil, err
	}
	return ParseLogo(body)
}

// ParseLogo judges a logo's bytes. An SVG is taken as it is if it is a still picture that stands
// alone, and is refused otherwise; a PNG is written anew, so that nothing but its pixels is left.
func ParseLogo(body []byte) (*Logo, error) {
	if len(body) > MaxLogo {
		return nil, fmt.Errorf("it is larger than %d KiB", MaxLogo>>10)
	}
	if bytes.HasPrefix(body, []byte("\x89PNG\r\n\x1a\n")) {
		return parsePNG(body)
	}
	if err := checkSVG(body); err != nil {
		return nil, err
	}
	return &Logo{"image/svg+xml", body}, nil
}

func parsePNG(body []byte) (*Logo, error) {
	c, err := png.DecodeConfig(bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("it is a broken PNG: %w", err)
	}
	if c.Width > maxSide || c.Height > maxSide {
		return nil, fmt.Errorf("it has %d x %d pixels: make it at most %d x %d", c.Width, c.Height, maxSide, maxSide)
	}
	img, err := png.Decode(bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("it is a broken PNG: %w", err)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return nil, err
	}
	return &Logo{"image/png", b.Bytes()}, nil
}

const (
	svgSpace   = "http://www.w3.org/2000/svg"
	xlinkSpace = "http://www.w3.org/1999/xlink"
)

// drawing are the elements that an SVG may have: what draws a still picture.
var drawing = set("svg g defs symbol use title desc metadata style path rect circle ellipse line polyline polygon text tspan " +
	"linearGradient radialGradient stop pattern clipPath mask marker filter feBlend feColorMatrix feComposite feFlood " +
	"feGaussianBlur feMerge feMergeNode feOffset feDropShadow")

// remarks are the namespaces of what drawing programs note for themselves, and browsers ignore.
var remarks = map[string]bool{
	"http://www.inkscape.org/namespaces/inkscape":            true,
	"http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd":     true,
	"http://www.w3.org/1999/02/22-rdf-syntax-ns#":            true,
	"http://creativecommons.org/ns#":                         true,
	"http://web.resource.org/cc/":                            true,
	"http://purl.org/dc/elements/1.1/":                       true,
	"http://www.bohemiancoding.com/sketch/ns":                true,
	"http://www.serif.com/":                                  true,
	"http://ns.adobe.com/AdobeIllustrator/10.0/":             true,
	"http://ns.adobe.com/SaveForWeb/1.0/":                    true,
	"http://ns.adobe.com/AdobeSVGViewerExtensions/3.0/":      true,
	"http://vectornator.io":                                  true,
	"http://schemas.microsoft.com/visio/2003/SVGExtensions/": true,
}

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// loads finds what makes a style load something: everything but url(#name).
var loads = regexp.MustCompile(`(?i)url\s*\(\s*["']?\s*[^#"'\s]|@import|image-set|image\s*\(|src\s*\(`)

const plain = "; save it as a plain SVG"

// checkSVG refuses what is no still picture that stands alone.
func checkSVG(body []byte) error {
	d := xml.NewDecoder(bytes.NewReader(body))
	d.Strict = true
	d.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errors.New("it must be UTF-8") }
	depth, style := 0, 0 // of elements; of the style element, 0 for none
	first := true
	var css strings.Builder
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("it is neither a PNG nor an SVG (%w)", err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			if first && (t.Name.Space != svgSpace || t.Name.Local != "svg") {
				return errors.New(`it is neither a PNG nor an SVG with xmlns="` + svgSpace + `"`)
			}
			first = false
			depth++
			if err := checkElement(t); err != nil {
				return err
			}
			if t.Name.Local == "style" && style == 0 {
				style = depth
			}
		case xml.EndElement:
			if depth == style {
				style = 0
			}
			depth--
		case xml.CharData:
			if style > 0 {
				css.Write(t)
			}
		case xml.ProcInst:
			if t.Target != "xml" {
				return fmt.Errorf("it has <?%.20s>: remove that", t.Target)
			}
		case xml.Directive:
			if !strings.HasPrefix(string(t), "DOCTYPE svg") || strings.ContainsAny(string(t), "[]") {
				return errors.New("it has a DOCTYPE with entities: remove that" + plain)
			}
		}
		if depth > 100 {
			return errors.New("it is nested too deep" + plain)
		}
	}
	if first || depth != 0 {
		return errors.New("it is not a whole SVG")
	}
	return checkStyle(css.String())
}

func checkElement(e xml.StartElement) error {
	if e.Name.Space != svgSpace && !remarks[e.Name.Space] || e.Name.Space == svgSpace && !drawing[e.Name.Local] {
		return fmt.Errorf("it has an element <%.40s>, which is no part of a still picture: remove it%s", e.Name.Local, plain)
	}
	for _, a := range e.Attr {
		name := strings.ToLower(a.Name.Local)
		switch {
		case strings.HasPrefix(name, "on"):
			return fmt.Errorf("it has the attribute %.40s, which runs a script: remove it", a.Name.Local)
		case name == "href" && (e.Name.Space == svgSpace || a.Name.Space == xlinkSpace) && !strings.HasPrefix(a.Value, "#"):
			return fmt.Errorf("its <%.40s> refers to something outside of the file%s", e.Name.Local, plain)
		case name == "base" || name == "src":
			return fmt.Errorf("it has the attribute %s, which loads something%s", name, plain)
		}
		if a.Name.Space == "" || a.Name.Space == svgSpace {
			if err := checkStyle(a.Value); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkStyle judges a style sheet, or the value of an attribute that may be one.
func checkStyle(s string) error {
	if strings.ContainsAny(s, `\`) || loads.MatchString(s) || strings.Contains(strings.ToLower(s), "javascript:") {
		return errors.New("one of its styles loads something from elsewhere, or has a backslash" + plain)
	}
	return nil
}
