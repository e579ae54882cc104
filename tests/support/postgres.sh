#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# postgres.sh start DIR [PORT] | stop DIR | remove DIR | kill DIR | again DIR
#
# A PostgreSQL server of its own for a test, in the folder DIR, which must be there: on a Unix socket in DIR, with a port too it listens on
# loopback. As root it runs as the user postgres. start ends with 77, and says why, where the server is not installed. kill is kill -9 of
# all of it; again starts what was stopped or killed; remove takes the folder
# away as well. Settings: wal_level=logical, no sync to disk (tests do not cut the power).
set -u

bin=$(find /usr/lib/postgresql -maxdepth 3 -name initdb -printf '%h\n' 2>/dev/null | sort -V | tail -1)
[ -n "$bin" ] || bin=$(dirname "$(command -v initdb 2>/dev/null || echo /none/initdb)")

as() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups -- "$@"
    else
        "$@"
    fi
}

user=postgres
id "$user" >/dev/null 2>&1 || user=nobody
verb=${1-} dir=${2-}
[ -d "$dir" ] || { echo "postgres.sh: no folder '$dir'" >&2; exit 64; }

launch() {
    as "$bin/pg_ctl" -s -w -t 60 -D "$dir/pg" -l "$dir/pg/log" start >"$dir/start.log" 2>&1 || { cat "$dir/start.log" "$dir/pg/log" >&2; return 1; }
}

ended() { # waits until every process of the server is gone, so that the next one finds its memory free
    local tries=0
    while kill -0 "$1" 2>/dev/null && [ $tries -lt 600 ]; do
        sleep 0.05
        tries=$((tries + 1))
    done
}

halt() {
    [ -e "$dir/pg/postmaster.pid" ] || return 0
    as "$bin/pg_ctl" -s -w -m immediate -D "$dir/pg" stop >/dev/null 2>&1
}

case $verb in
start)
    [ -x "$bin/initdb" ] || { echo "skipped: PostgreSQL is not installed (scripts/setup installs it)"; exit 77; }
    [ "$(id -u)" != 0 ] || chown "$user" "$dir"
    chmod a+x "$dir"
    as "$bin/initdb" -D "$dir/pg" -U tester -A trust -E UTF8 --locale=C -N --no-instructions >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; exit 1; }
    as tee -a "$dir/pg/postgresql.conf" >/dev/null <<CONF
unix_socket_directories = '$dir'
listen_addresses = '${3:+127.0.0.1}'
port = ${3:-5432}
fsync = off
wal_level = logical
max_wal_senders = 4
max_replication_slots = 4
max_connections = 40
shared_buffers = 32MB
max_prepared_transactions = 4
wal_sender_timeout = 10s
autovacuum = off
log_min_messages = fatal
CONF
    launch
    ;;
again)
    rm -f "$dir/pg/postmaster.pid"
    launch
    ;;
stop)
    halt
    ;;
remove)
    halt
    rm -rf "$dir"
    ;;
kill)
    pid=$(head -1 "$dir/pg/postmaster.pid") || exit 1
    children=$(pgrep -P "$pid")
    # shellcheck disable=SC2086 # numbers
    kill -9 "$pid" $children 2>/dev/null
    for child in $pid $children; do
        ended "$child"
    done
    ;;
*)
    sed -n '4,11s/^# \{0,1\}//p' "$0" >&2
    exit 64
    ;;
esac
