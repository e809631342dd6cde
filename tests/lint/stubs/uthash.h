/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What static analysis sees instead of uthash: the same macros as calls of functions that it knows nothing
 * of. Of the real ones, whose lists and hash sums it cannot follow, it reports what cannot happen.
 */
#ifndef SESHAT_LINT_UTHASH_H
#define SESHAT_LINT_UTHASH_H

#include <stddef.h>

typedef struct {
	const void *tbl; /* NULL until the entry is in a table */
	void *next;	 /* in the order of adding, or of HASH_SRT */
} UT_hash_handle;

void *lint_find(const void *head, const void *key, size_t size);
void *lint_next(const void *head, const void *entry);
void *lint_change(const void *head, const void *entry);
unsigned lint_count(const void *head);

#define HASH_FIND(hh, head, key, size, ret)	    ((ret) = lint_find(head, key, size))
#define HASH_ADD(hh, head, field, size, entry)	    ((head) = lint_change(head, entry))
#define HASH_ADD_KEYPTR(hh, head, key, size, entry) ((head) = lint_change(head, entry))
#define HASH_DELETE(hh, head, entry)		    ((head) = lint_change(head, entry))
#define HASH_DEL(head, entry)			    ((head) = lint_change(head, entry))
#define HASH_CLEAR(hh, head)			    ((head) = lint_change(head, NULL))
#define HASH_SRT(hh, head, compare)		    ((void)(compare), (head) = lint_change(head, NULL))
#define HASH_COUNT(head)			    lint_count(head)
#define HASH_CNT(hh, head)			    lint_count(head)
#define HASH_ITER(hh, head, entry, next)                                         \
	for ((entry) = (head), (next) = lint_next(head, entry); (entry) != NULL; \
	     (entry) = (next), (next) = lint_next(head, next))

#endif
