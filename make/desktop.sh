#!/usr/bin/env bash
# Is there an X desktop that the demo can share? Exit status 0: yes. 1: no, and one line says why.
set -euo pipefail

no() {
    echo "$1"
    exit 1
}

if [[ -n ${WAYLAND_DISPLAY-} || ${XDG_SESSION_TYPE-} == wayland ]]; then
    no "this desktop runs Wayland, which the presenter cannot share yet"
fi
[[ -n ${DISPLAY-} ]] || no "there is no X desktop here (DISPLAY is not set)"

# Any program of a desktop that only asks the server something and ends will do.
for probe in xset:q xprop:-root xrandr:--current xdpyinfo:; do
    program=${probe%%:*} argument=${probe#*:}
    if command -v "$program" >/dev/null; then
        timeout 5 "$program" ${argument:+"$argument"} >/dev/null 2>&1 && exit 0
        no "the X server of DISPLAY=$DISPLAY does not answer"
    fi
done

# None of them is installed: believe the socket of a local server.
number=${DISPLAY#:}
[[ -S /tmp/.X11-unix/X${number%%.*} ]] || no "no X server was found for DISPLAY=$DISPLAY"
