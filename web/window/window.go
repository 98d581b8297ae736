// Package window has the texts of the presenter's window, in the form of the pages' catalogues and
// held to the same rules by their tests. Only internal/window imports it; no page is served them.
package window

import "embed"

// Texts has texts/TAG.js.
//
//go:embed texts/*.js
var Texts embed.FS
