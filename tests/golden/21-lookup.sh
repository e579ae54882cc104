#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Columns from elsewhere: files, databases and other tables of the input; what none and many mean; what happens when what is looked up in
# changes, is damaged, is locked or is not there.
. "$(dirname "$0")/lib.sh"

rowset() { # rowset DB QUERY: lines joined by |
    sqlite3 -batch -init /dev/null -separator ' ' -nullvalue NULL "$1" "$2" 2>&1 | paste -sd'|'
}

dead() { # dead PIPELINE FILTER: of the open dead letters, one line each, in order of their keys
    db 0 dead --json "$1"
    jq -r ".result.dead | sort_by(.key)[] | $2" <<<"$out" | paste -sd'|'
}

fresh 'from a file'
cat >p.yaml <<'Y'
source:
  type: file
  path: drop/p_%Y%m%d.csv
  settle: 0s
  fields: {qty: integer}
  capture: {key: [id], guards: {max_deletes: 100%}}
transforms:
  - lookup: {name: cust, from: {type: file, path: customers.csv, settle: 0s, fields: {since: date, score: "decimal(6,2)"}}, on: {customer: id}, take: [name, since, score]}
  - lookup: {name: tier, from: {type: file, path: tiers.jsonl, settle: 0s, fields: {least: integer}}, on: {qty: least}, take: [label], none: "null"}
  - set: {customer_name: cust.name, since: cust.since, points: "cast(cust.score * qty as decimal(9,2))", label: "coalesce(tier.label, '-')"}
context: {related: {customer: cust.name}}
sink: {type: sqlite, path: out/p.db, table: p}
Y
drop customers.csv <<'C'
id,name,since,score,note
C1,Ann,2020-01-02,1.25,x
C2,"Böb, the second",,,y
C4,Dup,2021-01-01,1,
C4,Dup,2021-01-01,1,
C5,Bad,31/12/2021,1,
C6,Short
,Nobody,2021-01-01,1,
C
printf '{"least":1,"label":"one"}\n{"least":"3","label":"three"}\n' | drop tiers.jsonl
drop drop/p_20260101.csv <<'C'
id,customer,qty
1,C1,3
2,C2,1
3,C3,1
4,C4,1
5,C5,1
6,C6,1
7,,1
8,C1,2
C
db 0 lint p.yaml
is 'lint has nothing to say' '1 file, 0 errors, 0 warnings' "$(grep -v effectively <<<"$out")"
run 3 p.yaml
counts loaded=8 captured=8 read=8 delivered=4 dead=4
is 'found by key, by another type, or null' '1 C1 3 Ann 2020-01-02 3.75 three|2 C2 1 Böb, the second NULL NULL one|7  1 Nobody 2021-01-01 1 one|8 C1 2 Ann 2020-01-02 2.5 -' \
    "$(rowset out/p.db 'SELECT id, customer, qty, customer_name, since, points, label FROM p ORDER BY id')"
is 'and in the envelope' '{"related":{"customer":"Ann"}}' "$(sql out/p.db "SELECT _context FROM p WHERE id = '1'")"
is 'nothing but what was set is delivered' 'id customer qty customer_name since points label' \
    "$(sql out/p.db "SELECT group_concat(name, ' ') FROM pragma_table_info('p') WHERE name NOT LIKE '\_%' ESCAPE '\'")"
is 'dead letters say what was looked for' \
    '3 transform lookup cust lookup_none {"customer":"C3"}|4 transform lookup cust lookup_many {"customer":"C4"}|5 transform lookup cust lookup_value {"customer":"C5"}|6 transform lookup cust lookup_value {"customer":"C6"}' \
    "$(dead p '"\(.key) \(.stage) \(.rule) \(.reason) \(.value)"')"
is 'and why' \
    "nothing in customers.csv has id = 'C3'|2 rows of customers.csv have id = 'C4'; \`many\` says which of them is meant|id = 'C5' in customers.csv: line 6: field 'since' is no date" \
    "$(dead p .detail | cut -d'|' -f1-3)"
is 'the line is that of the record' '4|5|6|7' "$(dead p .line)"
again p.yaml out/p.db
db 0 ledger verify

db 0 trace p 8
has 'trace knows the columns that follow from a lookup' 'customer_name' "$out"

place='the file changes'
drop customers.csv '1 hour ago' <<'C'
id,name,since,score,note
C1,Anna,2020-01-02,1.25,x
C3,Cat,2022-02-02,2,
C4,Dup,2021-01-01,1,
C
run 0 p.yaml
counts
is 'a changed file alone changes no row' Ann "$(sql out/p.db "SELECT customer_name FROM p WHERE id = '1'")"
drop drop/p_20260102.csv now <<'C'
id,customer,qty
1,C1,3
2,C2,1
3,C3,1
4,C4,2
5,C5,1
8,C1,5
9,C1,1
C
run 0 p.yaml
counts created=1 updated=2 captured=3 read=7 unchanged=4 deleted=2 absent=2 delivered=4 dead=-2
is 'what changed sees the file of today; a delete asks nobody' '1 Ann|2 Böb, the second|4 Dup|8 Anna|9 Anna' \
    "$(rowset out/p.db 'SELECT id, customer_name FROM p ORDER BY id')"
is 'a new version closed its dead letter' '3|5' "$(dead p .key)"
db 0 dead --json p
id=$(json '.result.dead[] | select(.key == "3").id')
db 0 dead retry "$id"
is 'a retry looks into the file of today' Cat "$(sql out/p.db "SELECT customer_name FROM p WHERE id = '3'")"
id=$(json '.result.dead[]? | select(.key == "5").id')
db 0 dead --json p
id=$(json '.result.dead[] | select(.key == "5").id')
db 1 dead retry "$id"
is 'and may find nothing again' '5 lookup_none 1' "$(dead p '"\(.key) \(.reason) \(.loops)"')"
db 3 run --resync p.yaml
is 'a resync brings all rows up to date' '1 Anna|3 Cat|4 Dup|8 Anna|9 Anna' "$(rowset out/p.db "SELECT id, customer_name FROM p WHERE id <> '2' ORDER BY id")"
db 0 ledger verify

fresh 'archives, globs and members'
cat >p.yaml <<'Y'
source: {type: file, path: drop/*.csv, settle: 0s, capture: {key: [id]}}
transforms:
  - lookup: {name: c, from: {path: "ref/customers_%Y%m%d.csv.gz", settle: 0s}, on: {customer: id}, take: [name]}
  - lookup: {name: r, from: {path: ref/pack.tar.gz, settle: 0s, member: "*/regions.csv", format: {type: csv, delimiter: ";", encoding: ISO-8859-1}}, on: {region: code}, take: [title]}
  - set: {name: c.name, title: r.title}
  - drop: [customer, region]
sink: {type: jsonl, path: out/p.jsonl, envelope: none}
Y
mkdir ref ref/x
printf 'id,name\nC1,new\n' | drop ref/customers_20260302.csv.gz '3 hours ago'
printf 'id,name\nC1,old\n' | drop ref/customers_20260301.csv.gz now
printf 'code;title\na;Pr\344sidium\n' >ref/x/regions.csv && printf 'code;title\na;wrong\n' >ref/x/others.csv
tar -C ref -czf .arriving x && touch -d '1 hour ago' .arriving && mv .arriving ref/pack.tar.gz && rm -r ref/x
printf 'id,customer,region\n1,C1,a\n' | drop drop/a.csv
run 0 p.yaml
is 'the newest by the time in its name, and one member' '{"id":"1","name":"new","title":"Präsidium"}' "$(cat out/p.jsonl)"
is 'the files are where they were' 3 "$(find ref -type f | wc -l)"

fresh 'many become one'
cat >p.yaml <<'Y'
source: {type: file, path: drop/*.csv, settle: 0s, capture: {key: [id]}}
transforms:
  - lookup:
      name: paid
      from: {path: payments.csv, settle: 0s, fields: {amount: "decimal(9,2)", at: timestamp, pieces: integer}}
      on: {id: order_id, shop: shop}
      take: [amount, at, pieces, method]
      many: {amount: sum, at: max, pieces: min, method: count}
      none: "null"
  - lookup: {name: any, from: {path: payments.csv, settle: 0s}, on: {id: order_id}, take: [method], many: first}
  - set: {amount: paid.amount, at: paid.at, pieces: paid.pieces, methods: paid.method, first: any.method}
sink: {type: sqlite, path: out/p.db, table: p}
Y
drop payments.csv <<'C'
order_id,shop,amount,at,pieces,method
1,x,10.10,2026-01-01T00:00:00Z,3,cash
1,x,20.25,2026-01-03T00:00:00Z,,card
1,x,-0.35,2026-01-02T00:00:00Z,2,
1,y,99.99,2026-01-04T00:00:00Z,1,cash
2,x,1.00,,9223372036854775807,x
C
printf 'id,shop\n1,x\n2,x\n3,x\n' | drop drop/a.csv
run 3 p.yaml
is 'sums are exact, nulls count for nothing' '1 30.00 2026-01-03T00:00:00.000000Z 2 3 cash|2 1.00 NULL 9223372036854775807 1 x' \
    "$(rowset out/p.db 'SELECT id, amount, at, pieces, methods, first FROM p ORDER BY id')"
is 'the one that nothing has' '3 lookup any lookup_none' "$(dead p '"\(.key) \(.rule) \(.reason)"')"

fresh 'from a database'
cat >p.yaml <<'Y'
source:
  type: file
  path: drop/p_%Y%m%d.csv
  settle: 0s
  fields: {n: integer, price: "decimal(9,2)", day: date}
  capture: {key: [id], guards: {max_deletes: 100%, min_rows: 0%}}
transforms:
  - lookup: {name: crm, from: {type: sqlite, path: crm.db}, query: "SELECT ticket, segment, weight, since, active, limit_to FROM accounts WHERE id = :customer -- one row", none: "null"}
  - lookup: {name: t, from: {type: sqlite, path: crm.db, fields: {n: integer, total: "decimal(12,2)"}}, query: "SELECT count(*) AS n, total(amount) AS total FROM orders WHERE customer = :customer AND amount < :price;"}
  - lookup: {name: one, from: {type: sqlite, path: crm.db}, query: "SELECT amount FROM orders WHERE customer = :customer ORDER BY amount", many: first, none: "null"}
  - lookup: {name: all, from: {type: sqlite, path: crm.db}, query: "SELECT amount, id FROM orders WHERE customer = :customer", many: {amount: sum, id: count}, none: "null"}
  - set: {ticket: crm.ticket + 1, segment: crm.segment, w: crm.weight, since: crm.since, active: crm.active, lim: crm.limit_to, orders: t.n, below: t.total, least: one.amount, whole: "cast(all.amount as decimal(12,2))", ids: "coalesce(all.id, 0)"}
context: {related: {ticket: crm.ticket}}
sink: {type: sqlite, path: out/p.db, table: p, on_error: {give_up: 1s, backoff: 50ms..100ms}}
Y
sqlite3 crm.db "PRAGMA journal_mode=WAL; CREATE TABLE accounts(id TEXT PRIMARY KEY, ticket INTEGER, segment VARCHAR(20), weight DOUBLE, since DATETIME, active BOOLEAN, limit_to DECIMAL(9,2));
    INSERT INTO accounts VALUES ('C1', 77, 'gold', 1.5, '2020-01-02T03:04:05Z', 1, 12.5), ('C2', NULL, NULL, NULL, NULL, NULL, NULL), ('C4', 'seven', 'x', 1, NULL, 0, 1);
    CREATE TABLE orders(id INTEGER PRIMARY KEY, customer TEXT, amount NUMERIC(9,2)); INSERT INTO orders(customer, amount) VALUES ('C1', 10.1), ('C1', 20.2), ('C2', 5)" >/dev/null
drop drop/p_20260101.csv <<'C'
id,customer,n,price,day
1,C1,1,15.00,2026-01-01
2,C2,1,15.00,2026-01-01
3,C3,1,15.00,2026-01-01
4,C4,1,15.00,2026-01-01
5,C1,1,15.00,2026-01-01
C
db 0 lint p.yaml
is 'lint has nothing to say' '1 file, 0 errors, 0 warnings' "$(grep -v effectively <<<"$out")"
run 3 p.yaml
is 'typed as the table says, or as the file does' \
    '1 78 gold 1.5 2020-01-02T03:04:05.000000Z 1 12.5 1 10.1 10.1 30.3 2|2 NULL NULL NULL NULL NULL NULL 1 5 5 5 1|3 NULL NULL NULL NULL NULL NULL 0 0 NULL NULL 0|5 78 gold 1.5 2020-01-02T03:04:05.000000Z 1 12.5 1 10.1 10.1 30.3 2' \
    "$(rowset out/p.db 'SELECT id, ticket, segment, w, since, active, lim, orders, below, least, whole, ids FROM p ORDER BY id')"
is 'a value of another type fails its record' "4 lookup crm lookup_value customer = 'C4' in crm.db: crm.ticket is no integer: 'seven'" \
    "$(dead p '"\(.key) \(.rule) \(.reason) \(.detail)"')"
again p.yaml out/p.db
is 'the database is as it was' 3 "$(sql crm.db 'SELECT count(*) FROM accounts')"
db 0 ledger verify

place='another database in its place'
sqlite3 new.db "CREATE TABLE accounts(id TEXT PRIMARY KEY, ticket INTEGER, segment VARCHAR(20), weight DOUBLE, since DATETIME, active BOOLEAN, limit_to DECIMAL(9,2));
    INSERT INTO accounts(id, ticket) VALUES ('C1', 1000); CREATE TABLE orders(id INTEGER PRIMARY KEY, customer TEXT, amount NUMERIC(9,2))"
rm -f crm.db-wal crm.db-shm && mv new.db crm.db
printf 'id,customer,n,price,day\n1,C1,2,15.00,2026-01-01\n5,C1,1,15.00,2026-01-01\n' | drop drop/p_20260102.csv now
run 0 p.yaml
is 'what changed sees it' '1 1001|5 78' "$(rowset out/p.db 'SELECT id, ticket FROM p ORDER BY id')"

place='locked'
printf 'id,customer,n,price,day\n1,C1,3,15.00,2026-01-01\n5,C1,1,15.00,2026-01-01\n' | drop drop/p_20260103.csv now
mkfifo hold
(exec 9<>hold; { echo 'BEGIN EXCLUSIVE; UPDATE accounts SET ticket = 2000;'; read -r <&9; echo 'COMMIT;'; } | sqlite3 crm.db) &
holder=$!
children+=("$holder")
for _ in $(seq 200); do
    sqlite3 -readonly crm.db 'SELECT 1 FROM accounts' >/dev/null 2>&1 || break
    sleep 0.05
done
db 69 run p.yaml
has 'a lock is waited for, then told' "cannot read the database 'crm.db': database is locked" "$err"
echo go >hold
wait "$holder"
run 0 p.yaml
is 'and nothing is lost' '1 2001|5 78' "$(rowset out/p.db 'SELECT id, ticket FROM p ORDER BY id')"
db 0 ledger verify

place='not there'
mv crm.db away.db
printf 'id,customer,n,price,day\n1,C1,4,15.00,2026-01-01\n5,C1,1,15.00,2026-01-01\n' | drop drop/p_20260104.csv now
db 0 lint p.yaml
has 'a warning' "p.yaml:8:31: warning: lookup 'crm': cannot open the database 'crm.db': No such file or directory [lookup-missing]" "$out"
has 'with its place' "the path is relative to the pipeline file: $PWD/crm.db" "$out"
db 69 run p.yaml
has 'it is said' "lookup 'crm': cannot open the database 'crm.db': No such file or directory" "$err"
lacks 'and nothing was made there' crm.db "$(ls)"
place='damaged'
head -c 4096 /dev/urandom >crm.db
db 78 run p.yaml
has 'it is no database' "file is not a database" "$err"
db 78 lint p.yaml
has 'lint says so too' "error: lookup 'crm': cannot read the database 'crm.db': file is not a database [lookup-database]" "$out"
place='without the table'
rm crm.db && sqlite3 crm.db 'CREATE TABLE x(y)'
db 78 run p.yaml
has 'what SQLite says' "p.yaml:8:68: lookup 'crm': 'crm.db' says of its query: no such table: accounts" "$err"
mv away.db crm.db
run 0 p.yaml
is 'once it is back, all goes on' '1 2001' "$(rowset out/p.db "SELECT id, ticket FROM p WHERE id = '1'")"

fresh 'from another table of the input'
cat >p.yaml <<'Y'
source:
  type: file
  path: drop/*.tar.gz
  settle: 0s
  capture: {guards: {max_deletes: 100%, min_rows: 0%}}
  tables:
    items: {member: "*items.csv", key: [id], transforms: [{lookup: {name: region, from: input, table: regions, on: {reg: code}, take: [title]}}, {set: {region: region.title}}, {drop: [reg]}]}
    regions: {member: "*regions.csv", key: [code], transforms: []}
sink: {type: sqlite, path: out/p.db}
Y
pack() { # pack NAME MEMBER…
    local name=$1
    shift
    tar -C pack -czf .arriving "$@" && mv .arriving "drop/$name"
}
mkdir pack
printf 'id,reg\n1,a\n2,b\n3,zz\n' >pack/items.csv
printf 'code,title\na,Alpha\nb,Beta\n' >pack/regions.csv
touch -d '3 hours ago' pack/*
pack a.tar.gz items.csv regions.csv
db 0 lint p.yaml
run 3 p.yaml
is 'whichever comes first' '1 Alpha|2 Beta' "$(rowset out/p.db 'SELECT id, region FROM items ORDER BY id')"
is 'and what is not there' '3 lookup region lookup_none nothing in regions has code = '"'zz'" "$(dead p '"\(.key) \(.rule) \(.reason) \(.detail)"')"
printf 'id,reg\n1,b\n2,b\n3,c\n' >pack/items.csv
printf 'code,title\nb,Bravo\nc,Charlie\n' >pack/regions.csv
pack b.tar.gz regions.csv items.csv
run 0 p.yaml
is 'of this input, not of the one before' '1 Bravo|2 Beta|3 Charlie' "$(rowset out/p.db 'SELECT id, region FROM items ORDER BY id')"
pack c.tar.gz items.csv
run 78 p.yaml
has 'an input without it' "lookup 'region': 'drop/c.tar.gz' has no member that fits" "$out"

fresh 'several inputs in one life'
cat >p.yaml <<'Y'
source: {path: "drop/p_%Y%m%d.csv", settle: 0s, capture: {key: [id], guards: {max_deletes: 100%}}}
transforms:
  - lookup: {name: c, from: {path: "ref/c_*.csv", settle: 0s}, on: {k: k}, take: [v]}
  - lookup: {name: d, from: {type: sqlite, path: d.db}, query: "SELECT v FROM d WHERE k = :k"}
  - set: {v: "c.v || d.v"}
sink: {type: sqlite, path: out/p.db, table: p}
Y
mkdir ref && printf 'k,v\na,1\nb,2\n' | drop ref/c_1.csv
sqlite3 d.db "CREATE TABLE d(k, v TEXT); INSERT INTO d VALUES ('a', 'x'), ('b', 'y')"
for day in 1 2 3 4; do printf 'id,k\n%s,a\n9,b\n' "$day" | drop "drop/p_2026010$day.csv"; done
run 0 p.yaml
is 'each of them finds' '4 1x|9 2y' "$(rowset out/p.db 'SELECT id, v FROM p ORDER BY id')"
"$daybreak" run --follow p.yaml >"$work/follow" 2>&1 &
follower=$!
children+=("$follower")
wait_for() { # wait_for QUERY VALUE: until the target answers so
    for _ in $(seq 400); do
        [ "$(rowset out/p.db "$1")" = "$2" ] && return
        sleep 0.05
    done
}
printf 'id,k\n5,a\n9,b\n' | drop drop/p_20260105.csv now
wait_for 'SELECT v FROM p WHERE id = 5' 1x
is 'a follower too' 1x "$(rowset out/p.db 'SELECT v FROM p WHERE id = 5')"
printf 'k,v\na,10\nb,2\n' | drop ref/c_2.csv
sqlite3 d.db "UPDATE d SET v = 'z' WHERE k = 'a'"
printf 'id,k\n6,a\n9,b\n' | drop drop/p_20260106.csv now
wait_for 'SELECT v FROM p WHERE id = 6' 10z
is 'and it sees what is new' 10z "$(rowset out/p.db 'SELECT v FROM p WHERE id = 6')"
kill -TERM "$follower"
wait "$follower"
is 'and ends well' 0 $?
db 0 ledger verify

fresh 'what may not be'
printf 'id,customer\n1,C1\n' | drop drop/a.csv
printf 'id,name\nC1,Ann\n' | drop customers.csv
sqlite3 crm.db 'CREATE TABLE accounts(id TEXT, ticket TEXT, "a.b" TEXT)'
wrong() { # wrong CODE TEXT LOOKUP: lint refuses a pipeline with this lookup
    printf 'source: {path: "drop/*.csv", settle: 0s, fields: {n: integer}}\ntransforms:\n  - lookup: %s\nsink: {type: jsonl, path: out/p.jsonl}\n' "$3" >p.yaml
    db 78 lint p.yaml
    has "$1" "$2" "$out"
    has "$1" "[$1]" "$out"
}
file='from: {path: customers.csv, settle: 0s}'
base='from: {type: sqlite, path: crm.db}'
wrong missing-key "'name' is missing" "{$file, on: {customer: id}, take: [name]}"
wrong bad-name "'a.b' cannot name a lookup" "{name: a.b, $file, on: {customer: id}, take: [name]}"
wrong missing-key "'from' is missing in lookup 'c'" '{name: c, on: {customer: id}, take: [name]}'
wrong missing-key "'on' is missing in lookup 'c'" "{name: c, $file, take: [name]}"
wrong unknown-choice "a lookup is from a file, sqlite or the input, not 'sqlit'" '{name: c, from: {type: sqlit, path: x}, query: SELECT 1}'
wrong unknown-column "did you mean 'name'?" "{name: c, $file, on: {customer: id}, take: [nmae]}"
wrong lookup-column "lookup 'c' looks for column 'custmer', which the record does not have here" "{name: c, $file, on: {custmer: id}, take: [name]}"
wrong lookup-type "they are never equal" "{name: c, from: {path: customers.csv, fields: {id: integer}}, on: {customer: id}, take: [name]}"
wrong lookup-type "only numbers have a sum" "{name: c, $file, on: {customer: id}, take: [name], many: {name: sum}}"
wrong not-together "'after' has no meaning for the file of a lookup" "{name: c, from: {path: customers.csv, after: delete}, on: {customer: id}, take: [name]}"
wrong unknown-key "did you mean 'settle'?" "{name: c, from: {path: customers.csv, setle: 0s}, on: {customer: id}, take: [name]}"
wrong not-together "'query' is for a lookup from a database" "{name: c, $file, on: {customer: id}, take: [name], query: SELECT 1}"
wrong not-together "'take' is for files" "{name: c, $base, query: 'SELECT ticket FROM accounts', take: [ticket]}"
wrong unknown-table "which the source does not have" '{name: c, from: input, table: x, on: {customer: id}, take: [name]}'
wrong lookup-query 'its query may only read' "{name: c, $base, query: \"DELETE FROM accounts\"}"
wrong lookup-query 'its query may only read' "{name: c, $base, query: \"ATTACH 'x.db' AS x\"}"
wrong lookup-query 'its query may only read' "{name: c, $base, query: PRAGMA user_version}"
wrong lookup-query 'more than one statement' "{name: c, $base, query: SELECT ticket FROM accounts; SELECT 1}"
wrong lookup-query 'must be :column' "{name: c, $base, query: 'SELECT ticket FROM accounts WHERE id = ?'}"
wrong lookup-query 'no such column: tickt' "{name: c, $base, query: SELECT tickt FROM accounts}"
wrong lookup-column "did you mean 'customer'?" "{name: c, $base, query: 'SELECT ticket FROM accounts WHERE id = :custmer'}"
wrong duplicate-name "two columns called 'ticket'" "{name: c, $base, query: 'SELECT ticket, id AS ticket FROM accounts'}"
wrong bad-column "has a dot in its name" "{name: c, $base, query: 'SELECT \"a.b\" FROM accounts'}"
wrong unknown-column "did you mean 'ticket'?" "{name: c, $base, query: SELECT ticket FROM accounts, many: {tickt: count}}"
wrong unknown-choice "sum, min, max or count, not 'avg'" "{name: c, $file, on: {customer: id}, take: [name], many: {name: avg}}"
wrong duplicate-name "two lookups are called 'c'" "{name: c, $file, on: {customer: id}, take: [name]}
  - lookup: {name: c, $file, on: {customer: id}, take: [name]}"
is 'and nothing was made of any of it' 0 "$(sql crm.db 'SELECT count(*) FROM accounts')"

fresh 'a file that does not fit into memory'
cat >p.yaml <<'Y'
source: {path: drop/*.csv, settle: 0s}
transforms: [{lookup: {name: c, from: {path: big.csv, settle: 0s}, on: {id: id}, take: [v], max_memory: 1MiB}}, {set: {v: c.v}}]
sink: {type: jsonl, path: out/p.jsonl, envelope: none}
Y
printf 'id\n7\n' | drop drop/a.csv
{ echo id,v; seq -f '%.0f,some text that takes room' 40000; } | drop big.csv
db 78 run p.yaml
has 'it is refused with the way out' "lookup 'c': big.csv needs more than 1 MiB in memory" "$err"
has 'and the way out' 'aise max_memory, take fewer columns, or put it into a database' "$err"
sed -i 's/1MiB/64MiB/' p.yaml
run 0 p.yaml
is 'with enough of it' '{"id":"7","v":"some text that takes room"}' "$(cat out/p.jsonl)"
rm big.csv
printf 'id\n8\n' | drop drop/b.csv
db 66 run p.yaml
has 'a file that is not there' "lookup 'c': there is no file 'big.csv'" "$err"
printf 'id,v\n8,"cut' | drop big.csv
db 78 run p.yaml
has 'a file that is cut' "lookup 'c': 'big.csv' cannot be read to its end" "$err"
printf 'id,w\n8,x\n' | drop big.csv
db 78 run p.yaml
has 'a file without the column' "big.csv has no column 'v'" "$err"
printf 'id,v\n8,x\n' | drop big.csv
run 0 p.yaml
is 'and it all goes on' '{"id":"8","v":"x"}' "$(tail -n 1 out/p.jsonl)"
finish
