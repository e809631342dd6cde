/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members that several probes have.
 */
#ifndef SESHAT_PROBES_MEMBERS_H
#define SESHAT_PROBES_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "encode/json.h"
#include "record/record.h"
#include "session/events.h"

/*
 * path, requested_path, path_source. kernel: the kernel's path, or none. request: what the program
 * asked for. base: what the request is relative to, or the task's root for an absolute one; or
 * none. A claim that cannot be read is named as such. Returns whether there is a path.
 */
bool members_path(struct json *json, struct bytes kernel, const struct record_part *request,
		  struct bytes base);

/* The names of those three; NULL where the record has no such member. */
struct path_keys {
	const char *path;
	const char *requested;
	const char *source;
};

/* As members_path, by other names. */
bool members_path_as(struct json *json, const struct path_keys *keys, struct bytes kernel,
		     const struct record_part *request, struct bytes base);

/*
 * Where `key` is that members_path() or its like has written: as the kernel's path where there is one, else as what
 * the request is relative to. Either may be none.
 */
void members_place(struct json *json, const char *key, const struct record_part *kernel,
		   const struct record_part *base);

/* inode and dev ("major:minor") of a file; dev as the kernel has it: major << 20 | minor. */
void members_file(struct json *json, uint64_t inode, uint32_t dev);

/* via: absent for plain system calls. */
void members_via(struct json *json, unsigned int via);

/*
 * An object of events and how many there are of each, by their kinds; events without any are left
 * out. unknown: how many more there are of which the kind is not known.
 */
void members_counts(struct json *json, const char *key, const uint64_t *by_kind, size_t kinds,
		    uint64_t unknown);

/* A string; left out when it is NULL or "". */
void members_text(struct json *json, const char *key, const char *text);

/* A point in time, as RFC 3339 without a fraction; seconds since 1970. Later than 9999: its last second. */
void members_seconds(struct json *json, const char *key, uint64_t seconds);

/* An array of strings. */
void members_names(struct json *json, const char *key, const char *const *names, size_t count);

/* src_addr to dst_port; nothing where there is no connection. */
void members_connection(struct json *json, const struct login_connection *connection);

/* auth_method, and what is known of the key; nothing for NULL. */
void members_auth(struct json *json, const struct login_auth *auth);

/* probes and, if there are such, probes_missing and events_off. */
void members_probes(struct json *json, const struct probes_report *probes);

#endif
