#!/usr/bin/env bash
# The released programs: static, reproducible, signed where a certificate is given. The same tree gives the
# same bytes, in any folder, at any time; only a timestamp of an authority changes a signed file.
#
# BROKERS=...       those that the presenter may talk to: support.example.com,*.example.com,help.example.org:8443
#                   Without it the presenter asks its guest before it connects, and is not signed.
# OUT=dir           where they go; without it out/release. What is there is replaced
# TARGETS=...       without it all of them: PROGRAM/OS/ARCH, separated by spaces
# VERSION=...       without it what git describes
# SIGN_CERT=file    certificate and its chain (PEM), with SIGN_KEY=file (PEM, or a pkcs11: URI), or
# SIGN_PKCS12=file  both in one. SIGN_PASS_FILE=file has the password, if there is one.
# SIGN_MODULE=file  the PKCS#11 module of a key in a token
# SIGN_TIMESTAMP=u  RFC 3161 authority. Without its timestamp a signature ends with its certificate.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

out=$(realpath -m "${OUT:-out/release}")
version=${VERSION:-$(git describe --tags --always --dirty)}
readonly out version
readonly all="presenter/windows/amd64 presenter/windows/arm64 presenter/linux/amd64 presenter/linux/arm64 broker/linux/amd64 broker/linux/arm64"
readonly most=$((12 << 20)) # bytes of a presenter: a guest waits for it
tools=$(realpath tools/bin)
readonly tools

die() {
    printf '%s\n' "$@" >&2
    exit 1
}

signs() { [[ -n ${SIGN_CERT-}${SIGN_PKCS12-} ]]; }

# What does not depend on the machine: nothing of it may come from this shell.
unset GOFLAGS GOAMD64 GOARM64 GOEXPERIMENT GODEBUG
export CGO_ENABLED=0 GOWORK=off GOTOOLCHAIN=local TZ=UTC LC_ALL=C

scratch=$(mktemp -d "${TMPDIR:-/tmp}/pindesk-release.XXXXXX")
readonly scratch
trap 'rm -rf "$scratch"' EXIT

# The time of all files: that of the commit.
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
readonly epoch

# flags PROGRAM OS: what its linker is told. -s and -w leave out what only a debugger reads.
flags() {
    printf '%s' "-s -w -X main.version=$version"
    [[ $1 != presenter ]] || printf '%s' " -X main.brokers=$brokers"
    [[ $1/$2 != presenter/windows ]] || printf '%s' ' -H windowsgui' # no console
}

# check_brokers: a list that is not understood is found here and not by a guest.
check_brokers() {
    brokers=${BROKERS-}
    brokers=${brokers//[[:space:]]/}
    if [[ -z $brokers ]]; then
        ! signs || die "Nothing was built. A signed presenter must not connect to just anybody: say which brokers it is for," \
            "as in make release BROKERS=support.example.com,*.example.com"
        return
    fi
    [[ $brokers != *[!A-Za-z0-9.,:*\[\]-]* ]] || die "BROKERS=$BROKERS: write host names of letters, digits, dots and dashes, separated by commas"
    env -u GOOS -u GOARCH go build -trimpath -buildvcs=false -ldflags "-X main.brokers=$brokers" -o "$scratch/check" ./cmd/presenter
    "$scratch/check" --version >"$scratch/said" 2>&1 || die "Nothing was built." "$(<"$scratch/said")"
}

# copy_tree: the tree as it stands, without what git leaves out, so that resources go there and not here.
copy_tree() {
    mkdir "$scratch/tree"
    git ls-files -z --cached --others --exclude-standard -- . ':!bench' ':!docs' |
        while IFS= read -r -d '' file; do [[ ! -e $file ]] || printf '%s\0' "$file"; done |
        tar --null --files-from=- -cf - | tar -xf - -C "$scratch/tree"
}

# resources: icon, version and manifest of the Windows programs, where go build finds them.
resources() {
    local numbers=0.0.0.0
    [[ ! $version =~ ^v?([0-9]+)\.([0-9]+)\.([0-9]+) ]] || numbers="${BASH_REMATCH[1]}.${BASH_REMATCH[2]}.${BASH_REMATCH[3]}.0"
    (cd "$scratch/tree/cmd/presenter" &&
        "$tools/go-winres" make --arch amd64,arm64 --file-version "$numbers" --product-version "$numbers" >/dev/null)
}

# file_of PROGRAM OS ARCH: its name. The broker finds presenters by it: internal/programs.
file_of() {
    printf '%s' "$1-$2-$3"
    [[ $2 != windows ]] || printf .exe
}

# sign FILE: Authenticode, by osslsigncode. The signing time is the commit's: the same tree, the same bytes.
sign() {
    local with=()
    if [[ -n ${SIGN_PKCS12-} ]]; then
        with=(-pkcs12 "$SIGN_PKCS12")
    else
        with=(-certs "$SIGN_CERT" -key "${SIGN_KEY:?is the key of SIGN_CERT}")
    fi
    [[ -z ${SIGN_MODULE-} ]] || with+=(-pkcs11module "$SIGN_MODULE")
    [[ -z ${SIGN_PASS_FILE-} ]] || with+=(-readpass "$SIGN_PASS_FILE")
    [[ -z ${SIGN_TIMESTAMP-} ]] || with+=(-ts "$SIGN_TIMESTAMP")
    osslsigncode sign "${with[@]}" -h sha256 -n PinDesk -time "$epoch" -in "$1" -out "$1.signed" >"$scratch/signed" 2>&1 ||
        die "$1 was not signed:" "$(<"$scratch/signed")"
    mv "$1.signed" "$1"
}

# build PROGRAM OS ARCH
build() {
    local file size
    file=$new/$(file_of "$@")
    (cd "$scratch/tree" && GOOS=$2 GOARCH=$3 go build -trimpath -buildvcs=false -ldflags "$(flags "$@")" -o "$file" "./cmd/$1")
    if [[ $2 == windows ]] && signs; then
        sign "$file"
    fi
    "$tools/cyclonedx-gomod" bin -json -std -noserial -notimestamp -version "$version" -output "$file.cdx.json" "$file" 2>"$scratch/sbom" ||
        die "no list of what is in $file:" "$(<"$scratch/sbom")"
    size=$(stat -c %s "$file")
    printf '  %-30s %5.2f MiB\n' "${file##*/}" "$(awk "BEGIN { print $size / 1048576 }")"
    [[ $1 != presenter ]] || ((size <= most)) || die "${file##*/} has more than $((most >> 20)) MiB"
}

check_brokers
copy_tree
resources
readonly new=$scratch/new
mkdir "$new"
echo "PinDesk $version, for ${brokers:-any broker that the guest says yes to}"
for target in ${TARGETS:-$all}; do
    IFS=/ read -r program os arch <<<"$target"
    build "$program" "$os" "$arch"
done
[[ -z $brokers ]] || echo "$brokers" >"$new/BROKERS"
(cd "$new" && sha256sum -- * >"$scratch/SHA256SUMS" && mv "$scratch/SHA256SUMS" .)
find "$new" -type f -exec touch -d "@$epoch" {} +
mkdir -p "$(dirname "$out")"
rm -rf "$out"
mv "$new" "$out"
if signs; then echo "Windows programs are signed."; else echo "Nothing is signed: no SIGN_CERT or SIGN_PKCS12."; fi
echo "They are in $out; SHA256SUMS has their checksums."
