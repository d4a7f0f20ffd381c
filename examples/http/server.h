/* SPDX-License-Identifier: BSD-2-Clause */
/* server.h: what the parts of the example server share. One loop, on one thread, owns all of it. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "timers.h"
#include "worker_pool.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct connection;

/* Something that the loop waits for: the first member of it, given to epoll by its address. */
struct event_source {
	void (*ready)(struct event_source *source, uint32_t events);
};

struct server {
	int poll; /* the epoll instance */
	struct timers timers;
	struct worker_pool pool;
	struct connection *connections; /* open ones */
	struct connection *closed;	/* to be freed when no event can mean them any more */
	size_t connection_count;
	bool stopping; /* answer what is under way, take nothing new */
};

#endif /* HTTP_SERVER_H */
