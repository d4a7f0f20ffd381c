/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * asyncspan/glib.h: GTask and the main loop's sources as spans.
 *
 *	task = asyncspan_g_task_new(object, cancellable, on_loaded, data);	for g_task_new
 *	asyncspan_g_task_run_in_thread(task, load);
 *	asyncspan_g_timeout_add(100, on_timeout, data);
 *	asyncspan_g_source_set_callback(source, callback, data, notify);	any source of a GSourceFunc
 *
 * A task is a span from g_task_new to the end of its callback: a child of the span entered where it
 * was made, entered while the thread function and the callback run. A task that failed ends with
 * the code of the error handed to asyncspan_g_task_return_error (with plain g_task_return_error, 1);
 * cancelled by its GCancellable, or dropped without a result, it is cancelled.
 *
 * A source is a span from the call to its destruction; each dispatch is a poll. Destroyed before
 * the first, it is cancelled.
 *
 * Values returned, user data, destroy notifications, priorities and g_source_remove_by_user_data
 * and its kin are as GLib has them. Untraced, GLib's own function is called.
 */
#ifndef ASYNCSPAN_GLIB_H
#define ASYNCSPAN_GLIB_H

#include <asyncspan.h>
#include <gio/gio.h>
#include <glib-unix.h>

#ifdef ASYNCSPAN_DISABLE

#define asyncspan_g_source_set_callback(source, func, data, notify) \
	g_source_set_callback(source, func, data, notify)
#define asyncspan_g_idle_add(func, data) g_idle_add(func, data)
#define asyncspan_g_idle_add_full(priority, func, data, notify) \
	g_idle_add_full(priority, func, data, notify)
#define asyncspan_g_timeout_add(interval, func, data) g_timeout_add(interval, func, data)
#define asyncspan_g_timeout_add_full(priority, interval, func, data, notify) \
	g_timeout_add_full(priority, interval, func, data, notify)
#define asyncspan_g_timeout_add_seconds(interval, func, data) \
	g_timeout_add_seconds(interval, func, data)
#define asyncspan_g_io_add_watch(channel, condition, func, data) \
	g_io_add_watch(channel, condition, func, data)
#define asyncspan_g_unix_fd_add(fd, condition, func, data) g_unix_fd_add(fd, condition, func, data)
#define asyncspan_g_child_watch_add(pid, func, data) g_child_watch_add(pid, func, data)
#define asyncspan_g_task_new(object, cancellable, callback, data) \
	g_task_new(object, cancellable, callback, data)
#define asyncspan_g_task_run_in_thread(task, func) g_task_run_in_thread(task, func)
#define asyncspan_g_task_run_in_thread_sync(task, func) g_task_run_in_thread_sync(task, func)
#define asyncspan_g_task_return_error(task, error) g_task_return_error(task, error)

#else /* !ASYNCSPAN_DISABLE */

G_BEGIN_DECLS

/*
 * The callback of a source. GLib asks for the function and its data before each dispatch, and when
 * it looks for the source of some data: it is told the application's data, and a function that
 * finds the watch where the question left it, which on this thread was just before.
 */
struct asyncspan__g_watch {
	gint references;
	asyncspan_t span;
	GSourceFunc enter; /* the adapter's, of the same type as the callback */
	GSourceFunc callback;
	gpointer data;
	GDestroyNotify notify;
	gulong calls;
};

static __thread struct asyncspan__g_watch *asyncspan__g_asked ASYNCSPAN__UNUSED = NULL;

static inline void asyncspan__g_ref(gpointer watch)
{
	g_atomic_int_inc(&((struct asyncspan__g_watch *)watch)->references);
}

static inline void asyncspan__g_unref(gpointer data)
{
	struct asyncspan__g_watch *watch = (struct asyncspan__g_watch *)data;

	if (!g_atomic_int_dec_and_test(&watch->references))
		return;
	ASYNCSPAN_END_STATUS(&watch->span, watch->calls ? 0 : ASYNCSPAN_CANCELLED);
	if (watch->notify)
		watch->notify(watch->data);
	g_free(watch);
}

static inline void asyncspan__g_get(gpointer data, GSource *source, GSourceFunc *callback,
				    gpointer *callback_data)
{
	struct asyncspan__g_watch *watch = (struct asyncspan__g_watch *)data;

	(void)source;
	asyncspan__g_asked = watch;
	*callback = watch->enter;
	*callback_data = watch->data;
}

static inline struct asyncspan__g_watch *asyncspan__g_enter(void)
{
	struct asyncspan__g_watch *watch = asyncspan__g_asked;

	watch->calls++;
	ASYNCSPAN_RESUME(&watch->span);
	return watch;
}

static inline gboolean asyncspan__g_source_func(gpointer data)
{
	struct asyncspan__g_watch *watch = asyncspan__g_enter();
	gboolean result = watch->callback(data);

	ASYNCSPAN_SUSPEND(&watch->span);
	return result;
}

static inline gboolean asyncspan__g_io_func(GIOChannel *channel, GIOCondition condition,
					    gpointer data)
{
	struct asyncspan__g_watch *watch = asyncspan__g_enter();
	gboolean result = ((GIOFunc)G_CALLBACK(watch->callback))(channel, condition, data);

	ASYNCSPAN_SUSPEND(&watch->span);
	return result;
}

static inline gboolean asyncspan__g_unix_fd_func(gint fd, GIOCondition condition, gpointer data)
{
	struct asyncspan__g_watch *watch = asyncspan__g_enter();
	gboolean result = ((GUnixFDSourceFunc)G_CALLBACK(watch->callback))(fd, condition, data);

	ASYNCSPAN_SUSPEND(&watch->span);
	return result;
}

static inline void asyncspan__g_child_func(GPid pid, gint status, gpointer data)
{
	struct asyncspan__g_watch *watch = asyncspan__g_enter();

	((GChildWatchFunc)G_CALLBACK(watch->callback))(pid, status, data);
	ASYNCSPAN_SUSPEND(&watch->span);
}

/* Sets a callback that is a span; enter is one of the four above. */
ASYNCSPAN__COLD static void asyncspan__g_set_watch(GSource *source, GSourceFunc enter,
						   GSourceFunc callback, gpointer data,
						   GDestroyNotify notify,
						   const struct asyncspan_location *here)
{
	static GSourceCallbackFuncs functions = { asyncspan__g_ref, asyncspan__g_unref,
						  asyncspan__g_get };
	struct asyncspan__g_watch *watch = g_new0(struct asyncspan__g_watch, 1);

	watch->references = 1;
	watch->enter = enter;
	watch->callback = callback;
	watch->data = data;
	watch->notify = notify;
	ASYNCSPAN_SPAWN_AT(&watch->span, here);
	g_source_set_callback_indirect(source, watch, &functions);
}

static inline void asyncspan__g_source_set_callback(GSource *source, GSourceFunc callback,
						    gpointer data, GDestroyNotify notify,
						    const struct asyncspan_location *here)
{
	if (callback && asyncspan_enabled())
		asyncspan__g_set_watch(source, asyncspan__g_source_func, callback, data, notify,
				       here);
	else
		g_source_set_callback(source, callback, data, notify);
}

/* The rest of every g_..._add: attached to the default context, which then owns the source. */
static inline guint asyncspan__g_add(GSource *source, gint priority, GSourceFunc enter,
				     GSourceFunc callback, gpointer data, GDestroyNotify notify,
				     const struct asyncspan_location *here)
{
	guint id;

	g_source_set_priority(source, priority);
	if (asyncspan_enabled())
		asyncspan__g_set_watch(source, enter, callback, data, notify, here);
	else
		g_source_set_callback(source, callback, data, notify);
	id = g_source_attach(source, NULL);
	g_source_unref(source);
	return id;
}

static inline guint asyncspan__g_idle_add(gint priority, GSourceFunc func, gpointer data,
					  GDestroyNotify notify,
					  const struct asyncspan_location *here)
{
	if (!func || !asyncspan_enabled())
		return g_idle_add_full(priority, func, data, notify);
	return asyncspan__g_add(g_idle_source_new(), priority, asyncspan__g_source_func, func, data,
				notify, here);
}

static inline guint asyncspan__g_timeout_add(gint priority, guint interval, GSourceFunc func,
					     gpointer data, GDestroyNotify notify,
					     const struct asyncspan_location *here)
{
	if (!func || !asyncspan_enabled())
		return g_timeout_add_full(priority, interval, func, data, notify);
	return asyncspan__g_add(g_timeout_source_new(interval), priority, asyncspan__g_source_func,
				func, data, notify, here);
}

static inline guint asyncspan__g_timeout_add_seconds(guint interval, GSourceFunc func,
						     gpointer data,
						     const struct asyncspan_location *here)
{
	if (!func || !asyncspan_enabled())
		return g_timeout_add_seconds(interval, func, data);
	return asyncspan__g_add(g_timeout_source_new_seconds(interval), G_PRIORITY_DEFAULT,
				asyncspan__g_source_func, func, data, NULL, here);
}

static inline guint asyncspan__g_io_add_watch(GIOChannel *channel, GIOCondition condition,
					      GIOFunc func, gpointer data,
					      const struct asyncspan_location *here)
{
	if (!channel || !func || !asyncspan_enabled())
		return g_io_add_watch(channel, condition, func, data);
	return asyncspan__g_add(g_io_create_watch(channel, condition), G_PRIORITY_DEFAULT,
				G_SOURCE_FUNC(asyncspan__g_io_func), G_SOURCE_FUNC(func), data,
				NULL, here);
}

static inline guint asyncspan__g_unix_fd_add(gint fd, GIOCondition condition,
					     GUnixFDSourceFunc func, gpointer data,
					     const struct asyncspan_location *here)
{
	if (!func || !asyncspan_enabled())
		return g_unix_fd_add(fd, condition, func, data);
	return asyncspan__g_add(g_unix_fd_source_new(fd, condition), G_PRIORITY_DEFAULT,
				G_SOURCE_FUNC(asyncspan__g_unix_fd_func), G_SOURCE_FUNC(func), data,
				NULL, here);
}

static inline guint asyncspan__g_child_watch_add(GPid pid, GChildWatchFunc func, gpointer data,
						 const struct asyncspan_location *here)
{
	if (!func || !asyncspan_enabled())
		return g_child_watch_add(pid, func, data);
	return asyncspan__g_add(g_child_watch_source_new(pid), G_PRIORITY_DEFAULT,
				G_SOURCE_FUNC(asyncspan__g_child_func), G_SOURCE_FUNC(func), data,
				NULL, here);
}

#define ASYNCSPAN__G_CALL(name, function, ...)                        \
	__extension__({                                               \
		ASYNCSPAN_LOCATION(asyncspan__here, name);            \
		asyncspan__##function(__VA_ARGS__, &asyncspan__here); \
	})

#define asyncspan_g_source_set_callback(source, func, data, notify)                           \
	ASYNCSPAN__G_CALL("g_source " #func, g_source_set_callback, (source), (func), (data), \
			  (notify))
#define asyncspan_g_idle_add(func, data)                                                    \
	ASYNCSPAN__G_CALL("g_idle_add " #func, g_idle_add, G_PRIORITY_DEFAULT_IDLE, (func), \
			  (data), NULL)
#define asyncspan_g_idle_add_full(priority, func, data, notify) \
	ASYNCSPAN__G_CALL("g_idle_add " #func, g_idle_add, (priority), (func), (data), (notify))
#define asyncspan_g_timeout_add(interval, func, data)                                            \
	ASYNCSPAN__G_CALL("g_timeout_add " #func, g_timeout_add, G_PRIORITY_DEFAULT, (interval), \
			  (func), (data), NULL)
#define asyncspan_g_timeout_add_full(priority, interval, func, data, notify)                     \
	ASYNCSPAN__G_CALL("g_timeout_add " #func, g_timeout_add, (priority), (interval), (func), \
			  (data), (notify))
#define asyncspan_g_timeout_add_seconds(interval, func, data)                                \
	ASYNCSPAN__G_CALL("g_timeout_add_seconds " #func, g_timeout_add_seconds, (interval), \
			  (func), (data))
#define asyncspan_g_io_add_watch(channel, condition, func, data)                                   \
	ASYNCSPAN__G_CALL("g_io_add_watch " #func, g_io_add_watch, (channel), (condition), (func), \
			  (data))
#define asyncspan_g_unix_fd_add(fd, condition, func, data) \
	ASYNCSPAN__G_CALL("g_unix_fd_add " #func, g_unix_fd_add, (fd), (condition), (func), (data))
#define asyncspan_g_child_watch_add(pid, func, data) \
	ASYNCSPAN__G_CALL("g_child_watch_add " #func, g_child_watch_add, (pid), (func), (data))

/* Tasks: what belongs to one hangs on the GTask itself, which frees it. */
struct asyncspan__g_task {
	asyncspan_t span;
	GAsyncReadyCallback callback;
	GTaskThreadFunc thread_func;
	gint status; /* of the error that was returned; 0: none was */
};

/* A quark is the same number for every file and object of the process. */
static inline struct asyncspan__g_task *asyncspan__g_task_of(gpointer task)
{
	return (struct asyncspan__g_task *)g_object_get_qdata(
		(GObject *)task, g_quark_from_static_string("asyncspan-task"));
}

static inline void asyncspan__g_task_drop(gpointer data)
{
	struct asyncspan__g_task *known = (struct asyncspan__g_task *)data;

	ASYNCSPAN_END_STATUS(&known->span, ASYNCSPAN_CANCELLED);
	g_free(known);
}

static inline gint asyncspan__g_task_status(GTask *task, const struct asyncspan__g_task *known)
{
	GCancellable *cancellable = g_task_get_cancellable(task);

	if (known->status)
		return known->status;
	if (!g_task_had_error(task))
		return 0;
	return cancellable && g_cancellable_is_cancelled(cancellable) ? ASYNCSPAN_CANCELLED : 1;
}

static inline void asyncspan__g_task_ready(GObject *object, GAsyncResult *result, gpointer data)
{
	struct asyncspan__g_task *known = asyncspan__g_task_of(result);
	gint status = asyncspan__g_task_status((GTask *)(gpointer)result, known);
	asyncspan_t span = known->span;

	/* From here on this function ends the span: the callback may drop the task. */
	known->span.id = 0;
	ASYNCSPAN_RESUME(&span);
	if (known->callback)
		known->callback(object, result, data);
	ASYNCSPAN_END_STATUS(&span, status);
}

static inline GTask *asyncspan__g_task_new(gpointer object, GCancellable *cancellable,
					   GAsyncReadyCallback callback, gpointer data,
					   const struct asyncspan_location *here)
{
	struct asyncspan__g_task *known;
	GTask *task;

	if (!asyncspan_enabled())
		return g_task_new(object, cancellable, callback, data);
	task = g_task_new(object, cancellable, asyncspan__g_task_ready, data);
	known = g_new0(struct asyncspan__g_task, 1);
	known->callback = callback;
	ASYNCSPAN_SPAWN_AT(&known->span, here);
	g_object_set_qdata_full((GObject *)task, g_quark_from_static_string("asyncspan-task"),
				known, asyncspan__g_task_drop);
	return task;
}

#define asyncspan_g_task_new(object, cancellable, callback, data)                       \
	ASYNCSPAN__G_CALL("g_task_new " #callback, g_task_new, (object), (cancellable), \
			  (callback), (data))

static inline void asyncspan__g_task_thread(GTask *task, gpointer object, gpointer task_data,
					    GCancellable *cancellable)
{
	struct asyncspan__g_task *known = asyncspan__g_task_of(task);

	ASYNCSPAN_POLL(&known->span)
		known->thread_func(task, object, task_data, cancellable);
}

static inline void asyncspan_g_task_run_in_thread(GTask *task, GTaskThreadFunc func)
{
	struct asyncspan__g_task *known = asyncspan__g_task_of(task);

	if (known) {
		known->thread_func = func;
		func = asyncspan__g_task_thread;
	}
	g_task_run_in_thread(task, func);
}

/* The callback is not called then: the span ends here. */
static inline void asyncspan_g_task_run_in_thread_sync(GTask *task, GTaskThreadFunc func)
{
	struct asyncspan__g_task *known = asyncspan__g_task_of(task);

	if (!known) {
		g_task_run_in_thread_sync(task, func);
		return;
	}
	known->thread_func = func;
	g_task_run_in_thread_sync(task, asyncspan__g_task_thread);
	ASYNCSPAN_END_STATUS(&known->span, asyncspan__g_task_status(task, known));
}

/* g_task_return_error, and the error's code is the span's status. */
static inline void asyncspan_g_task_return_error(GTask *task, GError *error)
{
	struct asyncspan__g_task *known = asyncspan__g_task_of(task);

	if (known) {
		known->status = error->code ? error->code : 1;
		if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
			known->status = ASYNCSPAN_CANCELLED;
	}
	g_task_return_error(task, error);
}

G_END_DECLS

#endif /* ASYNCSPAN_DISABLE */

#endif /* ASYNCSPAN_GLIB_H */
