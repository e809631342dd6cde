/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is particular to each event in its readable line: a verb, its colour, and the essentials.
 */
#ifndef SESHAT_CLI_PRETTY_EVENTS_H
#define SESHAT_CLI_PRETTY_EVENTS_H

#include <json-c/json_types.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/pretty_text.h"

struct pretty_event {
	const char *event;
	const char *verb; /* NULL: the record's own "operation" */
	enum text_color color;
	void (*describe)(struct text *text, struct json_object *record); /* what follows the verb */
};

/* The entry of an event; one that shows the verb "?" for an event that is not known. Never NULL. */
const struct pretty_event *pretty_event_find(struct bytes event);

/* The names of the events, one after another from 0; NULL behind the last. */
const char *pretty_event_name(size_t index);

/* A member's string, borrowed from the record; no data when there is none or it is no string. */
struct bytes pretty_string(struct json_object *record, const char *key);

/* A member's integer into *ret; false, and *ret as it was, when there is none or it is no integer. */
bool pretty_integer(struct json_object *record, const char *key, int64_t *ret);

/* An array, borrowed from the record; NULL when there is none. */
struct json_object *pretty_array(struct json_object *record, const char *key);

/* Appends a member that is a path or another word; "(unreadable)" when it is not there. */
void pretty_path(struct text *text, struct json_object *record, const char *key);

/* Appends where `path` is, if it is not in the host's tree of files. */
void pretty_place(struct text *text, struct json_object *record);

/* Appends the strings of an array, NULL for none, with something between them. */
void pretty_names(struct text *text, struct json_object *values, const char *between);

/* Appends " (via io_uring)" when the call came another way. */
void pretty_via(struct text *text, struct json_object *record);

/* Appends " -> ENOENT" when the call failed. */
void pretty_failure(struct text *text, struct json_object *record);

#endif
