/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a trace may be written, and what of an older one may be deleted or moved for it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "collect/trace_directory.h"
#include "support_directory.h"

static int open_directory(const char *scratch, const char *name, enum trace_directory_how how)
{
	struct trace_directory directory;
	char *path = directory_path(scratch, name);
	int error = trace_directory_open(&directory, path, how);

	free(path);
	trace_directory_close(&directory);
	return error;
}

static void make_folder(const char *scratch, const char *name)
{
	char *path = directory_path(scratch, name);

	assert_int_equal(mkdir(path, 0700), 0);
	free(path);
}

/* DIR "t" with a trace's files in it. */
static void make_trace(const char *scratch)
{
	make_folder(scratch, "t");
	make_folder(scratch, "t/async_spans");
	make_folder(scratch, "t/traces");
	directory_write(scratch, "t/async_spans/0123abcd-000000.parquet", "x", 1);
	directory_write(scratch, "t/async_spans/.0123abcd-000001.inprogress", "x", 1);
	directory_write(scratch, "t/traces/0123abcd.json", "x", 1);
}

static void one_that_is_not_there_is_made_for_its_owner_alone(void **state)
{
	char *path = directory_path(*state, "t");
	struct stat status;

	assert_int_equal(open_directory(*state, "t", TRACE_DIRECTORY_NEW), 0);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0750);
	free(path);
}

static void an_empty_one_is_taken_as_it_is(void **state)
{
	make_folder(*state, "t");
	assert_int_equal(open_directory(*state, "t", TRACE_DIRECTORY_NEW), 0);
	assert_int_equal(open_directory(*state, "t", TRACE_DIRECTORY_ROTATE), 0);
	assert_false(directory_has(*state, "t.old"));
}

static void one_that_is_not_empty_is_refused(void **state)
{
	make_trace(*state);
	assert_int_equal(open_directory(*state, "t", TRACE_DIRECTORY_NEW), -ENOTEMPTY);
	assert_true(directory_has(*state, "t/traces/0123abcd.json"));
}

static void one_that_another_recording_uses_is_refused(void **state)
{
	struct trace_directory directory;
	char *path = directory_path(*state, "t");

	assert_int_equal(trace_directory_open(&directory, path, TRACE_DIRECTORY_NEW), 0);
	assert_int_equal(open_directory(*state, "t", TRACE_DIRECTORY_NEW), -EBUSY);
	assert_int_equal(open_directory(*state, "t", TRACE_DIRECTORY_REPLACE), -EBUSY);
	assert_int_equal(open_directory(*state, "t", TRACE_DIRECTORY_ROTATE), -EBUSY);
	trace_directory_close(&directory);
	assert_int_equal(open_directory(*state, "t", TRACE_DIRECTORY_NEW), 0);
	free(path);
}

static void replacing_deletes_the_files_of_a_trace(void **state)
{
	make_trace(*state);
	assert_int_equal(open_directory(*state, "t", TRACE_DIRECTORY_REPLACE), 0);
	assert_int_equal(directory_count(*state, "t"), 0);
}

static void nothing_is_deleted_where_anything_else_is(void **state)
{
	make_trace(*state);
	directory_write(*state, "t/async_spans/mine.csv", "x", 1);
	assert_int_equal(open_directory(*state, "t", TRACE_DIRECTORY_REPLACE), -ENOTEMPTY);
	assert_int_equal(open_directory(*state, "t", TRACE_DIRECTORY_ROTATE), -ENOTEMPTY);
	assert_int_equal(directory_count(*state, "t"), 2);
	assert_int_equal(directory_count(*state, "t/async_spans"), 3);
	assert_int_equal(directory_count(*state, "t/traces"), 1);
}

static void a_folder_of_another_name_is_not_of_a_trace(void **state)
{
	make_trace(*state);
	make_folder(*state, "t/photos");
	assert_int_equal(open_directory(*state, "t", TRACE_DIRECTORY_REPLACE), -ENOTEMPTY);
	assert_true(directory_has(*state, "t/traces/0123abcd.json"));
}

static void rotating_keeps_the_older_trace_once(void **state)
{
	make_trace(*state);
	assert_int_equal(open_directory(*state, "t", TRACE_DIRECTORY_ROTATE), 0);
	assert_int_equal(directory_count(*state, "t"), 0);
	assert_true(directory_has(*state, "t.old/traces/0123abcd.json"));
	make_folder(*state, "t/traces");
	directory_write(*state, "t/traces/new.json", "x", 1);
	assert_int_equal(open_directory(*state, "t", TRACE_DIRECTORY_ROTATE), 0);
	assert_true(directory_has(*state, "t.old/traces/new.json"));
	assert_false(directory_has(*state, "t.old/async_spans"));
}

static void rotating_leaves_an_old_directory_of_other_files_alone(void **state)
{
	make_trace(*state);
	make_folder(*state, "t.old");
	directory_write(*state, "t.old/letter.txt", "x", 1);
	assert_int_equal(open_directory(*state, "t", TRACE_DIRECTORY_ROTATE), -ENOTEMPTY);
	assert_true(directory_has(*state, "t.old/letter.txt"));
	assert_true(directory_has(*state, "t/traces/0123abcd.json"));
}

static void a_file_in_its_place_is_an_error(void **state)
{
	directory_write(*state, "t", "x", 1);
	assert_int_equal(open_directory(*state, "t", TRACE_DIRECTORY_ROTATE), -ENOTDIR);
	assert_int_equal(open_directory(*state, "no/such/t", TRACE_DIRECTORY_NEW), -ENOENT);
}

#define IN_A_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, directory_make, directory_remove)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_A_DIRECTORY(one_that_is_not_there_is_made_for_its_owner_alone),
		IN_A_DIRECTORY(an_empty_one_is_taken_as_it_is),
		IN_A_DIRECTORY(one_that_is_not_empty_is_refused),
		IN_A_DIRECTORY(one_that_another_recording_uses_is_refused),
		IN_A_DIRECTORY(replacing_deletes_the_files_of_a_trace),
		IN_A_DIRECTORY(nothing_is_deleted_where_anything_else_is),
		IN_A_DIRECTORY(a_folder_of_another_name_is_not_of_a_trace),
		IN_A_DIRECTORY(rotating_keeps_the_older_trace_once),
		IN_A_DIRECTORY(rotating_leaves_an_old_directory_of_other_files_alone),
		IN_A_DIRECTORY(a_file_in_its_place_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
