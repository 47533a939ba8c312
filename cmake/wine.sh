#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs a Windows program for CTest. The first program of all starts Wine's services, and they keep what it has open: its
# output would not end before they do, and CTest waits for that. So the first is one that waits here, and says nothing.
wine=$1
shift
export WINEDEBUG=-all
# A program looks through the registry for its time zone, which costs more than all else that it asks the server for while it
# starts. This is the first of the zones there.
export TZ=AFT-4:30
case $wine in
*/wine64) export WINELOADER="${WINELOADER:-$wine}" ;; # what it starts further programs with; it looks in another place for it
esac
keeper=${WINEPREFIX:-$HOME/.wine}/kept-alive-by
if ! { read -r pid <"$keeper" && kill -0 "$pid"; } 2>/dev/null; then
    sleep 900 </dev/null 2>/dev/null | "$wine" cmd /c pause >/dev/null 2>&1 &
    "$wine" cmd /c exit </dev/null >/dev/null 2>&1
    echo $! >"$keeper"
fi
# Wine gives each thread four descriptors, of as many as it may have at most. It still starts the one for which they do not
# suffice, and that one never runs: the tests stay below that.
if [ -r /proc/self/limits ]; then # to read the output of ulimit would need a process more
    while read -r name of _ _ descriptors _ && [ "$name $of" != "Max open" ]; do :; done </proc/self/limits
else
    descriptors=$(ulimit -Hn)
fi
[ "$descriptors" = unlimited ] || export THREADING_TEST_THREADS=$((descriptors / 4 * 9 / 10))
exec "$wine" "$@"
