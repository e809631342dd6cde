/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a path alone does not say: in whose mount tree it is, that its beginning is missing, or that it is no path at
 * all. Collected while the members are written, and told by members of their own at the record's end:
 *
 *	"mount_namespaces":{"/path":4026532291},"paths_truncated":["/cwd"],"paths_nameless":["/exe"]
 */
#ifndef SESHAT_ENCODE_PLACES_H
#define SESHAT_ENCODE_PLACES_H

#include <stddef.h>
#include <stdint.h>

#include "record/record.h"

struct json;

enum {
	PLACES_LIMIT = 8, /* more than any record has paths */
};

struct place {
	const char *key; /* borrowed: a constant of the program */
	uint32_t mount_ns;
	uint16_t flags; /* enum wire_part_flags */
};

struct places {
	size_t count;
	struct place of[PLACES_LIMIT];
};

/* Remembers that the record's member `key` is the path in part, or one relative to it. */
void json_place(struct json *json, const char *key, const struct record_part *part);

/* A member that is the path in part; left out where there is none, or not all of it could be read. */
void json_path(struct json *json, const char *key, const struct record_part *part);

/* Writes the members. json_end calls it. */
void places_write(struct json *json);

#endif
