/* SPDX-License-Identifier: BSD-2-Clause */
#include "attach/process_maps.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/number.h"

/* vm.max_map_count can be set so high; a real process has some thousands at most. */
#define MAPPINGS_MAX (1U << 20)

#define DELETED " (deleted)"

/* One line of /proc/PID/maps. */
struct line {
	uint64_t start, end, offset, major, minor, inode;
	bool executable;
	char *path; /* points into the line */
};

/* *array holds count elements; it grows when that is a power of two. */
static int make_room(void *array, size_t count, size_t size)
{
	void *grown;

	if (count & (count - 1))
		return 0;
	grown = realloc(*(void **)array, (count ? count * 2 : 1) * size);
	if (!grown)
		return -ENOMEM;
	*(void **)array = grown;
	return 0;
}

/* The character is there: it is stepped over. */
static bool take_character(const char **text, char character)
{
	if (**text != character)
		return false;
	(*text)++;
	return true;
}

/* proc(5): "start-end permissions offset major:minor inode path", all but the inode in base 16. */
static int parse_line(char *text, struct line *line)
{
	const char *rest = text;
	const char *permissions;

	if (!number_take(&rest, 16, &line->start) || !take_character(&rest, '-') ||
	    !number_take(&rest, 16, &line->end) || line->end <= line->start)
		return -EBADMSG;
	permissions = rest + strspn(rest, " ");
	rest = permissions + strcspn(permissions, " ");
	if (rest - permissions != 4 || !number_take(&rest, 16, &line->offset) ||
	    !number_take(&rest, 16, &line->major) || !take_character(&rest, ':') ||
	    !number_take(&rest, 16, &line->minor) || !number_take(&rest, 10, &line->inode))
		return -EBADMSG;
	line->executable = permissions[2] == 'x';
	line->path = text + (rest - text) + strspn(rest, " ");
	line->path[strcspn(line->path, "\n")] = '\0';
	return 0;
}

/* The kernel writes a line feed in a path as \012, and only that. */
static void unescape(char *path)
{
	char *out = path;

	for (const char *in = path; *in; out++) {
		bool line_feed = strncmp(in, "\\012", 4) == 0;

		if (line_feed)
			*out = '\n';
		else
			*out = *in;
		in += line_feed ? 4 : 1;
	}
	*out = '\0';
}

static bool take_suffix(char *text, const char *suffix)
{
	size_t length = strlen(text);
	size_t suffix_length = strlen(suffix);

	if (length < suffix_length || strcmp(text + length - suffix_length, suffix) != 0)
		return false;
	text[length - suffix_length] = '\0';
	return true;
}

static dev_t device_of(const struct line *line)
{
	return makedev((unsigned int)line->major, (unsigned int)line->minor);
}

static int add_object(struct process_objects *out, const struct line *line)
{
	struct process_object *object;
	int error = make_room(&out->objects, out->count, sizeof(*out->objects));

	if (error)
		return error;
	object = &out->objects[out->count];
	*object = (struct process_object){
		.device = device_of(line),
		.inode = line->inode,
		.path = strdup(line->path),
	};
	if (!object->path)
		return -ENOMEM;
	object->deleted = take_suffix(object->path, DELETED);
	unescape(object->path);
	out->count++;
	return 0;
}

/* Objects are few, and the mappings of one lie together: the search starts with the last. */
static size_t find_object(const struct process_objects *objects, const struct line *line)
{
	size_t i = objects->count;

	while (i-- > 0) {
		const struct process_object *object = &objects->objects[i];

		if (object->inode == line->inode && object->device == device_of(line))
			return i;
	}
	return objects->count;
}

static int add_mapping(struct process_objects *out, const struct line *line)
{
	size_t index = find_object(out, line);
	struct process_object *object;
	int error;

	if (index == out->count) {
		error = add_object(out, line);
		if (error)
			return error;
	}
	error = make_room(&out->mappings, out->mapping_count, sizeof(*out->mappings));
	if (error)
		return error;
	out->mappings[out->mapping_count++] = (struct process_mapping){
		.start = line->start, .end = line->end, .offset = line->offset, .object = index
	};
	object = &out->objects[index];
	if (line->executable && !object->end) {
		object->start = line->start;
		object->end = line->end;
		object->offset = line->offset;
	}
	return 0;
}

/* Files without an executable mapping (data, locale archives) are none of our objects. */
static int drop_data_files(struct process_objects *objects)
{
	size_t *renumbered = calloc(objects->count + 1, sizeof(*renumbered));
	size_t kept = 0;
	size_t kept_mappings = 0;

	if (!renumbered)
		return -ENOMEM;
	for (size_t i = 0; i < objects->count; i++) {
		renumbered[i] = SIZE_MAX;
		if (objects->objects[i].end) {
			renumbered[i] = kept;
			objects->objects[kept++] = objects->objects[i];
		} else {
			free(objects->objects[i].path);
		}
	}
	objects->count = kept;
	for (size_t i = 0; i < objects->mapping_count; i++) {
		struct process_mapping mapping = objects->mappings[i];

		mapping.object = renumbered[mapping.object];
		if (mapping.object != SIZE_MAX)
			objects->mappings[kept_mappings++] = mapping;
	}
	objects->mapping_count = kept_mappings;
	free(renumbered);
	return 0;
}

static int read_lines(FILE *file, struct process_objects *out)
{
	char *text = NULL;
	size_t room = 0;
	int error = 0;

	while (!error && getline(&text, &room, file) > 0) {
		struct line line;

		error = parse_line(text, &line);
		/* No inode: anonymous memory. No '/': none of a file, such as [vdso]. */
		if (error || !line.inode || line.path[0] != '/')
			continue;
		error = out->mapping_count < MAPPINGS_MAX ? add_mapping(out, &line) : -E2BIG;
	}
	/* A process that ends meanwhile ends the text: ESRCH, which is no damage. */
	if (!error && ferror(file))
		error = errno ? -errno : -EIO;
	free(text);
	return error;
}

int process_objects_parse(int fd, struct process_objects *out)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	FILE *file = copy < 0 ? NULL : fdopen(copy, "re");
	int error;

	memset(out, 0, sizeof(*out));
	if (!file) {
		error = -errno;
		if (copy >= 0)
			close(copy);
		return error;
	}
	errno = 0;
	error = read_lines(file, out);
	if (!error)
		error = drop_data_files(out);
	if (error)
		process_objects_free(out);
	fclose(file);
	return error;
}

int process_objects_read(pid_t pid, struct process_objects *out)
{
	char path[64];
	int error;
	int fd;

	memset(out, 0, sizeof(*out));
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	error = process_objects_parse(fd, out);
	close(fd);
	return error;
}

void process_objects_free(struct process_objects *objects)
{
	for (size_t i = 0; i < objects->count; i++)
		free(objects->objects[i].path);
	free(objects->objects);
	free(objects->mappings);
	memset(objects, 0, sizeof(*objects));
}

const struct process_object *process_objects_find(const struct process_objects *objects,
						  uint64_t address)
{
	size_t low = 0;
	size_t high = objects->mapping_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct process_mapping *mapping = &objects->mappings[middle];

		if (address < mapping->start)
			high = middle;
		else if (address >= mapping->end)
			low = middle + 1;
		else
			return &objects->objects[mapping->object];
	}
	return NULL;
}

/*
 * What the process has put there may be a device or a FIFO, whose opening has effects or waits: it
 * is looked at before it is opened for reading. Closes place.
 */
static int open_regular(int place, const struct process_object *object)
{
	struct stat status;
	char path[64];
	int result = -ESTALE;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", place);
	if (fstat(place, &status))
		result = -errno;
	else if (S_ISREG(status.st_mode) &&
		 (status.st_dev != object->device || status.st_ino == object->inode))
		result = open(path, O_RDONLY | O_CLOEXEC);
	if (result == -1)
		result = -errno;
	close(place);
	return result;
}

/*
 * The process's root is as hostile as the process: a symbolic link could lead out of it. The kernel
 * gives paths without any, so one that is met now was put there since. Takes over directory.
 */
static int open_without_links(int directory, char *path)
{
	char *rest = NULL;
	int place = directory;

	for (char *name = strtok_r(path, "/", &rest); name; name = strtok_r(NULL, "/", &rest)) {
		place = strcmp(name, "..") == 0 ?
				-ESTALE :
				openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (place == -1)
			place = -errno;
		close(directory);
		if (place < 0)
			break;
		directory = place;
	}
	return place;
}

static int open_in_root(pid_t pid, const struct process_object *object)
{
	char root_path[64];
	char *path;
	int place;
	int root;

	if (object->deleted)
		return -ENOENT;
	path = strdup(object->path);
	if (!path)
		return -ENOMEM;
	snprintf(root_path, sizeof(root_path), "/proc/%d/root", (int)pid);
	root = open(root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	place = root < 0 ? -errno : open_without_links(root, path);
	free(path);
	return place < 0 ? place : open_regular(place, object);
}

int process_object_open(pid_t pid, const struct process_object *object)
{
	char path[96];
	int place;

	/* The mapping itself: right even when another file has taken the name. */
	snprintf(path, sizeof(path), "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, (int)pid,
		 object->start, object->end);
	place = open(path, O_PATH | O_CLOEXEC);
	return place >= 0 ? open_regular(place, object) : open_in_root(pid, object);
}
