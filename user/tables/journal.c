/* SPDX-License-Identifier: BSD-2-Clause */
#include "tables/journal.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define MAGIC 0x4C4A5341 /* "ASJL" */

struct frame {
	uint32_t magic;
	uint32_t kind;
	uint64_t generation;
	uint64_t length;
	uint64_t checksum; /* of the fields before and the payload */
};
static_assert(sizeof(struct frame) == 32, "a frame's header has no padding");

static uint64_t checksum(const struct frame *frame, const void *payload)
{
	uint64_t seed = XXH3_64bits(frame, offsetof(struct frame, checksum));

	return XXH3_64bits_withSeed(payload, frame->length, seed);
}

static int write_all(int fd, struct iovec pieces[2], uint64_t offset)
{
	while (pieces[0].iov_len || pieces[1].iov_len) {
		ssize_t written = pwritev(fd, pieces, 2, (off_t)offset);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return written < 0 ? -errno : -EIO;
		offset += (uint64_t)written;
		for (int i = 0; i < 2; i++) {
			size_t done = (size_t)written < pieces[i].iov_len ? (size_t)written :
									    pieces[i].iov_len;

			pieces[i].iov_base = (char *)pieces[i].iov_base + done;
			pieces[i].iov_len -= done;
			written -= (ssize_t)done;
		}
	}
	return 0;
}

int journal_append(struct journal *journal, uint32_t kind, uint64_t generation, const void *payload,
		   size_t length)
{
	struct frame frame = {
		.magic = MAGIC,
		.kind = kind,
		.generation = generation,
		.length = length,
	};
	struct iovec pieces[2] = {
		{ .iov_base = &frame, .iov_len = sizeof(frame) },
		{ .iov_base = (void *)payload, .iov_len = length },
	};
	int error;

	if (length > JOURNAL_PAYLOAD_MAX)
		return -EFBIG;
	frame.checksum = checksum(&frame, payload);
	error = write_all(journal->fd, pieces, journal->offset);
	if (!error)
		journal->offset += sizeof(frame) + length;
	return error;
}

/* 1: all of it, 0: the file ends before. */
static int read_all(int fd, void *to, size_t length, uint64_t offset)
{
	uint8_t *at = to;

	while (length) {
		ssize_t got = pread(fd, at, length, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : 0;
		at += got;
		offset += (uint64_t)got;
		length -= (size_t)got;
	}
	return 1;
}

int journal_next(struct journal_reader *reader)
{
	bool first = !reader->offset;
	struct frame frame;
	uint8_t *to;
	int got = read_all(reader->fd, &frame, sizeof(frame), reader->offset);

	if (got <= 0)
		return got;
	if (frame.magic != MAGIC || frame.length > JOURNAL_PAYLOAD_MAX ||
	    (!first && frame.generation != reader->generation))
		return 0;
	buffer_clear(&reader->payload);
	to = buffer_reserve(&reader->payload, frame.length + 1);
	if (!to)
		return -ENOMEM;
	got = read_all(reader->fd, to, frame.length, reader->offset + sizeof(frame));
	if (got <= 0)
		return got;
	if (frame.checksum != checksum(&frame, to))
		return 0;
	reader->payload.length = frame.length;
	reader->kind = frame.kind;
	reader->generation = frame.generation;
	reader->offset += sizeof(frame) + frame.length;
	return 1;
}

void journal_reader_free(struct journal_reader *reader)
{
	buffer_free(&reader->payload);
}
