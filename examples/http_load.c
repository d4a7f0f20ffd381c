/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Load for http_server: some connections, each with one request after the other out of a fixed
 * mix, every answer checked. Some requests are dropped in the middle, as clients do; those count
 * as neither answered nor failed. Exit status 1 if anything was not as expected.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	MAX_CONNECTIONS = 256,
	ANSWER_SIZE = 8192,
	TIMEOUT_SECONDS = 10,
	DROP_AFTER_MS = 20,
	FAILED_PAUSE_MS = 10
};

struct request_kind {
	const char *request;
	const char *starts_with; /* the body; NULL: not waited for, the connection is closed */
	int status;
	unsigned weight;
};

#define GET(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define POST(path, length, body) \
	"POST " path " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " length "\r\n\r\n" body

static const struct request_kind kinds[] = {
	{ GET("/users"), "{\"path\":\"/users\"", 200, 40 },
	{ GET("/orders"), "{\"path\":\"/orders\"", 200, 25 },
	{ POST("/orders", "15", "{\"article\":\"x\"}"), "{\"path\":\"/orders\"", 200, 10 },
	{ GET("/health"), "{\"path\":\"/health\"", 200, 10 },
	{ GET("/error"), "{\"error\":500}", 500, 5 },
	{ GET("/nothing-here"), "{\"error\":404}", 404, 3 },
	{ GET("/cancel"), "{\"error\":504}", 504, 3 },
	{ GET("/slow"), "{\"path\":\"/slow\"", 200, 1 },
	{ GET("/slow"), NULL, 0, 3 },
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

struct options {
	unsigned port, connections;
	double duration, rate; /* s; requests per second of all connections, 0: no limit */
};

struct client {
	const struct options *options;
	pthread_t thread;
	uint32_t random;
	int socket; /* -1: none */
	uint64_t answered, dropped, failed;
	uint32_t *latencies; /* us */
	size_t latency_room;
	char problem[160]; /* the first that failed */
};

static bool stopping;

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void sleep_until(uint64_t when)
{
	struct timespec time = { (time_t)(when / 1000000000u), (long)(when % 1000000000u) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR &&
	       !__atomic_load_n(&stopping, __ATOMIC_RELAXED))
		;
}

__attribute__((format(printf, 2, 3))) static bool fail(struct client *client, const char *format,
						       ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (!client->problem[0])
		vsnprintf(client->problem, sizeof(client->problem), format, arguments);
	va_end(arguments);
	return false;
}

static void disconnect(struct client *client)
{
	if (client->socket >= 0)
		close(client->socket);
	client->socket = -1;
}

static bool connect_to_server(struct client *client)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)client->options->port) };
	struct timeval timeout = { TIMEOUT_SECONDS, 0 };
	int one = 1;

	if (client->socket >= 0)
		return true;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	client->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->socket < 0)
		return fail(client, "socket: %s", strerror(errno));
	setsockopt(client->socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(client->socket, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	setsockopt(client->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(client->socket, (struct sockaddr *)&address, sizeof(address)) != 0)
		return fail(client, "connect: %s", strerror(errno));
	return true;
}

static bool send_request(struct client *client, const struct request_kind *kind)
{
	size_t length = strlen(kind->request);

	if (send(client->socket, kind->request, length, MSG_NOSIGNAL) != (ssize_t)length)
		return fail(client, "send: %s", strerror(errno));
	return true;
}

/* The length of head and body as far as the head tells; 0 while it is incomplete. */
static size_t answer_length(const char *answer)
{
	const char *end = strstr(answer, "\r\n\r\n");
	const char *length = strcasestr(answer, "\r\nContent-Length: ");

	if (!end || !length || length > end)
		return 0;
	return (size_t)(end + 4 - answer) + strtoul(length + 18, NULL, 10);
}

static bool receive_answer(struct client *client, char *answer)
{
	size_t received = 0, wanted = 0;
	ssize_t got;

	while (wanted == 0 || received < wanted) {
		if (received == ANSWER_SIZE - 1)
			return fail(client, "an answer is too long");
		got = recv(client->socket, answer + received, ANSWER_SIZE - 1 - received, 0);
		if (got <= 0)
			return fail(client, "recv: %s",
				    got == 0 ? "the server closed" : strerror(errno));
		received += (size_t)got;
		answer[received] = '\0';
		wanted = answer_length(answer);
	}
	return received == wanted || fail(client, "bytes behind the answer");
}

static bool is_as_expected(struct client *client, const struct request_kind *kind,
			   const char *answer)
{
	const char *body = strstr(answer, "\r\n\r\n") + 4;
	int status = 0;

	if (sscanf(answer, "HTTP/1.1 %d ", &status) != 1 || status != kind->status)
		return fail(client, "%.12s: status %d, not %d", kind->request, status,
			    kind->status);
	if (strncmp(body, kind->starts_with, strlen(kind->starts_with)) != 0)
		return fail(client, "%.12s: another body: %.40s", kind->request, body);
	return true;
}

static bool keep_latency(struct client *client, uint64_t nanoseconds)
{
	if (client->answered == client->latency_room) {
		size_t room = client->latency_room ? client->latency_room * 2 : 1024;
		uint32_t *more = realloc(client->latencies, room * sizeof(*more));

		if (!more)
			return fail(client, "no memory for latencies");
		client->latencies = more;
		client->latency_room = room;
	}
	client->latencies[client->answered++] = (uint32_t)(nanoseconds / 1000);
	return true;
}

static bool do_request(struct client *client, const struct request_kind *kind)
{
	uint64_t begin = now();
	char answer[ANSWER_SIZE];

	if (!connect_to_server(client) || !send_request(client, kind))
		return false;
	if (!kind->starts_with) {
		sleep_until(now() + DROP_AFTER_MS * UINT64_C(1000000));
		disconnect(client);
		client->dropped++;
		return true;
	}
	return receive_answer(client, answer) && is_as_expected(client, kind, answer) &&
	       keep_latency(client, now() - begin);
}

static const struct request_kind *choose(struct client *client)
{
	unsigned left, kind;

	client->random = client->random * 1664525u + 1013904223u;
	left = (client->random >> 16) % 100;
	for (kind = 0; left >= kinds[kind].weight; kind++)
		left -= kinds[kind].weight;
	return &kinds[kind];
}

static void *run(void *argument)
{
	struct client *client = argument;
	const struct options *options = client->options;
	double interval = options->rate > 0 ? options->connections / options->rate * 1e9 : 0;
	uint64_t next = now() + (uint64_t)(interval * (client->random % 16) / 16);
	uint64_t end = now() + (uint64_t)(options->duration * 1e9);

	while (now() < end && !__atomic_load_n(&stopping, __ATOMIC_RELAXED)) {
		if (interval > 0) {
			sleep_until(next < end ? next : end);
			next += (uint64_t)interval;
		}
		if (now() >= end)
			break;
		if (!do_request(client, choose(client))) {
			client->failed++;
			disconnect(client);
			sleep_until(now() + FAILED_PAUSE_MS * UINT64_C(1000000));
		}
	}
	disconnect(client);
	return NULL;
}

static int compare(const void *a, const void *b)
{
	const uint32_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

/* All latencies of all clients, sorted; NULL if there are none, or no memory. */
static uint32_t *sorted_latencies(const struct client *clients, unsigned count, uint64_t answered)
{
	uint32_t *all = answered ? malloc(answered * sizeof(*all)) : NULL;
	size_t copied = 0;
	unsigned i;

	for (i = 0; all && i < count; i++) {
		if (clients[i].answered)
			memcpy(all + copied, clients[i].latencies,
			       clients[i].answered * sizeof(*all));
		copied += clients[i].answered;
	}
	if (all)
		qsort(all, copied, sizeof(*all), compare);
	return all;
}

static int print_result(const struct client *clients, unsigned count)
{
	uint64_t answered = 0, dropped = 0, failed = 0;
	uint32_t *latencies;
	unsigned i;

	for (i = 0; i < count; i++) {
		answered += clients[i].answered;
		dropped += clients[i].dropped;
		failed += clients[i].failed;
		if (clients[i].problem[0])
			fprintf(stderr, "http_load: connection %u: %s\n", i, clients[i].problem);
	}
	latencies = sorted_latencies(clients, count, answered);
	printf("requests %llu  dropped on purpose %llu  failures %llu",
	       (unsigned long long)answered, (unsigned long long)dropped,
	       (unsigned long long)failed);
	if (latencies) {
		uint32_t p50 = latencies[answered / 2], p99 = latencies[answered * 99 / 100];

		printf("  latency p50 %.1f ms  p99 %.1f ms", p50 / 1e3, p99 / 1e3);
	}
	printf("\n");
	free(latencies);
	return failed > 0 || answered == 0;
}

static void stop(int signal)
{
	(void)signal;
	__atomic_store_n(&stopping, true, __ATOMIC_RELAXED);
}

static const char usage[] =
	"usage: http_load [--port PORT] [--connections N] [--duration SECONDS] [--rate R]\n"
	"Requests of many kinds to the http_server on 127.0.0.1; checks every answer.\n"
	"  --port PORT         where the server listens (8080)\n"
	"  --connections N     at once, 1 to 256 (8)\n"
	"  --duration SECONDS  how long (5)\n"
	"  --rate R            requests per second altogether, 0 for no limit (0)\n"
	"  --help              this text\n"
	"Exit status: 0 all answers as expected, 1 not, 2 wrong usage.\n";

static bool parse_number(const char *text, double least, double most, double *number)
{
	char *end;

	*number = strtod(text, &end);
	return end != text && !*end && *number >= least && *number <= most;
}

/* 0; 1: help was asked for; -1: wrong usage. */
static int parse(int argc, char **argv, struct options *options)
{
	static const struct option known[] = { { "port", required_argument, NULL, 'p' },
					       { "connections", required_argument, NULL, 'c' },
					       { "duration", required_argument, NULL, 'd' },
					       { "rate", required_argument, NULL, 'r' },
					       { "help", no_argument, NULL, 'h' },
					       { NULL, 0, NULL, 0 } };
	double number = 0;
	bool valid = true;
	int option;

	while ((option = getopt_long(argc, argv, "p:c:d:r:h", known, NULL)) != -1 && valid) {
		if (option == 'h')
			return 1;
		if (option == 'p') {
			valid = parse_number(optarg, 1, UINT16_MAX, &number);
			options->port = (unsigned)number;
		} else if (option == 'c') {
			valid = parse_number(optarg, 1, MAX_CONNECTIONS, &number);
			options->connections = (unsigned)number;
		} else if (option == 'd') {
			valid = parse_number(optarg, 0.001, 86400, &options->duration);
		} else if (option == 'r') {
			valid = parse_number(optarg, 0, 1e9, &options->rate);
		} else {
			valid = false;
		}
	}
	return valid && optind == argc ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct options options = { .port = 8080, .connections = 8, .duration = 5 };
	static struct client clients[MAX_CONNECTIONS];
	unsigned started, i;
	int wanted = parse(argc, argv, &options), result;

	if (wanted != 0) {
		fputs(usage, wanted > 0 ? stdout : stderr);
		return wanted > 0 ? 0 : 2;
	}
	signal(SIGINT, stop);
	signal(SIGTERM, stop);
	for (started = 0; started < options.connections; started++) {
		struct client *client = &clients[started];

		client->options = &options;
		client->random = started * 2654435761u;
		client->socket = -1;
		if (pthread_create(&client->thread, NULL, run, client) != 0) {
			fprintf(stderr, "http_load: cannot create a thread\n");
			break;
		}
	}
	for (i = 0; i < started; i++)
		pthread_join(clients[i].thread, NULL);
	result = print_result(clients, started) || started < options.connections;
	for (i = 0; i < started; i++)
		free(clients[i].latencies);
	return result;
}
