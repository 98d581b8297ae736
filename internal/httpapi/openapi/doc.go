// Package openapi has the JSON bodies of the HTTP API as Go types, generated from
// ../openapi.yaml: that file comes first, and httpapi answers with what is made of it. Only
// httpapi imports it. `make generate` writes types.gen.go anew; `make lint` compares.
//
// Routes and parameters are not generated: docs/decisions/0006 says why.
package openapi
