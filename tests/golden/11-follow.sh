#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The same pipeline file, state and target from cron and as a follower, in turn. Waits are for what happens, never for a time.
. "$(dirname "$0")/lib.sh"

follow() { # follow PIPELINE: starts a follower, $follower
    "$daybreak" run --follow "$1" >follow.out 2>follow.err </dev/null &
    follower=$!
    children+=("$follower")
}

end() { # end: SIGTERM, and its exit status
    kill -TERM "$follower"
    wait "$follower"
    status=$?
}

value() { # value QUERY EXPECTED
    [ "$(sqlite3 -readonly out/p.db "$1" 2>/dev/null)" = "$2" ]
}

fresh 'run and follow in turn'
cat >p.yaml <<'Y'
source: {type: file, path: drop/p_*.csv, settle: 200ms, capture: {key: [id]}}
sink: {type: sqlite, path: out/p.db, table: p}
Y
printf 'id,v\n1,a\n2,a\n' | drop drop/p_1.csv
run 0 p.yaml
counts loaded=2 captured=2 read=2 delivered=2
follow p.yaml
printf 'id,v\n1,b\n2,a\n' | drop drop/p_2.csv now
until_true value "SELECT v FROM p WHERE id = '1'" b
is 'a file renamed into place lands' b "$(sql out/p.db "SELECT v FROM p WHERE id = '1'")"
db 75 run p.yaml
db 0 run p.yaml --skip-if-running
db 0 status --json
is 'status tells that it runs' true "$(json '.result[0].running')"
printf 'id,v\n1,c\n2,a\n' >drop/p_3.csv
: >drop/p_3.csv.done
until_true value "SELECT v FROM p WHERE id = '1'" c
is 'a file with its .done lands' c "$(sql out/p.db "SELECT v FROM p WHERE id = '1'")"
printf 'id,v\n1,d\n2,a\n' >drop/p_4.csv
until_true value "SELECT v FROM p WHERE id = '1'" d
is 'a file that is only written lands when it has settled' d "$(sql out/p.db "SELECT v FROM p WHERE id = '1'")"
printf 'id,v\n' | drop drop/p_5.csv now
until_true sh -c "\"$daybreak\" held | grep -q I5"
db 0 held --json
is 'a follower holds what is wrong' empty "$(json '.result.held[0].guard')"
id=$(json '.result.held[0].id')
db 0 reject "$id" --reason 'an empty night'
db 0 held --json
is 'it took the decision' 0 "$(json '.result.held | length')"
end
is 'SIGTERM to a follower: 0' 0 "$status"
again p.yaml out/p.db
printf 'id,v\n1,e\n2,a\n' | drop drop/p_6.csv now
run 0 p.yaml
counts updated=1 captured=1 read=2 unchanged=1 delivered=1
is 'lag of a live change is measured' 1 "$(json '.result.lag_ms.n')"
follow p.yaml
printf 'id,v\n1,f\n2,a\n' | drop drop/p_7.csv now
until_true value "SELECT v FROM p WHERE id = '1'" f
end
is 'ended' '0 f' "$status $(sql out/p.db "SELECT v FROM p WHERE id = '1'")"
db 0 ledger verify
again p.yaml out/p.db

fresh 'a growing file is followed'
mkdir log
cat >p.yaml <<'Y'
source: {type: file, path: log/*.csv, capture: {method: append}, fields: {n: integer}}
sink: {type: sqlite, path: out/p.db, table: p}
Y
printf 'n,t\n1,a\n' >log/a.csv
follow p.yaml
until_true value 'SELECT count(*) FROM p' 1
printf '2,b\n3,' >>log/a.csv
until_true value 'SELECT count(*) FROM p' 2
is 'the unfinished line waits' 2 "$(sql out/p.db 'SELECT max(n) FROM p')"
printf 'c\n' >>log/a.csv
until_true value 'SELECT count(*) FROM p' 3
mv log/a.csv log/b.csv
printf 'n,t\n4,d\n' >log/a.csv
until_true value 'SELECT count(*) FROM p' 4
end
is 'each once' '0 4 4' "$status $(sql out/p.db 'SELECT count(*), count(DISTINCT n) FROM p')"
again p.yaml out/p.db
db 0 ledger verify

fresh 'nothing there yet, then something'
cat >p.yaml <<'Y'
source: {type: file, path: drop/p_*.csv, settle: 100ms, capture: {key: [id]}}
sink: {type: sqlite, path: out/p.db, table: p}
Y
follow p.yaml
until_true test -f .daybreak/p/ledger.db
printf 'id,v\n1,a\n' | drop drop/p_1.csv now
until_true value 'SELECT count(*) FROM p' 1
kill -KILL "$follower"
wait "$follower" 2>/dev/null
printf 'id,v\n1,b\n' | drop drop/p_2.csv now
run 0 p.yaml
is 'a killed follower leaves nothing in the way' b "$(sql out/p.db 'SELECT v FROM p')"
finish
