#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A PostgreSQL server as target: rows, envelope, history, resync; a server that is refused, killed and restarted; and a network that cuts,
# swallows, delays and loses the answer to COMMIT. However it goes, the target ends up exactly as the dumps say, each change in it once.
. "$(dirname "$0")/lib.sh"

"$daybreak" connectors postgres >/dev/null 2>&1 || { echo "skipped: this build has no connectors for PostgreSQL (libpq-dev)"; exit 77; }
server=$work/server
mkdir "$server"
chmod a+x "$work"
bash "$top_srcdir/tests/support/postgres.sh" start "$server" || exit $?
chaos=
ending() {
    [ -z "$chaos" ] || kill "$chaos" 2>/dev/null
    bash "$top_srcdir/tests/support/postgres.sh" stop "$server"
    clean
}
trap ending EXIT
server() { bash "$top_srcdir/tests/support/postgres.sh" "$1" "$server"; }
query() { psql -X -q -h "$server" -U tester -d postgres -At -c "$1" 2>&1; }
export PG_DSN="postgresql://tester@/postgres?host=$server"

pipeline() { # pipeline NAME TABLE [SINK OPTION…]
    local name=$1 table=$2
    shift 2
    cat >"$name.yaml" <<YAML
source:
  type: file
  path: drop/orders_%Y%m%d.csv
  fields: {qty: integer, price: "decimal(12,2)"}
  capture: {key: [order_id], guards: {max_deletes: 100%, min_rows: 0%}}
sink:
  type: postgres
  dsn: {secret: pg}
  table: $table
$(printf '  %s\n' "$@")
secrets: {pg: {env: PG_DSN}}
YAML
}

dump() { # dump DAY: 400 orders, of which each day another part is new, changed and gone
    awk -v d="$1" 'BEGIN { print "order_id,qty,price"; for (i = d * 20; i < d * 20 + 400; i++) print "A" i "," (i % 7 == d % 7 ? d : 1) "," i % 50 ".25" }'
}

expected() { # expected DAY: as a query gives it
    dump "$1" | tail -n +2 | tr , '|' | sort
}

fresh "rows, envelope and history land in a database"
pipeline orders orders "history: all"
dump 1 | drop drop/orders_20260101.csv
dump 2 | drop drop/orders_20260102.csv
db 0 lint orders.yaml
has "the guarantee" "effectively once: rows and position land in one commit of the target" "$out"
db 0 run orders.yaml --json
is "balanced" true "$(json .result.balanced)"
is "the second dump" "$(expected 2)" "$(query "SELECT order_id, qty, price FROM orders" | sort)"
is "deletes are in the history" 20 "$(query "SELECT count(*) FROM _daybreak_history_orders WHERE _op = 'd'")"
is "the view is readable" "drop/orders_20260102.csv" "$(query "SELECT source ->> 'name' FROM orders_provenance WHERE order_id = 'A430'")"
db 0 run orders.yaml --json
is "nothing new" 0 "$(json .result.captured)"
db 0 trace orders.yaml A60 --json
is "trace" "true 10.25" "$(json '"\(.result.found) \(.result.current.price)"')"
db 0 ledger verify orders.yaml
query "DELETE FROM orders WHERE order_id = 'A60'; UPDATE orders SET qty = 99 WHERE order_id = 'A61'" >/dev/null
db 0 run orders.yaml --resync
is "a resync repairs what others did" "$(expected 2)" "$(query "SELECT order_id, qty, price FROM orders" | sort)"
lacks "no secret is shown" "$PG_DSN" "$("$daybreak" status orders.yaml --json) $(cat .daybreak/orders/* 2>/dev/null | tr -d '\0')"

fresh "a server that is killed and one that is not there"
pipeline orders kept "on_error: {backoff: 20ms..50ms, give_up: 300ms}" "connect: 1s"
dump 1 | drop drop/orders_20260101.csv
db 0 run orders.yaml
server kill
dump 2 | drop drop/orders_20260102.csv
db 69 run orders.yaml
has "it says who cannot be reached" "cannot connect to" "$err"
server again
is "nothing of it landed" "$(expected 1)" "$(query "SELECT order_id, qty, price FROM kept" | sort)"
db 0 run orders.yaml
is "later it does" "$(expected 2)" "$(query "SELECT order_id, qty, price FROM kept" | sort)"
db 0 ledger verify orders.yaml

fresh "a bad network"
coproc CHAOS { exec "$DAYBREAK_BUILD/tests/support/tcp_chaos" "$server/.s.PGSQL.5432"; }
chaos=$CHAOS_PID
read -r port <&"${CHAOS[0]}"
net() { # net COMMAND: from now on
    echo "$*" >&"${CHAOS[1]}"
    read -r -t 20 _ <&"${CHAOS[0]}"
}
export PG_DSN="postgresql://tester@127.0.0.1:$port/postgres"
pipeline orders far "on_error: {backoff: 20ms..50ms, give_up: 30s}" "connect: 1s" "answer: 400ms" "wait: 5s" "settle: 20s"
has_writer() { [ "$(query "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'daybreak%'")" = 1 ]; }
day=1
night() { # night TITLE COMMAND…: the next dump lands whatever the network does
    local file
    place=$1
    file=$(printf 'drop/orders_202602%02d.csv' "$day")
    dump "$day" | drop "$file"
    net "${@:2}"
    db 0 run orders.yaml --json
    is "balanced" true "$(json .result.balanced)"
    net pass
    is "the dump is there" "$(expected "$day")" "$(query "SELECT order_id, qty, price FROM far" | sort)"
    is "each batch once" "t" "$(query "SELECT count(*) = max(batch) AND max(batch) = (SELECT batch FROM _daybreak_checkpoint c WHERE c.pipeline_id = b.pipeline_id) FROM _daybreak_batch b WHERE pipeline_id = (SELECT pipeline_id FROM _daybreak_table WHERE name = 'far') GROUP BY pipeline_id")"
    db 0 ledger verify orders.yaml
    day=$((day + 1))
}
night "all passes" pass
night "an answer that comes late" delay 5
night "every second commit is cut before it arrives" before 2
night "the answer to every second commit is cut" lose 2
night "the answer to every second commit is swallowed" swallow 2

place="all is swallowed, later all is cut, then the network is back while the run still waits"
dump "$day" | drop "$(printf 'drop/orders_202602%02d.csv' "$day")"
net blackhole
"$daybreak" run orders.yaml >"$work/out" 2>"$work/err" </dev/null &
run=$!
children+=("$run")
for state in cut blackhole cut pass; do
    sleep 0.7
    net "$state"
done
wait "$run"
is "exit status" 0 $?
is "the dump is there" "$(expected "$day")" "$(query "SELECT order_id, qty, price FROM far" | sort)"

place="the server is killed in the midst of a run, and comes back"
day=$((day + 1))
dump "$day" | drop "$(printf 'drop/orders_202602%02d.csv' "$day")"
net delay 60 # so that the run is still at it
"$daybreak" run orders.yaml >"$work/out" 2>"$work/err" </dev/null &
run=$!
children+=("$run")
until_true has_writer
server kill
server again
net pass
wait "$run"
is "exit status" 0 $?
is "the dump is there" "$(expected "$day")" "$(query "SELECT order_id, qty, price FROM far" | sort)"
db 0 ledger verify orders.yaml

finish
