/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * request.h: HTTP/1.1 requests out of a connection's bytes.
 *
 *	struct http_request request;
 *	int taken = http_request_parse(bytes, length, &request);
 *	0: more bytes are needed; > 0: complete, so many bytes; < 0: answer this status and close
 *
 * Strict where leniency has let requests be smuggled: no bare LF, no folded headers, no blanks
 * before a colon, one Content-Length, no Transfer-Encoding. Pointers lead into the bytes given.
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

enum {
	HTTP_REQUEST_HEAD_SIZE = 8192,
	HTTP_REQUEST_BODY_SIZE = 8192,
	HTTP_REQUEST_TARGET_SIZE = 2048,
	HTTP_REQUEST_MAX_HEADERS = 64,
};

/* A part of the bytes; not ended by NUL. */
struct http_text {
	const char *start;
	size_t length;
};

struct http_request {
	struct http_text method;
	struct http_text path; /* without the query */
	struct http_text body;
	size_t head_length;
	bool keep_alive;
	bool expects_continue; /* set as soon as the head is complete */
};

int http_request_parse(const char *bytes, size_t length, struct http_request *request);

bool http_text_is(struct http_text text, const char *other);

#endif /* HTTP_REQUEST_H */
