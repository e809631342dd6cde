/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ownership: a resource carries its destructor, and leaves its scope by TAKE_PTR or TAKE_FD.
 */
#ifndef SESHAT_BASE_CLEANUP_H
#define SESHAT_BASE_CLEANUP_H

#include <stdlib.h>

#include "base/fd.h"

/* Calls function(&variable) when the variable goes out of scope. */
#define _cleanup_(function) __attribute__((cleanup(function)))

/* A malloc'ed pointer, and a file descriptor (negative: none). */
#define _cleanup_free_	_cleanup_(cleanup_free)
#define _cleanup_close_ _cleanup_(cleanup_close)

/* The value of the variable, which is empty afterwards: hands ownership on. */
#define TAKE_PTR(variable)                                       \
	__extension__({                                          \
		__typeof__(variable) *taken_from_ = &(variable); \
		__typeof__(variable) taken_ = *taken_from_;      \
		*taken_from_ = NULL;                             \
		taken_;                                          \
	})
#define TAKE_FD(variable)                       \
	__extension__({                         \
		int *taken_from_ = &(variable); \
		int taken_ = *taken_from_;      \
		*taken_from_ = -1;              \
		taken_;                         \
	})

static inline void cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

static inline void cleanup_close(int *fd)
{
	*fd = fd_close(*fd);
}

#endif
