#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Any two dumps or tables side by side, without a pipeline.
. "$(dirname "$0")/lib.sh"

fresh 'two files'
printf 'id,v,w\n1,a,x\n2,b,x\n3,c,x\n4,d,x\n' >a.csv
printf 'id,v,w\n5,e,x\n4,d,x\n3,C,y\n1,a,x\n' >b.csv
db 1 compare a.csv b.csv --key id --json
is 'figures' '4 4 2 1 1 1' "$(json '.result | "\(.rows_left) \(.rows_right) \(.equal) \(.missing) \(.extra) \(.different)"')"
is 'by column' '{"v":1,"w":1}' "$(jq -c '.result.columns | with_entries(select(.value > 0))' <<<"$out")"
is 'samples' true "$(json '.result.samples | length > 0')"
db 1 compare a.csv b.csv --key id
has 'for people' v "$out"
db 0 compare a.csv a.csv --key id --json
is 'the same' '4 4 4 0 0 0' "$(json '.result | "\(.rows_left) \(.rows_right) \(.equal) \(.missing) \(.extra) \(.different)"')"

place='formats'
gzip -nk a.csv
printf '{"id":"1","v":"a","w":"x"}\n{"id":"2","v":"b","w":"x"}\n{"id":"3","v":"c","w":"x"}\n{"id":"4","v":"d","w":"x"}\n' >a.jsonl
db 0 compare a.csv.gz a.jsonl --key id
sqlite3 t.db "CREATE TABLE t(id TEXT PRIMARY KEY, v TEXT, w TEXT)" ".mode csv" ".import --skip 1 a.csv t"
db 0 compare a.csv t.db#t --key id
db 0 compare t.db#t a.jsonl --key id
db 1 compare t.db#t b.csv --key id --json
is 'figures' '1 1 1' "$(json '.result | "\(.missing) \(.extra) \(.different)"')"
mkdir pack && cp a.csv pack/one.csv && cp b.csv pack/two.csv
tar -C pack -czf mon.tar.gz one.csv two.csv
sed -i 's/^1,a/1,z/' pack/one.csv
tar -C pack -czf tue.tar.gz one.csv two.csv
db 1 compare mon.tar.gz tue.tar.gz --key id --member '*one.csv' --json
is 'figures' '3 1' "$(json '.result | "\(.equal) \(.different)"')"
db 0 compare mon.tar.gz tue.tar.gz --key id --member '*two.csv'

place='keys'
printf 'a,b,v\n1,1,x\n1,2,y\n' >k.csv
printf 'a,b,v\n1,2,y\n1,1,z\n' >l.csv
db 1 compare k.csv l.csv --key a,b --json
is 'of two columns' '1 1' "$(json '.result | "\(.equal) \(.different)"')"
db - compare a.csv b.csv --key nosuch
is 'a key that is not there' yes "$(case $status in 64 | 65) echo yes ;; *) echo "$status" ;; esac)"

place='what cannot be compared'
db 64 compare a.csv b.csv
db 64 compare a.csv --key id
db 66 compare a.csv nosuch.csv --key id
gzip -nc a.csv | head -c 30 >cut.csv.gz
db 65 compare a.csv cut.csv.gz --key id
printf 'id,v,w\n1,a,x\n1,b,x\n2,b,x\n3,c,x\n4,d,x\n' >twice.csv
db - compare a.csv twice.csv --key id --json
is 'a key that comes twice is no clean answer' yes "$(case $status in 1 | 2 | 65) echo yes ;; *) echo "$status" ;; esac)"

place='a target of ours'
mkdir -p drop out
cp a.csv drop/a.csv && touch -d '1 hour ago' drop/a.csv
cat >p.yaml <<'Y'
source: {type: file, path: "drop/*.csv", capture: {key: [id]}}
sink: {type: sqlite, path: out/p.db, table: p}
Y
run 0 p.yaml
db 0 compare a.csv p --key id
db 1 compare p b.csv --key id
db 0 compare a.csv out/p.db#p --key id
place='real dumps'
if [ -d "$fixtures/kev/snapshots" ]; then
    db 1 compare "$fixtures/kev/snapshots/kev_2025-05-22.csv.gz" "$fixtures/kev/snapshots/kev_2025-06-09a.csv.gz" --key cveID --json
    is 'figures are the published ones' '1342 1 9 9' "$(json '.result | "\(.equal) \(.missing) \(.extra) \(.different)"')"
    db 1 compare "$fixtures/kev/snapshots/kev_2025-05-22.jsonl.gz" "$fixtures/kev/snapshots/kev_2025-06-09a.jsonl.gz" --key cveID --json
    is 'figures are the published ones' '1342 1 9 9' "$(json '.result | "\(.equal) \(.missing) \(.extra) \(.different)"')"
fi
finish
