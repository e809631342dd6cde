/* SPDX-License-Identifier: Apache-2.0 */
/* Points in time as a person writes them. */
#ifndef SESHAT_CLI_SINCE_H
#define SESHAT_CLI_SINCE_H

#include <stdint.h>

#include "base/clock.h"

/*
 * One of: a duration before now ("10m", "2h", "3d"); RFC 3339 in UTC ("2026-11-21T15:30:00Z", with or without parts
 * of a second); local time, of today when it has no date ("2026-11-21 15:30:05", "2026-11-21 15:30", "2026-11-21", "15:30:05", "15:30");
 * "today"; "yesterday". now is nanoseconds since 1970; tzset(3) is the caller's. *ret is the time as records have it.
 * Returns 0 or -EINVAL.
 */
int since_parse(const char *text, int64_t now, char ret[CLOCK_TEXT_SIZE + 1]);

#endif
