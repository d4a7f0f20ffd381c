/* SPDX-License-Identifier: BSD-2-Clause */
/* asyncspan/glib.h where it is easily wrong: sources replaced, found, removed inside; odd tasks. */
#include <asyncspan/glib.h>
#include "check.h"

static int calls, dropped;

static void iterate(void)
{
	while (g_main_context_iteration(NULL, FALSE))
		;
}

static void drop(gpointer data)
{
	CHECK(data == &calls);
	dropped++;
}

static gboolean once(gpointer data)
{
	CHECK(data == &calls);
	calls++;
	return G_SOURCE_REMOVE;
}

static gboolean remove_itself(gpointer data)
{
	CHECK(data == &calls);
	calls++;
	CHECK(g_source_remove(g_source_get_id(g_main_current_source())));
	CHECK(dropped == 0); /* while the callback runs its data is needed */
	return G_SOURCE_CONTINUE;
}

static gboolean runs_others(gpointer data)
{
	CHECK(data == &calls);
	asyncspan_g_idle_add(once, &calls);
	iterate();
	CHECK(calls == 1);
	return G_SOURCE_REMOVE;
}

static void replaced(void)
{
	GSource *source = g_idle_source_new();

	calls = dropped = 0;
	asyncspan_g_source_set_callback(source, once, &calls, drop);
	g_source_set_callback(source, once, &calls, drop);
	CHECK(dropped == 1);
	tell("g_source once", "-", 0, ASYNCSPAN_CANCELLED);
	g_source_attach(source, NULL);
	g_source_unref(source);
	iterate();
	CHECK(calls == 1 && dropped == 2);
}

static void found_and_removed(void)
{
	GSource *found;
	guint id;

	calls = dropped = 0;
	id = asyncspan_g_idle_add_full(G_PRIORITY_HIGH, once, &calls, drop);
	found = g_main_context_find_source_by_user_data(NULL, &calls);
	CHECK(found && g_source_get_id(found) == id && g_source_get_priority(found) == -100);
	CHECK(found == g_main_context_find_source_by_funcs_user_data(NULL, &g_idle_funcs, &calls));
	CHECK(g_source_remove_by_user_data(&calls) && dropped == 1);
	tell("g_idle_add once", "-", 0, ASYNCSPAN_CANCELLED);

	dropped = 0;
	asyncspan_g_timeout_add_full(G_PRIORITY_DEFAULT, 0, remove_itself, &calls, drop);
	while (!dropped)
		g_main_context_iteration(NULL, TRUE);
	CHECK(calls == 1);
	tell("g_timeout_add remove_itself", "-", 1, 0);
}

static void nested(void)
{
	calls = 0;
	asyncspan_g_idle_add(runs_others, &calls);
	iterate();
	tell("g_idle_add runs_others", "-", 1, 0);
	tell("g_idle_add once", "g_idle_add runs_others", 1, 0);
}

static void failed(GObject *object, GAsyncResult *result, gpointer data)
{
	GError *error = NULL;

	(void)object;
	CHECK(data == &calls && g_task_is_valid(result, NULL));
	CHECK(!g_task_propagate_boolean(G_TASK(result), &error) && error);
	g_clear_error(&error);
	calls++;
}

static void in_thread(GTask *task, gpointer object, gpointer data, GCancellable *cancellable)
{
	(void)object, (void)data, (void)cancellable;
	g_task_return_boolean(task, TRUE);
}

static void tasks(void)
{
	GCancellable *cancellable = g_cancellable_new();
	GTask *task = asyncspan_g_task_new(NULL, NULL, NULL, NULL);
	struct story synchronous = { "g_task_new nobody", "-", 0, 1, 0 };

	calls = 0;
	g_task_return_boolean(task, TRUE);
	g_object_unref(task);
	iterate();
	tell("g_task_new NULL", "-", 1, 0);

	task = asyncspan_g_task_new(NULL, NULL, failed, &calls);
	g_task_return_new_error(task, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "plain");
	g_object_unref(task);
	iterate();
	tell("g_task_new failed", "-", 1, 1);

	task = asyncspan_g_task_new(NULL, NULL, failed, &calls);
	asyncspan_g_task_return_error(task, g_error_new(G_IO_ERROR, G_IO_ERROR_EXISTS, "code"));
	g_object_unref(task);
	iterate();
	tell("g_task_new failed", "-", 1, G_IO_ERROR_EXISTS);

	task = asyncspan_g_task_new(NULL, cancellable, failed, &calls);
	g_cancellable_cancel(cancellable);
	CHECK(g_task_return_error_if_cancelled(task));
	g_object_unref(task);
	iterate();
	tell("g_task_new failed", "-", 1, ASYNCSPAN_CANCELLED);
	CHECK(calls == 3);
	g_object_unref(cancellable);

#define nobody NULL
	task = asyncspan_g_task_new(NULL, NULL, nobody, NULL);
	asyncspan_g_task_run_in_thread_sync(task, in_thread);
	CHECK(g_task_propagate_boolean(task, NULL));
	g_object_unref(task);
	story_end(&synchronous, 0);
}

int main(void)
{
	replaced();
	found_and_removed();
	nested();
	tasks();
	return 0;
}
