/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILE_STREAM_H
#define FILE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daybreak/connector.h"
#include "file_open.h"

/* How far packed data may unfold; what goes beyond is cut, never followed. */
struct file_limits {
    int64_t ratio;   /* unpacked bytes for each packed one, counted from FILE_RATIO_FROM on */
    int64_t member;  /* bytes of one member */
    int64_t members; /* of one archive */
};

#define FILE_RATIO_FROM (64 << 20)

/*
 * The bytes of a file with its compression taken off: as it lies there, gzip, or what libarchive's filters read. Faults of kind
 * ASIDE mean that the input is cut: they say what is wrong with it and where. Others are those of the disk.
 */
struct file_stream;

/** file_stream_open(file, host, limits, stream, fault): ${file} is lent until the stream is closed. */
int file_stream_open(const struct file_open *file, const struct daybreak_host *host, const struct file_limits *limits,
                     struct file_stream **stream, struct daybreak_fault *fault);
void file_stream_close(struct file_stream *stream);
/** file_stream_read(stream, to, room, got, fault): *got 0 only at the end, which is then proven: checksums, lengths,
 * nothing behind. */
int file_stream_read(struct file_stream *stream, char *to, size_t room, size_t *got, struct daybreak_fault *fault);
/** file_stream_peek(stream, head, size, fault): its first bytes, at most FILE_HEAD; they are read again. Before the
 * first read only. */
int file_stream_peek(struct file_stream *stream, const char **head, size_t *size, struct daybreak_fault *fault);
/** file_stream_seek: plain files only. file_stream_skip: likewise; passes over at most ${more} bytes, *skipped of
 * them were there. */
void file_stream_seek(struct file_stream *stream, uint64_t offset);
void file_stream_skip(struct file_stream *stream, uint64_t more, uint64_t *skipped);
/** file_unfolds(file, limits, bytes): so many unpacked bytes of this file are more than its limits allow. */
bool file_unfolds(const struct file_open *file, const struct file_limits *limits, int64_t bytes);

#endif
