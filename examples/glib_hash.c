/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GLib with asyncspan/glib.h: the SHA-256 of files, each a GTask on a thread; one task cancelled
 * and one dropped; and sources of the main loop of every kind.
 *
 *	asyncspan-trace -- build/examples/glib_hash FILE...
 */
#include <asyncspan/glib.h>
#include "story/story.h"

enum { TICKS = 3 };

struct job {
	gchar *path;
	struct story story;
};

static GMainLoop *loop;
static gint waiting; /* for so many things to happen */
static int data_dropped;

static struct story ticks = { .name = "g_timeout_add on_tick", .parent = "-" };
static struct story idle = { .name = "g_idle_add on_idle", .parent = "-" };
static struct story channel = { .name = "g_io_add_watch on_channel", .parent = "-" };
static struct story descriptor = { .name = "g_unix_fd_add on_descriptor", .parent = "-" };
static struct story child = { .name = "g_child_watch_add on_child", .parent = "-" };
static struct story own = { .name = "g_source on_own_source", .parent = "g_idle_add on_idle" };

static void happened(struct story *story, int status)
{
	story_end(story, status);
	if (--waiting == 0)
		g_main_loop_quit(loop);
}

/* In a thread of GLib's pool. */
static void hash_file(GTask *task, gpointer object, gpointer task_data, GCancellable *cancellable)
{
	struct job *job = task_data;
	GError *error = NULL;
	gchar *content;
	gsize size;

	(void)object;
	story_poll(&job->story);
	if (g_cancellable_set_error_if_cancelled(cancellable, &error) ||
	    !g_file_get_contents(job->path, &content, &size, &error)) {
		asyncspan_g_task_return_error(task, error);
		return;
	}
	g_task_return_pointer(
		task, g_compute_checksum_for_data(G_CHECKSUM_SHA256, (guchar *)content, size),
		g_free);
	g_free(content);
}

static void free_job(gpointer data)
{
	struct job *job = data;

	g_free(job->path);
	g_free(job);
}

static void on_hash(GObject *object, GAsyncResult *result, gpointer data)
{
	GTask *task = G_TASK(result);
	struct job *job = g_task_get_task_data(task);
	GError *error = NULL;
	gchar *hash = g_task_propagate_pointer(task, &error);
	int status = 0;

	(void)object;
	g_assert(data == &waiting && g_async_result_get_user_data(result) == &waiting);
	story_poll(&job->story);
	if (hash) {
		printf("%s %s\n", hash, job->path);
	} else {
		printf("%s: %s\n", job->path, error->message);
		status = g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ?
				 ASYNCSPAN_CANCELLED :
				 error->code;
	}
	g_clear_error(&error);
	g_free(hash);
	happened(&job->story, status);
}

static GTask *new_job(const char *path, GCancellable *cancellable)
{
	GTask *task = asyncspan_g_task_new(NULL, cancellable, on_hash, &waiting);
	struct job *job = g_new0(struct job, 1);

	job->path = g_strdup(path);
	job->story = (struct story){ .name = "g_task_new on_hash", .parent = "hash files" };
	g_task_set_task_data(task, job, free_job);
	return task;
}

static void start_job(const char *path, GCancellable *cancellable)
{
	GTask *task = new_job(path, cancellable);

	waiting++;
	asyncspan_g_task_run_in_thread(task, hash_file);
	g_object_unref(task);
}

static void start_jobs(int count, char **paths)
{
	struct story told = { .name = "hash files", .parent = "-" };
	GCancellable *cancelled = g_cancellable_new();
	GTask *dropped;
	asyncspan_t span;
	int i;

	ASYNCSPAN_BEGIN(&span, "hash files");
	story_poll(&told);
	for (i = 0; i < count; i++)
		start_job(paths[i], NULL);
	g_cancellable_cancel(cancelled);
	start_job("never read", cancelled);
	g_object_unref(cancelled);
	dropped = new_job("never started", NULL);
	g_object_unref(dropped);
	story_end(&(struct story){ .name = "g_task_new on_hash", .parent = "hash files" },
		  ASYNCSPAN_CANCELLED);
	ASYNCSPAN_END(&span);
	story_end(&told, 0);
}

static gboolean on_tick(gpointer data)
{
	g_assert(data == &ticks);
	story_poll(&ticks);
	if (ticks.polls < TICKS)
		return G_SOURCE_CONTINUE;
	happened(&ticks, 0);
	return G_SOURCE_REMOVE;
}

static gboolean on_never(gpointer data)
{
	(void)data;
	g_assert_not_reached();
}

static gboolean on_own_source(gpointer data)
{
	g_assert(data == &own);
	story_poll(&own);
	happened(&own, 0);
	return G_SOURCE_REMOVE;
}

static void drop_data(gpointer data)
{
	(void)data;
	data_dropped++;
}

static gboolean on_idle(gpointer data)
{
	GSource *source = g_idle_source_new();

	g_assert(data == &idle && g_source_is_destroyed(g_main_current_source()) == FALSE);
	story_poll(&idle);
	asyncspan_g_source_set_callback(source, on_own_source, &own, drop_data);
	g_source_attach(source, NULL);
	g_source_unref(source);
	happened(&idle, 0);
	return G_SOURCE_REMOVE;
}

static gboolean on_channel(GIOChannel *readable, GIOCondition condition, gpointer data)
{
	gchar byte;
	gsize got = 0;

	(void)condition;
	g_assert(data == &channel);
	story_poll(&channel);
	g_io_channel_read_chars(readable, &byte, 1, &got, NULL);
	happened(&channel, 0);
	return G_SOURCE_REMOVE;
}

static gboolean on_descriptor(gint fd, GIOCondition condition, gpointer data)
{
	char byte;

	(void)condition;
	g_assert(data == &descriptor);
	story_poll(&descriptor);
	if (read(fd, &byte, 1) == 1 && byte != 'c')
		return G_SOURCE_CONTINUE;
	happened(&descriptor, 0);
	return G_SOURCE_REMOVE;
}

static void on_child(GPid pid, gint wait_status, gpointer data)
{
	g_assert(data == &child && wait_status == 0);
	story_poll(&child);
	g_spawn_close_pid(pid);
	happened(&child, 0);
}

static void start_child(void)
{
	gchar *command[] = { (gchar *)"/bin/true", NULL };
	GPid pid;

	if (g_spawn_async(NULL, command, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, NULL))
		asyncspan_g_child_watch_add(pid, on_child, &child);
	else
		waiting--;
}

int main(int argc, char **argv)
{
	int first[2], second[2];
	GIOChannel *readable;
	int never;

	if (argc < 2) {
		g_printerr("usage: %s FILE...\n", argv[0]);
		return 2;
	}
	if (pipe(first) != 0 || pipe(second) != 0)
		return 1;
	loop = g_main_loop_new(NULL, FALSE);
	waiting = 6; /* and one more for each task */
	start_jobs(argc - 1, argv + 1);
	asyncspan_g_timeout_add(1, on_tick, &ticks);
	asyncspan_g_idle_add(on_idle, &idle);
	readable = g_io_channel_unix_new(first[0]);
	asyncspan_g_io_add_watch(readable, G_IO_IN, on_channel, &channel);
	asyncspan_g_unix_fd_add(second[0], G_IO_IN, on_descriptor, &descriptor);
	start_child();
	if (write(first[1], "a", 1) != 1 || write(second[1], "abc", 3) != 3)
		return 1;

	/* Found again by the data that it was given, and removed before it ran. */
	asyncspan_g_idle_add_full(G_PRIORITY_LOW, on_never, &never, drop_data);
	if (!g_idle_remove_by_data(&never))
		return 1;
	story_end(&(struct story){ .name = "g_idle_add on_never", .parent = "-" },
		  ASYNCSPAN_CANCELLED);

	g_main_loop_run(loop);
	g_io_channel_unref(readable);
	g_main_loop_unref(loop);
	return data_dropped == 2 ? 0 : 1;
}
