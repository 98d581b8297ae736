package main

import (
	"fmt"
	"log/slog"

	"pindesk/internal/brand"
)

// branding are the settings of what people see.
type branding struct {
	BrandName    string `help:"What this service is called, on its pages and in its mails. (Default: PinDesk.)" env:"PINDESK_BRAND_NAME" placeholder:"NAME"`
	BrandColour  string `help:"Colour of buttons and links, such as #0a7d5a; made darker or lighter where it could not be read." env:"PINDESK_BRAND_COLOUR" placeholder:"#RRGGBB"`
	BrandLogo    string `help:"Logo for the pages: an SVG or PNG of at most 64 KiB." env:"PINDESK_BRAND_LOGO" placeholder:"FILE"`
	BrandSupport string `help:"Where people get help: a mail address or a URL." env:"PINDESK_BRAND_SUPPORT" placeholder:"ADDRESS"`
	BrandAbuse   string `help:"Where people report misuse: a mail address or a URL." env:"PINDESK_BRAND_ABUSE" placeholder:"ADDRESS"`
}

func (b branding) config() (*brand.Brand, error) {
	made, err := brand.New(brand.Settings{Name: b.BrandName, Colour: b.BrandColour, Logo: b.BrandLogo, Support: b.BrandSupport, Abuse: b.BrandAbuse})
	if err != nil {
		return nil, fmt.Errorf("--brand-%w", err)
	}
	return made, nil
}

// tellColours says what became of the operator's colour.
func tellColours(log *slog.Logger, b *brand.Brand) {
	if b.Colours == nil {
		return
	}
	log.Info("the brand's colour", "asked", b.Colours.Asked.String(), "light pages", b.Colours.Light.Colour.String(), "dark pages", b.Colours.Dark.Colour.String())
}
