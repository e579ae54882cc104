#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a program prints, each run of it one input: only a run that ends well lands anything. Waits are for what happens, never for a time.
. "$(dirname "$0")/lib.sh"

fresh 'a program as source'
mkdir tools
cat >tools/export.sh <<'S'
#!/bin/sh
echo "in $(pwd) for $WHO, $1" >&2
cat data.csv
exit "$(cat code)"
S
chmod +x tools/export.sh
cat >p.yaml <<'Y'
source:
  type: exec
  command: [tools/export.sh, "$HOME; `id`"]
  environment: {WHO: "a = b"}
  fields: {qty: integer}
  capture: {key: [id]}
sink: {type: sqlite, path: out/p.db}
Y
printf 'id,qty\n1,5\n2,6\n' >data.csv
echo 0 >code
db 0 lint p.yaml
cd / && run 0 "$OLDPWD/p.yaml" && cd "$OLDPWD" || exit 1
counts loaded=2 captured=2 read=2 delivered=2
again p.yaml out/p.db
is 'the same again is a repeated input, not read' '1 0' "$(json '.result | "\(.inputs) \(.read)"')"
printf 'id,qty\n1,7\n2,6\n3,1\n' >data.csv
echo 3 >code
run 4 p.yaml
counts
is 'a program that fails is held, with its last words' \
    "'tools/export.sh' ended with exit status 3: in $PWD for a = b, \$HOME; \`id\`" "$(json '.result.held_inputs[0].reason')"
db 0 held --json
is 'its stderr is evidence' "in $PWD for a = b, \$HOME; \`id\`" "$(json '.result.held[0].evidence.stderr' | head -n 1)"
run 4 p.yaml
db 0 held --json
is 'the same failure again is one held input' 1 "$(json '.result.held | length')"
is 'nothing of it landed' '1 5|2 6|' "$(sql out/p.db 'SELECT id, qty FROM p ORDER BY id' | tr '\n' '|')"
echo 0 >code
run 0 p.yaml
counts created=1 updated=1 captured=2 read=3 delivered=2
db 0 held --json
is 'a good run replaces the failed one' 0 "$(json '.result.held | length')"
printf 'id,qty\n1,5\n2,6\n3,1\n' >data.csv
run 0 p.yaml
counts updated=1 captured=1 read=3 delivered=1
printf 'id,qty\n1,7\n2,6\n3,1\n' >data.csv
run 0 p.yaml
counts updated=1 captured=1 read=3 delivered=1
is 'what it printed two runs ago is the newest, not an old dump' '1 7|2 6|3 1|' "$(sql out/p.db 'SELECT id, qty FROM p ORDER BY id' | tr '\n' '|')"
printf 'id,qty\n1,7\n' >data.csv
run 4 p.yaml
is 'guards ask it too' min_rows "$(json '.result.held_inputs[0].guard')"
db 0 held --json
db 0 approve "$(json '.result.held[0].id')"
run 0 p.yaml
is 'the same content, approved, lands' '1 7|' "$(sql out/p.db 'SELECT id, qty FROM p ORDER BY id' | tr '\n' '|')"

fresh 'how a program ends'
program() { # program COMMAND [MORE]
    cat >p.yaml <<Y
source: {type: exec, command: $1, format: {type: jsonl}, capture: {method: append}${2:+, $2}}
sink: {type: jsonl, path: out/p.jsonl, envelope: none}
Y
}
program '[sh, -c, "echo \"{\\\"a\\\":1}\"; sleep 600 & sleep 600"]' 'timeout: 300ms'
run 4 p.yaml
is 'one that does not end is killed' "'sh' did not end within 300 ms and was killed" "$(json '.result.held_inputs[0].reason')"
is 'nothing of it landed' '' "$(cat out/p.jsonl 2>/dev/null)"
program '[sh, -c, "kill -SEGV $$"]'
run 4 p.yaml
is 'one that a signal ends' "'sh' was ended by signal 11 (SEGV)" "$(json '.result.held_inputs[0].reason')"
program '[sh, -c, "yes"]' 'max_output: 100000'
run 4 p.yaml
is 'one that prints too much' "'sh' printed more than 100000 bytes (max_output) and was killed" "$(json '.result.held_inputs[0].reason')"
program '[./none]'
run 78 p.yaml
has 'one that is not there' "cannot execute './none': No such file or directory" "$out$err"
program '"echo hello"'
db - lint p.yaml
has 'a command line is no list' 'no shell takes it apart' "$out$err"
program '[sh, -c, "exit 0"]'
run 0 p.yaml
counts
program '[sh, -c, "printf \"{\\\"a\\\":1}\\n{\\\"a\\\":\"; exit 0"]'
run 4 p.yaml
has 'a line that is cut off though the program says that all is well' 'line 2 is cut off' "$(json '.result.held_inputs[0].reason')"
is 'and nothing of it landed either' '' "$(cat out/p.jsonl 2>/dev/null)"

fresh 'a follower runs it again and again, and takes it along when it ends'
cat >p.yaml <<'Y'
source:
  type: exec
  command: [sh, -c, "if [ -e hang ]; then echo $$ >pid; sleep 600 & echo $! >pid2; wait; fi; cat data.csv"]
  every: 50ms
  capture: {key: [id]}
sink: {type: sqlite, path: out/p.db}
Y
printf 'id,v\n1,a\n' >data.csv
"$daybreak" run --follow p.yaml >follow.out 2>follow.err </dev/null &
follower=$!
children+=("$follower")
value() { [ "$(sqlite3 -readonly out/p.db "SELECT v FROM p WHERE id = '1'" 2>/dev/null)" = "$1" ]; }
until_true value a
printf 'id,v\n1,b\n' >.next && mv .next data.csv
until_true value b
is 'what changed between two runs lands' b "$(sql out/p.db "SELECT v FROM p WHERE id = '1'")"
: >hang
until_true test -s pid2
kill -TERM "$follower"
wait "$follower"
is 'a follower ends while the program runs' 0 "$?"
gone() { ! kill -0 "$(cat pid)" && ! kill -0 "$(cat pid2)"; }
until_true gone
is 'the program and what it started are gone' '' "$(kill -0 "$(cat pid)" 2>/dev/null && echo lives)$(kill -0 "$(cat pid2)" 2>/dev/null && echo lives)"
rm pid pid2
"$daybreak" run p.yaml >run.out 2>run.err </dev/null &
runner=$!
children+=("$runner")
until_true test -s pid2
kill -KILL "$runner"
wait "$runner" 2>/dev/null
until_true gone
is 'so they are after kill -9' '' "$(kill -0 "$(cat pid)" 2>/dev/null && echo lives)$(kill -0 "$(cat pid2)" 2>/dev/null && echo lives)"
rm hang
run 0 p.yaml
finish
