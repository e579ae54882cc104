#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The conformance kit finds what is wrong with a module: each template, with one line of it made wrong, fails the property that is about it.
. "$(dirname "$0")/lib.sh"

command -v "${CC:-cc}" >/dev/null || skip 'there is no C compiler'

build() { # build ROLE: the module as it is now
    "${CC:-cc}" -std=gnu17 -O1 -w -shared -fPIC -fvisibility=hidden -I"$top_srcdir/src/include" -o "$1_template.so" "$1_template.c"
}

planted() { # planted ROLE PROPERTY WHAT SED…: one fault, and the property that must name it
    local role=$1 property=$2 place="$1: $3"
    shift 3
    fresh "$place"
    cp "$top_srcdir/connectors/template_$role.c" "${role}_template.c"
    for edit; do
        sed -i "$edit" "${role}_template.c"
    done
    if cmp -s "$top_srcdir/connectors/template_$role.c" "${role}_template.c"; then
        bad 'the fault was not planted: the template has other lines now'
        return
    fi
    build "$role" || { bad 'it does not compile'; return; }
    db 1 connector test "./${role}_template.so" --with "$top_srcdir/connectors/template/$role.kit" --json
    is 'the property that is about it fails' fail "$(json ".result.modules[0].properties[] | select(.property == \"$property\").result")"
    is 'and says something' true "$(json "[.result.modules[0].properties[] | select(.result == \"fail\") | .detail | length > 10] | all")"
}

for role in extract format load transform; do
    fresh "$role without a fault"
    cp "$top_srcdir/connectors/template_$role.c" "${role}_template.c"
    build "$role" || bad 'it does not compile'
    db 0 connector test "./${role}_template.so" --with "$top_srcdir/connectors/template/$role.kit" --json
    is 'nothing fails' 0 "$(json .result.failed)"
done

planted format table 'an option outside of its struct' 's/\.at = offsetof(struct template_format, names)/.at = 4096/'
planted format globals 'a counter that all instances share' '/^template_begin/,/^}/s/format->swallow = false;/static int lives; format->swallow = ++lives < 0;/'
sanitized || # it counts memory itself, and tells at the end of the process
    planted format leaks 'memory of each life is lost' 's/    format->host = host;.*/    format->host = host; { char *volatile lost = strdup("forty bytes that nobody gives back, ever"); (void)lost; }/'
planted format blocks 'a record at the end of a block is taken for whole' 's/return rows->last || rows->overlong ? rows->block_size : 0;/return rows->block_size;/'
planted format resume 'a mark that stands before its record' 's/rows->byte + end, open/rows->byte + rows->start[row], open/'
planted format order 'marks in the wrong order' 's/return (byte_a > byte_b) - (byte_a < byte_b);/return (byte_a < byte_b) - (byte_a > byte_b);/'
planted format hostile 'a crash on a line that is none' 's/    if (equals == NULL) {/    if (equals == NULL) { abort();/'
planted format hostile 'all memory for a line that is none' 's/    if (equals == NULL) {/    if (equals == NULL) { for (char *volatile more;;) { more = malloc(1 << 20); if (more == NULL) abort(); *more = 1; }/'
planted extract cut 'END for half a file' 's/\*next = DAYBREAK_INPUT_CUT;/*next = DAYBREAK_PART_END;/' '/^template_changed_since/,/^}/s/return .*extract->fd < 0.*/return false;/' '/^template_changed_since/,/^}/{/now.st_mtim/d}'
planted extract leaks 'a descriptor of each input stays open' '/^input_close/,/^}/s/close(extract->fd);/;/'
planted extract hostile 'a link is followed' 's/ | O_NOFOLLOW//'
planted extract blocks 'a buffer of one byte gives none' 's/size = pread(extract->fd, buffer, room,/size = pread(extract->fd, buffer, room \& ~(size_t)1,/'
planted load lands 'the position is forgotten' 's/now->position = load->position;/now->position = "";/'
planted load twice 'the old position is not compared' 's/strcmp(position, commit->old_position) != 0 || //'
planted load epoch 'the epoch is not compared' 's/number\[0\] != commit->epoch/false/'
planted load kill 'rows are there before their commit' '/^template_stage/,/^}/s/    return ferror.*/    { FILE *now = fopen(load->full, "ae"); fflush(load->stage); fwrite(load->staged, 1, load->staged_size, now); fclose(now); return 0; }/'
planted transform options 'a refusal without a word' "s/return host->fault(fault, DAYBREAK_HALT, \"option 'to' is empty.*/return -1;/"
planted transform blocks 'rows of a large batch are left out' 's/for (uint32_t i = 0; i < batch->changes; i++) {/for (uint32_t i = 0; i < batch->changes; i++) { if (i > 99) { first[batch->pick[i]] = (struct daybreak_text){"", 0}; continue; }/'
finish
