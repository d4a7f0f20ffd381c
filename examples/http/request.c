/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "request.h"
#include <string.h>
#include <strings.h>

enum {
	BAD_REQUEST = 400,
	CONTENT_TOO_LARGE = 413,
	URI_TOO_LONG = 414,
	EXPECTATION_FAILED = 417,
	HEADERS_TOO_LARGE = 431,
	NOT_IMPLEMENTED = 501,
	VERSION_NOT_SUPPORTED = 505,
};

/* What the headers say that concerns the framing of the message. */
struct framing {
	size_t body_length;
	int minor_version;
	bool has_body_length;
	bool has_host;
	bool has_transfer_encoding;
	bool wants_close;
	bool wants_keep_alive;
};

bool http_text_is(struct http_text text, const char *other)
{
	return text.length == strlen(other) && memcmp(text.start, other, text.length) == 0;
}

static bool is_ignoring_case(struct http_text text, const char *other)
{
	return text.length == strlen(other) && strncasecmp(text.start, other, text.length) == 0;
}

/* RFC 9110, 5.6.2. */
static bool is_token(struct http_text text)
{
	size_t i;

	for (i = 0; i < text.length; i++) {
		unsigned char c = (unsigned char)text.start[i];

		if (c <= ' ' || c > '~' || strchr("\"(),/:;<=>?@[\\]{}", c))
			return false;
	}
	return text.length > 0;
}

static bool is_printable(struct http_text text, bool blanks_too)
{
	size_t i;

	for (i = 0; i < text.length; i++) {
		unsigned char c = (unsigned char)text.start[i];

		if (c == 0x7f || (c <= ' ' && !(blanks_too && (c == ' ' || c == '\t'))))
			return false;
	}
	return true;
}

/* Takes what stands before the first `separator`, and the separator; false if there is none. */
static bool take_until(struct http_text *rest, char separator, struct http_text *taken)
{
	const char *end = memchr(rest->start, separator, rest->length);

	if (!end)
		return false;
	taken->start = rest->start;
	taken->length = (size_t)(end - rest->start);
	rest->start = end + 1;
	rest->length -= taken->length + 1;
	return true;
}

static struct http_text trimmed(struct http_text text)
{
	while (text.length > 0 && (*text.start == ' ' || *text.start == '\t')) {
		text.start++;
		text.length--;
	}
	while (text.length > 0 && strchr(" \t", text.start[text.length - 1]))
		text.length--;
	return text;
}

/* The next line of the head without its CR LF; the head is known to end in an empty one. */
static bool take_line(struct http_text *head, struct http_text *line)
{
	if (!take_until(head, '\n', line) || line->length == 0 ||
	    line->start[line->length - 1] != '\r')
		return false;
	line->length--;
	return true;
}

static int parse_path(struct http_text target, struct http_request *request)
{
	static const char scheme[] = "http://";
	const char *end;

	if (target.length > HTTP_REQUEST_TARGET_SIZE)
		return -URI_TOO_LONG;
	if (!is_printable(target, false))
		return -BAD_REQUEST;
	if (target.length > sizeof(scheme) - 1 &&
	    strncasecmp(target.start, scheme, sizeof(scheme) - 1) == 0) {
		end = memchr(target.start + sizeof(scheme) - 1, '/',
			     target.length - (sizeof(scheme) - 1));
		if (!end)
			return -BAD_REQUEST;
		target.length -= (size_t)(end - target.start);
		target.start = end;
	}
	if (target.length == 0 || (*target.start != '/' && !http_text_is(target, "*")))
		return -BAD_REQUEST;
	end = memchr(target.start, '?', target.length);
	request->path.start = target.start;
	request->path.length = end ? (size_t)(end - target.start) : target.length;
	return 0;
}

static int parse_request_line(struct http_text line, struct http_request *request,
			      struct framing *framing)
{
	struct http_text target;

	if (!take_until(&line, ' ', &request->method) || !take_until(&line, ' ', &target) ||
	    !is_token(request->method))
		return -BAD_REQUEST;
	if (line.length != 8 || memcmp(line.start, "HTTP/", 5) != 0 || line.start[6] != '.' ||
	    line.start[5] < '0' || line.start[5] > '9' || line.start[7] < '0' ||
	    line.start[7] > '9')
		return -BAD_REQUEST;
	if (line.start[5] != '1')
		return -VERSION_NOT_SUPPORTED;
	framing->minor_version = line.start[7] - '0';
	return parse_path(target, request);
}

static int parse_body_length(struct http_text value, struct framing *framing)
{
	size_t i;

	if (framing->has_body_length || value.length == 0)
		return -BAD_REQUEST;
	for (i = 0; i < value.length; i++) {
		if (value.start[i] < '0' || value.start[i] > '9')
			return -BAD_REQUEST;
		if (framing->body_length <= HTTP_REQUEST_BODY_SIZE)
			framing->body_length =
				framing->body_length * 10 + (size_t)(value.start[i] - '0');
	}
	framing->has_body_length = true;
	return 0;
}

static void parse_connection(struct http_text value, struct framing *framing)
{
	struct http_text option;
	bool more = true;

	while (more) {
		more = take_until(&value, ',', &option);
		option = trimmed(more ? option : value);
		if (is_ignoring_case(option, "close"))
			framing->wants_close = true;
		if (is_ignoring_case(option, "keep-alive"))
			framing->wants_keep_alive = true;
	}
}

static int parse_header(struct http_text line, struct http_request *request,
			struct framing *framing)
{
	struct http_text name;

	if (!take_until(&line, ':', &name) || !is_token(name) || !is_printable(line, true))
		return -BAD_REQUEST;
	line = trimmed(line);
	if (is_ignoring_case(name, "content-length"))
		return parse_body_length(line, framing);
	if (is_ignoring_case(name, "transfer-encoding"))
		framing->has_transfer_encoding = true;
	if (is_ignoring_case(name, "connection"))
		parse_connection(line, framing);
	if (is_ignoring_case(name, "host")) {
		if (framing->has_host)
			return -BAD_REQUEST;
		framing->has_host = true;
	}
	if (is_ignoring_case(name, "expect")) {
		if (!is_ignoring_case(line, "100-continue"))
			return -EXPECTATION_FAILED;
		request->expects_continue = true;
	}
	return 0;
}

static int parse_head(struct http_text head, struct http_request *request, struct framing *framing)
{
	struct http_text line;
	int result, headers = 0;

	if (!take_line(&head, &line))
		return -BAD_REQUEST;
	result = parse_request_line(line, request, framing);
	while (result == 0) {
		if (!take_line(&head, &line))
			return -BAD_REQUEST;
		if (line.length == 0)
			break;
		if (++headers > HTTP_REQUEST_MAX_HEADERS)
			return -HEADERS_TOO_LARGE;
		result = parse_header(line, request, framing);
	}
	if (result < 0)
		return result;
	if (framing->has_transfer_encoding)
		return framing->has_body_length ? -BAD_REQUEST : -NOT_IMPLEMENTED;
	if (framing->minor_version > 0 && !framing->has_host)
		return -BAD_REQUEST;
	return framing->body_length > HTTP_REQUEST_BODY_SIZE ? -CONTENT_TOO_LARGE : 0;
}

int http_request_parse(const char *bytes, size_t length, struct http_request *request)
{
	struct framing framing = { 0 };
	size_t blank = length >= 2 && memcmp(bytes, "\r\n", 2) == 0 ? 2 : 0;
	struct http_text head = { bytes + blank, 0 };
	const char *end = memmem(head.start, length - blank, "\r\n\r\n", 4);
	int result;

	memset(request, 0, sizeof(*request));
	if (!end) {
		if (length - blank < HTTP_REQUEST_HEAD_SIZE)
			return 0;
		/* Which limit it was: of the first line or of the whole head. */
		return memchr(head.start, '\n', length - blank) ? -HEADERS_TOO_LARGE :
								  -URI_TOO_LONG;
	}
	head.length = (size_t)(end - head.start) + 4;
	if (head.length > HTTP_REQUEST_HEAD_SIZE)
		return -HEADERS_TOO_LARGE;
	result = parse_head(head, request, &framing);
	if (result < 0)
		return result;
	request->head_length = blank + head.length;
	request->keep_alive = !framing.wants_close &&
			      (framing.minor_version > 0 || framing.wants_keep_alive);
	request->body.start = bytes + request->head_length;
	request->body.length = framing.body_length;
	if (length - request->head_length < framing.body_length)
		return 0;
	return (int)(request->head_length + framing.body_length);
}
