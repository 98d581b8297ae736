// Package window is the presenter's own window without any system: what it says, which buttons it
// has, what Enter, Esc and closing it mean, and when a question begins to listen. It opens nothing
// and draws nothing. cmd/presenter feeds a Model with what happens; the drawers below
// internal/platform show it:
//
//	Model   what happens, and what the guest does, become a Scene (model.go, scenes.go)
//	Scene   headings, texts, buttons and fields from top to bottom, and which of them has the focus
//	Layout  where these stand, for a given width and font (layout.go)
//	Hands   the keyboard and the mouse on a Scene, for systems without controls of their own (hands.go)
//
// cmd/presenter and the drawers import it; it imports the catalogue web/window.
//
// # No approving oneself
//
// While a question is open the presenter injects nothing. A question takes no notice of anything for
// the first half second after it has been drawn, as what comes so soon was meant for something
// else. Deny has the focus; Enter, Esc and closing the window deny, wherever the focus is, and Allow
// takes a click, or Tab and the space bar. The drawers do their part: what is injected does not reach
// windows of this program.
package window
