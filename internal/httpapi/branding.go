package httpapi

import (
	"fmt"
	"html"
	"net/http"
	"strings"

	"pindesk/internal/brand"
	"pindesk/internal/fault"
)

// Where the operator's colours and logo are served.
const (
	coloursPath = "/brand/colours.css"
	logoPath    = "/brand/logo"
)

// logoCSP is for who opens the logo as a page of its own: it may have styles, and nothing else.
// Pages show it as a picture, in which browsers run nothing anyway.
const logoCSP = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"

// What a page says before it is branded; see branded.
const (
	plainIcon  = `/static/shared/icon.svg`
	plainStyle = `<link rel="stylesheet" href="/static/shared/base.css">`
	plainName  = `<meta name="application-name" content="` + brand.DefaultName + `">`
)

// branded makes a page the operator's own: by name, colours and logo, and by what its scripts need
// to know of this service, which stands in <meta name="service">:
//
//	data-origins  the origins at which pages can join a session, the public one first
//	data-mail     "on": mails can be sent
//	data-key      "needed" to make sessions, or "none": there are no API keys
//	data-support, data-abuse  URLs for a link; absent if there is none
func (a *api) branded(page []byte) []byte {
	b := a.Brand
	attr := func(name, value string) string {
		if value == "" {
			return ""
		}
		return fmt.Sprintf(` data-%s="%s"`, name, html.EscapeString(value))
	}
	on := func(yes bool, word string) string {
		if yes {
			return word
		}
		return ""
	}
	key := on(a.RequireKey, "needed")
	if a.Keys == nil {
		key = "none"
	}
	name := html.EscapeString(b.Name)
	service := `<meta name="service"` + attr("origins", strings.Join(a.Origins.List(), " ")) + attr("mail", on(a.Mail != nil, "on")) +
		attr("key", key) + attr("support", b.Support) + attr("abuse", b.Abuse) + ">"
	// In one pass, so that nothing that the operator set is taken for a part of the page.
	return []byte(strings.NewReplacer(append(dress(b),
		plainName, strings.Replace(plainName, brand.DefaultName, name, 1)+"\n"+service, brand.DefaultName, name)...).Replace(string(page)))
}

// dress is what gives a page the colours and the logo: pairs for strings.NewReplacer.
func dress(b *brand.Brand) (pairs []string) {
	if b.Colours != nil {
		pairs = append(pairs, plainStyle, plainStyle+"\n"+`<link rel="stylesheet" href="`+coloursPath+`">`)
	}
	if b.Logo != nil {
		pairs = append(pairs, plainIcon+`" type="image/svg+xml"`, logoPath+`" type="`+b.Logo.Type+`"`, plainIcon, logoPath)
	}
	return pairs
}

// noBrand answers for what the operator has not set.
func noBrand(http.ResponseWriter, *http.Request) error {
	return fault.New(fault.NotFound, "This service has no colours or logo of its own.")
}

func (a *api) brandRoutes() {
	colours, logo := handler(noBrand), handler(noBrand)
	if c := a.Brand.Colours; c != nil {
		colours = serveAsset(newAsset("text/css; charset=utf-8", []byte(c.CSS())))
	}
	if l := a.Brand.Logo; l != nil {
		serve := serveAsset(newAsset(l.Type, l.Body))
		logo = func(w http.ResponseWriter, r *http.Request) error {
			w.Header().Set("Content-Security-Policy", logoCSP)
			return serve(w, r)
		}
	}
	a.mount(coloursPath, nil, get(colours))
	a.mount(logoPath, nil, get(logo))
}

// page serves one of the pages. At a region's host a person is sent to the public one: a page from
// there could join nothing. What stands after # goes along.
func (a *api) page(path, name string) handler {
	serve := serveAsset(a.files[name])
	return func(w http.ResponseWriter, r *http.Request) error {
		if a.isRegion(r) && wantsPage(r) {
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set("Location", a.base+path)
			w.WriteHeader(http.StatusFound)
			return nil
		}
		return serve(w, r)
	}
}
