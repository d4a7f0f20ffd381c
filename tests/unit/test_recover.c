/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nothing that was sealed is ever lost: a writer is killed, or refused, at each of the system calls
 * by which it changes the disk, and so is the recovery after it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support_directory.h"
#include "support_tables.h"
#include "tables/async_events.h"
#include "tables/keyed_rows.h"
#include "tables/streams.h"
#include "tables/table_reader.h"
#include "tables/table_recovery.h"
#include "tables/table_writer.h"

#define ROWS 2400	/* that a writer appends */
#define KEPT_EVERY 100	/* rows; spooled */
#define FLUSH_EVERY 400 /* a row group */
#define ROTATE_BYTES 9000
#define OPEN_PART "async_events/." TRACE8 "-000000.inprogress"
#define OPEN_FOOTER "async_events/." TRACE8 "-000000.footer"

/* The fault: what happens at the call of this number, counted from 1; 0: nothing does. */
static struct {
	unsigned int at;
	unsigned int calls;
	int error;    /* 0: the process is killed */
	bool lasting; /* later calls fail too */
	bool torn;    /* half of what is to be written is written before */
} fault;

/* True if this call is to fail. Does not return where the process is to be killed. */
static bool strike(int fd, const void *bytes, size_t length, off_t offset)
{
	fault.calls++;
	if (!fault.at || fault.calls < fault.at || (fault.calls > fault.at && !fault.lasting))
		return false;
	if (fault.torn && bytes && offset < 0)
		syscall(SYS_write, fd, bytes, length / 2);
	else if (fault.torn && bytes)
		syscall(SYS_pwrite64, fd, bytes, length / 2, offset);
	if (!fault.error)
		syscall(SYS_kill, getpid(), SIGKILL);
	errno = fault.error;
	return true;
}

/* In place of the C library's, for the code under test: it is linked statically. */
ssize_t write(int fd, const void *bytes, size_t length)
{
	return strike(fd, bytes, length, -1) ? -1 : syscall(SYS_write, fd, bytes, length);
}

ssize_t pwritev(int fd, const struct iovec *pieces, int count, off_t offset)
{
	const struct iovec *last = &pieces[count - 1];

	return strike(fd, last->iov_base, last->iov_len, offset) ?
		       -1 :
		       syscall(SYS_pwritev, fd, pieces, count, offset, 0);
}

int ftruncate(int fd, off_t length)
{
	return strike(fd, NULL, 0, 0) ? -1 : (int)syscall(SYS_ftruncate, fd, length);
}

/* What a process has written outlives it also without: the disk would only make this slow. */
int fsync(int fd)
{
	return strike(fd, NULL, 0, 0) ? -1 : 0;
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return strike(-1, NULL, 0, 0) ? -1 :
					(int)syscall(SYS_renameat2, from_fd, from, to_fd, to, 0);
}

int unlinkat(int fd, const char *name, int flags)
{
	return strike(-1, NULL, 0, 0) ? -1 : (int)syscall(SYS_unlinkat, fd, name, flags);
}

/* What a writer's process tells: survives its death. */
struct told {
	uint64_t appended;
	uint64_t kept; /* rows that are on disk, in whatever form */
	unsigned int calls;
	int error;
};

static struct told *told;

static void write_rows(const char *directory)
{
	struct table_writer_options options = tables_options(directory);
	struct intern *strings = intern_new();
	struct table_writer *writer;
	int err;

	options.rotate_bytes = ROTATE_BYTES;
	err = table_writer_open(&writer, &async_events_table, strings, &options);
	for (int64_t i = 1; i <= ROWS && !err; i++) {
		struct async_events_row row = tables_event(
			strings, i % 3 ? STREAM_A : STREAM_B, i,
			(int64_t)((uint64_t)i * UINT64_C(0x9E3779B97F4A7C15) >> 1 | 1));

		/* All that tells rows apart: ids are as random as real ones, the line counts. */
		row.line = (uint32_t)i;
		err = table_writer_append(writer, &row);
		told->appended = (uint64_t)i;
		if (!err && i % FLUSH_EVERY == 0)
			err = table_writer_flush(writer);
		else if (!err && i % KEPT_EVERY == 0)
			err = table_writer_keep(writer);
		if (!err && i % KEPT_EVERY == 0)
			told->kept = (uint64_t)i;
	}
	told->error = err;
	err = table_writer_close(writer);
	if (!told->error)
		told->error = err;
	told->calls = fault.calls;
	intern_free(strings);
}

/* Runs in a process of its own; true if it came to its end. */
static bool run_apart(void (*run)(const char *), const char *directory)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (!child) {
		run(directory);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status))
		return true;
	assert_int_equal(WTERMSIG(status), SIGKILL);
	return false;
}

static void recover(const char *directory)
{
	struct table_recovery result;

	told->error = table_recover(directory, &async_events_table, &result);
	told->calls = fault.calls;
	table_recovery_free(&result);
}

/* Reads all rows: each at most once, without a gap; their number. */
static size_t count_rows(const char *directory)
{
	static const char *const columns[] = { "line" };
	bool *seen = calloc(ROWS + 1, sizeof(*seen));
	struct table_reader *reader;
	struct table_batch batch;
	size_t count = 0;
	int err;

	assert_int_equal(table_reader_open(&reader, directory, &async_events_table, columns, 1), 0);
	while ((err = table_reader_next(reader, &batch)) > 0) {
		for (size_t i = 0; i < batch.rows; i++, count++) {
			uint32_t line = batch.columns[0].uint32s[i];

			assert_in_range(line, 1, ROWS);
			assert_false(seen[line]);
			seen[line] = true;
		}
	}
	if (err)
		fail_msg("%s", table_reader_message(reader));
	for (size_t i = 1; i <= count; i++)
		assert_true(seen[i]);
	table_reader_close(reader);
	free(seen);
	return count;
}

/* The number of entries that are not parts. */
static size_t count_others(const char *directory)
{
	char *path = directory_path(directory, "async_events");
	DIR *folder = opendir(path);
	struct dirent *entry;
	size_t count = 0;

	assert_non_null(folder);
	while ((entry = readdir(folder)))
		count += entry->d_name[0] == '.' && strcmp(entry->d_name, ".") &&
			 strcmp(entry->d_name, "..");
	closedir(folder);
	free(path);
	return count;
}

static void check_recovered(const char *directory)
{
	size_t count;

	assert_int_equal(told->error, 0);
	count = count_rows(directory);
	assert_in_range(count, told->kept, told->appended);
	assert_int_equal(count_others(directory), 0);
}

static void start_anew(void **state)
{
	if (*state)
		directory_remove(state);
	directory_make(state);
	memset(told, 0, sizeof(*told));
	memset(&fault, 0, sizeof(fault));
}

static unsigned int calls_of_a_writer(void **state)
{
	start_anew(state);
	assert_true(run_apart(write_rows, *state));
	assert_int_equal(told->error, 0);
	assert_int_equal(count_rows(*state), ROWS);
	assert_int_equal(count_others(*state), 0);
	assert_in_range(told->calls, 40, 1000);
	return told->calls;
}

/* Every call is tried, or, where a short run is asked for (under valgrind), some. */
static unsigned int stride(void)
{
	return getenv("ASYNCSPAN_STEPS") ? 11 : 1;
}

static void killed_at_any_call_all_rows_come_back_that_were_on_disk(void **state)
{
	unsigned int calls = calls_of_a_writer(state);

	for (unsigned int at = 1; at <= calls; at += stride()) {
		for (int torn = 0; torn < 2; torn++) {
			start_anew(state);
			fault.at = at;
			fault.torn = torn;
			assert_false(run_apart(write_rows, *state));
			fault.at = 0;
			/* Open parts are invisible: what is visible is whole. */
			if (directory_has(*state, "async_events"))
				count_rows(*state);
			recover(*state);
			if (directory_has(*state, "async_events"))
				check_recovered(*state);
		}
	}
}

static void recovery_killed_at_any_call_can_be_done_again(void **state)
{
	unsigned int calls = calls_of_a_writer(state);

	for (unsigned int at = 2; at <= calls; at += 3 * stride()) {
		start_anew(state);
		fault.at = at;
		assert_false(run_apart(write_rows, *state));
		fault.torn = at % 2;
		for (unsigned int again = 1;; again++) {
			fault.at = again;
			if (run_apart(recover, *state))
				break;
			count_rows(*state);
			assert_in_range(again, 1, 200);
		}
		check_recovered(*state);
	}
}

static void refused_at_any_call_files_are_valid_and_nothing_on_disk_is_lost(void **state)
{
	static const int errors[] = { ENOSPC, EIO };
	unsigned int calls = calls_of_a_writer(state);

	for (unsigned int at = 1; at <= calls; at += stride()) {
		for (int i = 0; i < 4; i++) {
			start_anew(state);
			fault.at = at;
			fault.error = errors[i / 2];
			fault.lasting = i % 2;
			fault.torn = i % 2;
			assert_true(run_apart(write_rows, *state));
			/* What only tidies up may fail in silence. */
			if (told->error)
				assert_int_equal(told->error, -fault.error);
			else
				assert_int_equal(count_rows(*state), ROWS);
			fault.at = 0;
			count_rows(*state);
			recover(*state);
			check_recovered(*state);
		}
	}
}

static void folder_without_open_parts_is_left_as_it_is(void **state)
{
	struct table_recovery result;

	calls_of_a_writer(state);
	assert_int_equal(table_recover(*state, &async_events_table, &result), 0);
	assert_int_equal(result.count, 0);
	table_recovery_free(&result);
	assert_int_equal(table_recover(*state, &streams_table, &result), 0);
	assert_int_equal(result.count, 0);
	table_recovery_free(&result);
	assert_int_equal(count_rows(*state), ROWS);
}

/* Leaves an open part with two row groups, and a spool with 100 rows more. */
static void leave_open(const char *directory)
{
	struct table_writer_options options = tables_options(directory);
	struct intern *strings = intern_new();
	struct table_writer *writer = tables_open_writer(&async_events_table, strings, &options);

	for (int64_t i = 1; i <= 900; i++) {
		struct async_events_row row = tables_event(strings, STREAM_A, 1000 + i, i);

		row.line = (uint32_t)i;
		assert_int_equal(table_writer_append(writer, &row), 0);
		if (i % 400 == 0)
			assert_int_equal(table_writer_flush(writer), 0);
	}
	assert_int_equal(table_writer_keep(writer), 0);
	_exit(0);
}

static struct table_recovery_trace recover_one(const char *directory)
{
	struct table_recovery result;
	struct table_recovery_trace trace;

	assert_int_equal(table_recover(directory, &async_events_table, &result), 0);
	assert_int_equal(result.count, 1);
	trace = result.traces[0];
	table_recovery_free(&result);
	return trace;
}

static void what_was_brought_back_is_told(void **state)
{
	struct table_recovery_trace trace;

	start_anew(state);
	run_apart(leave_open, *state);
	trace = recover_one(*state);
	assert_string_equal(trace.trace8, TRACE8);
	assert_int_equal(trace.parts, 2);
	assert_int_equal(trace.row_groups, 3);
	assert_int_equal(trace.rows, 900);
	assert_int_equal(trace.rows_from_spool, 100);
	assert_int_equal(trace.rows_lost, 0);
	assert_int_equal(trace.bytes_lost, 0);
	assert_true(trace.any_time);
	assert_int_equal(trace.last_time, 1900);
	assert_int_equal(count_rows(*state), 900);
}

static void torn_tail_is_cut_off_and_counted(void **state)
{
	uint8_t *bytes;
	size_t length;

	start_anew(state);
	run_apart(leave_open, *state);
	bytes = directory_read(*state, OPEN_PART, &length);
	bytes = realloc(bytes, length + 77);
	memset(bytes + length, 'x', 77);
	directory_write(*state, OPEN_PART, bytes, length + 77);
	free(bytes);
	assert_int_equal(recover_one(*state).bytes_lost, 77);
	assert_int_equal(count_rows(*state), 900);
}

/* After a power failure pages may be missing although the journal has them. */
static struct table_recovery_trace recover_damaged(void **state, bool last_group)
{
	uint8_t *bytes;
	size_t length;

	start_anew(state);
	run_apart(leave_open, *state);
	bytes = directory_read(*state, OPEN_PART, &length);
	bytes[last_group ? length - 20 : 200] ^= 0x40;
	directory_write(*state, OPEN_PART, bytes, length);
	free(bytes);
	return recover_one(*state);
}

/* The spool still has the batches of the two last row groups. */
static void rows_of_damaged_row_groups_are_counted_or_taken_from_the_spool(void **state)
{
	struct table_recovery_trace trace = recover_damaged(state, true);

	assert_int_equal(trace.rows, 900);
	assert_int_equal(trace.rows_lost, 0);
	assert_int_equal(count_rows(*state), 900);

	trace = recover_damaged(state, false);
	assert_int_equal(trace.rows, 400 + 100);
	assert_int_equal(trace.rows_lost, 400);
	assert_int_equal(count_others(*state), 0);
}

static void open_part_without_journal_is_removed_and_counted(void **state)
{
	struct table_recovery_trace trace;

	start_anew(state);
	run_apart(leave_open, *state);
	directory_write(*state, OPEN_FOOTER, "", 0);
	trace = recover_one(*state);
	assert_int_equal(trace.rows, trace.rows_from_spool);
	assert_int_equal(trace.rows, 400 + 100);
	assert_true(trace.bytes_lost > 0);
	assert_int_equal(count_others(*state), 0);
}

/* Any byte of the journal or the spool may be wrong: what is made is valid, or it is an error. */
static void damaged_journals_and_spools_do_no_harm(void **state)
{
	static const char *const files[] = { OPEN_FOOTER, "async_events/." TRACE8 "-0.spool" };

	for (size_t file = 0; file < 2; file++) {
		size_t length = 1;

		for (size_t at = 0; at < length; at += 1 + length * stride() / 150) {
			struct table_recovery result;
			uint8_t *bytes;

			start_anew(state);
			run_apart(leave_open, *state);
			bytes = directory_read(*state, files[file], &length);
			bytes[at] ^= (uint8_t)(1 + at % 255);
			directory_write(*state, files[file], bytes, length);
			free(bytes);
			if (!table_recover(*state, &async_events_table, &result))
				assert_int_equal(count_others(*state), 0);
			table_recovery_free(&result);
			told->appended = 0;
			tables_read_events(*state, (struct tables_seen[900]){ 0 }, 900,
					   &(size_t){ 0 });
		}
	}
}

static void other_files_are_not_touched(void **state)
{
	static const char *const names[] = { "async_events/.hidden", "async_events/notes.txt",
					     "async_events/.0123abcd-0.inprogress.bak",
					     "async_events/.zzzzzzzz-000000.inprogress" };

	start_anew(state);
	run_apart(leave_open, *state);
	for (size_t i = 0; i < 4; i++)
		directory_write(*state, names[i], "mine", 4);
	recover_one(*state);
	for (size_t i = 0; i < 4; i++)
		assert_true(directory_has(*state, names[i]));
}

/* Small tables */

static void put_stream(struct table_writer *writer, struct intern *strings, const char *id,
		       const char *name, int64_t updated)
{
	struct streams_row row = {
		.stream_id = intern_add_text(strings, id),
		.thread_name = intern_add_text(strings, name),
		.updated = updated,
	};

	assert_int_equal(table_writer_note(writer, &row), 0);
}

static void leave_streams(const char *directory)
{
	struct table_writer_options options = tables_options(directory);
	struct intern *strings = intern_new();
	struct table_writer *writer = tables_open_writer(&streams_table, strings, &options);
	struct streams_row rows[] = {
		{ .stream_id = intern_add_text(strings, "a"),
		  .thread_name = intern_add_text(strings, "first"),
		  .updated = 10 },
		{ .stream_id = intern_add_text(strings, "b"),
		  .thread_name = intern_add_text(strings, "second"),
		  .updated = 10 },
	};

	put_stream(writer, strings, "a", "first", 10);
	assert_int_equal(table_writer_keep(writer), 0);
	assert_int_equal(table_writer_rewrite(writer, rows, 2), 0);
	put_stream(writer, strings, "b", "outdated", 5);
	put_stream(writer, strings, "a", "renamed", 20);
	put_stream(writer, strings, "c", "third", 20);
	assert_int_equal(table_writer_keep(writer), 0);
	_exit(0);
}

static void rows_noted_since_the_last_rewriting_are_merged_by_their_key(void **state)
{
	static const char *const expected[] = { "renamed", "second", "third" };
	struct keyed_rows rows = { .table = &streams_table };
	struct intern *strings = intern_new();
	struct table_recovery result;
	char *path;

	start_anew(state);
	run_apart(leave_streams, *state);
	assert_int_equal(table_recover(*state, &streams_table, &result), 0);
	assert_int_equal(result.count, 1);
	assert_int_equal(result.traces[0].rows_from_spool, 2);
	table_recovery_free(&result);
	path = directory_path(*state, "streams/" TRACE8 "-000000.parquet");
	assert_int_equal(keyed_rows_read(&rows, path, strings), 0);
	assert_int_equal(rows.count, 3);
	for (size_t i = 0; i < 3; i++) {
		struct streams_row row;

		memcpy(&row, rows.rows.data + i * sizeof(row), sizeof(row));
		assert_string_equal(intern_get(strings, row.thread_name, NULL), expected[i]);
	}
	assert_int_equal(directory_count(*state, "streams"), 1);
	keyed_rows_free(&rows);
	free(path);
	intern_free(strings);
}

static int map_told(void **state)
{
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	*state = NULL;
	return told == MAP_FAILED ? -1 : 0;
}

#define IN_A_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, directory_make, directory_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_DIRECTORY(killed_at_any_call_all_rows_come_back_that_were_on_disk),
		IN_A_DIRECTORY(recovery_killed_at_any_call_can_be_done_again),
		IN_A_DIRECTORY(refused_at_any_call_files_are_valid_and_nothing_on_disk_is_lost),
		IN_A_DIRECTORY(folder_without_open_parts_is_left_as_it_is),
		IN_A_DIRECTORY(what_was_brought_back_is_told),
		IN_A_DIRECTORY(torn_tail_is_cut_off_and_counted),
		IN_A_DIRECTORY(rows_of_damaged_row_groups_are_counted_or_taken_from_the_spool),
		IN_A_DIRECTORY(open_part_without_journal_is_removed_and_counted),
		IN_A_DIRECTORY(damaged_journals_and_spools_do_no_harm),
		IN_A_DIRECTORY(other_files_are_not_touched),
		IN_A_DIRECTORY(rows_noted_since_the_last_rewriting_are_merged_by_their_key),
	};

	return cmocka_run_group_tests_name("recover", tests, map_told, NULL);
}
