/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * asyncspan/uv.h: libuv's operations as spans.
 *
 *	asyncspan_uv_fs_open(loop, &req, path, O_RDONLY, 0, on_open);	instead of uv_fs_open(...)
 *	asyncspan_uv_queue_work(loop, &work, compress, on_compressed);
 *	asyncspan_uv_timer_start(&timer, on_tick, 100, 100);
 *
 * Each begins a span named after the function and the callback as written ("uv_fs_open on_open"),
 * at the place of the call, a child of the span entered there. It is entered while the callback
 * runs and ends after it, with libuv's own error as its status; UV_ECANCELED is a cancelled one.
 * The work of uv_queue_work is one poll, on the thread that does it, and its end another.
 *
 * A timer is one span from its start to its only tick, or with a repeat until it is stopped or
 * closed, by asyncspan_uv_timer_stop and asyncspan_uv_close; each tick is a poll. Started again in
 * its own callback it goes on. Stopped before the first tick it is cancelled.
 *
 * Arguments, values returned, data of requests and handles, errors: all as libuv's own function
 * has them. Untraced, that function is called and nothing else happens.
 */
#ifndef ASYNCSPAN_UV_H
#define ASYNCSPAN_UV_H

#include <asyncspan/operations.h>
#include <uv.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifdef ASYNCSPAN_DISABLE

#define ASYNCSPAN__UV_REQUEST(name, kind, request_type, callback_type, req, cb, call) \
	__extension__({                                                               \
		request_type *asyncspan__req = (req);                                 \
		callback_type asyncspan__cb = (cb);                                   \
		call;                                                                 \
	})
#define asyncspan_uv_queue_work(loop, req, work, after) uv_queue_work(loop, req, work, after)
#define asyncspan_uv_timer_start(timer, cb, timeout, repeat) \
	uv_timer_start(timer, cb, timeout, repeat)
#define asyncspan_uv_timer_stop(timer) uv_timer_stop(timer)
#define asyncspan_uv_close(handle, cb) uv_close(handle, cb)

#else /* !ASYNCSPAN_DISABLE */

static inline int32_t asyncspan__uv_status(ssize_t result)
{
	if (result == UV_ECANCELED)
		return ASYNCSPAN_CANCELLED;
	return result < 0 ? (int32_t)result : 0;
}

/* A request can only be under way once: what is left of it was given up without a callback. */
ASYNCSPAN__COLD static void asyncspan__uv_forget(const void *request)
{
	struct asyncspan__operation *operation =
		asyncspan__operation_take(0, (uint64_t)(uintptr_t)request);

	if (operation)
		asyncspan__operation_end(operation, ASYNCSPAN_CANCELLED);
}

/* 0: nobody traces, or no memory: libuv is to call the application itself. */
ASYNCSPAN__COLD static int asyncspan__uv_begin(const void *request, asyncspan__function callback,
					       asyncspan__function second,
					       const struct asyncspan_location *here)
{
	struct asyncspan__operation *operation;

	asyncspan__uv_forget(request);
	operation = asyncspan__operation_new(0, (uint64_t)(uintptr_t)request);
	if (!operation)
		return 0;
	operation->callback = callback;
	operation->second = second;
	ASYNCSPAN_SPAWN_AT(&operation->span, here);
	asyncspan__operation_add(operation);
	return 1;
}

/* After libuv's function: refused, it will never call back. */
static inline int asyncspan__uv_begun(const void *request, int traced, int result)
{
	struct asyncspan__operation *operation;

	if (!traced || result >= 0)
		return result;
	operation = asyncspan__operation_take(0, (uint64_t)(uintptr_t)request);
	if (operation)
		asyncspan__operation_end(operation, asyncspan__uv_status(result));
	return result;
}

/* At the start of a callback: the application's, and its span, entered. The request is free again. */
ASYNCSPAN__COLD static asyncspan__function asyncspan__uv_enter(const void *request,
							       asyncspan_t *span)
{
	struct asyncspan__operation *operation =
		asyncspan__operation_take(0, (uint64_t)(uintptr_t)request);
	asyncspan__function callback = NULL;

	span->id = 0;
	if (!operation)
		return NULL;
	*span = operation->span;
	callback = operation->callback;
	free(operation);
	ASYNCSPAN_RESUME(span);
	return callback;
}

/* The begin and the callback of one kind of request. */
#define ASYNCSPAN__UV_KIND(kind, request_type, callback_type, status, parameters, arguments) \
	static inline void asyncspan__uv_##kind##_done parameters                            \
	{                                                                                    \
		int32_t result = asyncspan__uv_status(status);                               \
		asyncspan_t span;                                                            \
		callback_type callback = (callback_type)asyncspan__uv_enter(req, &span);     \
                                                                                             \
		if (callback)                                                                \
			callback arguments;                                                  \
		ASYNCSPAN_END_STATUS(&span, result);                                         \
	}                                                                                    \
                                                                                             \
	static inline callback_type asyncspan__uv_##kind##_begin(                            \
		const request_type *req, callback_type callback,                             \
		const struct asyncspan_location *here)                                       \
	{                                                                                    \
		if (!callback || !asyncspan_enabled() ||                                     \
		    !asyncspan__uv_begin(req, (asyncspan__function)callback, NULL, here))    \
			return callback;                                                     \
		return asyncspan__uv_##kind##_done;                                          \
	}                                                                                    \
	struct asyncspan__uv_##kind##_is_defined

ASYNCSPAN__UV_KIND(fs, uv_fs_t, uv_fs_cb, req->result, (uv_fs_t * req), (req));
ASYNCSPAN__UV_KIND(write, uv_write_t, uv_write_cb, status, (uv_write_t * req, int status),
		   (req, status));
ASYNCSPAN__UV_KIND(connect, uv_connect_t, uv_connect_cb, status, (uv_connect_t * req, int status),
		   (req, status));
ASYNCSPAN__UV_KIND(shutdown, uv_shutdown_t, uv_shutdown_cb, status,
		   (uv_shutdown_t * req, int status), (req, status));
ASYNCSPAN__UV_KIND(udp_send, uv_udp_send_t, uv_udp_send_cb, status,
		   (uv_udp_send_t * req, int status), (req, status));
ASYNCSPAN__UV_KIND(getaddrinfo, uv_getaddrinfo_t, uv_getaddrinfo_cb, status,
		   (uv_getaddrinfo_t * req, int status, struct addrinfo *found),
		   (req, status, found));
ASYNCSPAN__UV_KIND(getnameinfo, uv_getnameinfo_t, uv_getnameinfo_cb, status,
		   (uv_getnameinfo_t * req, int status, const char *host, const char *service),
		   (req, status, host, service));

#define ASYNCSPAN__UV_REQUEST(name, kind, request_type, callback_type, req, cb, call)             \
	__extension__({                                                                           \
		ASYNCSPAN_LOCATION(asyncspan__here, name " " #cb);                                \
		request_type *asyncspan__req = (req);                                             \
		callback_type asyncspan__cb =                                                     \
			asyncspan__uv_##kind##_begin(asyncspan__req, (cb), &asyncspan__here);     \
		asyncspan__uv_begun(asyncspan__req, asyncspan__cb == asyncspan__uv_##kind##_done, \
				    (call));                                                      \
	})

/* Work: the first poll is on a thread of the pool, where the request stays in the table. */
static inline void asyncspan__uv_work(uv_work_t *req)
{
	struct asyncspan__operation *operation =
		asyncspan__operation_find(0, (uint64_t)(uintptr_t)req);

	if (operation)
		ASYNCSPAN_POLL(&operation->span)
			((uv_work_cb)operation->second)(req);
}

static inline void asyncspan__uv_after_work(uv_work_t *req, int status)
{
	asyncspan_t span;
	uv_after_work_cb callback = (uv_after_work_cb)asyncspan__uv_enter(req, &span);

	if (callback)
		callback(req, status);
	ASYNCSPAN_END_STATUS(&span, asyncspan__uv_status(status));
}

static inline int asyncspan__uv_queue_work(uv_loop_t *loop, uv_work_t *req, uv_work_cb work,
					   uv_after_work_cb after,
					   const struct asyncspan_location *here)
{
	if (!work || !asyncspan_enabled() ||
	    !asyncspan__uv_begin(req, (asyncspan__function)after, (asyncspan__function)work, here))
		return uv_queue_work(loop, req, work, after);
	return asyncspan__uv_begun(
		req, 1, uv_queue_work(loop, req, asyncspan__uv_work, asyncspan__uv_after_work));
}

#define asyncspan_uv_queue_work(loop, req, work, after)                                     \
	__extension__({                                                                     \
		ASYNCSPAN_LOCATION(asyncspan__here, "uv_queue_work " #work);                \
		asyncspan__uv_queue_work((loop), (req), (work), (after), &asyncspan__here); \
	})

/* Timers stay in the table until they are closed: uv_timer_again may come at any time. */
static inline struct asyncspan__operation *asyncspan__uv_timer(const void *handle)
{
	return asyncspan__operation_find(1, (uint64_t)(uintptr_t)handle);
}

static inline int32_t asyncspan__uv_timer_status(const struct asyncspan__operation *operation)
{
	return operation->calls ? 0 : ASYNCSPAN_CANCELLED;
}

static inline void asyncspan__uv_tick(uv_timer_t *timer)
{
	struct asyncspan__operation *operation = asyncspan__uv_timer(timer);
	int once = uv_timer_get_repeat(timer) == 0;

	if (!operation)
		return;
	operation->running = 1;
	operation->again = 0;
	operation->calls++;
	ASYNCSPAN_RESUME(&operation->span);
	((uv_timer_cb)operation->callback)(timer);
	/* The timer itself may be gone by now. */
	operation->running = 0;
	if (once && !operation->again)
		ASYNCSPAN_END(&operation->span);
	else
		ASYNCSPAN_SUSPEND(&operation->span);
	if (operation->closed)
		free(operation);
}

ASYNCSPAN__COLD static struct asyncspan__operation *
asyncspan__uv_timer_begin(const uv_timer_t *timer, const struct asyncspan_location *here)
{
	struct asyncspan__operation *operation = asyncspan__uv_timer(timer);

	if (operation && operation->running && operation->span.id) {
		operation->again = 1;
		return operation;
	}
	if (operation) {
		ASYNCSPAN_END_STATUS(&operation->span, asyncspan__uv_timer_status(operation));
	} else {
		operation = asyncspan__operation_new(1, (uint64_t)(uintptr_t)timer);
		if (!operation)
			return NULL;
		asyncspan__operation_add(operation);
	}
	operation->calls = 0;
	operation->again = 1;
	ASYNCSPAN_SPAWN_AT(&operation->span, here);
	return operation;
}

static inline int asyncspan__uv_timer_start(uv_timer_t *timer, uv_timer_cb callback,
					    uint64_t timeout, uint64_t repeat,
					    const struct asyncspan_location *here)
{
	struct asyncspan__operation *operation = NULL;

	/* What libuv is going to refuse leaves the timer as it is. */
	if (callback && !uv_is_closing((const uv_handle_t *)timer) &&
	    (asyncspan_enabled() || asyncspan__uv_timer(timer)))
		operation = asyncspan__uv_timer_begin(timer, here);
	if (!operation)
		return uv_timer_start(timer, callback, timeout, repeat);
	operation->callback = (asyncspan__function)callback;
	return uv_timer_start(timer, asyncspan__uv_tick, timeout, repeat);
}

#define asyncspan_uv_timer_start(timer, cb, timeout, repeat)                                     \
	__extension__({                                                                          \
		ASYNCSPAN_LOCATION(asyncspan__here, "uv_timer_start " #cb);                      \
		asyncspan__uv_timer_start((timer), (cb), (timeout), (repeat), &asyncspan__here); \
	})

static inline int asyncspan_uv_timer_stop(uv_timer_t *timer)
{
	struct asyncspan__operation *operation = asyncspan__uv_timer(timer);

	if (operation) {
		operation->again = 0;
		ASYNCSPAN_END_STATUS(&operation->span, asyncspan__uv_timer_status(operation));
	}
	return uv_timer_stop(timer);
}

/* Of a handle of any kind. */
static inline void asyncspan_uv_close(uv_handle_t *handle, uv_close_cb callback)
{
	struct asyncspan__operation *operation =
		asyncspan__operation_take(1, (uint64_t)(uintptr_t)handle);

	if (operation)
		asyncspan__operation_end(operation, asyncspan__uv_timer_status(operation));
	uv_close(handle, callback);
}

#endif /* ASYNCSPAN_DISABLE */

#define ASYNCSPAN__UV_FS(name, req, cb, call) \
	ASYNCSPAN__UV_REQUEST(name, fs, uv_fs_t, uv_fs_cb, req, cb, call)

#define asyncspan_uv_fs_close(loop, req, file, cb) \
	ASYNCSPAN__UV_FS("uv_fs_close", req, cb,   \
			 uv_fs_close(loop, asyncspan__req, file, asyncspan__cb))
#define asyncspan_uv_fs_open(loop, req, path, flags, mode, cb) \
	ASYNCSPAN__UV_FS("uv_fs_open", req, cb,                \
			 uv_fs_open(loop, asyncspan__req, path, flags, mode, asyncspan__cb))
#define asyncspan_uv_fs_read(loop, req, file, buffers, count, offset, cb)               \
	ASYNCSPAN__UV_FS("uv_fs_read", req, cb,                                         \
			 uv_fs_read(loop, asyncspan__req, file, buffers, count, offset, \
				    asyncspan__cb))
#define asyncspan_uv_fs_unlink(loop, req, path, cb) \
	ASYNCSPAN__UV_FS("uv_fs_unlink", req, cb,   \
			 uv_fs_unlink(loop, asyncspan__req, path, asyncspan__cb))
#define asyncspan_uv_fs_write(loop, req, file, buffers, count, offset, cb)               \
	ASYNCSPAN__UV_FS("uv_fs_write", req, cb,                                         \
			 uv_fs_write(loop, asyncspan__req, file, buffers, count, offset, \
				     asyncspan__cb))
#define asyncspan_uv_fs_copyfile(loop, req, path, new_path, flags, cb)               \
	ASYNCSPAN__UV_FS("uv_fs_copyfile", req, cb,                                  \
			 uv_fs_copyfile(loop, asyncspan__req, path, new_path, flags, \
					asyncspan__cb))
#define asyncspan_uv_fs_mkdir(loop, req, path, mode, cb) \
	ASYNCSPAN__UV_FS("uv_fs_mkdir", req, cb,         \
			 uv_fs_mkdir(loop, asyncspan__req, path, mode, asyncspan__cb))
#define asyncspan_uv_fs_mkdtemp(loop, req, pattern, cb) \
	ASYNCSPAN__UV_FS("uv_fs_mkdtemp", req, cb,      \
			 uv_fs_mkdtemp(loop, asyncspan__req, pattern, asyncspan__cb))
#define asyncspan_uv_fs_mkstemp(loop, req, pattern, cb) \
	ASYNCSPAN__UV_FS("uv_fs_mkstemp", req, cb,      \
			 uv_fs_mkstemp(loop, asyncspan__req, pattern, asyncspan__cb))
#define asyncspan_uv_fs_rmdir(loop, req, path, cb) \
	ASYNCSPAN__UV_FS("uv_fs_rmdir", req, cb,   \
			 uv_fs_rmdir(loop, asyncspan__req, path, asyncspan__cb))
#define asyncspan_uv_fs_scandir(loop, req, path, flags, cb) \
	ASYNCSPAN__UV_FS("uv_fs_scandir", req, cb,          \
			 uv_fs_scandir(loop, asyncspan__req, path, flags, asyncspan__cb))
#define asyncspan_uv_fs_opendir(loop, req, path, cb) \
	ASYNCSPAN__UV_FS("uv_fs_opendir", req, cb,   \
			 uv_fs_opendir(loop, asyncspan__req, path, asyncspan__cb))
#define asyncspan_uv_fs_readdir(loop, req, directory, cb) \
	ASYNCSPAN__UV_FS("uv_fs_readdir", req, cb,        \
			 uv_fs_readdir(loop, asyncspan__req, directory, asyncspan__cb))
#define asyncspan_uv_fs_closedir(loop, req, directory, cb) \
	ASYNCSPAN__UV_FS("uv_fs_closedir", req, cb,        \
			 uv_fs_closedir(loop, asyncspan__req, directory, asyncspan__cb))
#define asyncspan_uv_fs_stat(loop, req, path, cb) \
	ASYNCSPAN__UV_FS("uv_fs_stat", req, cb,   \
			 uv_fs_stat(loop, asyncspan__req, path, asyncspan__cb))
#define asyncspan_uv_fs_fstat(loop, req, file, cb) \
	ASYNCSPAN__UV_FS("uv_fs_fstat", req, cb,   \
			 uv_fs_fstat(loop, asyncspan__req, file, asyncspan__cb))
#define asyncspan_uv_fs_rename(loop, req, path, new_path, cb) \
	ASYNCSPAN__UV_FS("uv_fs_rename", req, cb,             \
			 uv_fs_rename(loop, asyncspan__req, path, new_path, asyncspan__cb))
#define asyncspan_uv_fs_fsync(loop, req, file, cb) \
	ASYNCSPAN__UV_FS("uv_fs_fsync", req, cb,   \
			 uv_fs_fsync(loop, asyncspan__req, file, asyncspan__cb))
#define asyncspan_uv_fs_fdatasync(loop, req, file, cb) \
	ASYNCSPAN__UV_FS("uv_fs_fdatasync", req, cb,   \
			 uv_fs_fdatasync(loop, asyncspan__req, file, asyncspan__cb))
#define asyncspan_uv_fs_ftruncate(loop, req, file, offset, cb) \
	ASYNCSPAN__UV_FS("uv_fs_ftruncate", req, cb,           \
			 uv_fs_ftruncate(loop, asyncspan__req, file, offset, asyncspan__cb))
#define asyncspan_uv_fs_sendfile(loop, req, out, in, offset, length, cb)               \
	ASYNCSPAN__UV_FS("uv_fs_sendfile", req, cb,                                    \
			 uv_fs_sendfile(loop, asyncspan__req, out, in, offset, length, \
					asyncspan__cb))
#define asyncspan_uv_fs_access(loop, req, path, mode, cb) \
	ASYNCSPAN__UV_FS("uv_fs_access", req, cb,         \
			 uv_fs_access(loop, asyncspan__req, path, mode, asyncspan__cb))
#define asyncspan_uv_fs_chmod(loop, req, path, mode, cb) \
	ASYNCSPAN__UV_FS("uv_fs_chmod", req, cb,         \
			 uv_fs_chmod(loop, asyncspan__req, path, mode, asyncspan__cb))
#define asyncspan_uv_fs_utime(loop, req, path, atime, mtime, cb) \
	ASYNCSPAN__UV_FS("uv_fs_utime", req, cb,                 \
			 uv_fs_utime(loop, asyncspan__req, path, atime, mtime, asyncspan__cb))
#define asyncspan_uv_fs_futime(loop, req, file, atime, mtime, cb) \
	ASYNCSPAN__UV_FS("uv_fs_futime", req, cb,                 \
			 uv_fs_futime(loop, asyncspan__req, file, atime, mtime, asyncspan__cb))
#define asyncspan_uv_fs_lutime(loop, req, path, atime, mtime, cb) \
	ASYNCSPAN__UV_FS("uv_fs_lutime", req, cb,                 \
			 uv_fs_lutime(loop, asyncspan__req, path, atime, mtime, asyncspan__cb))
#define asyncspan_uv_fs_lstat(loop, req, path, cb) \
	ASYNCSPAN__UV_FS("uv_fs_lstat", req, cb,   \
			 uv_fs_lstat(loop, asyncspan__req, path, asyncspan__cb))
#define asyncspan_uv_fs_link(loop, req, path, new_path, cb) \
	ASYNCSPAN__UV_FS("uv_fs_link", req, cb,             \
			 uv_fs_link(loop, asyncspan__req, path, new_path, asyncspan__cb))
#define asyncspan_uv_fs_symlink(loop, req, path, new_path, flags, cb)               \
	ASYNCSPAN__UV_FS("uv_fs_symlink", req, cb,                                  \
			 uv_fs_symlink(loop, asyncspan__req, path, new_path, flags, \
				       asyncspan__cb))
#define asyncspan_uv_fs_readlink(loop, req, path, cb) \
	ASYNCSPAN__UV_FS("uv_fs_readlink", req, cb,   \
			 uv_fs_readlink(loop, asyncspan__req, path, asyncspan__cb))
#define asyncspan_uv_fs_realpath(loop, req, path, cb) \
	ASYNCSPAN__UV_FS("uv_fs_realpath", req, cb,   \
			 uv_fs_realpath(loop, asyncspan__req, path, asyncspan__cb))
#define asyncspan_uv_fs_fchmod(loop, req, file, mode, cb) \
	ASYNCSPAN__UV_FS("uv_fs_fchmod", req, cb,         \
			 uv_fs_fchmod(loop, asyncspan__req, file, mode, asyncspan__cb))
#define asyncspan_uv_fs_chown(loop, req, path, uid, gid, cb) \
	ASYNCSPAN__UV_FS("uv_fs_chown", req, cb,             \
			 uv_fs_chown(loop, asyncspan__req, path, uid, gid, asyncspan__cb))
#define asyncspan_uv_fs_fchown(loop, req, file, uid, gid, cb) \
	ASYNCSPAN__UV_FS("uv_fs_fchown", req, cb,             \
			 uv_fs_fchown(loop, asyncspan__req, file, uid, gid, asyncspan__cb))
#define asyncspan_uv_fs_lchown(loop, req, path, uid, gid, cb) \
	ASYNCSPAN__UV_FS("uv_fs_lchown", req, cb,             \
			 uv_fs_lchown(loop, asyncspan__req, path, uid, gid, asyncspan__cb))
#define asyncspan_uv_fs_statfs(loop, req, path, cb) \
	ASYNCSPAN__UV_FS("uv_fs_statfs", req, cb,   \
			 uv_fs_statfs(loop, asyncspan__req, path, asyncspan__cb))

#define asyncspan_uv_write(req, stream, buffers, count, cb)                        \
	ASYNCSPAN__UV_REQUEST("uv_write", write, uv_write_t, uv_write_cb, req, cb, \
			      uv_write(asyncspan__req, stream, buffers, count, asyncspan__cb))
#define asyncspan_uv_write2(req, stream, buffers, count, send_handle, cb)                    \
	ASYNCSPAN__UV_REQUEST("uv_write2", write, uv_write_t, uv_write_cb, req, cb,          \
			      uv_write2(asyncspan__req, stream, buffers, count, send_handle, \
					asyncspan__cb))
#define asyncspan_uv_tcp_connect(req, tcp, address, cb)                                        \
	ASYNCSPAN__UV_REQUEST("uv_tcp_connect", connect, uv_connect_t, uv_connect_cb, req, cb, \
			      uv_tcp_connect(asyncspan__req, tcp, address, asyncspan__cb))
#define asyncspan_uv_pipe_connect(req, pipe, name, cb)                            \
	((void)ASYNCSPAN__UV_REQUEST(                                             \
		"uv_pipe_connect", connect, uv_connect_t, uv_connect_cb, req, cb, \
		(uv_pipe_connect(asyncspan__req, pipe, name, asyncspan__cb), 0)))
#define asyncspan_uv_shutdown(req, stream, cb)                                                 \
	ASYNCSPAN__UV_REQUEST("uv_shutdown", shutdown, uv_shutdown_t, uv_shutdown_cb, req, cb, \
			      uv_shutdown(asyncspan__req, stream, asyncspan__cb))
#define asyncspan_uv_udp_send(req, udp, buffers, count, address, cb)                           \
	ASYNCSPAN__UV_REQUEST("uv_udp_send", udp_send, uv_udp_send_t, uv_udp_send_cb, req, cb, \
			      uv_udp_send(asyncspan__req, udp, buffers, count, address,        \
					  asyncspan__cb))
#define asyncspan_uv_getaddrinfo(loop, req, cb, node, service, hints)                        \
	ASYNCSPAN__UV_REQUEST(                                                               \
		"uv_getaddrinfo", getaddrinfo, uv_getaddrinfo_t, uv_getaddrinfo_cb, req, cb, \
		uv_getaddrinfo(loop, asyncspan__req, asyncspan__cb, node, service, hints))
#define asyncspan_uv_getnameinfo(loop, req, cb, address, flags)                                   \
	ASYNCSPAN__UV_REQUEST("uv_getnameinfo", getnameinfo, uv_getnameinfo_t, uv_getnameinfo_cb, \
			      req, cb,                                                            \
			      uv_getnameinfo(loop, asyncspan__req, asyncspan__cb, address, flags))

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* ASYNCSPAN_UV_H */
