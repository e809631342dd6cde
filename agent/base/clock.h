/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time: the kernel's records carry CLOCK_BOOTTIME, the audit records UTC.
 */
#ifndef SESHAT_BASE_CLOCK_H
#define SESHAT_BASE_CLOCK_H

#include <stdint.h>

enum {
	CLOCK_TEXT_SIZE = 30, /* "2026-11-21T15:30:00.123456789Z", without a final NUL */
};

/*
 * Remembers the text of the last second, as most records fall into the same one. Zeroed to begin
 * with.
 */
struct clock_text {
	int64_t second;		    /* since 1970 */
	char text[CLOCK_TEXT_SIZE]; /* text[0] is 0 while there is none */
};

/* CLOCK_BOOTTIME, nanoseconds. */
uint64_t clock_boottime_ns(void);

/* CLOCK_MONOTONIC, nanoseconds. */
uint64_t clock_monotonic_ns(void);

/* CLOCK_REALTIME minus CLOCK_BOOTTIME, nanoseconds; exact to about a microsecond. */
int64_t clock_offset_ns(void);

/*
 * Writes the CLOCK_TEXT_SIZE bytes of RFC 3339, UTC, for nanoseconds since 1970, at ret; no final
 * NUL. Times before 1970 or after 9999 are shown as the nearest that can be.
 */
void clock_format(struct clock_text *cache, int64_t realtime_ns, char *ret);

#endif
