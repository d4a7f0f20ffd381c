/* SPDX-License-Identifier: BSD-2-Clause */
/* The objects of a process, and who it is: from texts that /proc could give, and from ourselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "attach/process_info.h"
#include "attach/process_maps.h"

static int file_of(const void *bytes, size_t size)
{
	int fd = memfd_create("maps", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static int parse(const char *text, struct process_objects *objects)
{
	int fd = file_of(text, strlen(text));
	int result = process_objects_parse(fd, objects);

	close(fd);
	return result;
}

static const char usual[] =
	"55d0c0000000-55d0c0001000 r--p 00000000 fd:01 101                        /usr/bin/server\n"
	"55d0c0001000-55d0c0002000 r-xp 00001000 fd:01 101                        /usr/bin/server\n"
	"55d0c0002000-55d0c0003000 rw-p 00002000 fd:01 101                        /usr/bin/server\n"
	"55d0c0003000-55d0c0024000 rw-p 00000000 00:00 0                          [heap]\n"
	"7f0000000000-7f0000300000 r--p 00000000 fd:01 303                        /usr/lib/locale\n"
	"7f0000400000-7f0000500000 r-xp 00010000 08:02 101                        /lib/a b.so\n"
	"7f0000500000-7f0000501000 r-xp 00110000 08:02 101                        /lib/a b.so\n"
	"7f0000501000-7f0000502000 r-xp 00000000 00:00 0 \n"
	"7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0                          [stack]\n"
	"7ffc00030000-7ffc00032000 r-xp 00000000 00:00 0                          [vdso]\n"
	"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n";

static void objects_are_the_files_with_an_executable_mapping(void **state)
{
	struct process_objects objects;

	(void)state;
	assert_int_equal(parse(usual, &objects), 0);
	assert_int_equal(objects.count, 2);
	assert_string_equal(objects.objects[0].path, "/usr/bin/server");
	assert_int_equal(objects.objects[0].device, makedev(0xfd, 1));
	assert_int_equal(objects.objects[0].inode, 101);
	assert_int_equal(objects.objects[0].start, 0x55d0c0001000);
	assert_int_equal(objects.objects[0].end, 0x55d0c0002000);
	assert_int_equal(objects.objects[0].offset, 0x1000);
	assert_false(objects.objects[0].deleted);
	/* The same inode number of another device; a blank in the name; two executable mappings. */
	assert_string_equal(objects.objects[1].path, "/lib/a b.so");
	assert_int_equal(objects.objects[1].start, 0x7f0000400000);
	process_objects_free(&objects);
}

static void address_belongs_to_the_object_whose_file_is_mapped_there(void **state)
{
	struct process_objects objects;

	(void)state;
	assert_int_equal(parse(usual, &objects), 0);
	assert_int_equal(objects.mapping_count, 5);
	assert_ptr_equal(process_objects_find(&objects, 0x55d0c0000000), &objects.objects[0]);
	assert_ptr_equal(process_objects_find(&objects, 0x55d0c0002fff), &objects.objects[0]);
	assert_ptr_equal(process_objects_find(&objects, 0x7f0000500800), &objects.objects[1]);
	assert_null(process_objects_find(&objects, 0x55d0c0003000)); /* heap */
	assert_null(process_objects_find(&objects, 0x7f0000000000)); /* a data file */
	assert_null(process_objects_find(&objects, 0));
	assert_null(process_objects_find(&objects, UINT64_MAX));
	process_objects_free(&objects);
}

static void deleted_file_and_line_feed_in_a_name_are_understood(void **state)
{
	struct process_objects objects;

	(void)state;
	assert_int_equal(parse("1000-2000 r-xp 00000000 08:01 7   /tmp/old (deleted)\n"
			       "2000-3000 r-xp 00000000 08:01 8   /tmp/two\\012lines\n"
			       "3000-4000 r-xp 00000000 08:01 9   /tmp/back\\slash\n",
			       &objects),
			 0);
	assert_int_equal(objects.count, 3);
	assert_true(objects.objects[0].deleted);
	assert_string_equal(objects.objects[0].path, "/tmp/old");
	assert_string_equal(objects.objects[1].path, "/tmp/two\nlines");
	assert_string_equal(objects.objects[2].path, "/tmp/back\\slash");
	process_objects_free(&objects);
}

static void text_without_files_has_no_objects(void **state)
{
	struct process_objects objects;

	(void)state;
	assert_int_equal(parse("", &objects), 0);
	assert_int_equal(objects.count, 0);
	assert_null(process_objects_find(&objects, 0x1000));
	process_objects_free(&objects);
}

static void text_of_another_form_is_refused(void **state)
{
	static const char *const texts[] = {
		"nonsense\n",
		"1000-2000 r-xp 00000000 08:01\n",
		"1000 r-xp 00000000 08:01 7 /file\n",
		"2000-1000 r-xp 00000000 08:01 7 /file\n",
		"1000-2000 rx 00000000 08:01 7 /file\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct process_objects objects;

		assert_int_equal(parse(texts[i], &objects), -EBADMSG);
		assert_int_equal(objects.count, 0);
	}
}

/* A child that runs /bin/sleep by the time this returns. */
static pid_t start_sleep(void)
{
	int running[2];
	pid_t child;
	char byte;

	assert_int_equal(pipe2(running, O_CLOEXEC), 0);
	child = fork();
	if (child == 0) {
		execl("/bin/sleep", "sleep", "60", NULL);
		_exit(127);
	}
	assert_true(child > 0);
	close(running[1]);
	assert_int_equal(read(running[0], &byte, 1), 0); /* exec has closed the other end */
	close(running[0]);
	return child;
}

static void end_child(pid_t child)
{
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void program_of_a_process_is_found_and_opened(void **state)
{
	char *program = realpath("/bin/sleep", NULL);
	struct process_objects objects;
	pid_t child = start_sleep();
	struct stat opened;
	struct stat wanted;
	int fd;

	(void)state;
	assert_int_equal(process_objects_read(child, &objects), 0);
	assert_true(objects.count >= 2); /* the dynamic linker too */
	assert_string_equal(objects.objects[0].path, program);
	fd = process_object_open(child, &objects.objects[0]);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &opened), 0);
	assert_int_equal(stat(program, &wanted), 0);
	assert_int_equal(opened.st_ino, wanted.st_ino);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	process_objects_free(&objects);
	end_child(child);
	free(program);
}

/* Where the mapping itself cannot be opened, the name is tried; it may be another file's by now. */
static void file_that_took_the_name_of_a_mapped_one_is_not_opened(void **state)
{
	char path[] = "/tmp/asyncspan-test-XXXXXX";
	struct process_object object = { .path = path, .start = 1, .end = 2 };
	struct stat status;
	int file = mkstemp(path);
	int fd;

	(void)state;
	assert_true(file >= 0);
	assert_int_equal(fstat(file, &status), 0);
	object.device = status.st_dev;
	object.inode = status.st_ino;
	fd = process_object_open(getpid(), &object);
	assert_true(fd >= 0);
	close(fd);
	object.inode++;
	assert_int_equal(process_object_open(getpid(), &object), -ESTALE);
	object.deleted = true;
	assert_int_equal(process_object_open(getpid(), &object), -ENOENT);
	close(file);
	unlink(path);
}

static void fifo_and_device_are_not_opened(void **state)
{
	char directory[] = "/tmp/asyncspan-test-XXXXXX";
	struct process_object object = { .path = (char[64]){ "" }, .start = 1, .end = 2 };

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(object.path, 64, "%s/fifo", directory);
	assert_int_equal(mkfifo(object.path, 0600), 0);
	assert_int_equal(process_object_open(getpid(), &object), -ESTALE);
	unlink(object.path);
	rmdir(directory);
	snprintf(object.path, 64, "/dev/null");
	assert_int_equal(process_object_open(getpid(), &object), -ESTALE);
}

static void symbolic_link_in_the_name_is_not_followed(void **state)
{
	char directory[] = "/tmp/asyncspan-test-XXXXXX";
	struct process_object object = { .path = (char[64]){ "" }, .start = 1, .end = 2 };
	char file[64];

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(object.path, 64, "%s/link", directory);
	assert_int_equal(symlink("/bin/sleep", object.path), 0);
	assert_int_equal(process_object_open(getpid(), &object), -ESTALE);
	unlink(object.path);
	assert_int_equal(symlink("/bin", object.path), 0);
	snprintf(file, sizeof(file), "%s/sleep", object.path);
	memcpy(object.path, file, sizeof(file));
	assert_int_equal(process_object_open(getpid(), &object), -ENOTDIR);
	snprintf(object.path, 64, "%s/link", directory);
	unlink(object.path);
	rmdir(directory);
}

static void process_that_does_not_exist_is_told_apart(void **state)
{
	pid_t child = start_sleep();
	struct process_objects objects;
	struct process_info info;
	struct process_task task;

	(void)state;
	end_child(child);
	assert_int_equal(process_objects_read(child, &objects), -ESRCH);
	assert_int_equal(process_info_read(child, &info), -ESRCH);
	assert_int_equal(process_task_read(child, child, &task), -ESRCH);
}

static void process_is_described(void **state)
{
	char *program = realpath("/bin/sleep", NULL);
	struct passwd *user = getpwuid(geteuid());
	pid_t child = start_sleep();
	struct process_info info;
	struct process_task task;
	struct timespec now;

	(void)state;
	clock_gettime(CLOCK_BOOTTIME, &now);
	assert_int_equal(process_info_read(child, &info), 0);
	assert_int_equal(info.pid, child);
	assert_int_equal(info.ppid, getpid());
	assert_int_equal(info.uid, geteuid());
	assert_string_equal(info.name, "sleep");
	assert_string_equal(info.exe, program);
	assert_string_equal(info.command_line, "sleep 60");
	if (user)
		assert_string_equal(info.username, user->pw_name);
	assert_true(info.start_time_ns > 0);
	assert_true(info.start_time_ns <=
		    (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec);
	assert_int_equal(process_task_read(child, child, &task), 0);
	assert_int_equal(task.start_time_ns, info.start_time_ns);
	assert_string_equal(task.name, "sleep");
	process_info_free(&info);
	end_child(child);
	free(program);
}

static void name_with_brackets_and_blanks_does_not_confuse(void **state)
{
	struct process_task task;
	int fd = open("/proc/self/comm", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, ") S 1 (x", 8), 8);
	close(fd);
	assert_int_equal(process_task_read(getpid(), getpid(), &task), 0);
	assert_string_equal(task.name, ") S 1 (x");
	assert_true(task.start_time_ns > 0);
}

static void user_without_a_name_is_a_number(void **state)
{
	char *name = process_user_name(4123456789U);

	(void)state;
	assert_string_equal(name, "4123456789");
	free(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_are_the_files_with_an_executable_mapping),
		cmocka_unit_test(address_belongs_to_the_object_whose_file_is_mapped_there),
		cmocka_unit_test(deleted_file_and_line_feed_in_a_name_are_understood),
		cmocka_unit_test(text_without_files_has_no_objects),
		cmocka_unit_test(text_of_another_form_is_refused),
		cmocka_unit_test(program_of_a_process_is_found_and_opened),
		cmocka_unit_test(file_that_took_the_name_of_a_mapped_one_is_not_opened),
		cmocka_unit_test(fifo_and_device_are_not_opened),
		cmocka_unit_test(symbolic_link_in_the_name_is_not_followed),
		cmocka_unit_test(process_that_does_not_exist_is_told_apart),
		cmocka_unit_test(process_is_described),
		cmocka_unit_test(name_with_brackets_and_blanks_does_not_confuse),
		cmocka_unit_test(user_without_a_name_is_a_number),
	};

	return cmocka_run_group_tests_name("process_maps", tests, NULL, NULL);
}
