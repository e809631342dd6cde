/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages that strangers can cause: so many in a while are logged, the others counted.
 */
#ifndef SESHAT_DAEMON_COMPLAINTS_H
#define SESHAT_DAEMON_COMPLAINTS_H

#include <stdint.h>

enum {
	COMPLAINTS_MAX = 10, /* lines of the log in ... */
	COMPLAINTS_MS = 10000,
};

/* Zeroed to begin with. Times are CLOCK_MONOTONIC, microseconds. */
struct complaints {
	const char *about;  /* what the messages begin with; borrowed */
	uint64_t since;	    /* the current period's begin */
	unsigned int count; /* in it, those left out included */
};

/* Logs a warning, or counts it. */
void complaints_say(struct complaints *complaints, uint64_t now, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* When the period is over: says how many were left out, and begins the next. Else nothing. */
void complaints_turn(struct complaints *complaints, uint64_t now);

/* When complaints_turn() has something to say; UINT64_MAX: it has not. */
uint64_t complaints_due(const struct complaints *complaints);

#endif
