/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An HTTP/1.1 server to be traced: one loop on epoll, timers, a pool of worker threads, and a
 * database that takes its time. http/exchange.c is where the spans are; the rest is a server.
 *
 * Paths: /users, /orders (GET and POST, which leaves a background job), /health, /error (500),
 * /slow (half a second: close the connection meanwhile and it is cancelled), /cancel (its query is
 * given up after 50 ms: 504).
 */
#define _GNU_SOURCE
#include "http/connection.h"
#include "http/server.h"
#include <arpa/inet.h>
#include <asyncspan.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { STATISTICS_MS = 500, STOP_MS = 2000, BATCH = 64 };

struct options {
	unsigned port; /* 0: any free one */
	unsigned threads;
};

/* The loop's own sources of events, and the job that it spawns at intervals. */
struct listener {
	struct event_source source;
	int socket; /* -1: closed */
};

struct loop {
	struct server server;
	struct listener listener;
	struct event_source timers, workers;
	struct event_source signals;
	int signal_file;
	struct timer statistics_timer, stop_timer;
	struct job statistics;
	asyncspan_t statistics_span;
	bool statistics_running;
	size_t most_connections, present_connections;
};

static struct loop loop;

static void accept_connections(struct event_source *source, uint32_t events)
{
	int socket, one = 1;

	(void)source, (void)events;
	for (;;) {
		socket = accept4(loop.listener.socket, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (socket < 0)
			return; /* no more; or no file descriptor left: the client waits */
		setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		connection_open(&loop.server, socket);
	}
}

static void fire_timers(struct event_source *source, uint32_t events)
{
	(void)source, (void)events;
	timers_fire(&loop.server.timers);
}

static void finish_jobs(struct event_source *source, uint32_t events)
{
	(void)source, (void)events;
	worker_pool_finish(&loop.server.pool);
}

static void collect_statistics(struct job *job)
{
	(void)job;
	ASYNCSPAN_RESUME(&loop.statistics_span);
	if (loop.present_connections > loop.most_connections)
		loop.most_connections = loop.present_connections;
	ASYNCSPAN_END(&loop.statistics_span);
}

static void statistics_collected(struct job *job)
{
	(void)job;
	loop.statistics_running = false;
}

/* A job in the background, spawned by the loop and by nobody's request: a root. */
static void spawn_statistics(struct timer *timer)
{
	if (!loop.statistics_running) {
		loop.statistics_running = true;
		loop.present_connections = loop.server.connection_count;
		loop.statistics.work = collect_statistics;
		loop.statistics.finished = statistics_collected;
		ASYNCSPAN_SPAWN(&loop.statistics_span, "collect_statistics");
		worker_pool_submit(&loop.server.pool, &loop.statistics);
	}
	timers_start(&loop.server.timers, timer, STATISTICS_MS, spawn_statistics);
}

static void stop_connections(bool force)
{
	struct connection *connection = loop.server.connections, *next;

	for (; connection; connection = next) {
		next = connection->next;
		connection_stop(connection, force);
	}
}

static void stop_by_force(struct timer *timer)
{
	(void)timer;
	stop_connections(true);
}

/* Takes no new clients, answers what is under way, and after two seconds gives that up too. */
static void stop(struct event_source *source, uint32_t events)
{
	struct signalfd_siginfo signal;

	(void)source, (void)events;
	if (read(loop.signal_file, &signal, sizeof(signal)) != sizeof(signal))
		return;
	if (loop.server.stopping) {
		stop_connections(true);
		return;
	}
	loop.server.stopping = true;
	close(loop.listener.socket);
	loop.listener.socket = -1;
	timers_stop(&loop.server.timers, &loop.statistics_timer);
	timers_start(&loop.server.timers, &loop.stop_timer, STOP_MS, stop_by_force);
	stop_connections(false);
}

static int watch(int file, struct event_source *source,
		 void (*ready)(struct event_source *source, uint32_t events))
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = source };

	source->ready = ready;
	return epoll_ctl(loop.server.poll, EPOLL_CTL_ADD, file, &event) ? -errno : 0;
}

static int run(void)
{
	struct epoll_event events[BATCH];
	int count, i;

	while (!loop.server.stopping || loop.server.connection_count > 0 ||
	       loop.server.pool.outstanding > 0) {
		count = epoll_wait(loop.server.poll, events, BATCH, -1);
		if (count < 0 && errno != EINTR)
			return -errno;
		for (i = 0; i < count; i++) {
			struct event_source *source = events[i].data.ptr;

			source->ready(source, events[i].events);
		}
		connection_free_closed(&loop.server);
	}
	return 0;
}

/* A listening socket on 127.0.0.1, or a negative errno; *port becomes the one it has. */
static int listen_on(unsigned *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)*port) };
	socklen_t length = sizeof(address);
	int one = 1, error, file;

	file = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (file < 0)
		return -errno;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(file, (struct sockaddr *)&address, length) || listen(file, SOMAXCONN) ||
	    getsockname(file, (struct sockaddr *)&address, &length)) {
		error = -errno;
		close(file);
		return error;
	}
	*port = ntohs(address.sin_port);
	return file;
}

static int open_signals(void)
{
	sigset_t signals;
	int file;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	file = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
	return file < 0 ? -errno : file;
}

static int watch_all(void)
{
	int error = watch(loop.listener.socket, &loop.listener.source, accept_connections);

	if (!error)
		error = watch(loop.server.timers.file, &loop.timers, fire_timers);
	if (!error)
		error = watch(loop.server.pool.file, &loop.workers, finish_jobs);
	if (!error)
		error = watch(loop.signal_file, &loop.signals, stop);
	return error;
}

/* Each client takes a file: as many as the server accepts, if that is allowed. */
static void allow_many_files(void)
{
	const rlim_t wanted = CONNECTION_MAX * 2;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int serve(struct options *options)
{
	int error;

	/* Before the threads start: they must not take the signals. */
	loop.signal_file = open_signals();
	if (loop.signal_file < 0)
		return loop.signal_file;
	loop.server.poll = epoll_create1(EPOLL_CLOEXEC);
	error = loop.server.poll < 0 ? -errno : timers_open(&loop.server.timers);
	if (error)
		goto close_poll;
	error = worker_pool_open(&loop.server.pool, options->threads);
	if (error)
		goto close_timers;
	error = loop.listener.socket = listen_on(&options->port);
	if (error < 0)
		goto close_pool;
	error = watch_all();
	if (error)
		goto close_listener;
	printf("%u\n", options->port);
	fflush(stdout);
	timers_start(&loop.server.timers, &loop.statistics_timer, STATISTICS_MS, spawn_statistics);
	error = run();
close_listener:
	if (loop.listener.socket >= 0)
		close(loop.listener.socket);
close_pool:
	worker_pool_close(&loop.server.pool);
close_timers:
	timers_close(&loop.server.timers);
close_poll:
	if (loop.server.poll >= 0)
		close(loop.server.poll);
	close(loop.signal_file);
	return error;
}

static bool parse_number(const char *text, unsigned least, unsigned most, unsigned *number)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *text < '0' || *text > '9' || *end || value < least || value > most)
		return false;
	*number = (unsigned)value;
	return true;
}

static const char usage[] = "usage: http_server [--port PORT] [--threads N]\n"
			    "Serves HTTP on 127.0.0.1 until SIGINT or SIGTERM.\n"
			    "  --port PORT    port to listen on, 0 for a free one (8080);\n"
			    "                 printed on stdout when the server is ready\n"
			    "  --threads N    worker threads, 1 to 64 (2)\n"
			    "  --help         this text\n";

int main(int argc, char **argv)
{
	static const struct option known[] = { { "port", required_argument, NULL, 'p' },
					       { "threads", required_argument, NULL, 't' },
					       { "help", no_argument, NULL, 'h' },
					       { NULL, 0, NULL, 0 } };
	struct options options = { .port = 8080, .threads = 2 };
	bool valid = true;
	int option, error;

	while ((option = getopt_long(argc, argv, "p:t:h", known, NULL)) != -1) {
		if (option == 'h') {
			fputs(usage, stdout);
			return 0;
		}
		if (option == 'p')
			valid = valid && parse_number(optarg, 0, UINT16_MAX, &options.port);
		else if (option == 't')
			valid = valid &&
				parse_number(optarg, 1, WORKER_POOL_MAX_THREADS, &options.threads);
		else
			valid = false;
	}
	if (!valid || optind != argc) {
		fputs(usage, stderr);
		return 2;
	}
	allow_many_files();
	error = serve(&options);
	if (error) {
		fprintf(stderr, "http_server: cannot serve on port %u: %s\n", options.port,
			strerror(-error));
		return 1;
	}
	return 0;
}
