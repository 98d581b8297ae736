// Package e2e holds the end-to-end tests: the real broker with real presenters and real
// viewers, from Go and in Chromium. It has tests only; nothing imports it.
package e2e
