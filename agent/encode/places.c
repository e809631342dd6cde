/* SPDX-License-Identifier: Apache-2.0 */
#include "encode/places.h"

#include <errno.h>
#include <stdio.h>

#include "encode/json.h"

enum {
	POINTER_SIZE = 32, /* "/", a key and a NUL */
	PLACE_FLAGS = WIRE_PATH_CUT | WIRE_PATH_PSEUDO,
};

void json_place(struct json *json, const char *key, const struct record_part *part)
{
	struct places *places = &json->places;

	if (part->mount_ns == 0 && !(part->flags & PLACE_FLAGS))
		return;
	if (places->count == PLACES_LIMIT) {
		json->error = -EMSGSIZE;
		return;
	}
	places->of[places->count++] =
		(struct place){ .key = key, .mount_ns = part->mount_ns, .flags = part->flags };
}

void json_path(struct json *json, const char *key, const struct record_part *part)
{
	if (part->size == 0 || (part->flags & WIRE_PART_UNREADABLE))
		return;
	json_string(json, key, (struct bytes){ .data = part->data, .size = part->size });
	json_place(json, key, part);
}

/* The JSON Pointer (RFC 6901) of a member of the record; there is nothing to escape in a key. */
static struct bytes place_pointer(const struct place *place, char buf[POINTER_SIZE])
{
	int size = snprintf(buf, POINTER_SIZE, "/%s", place->key);

	return (struct bytes){ .data = buf, .size = size < POINTER_SIZE ? (size_t)size : 0 };
}

static void write_namespaces(struct json *json)
{
	const struct places *places = &json->places;
	char pointer[POINTER_SIZE];
	bool begun = false;

	for (size_t i = 0; i < places->count; i++) {
		if (places->of[i].mount_ns == 0)
			continue;
		if (!begun)
			json_object_begin(json, "mount_namespaces");
		begun = true;
		json_put_uint(json, place_pointer(&places->of[i], pointer), places->of[i].mount_ns);
	}
	if (begun)
		json_object_end(json);
}

/* An array of the pointers of those with that flag. */
static void write_flagged(struct json *json, const char *key, uint16_t flag)
{
	const struct places *places = &json->places;
	char pointer[POINTER_SIZE];
	bool begun = false;

	for (size_t i = 0; i < places->count; i++) {
		if (!(places->of[i].flags & flag))
			continue;
		if (!begun)
			json_array_begin(json, key);
		begun = true;
		json_put_plain(json, (struct bytes){ 0 }, place_pointer(&places->of[i], pointer));
	}
	if (begun)
		json_array_end(json);
}

void places_write(struct json *json)
{
	if (json->places.count == 0)
		return;
	write_namespaces(json);
	write_flagged(json, "paths_truncated", WIRE_PATH_CUT);
	write_flagged(json, "paths_nameless", WIRE_PATH_PSEUDO);
}
