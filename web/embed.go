// Package web holds the browser's side as it stands: plain ES modules without a build
// step. Only internal/httpapi imports it. Files has the folders
//
//	site    the home page, served at /
//	viewer  the technician's page, served at /view
//	guest   sharing from a browser
//	shared  the protocol, the picture and what both pages use
//	resources  the latency library, for pages of any site, and its example
//	vendor  libraries of others with licence and checksum
//
// and is served as a whole below /static/. Tests, types and tool settings are not embedded.
package web

import "embed"

// Files are the pages and modules. It is read-only and safe for concurrent use.
//
//go:embed guest resources site viewer shared vendor/README.md vendor/*/LICENSE vendor/*/*.js
var Files embed.FS
