#!/usr/bin/env bash
# Makes what comes from the API's description: the Go types of its answers, and the page /docs.
# Both are committed. (That the page is up to date is a test of internal/httpapi, too.)
#
# Usage: make/generate.sh write|check
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly what=${1:?write or check}
readonly types=internal/httpapi/openapi/types.gen.go

# types_to FILE: writes the types there.
types_to() {
    tools/bin/oapi-codegen -config internal/httpapi/openapi/oapi-codegen.yaml -o "$1" internal/httpapi/openapi.yaml
}

case $what in
write)
    types_to "$types"
    go test ./internal/httpapi -run '^TestDocsPage$' -update
    ;;
check)
    new=$(mktemp -d "${TMPDIR:-/tmp}/pindesk-generate.XXXXXX")
    trap 'rm -rf "$new"' EXIT
    types_to "$new/types.gen.go"
    diff -u "$types" "$new/types.gen.go" || {
        echo "$types is out of date: make generate" >&2
        exit 1
    }
    go test ./internal/httpapi -run '^TestDocsPage$'
    ;;
*)
    echo "unknown: $what" >&2
    exit 1
    ;;
esac
