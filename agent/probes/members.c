/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/members.h"

#include <string.h>
#include <time.h>

#include "probes/registry.h"

enum {
	DEV_MINOR_BITS = 20,
	DEV_TEXT_SIZE = 24, /* two 32-bit numbers, a colon and a NUL */
	PATH_JOINED_SIZE = 2 * WIRE_PATH_SIZE + 1,
};

/* The request made absolute; at is where it is put together if it must be. */
static struct bytes path_join(struct bytes base, struct bytes request, char *at)
{
	size_t size = base.size;

	if (base.size == 0)
		return request;
	if (request.size == 0)
		return base;
	/* The top of a tree ends in "/", and is nothing but that where the tree is not a detached one. */
	if (base.data[size - 1] == '/')
		size--;
	memcpy(at, base.data, size);
	if (request.data[0] != '/')
		at[size++] = '/';
	memcpy(at + size, request.data, request.size);
	return (struct bytes){ .data = at, .size = size + request.size };
}

bool members_path_as(struct json *json, const struct path_keys *keys, struct bytes kernel,
		     const struct record_part *request, struct bytes base)
{
	char joined[PATH_JOINED_SIZE];
	bool readable = request->data && !(request->flags & WIRE_PART_UNREADABLE);
	struct bytes asked = { .data = request->data, .size = request->size };
	struct bytes path = kernel;

	if (kernel.size == 0 && readable)
		path = path_join(base, asked, joined);
	if (path.size > 0)
		json_string(json, keys->path, path);
	if (path.size > 0 && keys->requested && readable && !bytes_equal(path, asked))
		json_string(json, keys->requested, asked);
	if (keys->source && path.size == 0)
		json_plain(json, keys->source, "unreadable");
	else if (keys->source)
		json_plain(json, keys->source, kernel.size > 0 ? "kernel" : "request");
	return path.size > 0;
}

bool members_path(struct json *json, struct bytes kernel, const struct record_part *request,
		  struct bytes base)
{
	static const struct path_keys keys = { "path", "requested_path", "path_source" };

	return members_path_as(json, &keys, kernel, request, base);
}

void members_place(struct json *json, const char *key, const struct record_part *kernel,
		   const struct record_part *base)
{
	if (kernel && kernel->size > 0)
		json_place(json, key, kernel);
	else if (base && base->data)
		json_place(json, key, base);
}

/* Writes the digits of number before end. Returns where they begin. */
static char *number_before(char *end, uint32_t number)
{
	do {
		*--end = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	return end;
}

void members_file(struct json *json, uint64_t inode, uint32_t dev)
{
	char text[DEV_TEXT_SIZE], *at = text + sizeof(text) - 1;

	*at = '\0';
	at = number_before(at, dev & ((1U << DEV_MINOR_BITS) - 1));
	*--at = ':';
	at = number_before(at, dev >> DEV_MINOR_BITS);
	json_uint(json, "inode", inode);
	json_plain(json, "dev", at);
}

void members_via(struct json *json, unsigned int via)
{
	static const char *const names[WIRE_VIAS] = {
		[WIRE_VIA_HANDLE] = "handle",		[WIRE_VIA_IO_URING] = "io_uring",
		[WIRE_VIA_OPEN_TREE] = "open_tree",	[WIRE_VIA_MQ_OPEN] = "mq_open",
		[WIRE_VIA_PIDFD_GETFD] = "pidfd_getfd", [WIRE_VIA_SCM_RIGHTS] = "scm_rights",
	};

	if (via < WIRE_VIAS && names[via])
		json_plain(json, "via", names[via]);
}

/*
 * How many there are of the event of this kind, in it and in the kinds after it; 0 if one before
 * has it.
 */
static uint64_t count_event(const uint64_t *by_kind, size_t kinds, unsigned int kind)
{
	const char *event = registry_probe(kind)->event;
	uint64_t sum = 0;

	if (!event)
		return 0;
	for (unsigned int other = WIRE_NONE + 1; other < kinds; other++) {
		const char *name = registry_probe(other)->event;

		if (!name || strcmp(name, event) != 0)
			continue;
		if (other < kind)
			return 0;
		sum += by_kind[other];
	}
	return sum;
}

void members_counts(struct json *json, const char *key, const uint64_t *by_kind, size_t kinds,
		    uint64_t unknown)
{
	json_object_begin(json, key);
	for (unsigned int kind = WIRE_NONE + 1; kind < kinds; kind++) {
		uint64_t count = count_event(by_kind, kinds, kind);

		if (count > 0)
			json_uint(json, registry_probe(kind)->event, count);
	}
	if (unknown > 0)
		json_uint(json, "unknown", unknown);
	json_object_end(json);
}

void members_text(struct json *json, const char *key, const char *text)
{
	if (text && text[0])
		json_put_string(json, bytes_of(key), bytes_of(text));
}

void members_seconds(struct json *json, const char *key, uint64_t seconds)
{
	static const uint64_t latest = UINT64_C(253402300799); /* the last second of 9999 */
	time_t time = (time_t)(seconds < latest ? seconds : latest);
	char text[] = "9999-12-31T23:59:59Z";
	struct tm parts;

	if (gmtime_r(&time, &parts))
		(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
	json_put_plain(json, bytes_of(key), bytes_of(text));
}

void members_names(struct json *json, const char *key, const char *const *names, size_t count)
{
	json_array_begin(json, key);
	for (size_t i = 0; i < count; i++)
		json_string(json, NULL, bytes_of(names[i]));
	json_array_end(json);
}

static void members_missing(struct json *json, const struct probes_report *probes)
{
	json_array_begin(json, "probes_missing");
	for (size_t i = 0; i < probes->missing_count; i++) {
		json_object_begin(json, NULL);
		json_string(json, "probe", bytes_of(probes->missing[i].probe));
		json_string(json, "reason", bytes_of(probes->missing[i].reason));
		json_object_end(json);
	}
	json_array_end(json);
}

void members_probes(struct json *json, const struct probes_report *probes)
{
	members_names(json, "probes", probes->attached, probes->attached_count);
	if (probes->missing_count > 0)
		members_missing(json, probes);
	if (probes->off_count > 0)
		members_names(json, "events_off", probes->off, probes->off_count);
}
