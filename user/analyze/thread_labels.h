/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tasks of a trace are called: "4711 worker", the kernel's number and the name.
 *
 *	error = thread_labels_open(&labels, directory, strings);
 *	label = thread_labels_get(labels, &span);	a text
 *	thread_labels_close(labels);
 *
 * The name is that of the table streams; without one, or without the table, it is left out. Texts are
 * added to the set of strings, those of the spans' reader. Spans must have been read with
 * SPAN_READ_THREAD.
 */
#ifndef ANALYZE_THREAD_LABELS_H
#define ANALYZE_THREAD_LABELS_H

#include "analyze/span.h"
#include "base/intern.h"

struct thread_labels;

/* Returns 0 or a negative errno with a message; to be closed after an error, too. */
int thread_labels_open(struct thread_labels **out, const char *directory, struct intern *strings);
void thread_labels_close(struct thread_labels *labels); /* NULL is fine */
const char *thread_labels_message(const struct thread_labels *labels);

/* Of the task on which a span began; INTERN_FAILED without memory. */
uint32_t thread_labels_get(struct thread_labels *labels, const struct span *span);

#endif
