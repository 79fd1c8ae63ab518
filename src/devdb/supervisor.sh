# Runs one PostgreSQL server for as long as somebody holds the other end of stdin.
#
# Arguments: the state folder; `keep` or `remove`, for what becomes of it when the
# server has been stopped; the names of the entries to remove, ended by `--`; the
# server's command line.
#
# stdout is the lock of the server. Only this shell keeps it, until all is done.

state=$1
afterwards=$2
shift 2
entries=
while [ "$1" != -- ]; do
    entries="$entries $1"
    shift
done
shift

umask 077
# The end of stdin is the only signal to stop. One that is sent to everything at once,
# as service managers do, must not make us leave before the server.
trap '' HUP INT TERM
exec 3<&0 </dev/null 2>>"$state/postgres.log"

rm -f "$state/stopping"
"$@" >&2 3<&- &
server=$!
echo "$server" >"$state/server.pid"

# SIGINT is PostgreSQL's fast shutdown. It is sent again, because a server that has only
# just been forked still ignores it; when that does not help, SIGQUIT stops at once.
stop_at_end_of_stdin() {
    while read -r ignored; do :; done
    : >"$state/stopping"
    signal=INT
    seconds=0
    while kill -s "$signal" "$server"; do
        sleep 1
        seconds=$((seconds + 1))
        [ "$seconds" -lt 30 ] || signal=QUIT
    done
}
stop_at_end_of_stdin <&3 >/dev/null 2>&1 3<&- &
watcher=$!
exec 3<&-

wait "$server"
kill -s KILL "$watcher"

# A server that ended by itself leaves its folder: the log says why, and whoever started
# it is still there to read it and to clean up.
if [ "$afterwards" = remove ] && [ -e "$state/stopping" ]; then
    for entry in $entries; do
        rm -rf "$state/$entry"
    done
    rmdir "$state"
fi
