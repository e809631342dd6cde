/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For static analysis: errno is positive wherever it is read, as it is after a call that failed. Otherwise
 * each `return -errno` would be followed into callers that take its 0 for success.
 */
#ifndef SESHAT_LINT_ERRNO_H
#define SESHAT_LINT_ERRNO_H

#include_next <errno.h>

static inline int *lint_errno(void)
{
	int *location = __errno_location();

	if (*location <= 0)
		__builtin_unreachable();
	return location;
}

#undef errno
#define errno (*lint_errno())

#endif
