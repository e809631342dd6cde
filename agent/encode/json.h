/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An append-only JSON writer for the record's way. It writes one object into a buffer, escapes
 * whatever could play with a terminal, and keeps the exact bytes of strings that are no UTF-8 in a
 * last member "raw". What else there is to say of paths comes before that (encode/places.h).
 *
 * The first error (no memory, or beyond the buffer's limit) sticks; json_end tells it. Keys are
 * constants of the program: they are not escaped. In arrays the key is NULL.
 */
#ifndef SESHAT_ENCODE_JSON_H
#define SESHAT_ENCODE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "encode/places.h"

enum {
	JSON_DEPTH = 4, /* objects and arrays in one another, the outermost included */
};

/* One open object or array: what it is called in its parent, and how many elements it has. */
struct json_frame {
	struct bytes key;  /* none in an array */
	uint64_t index;	   /* in the parent, when that is an array */
	uint64_t elements; /* counted for arrays */
};

struct json {
	struct buffer *out; /* borrowed: where the object goes */
	struct buffer raw;  /* owned: members of "raw" so far */
	struct places places;
	int error;
	size_t depth;
	struct json_frame frames[JSON_DEPTH];
};

/* A writer whose "raw" member has at most limit bytes. Nothing is allocated yet. */
void json_init(struct json *json, size_t limit);

/* Frees what the writer owns. */
void json_free(struct json *json);

/*
 * Begins an object at the end of out, which is borrowed until json_end. Forgets an unfinished one.
 */
void json_begin(struct json *json, struct buffer *out);

/* Ends the object: adds what there is to say of paths, and "raw" when there is any. Returns 0, -ENOMEM or -EMSGSIZE. */
int json_end(struct json *json);

/*
 * Members that were written before by another writer, as text that ends without a comma, and their
 * members of "raw" (or none).
 */
void json_members(struct json *json, struct bytes members, struct bytes raw);

/* The functions behind those below, with the key's length. */
void json_put_string(struct json *json, struct bytes key, struct bytes value);
void json_put_plain(struct json *json, struct bytes key, struct bytes value);
void json_put_uint(struct json *json, struct bytes key, uint64_t value);
void json_put_int(struct json *json, struct bytes key, int64_t value);
void json_put_octal(struct json *json, struct bytes key, uint32_t value);
void json_put_open(struct json *json, struct bytes key, char bracket);

/* Ends the innermost array or object. */
void json_array_end(struct json *json);
void json_object_end(struct json *json);

/* A string of any bytes. */
static inline void json_string(struct json *json, const char *key, struct bytes value)
{
	json_put_string(json, bytes_of(key), value);
}

/* A string that is known to be ASCII with nothing in it to escape. */
static inline void json_plain(struct json *json, const char *key, const char *value)
{
	json_put_plain(json, bytes_of(key), bytes_of(value));
}

static inline void json_uint(struct json *json, const char *key, uint64_t value)
{
	json_put_uint(json, bytes_of(key), value);
}

static inline void json_int(struct json *json, const char *key, int64_t value)
{
	json_put_int(json, bytes_of(key), value);
}

/* A file mode, as a string: octal, a leading 0 and at least three digits ("0644"). */
static inline void json_octal(struct json *json, const char *key, uint32_t value)
{
	json_put_octal(json, bytes_of(key), value);
}

/* true or false. */
void json_boolean(struct json *json, const char *key, bool value);

static inline void json_array_begin(struct json *json, const char *key)
{
	json_put_open(json, bytes_of(key), '[');
}

static inline void json_object_begin(struct json *json, const char *key)
{
	json_put_open(json, bytes_of(key), '{');
}

#endif
