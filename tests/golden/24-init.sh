#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# init --from: a dump that nobody described becomes a pipeline that lints and runs as it was written, and finds what its publisher calls
# the key. Then the odd ones: each guess as it lands in the target, and what is no dump at all.
. "$(dirname "$0")/lib.sh"

# guessed STATUS FILE [OPTION…]: init, lint and two runs; $yaml is the file, $guess what init said
guessed() {
    local expected=$1 from=$2 before
    shift 2
    rm -rf .daybreak out *.yaml
    before=$(find . | sort)
    db 0 init --json --from "$from" "$@"
    guess=$out
    yaml=$(json .result.file)
    is "init wrote $yaml and nothing else" "$before" "$(find . ! -name "${yaml##*/}" | sort)"
    db 0 lint --strict --json "$yaml"
    is 'lint has nothing to say' '[]' "$(json '.result.findings | tojson')"
    if grep -q '^tests:' "$yaml"; then
        db 0 test "$yaml"
    fi
    run "$expected" "$yaml"
    first=$out
    run 0 "$yaml"
    is 'a second run changes nothing' '0 0 0' "$(json '.result | "\(.read) \(.captured) \(.delivered)"')"
    out=$first
}

said() { # said FILTER: of what init said
    jq -r "$1" <<<"$guess" 2>&1
}

keys_of() { # keys_of DATASET [TABLE]: the key that the publisher names, by table
    jq -c --arg table "${2-}" '[.tables[] | select($table == "" or .name == $table) | {key: .name, value: .key}] | from_entries' "$1/dataset.json"
}

guessed_keys() {
    said '.result.tables | map({key: .name, value: .key}) | from_entries' | jq -c .
}

#---- published dumps --------------------------------------------------------------------------------------

published() { # published DATASET FILE TABLE: '' for all tables of an archive
    fresh "${2##*/}"
    cp "$2" drop/ && touch -d '2 hours ago' drop/*
    guessed 0 "drop/${2##*/}"
    if [ -n "$3" ]; then
        is "the key of ${2##*/}" "$(keys_of "$1" "$3" | jq -c '[.[]]')" "$(guessed_keys | jq -c '[.[]]')"
    else
        is "the keys of ${2##*/}" "$(keys_of "$1")" "$(guessed_keys)"
    fi
    is 'every row lands' 'true 0 0' "$(json '.result | "\(.read == .loaded) \(.invalid) \(.dead)"')"
    has 'the name of the file became a pattern' '%' "$(said .result.path)"
}

for file in "$fixtures"/dotgov/snapshots/*2026-08-03.csv.gz; do published "$fixtures/dotgov" "$file" domains; done
for file in "$fixtures"/kev/snapshots/*2025-05-12.csv.gz; do published "$fixtures/kev" "$file" kev-csv; done
for file in "$fixtures"/kev/snapshots/*2025-06-09b.jsonl.gz; do published "$fixtures/kev" "$file" kev-jsonl; done
for file in "$fixtures"/ourairports/snapshots/*0225.tar.gz; do published "$fixtures/ourairports" "$file" ''; done

if [ -n "${DAYBREAK_SHARED-}" ] && [ -d "$DAYBREAK_SHARED/data" ]; then
    data=$DAYBREAK_SHARED/data
    ends() { # ends FILE…: the first and the last
        printf '%s\n' "$1" "${@: -1}"
    }
    for file in $(ends "$data"/dotgov/snapshots/*); do published "$data/dotgov" "$file" domains; done
    for file in $(ends "$data"/kev/snapshots/*.csv.gz); do published "$data/kev" "$file" kev-csv; done
    for file in $(ends "$data"/kev/snapshots/*.jsonl.gz); do published "$data/kev" "$file" kev-jsonl; done
    for file in $(ends "$data"/kev/snapshots/*.json.gz); do published "$data/kev" "$file" kev-json; done
    for file in $(ends "$data"/ourairports/snapshots/*); do published "$data/ourairports" "$file" ''; done

    fresh 'inventory with trailer and manifest'
    cp "$data"/scenarios/supply/inventory_20260901.tar.gz drop/ && touch -d '2 hours ago' drop/*
    guessed 0 drop/inventory_20260901.tar.gz
    is 'the composite key' '["part_no","plant"]' "$(said '.result.key' | jq -c .)"
    is 'the change column' updated_at "$(said .result.changed_at)"
    is 'the trailer' '{"starts":"TRAILER|","count":2}' "$(said .result.dialect.trailer | jq -c .)"
    has 'the manifest became a guard' 'guards: {manifest: {member: manifest.json, rows: rows, sha256: sha256}}' "$(<"$yaml")"

    fresh 'orders with bad rows'
    cp "$data"/scenarios/o2c/orders_20260901.csv drop/ && touch -d '2 hours ago' drop/*
    guessed 3 drop/orders_20260901.csv
    is 'the key although some rows break it' '["order_id"]' "$(said .result.key | jq -c .)"
    has 'and it is said' '2 rows have the key of another row and 2 have none' "$(said .result.key_doubt)"
    has 'nearly a date' "423 of 426 are dates, but line 54 has '31/12/2026'" "$(said '.result.columns[] | select(.name == "order_date") | .doubt')"

    fresh 'fixed width'
    cp "$data"/blz/snapshots/BLZ_20201201.txt.gz drop/
    db 65 init --from drop/BLZ_20201201.txt.gz
    has 'no delimiter' 'a file of fixed-width records: every line has 174 characters' "$err"
fi

#---- every guess, as it lands -----------------------------------------------------------------------------

types() { said '.result.columns[] | "\(.name)=\(.type)\(if .pattern then " " + .pattern else "" end)"' | paste -sd' '; }

fresh 'a German export'
printf 'Nr;Name;Betrag;Datum;PLZ;Geändert am\r\n1;Müller;"1.234,50";23.11.2026;01067;23.11.2026 14:05\r\n2;Öz;12,00;01.02.2026;80331;01.02.2026 08:00\r\n3;;-999,99;;10115;03.04.2026 09:30\r\n' |
    iconv -f UTF-8 -t WINDOWS-1252 | drop drop/umsatz_23.11.2026.csv
guessed 0 drop/umsatz_23.11.2026.csv
is 'types' 'Nr=integer Name=text Betrag=decimal(12,2) Datum=date %d.%m.%Y PLZ=text Geändert am=timestamp %d.%m.%Y %H:%M' "$(types)"
is 'path' 'drop/umsatz_%d.%m.%Y.csv' "$(said .result.path)"
is 'dialect' '; WINDOWS-1252 false , .' "$(said '.result.dialect | "\(.delimiter) \(.encoding) \(.encoding_sure) \(.decimal) \(.thousands)"')"
is 'the encoding is said to be a guess' 'a guess' "$(said .result.dialect.encoding_why | grep -o 'a guess')"
is 'change column' 'Geändert am' "$(said .result.changed_at)"
is 'rows' $'1|Müller|1234.5|2026-11-23|01067|2026-11-23T14:05:00.000000Z\n2|Öz|12|2026-02-01|80331|2026-02-01T08:00:00.000000Z\n3||-999.99||10115|2026-04-03T09:30:00.000000Z' \
    "$(sqlite3 out/umsatz.db 'SELECT Nr, Name, Betrag, Datum, PLZ, "Geändert am" FROM umsatz')"

fresh 'an American export'
drop drop/sales.csv <<'C'
id,amount,sold,flag,share
1,"1,234.50",11/23/2026,Y,12.5%
2,12.00,01/02/2026,N,3%
3,"2,000,000.00",12/31/2026,Y,
C
guessed 0 drop/sales.csv
is 'types' 'id=integer amount=decimal(12,2) sold=date %m/%d/%Y flag=boolean share=text' "$(types)"
is 'rows' $'1|1234.5|2026-11-23|1|12.5%\n2|12|2026-01-02|0|3%\n3|2000000|2026-12-31|1|' \
    "$(sqlite3 out/sales.db 'SELECT id, amount, sold, flag, share FROM sales')"

fresh 'no header, a title above, comments and a trailer'
drop drop/plain.txt <<'C'
1|2026-01-01|x
2|2026-01-02|y
3|2026-01-03|z
C
guessed 0 drop/plain.txt
is 'columns without names' 'c1=integer c2=date c3=text' "$(types)"
is 'rows' '3' "$(sql out/plain.db 'SELECT count(*) FROM plain')"
drop drop/bank.txt <<'C'
H|20260101
D|1|10.00
D|2|20.50
T|2
C
guessed 0 drop/bank.txt
is 'what stands around the rows' '1 {"starts":"T|","count":2} false' "$(said '.result.dialect | "\(.skip) \(.trailer | tojson) \(.header)"')"
is 'rows' $'1 10\n2 20.5' "$(sql out/bank.db 'SELECT c2, c3 FROM bank')"
drop drop/report.csv <<'C'
Sales of January
printed for Eve

id,name
1,a
2,b
C
guessed 0 drop/report.csv
is 'title lines are skipped' 3 "$(said .result.dialect.skip)"
is 'rows' $'1 a\n2 b' "$(sql out/report.db 'SELECT id, name FROM report')"

fresh 'ways to write a field'
printf 'id||name||qty\n1||a|b||5\n2||c||6\n' | drop drop/bars.csv
guessed 0 drop/bars.csv
printf "'id','name'\n'1','a, b'\n'2','it''s'\n" | drop drop/single.csv
guessed 0 drop/single.csv
is 'single quotes' $'1 a, b\n2 it\'s' "$(sql out/single.db 'SELECT id, name FROM single')"
printf 'id,name\n1,"say \\"hi\\", ok"\n2,"x"\n' | drop drop/slash.csv
guessed 0 drop/slash.csv
is 'backslashes' 'say "hi", ok' "$(sql out/slash.db 'SELECT name FROM slash WHERE id = 1')"
printf 'id, name, qty\n1, "a, b", 5\n2, c, 6\n' | drop drop/blank.csv
guessed 0 drop/blank.csv
is 'blanks behind delimiters' $'1 a, b 5\n2 c 6' "$(sql out/blank.db 'SELECT id, name, qty FROM blank')"
printf 'id\tname\tqty\n1\ta\t\\N\n2\t\\N\t6\n' | drop drop/dump.tsv
guessed 0 drop/dump.tsv
is 'null as databases write it' $'1 a null\n2 null 6' "$(sql out/dump.db "SELECT id, ifnull(name, 'null'), ifnull(qty, 'null') FROM dump")"
printf 'id,n\n1,\xc3\xa4\n2,b\n' | iconv -f UTF-8 -t UTF-16 | drop drop/wide.csv
guessed 0 drop/wide.csv
is 'UTF-16' UTF-16 "$(said .result.dialect.encoding)"

fresh 'names that cannot be'
printf 'id,a,a,\n1,2,3,4\n2,3,4,5\n' | drop drop/dup.csv
guessed 0 drop/dup.csv
is 'are mended' 'id=integer a=integer a_2=integer c4=integer' "$(types)"
printf 'id,_op,Name,name\n1,x,a,b\n2,y,c,d\n' | drop drop/clash.csv
guessed 0 drop/clash.csv
is 'or told apart in the target' '1 x a b' "$(sql out/clash.db 'SELECT id, "_op", "Name", name_4 FROM clash WHERE id = 1')"
printf 'id,%s\n1,a\n2,b\n' "$(printf 'long%.0s' {1..30})" | drop drop/long.csv
guessed 0 drop/long.csv
is 'a name too long for SQL' 'id longlonglonglonglonglonglonglonglonglonglonglonglonglong_2' "$(sql out/long.db "SELECT group_concat(name, ' ') FROM pragma_table_info('long') WHERE name NOT LIKE '\_%' ESCAPE '\'")"
printf 'Order "no", 1;x y\n1;a\n2;b\n' | drop drop/quoted.csv
guessed 0 drop/quoted.csv

fresh 'few or no rows'
printf 'id,name\n' | drop drop/header.csv
guessed 0 drop/header.csv
has 'said' 'has no rows' "$(said '.result.notes[]')"
printf 'id,name\n7,x\n' | drop drop/one.csv
guessed 0 drop/one.csv
printf 'name\nalice\nbob\n' | drop drop/column.csv
guessed 0 drop/column.csv
printf 'ts,level\n2026-01-01 10:00:00,I\n2026-01-01 10:00:00,I\n2026-01-01 10:00:01,I\n2026-01-01 10:00:01,W\n2026-01-01 10:00:01,I\n' | drop drop/log.csv
guessed 0 drop/log.csv
is 'without a key rows are appended' '[]' "$(said .result.key | jq -c .)"
has 'and it is said' 'rows are only appended' "$(said .result.key_why)"

fresh 'JSON lines and documents'
drop drop/e.jsonl <<'J'
{"id":1,"code":"007","n":1.50,"at":"2026-01-01T00:00:00Z","on":true,"tags":["a","b"]}
{"id":2,"code":"008","n":2,"at":"2026-01-02T00:00:00Z","on":false,"late":"5"}
J
guessed 0 drop/e.jsonl
is 'types' 'id=integer code=text n=decimal(12,2) at=timestamp on=boolean tags=text late=text' "$(types)"
drop drop/doc.json <<'J'
{"made":"2026-01-01","data":{"rows":[{"id":1,"who":{"name":"eve"}},{"id":2,"who":{"name":"bob"}}]}}
J
guessed 0 drop/doc.json
is 'where the records are' data.rows "$(said .result.dialect.path)"
is 'rows' $'1 eve\n2 bob' "$(sql out/doc.db 'SELECT id, "who.name" FROM doc')"

fresh 'an archive of several tables'
mkdir -p pack/export-2026-11-23 && printf 'id,v\n1,a\n2,b\n' >pack/export-2026-11-23/items.csv && printf '{"k":"x","w":1}\n{"k":"y","w":2}\n' >pack/export-2026-11-23/weights.jsonl
echo 'Hello.' >pack/export-2026-11-23/README && printf 'id,v\n9,z\n' >pack/export-2026-11-23/part-01.csv && printf 'id,v\n8,y\n' >pack/export-2026-11-23/part-02.csv
tar -C pack -czf .arriving . && touch -d '1 hour ago' .arriving && mv .arriving drop/export_2026-11-23.tar.gz
rm -rf pack
guessed 0 drop/export_2026-11-23.tar.gz
is 'tables' 'items part weights' "$(said '.result.tables[].name' | sort | paste -sd' ')"
is 'members' '*/items.csv */part-*.csv */weights.jsonl' "$(said '.result.tables | sort_by(.name) | .[].member' | paste -sd' ')"
has 'what is no table is said' "member 'export-2026-11-23/README' is passed over" "$(said '.result.notes[]')"
is 'rows' '2 2 2' "$(sql out/export.db 'SELECT (SELECT count(*) FROM items), (SELECT count(*) FROM weights), (SELECT count(*) FROM part)')"

fresh 'tomorrow'
printf 'id,v\n1,a\n2,b\n' | drop drop/t_20261123.csv
db 0 init --from drop/t_20261123.csv --quiet
run 0 t.yaml
counts loaded=2 captured=2 read=2 delivered=2
printf 'id,v\n1,a\n2,c\n3,d\n' | drop drop/t_20261124.csv '1 hour ago'
run 0 t.yaml
counts created=1 updated=1 captured=2 read=3 unchanged=1 delivered=2

#---- the call itself ----------------------------------------------------------------------------------------

fresh 'words of the call'
printf 'id,v\n1,a\n2,b\n' | drop drop/t.csv
db 0 init --from drop/t.csv
is 'stdout has one line' 'wrote t.yaml: 2 columns, changes are found by key' "$out"
has 'the reasons are on stderr' 'its name says so too' "$err"
has 'and what to type next' 'next: daybreak test t.yaml' "$err"
has 'three times' $'daybreak run t.yaml --dry-run\n      daybreak run t.yaml' "$err"
db 73 init --from drop/t.csv
has 'nothing is overwritten' "cannot write 't.yaml': it is there already" "$err"
has 'what to do' '--output FILE writes elsewhere, --force writes over it' "$err"
db 0 init --from drop/t.csv --force --quiet
is 'quiet says nothing on stderr' '' "$err"
mkdir conf
db 0 init --from drop/t.csv --output conf/other.yaml --name n_1
has 'paths are relative to the pipeline file' 'path: "../drop/t.csv"' "$(sed 's/path: \(\.\.[^ ]*\)/path: "\1"/' conf/other.yaml)"
has 'the name' 'name: n_1' "$(<conf/other.yaml)"
db 0 lint --strict conf/other.yaml
run 0 conf/other.yaml
db 0 init --from drop/t.csv --key v,id --output -
has 'a key that was said' 'key: [v, id]' "$out"
db 64 init --from drop/t.csv --key idd --output -
has 'did you mean' "did you mean 'id'?" "$err"
db 64 init --from drop/t.csv --name 'a/b' --output -
db 64 init --key id
db 64 init --from -
db 66 init --from nowhere.csv
has 'missing' "cannot read 'nowhere.csv': No such file or directory" "$err"
db 66 init --from 'nowhere*.csv'
db 65 init --from drop
has 'a folder' "it is a folder" "$err"
db 73 init --from drop/t.csv --output nowhere/x.yaml
db 0 init --from 'drop/*.csv' --output glob.yaml --quiet
has 'a glob' 'path: "drop/*.csv"' "$(<glob.yaml)"

fresh 'what is no dump'
: >empty.csv
db 65 init --from empty.csv
has 'empty' "cannot guess from 'empty.csv': it is empty" "$err"
printf '<!DOCTYPE html><html><head><title>503 Service Unavailable</title></head></html>' >page.csv
db 65 init --from page.csv
has 'an error page' "it is an HTML page called '503 Service Unavailable': most likely an error or login page" "$err"
head -c 4000 /dev/urandom >noise.csv
db 65 init --from noise.csv
sqlite3 some.db 'CREATE TABLE a (b)'
db 65 init --from some.db
has 'a database' 'it is an SQLite database' "$err"
echo '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>' >x.xml
db 65 init --from x.xml
has 'XML that declares entities' 'it is an XML document with a DOCTYPE, which is refused' "$err"
echo '{"a": [1, 2' >x.json
db 65 init --from x.json
printf 'id,v\n1,a\n' | gzip | head -c 20 >cut.csv.gz
db 65 init --from cut.csv.gz
has 'cut off' 'cut off' "$err"
is 'and nothing was written' '' "$(ls -- *.yaml 2>/dev/null)"

fresh 'an XML document'
{
    echo '<?xml version="1.0" encoding="windows-1252"?><e:export xmlns:e="urn:e"><made by="x">now</made><e:orders>'
    for i in 1 2 3 4 5 6 7 8 9; do
        printf '<order id="%d"><at>2026-01-0%dT10:00:00Z</at><to><city zip="0%d">M\374nster</city></to><tag>a</tag><tag>b%d</tag><price cur="EUR">%d.90</price></order>\n' \
            "$i" "$i" "$i" "$i" "$i"
    done
    echo '</e:orders></e:export>'
} | drop drop/e_20260131.xml
db 0 init --from drop/e_20260131.xml
has 'the records' 'record: /export/orders/order' "$(cat e.yaml)"
has 'an attribute' 'id: {type: integer, path: "@id"}' "$(cat e.yaml)"
has 'one deep inside' 'to.city.zip: {type: text, path: "to/city/@zip"}' "$(cat e.yaml)"
has 'one that comes more than once' 'tag: {type: text, path: "tag", repeated: json}' "$(cat e.yaml)"
has 'its type' 'price: {type: "decimal(12,2)", path: "price"}' "$(cat e.yaml)"
has 'its key' 'key: [id]' "$(cat e.yaml)"
db 0 lint e.yaml
db 0 test e.yaml
run 0 e.yaml
counts loaded=9 captured=9 read=9 delivered=9
is 'what it gives' '9|Münster|09|["a","b9"]|9.9|EUR' "$(sqlite3 out/e.db "SELECT id, \"to.city\", \"to.city.zip\", tag, price, \"price.cur\" FROM e WHERE id = 9")"
again e.yaml out/e.db

fresh 'an example to begin with'
db 0 init
is 'named' 'wrote an example to orders.yaml; --from FILE makes one from a dump of your own' "$out"
db 0 lint --strict orders.yaml
printf 'order_id,qty,unit_price,updated_at\nA1,2,19.90,2026-01-30T10:00:00Z\n' | drop drop/orders_20260131.csv
run 0 orders.yaml
counts loaded=1 captured=1 read=1 delivered=1
finish
