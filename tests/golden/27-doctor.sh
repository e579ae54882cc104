#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What would go wrong at night, asked by day: each check is made to fail once, and says what to do.
. "$(dirname "$0")/lib.sh"

# Rights say nothing to root: then the questions about them are asked as somebody else.
as_user=()
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    chmod 755 "$work"
    as_user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    "${as_user[@]}" "$daybreak" version >/dev/null 2>&1 || as_user=(none)
elif [ "$(id -u)" = 0 ]; then
    as_user=(none)
fi

pipeline() {
    cat >p.yaml <<'Y'
source: {type: file, path: "drop/p_%Y%m%d.csv", settle: 0s, capture: {key: [id]}}
sink: {type: sqlite, path: out/p.db, table: p}
Y
    printf 'id,v\n1,a\n' | drop drop/p_20260101.csv
}

machine() { # machine NAME: an image of a machine that has nothing wrong
    mkdir -p image/etc/cron.d image/proc/sys/fs/inotify image/usr/sbin
    echo 128 >image/proc/sys/fs/inotify/max_user_instances
    printf '#!/bin/sh\n' >image/usr/sbin/sendmail
    chmod 755 image/usr/sbin/sendmail
    : >image/etc/crontab
    mkdir -p bin
    printf '#!/bin/sh\nexit 1\n' >bin/crontab # this user has none
    chmod 755 bin/crontab
    export DAYBREAK_DOCTOR_ROOT=$PWD/image
}

check() { # check NAME: level and finding of the checks of that name
    json ".result.checks[] | select(.name == \"$1\") | \"\(.status): \(.found)\""
}

advice() { # advice NAME
    json ".result.checks[] | select(.name == \"$1\") | .advice"
}

doctor() { # doctor STATUS [ARGUMENT…]
    db "$1" doctor --json "${@:2}"
}

fresh 'all is well'
pipeline
machine
PATH=$PWD/bin:$PATH doctor - p.yaml
is 'nothing failed' '' "$(json '.result.checks[] | select(.status == "fail") | .name')"
is 'exit' 0 "$status"
is 'one answer a check' true "$(json '[.result.checks[] | (.name | length > 0) and (.found | length > 0) and (.status | test("^(ok|warn|fail)$"))] | all')"
is 'what warns says what to do' true "$(json '[.result.checks[] | select(.status != "ok") | .advice | length > 5] | all')"
for name in sqlite libarchive zlib libyaml pcre2; do
    has "the version of $name" . "$(check $name)"
done
has 'modules' 'ok: ' "$(check modules)"
has 'the state can be made' 'can be made' "$(check state_folder)"
has 'it is told on what the state is' ' is on ' "$(check state_filesystem)"
has 'room' ' left' "$(check state_space)"
has 'inputs' '1 input matches' "$(check inputs)"
is 'nothing was made' no "$([ -e .daybreak ] || [ -e out/p.db ] && echo yes || echo no)"
run 0 p.yaml
doctor - p.yaml
has 'after a run' 'ok: no run holds the lock' "$(check state_lock)"
has 'the state is ours' "ok: the files of the state are this user's" "$(check state_files)"
db - doctor
has 'without FILE: the pipelines of this state' 'checks:' "$out"
doctor - p
has 'by name' 'ok: the ledger can be read' "$(check ledger)"

fresh 'the pipeline file'
pipeline
machine
doctor 66 nosuch.yaml
has 'is not there' 'nosuch.yaml' "$(check pipeline_file)"
echo 'sauce: {}' >bad.yaml
doctor 78 bad.yaml p.yaml
has 'has an error' 'bad.yaml:1:1' "$(check pipeline_file)"
has 'the other one is looked at' 'can be run' "$(check pipeline_file)"

fresh 'inputs'
pipeline
machine
rm drop/*
doctor 0 p.yaml
has 'nothing matches' 'warn: nothing matches the path now' "$(check inputs)"
has 'relative to what' "relative to $PWD" "$(advice inputs)"
rmdir drop
doctor 66 p.yaml
has 'no folder' "fail: there is no folder '$PWD/drop'" "$(check source_folder)"
mkdir drop
printf 'id,v\n1,a\n' | drop drop/p_20260101.csv '1 hour'
doctor 0 p.yaml
has 'written in the future' 'warn: the newest input was written 5' "$(check input_clock)"
rm drop/*
truncate -s 200T drop/p_20260101.csv 2>/dev/null && touch -d '1 hour ago' drop/p_20260101.csv && {
    doctor 1 p.yaml
    has 'no room for it' 'fail: ' "$(check target_space)"
    has 'what a run would do' '74' "$(advice target_space)"
}

fresh 'the state lies in memory'
pipeline
machine
if [ "$(stat -f -c %T /dev/shm 2>/dev/null)" = tmpfs ] && [ -w /dev/shm ]; then
    memory=$(mktemp -d /dev/shm/daybreak-test.XXXXXX)
    doctor 0 --state "$memory" p.yaml
    has 'it is gone at a restart' 'warn: ' "$(check state_filesystem)"
    has 'what to do' '--state DIR' "$(advice state_filesystem)"
    rm -rf "$memory"
fi

fresh 'rights'
pipeline
machine
if [ "${as_user[0]-}" = none ]; then
    echo 'not tested: rights, as root and without setpriv'
else
    run 0 p.yaml
    chmod -R a+rX .
    daybreak_was=$daybreak
    asked() { # asked STATUS: doctor as the other user
        ${as_user[@]+"${as_user[@]}"} "$daybreak" doctor --json p.yaml >"$work/out" 2>/dev/null
        status=$?
        out=$(cat "$work/out")
        is "exit of doctor as ${as_user[*]-this user}" "$1" "$status"
    }
    if [ ${#as_user[@]} -gt 0 ]; then
        asked 77
        has 'a state that somebody else made' 'fail: ' "$(check state_folder)$(check state_files)"
        has 'whose it is' 'owned by ' "$(check state_folder)$(check state_files)"
        has 'the target' 'cannot be written' "$(check target_file)$(check target_folder)"
        chown -R 65534:65534 .daybreak out
        asked 0
    fi
    chmod 755 .daybreak/p
    asked 0
    has 'a state open to others' 'warn: ' "$(check state_files)"
    has 'how to close it' 'chmod 700' "$(advice state_files)"
    chmod 000 .daybreak/p/ledger.db
    asked 77
    has 'a ledger that cannot be read' 'ledger.db' "$(check state_files)"
    chmod 600 .daybreak/p/ledger.db
    chmod 000 drop/p_20260101.csv
    asked 77
    has 'an input that cannot be read' 'fail: 1 file cannot be read' "$(check source_folder)"
    chmod 644 drop/p_20260101.csv
    chmod 000 drop
    asked 77
    has 'a folder that cannot be read' 'cannot be read' "$(check source_folder)"
    chmod 755 drop
    chmod 555 out
    asked 77
    has 'a target folder that cannot be written' 'cannot be written' "$(check target_folder)"
    chmod 755 out
    chmod 444 out/p.db
    asked 77
    has 'a target that cannot be written' 'cannot be written' "$(check target_file)"
    chmod 644 out/p.db
    daybreak=$daybreak_was
fi

fresh 'what stands in the way'
pipeline
machine
rmdir out && echo x >out
doctor 73 p.yaml
has 'a file where the folder must be' 'is no folder' "$(check target_folder)"
rm out && mkdir -p out/p.db
doctor 73 p.yaml
has 'a folder where the file must be' 'is no file' "$(check target_file)"

fresh 'the state'
pipeline
machine
run 0 p.yaml
mkdir -p .daybreak/p/inbox
echo '{}' >.daybreak/p/inbox/1.json
doctor - p.yaml
has 'decisions that nobody acted on' 'warn: 1 decision has not' "$(check decisions)"
rm .daybreak/p/inbox/1.json
exec 9<>.daybreak/p/lock
if flock -n 9; then
    doctor - p.yaml
    has 'who holds the lock' 'a run holds the lock' "$(check state_lock)$(check state_lock | sed 's/the lock is held/a run holds the lock/')"
    printf 'pid 4194303\nsince 2026-01-01T00:00:00Z\n' >.daybreak/p/lock
    doctor - p.yaml
    has 'by a process of another machine' 'warn: the lock is held since 2026-01-01T00:00:00' "$(check state_lock)"
fi
exec 9>&-
DAYBREAK_NOW_US=1600000000000000 doctor 1 p.yaml
has 'a clock that went back' 'fail: ' "$(check clock_now)"
has 'commits of the future' 'which has not come yet' "$(check ledger)"
head -c 4096 /dev/urandom >.daybreak/p/ledger.db
rm -f .daybreak/p/ledger.db-*
doctor 78 p.yaml
has 'a ledger that is none' 'fail: ' "$(check ledger)$(check pipeline_file)"
rm -r .daybreak/p
run 0 p.yaml --resync
mv .daybreak/p .daybreak/q
mv p.yaml q.yaml
doctor 78 q.yaml
has 'a state of another pipeline' "belongs to pipeline 'p'" "$(check ledger)"
has 'the way out' '--was p' "$(advice ledger)"

fresh 'secrets'
machine
mkdir drop2
cat >s.yaml <<'Y'
secrets: {where: {file: secret.txt}}
source: {type: file, path: {secret: where}, settle: 0s, capture: {key: [id]}}
sink: {type: sqlite, path: out/s.db}
Y
printf 'drop/*.csv\n' >secret.txt
chmod 600 secret.txt
doctor 0 s.yaml
has 'kept well' "ok: secret 'where'" "$(check secrets)"
chmod 640 secret.txt
doctor 0 s.yaml
has 'a group reads it' 'warn: ' "$(check secrets)"
chmod 644 secret.txt
doctor 1 s.yaml
has 'everybody reads it' 'fail: ' "$(check secrets)"
is 'what to do' "chmod 600 '$PWD/secret.txt'" "$(advice secrets)"
lacks 'its content is not shown' 'drop/*.csv' "$out"

fresh 'times of day'
machine
pipeline
sed -i 's/settle: 0s/settle: 0s, at: "02:10"/' p.yaml
TZ=Asia/Tokyo doctor 0 p.yaml
has 'local or UTC' 'warn: source.at 02:10 is read as UTC, and this machine is +9.0 h from it' "$(check time_zone)"
sed -i 's/at: /timezone: Asia\/Tokyo, at: /' p.yaml
TZ=Asia/Tokyo doctor 0 p.yaml
is 'said: nothing to say' '' "$(check time_zone)"

fresh 'the machine'
machine
TZDIR=/nonexistent doctor 1
has 'no time zones' 'fail: there are no time zones' "$(check time_zones)"
(ulimit -n 40 && "$daybreak" doctor --json) >json 2>/dev/null
is 'few open files: exit' 1 "$?"
out=$(cat json)
has 'few open files' 'fail: ' "$(check open_files)"
(ulimit -n 200 && "$daybreak" doctor --json) >json 2>/dev/null
out=$(cat json)
has 'some open files' 'warn: ' "$(check open_files)"
(ulimit -f 1024 && "$daybreak" doctor --json) >json 2>/dev/null
out=$(cat json)
has 'small files' 'fail: ' "$(check file_size)"
if ! sanitized; then
    (ulimit -v 800000 && "$daybreak" doctor --json) >json 2>/dev/null
    out=$(cat json)
    has 'little memory' 'warn: ' "$(check address_space)"
fi
echo 1 >image/proc/sys/fs/inotify/max_user_instances
doctor -
has 'few watchers' 'warn: ' "$(check inotify)"
TMPDIR=/nonexistent doctor -
has 'nowhere to put temporary files' 'warn: ' "$(check temporary)"
doctor 1 --connectors /nonexistent
has 'no modules' "fail: there is no module folder '/nonexistent'" "$(check modules)"
mkdir modules && echo nothing >modules/load_none.so
doctor 1 --connectors "$PWD/modules"
has 'a module that is none' 'load_none.so' "$(check module)"
has 'none that can be used' 'fail: no module can be used' "$(check modules)"
cp "$DAYBREAK_BUILD"/connectors/*.so modules && rm modules/load_none.so && chmod o+w modules/format_csv.so
doctor 1 --connectors "$PWD/modules"
has 'a module that anybody can alter' 'format_csv.so' "$(check module)"
chmod o-w modules/format_csv.so && chmod o+w modules
doctor 77 --connectors "$PWD/modules"
has 'a folder that anybody can alter' 'writable by everybody' "$(check modules)"

fresh 'crontabs'
machine
pipeline
tab() { # tab STATUS LINE…: a crontab of these lines
    local expected=$1
    shift
    printf '%s\n' "$@" >tab
    doctor "$expected" --crontab tab
}
good_line="*/5 * * * * $daybreak run $PWD/p.yaml --skip-if-running"
tab 0 'MAILTO=ops@example.org' "$good_line"
has 'a good one' 'ok: tab: 1 line of daybreak' "$(check cron)"
tab 0 '# nothing' '0 1 * * * backup'
has 'none' 'no line of a crontab names daybreak' "$(check cron)"
tab 1 "0 2 * * * daybreak run $PWD/p.yaml"
has 'not in the PATH of cron' 'fail: tab:1: cron does not find `daybreak` in its PATH /usr/bin:/bin' "$(check cron_path)"
tab 0 "PATH=$DAYBREAK_BUILD:/usr/bin" "0 2 * * * daybreak run $PWD/p.yaml"
is 'with a PATH line' '' "$(check cron_path)"
tab 1 "0 2 * * * /nonexistent/daybreak run $PWD/p.yaml"
has 'no such program' 'fail: tab:1: there is no program /nonexistent/daybreak' "$(check cron_program)"
tab 1 "0 2 * * * $daybreak run $PWD/p.yaml >out_\$(date +%d).log"
has 'a % ends the command' 'fail: tab:1: the command is cut before %d' "$(check cron_percent)"
tab 0 "0 2 * * * $daybreak run $PWD/p.yaml >>out_\$(date +\\%d).log"
is 'written as \%' '' "$(check cron_percent)"
tab 1 "HOME=$PWD/image" "0 2 * * * $daybreak run p.yaml"
has 'a relative path' "fail: tab:2: there is no file $PWD/image/p.yaml" "$(check cron_relative)"
tab 0 "HOME=$PWD" "0 2 * * * $daybreak run p.yaml"
tab 0 "0 2 * * * $daybreak -C $PWD run p.yaml"
tab 0 "0 2 * * * cd $PWD && $daybreak run p.yaml"
is 'from the right folder' '' "$(check cron_relative)$(check cron_file)"
tab 1 "0 2 * * * $daybreak run /nonexistent/p.yaml"
has 'a file that is gone' 'fail: tab:1: there is no file /nonexistent/p.yaml' "$(check cron_file)"
tab 0 "* * * * * $daybreak run $PWD/p.yaml"
has 'runs that overlap' 'warn: tab:1: ' "$(check cron_overlap)"
tab 0 "0 2 * * * $daybreak run $PWD/p.yaml >/dev/null 2>&1"
has 'thrown away' 'warn: tab:1: ' "$(check cron_silenced)"
tab 0 "@reboot $daybreak run --follow $PWD/p.yaml"
has 'a follower' 'warn: tab:1: ' "$(check cron_follow)"
tab 0 'MAILTO=""' "$good_line"
has 'nobody is told' 'warn: tab:2: nobody gets' "$(check cron_mail)"
rm image/usr/sbin/sendmail
tab 0 "$good_line"
has 'no mail' 'warn: tab:1: this machine cannot send' "$(check cron_mail)"
DAYBREAK_STATE=$PWD/state tab 0 "$good_line"
has 'a state that cron does not know' 'warn: tab:1: ' "$(check cron_state)"
printf '0 2 * * * %s run %s/p.yaml' "$daybreak" "$PWD" >tab
doctor 1 --crontab tab
has 'no line end' 'fail: tab:1: cron ignores a last line' "$(check cron_last_line)"
machine
printf '0 2 * * * root daybreak run /srv/p.yaml\n' >image/etc/cron.d/flows
printf '0 2 * * * root daybreak run /srv/p.yaml\n' >image/etc/cron.d/flows.bak
doctor 1
has "the machine's own" "$PWD/image/etc/cron.d/flows:1: cron does not find" "$(check cron_path)"
lacks 'cron passes over this one' flows.bak "$out"
printf '#!/bin/sh\n[ "$1" = -l ] && echo "0 2 * * * daybreak run /srv/q.yaml"\n' >bin/crontab
PATH=$PWD/bin:$PATH doctor 1
has "this user's" 'crontab -l:1: ' "$(check cron_path)"
db 1 doctor
has 'for people: where, what, and what to do' 'fail  cron_path' "$out"
has 'with an arrow' '-> ' "$out"

finish
