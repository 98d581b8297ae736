# PinDesk. `make help` lists the targets; make/ holds the scripts behind the longer ones.

SHELL := /bin/bash

# The version that the programs report: the nearest tag, else the commit.
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

# Length of each fuzz target's run in `make fuzz`.
FUZZTIME ?= 30s

# The Go packages that `make test` tests.
PACKAGES ?= ./...

GO_BUILD := CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)'

.DEFAULT_GOAL := help

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## bin/broker and bin/presenter, static, without cgo
	@make/need.sh build
	$(GO_BUILD) -o bin/broker ./cmd/broker
	$(GO_BUILD) -o bin/presenter ./cmd/presenter

.PHONY: demo
demo: build ## a broker and a presenter on this machine (PORT=n); prints the viewer's URL; Ctrl-C ends all
	@make/need.sh demo
	@make/demo.sh

.PHONY: release
release: tools/bin/go-winres tools/bin/cyclonedx-gomod ## what is handed out, reproducible, in out/release: BROKERS=support.example.com,*.example.com (docs/operations.md)
	@make/need.sh release
	@BROKERS='$(BROKERS)' make/release.sh

.PHONY: test
test: ## everything that must pass before a commit lands: format, vet, Go tests with -race, web tests, types
	@make/need.sh test
	@make/test.sh $(PACKAGES)

.PHONY: test-long
test-long: ## the property and soak tests at full length, the Postman collection, then each fuzz target for FUZZTIME
	@make/need.sh test-long
	npm ci --prefix tools/newman --no-audit --no-fund --loglevel=error
	npm ci --prefix web/test --no-audit --no-fund --loglevel=error
	PINDESK_LONG=1 node --test web/test/
	PINDESK_LONG=1 go test -race -count=1 -timeout 60m ./...
	CGO_ENABLED=1 go vet -tags portable ./cmd/presenter ./internal/platform/...
	CGO_ENABLED=1 go test -tags portable -race -count=1 -timeout 10m ./internal/platform/portable ./internal/platform
	@make/fuzz.sh $(FUZZTIME)

.PHONY: screenshots
screenshots: ## every page and state on a phone, a laptop and 4K, dark and light: out/screenshots/index.html (10 min)
	@make/need.sh test
	npm ci --prefix web/test --no-audit --no-fund --loglevel=error
	rm -rf out/screenshots
	PINDESK_SCREENSHOTS=$(CURDIR)/out/screenshots go test -count=1 -timeout 60m -run '^TestEveryState$$' ./internal/e2e

.PHONY: guide
guide: ## the pictures of docs/guest.md: a guest's way on a real desktop, into docs/images/guest (1 min)
	@make/need.sh test
	PINDESK_GUIDE=$(CURDIR)/docs/images/guest go test -count=1 -run '^TestGuestGuide$$' ./internal/e2e

.PHONY: bench
bench: build bench-programs ## beside noVNC with TigerVNC and x11vnc, and websockify: a row a bar, pass or short (ROUNDS=3, 35 min)
	@make/need.sh bench
	@make/bench.sh quick

.PHONY: bench-full
bench-full: build bench-programs ## the same, then Xvnc, MeshCentral, xpra, large loads, slow links, 20 viewers, a soak (70 min)
	@make/need.sh bench-full
	@make/bench.sh full

.PHONY: bench-programs
bench-programs:
	go -C bench build -trimpath -o ../bin/bench/ ./cmd/...

.PHONY: bench-go
bench-go: ## Go benchmarks with allocations
	@make/need.sh build
	go test -run '^$$' -bench . -benchmem ./...

.PHONY: lint
lint: tools/bin/golangci-lint tools/bin/oapi-codegen ## golangci-lint over the tree, shellcheck over the scripts; is what was generated up to date?
	@make/need.sh lint
	@make/generate.sh check
	tools/bin/golangci-lint run ./...
	shellcheck .ci/run make/*.sh bench/peers/*.sh internal/screen/testdata/recorded/*.sh

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME each (30s)
	@make/need.sh build
	@make/fuzz.sh $(FUZZTIME)

.PHONY: generate
generate: tools/bin/oapi-codegen ## what is made from internal/httpapi/openapi.yaml: Go types of the answers, the page /docs
	@make/need.sh build
	@make/generate.sh write

.PHONY: clean
clean: ## removes what the targets above have made
	rm -rf bin out tools/bin web/test/node_modules tools/newman/node_modules

# The developers' tools are built once, each from a module of its own: gotestsum must not wait
# for the linter's many dependencies.
tools/bin/golangci-lint: tools/go.mod tools/go.sum
	@echo "building golangci-lint (once; it takes a few minutes)"
	@cd tools && go build -trimpath -o bin/golangci-lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint
	@touch $@

tools/bin/gotestsum: tools/gotestsum/go.mod tools/gotestsum/go.sum
	@cd tools/gotestsum && go build -trimpath -o ../bin/gotestsum gotest.tools/gotestsum
	@touch $@

tools/bin/go-winres: tools/release/go.mod tools/release/go.sum
	@cd tools/release && go build -trimpath -o ../bin/go-winres github.com/tc-hib/go-winres
	@touch $@

tools/bin/cyclonedx-gomod: tools/release/go.mod tools/release/go.sum
	@cd tools/release && go build -trimpath -o ../bin/cyclonedx-gomod github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod
	@touch $@

tools/bin/oapi-codegen: tools/oapi-codegen/go.mod tools/oapi-codegen/go.sum
	@cd tools/oapi-codegen && go build -trimpath -o ../bin/oapi-codegen github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen
	@touch $@
