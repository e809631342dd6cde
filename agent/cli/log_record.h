/* SPDX-License-Identifier: Apache-2.0 */
/* One line of a log: what it begins with, found without parsing all of it, and the whole as JSON. */
#ifndef SESHAT_CLI_LOG_RECORD_H
#define SESHAT_CLI_LOG_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/clock.h"

struct json_object;

/* Borrowed from the line. Times are all of CLOCK_TEXT_SIZE bytes and in UTC: memcmp(3) tells which is earlier. */
struct log_head {
	struct bytes event;
	struct bytes time;
	struct bytes sid;
};

/*
 * The members that every record of Seshat begins with. False when the line does not begin so: it is no record, or
 * another program has written it anew.
 */
bool log_head_read(const char *line, size_t size, struct log_head *ret);

/*
 * The line, with or without its end, as JSON, to be put. Returns 0; -EBADMSG when it is no JSON object with the strings event,
 * sid and time (in UTC, to the nanosecond); -ENOMEM.
 */
int log_record_parse(const char *line, size_t size, struct json_object **ret);

/* The head of a parsed record, borrowed from it. */
struct log_head log_record_head(struct json_object *record);

#endif
