/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * asyncspan/operations.h: for the adapters, not for applications. Operations under way in a library
 * that gives no place to keep a span in: found again by what the library hands to the callback.
 *
 *	operation = asyncspan__operation_new(owner, key);	NULL: no memory; it belongs to the caller
 *	asyncspan__operation_add(operation);			now the table's
 *	operation = asyncspan__operation_take(owner, key);	the oldest of the key; the caller's again
 *
 * Only operations begun while somebody traced are here, and any thread may ask. owner and key are
 * addresses or numbers, compared and never followed.
 */
#ifndef ASYNCSPAN_OPERATIONS_H
#define ASYNCSPAN_OPERATIONS_H

#include <asyncspan.h>

#ifndef ASYNCSPAN_DISABLE

#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Any function; cast back to its own type before it is called. */
typedef void (*asyncspan__function)(void);

struct asyncspan__operation {
	struct asyncspan__operation *next;
	uintptr_t owner;
	uint64_t key;
	asyncspan_t span;
	asyncspan__function callback;
	asyncspan__function second; /* of operations with two callbacks */
	unsigned long calls;	    /* of a callback that comes again and again */
	int32_t status;		    /* known so far */
	unsigned char detail;	    /* the adapter's own */
	unsigned char running;	    /* the callback is being called */
	unsigned char again;	    /* started again by its own callback */
	unsigned char closed;	    /* taken while running: whoever runs it frees it */
};

#define ASYNCSPAN__OPERATION_LISTS 512

struct asyncspan__operation_list {
	struct asyncspan__operation *first;
	unsigned char locked;
};

ASYNCSPAN__ONE_PER_OBJECT struct asyncspan__operation_list
	asyncspan__operation_lists[ASYNCSPAN__OPERATION_LISTS] = { { NULL, 0 } };

/* Of all lists: while nobody traces, one load says that there is nothing to find. */
ASYNCSPAN__ONE_PER_OBJECT unsigned long asyncspan__operation_count = 0;

/* A lock held for a few loads and stores, so that waiting for it is not worth sleeping. */
static inline struct asyncspan__operation_list *asyncspan__operation_lock(uintptr_t owner,
									  uint64_t key)
{
	uint64_t mixed = (owner ^ key) * UINT64_C(0x9e3779b97f4a7c15);
	struct asyncspan__operation_list *list =
		&asyncspan__operation_lists[(mixed >> 32) % ASYNCSPAN__OPERATION_LISTS];

	while (__atomic_test_and_set(&list->locked, __ATOMIC_ACQUIRE))
		;
	return list;
}

static inline void asyncspan__operation_unlock(struct asyncspan__operation_list *list)
{
	__atomic_clear(&list->locked, __ATOMIC_RELEASE);
}

ASYNCSPAN__COLD static struct asyncspan__operation *asyncspan__operation_new(uintptr_t owner,
									     uint64_t key)
{
	struct asyncspan__operation *operation =
		(struct asyncspan__operation *)calloc(1, sizeof(*operation));

	if (operation) {
		operation->owner = owner;
		operation->key = key;
	}
	return operation;
}

ASYNCSPAN__COLD static void asyncspan__operation_add(struct asyncspan__operation *operation)
{
	struct asyncspan__operation_list *list =
		asyncspan__operation_lock(operation->owner, operation->key);
	struct asyncspan__operation **end = &list->first;

	while (*end)
		end = &(*end)->next;
	operation->next = NULL;
	*end = operation;
	__atomic_add_fetch(&asyncspan__operation_count, 1, __ATOMIC_RELAXED);
	asyncspan__operation_unlock(list);
}

ASYNCSPAN__COLD static struct asyncspan__operation *asyncspan__operation_get(uintptr_t owner,
									     uint64_t key, int take)
{
	struct asyncspan__operation_list *list = asyncspan__operation_lock(owner, key);
	struct asyncspan__operation **link = &list->first, *found;

	while (*link && ((*link)->owner != owner || (*link)->key != key))
		link = &(*link)->next;
	found = *link;
	if (found && take) {
		*link = found->next;
		__atomic_sub_fetch(&asyncspan__operation_count, 1, __ATOMIC_RELAXED);
	}
	asyncspan__operation_unlock(list);
	return found;
}

static inline struct asyncspan__operation *asyncspan__operation_find(uintptr_t owner, uint64_t key)
{
	if (__builtin_expect(!__atomic_load_n(&asyncspan__operation_count, __ATOMIC_RELAXED), 1))
		return NULL;
	return asyncspan__operation_get(owner, key, 0);
}

static inline struct asyncspan__operation *asyncspan__operation_take(uintptr_t owner, uint64_t key)
{
	if (__builtin_expect(!__atomic_load_n(&asyncspan__operation_count, __ATOMIC_RELAXED), 1))
		return NULL;
	return asyncspan__operation_get(owner, key, 1);
}

/* Ends what an operation, already taken, was a span of, and forgets it. */
ASYNCSPAN__COLD static void asyncspan__operation_end(struct asyncspan__operation *operation,
						     int32_t status)
{
	ASYNCSPAN_END_STATUS(&operation->span, status);
	if (operation->running)
		operation->closed = 1;
	else
		free(operation);
}

/* All of one owner, which is going away. */
ASYNCSPAN__COLD static void asyncspan__operation_end_all(uintptr_t owner, int32_t status)
{
	unsigned i;

	for (i = 0; i < ASYNCSPAN__OPERATION_LISTS; i++) {
		struct asyncspan__operation_list *list = &asyncspan__operation_lists[i];
		struct asyncspan__operation **link = &list->first, *found;

		while (__atomic_test_and_set(&list->locked, __ATOMIC_ACQUIRE))
			;
		while (*link) {
			found = *link;
			if (found->owner != owner) {
				link = &found->next;
				continue;
			}
			*link = found->next;
			__atomic_sub_fetch(&asyncspan__operation_count, 1, __ATOMIC_RELAXED);
			asyncspan__operation_end(found, status);
		}
		asyncspan__operation_unlock(list);
	}
}

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* !ASYNCSPAN_DISABLE */

#endif /* ASYNCSPAN_OPERATIONS_H */
