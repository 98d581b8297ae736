#!/usr/bin/env bash
# Checks that what a target needs is on this machine, says what is missing and why, and
# installs it with apt-get on Debian and Ubuntu (as root, or with sudo). It asks nothing and is
# quick when nothing is missing. Where it cannot install, it says what to run, and fails.
#
# Usage: make/need.sh build|demo|test|release|lint|bench|bench-full
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly target=${1:?build, demo, test, release, lint, bench or bench-full}
readonly go_minor=26 # Go 1.26

packages=()

# lack WHAT PACKAGE WHY: notes something that is missing.
lack() {
    printf '  %-11s is missing: %s\n' "$1" "$3"
    packages+=("$2")
}

# want COMMAND PACKAGE WHY: notes a command that is missing.
want() {
    command -v "$1" >/dev/null || lack "$@"
}

die() {
    printf '%s\n' "$@" >&2
    exit 1
}

# Go is not installed for anybody: distributions carry older ones, and where it comes from
# is the developer's choice.
check_go() {
    command -v go >/dev/null ||
        die "PinDesk is built with Go 1.$go_minor or newer, and there is no 'go' in PATH: see https://go.dev/doc/install"
    local version
    version=$(cd / && go env GOVERSION) # outside the module: this must not fetch a toolchain
    if [[ $version =~ ^go1\.([0-9]+) ]] && ((BASH_REMATCH[1] < go_minor)); then
        die "PinDesk is built with Go 1.$go_minor or newer; this is $version: see https://go.dev/doc/install"
    fi
}

check_demo() {
    make/desktop.sh >/dev/null && return
    want Xvfb xvfb "the demo's screen, as there is no X desktop to share"
    want xauth xauth "keeps other users of this machine off that screen"
    want openbox openbox "the window manager on that screen"
    want xterm xterm "the program on that screen, so that there is something to control"
}

# The names under which Chromium or Chrome is found; the tests look for the same.
find_browser() {
    local name
    for name in ${CHROME:+"$CHROME"} chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" >/dev/null && return
    done
    return 1
}

# Likewise for Firefox.
find_firefox() {
    local name
    for name in ${FIREFOX:+"$FIREFOX"} firefox-esr firefox; do
        command -v "$name" >/dev/null && return
    done
    return 1
}

is_ubuntu() {
    grep -qs '^ID=ubuntu' /etc/os-release
}

# has_font CHARACTER-IN-HEX: is there a font that can draw it?
has_font() {
    [[ -n $(fc-list ":charset=$1" 2>/dev/null) ]]
}

has_c_compiler() {
    echo '#include <stdlib.h>' | "${CC:-gcc}" -E -o /dev/null - 2>/dev/null
}

# has_header NAME: can the C compiler find it?
has_header() {
    echo "#include <$1>" | "${CC:-gcc}" -E -o /dev/null - 2>/dev/null
}

has_postgres() {
    command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null
}

check_test() {
    has_c_compiler || {
        lack gcc gcc "the race detector is linked by a C compiler"
        packages+=(libc6-dev)
    }
    want Xvfb xvfb "the screen that the end-to-end tests share"
    want xauth xauth "keeps other users of this machine off that screen"
    want openbox openbox "the window manager on that screen"
    want xterm xterm "the program in which typed text must arrive"
    want xclip xclip "copies and pastes on that screen"
    want xrandr x11-xserver-utils "resizes that screen while it is shared"
    want xwininfo x11-utils "tells the tests where a window is"
    want xdotool xdotool "is the person at that screen: mouse and keyboard from outside"
    want setxkbmap x11-xkb-utils "gives that screen another keyboard layout"
    want fc-list fontconfig "finds fonts"
    has_font 64 || lack "a font" fonts-dejavu-core "no letter can be drawn"
    has_font 672c || lack "a font" fonts-wqy-microhei "a typed 本 could not be seen"
    has_font 1f600 || lack "a font" fonts-noto-color-emoji "a typed 😀 could not be seen"
    has_postgres || lack PostgreSQL postgresql "the store is tested on both of its engines; no cluster is made or started"
    want osslsigncode osslsigncode "signs what a test releases, and verifies it"
    want curl curl "runs the examples of the API's description"
    want node nodejs "runs the tests of the pages' modules"
    want npm npm "fetches the type checker of the pages' modules, and newman for make test-long"
    want_browser "the viewer of the end-to-end tests"
    find_firefox || lack Firefox "$(if is_ubuntu; then echo firefox; else echo firefox-esr; fi)" "the other browser in which the viewer is tested"
}

check_test_long() {
    check_test
    want wine wine "runs the program for Windows"
    has_header X11/extensions/XTest.h || lack XTest.h libxtst-dev "the portable backend is linked with it (-tags portable)"
    want x86_64-w64-mingw32-gcc gcc-mingw-w64-x86-64 "builds a library for Windows that wine before 9 lacks"
}

# want_browser WHY: Chromium or Chrome.
want_browser() {
    find_browser && return
    if is_ubuntu; then
        lack Chromium chromium-browser "$1 (Ubuntu's package installs a snap)"
    else
        lack Chromium chromium "$1"
    fi
}

check_bench() {
    want Xvfb xvfb "the screen that is shared"
    want curl curl "makes a session"
    want_browser "the page in which viewers are measured"
    want x11vnc x11vnc "a rival"
    want X0tigervnc tigervnc-scraping-server "a rival"
    want websockify websockify "the rivals' relay"
    [[ -e /usr/share/novnc/vnc.html ]] || lack noVNC novnc "the rivals' page"
}

check_bench_full() {
    check_bench
    want Xtigervnc tigervnc-standalone-server "a rival"
    want xpra xpra "a rival"
    want node nodejs "runs MeshCentral, a rival"
    want npm npm "fetches MeshCentral"
}

check() {
    packages=()
    check_go
    want git git "names the version that is built"
    case $target in
    build) ;;
    demo) check_demo ;;
    test) check_test ;;
    test-long) check_test_long ;;
    bench) check_bench ;;
    bench-full) check_bench_full ;;
    release) [[ -z ${SIGN_CERT-}${SIGN_PKCS12-} ]] || want osslsigncode osslsigncode "signs the Windows programs" ;;
    lint) want shellcheck shellcheck "checks the shell scripts" ;;
    *) die "unknown target: $target" ;;
    esac
}

# apt ARGUMENTS: apt-get as root, without a question.
apt() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}

install_packages() {
    local command="apt-get install --no-install-recommends ${packages[*]}"
    command -v apt-get >/dev/null ||
        die "This is not Debian or Ubuntu: install what is missing by hand. There it would be:" "  $command"

    as_root=()
    if ((EUID != 0)); then
        if sudo -n true 2>/dev/null; then
            as_root=(sudo -n)
        elif [[ -t 0 ]] && command -v sudo >/dev/null; then
            as_root=(sudo) # only sudo itself may ask, for the password
        else
            die "That needs root. Run this, then make $target again:" "  sudo $command"
        fi
    fi

    # Debian's package would make and start a cluster of its own; the tests start theirs.
    local conf=/etc/postgresql-common/createcluster.conf
    if [[ " ${packages[*]} " == *" postgresql "* && ! -e $conf ]]; then
        "${as_root[@]}" mkdir -p "${conf%/*}"
        echo 'create_main_cluster = false' | "${as_root[@]}" tee "$conf" >/dev/null
    fi

    echo "Installing: $command"
    # A machine without package lists, or with old ones, gets new ones first.
    if ! apt install -s --no-install-recommends "${packages[@]}" >/dev/null 2>&1; then
        apt update
    fi
    apt install -y --no-install-recommends "${packages[@]}" >/dev/null ||
        { apt update && apt install -y --no-install-recommends "${packages[@]}" >/dev/null; }
}

check
((${#packages[@]})) || exit 0
install_packages
hash -r
check
((${#packages[@]} == 0)) ||
    die "Still missing after the installation: ${packages[*]}." \
        "Where snaps cannot run (a container of Ubuntu), install Google Chrome, or set CHROME to a Chromium's path."
