/* SPDX-License-Identifier: BSD-2-Clause */
#include "tables/footer_journal.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum footer_frame {
	FOOTER_EMPTY = 1, /* the footer without row groups; the first frame */
	FOOTER_GROUP = 2, /* struct group_head and the description */
};

struct group_head {
	uint64_t rows;
	uint64_t end;
	uint64_t batches;
};

int footer_journal_open(struct footer_journal *journal, const struct part_folder *folder,
			uint32_t sequence, uint64_t batches, const uint8_t *empty, size_t length)
{
	char name[PART_NAME_SIZE];
	int error;

	part_footer_name(name, folder->trace8, sequence);
	*journal = (struct footer_journal){ .sequence = sequence, .batches = batches };
	error = part_folder_create(folder, name, &journal->file.fd);
	if (error)
		return error;
	error = journal_append(&journal->file, FOOTER_EMPTY, batches, empty, length);
	if (error)
		footer_journal_remove(journal, folder);
	return error;
}

int footer_journal_add(struct footer_journal *journal, const struct footer_group *group)
{
	struct group_head head = { group->rows, group->end, group->batches };
	struct buffer frame = { 0 };
	int error = buffer_append(&frame, &head, sizeof(head));

	if (!error)
		error = buffer_append(&frame, group->description, group->length);
	if (!error)
		error = journal_append(&journal->file, FOOTER_GROUP, journal->batches, frame.data,
				       frame.length);
	buffer_free(&frame);
	return error;
}

void footer_journal_leave(struct footer_journal *journal)
{
	if (journal->file.fd >= 0)
		close(journal->file.fd);
	journal->file.fd = -1;
}

void footer_journal_remove(struct footer_journal *journal, const struct part_folder *folder)
{
	char name[PART_NAME_SIZE];

	if (journal->file.fd < 0)
		return;
	part_footer_name(name, folder->trace8, journal->sequence);
	unlinkat(folder->fd, name, 0);
	footer_journal_leave(journal);
}

static int add_group(struct footer_contents *contents, const struct buffer *payload)
{
	size_t length = payload->length - sizeof(struct group_head);
	struct footer_group *groups;
	struct group_head head;

	if (payload->length < sizeof(head))
		return -EBADMSG;
	memcpy(&head, payload->data, sizeof(head));
	groups = realloc(contents->groups, (contents->count + 1) * sizeof(*groups));
	if (!groups)
		return -ENOMEM;
	contents->groups = groups;
	groups[contents->count++] = (struct footer_group){
		.length = length,
		.rows = head.rows,
		.end = head.end,
		.batches = head.batches,
	};
	return buffer_append(&contents->descriptions, payload->data + sizeof(head), length);
}

static int read_frames(struct journal_reader *frames, struct footer_contents *contents)
{
	int error;

	while ((error = journal_next(frames)) > 0) {
		bool first = !contents->empty.length;

		if (first != (frames->kind == FOOTER_EMPTY) || !frames->payload.length)
			return -EBADMSG;
		contents->batches = frames->generation;
		if (first)
			error = buffer_append(&contents->empty, frames->payload.data,
					      frames->payload.length);
		else
			error = add_group(contents, &frames->payload);
		if (error)
			return error;
	}
	return error;
}

int footer_journal_read(int fd, struct footer_contents *contents)
{
	struct journal_reader frames = { .fd = fd };
	size_t at = 0;
	int error;

	*contents = (struct footer_contents){ 0 };
	error = read_frames(&frames, contents);
	journal_reader_free(&frames);
	for (size_t i = 0; i < contents->count; i++) {
		contents->groups[i].description = contents->descriptions.data + at;
		at += contents->groups[i].length;
	}
	return error;
}

void footer_contents_free(struct footer_contents *contents)
{
	buffer_free(&contents->empty);
	buffer_free(&contents->descriptions);
	free(contents->groups);
	*contents = (struct footer_contents){ 0 };
}
