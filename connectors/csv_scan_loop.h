/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scanner's loop, included once for each kind of processor with
 *   SCAN_NAME, SCAN_TARGET       the function's name and its target attribute
 *   SCAN_MASKS(chunk, masks)     one bit a byte of 64: which are delimiter, quote, LF, CR, NUL
 *   SCAN_PREFIX(bits)            bit i: parity of the bits up to i
 *   SCAN_LOW(bits)               number of the lowest bit; any value for 0
 *   SCAN_EAGER                   writing a few numbers too many costs less than asking how many there are
 */
SCAN_TARGET static void
SCAN_NAME(struct csv_scan *scan, const char *block, uint32_t limit, uint32_t size)
{
    uint32_t at = scan->at;
    uint32_t stop = limit - at > CSV_SCAN_WINDOW ? at + CSV_SCAN_WINDOW : limit;
    uint32_t cells = scan->cell.count, records = scan->record.count, quoted = scan->quoted.count;
    uint32_t *const cell = scan->cell.at + 1, *const record = scan->record.at, *const first = scan->quoted.at;
    uint64_t in_quote = scan->in_quote, begins = scan->begins, closed = scan->closed;
    const char delimiter = scan->delimiter, quote = scan->quote; /* kept in registers: what is written below could be them */
    const uint64_t quoting = -(uint64_t)scan->quoting;
    char tail[64];

    while (at < stop) {
        struct scan_masks mask;
        uint64_t in, ends, lines, opens, closes, after, opening, odd, more;
        uint64_t lf_next = (uint64_t)(size - at > 64 && block[at + 64] == '\n') << 63;
        const char *chunk = block + at;
        uint64_t known = ~UINT64_C(0);

        if (limit - at < 64) {
            memset(tail, 0, sizeof tail);
            memcpy(tail, chunk, limit - at);
            chunk = tail;
            known = (UINT64_C(1) << (limit - at)) - 1;
            lf_next = 0;
        }
        SCAN_MASKS(chunk, mask);
        in = SCAN_PREFIX(mask.quote) ^ in_quote;
        lines = mask.lf | (mask.cr & ~(mask.lf >> 1 | lf_next));
        ends = (mask.delimiter | lines) & ~in;
        opens = mask.quote & in;
        closes = mask.quote & ~in;
        after = closes << 1 | closed;
        opening = opens & (ends << 1 | begins);
        odd = (opens & ~opening & ~after) | (after & ~(mask.quote | mask.delimiter | lines | mask.cr)) | mask.nul;
        odd &= known;
        in_quote = (uint64_t)((int64_t)in >> 63);
        begins = ends >> 63;
        closed = closes >> 63;
        if (__builtin_expect((odd | (opens & after & ~opening) | (lines & in)) != 0, 0)) {
            uint64_t doubled = opens & after & ~opening, soft = lines & in;

            if (odd != 0) { /* nothing from there on can be trusted */
                known = (odd & -odd) - 1;
                ends &= known;
                opening &= known;
                doubled &= known;
                soft &= known;
                scan->odd = true;
                stop = at;
            }
            for (; doubled != 0; doubled &= doubled - 1)
                scan->doubled.at[scan->doubled.count++] =
                    cells + (uint32_t)__builtin_popcountll(ends & ((doubled & -doubled) - 1));
            for (; soft != 0; soft &= soft - 1)
                scan->soft.at[scan->soft.count++] = at + (uint32_t)__builtin_ctzll(soft);
        }
        more = lines & ends;
#if SCAN_EAGER
        record[records] = cells + (uint32_t)__builtin_popcountll(ends & ((more & -more) - 1));
        first[quoted] = cells + (uint32_t)__builtin_popcountll(ends & ((opening & -opening) - 1));
        records += more != 0;
        quoted += opening != 0;
        more &= more - 1;
        opening &= opening - 1;
#endif
        for (; more != 0; more &= more - 1)
            record[records++] = cells + (uint32_t)__builtin_popcountll(ends & ((more & -more) - 1));
        for (; opening != 0; opening &= opening - 1)
            first[quoted++] = cells + (uint32_t)__builtin_popcountll(ends & ((opening & -opening) - 1));
#if SCAN_EAGER
        {
            uint32_t count = (uint32_t)__builtin_popcountll(ends), *to = cell + cells;

#pragma GCC unroll 8
            for (int i = 0; i < 8; i++, ends &= ends - 1)
                to[i] = at + (uint32_t)SCAN_LOW(ends);
            if (__builtin_expect(count > 8, 0)) {
                for (int i = 8; i < 16; i++, ends &= ends - 1)
                    to[i] = at + (uint32_t)SCAN_LOW(ends);
                for (uint32_t i = 16; i < count; i++, ends &= ends - 1)
                    to[i] = at + (uint32_t)SCAN_LOW(ends);
            }
            cells += count;
        }
#else
        for (; ends != 0; ends &= ends - 1)
            cell[cells++] = at + (uint32_t)SCAN_LOW(ends);
#endif
        at = limit - at < 64 ? limit : at + 64;
    }
    scan->at = at;
    scan->in_quote = in_quote;
    scan->begins = begins;
    scan->closed = closed;
    scan->cell.count = cells;
    scan->record.count = records;
    scan->quoted.count = quoted;
}
