/* SPDX-License-Identifier: BSD-2-Clause */
/* asyncspan-trace list: the probes of a file, or of all objects of a process. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach/elf_probes.h"
#include "attach/process_maps.h"
#include "base/json_writer.h"
#include "base/message.h"
#include "base/number.h"
#include "base/printable.h"
#include "base/text_table.h"
#include "cmds/command.h"
#include "cmds/options.h"

struct list_options {
	const char *file;
	uint64_t pid; /* 0: a file */
	bool json;
};

/* The objects with probes that were found. */
struct listing {
	struct listed {
		char *path;
		struct elf_probes probes;
	} * objects;
	size_t count;
};

static int take_file(void *target, const char *text, struct options_error *error)
{
	struct list_options *options = target;

	if (options->file)
		return options_fail(error, "one file at a time: '%s' is the second", text);
	options->file = text;
	return 0;
}

static int check(void *target, struct options_error *error)
{
	const struct list_options *options = target;

	if (!options->file == !options->pid)
		return options_fail(error, "either FILE or --pid is needed");
	return 0;
}

static const struct option_rule rules[] = {
	OPTION_RULE('p', "pid", OPTION_NUMBER, offsetof(struct list_options, pid), "PID",
		    "the objects of a running process", .minimum = 1, .maximum = INT_MAX),
	OPTION_RULE(0, "json", OPTION_FLAG, offsetof(struct list_options, json), NULL,
		    "print one JSON document"),
};

static const char *const synopsis[] = { "FILE [OPTIONS]", "-p PID [OPTIONS]", NULL };
static const char *const examples[] = {
	"asyncspan-trace list ./server",
	"sudo asyncspan-trace list -p $(pidof server)",
	NULL,
};

static const struct options_grammar grammar = {
	.verb = "list",
	.synopsis = synopsis,
	.summary =
		"Lists the USDT probes of an executable or shared object, or of every object that\n"
		"a process executes, and says which of them can be attached to.",
	.rules = rules,
	.rule_count = sizeof(rules) / sizeof(rules[0]),
	.examples = examples,
	.operand = take_file,
	.check = check,
};

static const char *elf_error_text(int error)
{
	switch (error) {
	case -ENOEXEC:
		return "not an ELF executable or shared object";
	case -ENOTSUP:
		return "built for another machine than this one";
	case -EBADMSG:
		return "a damaged ELF file";
	case -E2BIG:
		return "more probes than can be real";
	}
	return strerror(-error);
}

/* Reads the probes behind fd and closes it; an object without probes is not added. */
static int add_object(struct listing *listing, const char *path, int fd)
{
	struct listed object = { .path = NULL };
	struct listed *objects;
	int error = elf_probes_read(fd, &object.probes);

	close(fd);
	if (error || !object.probes.count)
		return error;
	object.path = strdup(path);
	objects = object.path ? realloc(listing->objects, (listing->count + 1) * sizeof(*objects)) :
				NULL;
	if (!objects) {
		free(object.path);
		elf_probes_free(&object.probes);
		return -ENOMEM;
	}
	listing->objects = objects;
	listing->objects[listing->count++] = object;
	return 0;
}

static void listing_free(struct listing *listing)
{
	for (size_t i = 0; i < listing->count; i++) {
		free(listing->objects[i].path);
		elf_probes_free(&listing->objects[i].probes);
	}
	free(listing->objects);
}

static int read_file(struct listing *listing, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int error;

	if (fd < 0) {
		message_error("cannot open %s: %s", path, strerror(errno));
		return OPTIONS_EXIT_USAGE;
	}
	error = add_object(listing, path, fd);
	if (error) {
		message_error("cannot read %s: %s", path, elf_error_text(error));
		return OPTIONS_EXIT_USAGE;
	}
	if (!listing->count) {
		message_error("no probes in %s (was it built with asyncspan.h?)", path);
		return COMMAND_EXIT_FAILED;
	}
	return COMMAND_EXIT_OK;
}

static const char *process_hint(int error, pid_t pid, char *hint, size_t size)
{
	*hint = '\0';
	if ((error == -EACCES || error == -EPERM) && geteuid() != 0)
		snprintf(hint, size, " (try: sudo asyncspan-trace list -p %d)", (int)pid);
	return hint;
}

static int read_process(struct listing *listing, pid_t pid)
{
	struct process_objects objects;
	char hint[80];
	int error = process_objects_read(pid, &objects);

	if (error) {
		message_error("cannot look at PID %d: %s%s", (int)pid, strerror(-error),
			      process_hint(error, pid, hint, sizeof(hint)));
		return OPTIONS_EXIT_USAGE;
	}
	for (size_t i = 0; i < objects.count; i++) {
		const char *path = objects.objects[i].path;
		int fd = process_object_open(pid, &objects.objects[i]);

		error = fd < 0 ? fd : add_object(listing, path, fd);
		/* A process may execute code from files that are not ELF: compilers' caches. */
		if (error && error != -ENOEXEC)
			message_warning("PID %d: cannot read %s: %s%s", (int)pid, path,
					elf_error_text(error),
					process_hint(error, pid, hint, sizeof(hint)));
	}
	process_objects_free(&objects);
	if (!listing->count) {
		message_error("no probes in PID %d (was the program built with asyncspan.h?)",
			      (int)pid);
		return COMMAND_EXIT_FAILED;
	}
	return COMMAND_EXIT_OK;
}

static void build_id_text(const struct elf_probes *probes, char text[2 * ELF_BUILD_ID_SIZE + 1])
{
	*text = '\0';
	for (size_t i = 0; i < probes->build_id_length; i++)
		snprintf(text + 2 * i, 3, "%02x", probes->build_id[i]);
}

static void write_json_probe(struct json_writer *json, const struct elf_probe *probe)
{
	json_writer_object_begin(json, NULL);
	json_writer_string(json, "provider", probe->provider);
	json_writer_string(json, "name", probe->name);
	json_writer_string(json, "arguments", probe->arguments);
	json_writer_unsigned(json, "address", probe->address);
	json_writer_unsigned(json, "offset", probe->offset);
	if (probe->semaphore_offset)
		json_writer_unsigned(json, "semaphore_offset", probe->semaphore_offset);
	else
		json_writer_null(json, "semaphore_offset");
	json_writer_bool(json, "attachable", probe->site == ELF_SITE_NOP);
	if (probe->site == ELF_SITE_NOP)
		json_writer_null(json, "refused_because");
	else
		json_writer_string(json, "refused_because", elf_site_text(probe->site));
	json_writer_object_end(json);
}

static int write_json(const struct listing *listing)
{
	char build_id[2 * ELF_BUILD_ID_SIZE + 1];
	struct json_writer json;

	json_writer_begin(&json, stdout);
	json_writer_object_begin(&json, NULL);
	json_writer_array_begin(&json, "objects");
	for (size_t i = 0; i < listing->count; i++) {
		const struct listed *object = &listing->objects[i];

		json_writer_object_begin(&json, NULL);
		json_writer_string(&json, "path", object->path);
		build_id_text(&object->probes, build_id);
		json_writer_string(&json, "build_id", build_id);
		json_writer_array_begin(&json, "probes");
		for (size_t p = 0; p < object->probes.count; p++)
			write_json_probe(&json, &object->probes.probes[p]);
		json_writer_array_end(&json);
		json_writer_object_end(&json);
	}
	json_writer_array_end(&json);
	json_writer_object_end(&json);
	return json_writer_end(&json);
}

static void add_probe_row(struct text_table *table, const struct elf_probe *probe)
{
	char name[256];
	char address[32];

	snprintf(name, sizeof(name), "%s:%s", probe->provider, probe->name);
	text_table_add_text(table, name);
	snprintf(address, sizeof(address), "0x%" PRIx64, probe->address);
	text_table_add_text(table, address);
	text_table_add_text(table, probe->arguments);
	text_table_add_text(table, probe->site == ELF_SITE_NOP ? "" : "refused");
}

static void write_refused(const struct elf_probes *probes)
{
	for (int site = ELF_SITE_NOP + 1; site <= ELF_SITE_UNMAPPED; site++) {
		char count[NUMBER_TEXT_SIZE];
		size_t refused = 0;

		for (size_t i = 0; i < probes->count; i++)
			refused += probes->probes[i].site == (enum elf_site)site;
		if (refused)
			printf("%s refused: %s\n", number_format(refused, count),
			       elf_site_text((enum elf_site)site));
	}
}

static int write_object(const struct listed *object)
{
	static const struct text_column columns[] = {
		{ .title = "probe" },
		{ .title = "address", .align = TEXT_RIGHT },
		{ .title = "arguments", .shrinks = true, .hide_if_empty = true },
		{ .title = "", .hide_if_empty = true },
	};
	struct text_table *table = text_table_new(columns, sizeof(columns) / sizeof(columns[0]));
	char path[PATH_MAX * PRINTABLE_EXPANSION];
	char build_id[2 * ELF_BUILD_ID_SIZE + 1];
	int error;

	printable_escape(path, sizeof(path), object->path, strlen(object->path));
	printf("%s\n", path);
	build_id_text(&object->probes, build_id);
	if (*build_id)
		printf("build id %s\n", build_id);
	for (size_t i = 0; i < object->probes.count; i++)
		add_probe_row(table, &object->probes.probes[i]);
	error = text_table_print(table, stdout, text_table_width(stdout));
	text_table_free(table);
	if (!error)
		write_refused(&object->probes);
	return error;
}

static int write_text(const struct listing *listing)
{
	int error = 0;

	for (size_t i = 0; i < listing->count && !error; i++) {
		if (i)
			putchar('\n');
		error = write_object(&listing->objects[i]);
	}
	if (!error && fflush(stdout))
		error = -errno;
	return error;
}

int list_run(int argc, char **argv)
{
	struct list_options options = { .file = NULL };
	struct listing listing = { .objects = NULL };
	int status = options_parse(&grammar, argc, argv, &options);
	int error;

	if (status != OPTIONS_PROCEED)
		return status;
	if (options.file)
		status = read_file(&listing, options.file);
	else
		status = read_process(&listing, (pid_t)options.pid);
	if (status == COMMAND_EXIT_OK || options.json) {
		error = options.json ? write_json(&listing) : write_text(&listing);
		if (error) {
			message_error("cannot write the list: %s", strerror(-error));
			status = OPTIONS_EXIT_USAGE;
		}
	}
	listing_free(&listing);
	return status;
}
