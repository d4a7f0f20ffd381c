/* SPDX-License-Identifier: BSD-2-Clause */
/* asyncspan/uv.h where it is easily wrong: requests used again or refused, timers of every life. */
#include <asyncspan/uv.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include "check.h"

static uv_loop_t *loop;
static uv_timer_t timer, other;
static int calls;

static void run(void)
{
	calls = 0;
	CHECK(uv_run(loop, UV_RUN_DEFAULT) == 0);
}

static void count(uv_timer_t *handle)
{
	CHECK(handle == &timer && handle->data == &calls);
	calls++;
}

static void stop_second(uv_timer_t *handle)
{
	if (++calls == 2)
		asyncspan_uv_timer_stop(handle);
}

static void close_inside(uv_timer_t *handle)
{
	calls++;
	asyncspan_uv_close((uv_handle_t *)handle, NULL);
}

static void start_again(uv_timer_t *handle)
{
	if (++calls < 3)
		CHECK(asyncspan_uv_timer_start(handle, start_again, 1, 0) == 0);
}

/* Another timer's callback: not the timer's own, and so a new span, below the one that runs. */
static void start_timer(uv_timer_t *handle)
{
	CHECK(handle == &other);
	asyncspan_uv_timer_start(&timer, count, 1, 0);
}

static void timers(void)
{
	uv_timer_init(loop, &timer);
	uv_timer_init(loop, &other);
	timer.data = &calls;

	CHECK(asyncspan_uv_timer_start(&timer, NULL, 1, 0) == UV_EINVAL);
	CHECK(asyncspan_uv_timer_start(&timer, count, 60000, 0) == 0);
	CHECK(asyncspan_uv_timer_start(&timer, NULL, 1, 0) == UV_EINVAL);
	CHECK(uv_is_active((uv_handle_t *)&timer));
	CHECK(asyncspan_uv_timer_start(&timer, count, 1, 0) == 0);
	run();
	CHECK(calls == 1);
	tell("uv_timer_start count", "-", 0, ASYNCSPAN_CANCELLED);
	tell("uv_timer_start count", "-", 1, 0);

	/* Stopped, and started again without the adapter: the callback is still the application's. */
	asyncspan_uv_timer_start(&timer, stop_second, 60000, 1);
	CHECK(asyncspan_uv_timer_stop(&timer) == 0);
	CHECK(uv_timer_again(&timer) == 0);
	run();
	CHECK(calls == 2);
	tell("uv_timer_start stop_second", "-", 0, ASYNCSPAN_CANCELLED);

	asyncspan_uv_timer_start(&timer, stop_second, 1, 1);
	run();
	CHECK(calls == 2);
	tell("uv_timer_start stop_second", "-", 2, 0);

	asyncspan_uv_timer_start(&timer, start_again, 1, 0);
	run();
	CHECK(calls == 3);
	tell("uv_timer_start start_again", "-", 3, 0);

	asyncspan_uv_timer_start(&other, start_timer, 1, 0);
	run();
	tell("uv_timer_start start_timer", "-", 1, 0);
	tell("uv_timer_start count", "uv_timer_start start_timer", 1, 0);

	asyncspan_uv_timer_start(&timer, close_inside, 1, 1);
	run();
	CHECK(calls == 1);
	tell("uv_timer_start close_inside", "-", 1, 0);
	asyncspan_uv_close((uv_handle_t *)&other, NULL);
	run();
}

static uv_fs_t file_request;
static char bytes[2];

static void on_second(uv_fs_t *request)
{
	CHECK(request->result == 1 && request->data == bytes);
	uv_fs_req_cleanup(request);
	calls++;
}

/* The request is the application's again as its callback runs. */
static void on_first(uv_fs_t *request)
{
	uv_buf_t buffer = uv_buf_init(bytes, 1);
	uv_file file = (uv_file)(intptr_t)request->result;

	CHECK(request->data == bytes);
	uv_fs_req_cleanup(request);
	CHECK(asyncspan_uv_fs_read(loop, request, file, &buffer, 1, 0, on_second) == 0);
}

static void requests(void)
{
	uv_buf_t none = uv_buf_init(NULL, 0);

	file_request.data = bytes;
	CHECK(asyncspan_uv_fs_open(loop, &file_request, "/etc/passwd", O_RDONLY, 0, on_first) == 0);
	run();
	CHECK(calls == 1);
	tell("uv_fs_open on_first", "-", 1, 0);
	tell("uv_fs_read on_second", "uv_fs_open on_first", 1, 0);

	/* Refused at once: no callback comes. */
	CHECK(asyncspan_uv_fs_read(loop, &file_request, 0, &none, 0, 0, on_second) == UV_EINVAL);
	tell("uv_fs_read on_second", "-", 0, UV_EINVAL);
	run();
	CHECK(calls == 0);

	/* Without a callback it is no asynchronous operation. */
	CHECK(asyncspan_uv_fs_access(loop, &file_request, "/none", F_OK, NULL) == UV_ENOENT);
	uv_fs_req_cleanup(&file_request);
}

static int worked; /* not calls, which the loop's thread sets meanwhile */

static void work(uv_work_t *request)
{
	CHECK(request->data == &worked);
	worked = 1;
}

static void work_without_an_end(void)
{
	static uv_work_t request;

	request.data = &worked;
	CHECK(asyncspan_uv_queue_work(loop, &request, NULL, NULL) == UV_EINVAL);
	CHECK(asyncspan_uv_queue_work(loop, &request, work, NULL) == 0);
	run();
	CHECK(worked == 1);
	/* Its end is a poll on the loop's thread, of the adapter alone. */
	story_end(&(struct story){ "uv_queue_work work", "-", 0, 2, 1 }, 0);
}

static void on_found(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
	CHECK(request->data == &calls && status == 0 && found);
	uv_freeaddrinfo(found);
	calls++;
}

static void on_connect(uv_connect_t *request, int status)
{
	CHECK(status == UV_ECONNREFUSED);
	uv_close((uv_handle_t *)request->handle, NULL);
	calls++;
}

static void on_written(uv_write_t *request, int status)
{
	CHECK(request->data == &calls && status == 0);
	calls++;
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
	CHECK(status == 0);
	asyncspan_uv_close((uv_handle_t *)request->handle, NULL);
	calls++;
}

static void network(void)
{
	static uv_getaddrinfo_t look_up;
	static uv_connect_t connecting;
	static uv_write_t writing;
	static uv_shutdown_t shutting;
	static uv_tcp_t tcp;
	static uv_pipe_t pipe_end;
	static char text[] = "text";
	uv_buf_t buffer = uv_buf_init(text, 4);
	struct sockaddr_in address;
	socklen_t size = sizeof(address);
	int pair[2], taken = socket(AF_INET, SOCK_STREAM, 0);

	look_up.data = writing.data = &calls;
	CHECK(asyncspan_uv_getaddrinfo(loop, &look_up, on_found, "127.0.0.1", NULL, NULL) == 0);
	uv_ip4_addr("127.0.0.1", 0, &address);
	CHECK(bind(taken, (struct sockaddr *)&address, size) == 0);
	CHECK(getsockname(taken, (struct sockaddr *)&address, &size) == 0);
	uv_tcp_init(loop, &tcp);
	CHECK(asyncspan_uv_tcp_connect(&connecting, &tcp, (struct sockaddr *)&address,
				       on_connect) == 0);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	uv_pipe_init(loop, &pipe_end, 0);
	CHECK(uv_pipe_open(&pipe_end, pair[0]) == 0);
	CHECK(asyncspan_uv_write(&writing, (uv_stream_t *)&pipe_end, &buffer, 1, on_written) == 0);
	CHECK(asyncspan_uv_shutdown(&shutting, (uv_stream_t *)&pipe_end, on_shutdown) == 0);
	run();
	CHECK(calls == 4);
	close(taken);
	close(pair[1]);
	tell("uv_getaddrinfo on_found", "-", 1, 0);
	tell("uv_tcp_connect on_connect", "-", 1, UV_ECONNREFUSED);
	tell("uv_write on_written", "-", 1, 0);
	tell("uv_shutdown on_shutdown", "-", 1, 0);
}

int main(void)
{
	loop = uv_default_loop();
	timers();
	requests();
	work_without_an_end();
	network();
	CHECK(uv_loop_close(loop) == 0);
	uv_library_shutdown();
	return 0;
}
