#!/usr/bin/env bash
# The demo: a broker on a loopback port with a throw-away database, one session, and a
# presenter that shares this X desktop, or else a small screen made for it. It prints the
# viewer's URL. Ctrl-C, SIGTERM or the end of any part stops everything that it started.
#
# PORT=n       the port to listen on; without it 8080, or the next one that is free
# DISPLAY=     an empty one uses the screen made for the demo even on an X desktop
#
# shellcheck disable=SC2317 # functions that are called by a trap or by until_true
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scratch=$(mktemp -d "${TMPDIR:-/tmp}/pindesk-demo.XXXXXX")
readonly scratch
pids=()            # what was started, oldest first
declare -A name_of  # by pid
exec 3<&0          # the terminal: bash gives none to what it starts in the background

say() { printf '%s\n' "$@"; }

die() {
    printf '%s\n' "$@" >&2
    exit 1
}

# is_running PID: asks bash, not the system, where an ended child's number may be another's.
is_running() { [[ " $(jobs -pr | tr '\n' ' ')" == *" $1 "* ]]; }

# stop ends what was started, newest first: the presenter can still say goodbye to the
# broker, and X clients end before their server. Who has not ended after 5 s is killed.
stop() {
    local status=$? i j pid
    trap '' INT TERM HUP
    trap - EXIT
    for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
        pid=${pids[i]}
        is_running "$pid" || continue
        kill -TERM "$pid"
        for ((j = 0; j < 50; j++)); do
            is_running "$pid" || break
            sleep 0.1
        done
        ! is_running "$pid" || kill -KILL "$pid"
    done
    wait
    rm -rf "$scratch"
    exit "$status"
}
trap stop EXIT
trap 'say "" "Stopping the demo."; exit 0' INT TERM HUP

# start NAME COMMAND...: starts it in the background, its output in NAME.log. It gets a session
# of its own, so that Ctrl-C reaches only this script, which then ends it in order.
start() {
    local name=$1
    shift
    setsid "$@" >"$scratch/$name.log" 2>&1 &
    pids+=($!)
    name_of[$!]=$name
}

# until_true NAME COMMAND...: waits up to 15 s for the command to succeed; NAME is what was
# started last.
until_true() {
    local name=$1 i
    shift
    for ((i = 0; i < 150; i++)); do
        "$@" 2>/dev/null && return
        is_running "${pids[-1]}" || die "$name ended; it said:" "$(<"$scratch/$name.log")"
        sleep 0.1
    done
    die "$name was not ready within 15 s; it said:" "$(<"$scratch/$name.log")"
}

# get PATH: the broker's answer to a GET, headers and body. Bash does it itself, because a
# fresh machine has no curl.
get() {
    local connection
    exec {connection}<>"/dev/tcp/127.0.0.1/$port" || return
    printf 'GET %s HTTP/1.0\r\nHost: 127.0.0.1:%s\r\n\r\n' "$1" "$port" >&"$connection"
    cat <&"$connection"
    exec {connection}>&-
}

# field NAME: the string of that name in the JSON that is read from standard input.
field() {
    local json
    json=$(cat)
    [[ $json =~ \"$1\":[[:space:]]*\"([^\"]+)\" ]] || die "the broker's answer has no $1:" "$json"
    printf '%s' "${BASH_REMATCH[1]}"
}

is_taken() { (exec 4<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

choose_port() {
    port=${PORT:-8080}
    if [[ -n ${PORT-} ]]; then
        ! is_taken "$port" || die "Port $port is taken."
        return
    fi
    while is_taken "$port"; do
        ((port++ < 8180)) || die "Every port from 8080 to 8180 is taken: choose one with make demo PORT=n"
    done
}

is_ready() { [[ $(get /readyz) == HTTP/1.?' 200 '* ]]; }

start_broker() {
    mkdir "$scratch/programs" # the guest's page offers the program, as an operator's does
    cp bin/presenter "$scratch/programs/presenter-linux-$(go env GOARCH)"
    start broker bin/broker serve --listen "127.0.0.1:$port" --data "$scratch/data" --region local \
        --programs "$scratch/programs"
    until_true broker is_ready
}

# start_screen makes a screen with a window manager and a terminal on it. Only who has its
# cookie can open it: an X server without one lets in every user of the machine.
start_screen() {
    local cookie number
    export XAUTHORITY=$scratch/xauthority
    cookie=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    : >"$XAUTHORITY"
    xauth -q source - <<<"add :0 . $cookie" # the server takes the cookie, whatever its number will be

    : >"$scratch/number"
    start Xvfb Xvfb -displayfd 5 -screen 0 1280x800x24 -nolisten tcp -auth "$XAUTHORITY" \
        5>"$scratch/number"
    until_true Xvfb grep -q . "$scratch/number"
    number=$(<"$scratch/number")
    xauth -q source - <<<"add :$number . $cookie"
    export DISPLAY=:$number
    unset WAYLAND_DISPLAY XDG_SESSION_TYPE # the presenter is to share this screen

    # A window that opens while the window manager is starting may be lost.
    start openbox openbox --sm-disable --startup "touch '$scratch/managed'"
    until_true openbox test -e "$scratch/managed"
    start_terminal
}

start_terminal() {
    cat >"$scratch/welcome" <<WELCOME
printf '%s\n' '' \
    '  Welcome to the PinDesk demo.' '' \
    '  This terminal runs on the computer that is being shared.' \
    '  Click here and type: you are in control. Some things to try:' '' \
    '    seq 100000       a fast scroll' \
    '    cat README.md    a long text' \
    '    drag this window by its title' ''
cd ${PWD@Q}
WELCOME
    start xterm env LC_ALL=C.UTF-8 xterm -title 'PinDesk demo' -geometry 84x26+60+50 \
        -fa 'DejaVu Sans Mono' -fs 13 -bg '#10151c' -fg '#e6edf3' -e bash --rcfile "$scratch/welcome"
}

# The demo's broker is told everything by flags: it must not get at a real one's database
# because that one's settings are in this shell's environment.
unset "${!PINDESK_@}"

choose_port
start_broker
pin=$(get /api/v1/session_pin | field session_pin)
url=$(get "/api/v1/session_url?session_pin=$pin" | field session_url)

say "" "Open this in a browser on this machine, as the technician:" "" "    $url" ""
consent=ask
if why=$(make/desktop.sh); then
    say "The presenter shares this desktop. It asks here before anybody sees or controls it."
else
    consent=control
    start_screen
    say "The presenter shares a screen made for this demo, because $why." \
        "Whoever opens the URL sees that screen and controls it without being asked," \
        "with a terminal on it that runs as $(id -un). Only this machine can open it."
fi
say "Ctrl-C stops everything." ""

# Not by start: it has to share this terminal's session to ask its questions there.
bin/presenter --broker "http://127.0.0.1:$port" --pin "$pin" --consent "$consent" <&3 &
pids+=($!)
name_of[$!]=presenter

# Whatever ends first ends the demo.
status=0
wait -n -p ended "${pids[@]}" || status=$?
name=${name_of[$ended]}
say "" "$name has ended (status $status), so the rest is stopped."
[[ ! -s $scratch/$name.log ]] || say "It said:" "$(tail -n 5 "$scratch/$name.log")"
exit "$status"
